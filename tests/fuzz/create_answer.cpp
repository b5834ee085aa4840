// The responses of the three operations. The owning and the view form parse them with the same result, and a reader
// based on nlohmann-json agrees.

#include "fuzz.hpp"
#include "other_json.hpp"

#include <optional>
#include <vector>

#include <sidecall/message.hpp>
#include <sidecall/subscription.hpp>

using fuzz::inside;
using fuzz::other_member;
using fuzz::require;
using sidecall::errc;

namespace {

/// The last string member of this name in the object. In an error body, the last one counts.
std::optional<std::string> last_string(fuzz::other_json const& object, std::string_view name)
{
    std::optional<std::string> found;
    for (auto const& member : object.members)
        if (member.name == name && member.kind == other_member::string) found = member.string_value;
    return found;
}

std::optional<int> last_code(fuzz::other_json const& object)
{
    std::optional<int> code;
    for (auto const& member : object.members) {
        if (member.name != "code") continue;
        bool const fits = member.kind == other_member::whole_number && member.number <= 2147483647;
        code = fits ? std::optional(static_cast<int>(member.number)) : std::nullopt;
    }
    return code;
}

void check_failure(sidecall::failure const& reason, sidecall::http_response_view const& answer)
{
    require(reason.http_status() == answer.status, "the failure has the received status");
    require(!reason.offset() || *reason.offset() <= answer.body.size(), "the offset is within the body");
    for (char c : reason.to_string())
        require(static_cast<unsigned char>(c) >= ' ' && c != 0x7F, "the failure prints as one line");
}

void check_refusal(sidecall::failure const& reason, sidecall::http_response_view const& answer,
                   fuzz::other_json const& object)
{
    auto const message = last_string(object, "message");
    auto const title = last_string(object, "title");
    auto const detail = last_string(object, "detail");
    auto const code = last_code(object);
    bool const understood = answer.status >= 400 && answer.status <= 599 && object.is_json && object.is_object &&
                            (code || message || title || detail);
    require(reason.code() == (understood ? errc::api_error : errc::unexpected_status),
            "the code tells whether the error body is understood");
    if (!understood) {
        require(!reason.twilio_code() && reason.more_info().empty(), "a body that is not understood gives no details");
        return;
    }
    require(reason.twilio_code() == code, "the code is the one in the body");
    if (message)
        require(reason.message() == *message, "the message is the one in the body");
    else if (title && detail)
        require(reason.message() == *title + ": " + *detail, "the message consists of title and detail");
    else if (title || detail)
        require(reason.message() == (title ? *title : *detail), "the message is the title or the detail");
    auto const more = last_string(object, "more_info");
    auto const type = last_string(object, "type");
    require(reason.more_info() == (more                             ? *more
                                   : type && *type != "about:blank" ? *type
                                                                    : ""),
            "more_info is the page in the body");
}

/// A member that may occur once, as a string or null.
struct nullable {
    bool is_twice = false;
    bool is_wrong = false; // unreadable
    std::optional<std::string> text{};

    nullable(fuzz::other_json const& object, std::string_view name)
    {
        int count = 0;
        for (auto const& member : object.members) {
            if (member.name != name) continue;
            is_twice |= ++count > 1;
            is_wrong |= member.kind != other_member::string && member.kind != other_member::null;
            if (member.kind == other_member::string) text = member.string_value;
        }
    }
};

template <class T>
struct expected {
    bool is_wrong;
    std::optional<T> value{};

