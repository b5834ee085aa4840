// A validly signed webhook is decoded as by an independent decoder or nlohmann-json. The overloads with and without a
// storage agree. A webhook without a valid signature is never read.

#include "fuzz.hpp"
#include "other_hashes.hpp"
#include "other_json.hpp"
#include "other_webhook.hpp"

#include <memory>

#include <sidecall/detail/standin_text.hpp>
#include <sidecall/webhook.hpp>

using fuzz::hold;
using fuzz::inside;
using sidecall::errc;

namespace {

constexpr std::string_view token = "the auth token of the account";

sidecall::webhook_verifier const& verifier()
{
    static sidecall::webhook_verifier const only{sidecall::secret(token)};
    return only;
}

constexpr char const* known[] = {"Sid",         "CallSid",        "AccountSid", "Content",
                                 "ContentType", "SequenceNumber", "Timestamp"};
constexpr char const* usual_values[] = {"KX00000000000000000000000000000001",
                                        "CA00000000000000000000000000000002",
                                        "AC00000000000000000000000000000003",
                                        "%7B%22a%22%3A1%7D",
                                        "application%2Fjson",
                                        "12",
                                        "Wed%2C+18+Dec+2019+20%3A02%3A01+%2B0000"};
constexpr char const* usual_json[] = {"KX00000000000000000000000000000001",
                                      "CA00000000000000000000000000000002",
                                      "AC00000000000000000000000000000003",
                                      R"({\"a\":1})",
                                      "application/json",
                                      "12",
                                      "Wed, 18 Dec 2019 20:02:01 +0000"};

bool is_number(std::string const& text)
{
    if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return false;
    std::string const digits = text.substr(std::min(text.find_first_not_of('0'), text.size()));
    return digits.size() < 20 || (digits.size() == 20 && digits <= "18446744073709551615");
}

/// Whether the parameters form a message: each required one occurs once and is valid.
bool is_message(fuzz::parameters const& all)
{
    for (std::size_t i = 0; i != std::size(known); ++i) {
        if (std::string_view(known[i]) == "ContentType" || std::string_view(known[i]) == "Timestamp") continue;
        std::string const* found = nullptr;
        for (auto const& [name, value] : all) {
            if (name != known[i]) continue;
            if (found) return false;
            found = &value;
        }
        if (!found) return false;
        if (i == 0 && !sidecall::message_sid::parse(*found)) return false;
        if (i == 1 && !sidecall::call_sid::parse(*found)) return false;
        if (i == 2 && !sidecall::account_sid::parse(*found)) return false;
        if (i == 5 && !is_number(*found)) return false;
    }
    return true;
}

fuzz::parameters parameters_of(sidecall::incoming_message const& message)
{
    fuzz::parameters all;
    for (std::size_t i = 0; i != message.parameters().size(); ++i)
        all.emplace_back(message.parameters()[i].name, message.parameters()[i].value);
    return all;
}

void check_message(sidecall::incoming_message const& message)
{
    auto const is = [&](char const* name, std::string_view text) {
        hold(message.parameters().find(name) == text, "a member is the parameter of its name");
    };
    is("Sid", message.sid().view());
    is("CallSid", message.call_sid().view());
    is("AccountSid", message.account_sid().view());
    is("Content", message.content());
    auto const only = [&](char const* name) -> std::optional<std::string_view> { // empty if the name occurs twice
        std::optional<std::string_view> found;
        for (std::size_t i = 0; i != message.parameters().size(); ++i) {
            if (message.parameters()[i].name != name) continue;
            if (found) return {};
            found = message.parameters()[i].value;
        }
        return found;
    };
    hold(only("ContentType").value_or("") == message.content_type(), "so is the type, if it is there once");
    hold(std::stoull(std::string(*message.parameters().find("SequenceNumber"))) == message.sequence_number(),
         "so is the number");
    hold(sidecall::detail::parse_rfc2822(only("Timestamp").value_or("")) == message.timestamp(), "so is the time");
    hold(!message.parameters().find("there is no such parameter"), "there is no other");
    auto const beyond = message.parameters()[message.parameters().size()];
    hold(beyond.name.empty() && beyond.value.empty(), "there is none behind the last");
}

/// Checks the overload with a storage, which must need exactly the size that it reports.
void compare_storages(sidecall::webhook_request const& request,
                      sidecall::result<sidecall::incoming_message> const& owned)
{
    auto const nowhere = verifier().receive(request, sidecall::storage(nullptr, 0));
    hold(!nowhere, "without room there is no message");
    bool const is_small = nowhere.error().code() == errc::invalid_argument;
    if (!is_small) {
        hold(!owned && owned.error().to_string() == nowhere.error().to_string(), "what needs no room fails the same");
        return;
    }
    hold(nowhere.error().field() == "storage", "it says that the room is too small");
    std::size_t const size = *nowhere.error().offset();
    std::unique_ptr<char[]> const room(new char[size]); // not a vector: a sanitizer sees an access beyond it
    auto const smaller = verifier().receive(request, sidecall::storage(room.get(), size - 1));
    hold(!smaller && smaller.error().code() == errc::invalid_argument && smaller.error().offset() == size,
         "a byte less is too small");
    auto const placed = verifier().receive(request, sidecall::storage(room.get(), size));
    hold(placed.has_value() == owned.has_value(), "on the heap and in a storage it is the same");
    if (!placed) {
        hold(placed.error().to_string() == owned.error().to_string(), "for the same reason");
        return;
    }
    hold(parameters_of(*placed) == parameters_of(*owned), "with the same parameters");
    hold(inside(placed->content(), {room.get(), size}), "it lies in the storage");
    auto const copy = *placed;
    hold(parameters_of(copy) == parameters_of(*owned) &&
             !(inside(copy.content(), {room.get(), size}) && !copy.content().empty()),
         "a copy lies elsewhere");
}

enum kinds { form, json, get };

/// A body with the usual parameters, without some of them, and with those of the input.
std::string make_text(kinds kind, unsigned without, std::string_view more)
{
    if (without == 255) return std::string(more);
    std::string text;
    for (std::size_t i = 0; i != std::size(known); ++i) {
        if (without >> i & 1) continue;
        if (kind == json)
            text += (text.empty() ? "\"" : ",\"") + std::string(known[i]) + "\":\"" + usual_json[i] + '"';
        else
            text += (text.empty() ? "" : "&") + std::string(known[i]) + '=' + usual_values[i];
    }
    if (kind == json) return "{" + text + (more.empty() || text.empty() ? "" : ",") + std::string(more) + "}";
    return text + (more.empty() ? "" : "&") + std::string(more);
}

} // namespace

