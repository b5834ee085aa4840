// A validly signed webhook is decoded as by an independent decoder or nlohmann-json. The overloads with and without a
// storage agree. A webhook without a valid signature is never read.

#include "fuzz.hpp"
#include "other_hashes.hpp"
#include "other_json.hpp"
#include "other_webhook.hpp"

#include <memory>

#include <sidecall/detail/standin_form.hpp>
#include <sidecall/webhook.hpp>

using fuzz::inside;
using fuzz::require;
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
        require(message.parameters().find(name) == text, "a member equals the parameter of its name");
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
    require(only("ContentType").value_or("") == message.content_type(),
            "the content type equals its parameter, if that occurs once");
    require(std::stoull(std::string(*message.parameters().find("SequenceNumber"))) == message.sequence_number(),
            "the sequence number equals its parameter");
    require(sidecall::detail::parse_rfc2822(only("Timestamp").value_or("")) == message.timestamp(),
            "the timestamp equals its parameter, if that occurs once");
    require(!message.parameters().find("there is no such parameter"), "an unknown parameter is not found");
    auto const beyond = message.parameters()[message.parameters().size()];
    require(beyond.name.empty() && beyond.value.empty(), "a parameter beyond the last is empty");
}

/// Checks the overload with a storage, which must need exactly the size that it reports.
void compare_storages(sidecall::webhook_request const& request,
                      sidecall::result<sidecall::incoming_message> const& owned)
{
    auto const nowhere = verifier().receive(request, sidecall::storage(nullptr, 0));
    require(!nowhere, "an empty storage gives no message");
    bool const is_small = nowhere.error().code() == errc::invalid_argument;
    if (!is_small) {
        require(!owned && owned.error().to_string() == nowhere.error().to_string(),
                "a failure that needs no memory is the same with a storage");
        return;
    }
    require(nowhere.error().field() == "storage", "the failure says that the storage is too small");
    std::size_t const size = *nowhere.error().offset();
    std::unique_ptr<char[]> const room(new char[size]); // not a vector: a sanitizer sees an access beyond it
    auto const smaller = verifier().receive(request, sidecall::storage(room.get(), size - 1));
    require(!smaller && smaller.error().code() == errc::invalid_argument && smaller.error().offset() == size,
            "a storage that is one byte smaller is too small");
    auto const placed = verifier().receive(request, sidecall::storage(room.get(), size));
    require(placed.has_value() == owned.has_value(), "both overloads accept the same requests");
    if (!placed) {
        require(placed.error().to_string() == owned.error().to_string(), "both overloads give the same failure");
        return;
    }
    require(parameters_of(*placed) == parameters_of(*owned), "both overloads give the same parameters");
    require(inside(placed->content(), {room.get(), size}), "the content lies within the storage");
    auto const copy = *placed;
    require(parameters_of(copy) == parameters_of(*owned) &&
                !(inside(copy.content(), {room.get(), size}) && !copy.content().empty()),
            "a copy lies outside the storage");
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
    require(verifier().verify(request).has_value() == !is_forged, "a request is accepted if it is not forged");
    compare_storages(request, message);
    if (is_forged) {
        require(!message && message.error().code() == errc::invalid_signature, "an unsigned request is not read");
        return;
    }
    if (!message)
        require(message.error().code() == errc::malformed_webhook,
                "a signed request that is not a message is malformed");
    if (message) check_message(*message);

    if (kind == json) {
        auto const other = fuzz::read_by_nlohmann(text);
        if (other.is_unsure || text.size() > 5'120) return;
        if (!other.is_json || !other.is_object) {
            require(!message && message.error().field().empty(),
                    "a body that is not an object is malformed as a whole");
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
        require(message.has_value() == is_message(strings), "an object is a message if it has the required members");
        if (!message) return;
        require(message->parameters().size() == other.members.size(), "no member is lost");
        std::sort(strings.begin(), strings.end());
        for (std::size_t i = 0; i != strings.size(); ++i)
            require(message->parameters()[i].name == strings[i].first, "the names are sorted");
        auto const all = parameters_of(*message);
        for (auto const& member : other.members)
            if (member.kind == fuzz::other_member::string)
                require(std::find(all.begin(), all.end(), std::pair(member.name, member.string_value)) != all.end(),
                        "each string is a parameter");
        return;
    }
    auto all = fuzz::decode_form(kind == form ? std::string_view(text) : fuzz::query_of(url));
    require(message.has_value() == is_message(all), "a form is a message if it has the required parameters");
    if (!message) return;
    std::sort(all.begin(), all.end());
    require(parameters_of(*message) == all, "the parameters are those of the form, sorted");

    std::string const again = sidecall::standin_detail::encode_form(all);
    std::string const signed_again = fuzz::sign(token, "https://example.com/udm" + fuzz::signed_text(all));
    auto const from_standin = verifier().receive({.url = "https://example.com/udm",
                                                  .content_type = "application/x-www-form-urlencoded",
                                                  .signature = signed_again,
                                                  .body = again});
    require(from_standin && parameters_of(*from_standin) == all, "the stand-in's form gives the same parameters");
}
