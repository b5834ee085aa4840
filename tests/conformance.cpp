// Runs a table of cases through the library, so that no C++ is needed to add cases. Reads one JSON object per line and
// writes one result per line. The design document lists the operations. For an invalid line it writes `bad_case` and
// continues.

#ifdef SINGLE_HEADER
#include "sidecall.hpp"
#else
#include <sidecall/http1.hpp>
#include <sidecall/json.hpp>
#include <sidecall/sidecall.hpp>
#endif

#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using json = nlohmann::json;

/// Thrown for an invalid case. nlohmann's own exceptions are caught beside it.
struct bad_case {};

/// Without exceptions the program aborts, as nlohmann-json does then.
[[noreturn]] void refuse_case()
{
#ifdef __cpp_exceptions
    throw bad_case();
#else
    std::abort();
#endif
}

std::string from_base64(std::string const& text)
{
    std::string const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (text.size() % 4 != 0) refuse_case();
    std::string bytes;
    for (std::size_t i = 0; i != text.size(); i += 4) {
        unsigned long four = 0;
        std::size_t padding = 0;
        for (std::size_t k = i; k != i + 4; ++k) {
            auto const digit = alphabet.find(text[k]);
            bool const pads = text[k] == '=' && k >= i + 2 && i + 4 == text.size();
            if (pads) ++padding;
            if (digit == alphabet.npos ? !pads : padding != 0) refuse_case();
            four = four << 6 | (pads ? 0 : digit);
        }
        for (std::size_t k = 0; k != 3 - padding; ++k) bytes += static_cast<char>(four >> (16 - 8 * k) & 255);
    }
    return bytes;
}

std::string to_base64(std::string_view bytes)
{
    std::string text(sidecall::detail::base64_size(bytes.size()), '\0');
    sidecall::detail::base64_encode(bytes, {}, text.data());
    return text;
}

/// The bytes of a member whose name ends in `_b64`.
std::string bytes_of(json const& c, char const* name)
{
    return from_base64(c.at(name).get<std::string>());
}

std::string text_of(json const& c, char const* name)
{
    return c.at(name).get<std::string>();
}

template <class T>
json or_null(std::optional<T> const& value)
{
    return value ? json(*value) : json();
}

json answer(sidecall::failure const& reason)
{
    auto when = reason.retry_after();
    if (when && when->seconds == sidecall::retry_time::too_long) when.reset(); // has no JSON number
    return {{"ok", false},
            {"error", to_string_view(reason.code())},
            {"field", reason.field()},
            {"offset", or_null(reason.offset())},
            {"http_status", or_null(reason.http_status())},
            {"twilio_code", or_null(reason.twilio_code())},
            {"message", reason.message()},
            {"retry_after_seconds", when && !when->is_unix_time ? json(when->seconds) : json()},
            {"retry_after_unix", when && when->is_unix_time ? json(when->seconds) : json()}};
}

json answer(sidecall::http_request const& request)
{
    json headers = json::array();
    for (auto const& field : request.headers()) headers.push_back({field.name, field.value});
    return {{"ok", true},
            {"method", to_string_view(request.method())},
            {"url", request.url()},
            {"headers", headers},
            {"body_b64", to_base64(request.body())}};
}

template <class Sid>
json view_of(std::optional<Sid> const& sid)
{
    return sid ? json(sid->view()) : json();
}

json date_of(std::optional<sidecall::date_time> const& date)
{
    return date ? json(date->unix_seconds) : json();
}

json names_of(sidecall::unreadable_members const& members)
{
    json names = json::array();
    for (std::string_view name : members) names.push_back(name);
    return names;
}

json value_of(sidecall::user_defined_message_subscription const& made)
{
    return {{"sid", made.sid.view()},
            {"account_sid", view_of(made.account_sid)},
            {"call_sid", view_of(made.call_sid)},
            {"date_created", date_of(made.date_created)},
            {"uri", or_null(made.uri)},
            {"unreadable", names_of(made.unreadable)}};
}