FUZZ_TARGET(webhook)
{
    fuzz::pieces bytes(input);
    std::string_view const first = bytes.line(); // kind, forgery, then parameters to leave out
    auto const letter = [&](std::size_t at) {
        return at < first.size() ? static_cast<unsigned char>(first[at]) - '0' : 0;
    };
    auto const kind = static_cast<kinds>(static_cast<unsigned>(letter(0)) % 3);
    auto const forgery = static_cast<unsigned>(letter(1)) % 8; // most inputs are not forged
    unsigned const without = first.size() > 2 ? static_cast<unsigned char>(first[2]) & 127u : 0;
    std::string const text = make_text(kind, first.size() > 3 ? 255 : without, bytes.rest());

    std::string url = "https://example.com/udm";
    if (kind == json) url += "?bodySHA256=" + fuzz::hexadecimal(fuzz::other_sha256(text));
    if (kind == get) url += '?' + text;
    sidecall::webhook_request request{.method = kind == get ? "GET" : "POST",
                                      .url = url,
                                      .content_type = kind == form   ? "application/x-www-form-urlencoded"
                                                      : kind == json ? "application/json; charset=utf-8"
                                                                     : "",
                                      .body = kind == get ? std::string_view() : text};
    std::string signature = fuzz::sign(token, url + (kind == form ? fuzz::signed_text(fuzz::decode_form(text)) : ""));
    if (forgery == 1) signature[static_cast<std::size_t>(without) % 27] ^= 1;
    if (forgery == 2) signature = first;
    if (forgery == 3) url.insert(url.find('/', 8), "/");
    request.url = url;
    request.signature = signature;
    bool const is_forged = forgery >= 1 && forgery <= 3;

    if (kind != json && fuzz::decode_form(kind == form ? std::string_view(text) : fuzz::query_of(url)).size() >
                            sidecall::webhook_verifier::max_parameters)
        return; // rejected; a form is rejected before anything is decoded

    auto const message = verifier().receive(request);
    hold(verifier().verify(request).has_value() == !is_forged, "what is signed holds, and nothing else");
    compare_storages(request, message);
    if (is_forged) {
        hold(!message && message.error().code() == errc::invalid_signature, "what is not signed is not read");
        return;
    }
    if (!message) hold(message.error().code() == errc::malformed_webhook, "what is signed may be no message");
    if (message) check_message(*message);

    if (kind == json) {
        auto const other = fuzz::read_by_nlohmann(text);
        if (other.is_unsure || text.size() > 5'120) return;
        if (!other.is_json || !other.is_object) {
            hold(!message && message.error().field().empty(), "what is no object is no message");
            return;
        }
        // A value that is not a string is kept as raw text, which nlohmann-json does not keep.
        fuzz::parameters strings;
        for (auto const& member : other.members) {
            bool const is_string = member.kind == fuzz::other_member::string;
            std::string const own = message ? std::string(message->parameters().find(member.name).value_or("")) : "1";
            strings.emplace_back(member.name, is_string ? member.string_value : own);
            for (auto const* name : known)
                if (member.name == name && !is_string && !message) return;
        }
        hold(message.has_value() == is_message(strings), "an object with what must be in it is a message");
        if (!message) return;
        hold(message->parameters().size() == other.members.size(), "no member is lost");
        std::sort(strings.begin(), strings.end());
        for (std::size_t i = 0; i != strings.size(); ++i)
            hold(message->parameters()[i].name == strings[i].first, "the names are sorted");
        auto const all = parameters_of(*message);
        for (auto const& member : other.members)
            if (member.kind == fuzz::other_member::string)
                hold(std::find(all.begin(), all.end(), std::pair(member.name, member.string_value)) != all.end(),
                     "each string is there");
        return;
    }
    auto all = fuzz::decode_form(kind == form ? std::string_view(text) : fuzz::query_of(url));
    hold(message.has_value() == is_message(all), "a form with what must be in it is a message");
    if (!message) return;
    std::sort(all.begin(), all.end());
    hold(parameters_of(*message) == all, "the parameters are those of the form, sorted");

    std::string const again = sidecall::standin_detail::encode_form(all);
    std::string const signed_again = fuzz::sign(token, "https://example.com/udm" + fuzz::signed_text(all));
    auto const from_standin = verifier().receive({.url = "https://example.com/udm",
                                                  .content_type = "application/x-www-form-urlencoded",
                                                  .signature = signed_again,
                                                  .body = again});
    hold(from_standin && parameters_of(*from_standin) == all, "as the stand-in writes them, they are the same");
}
