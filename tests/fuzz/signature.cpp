// A request is accepted if its signature is OpenSSL's HMAC, with one of the tokens, over one of the texts that Twilio
// may have signed, and its body is covered by the signature. Every other request is rejected.

#include "fuzz.hpp"
#include "other_hashes.hpp"
#include "other_webhook.hpp"

#include <sidecall/webhook.hpp>

using fuzz::require;

namespace {

std::string const tokens[] = {"the auth token of the account", "the other one, during a rotation"};

sidecall::webhook_verifier const& verifier()
{
    static sidecall::webhook_verifier const both{sidecall::secret(tokens[0]), sidecall::secret(tokens[1])};
    return both;
}

/// The parts of a URL, so that the position of the port is known.
struct url_parts {
    std::string before; // scheme, user information and host
    std::string port;   // with its colon, or empty
    std::string own_port;
    std::string after;

    std::string with(std::string_view some_port) const { return before + std::string(some_port) + after; }
};

url_parts read_url(fuzz::pieces& bytes)
{
    unsigned const flags = bytes.byte();
    bool const https = flags & 1;
    std::string const user = flags & 2 ? "user:" + bytes.word("a:b%", 4) + "@" : "";
    std::string const host = flags & 4 ? "[" + bytes.word("1:", 8) + "]" : "h" + bytes.word("ost.", 6);
    url_parts url{.before =
                      (flags & 8 ? (https ? "HTTPS" : "HTTP") : (https ? "https" : "http")) + ("://" + user) + host,
                  .port = flags & 16 ? ":" + std::to_string(bytes.byte()) : "",
                  .own_port = https ? ":443" : ":80",
                  .after = ""};
    if (flags & 32) url.port = url.own_port;
    if (flags & 64) url.after = "/" + bytes.word("udm/:@%", 6);
    if (flags & 128) url.after += "?" + bytes.word("ab=&#%:/?", 12);
    return url;
}

/// Arbitrary bytes: without a valid signature, they are rejected.
void try_forged(std::string_view input)
{
    fuzz::pieces bytes(input);
    constexpr std::string_view types[] = {"", "application/x-www-form-urlencoded", "application/json"};
    constexpr std::string_view methods[] = {"POST", "GET", "HEAD", "PUT"};
    unsigned const flags = bytes.byte();
    sidecall::webhook_request const request{.method = methods[flags % 4],
                                            .url = bytes.line(),
                                            .content_type = types[flags / 4 % 3],
                                            .signature = bytes.line(),
                                            .body = bytes.rest()};
    auto const verified = verifier().verify(request);
    require(!verified && verified.error().code() == sidecall::errc::invalid_signature, "a forged request is rejected");
    sidecall::webhook_verifier const none{sidecall::secret("")};
    auto const url = std::string(request.url);
    require(!none.verify({.method = "GET", .url = url, .signature = fuzz::sign("", url)}),
            "an empty token rejects everything");
}

void try_signed(std::string_view input)
{
    fuzz::pieces bytes(input);
    url_parts url = read_url(bytes);
    unsigned const flags = bytes.byte();
    unsigned const kind = bytes.byte() % 4;
    std::string const body(kind == 3 ? std::string_view() : bytes.rest());
    bool const hash_matches = flags & 1;
    if (kind == 1 || kind == 2) { // JSON, and an unknown type
        std::string hash = fuzz::hexadecimal(fuzz::other_sha256(body));
        if (!hash_matches) { // the hash of another body, too long, too short, or missing
            unsigned const how = flags >> 4 & 3;
            if (how == 0)
                hash = fuzz::hexadecimal(fuzz::other_sha256(body + "x"));
            else if (how == 1)
                hash += '0';
            else
                hash.resize(how == 2 ? 63 : 0);
        }
        if (flags & 2 && !hash.empty()) { // the first digit as an escape
            char escape[4];
            std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned>(hash[0]));
            hash.replace(0, 1, escape);
        }
        url.after = "/a?b=c&bodySHA256=" + hash + (flags & 4 ? "&bodySHA256=0" : "");
    }
    bool const has_hash = fuzz::query_of(url.after).find("bodySHA256=") != std::string_view::npos;
    require(has_hash == (kind == 1 || kind == 2), "only bodies that are not forms have a hash here");

    bool const form = kind == 0;
    std::string const text = form ? fuzz::signed_text(fuzz::decode_form(body)) : "";
    std::string const& token = tokens[flags >> 3 & 1];
    sidecall::webhook_request request{.method = kind == 3 ? "GET" : "POST",
                                      .content_type = form        ? "Application/X-WWW-Form-urlencoded ; charset=UTF-8"
                                                      : kind == 1 ? "application/json"
                                                                  : "",
                                      .body = body};
    std::string const given = url.with(url.port);
    request.url = given;

    // With the port as received, without one, with the default port, with another one. The last one uses an unknown
    // token.
    struct signature {
        std::string value;
        bool is_signed;
    };
    bool const body_is_covered = form || kind == 3 || hash_matches;
    signature const signatures[] = {
        {fuzz::sign(token, given + text), true},
        {fuzz::sign(token, url.with("") + text), true},
        {fuzz::sign(token, url.with(url.own_port) + text), url.port.empty() || url.port == url.own_port},
        {fuzz::sign(token, url.with(":444") + text), url.port == ":444"},
        {fuzz::sign(token, given + text + "x"), false},
        {fuzz::sign(token + "x", given + text), false},
    };
    for (auto const& [value, is_signed] : signatures) {
        request.signature = value;
        auto const verified = verifier().verify(request);
        require(verified.has_value() == (is_signed && body_is_covered),
                "a request is accepted if it is signed and its body is covered");
        if (verified) continue;
        require(verified.error().field() == (body_is_covered ? "X-Twilio-Signature" : "bodySHA256"),
                "the failure names what is wrong");
    }
    std::string turned = signatures[0].value;
    turned[flags % 27] = turned[flags % 27] == 'A' ? 'B' : 'A';
    request.signature = turned;
    require(!verifier().verify(request), "a signature with one character changed is rejected");
    turned = signatures[0].value + "=";
    request.signature = turned;
    require(!verifier().verify(request), "a longer signature is rejected");
}

} // namespace

FUZZ_TARGET(signature)
{
    try_forged(input);
    try_signed(input);
}