json value_of(sidecall::user_defined_message const& made)
{
    return {{"sid", made.sid.view()},
            {"account_sid", view_of(made.account_sid)},
            {"call_sid", view_of(made.call_sid)},
            {"date_created", date_of(made.date_created)},
            {"unreadable", names_of(made.unreadable)}};
}

json sid(json const& c)
{
    auto const prefix = text_of(c, "prefix");
    auto const text = bytes_of(c, "text_b64");
    auto const checked = [](auto const& parsed) { return parsed ? json{{"ok", true}} : answer(parsed.error()); };
    if (prefix == "AC") return checked(sidecall::account_sid::parse(text));
    if (prefix == "CA") return checked(sidecall::call_sid::parse(text));
    if (prefix == "ZY") return checked(sidecall::subscription_sid::parse(text));
    if (prefix == "KX") return checked(sidecall::message_sid::parse(text));
    if (prefix == "SK") return checked(sidecall::api_key_sid::parse(text));
    refuse_case();
}

json callback_url(json const& c)
{
    auto const url = sidecall::callback_url::parse(bytes_of(c, "text_b64"));
    if (!url) return answer(url.error());
    return {{"ok", true}, {"host", url->host()}, {"port", url->port()}};
}

/// An argument that may be absent.
template <class T, class Parse>
sidecall::result<std::optional<T>> optional_argument(json const& c, char const* name, Parse parse)
{
    if (!c.contains(name)) return std::optional<T>();
    return parse().transform([](T const& value) { return std::optional<T>(value); });
}

auto idempotency_key_of(json const& c)
{
    return optional_argument<sidecall::idempotency_key>(
        c, "idempotency_key_b64", [&] { return sidecall::idempotency_key::parse(bytes_of(c, "idempotency_key_b64")); });
}

json create_subscription(json const& c)
{
    auto const account = sidecall::account_sid::parse(text_of(c, "account_sid"));
    if (!account) return answer(account.error());
    auto const call = sidecall::call_sid::parse(text_of(c, "call_sid"));
    if (!call) return answer(call.error());
    auto const callback = sidecall::callback_url::parse(bytes_of(c, "callback_b64"));
    if (!callback) return answer(callback.error());
    auto const key = idempotency_key_of(c);
    if (!key) return answer(key.error());
    auto const method = optional_argument<sidecall::http_method>(
        c, "method", [&] { return sidecall::parse_http_method(text_of(c, "method")); });
    if (!method) return answer(method.error());
    sidecall::create_user_defined_message_subscription const operation{
        .account_sid = *account, .call_sid = *call, .callback = *callback, .idempotency_key = *key, .method = *method};
    return answer(operation.request());
}

json delete_subscription(json const& c)
{
    auto const account = sidecall::account_sid::parse(text_of(c, "account_sid"));
    if (!account) return answer(account.error());
    auto const call = sidecall::call_sid::parse(text_of(c, "call_sid"));
    if (!call) return answer(call.error());
    auto const sid = sidecall::subscription_sid::parse(text_of(c, "sid"));
    if (!sid) return answer(sid.error());
    return answer(sidecall::delete_user_defined_message_subscription{*account, *call, *sid}.request());
}

json create_message(json const& c)
{
    auto const account = sidecall::account_sid::parse(text_of(c, "account_sid"));
    if (!account) return answer(account.error());
    auto const call = sidecall::call_sid::parse(text_of(c, "call_sid"));
    if (!call) return answer(call.error());
    auto const content = sidecall::message_content::parse(bytes_of(c, "content_b64"));
    if (!content) return answer(content.error());
    auto const key = idempotency_key_of(c);
    if (!key) return answer(key.error());
    return answer(sidecall::create_user_defined_message{*account, *call, *content, *key}.request());
}

/// An operation of each kind. Only the parsed response matters here.
using namespace sidecall::literals;
constexpr auto some_account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto some_call = "CA00000000000000000000000000000002"_call_sid;
constexpr auto some_subscription = "ZY00000000000000000000000000000003"_subscription_sid;