    template <class Parse>
    expected(nullable const& member, Parse parse) : is_wrong(member.is_wrong)
    {
        if (is_wrong || !member.text) return;
        auto const read = parse(*member.text);
        is_wrong = !read;
        if (read) value = *read;
    }
};

std::string_view uri_of(sidecall::user_defined_message const&)
{
    return {};
}
template <class Text>
std::string_view uri_of(sidecall::basic_user_defined_message_subscription<Text> const& made)
{
    return made.uri ? std::string_view(*made.uri) : std::string_view();
}

template <class Made>
void check_made(sidecall::result<Made> const& made, fuzz::other_json const& object)
{
    using sid_type = decltype(Made::sid);
    auto const date = [](std::string const& text) { return sidecall::detail::parse_rfc2822(text); };
    nullable const sid_given(object, "sid");
    nullable const account_given(object, "account_sid");
    nullable const call_given(object, "call_sid");
    expected<sid_type> const sid(sid_given, &sid_type::parse);
    expected<sidecall::account_sid> const account(account_given, &sidecall::account_sid::parse);
    expected<sidecall::call_sid> const call(call_given, &sidecall::call_sid::parse);
    nullable const when(object, "date_created");
    if (when.text && when.text->size() > 40) return; // an escaped date is read only up to 256 bytes
    expected<sidecall::date_time> const created(when, date);
    nullable uri(object, "uri");
    if constexpr (std::is_same_v<Made, sidecall::user_defined_message>) uri = nullable({}, "uri"); // has no uri
    bool const is_twice =
        sid_given.is_twice || account_given.is_twice || call_given.is_twice || when.is_twice || uri.is_twice;
    bool const is_absurd = when.text && sidecall::detail::is_after_year_9999(*when.text);
    bool const right = object.is_json && object.is_object && !sid.is_wrong && sid.value && !is_twice && !is_absurd;
    require(made.has_value() == right, "an object is accepted if it has the required members");
    if (!made) {
        require(made.error().code() == errc::malformed_response, "any other body is malformed");
        return;
    }
    require(made->sid == *sid.value && made->account_sid == account.value && made->call_sid == call.value,
            "the SIDs are those of the object");
    require(made->date_created == created.value, "the date is that of the object");
    require(uri_of(*made) == uri.text.value_or(""), "the URI is that of the object");
    std::string unreadable;
    for (std::string_view name : made->unreadable) unreadable.append(name).append(" ");
    require(unreadable == std::string(account.is_wrong ? "account_sid " : "") + (call.is_wrong ? "call_sid " : "") +
                              (created.is_wrong ? "date_created " : "") + (uri.is_wrong ? "uri " : ""),
            "unreadable members are listed");
}

template <class Owning, class View>
void compare_failures(Owning const& owning, View const& view)
{
    require(owning.has_value() == view.has_value(), "the owning type and the view accept the same bodies");
    if (owning) return;
    auto const& a = owning.error();
    auto const& b = view.error();
    require(a.code() == b.code() && a.field() == b.field() && a.offset() == b.offset() &&
                a.http_status() == b.http_status(),
            "the owning type and the view fail for the same reason");
    require(a.twilio_code() == b.twilio_code() && a.retry_after() == b.retry_after(),
            "both failures have the same numbers");
    require(b.request_id().empty() && b.more_info().empty(), "a view's failure has no texts from the response");
}

} // namespace

FUZZ_TARGET(create_answer)
{
    fuzz::pieces bytes(input);
    constexpr int statuses[] = {201, 204, 400, 404, 429, 500, 599, 600, 399, 200, 302, 0, -1, 100};
    std::string_view const first = bytes.line(); // a letter for the status, then the values of the header fields
    // "A" is the first one. The added multiple keeps the difference positive.
    std::size_t const which = first.empty() ? 0 : static_cast<unsigned char>(first[0]) + 5 * std::size(statuses) - 'A';
    std::string_view const retry_after = bytes.line();
    sidecall::header const headers[] = {{"retry-AFTER", retry_after}, {"Twilio-Request-Id", first}};
    // Copy the rest, so that the byte after it is out of bounds.
    std::string_view const rest = bytes.rest();
    std::vector<char> const body(rest.begin(), rest.end());
    sidecall::http_response_view const answer{
        .status = statuses[which % std::size(statuses)], .headers = headers, .body = {body.data(), body.size()}};
    fuzz::other_json const object = fuzz::read_by_nlohmann(answer.body);
    if (object.is_unsure || body.size() > 5'120) return;

    auto const subscription = sidecall::create_user_defined_message_subscription::parse(answer);
    auto const subscription_view = sidecall::create_user_defined_message_subscription_view::parse(answer);
    auto const message = sidecall::create_user_defined_message::parse(answer);
    auto const message_view = sidecall::create_user_defined_message_view::parse(answer);
    auto const gone = sidecall::delete_user_defined_message_subscription::parse(answer);
    auto const gone_view = sidecall::delete_user_defined_message_subscription_view::parse(answer);
    compare_failures(subscription, subscription_view);
    compare_failures(message, message_view);
    compare_failures(gone, gone_view);

    if (answer.status == 201) {
        check_made(subscription, object);
        check_made(message, object);
    } else {
        require(!subscription && !message, "only 201 creates a resource");
        check_refusal(subscription.error(), answer, object);
        check_refusal(message.error(), answer, object);
    }
    require(gone.has_value() == (answer.status == 204), "only 204 confirms a deletion");
    if (!gone) check_refusal(gone.error(), answer, object);

    if (subscription) {
        require(subscription->sid == subscription_view->sid &&
                    subscription->account_sid == subscription_view->account_sid &&
                    subscription->call_sid == subscription_view->call_sid &&
                    subscription->date_created == subscription_view->date_created,
                "the owning type and the view have equal members");
        require(subscription->uri.has_value() == subscription_view->uri.has_value(),
                "the owning type and the view both have the URI, or neither");
        std::string_view const uri = uri_of(*subscription_view);
        require(inside(uri, answer.body), "a view's URI lies within the response");
        require(uri_of(*subscription) == fuzz::string_by_nlohmann(uri), "the view's URI is the same text");
    } else {
        check_failure(subscription.error(), answer);
        check_failure(subscription_view.error(), answer);
        auto const when = sidecall::detail::parse_retry_after(sidecall::detail::trim(retry_after));
        require(subscription.error().retry_after() == when, "the failure has the Retry-After");
        require(subscription.error().request_id() == sidecall::detail::trim(first), "the failure has the request id");
    }
    if (message) require(*message == *message_view, "the owning type and the view give the same message");
    if (!message) check_failure(message.error(), answer);
}