template <sidecall::operation Operation>
json parse(Operation const& operation, json const& c)
{
    sidecall::http_response response{.status = c.at("status").get<int>(), .body = bytes_of(c, "body_b64")};
    if (c.contains("headers"))
        for (auto const& field : c.at("headers"))
            response.headers.add(field.at(0).get<std::string>(), field.at(1).get<std::string>());
    auto const parsed = operation.parse(response);
    if (!parsed) return answer(parsed.error());
    if constexpr (std::is_void_v<typename Operation::resource>)
        return {{"ok", true}, {"value", nullptr}};
    else
        return {{"ok", true}, {"value", value_of(*parsed)}};
}

json parse_create_subscription(json const& c)
{
    return parse(
        sidecall::create_user_defined_message_subscription{some_account, some_call, "https://example.com"_callback_url},
        c);
}

json parse_delete_subscription(json const& c)
{
    return parse(sidecall::delete_user_defined_message_subscription{some_account, some_call, some_subscription}, c);
}

json parse_create_message(json const& c)
{
    auto content = sidecall::message_content::parse("{}");
    return parse(sidecall::create_user_defined_message{some_account, some_call, *content}, c);
}

#ifndef SINGLE_HEADER // which has no json.hpp
/// Reads every value with json.hpp. Returns the number of values, or 0 if one of them cannot be read.
std::size_t count_values(sidecall::json_value const& value)
{
    using enum sidecall::json_type;
    std::size_t count = 1;
    switch (value.type()) {
    case null: return value.raw() == "null" ? 1 : 0;
    case boolean: return value.boolean() ? 1 : 0;
    case number: return value.number() ? 1 : 0;
    case string: return value.to_string() ? 1 : 0;
    case array:
        for (auto const element : value.array().value()) {
            std::size_t const inner = count_values(element);
            if (inner == 0) return 0;
            count += inner;
        }
        return count;
    case object: break;
    }
    for (auto const& [name, member] : value.object().value()) {
        std::size_t const inner = name == name.to_string() ? count_values(member) : 0;
        if (inner == 0) return 0;
        count += inner;
    }
    return count;
}

/// Whether json.hpp accepts a text as the value of a member, and can then read all of it.
bool is_json_member(std::string const& text)
{
    std::string const object = "{\"v\":" + text + '}';
    auto const parsed = sidecall::json_object::parse(object);
    return parsed && count_values((*parsed)["v"]) != 0;
}
#endif

json is_json(json const& c)
{
    auto const body = bytes_of(c, "body_b64");
    sidecall::detail::json_reader reader(body);
    sidecall::detail::json_value value;
    bool const is_valid = reader.read_text(value);
#ifndef SINGLE_HEADER
    // Within an object, a text may be nested one level less.
    if (is_json_member(body) != is_valid && body.size() < 2 * sidecall::detail::json_depth)
        return {{"ok", false}, {"error", "json.hpp disagrees"}};
#endif
    return {{"ok", is_valid}};
}

/// One part of an operation's request: the arguments of one call of the writer.
struct request_part {
    std::string kind;
    std::string name;
    std::string value;
};

/// An operation with these parts. Without a "uri" its path is "/v1", then one "/" before each segment.
template <sidecall::http_method Method, bool IsVoice>
struct any_operation {
    std::vector<request_part> parts;
    bool has_uri;

    static constexpr sidecall::http_method request_method = Method;
    static constexpr std::string_view product = IsVoice ? "voice" : "api";

    template <class Request>
    void write(Request& request) const
    {
        if (!has_uri) request.path("/v1");
        for (auto const& [kind, name, value] : parts) {
            if (kind == "segment") request.path("/").segment(value);
            if (kind == "uri") request.uri(value);
            if (kind == "query") request.query(name, value);
            if (kind == "header") request.header(name, value);
            if constexpr (Method == sidecall::http_method::post) {
                if (kind == "field") request.field(name, value);
                if (kind == "json_body") request.json_body(value);
            }
        }
    }
};

/// A user's operation. `parts` are arrays: the kind, the name if the kind has one, and the value, both as base64.
json request(json const& c)
{
    std::vector<request_part> parts;
    bool has_uri = false;
    for (auto const& one : c.at("parts")) {
        std::string const kind = one.at(0);
        bool const has_name = kind == "query" || kind == "field" || kind == "header";
        parts.push_back({kind, has_name ? from_base64(one.at(1)) : "", from_base64(one.at(has_name ? 2 : 1))});
        has_uri = has_uri || kind == "uri";
    }
    auto const endpoint = sidecall::endpoint::parse(c.value("endpoint", "https://api.twilio.com"));
    if (!endpoint) return answer(endpoint.error());
    auto const made = [&]<bool IsVoice>() {
        using enum sidecall::http_method;
        return text_of(c, "method") == "POST"
                   ? sidecall::make_request(any_operation<post, IsVoice>{parts, has_uri}, *endpoint)
                   : sidecall::make_request(any_operation<get, IsVoice>{parts, has_uri}, *endpoint);
    };
    bool const is_voice = c.value("product", "api") == "voice";
    auto const outcome = is_voice ? made.template operator()<true>() : made.template operator()<false>();
    return outcome ? answer(*outcome) : answer(outcome.error());
}

json form_encode(json const& c)
{
    std::string const bytes = bytes_of(c, "text_b64");
    std::string text(sidecall::detail::encoded_form_size(bytes), '\0');
    sidecall::detail::percent_encode_form(text.data(), bytes);
    return {{"ok", true}, {"text", text}};
}

json date(json const& c)
{
    auto const read = sidecall::detail::parse_rfc2822(bytes_of(c, "text_b64"));
    if (!read) return {{"ok", false}};
    return {{"ok", true}, {"unix", read->unix_seconds}};
}

sidecall::webhook_verifier verifier_of(json const& c)
{
    auto const& tokens = c.at("tokens");
    auto const token = [&](std::size_t i) { return sidecall::secret(tokens.at(i).get<std::string>()); };
    if (tokens.size() == 1) return sidecall::webhook_verifier(token(0));
    if (tokens.size() == 2) return sidecall::webhook_verifier(token(0), token(1));
    refuse_case();
}

/// Owns the bytes of a webhook. A `webhook_request` only refers to them.
struct webhook {
    explicit webhook(json const& c)
        : method(text_of(c, "method")), url(bytes_of(c, "url_b64")), content_type(text_of(c, "content_type")),
          signature(bytes_of(c, "signature_b64")), body(bytes_of(c, "body_b64"))
    {
    }
    sidecall::webhook_request request() const { return {method, url, content_type, signature, body}; }

    std::string method, url, content_type, signature, body;
};

json verify(json const& c)
{
    return {{"ok", verifier_of(c).verify(webhook(c).request()).has_value()}};
}

json receive(json const& c)
{
    auto const message = verifier_of(c).receive(webhook(c).request());
    if (!message) return answer(message.error());
    return {{"ok", true},
            {"value",
             {{"content", message->content()},
              {"content_type", message->content_type()},
              {"sequence_number", message->sequence_number()},
              {"call_sid", message->call_sid().view()},
              {"account_sid", message->account_sid().view()},
              {"sid", message->sid().view()},
              {"timestamp", date_of(message->timestamp())}}}};
}

#ifndef SINGLE_HEADER // which has no http1.hpp
/// What a reader makes of a message that it is fed in these pieces.
template <class Reader>
json read_in_pieces(Reader reader, std::vector<std::string_view> const& pieces, bool ends)
{
    std::size_t consumed = 0;
    bool is_complete = false;
    std::optional<sidecall::failure> fault;
    auto const take = [&](sidecall::result<sidecall::http1_progress> const& progress) {
        if (!progress) {
            fault = progress.error();
        } else {
            consumed += progress->consumed;
            is_complete = progress->done;
        }
    };
    for (std::string_view piece : pieces)
        if (!fault && !is_complete) take(reader.feed(piece));
    if constexpr (requires { reader.end(); })
        if (ends && !fault && !is_complete) take(reader.end());
    json found;
    if (fault) {
        found = answer(*fault);
        if constexpr (requires { reader.request(); }) found["status"] = reader.status();
        return found;
    }
    found = {{"ok", true}, {"complete", is_complete}, {"consumed", consumed}, {"keep_alive", reader.keep_alive()}};
    if constexpr (requires { reader.request(); }) {
        sidecall::webhook_request const request = reader.request();
        found["method"] = std::string_view(request.method);
        found["url"] = std::string_view(request.url);
        found["content_type"] = std::string_view(request.content_type);
        found["signature"] = std::string_view(request.signature);
        found["body_b64"] = to_base64(request.body);
    } else {
        sidecall::http_response const response = reader.response();
        json headers = json::array();
        for (auto const& field : response.headers) headers.push_back({field.name, field.value});
        found["status"] = response.status;
        found["headers"] = headers;
        found["body_b64"] = to_base64(response.body);
    }
    return found;
}

/// Reads a message in one piece, byte by byte, and in every two pieces. All must give the same answer. `make` makes a
/// reader.
template <class Make>
json read_message(json const& c, Make make)
{
    std::string const bytes = bytes_of(c, "message_b64");
    std::string_view const message = bytes;
    bool const ends = c.value("ends", false);
    json const whole = read_in_pieces(make(), {message}, ends);
    for (std::size_t at = 1; at < message.size(); ++at)
        if (read_in_pieces(make(), {message.substr(0, at), message.substr(at)}, ends) != whole)
            return {{"ok", false}, {"error", "differs in two pieces"}};
    std::vector<std::string_view> single;
    for (std::size_t at = 0; at != message.size(); ++at) single.push_back(message.substr(at, 1));
    if (read_in_pieces(make(), single, ends) != whole) return {{"ok", false}, {"error", "differs byte by byte"}};
    return whole;
}

json http1_request(json const& c)
{
    auto const callback = sidecall::callback_url::parse(c.value("callback", "https://example.com/udm"));
    if (!callback) return answer(callback.error());
    return read_message(c, [&] { return sidecall::http1_request_reader(*callback); });
}

json http1_response(json const& c)
{
    auto const method = c.value("method", "POST") == "HEAD" ? sidecall::http_method::head : sidecall::http_method::post;
    return read_message(c, [&] { return sidecall::http1_response_reader(method); });
}
#endif

std::map<std::string, json (*)(json const&), std::less<>> const operations{
    {"sid", sid},
    {"callback_url", callback_url},
    {"create_subscription", create_subscription},
    {"delete_subscription", delete_subscription},
    {"create_message", create_message},
    {"parse_create_subscription", parse_create_subscription},
    {"parse_delete_subscription", parse_delete_subscription},
    {"parse_create_message", parse_create_message},
    {"json", is_json},
    {"request", request},
    {"form_encode", form_encode},
    {"date", date},
    {"verify", verify},
    {"receive", receive},
#ifndef SINGLE_HEADER
    {"http1_request", http1_request},
    {"http1_response", http1_response},
#endif
};

json run(std::string const& line)
#ifdef __cpp_exceptions
try
#endif
{
    json const c = json::parse(line);
    auto const found = operations.find(c.at("op").get<std::string>());
    if (found == operations.end()) refuse_case();
    return found->second(c);
}
#ifdef __cpp_exceptions
catch (json::exception const&) {
    return {{"ok", false}, {"error", "bad_case"}};
} catch (bad_case const&) {
    return {{"ok", false}, {"error", "bad_case"}};
}
#endif

} // namespace

int main()
{
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);)
        std::cout << run(line).dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}
