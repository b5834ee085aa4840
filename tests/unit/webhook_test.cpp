#include <sidecall/webhook.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace webhook_test {

namespace {

using sidecall::errc;
using sidecall::incoming_message;
using sidecall::secret;
using sidecall::webhook_request;
using sidecall::webhook_verifier;

constexpr char token[] = "12345678901234567890123456789012";
constexpr char form_type[] = "application/x-www-form-urlencoded";

using fields = std::vector<std::pair<std::string, std::string>>;

std::string base64(std::string_view bytes)
{
    std::string text(sidecall::detail::base64_size(bytes.size()), '\0');
    sidecall::detail::base64_encode(bytes, {}, text.data());
    return text;
}

/// HMAC-SHA1 of a text. The tests of the digests and OpenSSL's signatures below verify that it is right.
std::string code_of(std::string_view key, std::string_view text)
{
    auto const code = sidecall::detail::hmac_sha1(key).code([&](auto put) { put(text); });
    return std::string(reinterpret_cast<char const*>(code.data()), code.size());
}

/// The signature as Twilio's documentation describes it: the URL, then each name with each of its values, sorted.
std::string sign(std::string_view url, fields const& parameters = {}, std::string_view key = token)
{
    std::map<std::string, std::set<std::string>> sorted;
    for (auto const& [name, value] : parameters) sorted[name].insert(value);
    std::string text(url);
    for (auto const& [name, values] : sorted)
        for (auto const& value : values) text += name + value;
    return base64(code_of(key, text));
}

std::string encoded(std::string_view text)
{
    std::string out;
    for (char c : text) {
        if (c == ' ') {
            out += '+';
        } else if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
            out += c;
        } else {
            out += '%';
            out += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
            out += "0123456789ABCDEF"[static_cast<unsigned char>(c) & 15];
        }
    }
    return out;
}

std::string form(fields const& parameters)
{
    std::string out;
    for (auto const& [name, value] : parameters) {
        if (!out.empty()) out += '&';
        out += encoded(name) + '=' + encoded(value);
    }
    return out;
}

std::string sha256_of(std::string_view bytes)
{
    sidecall::detail::sha256 hash;
    hash.update(bytes);
    std::string text;
    for (unsigned char byte : hash.finish()) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

/// A request that owns its bytes.
struct hook {
    std::string method = "POST";
    std::string url = "https://example.com/udm";
    std::string content_type = form_type;
    std::string signature{};
    std::string body{};

    operator webhook_request() const { return {method, url, content_type, signature, body}; }
};

hook signed_form(fields const& parameters, std::string const& url = "https://example.com/udm")
{
    return {.url = url, .signature = sign(url, parameters), .body = form(parameters)};
}

hook signed_get(std::string const& url)
{
    return {.method = "GET", .url = url, .content_type = "", .signature = sign(url)};
}

hook signed_json(std::string const& body, std::string const& type = "application/json",
                 std::string const& base = "https://example.com/udm?")
{
    std::string const url = base + "bodySHA256=" + sha256_of(body);
    return {.url = url, .content_type = type, .signature = sign(url), .body = body};
}

fields const good_message = {{"AccountSid", "AC00000000000000000000000000000001"},
                             {"CallSid", "CA00000000000000000000000000000002"},
                             {"Content", R"({"a": "b&c"})"},
                             {"ContentType", "application/json"},
                             {"SequenceNumber", "7"},
                             {"Sid", "KX00000000000000000000000000000003"},
                             {"Timestamp", "Wed, 18 Dec 2019 20:02:01 +0000"}};

/// The valid message with another value of one parameter, or without it.
fields message_with(std::string_view name, std::optional<std::string> value)
{
    fields changed;
    for (auto const& one : good_message) {
        if (one.first != name)
            changed.push_back(one);
        else if (value)
            changed.emplace_back(one.first, *value);
    }
    return changed;
}

/// Whether a message must have this parameter.
bool is_needed(std::string_view name)
{
    return name != "ContentType" && name != "Timestamp";
}

bool is_accepted(hook const& request, std::string_view key = token)
{
    return webhook_verifier(secret(key)).verify(request).has_value();
}

sidecall::result<incoming_message> receive(hook const& request)
{
    return webhook_verifier(secret(token)).receive(request);
}

/// The code and the field of `receive`'s failure. The request must not be a message.
std::string refusal(hook const& request)
{
    auto const message = receive(request);
    if (message) return "none";
    auto const& why = message.error();
    std::string text(to_string_view(why.code()));
    if (!why.field().empty()) text += ' ' + std::string(why.field());
    return text;
}

bool is_good(incoming_message const& message)
{
    return message.content() == R"({"a": "b&c"})" && message.content_type() == "application/json" &&
           message.sequence_number() == 7 && message.sid().view() == "KX00000000000000000000000000000003" &&
           message.call_sid().view() == "CA00000000000000000000000000000002" &&
           message.account_sid().view() == "AC00000000000000000000000000000001" &&
           message.timestamp() == sidecall::date_time{1576699321, 0};
}

// Only a verifier creates a message. After that it is a value like any other.
static_assert(!std::is_default_constructible_v<incoming_message> && !std::is_aggregate_v<incoming_message>);
static_assert(std::is_copy_constructible_v<incoming_message> && std::is_nothrow_move_constructible_v<incoming_message>);
static_assert(!std::is_convertible_v<secret, webhook_verifier> && !std::is_default_constructible_v<webhook_verifier>);

} // namespace

TEST_CASE("accepts signatures made by the openssl command")
{
    hook const form_post{.signature = "AStnS9NegRbEC9x3w36nB1iyuqQ=",
                         .body = "SequenceNumber=7&Timestamp=Wed%2C+18+Dec+2019+20%3A02%3A01+%2B0000"
                                 "&Content=%7B%22a%22%3A%20%22b%26c%22%7D&ContentType=application/json"
                                 "&Sid=KX00000000000000000000000000000003&CallSid=CA00000000000000000000000000000002"
                                 "&AccountSid=AC00000000000000000000000000000001"};
    auto const posted = receive(form_post);
    REQUIRE(posted);
    CHECK(is_good(*posted));
    CHECK(sign(form_post.url, good_message) == form_post.signature);

    hook const json_post{
        .url = "https://example.com/udm?bodySHA256=5623e38c4ca2120dc54aad767de0c78abcbecfa1443a5716edc38a4812630361",
        .content_type = "application/json",
        .signature = "CvScCZe5b1dBZ8WBnI0cDpRKPO4=",
        .body = R"({"AccountSid":"AC00000000000000000000000000000001","CallSid":"CA00000000000000000000000000000002",)"
                R"("Content":"{}","ContentType":"application/json","SequenceNumber":"0",)"
                R"("Sid":"KX00000000000000000000000000000003","Timestamp":"Wed, 18 Dec 2019 20:02:01 +0000"})"};
    auto const as_json = receive(json_post);
    REQUIRE(as_json);
    CHECK(as_json->content() == "{}");
    CHECK(as_json->sequence_number() == 0);
    CHECK(as_json->timestamp()->unix_seconds == 1576699321);

    hook const get{.method = "GET",
                   .url = "https://example.com/udm?AccountSid=AC00000000000000000000000000000001"
                          "&CallSid=CA00000000000000000000000000000002&Content=true&ContentType=application%2Fjson"
                          "&SequenceNumber=1&Sid=KX00000000000000000000000000000003"
                          "&Timestamp=Wed%2C+18+Dec+2019+20%3A02%3A01+%2B0000",
                   .content_type = "",
                   .signature = "fzrHrPuWFVWaPPTARmVbGrwPxTU="};
    auto const got = receive(get);
    REQUIRE(got);
    CHECK(got->content() == "true");
    CHECK(got->sequence_number() == 1);
}

TEST_CASE("accepts a signature of the URL as received, without its port, or with the scheme's default port")
{
    char const* const hosts[] = {
        "example.com",    "EXAMPLE.com.",    "192.0.2.1",          "[2001:db8::1]",     "[::]",
        "user@host.test", "u:p@host.test",   "u:p@w:80@host.test", "u:p@[2001:db8::1]", "u%5D:p@host",
        "a]b@host.test",  "[u]:p@host.test", "u:443@192.0.2.1"};
    char const* const tails[] = {"", "/", "/a:80/b@c:9]", "?q=a:1@b", "#f:1", "/p//q?x=1#y:80", "?url=http://x:80/"};
    for (std::string const scheme : {"https", "http", "HTTPS", "Http"}) {
        bool const https = scheme == "https" || scheme == "HTTPS";
        for (std::string const host : hosts) {
            for (std::string const tail : tails) {
                std::string const front = scheme + "://" + host;
                CAPTURE(front + tail);
                // Whether a URL signed with one port is accepted when it is received with another.
                auto const fits = [&](std::string const& signed_port, std::string const& seen_port) {
                    hook request = signed_form({{"a", "b"}}, front + signed_port + tail);
                    request.url = front + seen_port + tail;
                    return is_accepted(request);
                };
                CHECK(fits("", ""));
                CHECK(fits(https ? ":443" : ":80", ""));
                CHECK_FALSE(fits(https ? ":80" : ":443", ""));
                CHECK_FALSE(fits(":8443", ""));
                CHECK_FALSE(fits(":", ""));
                for (std::string const port : {":443", ":80", ":8443", ":1", ":65535", ":"}) {
                    CAPTURE(port);
                    CHECK(fits(port, port));
                    CHECK(fits("", port));
                    CHECK_FALSE(fits(":4430", port));
                    if (port != ":443") CHECK_FALSE(fits(":443", port));
                    if (port != ":80") CHECK_FALSE(fits(":80", port));
                }
            }
        }
    }
}

TEST_CASE("rejects a URL with any other byte changed")
{
    std::string const url = "https://Example.com/a%2fb//c?x=%7e&x=1#f";
    auto const seen_as = [&](std::string const& seen) {
        hook request = signed_form({{"a", "b"}}, url);
        request.url = seen;
        return is_accepted(request);
    };
    CHECK(seen_as(url));
    CHECK(seen_as("https://Example.com:1/a%2fb//c?x=%7e&x=1#f"));
    for (std::string const other :
         {"https://example.com/a%2fb//c?x=%7e&x=1#f", "https://Example.com/a%2Fb//c?x=%7e&x=1#f",
          "https://Example.com/a/b//c?x=%7e&x=1#f", "https://Example.com/a%2fb/c?x=%7e&x=1#f",
          "https://Example.com/a%2fb//c?x=~&x=1#f", "https://Example.com/a%2fb//c?x=1&x=%7e#f",
          "https://Example.com/a%2fb//c?x=%7e&x=1", "https://Example.com/a%2fb//c?x=%7e&x=1#", "",
          "http://Example.com/a%2fb//c?x=%7e&x=1#f", "HTTPS://Example.com/a%2fb//c?x=%7e&x=1#f",
          "//Example.com/a%2fb//c?x=%7e&x=1#f", "/a%2fb//c?x=%7e&x=1#f"}) {
        CAPTURE(other);
        CHECK_FALSE(seen_as(other));
    }
    for (std::size_t i = 0; i != url.size(); ++i) {
        CAPTURE(i);
        std::string changed = url;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(seen_as(changed));
        CHECK_FALSE(seen_as(url.substr(0, i)));
        if (i != 0) CHECK_FALSE(seen_as(url.substr(i)));
    }
    CHECK_FALSE(is_accepted(signed_form({{"a", "b"}}, "https://example.com"), "another token"));
    hook slash = signed_form({{"a", "b"}}, "https://example.com");
    slash.url += '/';
    CHECK_FALSE(is_accepted(slash));
}

TEST_CASE("hashes a text that is hardly a URL unchanged, without harm")
{
    for (std::string const url : {"",
                                  ":",
                                  "://",
                                  "x",
                                  "/udm",
                                  "https:",
                                  "https:/",
                                  "https://",
                                  "https://:",
                                  "https://:443",
                                  "https://@",
                                  "https://@:1",
                                  "https://[",
                                  "https://[::1",
                                  "https://[::1:443",
                                  "https://]",
                                  "https://]:1",
                                  "https://?",
                                  "https://#",
                                  "https:///",
                                  "example.com:443/x",
                                  "?u=://",
                                  "?u=://x:1",
                                  "mailto:a@b",
                                  "https://a:1:2:3/"}) {
        CAPTURE(url);
        CHECK(is_accepted(signed_form({{"a", "b"}}, url)));
        CHECK(is_accepted(signed_get(url)));
        hook request = signed_form({{"a", "b"}}, "https://example.com/");
        request.url = url;
        CHECK_FALSE(is_accepted(request));
    }
    std::string const odd("https://\0\xFF[:\xC3/\r\n", 16);
    CHECK(is_accepted(signed_get(odd)));
}

TEST_CASE("signs parameters sorted by the bytes of their names, whatever their order in the body")
{
    fields const parameters = {{"b", "1"},    {"B", "2"},  {"a", "3"},    {"ab", "4"},       {"a b", "5"},
                               {"", "6"},     {"10", "7"}, {"9", "8"},    {"\xC3\xA9", "9"}, {"\xFF", "A"},
                               {"z", "\xFF"}, {"~", ""},   {"\x7F", "B"}, {"a.", "C"},       {"A", "D"}};
    std::string const signature = sign("https://example.com/udm", parameters);
    CHECK(signature == base64(code_of(token, "https://example.com/udm" // sorted by hand
                                             "6107"
                                             "98"
                                             "AD"
                                             "B2"
                                             "a3"
                                             "a b5"
                                             "a.C"
                                             "ab4"
                                             "b1"
                                             "z\xFF"
                                             "~"
                                             "\x7F"
                                             "B"
                                             "\xC3\xA9"
                                             "9"
                                             "\xFF"
                                             "A")));
    fields order = parameters;
    std::sort(order.begin(), order.end());
    for (int i = 0; i != 100; ++i) {
        // Another order each time: rotate, and swap two.
        std::rotate(order.begin(), order.begin() + 1 + i % 7, order.end());
        std::swap(order[0], order[static_cast<std::size_t>(i) % order.size()]);
        CHECK(is_accepted({.signature = signature, .body = form(order)}));
    }

    // With many parameters.
    fields many;
    for (int i = 0; i != 300; ++i) {
        CAPTURE(i);
        REQUIRE(is_accepted(signed_form(many)));
        many.emplace_back("n" + std::to_string(i * 7919 % 1000), std::to_string(i * 31 % 17));
    }
}

TEST_CASE("signs repeated names as a sorted set of values")
{
    CHECK(is_accepted(signed_form({{"a", "2"}, {"a", "1"}, {"b", "0"}, {"a", "2"}, {"a", ""}})));
    std::string const url = "https://example.com/udm";
    auto const signs = [&](std::string const& text, fields const& parameters) {
        return is_accepted({.signature = base64(code_of(token, url + text)), .body = form(parameters)});
    };
    CHECK(signs("a1a2", {{"a", "2"}, {"a", "1"}}));
    CHECK(signs("a1a2", {{"a", "2"}, {"a", "1"}, {"a", "2"}, {"a", "1"}, {"a", "1"}}));
    CHECK(signs("a1", {{"a", "1"}, {"a", "1"}}));
    CHECK(signs("aa1", {{"a", "1"}, {"a", ""}}));
    CHECK(signs("a1b1", {{"b", "1"}, {"a", "1"}})); // equal values of two names are kept
    CHECK(signs("aB"
                "ab"
                "a\xC3",
                {{"a", "b"}, {"a", "\xC3"}, {"a", "B"}}));
    CHECK_FALSE(signs("a2a1", {{"a", "2"}, {"a", "1"}}));
    CHECK_FALSE(signs("a1a1", {{"a", "1"}, {"a", "1"}}));
    CHECK_FALSE(signs("a2", {{"a", "2"}, {"a", "1"}}));
    CHECK_FALSE(signs("a1", {{"a", "2"}, {"a", "1"}}));
    CHECK_FALSE(signs("a12", {{"a", "1"}, {"a", "2"}}));
}

TEST_CASE("rejects a signature when a parameter is removed, added or changed")
{
    hook const good = signed_form(good_message);
    REQUIRE(is_accepted(good));
    auto const with_body = [&](std::string body) {
        hook changed = good;
        changed.body = std::move(body);
        return is_accepted(changed);
    };
    for (std::size_t i = 0; i != good_message.size(); ++i) {
        CAPTURE(i);
        fields fewer = good_message;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
        CHECK_FALSE(with_body(form(fewer)));
        fields changed = good_message;
        changed[i].second += ' ';
        CHECK_FALSE(with_body(form(changed)));
        changed = good_message;
        changed[i].first[0] = static_cast<char>(changed[i].first[0] ^ 0x20);
        CHECK_FALSE(with_body(form(changed)));
        changed = good_message;
        changed.emplace_back(changed[i].first, "another");
        CHECK_FALSE(with_body(form(changed)));
    }
    CHECK_FALSE(with_body(""));
    CHECK_FALSE(with_body(good.body + "&x=y"));
    CHECK_FALSE(with_body(good.body + "\n"));
    CHECK(with_body('&' + good.body + "&&")); // empty pieces are not parameters
    for (std::size_t size = 0; size != good.body.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(with_body(good.body.substr(0, size)));
    }
}

TEST_CASE("decodes a form by the URL standard, including malformed escapes")
{
    auto const reads = [](std::string const& body, fields const& meant) {
        hook request{.signature = sign("https://example.com/udm", meant), .body = body};
        return is_accepted(request);
    };
    CHECK(reads("", {}));
    CHECK(reads("&", {}));
    CHECK(reads("&&&", {}));
    CHECK(reads("=", {{"", ""}}));
    CHECK(reads("==", {{"", "="}}));
    CHECK(reads("=&=", {{"", ""}}));
    CHECK(reads("a", {{"a", ""}}));
    CHECK(reads("a=", {{"a", ""}}));
    CHECK(reads("=b", {{"", "b"}}));
    CHECK(reads("a=b=c", {{"a", "b=c"}}));
    CHECK(reads("a=b&&c=d&", {{"a", "b"}, {"c", "d"}}));
    CHECK(reads("a+b=c+d", {{"a b", "c d"}}));
    CHECK(reads("a%20b=c%2Bd", {{"a b", "c+d"}}));
    CHECK(reads("a%3Db=c%26d", {{"a=b", "c&d"}}));
    CHECK(reads("%41%5a%5A=%c3%A9", {{"AZZ", "\xC3\xA9"}}));
    CHECK(reads("a=%", {{"a", "%"}}));
    CHECK(reads("a=%4", {{"a", "%4"}}));
    CHECK(reads("%=%", {{"%", "%"}}));
    CHECK(reads("%4=%4&x=y", {{"%4", "%4"}, {"x", "y"}}));
    CHECK(reads("a=%zz", {{"a", "%zz"}}));
    CHECK(reads("a=%4z", {{"a", "%4z"}}));
    CHECK(reads("a=%z4", {{"a", "%z4"}}));
    CHECK(reads("a=%%34", {{"a", "%4"}}));
    CHECK(reads("a=%%341", {{"a", "%41"}})); // decoded once
    CHECK(reads("a=%2541", {{"a", "%41"}}));
    CHECK(reads("a=%25", {{"a", "%"}}));
    CHECK(reads("a=%+1", {{"a", "% 1"}}));
    CHECK(reads("a=%u0041", {{"a", "%u0041"}}));
    CHECK(reads("a=%00b", {{"a", std::string("\0b", 2)}}));
    CHECK(reads("a=b;c=d", {{"a", "b;c=d"}}));
    CHECK(reads("a=\xFF\xC3", {{"a", "\xFF\xC3"}})); // bytes are not changed
    CHECK(reads("a= {\"b\"}\r\n", {{"a", " {\"b\"}\r\n"}}));

    std::string all;
    std::string escapes;
    for (int c = 0; c != 256; ++c) {
        all += static_cast<char>(c);
        escapes += '%';
        escapes += "0123456789aBcDeF"[c >> 4];
        escapes += "0123456789AbCdEf"[c & 15];
    }
    CHECK(reads("x=" + escapes, {{"x", all}}));
    CHECK(reads(escapes + "=y", {{all, "y"}}));
}

TEST_CASE("recognises a form by its media type, in any case and with any media type parameters")
{
    for (std::string const type :
         {"application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8",
          "application/x-www-form-urlencoded;", "Application/X-WWW-Form-URLencoded",
          "application/x-www-form-urlencoded ;", " \tapplication/x-www-form-urlencoded\t"}) {
        CAPTURE(type);
        hook request = signed_form(good_message);
        request.content_type = type;
        CHECK(receive(request));
    }
    for (std::string const type : {"", ";", "application/x-www-form-urlencode", "application/x-www-form-urlencodedx",
                                   "application/json", "text/plain; application/x-www-form-urlencoded",
                                   "application/x-www-form-urlencoded, text/plain", "multipart/form-data"}) {
        CAPTURE(type);
        hook request = signed_form(good_message);
        request.content_type = type;
        CHECK(refusal(request) == "invalid_signature bodySHA256");
        request.signature = sign(request.url); // the signature of the URL alone does not cover a body
        CHECK(refusal(request) == "invalid_signature bodySHA256");
    }
}

TEST_CASE("a body that is not a form needs its hash in the URL")
{
    std::string const body = R"({"a":1})";
    std::string const hash = sha256_of(body);
    auto const fits = [&](std::string const& url, std::string const& type = "application/json") {
        return is_accepted({.url = url, .content_type = type, .signature = sign(url), .body = body});
    };
    std::string const base = "https://example.com/udm";
    CHECK(fits(base + "?bodySHA256=" + hash));
    CHECK(fits(base + "?bodySHA256=" + hash, "application/json; charset=utf-8"));
    CHECK(fits(base + "?bodySHA256=" + hash, "text/plain"));
    CHECK(fits(base + "?bodySHA256=" + hash, ""));
    CHECK(fits(base + "?a=b&bodySHA256=" + hash + "&c"));
    CHECK(fits(base + "?&&bodySHA256=" + hash + "#x"));
    CHECK(fits("https://example.com?bodySHA256=" + hash));
    std::string escaped; // each digit as an escape: 0 to 9 are %30 to %39, a to f %61 to %66
    for (char c : hash) (escaped += c < 'a' ? "%3" : "%6") += c < 'a' ? c : static_cast<char>(c - 'a' + '1');
    CHECK(fits(base + "?bodySHA256=" + escaped));
    CHECK(fits(base + "?bodySHA256=" + escaped.substr(0, 3) + hash.substr(1)));
    CHECK_FALSE(fits(base + "?bodySHA256=" + escaped + "%"));
    CHECK_FALSE(fits(base + "?bodySHA256=" + escaped.substr(0, escaped.size() - 1)));
    CHECK(fits("https://example.com:8443?bodySHA256=" + hash));

    CHECK_FALSE(fits(base));
    CHECK_FALSE(fits(base + "?"));
    CHECK_FALSE(fits(base + "?bodySHA256"));
    CHECK_FALSE(fits(base + "?bodySHA256="));
    CHECK_FALSE(fits(base + "?bodySHA256=" + sha256_of(body + " ")));
    CHECK_FALSE(fits(base + "?bodySHA256=" + hash + "0"));
    CHECK_FALSE(fits(base + "?bodySHA256=" + hash + "+"));
    CHECK_FALSE(fits(base + "?bodySHA256=" + hash + "%00"));
    CHECK_FALSE(fits(base + "?bodySHA256=%G0" + hash.substr(1)));
    CHECK_FALSE(fits(base + "?bodySHA256=+" + hash));
    CHECK_FALSE(fits(base + "?bodysha256=" + hash));
    CHECK_FALSE(fits(base + "?xbodySHA256=" + hash));
    CHECK_FALSE(fits(base + "?x=bodySHA256=" + hash));
    CHECK_FALSE(fits(base + "?x;bodySHA256=" + hash));
    CHECK_FALSE(fits(base + "#bodySHA256=" + hash));
    CHECK_FALSE(fits(base + "#?bodySHA256=" + hash));
    CHECK_FALSE(fits(base + "/bodySHA256=" + hash));
    // The first hash counts, since an attacker could append a second one.
    CHECK_FALSE(fits(base + "?bodySHA256=" + sha256_of("x") + "&bodySHA256=" + hash));
    CHECK(fits(base + "?bodySHA256=" + hash + "&bodySHA256=" + sha256_of("x")));
    for (std::size_t i = 0; i != hash.size(); ++i) {
        CAPTURE(i);
        std::string other = hash;
        other[i] = other[i] == '0' ? '1' : '0';
        CHECK_FALSE(fits(base + "?bodySHA256=" + other));
        CHECK_FALSE(fits(base + "?bodySHA256=" + hash.substr(0, i)));
    }

    hook request = signed_json(body);
    request.body += '\n';
    CHECK(refusal(request) == "invalid_signature bodySHA256");
    request = signed_json(body);
    request.body.clear();
    CHECK(refusal(request) == "invalid_signature bodySHA256");
    CHECK(is_accepted(signed_json("")));

    // The hash alone is not a signature.
    request = signed_json(body);
    request.signature = sign("https://example.com/other");
    CHECK(refusal(request) == "invalid_signature X-Twilio-Signature");

    // Without a body and a type there is nothing to hash. A form's parameters are signed, but a hash in its URL must
    // match, too.
    CHECK(is_accepted({.url = base, .content_type = "", .signature = sign(base)}));
    CHECK_FALSE(is_accepted({.url = base, .content_type = "application/json", .signature = sign(base)}));
    CHECK(refusal(signed_form(good_message, base + "?bodySHA256=" + hash)) == "invalid_signature bodySHA256");
    CHECK(is_accepted(signed_form(good_message, base + "?bodySHA256=" + sha256_of(form(good_message)))));
}

TEST_CASE("rejects a JSON request that is sent again as an empty form")
{
    hook request = signed_json(R"({"a":1})");
    CHECK(is_accepted(request));
    request.content_type = form_type;
    request.body.clear();
    CHECK(refusal(request) == "invalid_signature bodySHA256");
}

TEST_CASE("a GET or HEAD without a body is signed by its URL alone, and a hash in the URL is ignored")
{
    for (char const* method : {"GET", "HEAD"}) {
        CAPTURE(method);
        hook request = signed_get("https://example.com/udm?" + form(good_message) + "&bodySHA256=00");
        request.method = method;
        auto const message = receive(request);
        REQUIRE(message);
        CHECK(message->parameters().find("bodySHA256") == "00");
        request.body = "x";
        CHECK(refusal(request) == "invalid_signature bodySHA256");
    }
}

TEST_CASE("a GET or HEAD with a JSON body is read from the body")
{
    std::string json = "{";
    for (auto const& [name, value] : good_message)
        json += (json.size() == 1 ? "\"" : ",\"") + name + "\":\"" + (name == "Content" ? "{}" : value) + '"';
    json += '}';
    for (char const* method : {"GET", "HEAD"}) {
        CAPTURE(method);
        hook request = signed_json(json);
        request.method = method;
        auto const message = receive(request);
        REQUIRE(message);
        CHECK(message->content() == "{}");
        CHECK(message->sequence_number() == 7);
    }
}

TEST_CASE("rejects every wrong signature, and the failure gives no further details")
{
    hook request = signed_form(good_message);
    std::string const good = request.signature;
    std::string const code = code_of(token, [] {
        std::string text = "https://example.com/udm";
        for (auto const& [name, value] : good_message) text += name + value;
        return text;
    }());
    REQUIRE(base64(code) == good);
    REQUIRE(receive(request));

    auto const refused = [&](std::string const& signature) {
        request.signature = signature;
        auto const message = receive(request);
        return !message && message.error().code() == errc::invalid_signature &&
               message.error().field() == "X-Twilio-Signature" && !message.error().offset() &&
               message.error().to_string().find(good) == std::string::npos &&
               !webhook_verifier(secret(token)).verify(request);
    };
    for (std::size_t bit = 0; bit != 8 * code.size(); ++bit) {
        CAPTURE(bit);
        std::string flipped = code;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        CHECK(refused(base64(flipped)));
    }
    for (std::size_t bit = 0; bit != 8 * good.size(); ++bit) {
        CAPTURE(bit);
        std::string flipped = good;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        CHECK(refused(flipped));
    }
    for (std::size_t size = 0; size != good.size(); ++size) {
        CAPTURE(size);
        CHECK(refused(good.substr(0, size)));
        CHECK(refused(good.substr(good.size() - size)));
        CHECK(refused(base64(code.substr(0, size))) == (size < code.size()));
        CHECK(refused(good.substr(0, size) + '\0' + good.substr(size + 1)));
        CHECK(refused(good.substr(0, size) + '=' + good.substr(size + 1)) == (size + 1 != good.size()));
        CHECK(refused(good.substr(0, size) + "\xC3\xA9" + good.substr(size)));
    }
    for (std::string const& other :
         {good + ' ', ' ' + good, good + '\n', good + "\r\n", good + '=', good + good, good + ", " + good,
          '"' + good + '"', "sha1=" + good, std::string(28, '='), std::string(28, 'A'), std::string(28, '\xFF'),
          std::string(27, 'A') + '=', std::string(1 << 20, 'A'), base64(code + '\0'), base64(code_of("", "")),
          base64(code_of(token, request.url)), base64(code_of(token, request.body))})
        CHECK(refused(other));

    // The unused bits of the last digit must be zero. Otherwise, one code would have four valid signatures.
    std::string last = good;
    for (char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")) {
        last[26] = c;
        CHECK(refused(last) == (last != good));
    }
}

TEST_CASE("an empty token rejects everything, even what was signed with it")
{
    hook request = signed_form(good_message);
    request.signature = sign(request.url, good_message, "");
    CHECK_FALSE(webhook_verifier(secret("")).verify(request));
    CHECK_FALSE(webhook_verifier(secret(""), secret("")).verify(request));
    CHECK_FALSE(webhook_verifier(secret(token), secret("")).verify(request));
    CHECK_FALSE(webhook_verifier(secret(""), secret(token)).verify(request));
    auto const message = webhook_verifier(secret("")).receive(request);
    REQUIRE_FALSE(message);
    CHECK(message.error().code() == errc::invalid_signature);
    CHECK_FALSE(webhook_verifier(secret("")).verify(signed_form(good_message)));
    CHECK_FALSE(webhook_verifier(secret("")).verify({}));
    CHECK_FALSE(webhook_verifier(secret(token)).verify({}));
}

TEST_CASE("accepts both tokens during a rotation, and no other")
{
    webhook_verifier const both(secret("primary"), secret("secondary"));
    hook request = signed_form(good_message, "https://example.com:8443/udm");
    for (std::string const key : {"primary", "secondary"}) {
        request.signature = sign(request.url, good_message, key);
        CHECK(both.verify(request));
        CHECK(both.receive(request));
        request.signature = sign("https://example.com/udm", good_message, key);
        CHECK(both.verify(request));
    }
    for (std::string const key : {"tertiary", "", "primar", "primaryy", "Primary", "primarysecondary", "primary\n"}) {
        CAPTURE(key);
        request.signature = sign(request.url, good_message, key);
        CHECK_FALSE(both.verify(request));
    }
    request.signature = sign(request.url, good_message, "one");
    CHECK(webhook_verifier(secret(""), secret("one")).verify(request));
    CHECK(webhook_verifier(secret("one"), secret("")).verify(request));

    webhook_verifier const copy = both; // NOLINT: a copy must do the same
    request.signature = sign(request.url, good_message, "secondary");
    CHECK(copy.verify(request));
}

TEST_CASE("a token is any bytes of any length")
{
    for (std::size_t size = 1; size <= 130; ++size) {
        CAPTURE(size);
        std::string key;
        for (std::size_t i = 0; i != size; ++i) key += static_cast<char>(i * 151 + 128);
        hook request = signed_form(good_message);
        request.signature = sign(request.url, good_message, key);
        CHECK(is_accepted(request, key));
        key.back() = static_cast<char>(key.back() ^ 0x10);
        CHECK_FALSE(is_accepted(request, key));
    }
    // The token does not end at the first NUL.
    hook request = signed_form(good_message);
    request.signature = sign(request.url, good_message, std::string_view("a\0b", 3));
    CHECK(is_accepted(request, std::string_view("a\0b", 3)));
    CHECK_FALSE(is_accepted(request, std::string_view("a\0c", 3)));
    CHECK_FALSE(is_accepted(request, "a"));
}

TEST_CASE("receives a message from a form, from JSON and from a query")
{
    auto const posted = receive(signed_form(good_message));
    REQUIRE(posted);
    CHECK(is_good(*posted));
    CHECK(posted->parameters().size() == 7);

    // Empty pieces are not parameters.
    hook request = signed_form(good_message);
    request.body = "&&" + request.body + "&&";
    auto const padded = receive(request);
    REQUIRE(padded);
    CHECK(is_good(*padded));
    CHECK(padded->parameters().size() == 7);
    CHECK_FALSE(padded->parameters().find(""));

    auto const json = receive(signed_json(R"( { "SequenceNumber" : 7, "Content":"{\"a\": \"b\u0026c\"}" ,
        "\u0043ontentType":"application\/json", "Sid":"KX00000000000000000000000000000003",
        "CallSid":"CA00000000000000000000000000000002", "AccountSid":"AC00000000000000000000000000000001",
        "Timestamp":"Wed, 18 Dec 2019 20:02:01 +0000" } )"));
    REQUIRE(json);
    CHECK(is_good(*json));
    CHECK(json->parameters().size() == 7);

    auto const got = receive(signed_get("https://example.com/udm?" + form(good_message) + "#fragment&x=y"));
    REQUIRE(got);
    CHECK(is_good(*got));
    CHECK(got->parameters().size() == 7);
}

TEST_CASE("with GET, the callback's own query belongs to the parameters, and a body does not")
{
    std::string const url = "https://u:p@example.com:8443/udm?tenant=7&tenant=6&b=%zz&" + form(good_message);
    auto const message = receive(signed_get(url));
    REQUIRE(message);
    CHECK(is_good(*message));
    CHECK(message->parameters().size() == 10);
    CHECK(message->parameters().find("tenant") == "6");
    CHECK(message->parameters().find("b") == "%zz");

    // With a port that Twilio did not sign.
    hook without = signed_get("https://example.com/?" + form(good_message));
    without.url = "https://example.com:443/?" + form(good_message);
    CHECK(receive(without));

    // A form in the body is signed, but GET takes its parameters from the query.
    hook request = signed_form({{"Content", "other"}}, url);
    request.method = "GET";
    auto const with_body = receive(request);
    REQUIRE(with_body);
    CHECK(is_good(*with_body));
    request.body += "&x=y";
    CHECK(refusal(request) == "invalid_signature X-Twilio-Signature");
    request = signed_get(url);
    request.body = "{}";
    CHECK(refusal(request) == "invalid_signature bodySHA256");

    // A name that also occurs in the callback's own query is ambiguous, and rejected.
    CHECK(refusal(signed_get("https://example.com/?Sid=x&" + form(good_message))) == "malformed_webhook Sid");
    CHECK(refusal(signed_get("https://example.com/" + form(good_message))) == "malformed_webhook Sid");
    CHECK(refusal(signed_get("https://example.com/#?" + form(good_message))) == "malformed_webhook Sid");

    // With POST, the query is not part of the message.
    hook post = signed_form(good_message, "https://example.com/udm?Sid=KX00000000000000000000000000000009&x=y");
    auto const posted = receive(post);
    REQUIRE(posted);
    CHECK(is_good(*posted));
    CHECK_FALSE(posted->parameters().find("x"));
    post = signed_form({}, "https://example.com/udm?" + form(good_message));
    CHECK(refusal(post) == "malformed_webhook Sid");
}

TEST_CASE("keeps unknown parameters readable, in the order of their names")
{
    fields parameters = good_message;
    parameters.insert(parameters.begin(), {"Zebra", "1"});
    parameters.insert(parameters.begin() + 3, {"ApiVersion", "2010-04-01"});
    parameters.insert(parameters.begin() + 5, {"Zebra", "0"});
    parameters.emplace_back("sid", "lower case");
    parameters.emplace_back("", "no name");
    parameters.emplace_back("Zebra", "1");
    parameters.emplace_back("Contents", "");
    parameters.emplace_back(std::string("\0", 1), std::string("N\0L", 3));

    auto const message = receive(signed_form(parameters));
    REQUIRE(message);
    CHECK(is_good(*message));
    fields sorted = parameters;
    std::sort(sorted.begin(), sorted.end());
    REQUIRE(message->parameters().size() == sorted.size());
    for (std::size_t i = 0; i != sorted.size(); ++i) {
        CAPTURE(i);
        CHECK(message->parameters()[i].name == sorted[i].first);
        CHECK(message->parameters()[i].value == sorted[i].second);
    }
    CHECK(message->parameters().find("Zebra") == "0");
    CHECK(message->parameters().find("ApiVersion") == "2010-04-01");
    CHECK(message->parameters().find("sid") == "lower case");
    CHECK(message->parameters().find("") == "no name");
    CHECK(message->parameters().find("Contents") == "");
    CHECK(message->parameters().find(std::string_view("\0", 1)) == std::string_view("N\0L", 3));
    CHECK(message->parameters().find("SequenceNumber") == "7");
    CHECK_FALSE(message->parameters().find("Zebr"));
    CHECK_FALSE(message->parameters().find("Zebraa"));
    CHECK_FALSE(message->parameters().find("zebra"));
}

TEST_CASE("keeps a JSON value that is not a string as written")
{
    auto const message = receive(signed_json(
        R"({"Content":{"a" : [1, "\u00e9"]},"ContentType":"application/json","SequenceNumber":7,"n":null,"f":-1.5e3,)"
        R"("t":true,"s":"\u00e9\ud83d\ude00\"\\\n","e":"","":[],)"
        R"("Sid":"KX00000000000000000000000000000003","CallSid":"CA00000000000000000000000000000002",)"
        R"("AccountSid":"AC00000000000000000000000000000001","Timestamp":"Wed, 18 Dec 2019 20:02:01 +0000"})"));
    REQUIRE(message);
    CHECK(message->content() == R"({"a" : [1, "\u00e9"]})");
    CHECK(message->sequence_number() == 7);
    CHECK(message->parameters().find("n") == "null");
    CHECK(message->parameters().find("f") == "-1.5e3");
    CHECK(message->parameters().find("t") == "true");
    CHECK(message->parameters().find("s") == "\xC3\xA9\xF0\x9F\x98\x80\"\\\n");
    CHECK(message->parameters().find("e") == "");
    CHECK(message->parameters().find("") == "[]");
    CHECK(message->parameters().size() == 13);
}

TEST_CASE("Content may be any bytes, and is kept unchanged")
{
    for (std::string const& content :
         {std::string(), std::string("{"), std::string(" {} "), std::string("a\0b", 3), std::string("\xFF\xC3\x80"),
          std::string("\r\n\t+%&="), std::string(10240, 'x'), std::string(80000, '%'), std::string("null")}) {
        CAPTURE(content.size());
        auto const message = receive(signed_form(message_with("Content", content)));
        REQUIRE(message);
        CHECK(message->content() == content);
    }
    auto const typed = receive(signed_form(message_with("ContentType", "")));
    REQUIRE(typed);
    CHECK(typed->content_type().empty());
}

TEST_CASE("names a required parameter that is missing")
{
    for (auto const& one : good_message) {
        auto const& name = one.first; // clang 14 cannot capture a structured binding
        auto const& value = one.second;
        if (!is_needed(name)) continue;
        CAPTURE(name);
        CHECK(refusal(signed_form(message_with(name, {}))) == "malformed_webhook " + name);
        CHECK(refusal(signed_get("https://example.com/?" + form(message_with(name, {})))) ==
              "malformed_webhook " + name);
        std::string body = "{\"x\":0";
        for (auto const& other : message_with(name, {}))
            if (other.first != "Content") body += ",\"" + other.first + "\":\"" + other.second + '"';
        body += name == "Content" ? "}" : ",\"Content\":\"{}\"}";
        CHECK(refusal(signed_json(body)) == "malformed_webhook " + name);

        // A name in another case, or a longer or shorter name, does not match.
        fields other = message_with(name, {});
        std::string lower = name;
        lower[0] = static_cast<char>(lower[0] | 0x20);
        other.emplace_back(lower, value);
        other.emplace_back(name + ' ', value);
        other.emplace_back(name.substr(1), value);
        if (name != "CallSid" && name != "AccountSid") // their names end in another parameter's name
            CHECK(refusal(signed_form(other)) == "malformed_webhook " + name);
    }
}

TEST_CASE("names a required parameter that occurs twice, even with equal values")
{
    for (auto const& one : good_message) {
        auto const& name = one.first; // clang 14 cannot capture a structured binding
        auto const& value = one.second;
        if (!is_needed(name)) continue;
        CAPTURE(name);
        for (std::string const& second : {value, std::string(), value + '0'}) {
            fields twice = good_message;
            twice.emplace_back(name, second);
            auto const message = receive(signed_form(twice));
            REQUIRE_FALSE(message);
            CHECK(message.error().code() == errc::malformed_webhook);
            CHECK(message.error().field() == name);
            CHECK(message.error().message() == "present twice");
            CHECK(refusal(signed_get("https://example.com/?" + form(twice))) == "malformed_webhook " + name);
        }
    }
    std::string const json =
        R"({"Content":"{}","ContentType":"application/json","SequenceNumber":"7",)"
        R"("Sid":"KX00000000000000000000000000000003","S\u0069d":"KX00000000000000000000000000000003",)"
        R"("CallSid":"CA00000000000000000000000000000002",)"
        R"("AccountSid":"AC00000000000000000000000000000001",)"
        R"("Timestamp":"Wed, 18 Dec 2019 20:02:01 +0000"})";
    CHECK(refusal(signed_json(json)) == "malformed_webhook Sid");
}

TEST_CASE("names a SID of the wrong kind, with the offset of the wrong byte")
{
    for (std::string const name : {"Sid", "CallSid", "AccountSid"}) {
        std::string const good = std::find_if(good_message.begin(), good_message.end(), [&](auto const& one) {
                                     return one.first == name;
                                 })->second;
        auto const wrong_at = [&](std::string const& value) {
            auto const message = receive(signed_form(message_with(name, value)));
            if (message) return -1;
            CHECK(message.error().code() == errc::malformed_webhook);
            CHECK(message.error().field() == name);
            CHECK(message.error().message() == "not a SID of this kind");
            return static_cast<int>(message.error().offset().value_or(999));
        };
        CAPTURE(name);
        CHECK(wrong_at(good) == -1);
        CHECK(wrong_at("") == 0);
        CHECK(wrong_at("ZY00000000000000000000000000000003") == 0);
        CHECK(wrong_at(good.substr(0, 1) + "Q" + good.substr(2)) == 1);
        CHECK(wrong_at(good.substr(0, 33)) == 33);
        CHECK(wrong_at(good + "0") == 34);
        CHECK(wrong_at(good.substr(0, 20) + "g" + good.substr(21)) == 20);
        CHECK(wrong_at(good.substr(0, 33) + std::string(1, '\0')) == 33);
        CHECK(wrong_at(' ' + good) == 0);
    }
}

TEST_CASE("SequenceNumber is a 64-bit number in decimal digits")
{
    auto const read = [](std::string const& digits) {
        auto const message = receive(signed_form(message_with("SequenceNumber", digits)));
        REQUIRE(message);
        return message->sequence_number();
    };
    CHECK(read("0") == 0);
    CHECK(read("1") == 1);
    CHECK(read("9") == 9);
    CHECK(read("007") == 7);
    CHECK(read("4294967296") == 4294967296);
    CHECK(read("9999999999999999999") == 9999999999999999999u);
    CHECK(read("18446744073709551609") == UINT64_MAX - 6);

    for (std::string const& digits :
         {std::string(), std::string("-1"), std::string("+1"), std::string(" 1"), std::string("1 "), std::string("1.0"),
          std::string("1e3"), std::string("0x1"), std::string("12,000"), std::string("1\0", 2),
          std::string("\xD9\xA1"), // a digit, but not an ASCII one
          std::string("18446744073709551616"), std::string("18446744073709551619"), std::string("18446744073709551620"),
          std::string("99999999999999999999"), std::string("184467440737095516150"), std::string(100000, '9')}) {
        CAPTURE(digits.substr(0, 30));
        CHECK(refusal(signed_form(message_with("SequenceNumber", digits))) == "malformed_webhook SequenceNumber");
    }
    CHECK(read(std::string(100000, '0') + '5') == 5);
}

TEST_CASE("SequenceNumber may be the largest 64-bit number")
{
    for (std::uint64_t below = 0; below != 12; ++below) {
        std::uint64_t const number = UINT64_MAX - below;
        CAPTURE(number);
        auto const message = receive(signed_form(message_with("SequenceNumber", std::to_string(number))));
        REQUIRE(message);
        CHECK(message->sequence_number() == number);
    }
}

TEST_CASE("a missing or invalid ContentType or Timestamp does not reject the message")
{
    for (std::string const name : {"ContentType", "Timestamp"}) {
        CAPTURE(name);
        auto const is_empty = [&](sidecall::result<incoming_message> const& message) {
            REQUIRE(message);
            CHECK(message->content() == R"({"a": "b&c"})");
            CHECK(message->sequence_number() == 7);
            return name == "Timestamp" ? !message->timestamp() : message->content_type().empty();
        };
        CHECK(is_empty(receive(signed_form(message_with(name, {})))));
        CHECK(is_empty(receive(signed_form(message_with(name, "")))));
        fields twice = good_message;
        twice.emplace_back(name, "Wed, 18 Dec 2019 20:02:01 +0000"); // occurs twice, so neither value is used
        CHECK(is_empty(receive(signed_form(twice))));
    }
}

TEST_CASE("rejects a message outside the replay window, and one without a readable time")
{
    webhook_verifier const verifier{secret(token)};
    hook const request = signed_form(good_message);
    std::int64_t const sent = 1576699321000;
    auto const received = [&](std::int64_t now, std::int64_t length, hook const& from) {
        auto const message = verifier.receive(
            from, {.unix_time = sidecall::milliseconds(now), .length = sidecall::milliseconds(length)});
        if (message) return std::string("received");
        CHECK(message.error().code() == errc::invalid_signature);
        CHECK(message.error().message() == "outside the replay window, or unreadable");
        return std::string(message.error().field());
    };
    struct row {
        std::int64_t now, length;
        bool good;
    };
    for (auto const& [now, length, good] :
         {row{sent, 1, true}, row{sent + 300'000, 300'000, true}, row{sent + 300'001, 300'000, false},
          row{sent - 300'000, 300'000, true},                   // a clock that is behind Twilio's
          row{sent - 300'001, 300'000, false}, row{0, 0, true}, // the check is off
          row{sent + 1, 0, true}, row{sent + 1, -1, true}, row{INT64_MAX, 300'000, false},
          row{INT64_MIN, 300'000, false}, row{INT64_MIN, INT64_MAX, false}, row{0, INT64_MAX, true}}) {
        std::int64_t const shown = now, wide = length; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        CAPTURE(wide);
        CHECK(received(now, length, request) == (good ? "received" : "Timestamp"));
    }
    for (auto const& without : {message_with("Timestamp", {}), message_with("Timestamp", "2019-12-18T20:02:01Z")}) {
        CHECK(received(sent, 300'000, signed_form(without)) == "Timestamp");
        CHECK(received(sent, 0, signed_form(without)) == "received");
    }
    char memory[1024];
    CHECK_FALSE(verifier.receive(request, memory, {.length = sidecall::milliseconds(1)}));
    CHECK(verifier.receive(request, memory,
                           {.unix_time = sidecall::milliseconds(sent), .length = sidecall::milliseconds(1)}));
}

TEST_CASE("gives the parameters of any signed webhook, whether it is a message or not")
{
    webhook_verifier const verifier{secret(token)};
    fields const ended = {{"AccountSid", "AC00000000000000000000000000000001"},
                          {"CallSid", "CA00000000000000000000000000000002"},
                          {"CallStatus", "completed"}};
    std::string const json = R"({"CallStatus":"completed","n":1})";
    for (hook const& request :
         {signed_form(ended), signed_json(json), signed_get("https://example.com/udm?" + form(ended))}) {
        auto const parameters = verifier.parameters(request);
        REQUIRE(parameters);
        CHECK(parameters->find("CallStatus") == "completed");
        CHECK_FALSE(parameters->find("Sid"));
        CHECK((*parameters)[parameters->size()].name.empty());
        char memory[512];
        auto const in_place = verifier.parameters(request, memory);
        REQUIRE(in_place);
        CHECK(in_place->size() == parameters->size());
        auto const message = incoming_message::parse(*parameters);
        REQUIRE_FALSE(message);
        CHECK(message.error().code() == errc::malformed_webhook);
        hook forged = request;
        forged.signature[0] = forged.signature[0] == 'A' ? 'B' : 'A';
        CHECK_FALSE(verifier.parameters(forged));
    }
    auto parameters = verifier.parameters(signed_form(good_message));
    REQUIRE(parameters);
    auto const message = incoming_message::parse(*std::move(parameters));
    REQUIRE(message);
    CHECK(is_good(*message));
}

TEST_CASE("accepts a signature with and without the user name and password")
{
    for (std::string const scheme : {"http", "https"})
        for (std::string const info : {"hook:pw@", "hook@", ":@", "us%40er:p%3Aw@"})
            for (std::string const host : {"example.com", "[2001:db8::1]"})
                for (std::string const port : {"", ":8443", ":443", ":80"}) {
                    std::string const url = scheme + "://" + info + host + port + "/udm?a=b@c:1";
                    std::string const usual = scheme == "http" ? ":80" : ":443";
                    CAPTURE(url);
                    auto const signed_as = [&](std::string const& signed_url) {
                        hook request = signed_form(good_message, url);
                        request.signature = sign(signed_url, good_message);
                        return is_accepted(request);
                    };
                    for (std::string const& kept : {info, std::string()}) {
                        std::string const begin = scheme + "://" + kept + host;
                        CHECK(signed_as(begin + port + "/udm?a=b@c:1"));
                        CHECK(signed_as(begin + (port.empty() ? usual : "") + "/udm?a=b@c:1"));
                        CHECK_FALSE(signed_as(begin + ":9/udm?a=b@c:1"));
                        CHECK_FALSE(signed_as(begin + port + "/udm"));
                    }
                    CHECK_FALSE(signed_as(scheme + "://other:pw@" + host + port + "/udm?a=b@c:1"));
                    CHECK_FALSE(signed_as(scheme + "://" + info + "example.org" + port + "/udm?a=b@c:1"));
                }
}

TEST_CASE("the failure of a wrong signature says what was compared")
{
    auto const message_for = [](hook request) {
        request.signature[0] = request.signature[0] == 'A' ? 'B' : 'A';
        return webhook_verifier(secret(token)).verify(request).error().to_string();
    };
    CHECK(message_for(signed_form(good_message)) ==
          "invalid_signature: X-Twilio-Signature: the signature does not match this "
          "URL, these parameters and this token");
    CHECK(message_for(signed_json("{}")) ==
          "invalid_signature: X-Twilio-Signature: the signature does not match this URL and this token");
}

TEST_CASE("memory use is bounded by the body before the signature is verified, and the needed size is exact")
{
    webhook_verifier const verifier{secret(token)};
    auto const needed = [&](hook const& request) { // reported for a buffer that is too small
        char none[1];
        auto const message = verifier.parameters(request, sidecall::storage(none, 0));
        REQUIRE_FALSE(message);
        return message.error().field() == "storage" ? message.error().offset().value_or(0) : 0;
    };
    auto const unsigned_form = [](std::string body) { return hook{.signature = sign("x"), .body = std::move(body)}; };
    CHECK(needed(unsigned_form("")) == 16);
    CHECK(needed(unsigned_form("a=b")) == 3 + 16 + 16);
    CHECK(needed(unsigned_form("&&a=b&&c&")) == 9 + 2 * 16 + 16);
    CHECK(needed(unsigned_form(std::string(100'000, '&'))) == 100'000 + 16);

    std::string many;
    for (int i = 0; i != 1024; ++i) many += "a&";
    CHECK(needed(unsigned_form(many)) == many.size() + 1024 * 16 + 16);
    CHECK(refusal(unsigned_form(many + "a")) == "malformed_webhook");
    CHECK(refusal(unsigned_form(std::string(webhook_verifier::max_size, '&'))) ==
          "invalid_signature X-Twilio-Signature");
    CHECK(refusal(unsigned_form(std::string(webhook_verifier::max_size + 1, '&'))) == "malformed_webhook");

    // A comma within a value does not separate members.
    std::string const json = R"({"Content":"[)" + std::string(10'000, ',') + R"(]","b":[1,2,3],"c":{"d":1,"e":2}})";
    CHECK(needed(signed_json(json)) == json.size() + 3 * 16 + 16);
    std::string memory(json.size() + 3 * 16 + 16, '\0');
    CHECK(verifier.parameters(signed_json(json), memory).has_value());
    std::string members = "{";
    for (int i = 0; i != 1025; ++i) members += (i == 0 ? "\"a\":" : ",\"a\":") + std::to_string(i);
    CHECK(refusal(signed_json(members + "}")) == "malformed_webhook");
}

TEST_CASE("Timestamp is an RFC 2822 date with its offset")
{
    auto const summer = receive(signed_form(message_with("Timestamp", "Wed, 18 Dec 2019 22:32:01 +0230")));
    REQUIRE(summer);
    CHECK(summer->timestamp() == sidecall::date_time{1576699321, 150});
    for (std::string const wrong :
         {"", "0", "1576699321", "2019-12-18T20:02:01Z", "Thu, 18 Dec 2019 20:02:01 +0000", "Wed, 18 Dec 2019 20:02:01",
          "Wed, 31 Nov 2019 20:02:01 +0000", "Wed, 18 Dec 2019 20:02:01 +0000 x"}) {
        CAPTURE(wrong);
        auto const message = receive(signed_form(message_with("Timestamp", wrong)));
        REQUIRE(message);
        CHECK_FALSE(message->timestamp());
        CHECK(message->parameters().find("Timestamp") == wrong);
    }
}

TEST_CASE("a signed body that is neither a form nor an object is malformed as a whole")
{
    for (std::string const body : {"", "[]", "\"x\"", "null", "{", "{}{}", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
                                   "{'a':1}", "{\"a\":\"\xFF\"}", "{\"a\":\"\\ud800\"}", "\xEF\xBB\xBF{}", "a=b"}) {
        CAPTURE(body);
        CHECK(refusal(signed_json(body)) == "malformed_webhook");
    }
    CHECK(refusal(signed_json("{}")) == "malformed_webhook Sid");
    CHECK(refusal(signed_form({})) == "malformed_webhook Sid");
    CHECK(refusal({.content_type = "", .signature = sign("https://example.com/udm")}) == "malformed_webhook");
}

TEST_CASE("an unsigned message gets no detail about what is wrong with it")
{
    fields const broken = {{"Sid", "x"}};
    hook request = signed_form(broken);
    request.signature[3] = request.signature[3] == 'A' ? 'B' : 'A';
    CHECK(refusal(request) == "invalid_signature X-Twilio-Signature");
    request.signature.clear();
    CHECK(refusal(request) == "invalid_signature X-Twilio-Signature");
    request = signed_get("https://example.com/");
    request.signature = sign("https://example.com/other");
    CHECK(refusal(request) == "invalid_signature X-Twilio-Signature");
}

TEST_CASE("handles large hostile bodies of every kind")
{
    std::size_t const size = 250'000;
    std::string equal_names;
    std::string equal_prefixes;
    std::string short_names;
    for (std::size_t i = 0; equal_names.size() < size; ++i)
        equal_names += "a=" + std::to_string(i * 48271 % 65537) + '&';
    std::string const prefix(1000, 'p');
    for (std::size_t i = 0; equal_prefixes.size() < size; ++i)
        equal_prefixes += prefix + std::to_string(i * 48271 % 65537) + '&';
    for (std::size_t i = 0; short_names.size() < size; ++i) short_names += std::to_string(size - i) + '&';
    std::string same;
    while (same.size() < size) same += "Sid=&";

    for (std::string const& body :
         {std::string(size, '&'), std::string(size, '='), std::string(size, '%'), std::string(size, '+'),
          std::string(size, 'a'), std::string(size, '\0'), std::string(size, ','), std::string(size, '{'),
          std::string(size, '['), "{\"a\":" + std::string(size, '['), "{\"a\":\"" + std::string(size, '\\'),
          equal_names, equal_prefixes, short_names, same}) {
        CAPTURE(body.substr(0, 10));
        // Unsigned, it is rejected. Signed, it is parsed and then found not to be a message.
        CHECK_FALSE(is_accepted({.signature = sign("https://example.com/"), .body = body}));
        CHECK(refusal(signed_json(body)) == "malformed_webhook");
        bool const is_flood = body == equal_names || body == short_names || body == same;
        CHECK(refusal(signed_get("https://example.com/?" + body)) ==
              (is_flood ? "malformed_webhook" : "malformed_webhook Sid"));
    }
    CHECK(refusal(signed_form({{"Sid", std::string(size, 'x')}})) == "malformed_webhook CallSid");

    // A valid message among the largest allowed number of parameters.
    std::string others;
    for (int i = 0; i != 1017; ++i) others += "a=" + std::to_string(i * 48271 % 65537) + '&';
    auto const found = receive(signed_get("https://example.com/?" + others + form(good_message)));
    REQUIRE(found);
    CHECK(is_good(*found));
}

TEST_CASE("rejects a body or URL that is too long before reading it")
{
    // The bytes are never read, so they need not exist.
    std::string_view const endless("x", std::size_t{1} << 31);
    webhook_verifier const verifier{secret(token)};
    webhook_request long_body{.signature = "x", .body = endless};
    webhook_request long_url{.url = endless, .signature = "x"};
    for (auto const& request : {long_body, long_url}) {
        auto const message = verifier.receive(request);
        REQUIRE_FALSE(message);
        CHECK(message.error().code() == errc::malformed_webhook);
        CHECK_FALSE(verifier.verify(request));
    }
    constexpr std::size_t most = webhook_verifier::max_size;
    for (std::size_t const size : {most, most + 1})
        for (auto const& request :
             {webhook_request{.body = {"x", size}}, webhook_request{.url = std::string_view("x", size)}}) {
            auto const why = verifier.verify(request).error();
            CHECK(why.code() == (size == most ? errc::invalid_signature : errc::malformed_webhook));
            CHECK(why.message() == (size == most ? "there is no signature" : "longer than 256 KiB"));
        }
}

TEST_CASE("views of a message stay valid when it is moved, and a copy has its own")
{
    auto received = receive(signed_form(good_message));
    REQUIRE(received);
    std::string_view const content = received->content();
    auto const parameter = received->parameters()[std::size_t{0}];

    incoming_message moved = std::move(*received);
    CHECK(moved.content().data() == content.data());
    CHECK(content == R"({"a": "b&c"})");
    CHECK(parameter.name == "AccountSid");

    incoming_message const copy = moved;
    CHECK(copy.content().data() != content.data());
    incoming_message again = std::move(moved);
    CHECK(again.content().data() == content.data());
    CHECK(is_good(again));

    again = *receive(signed_form(message_with("Content", "other")));
    CHECK(again.content() == "other");
    CHECK(is_good(copy));

    // It does not refer to the request.
    std::optional<incoming_message> kept;
    {
        hook request = signed_form(good_message);
        kept.emplace(*receive(request));
        for (std::string* text : {&request.body, &request.url, &request.signature, &request.content_type})
            std::fill(text->begin(), text->end(), '!');
    }
    CHECK(is_good(*kept));
}

TEST_CASE("a moved-from message and a parameter beyond the last one have empty texts")
{
    auto received = receive(signed_form(good_message));
    REQUIRE(received);
    std::size_t const count = received->parameters().size();
    CHECK(received->parameters()[count].name.empty());
    CHECK(received->parameters()[count].value.empty());
    incoming_message const moved = std::move(*received);
    CHECK(is_good(moved));
    CHECK(received->content().empty());
    CHECK(received->content_type().empty());
    CHECK(received->parameters()[std::size_t{0}].name.empty());
    CHECK(!received->parameters().find("Content"));
}

TEST_CASE("rejects a request whose body and type were removed, since the URL still has the hash")
{
    auto signed_body = signed_json("{}");
    REQUIRE(is_accepted(signed_body));
    for (std::string_view type : {"", "text/plain", "application/json"}) {
        signed_body.content_type = type;
        signed_body.body = "";
        CHECK_FALSE(is_accepted(signed_body));
    }
}

TEST_CASE("with GET or HEAD and without a body, the type is ignored")
{
    auto query = signed_get("https://example.com/?" + form(good_message));
    query.content_type = "application/json";
    CHECK(receive(query));
    query.method = "HEAD";
    CHECK(receive(query));
    query.body = "{}";
    CHECK_FALSE(receive(query));
    query.method = "GET";
    CHECK_FALSE(receive(query));
}

TEST_CASE("only the port of an authority can be left out")
{
    for (std::string_view url : {"/udm?u=http://x:80/", "mailto:a?u=http://x:80/", "#://x:80/", "?://x:80/"}) {
        std::string without(url);
        without.erase(without.find(":80"), 3);
        webhook_verifier const verifier{secret(token)};
        std::string const right = sign(std::string(url));
        std::string const other = sign(without);
        CHECK(verifier.verify({.url = url, .signature = right}));
        CHECK_FALSE(verifier.verify({.url = url, .signature = other}));
    }
}

TEST_CASE("leaves out only the port of an authority, also in unusual URLs")
{
    struct row {
        std::string_view url;
        std::string_view other;
        bool is_port;
    };
    for (auto const& [url, other, is_port] : {
             row{"example.com/pa:1/x", "example.com/pa/x", false},
             row{"http:///x:1/y", "http:///x/y", false},
             row{"https://user:@h/x", "https://user:@h:443/x", true},
             row{"https://user:@h:8443/x", "https://user:@h/x", true},
             row{"http://:1/x", "http:///x", true},
             row{"http://u@:1/x", "http://u@/x", true},
             row{"://h:1/x", "://h/x", true},
         }) {
        auto const shown = url; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        std::string const signature = sign(other);
        CHECK(webhook_verifier(secret(token)).verify({.url = url, .signature = signature}).has_value() == is_port);
    }
}

TEST_CASE("a URL may consist of a body hash alone")
{
    CHECK(is_accepted(signed_json("{}", "application/json", "?")));
}

TEST_CASE("names a repeated parameter before a missing one if its name sorts first")
{
    fields twice = message_with("AccountSid", {});
    twice.emplace_back("Sid", "KX00000000000000000000000000000003");
    twice.emplace_back("Unknown", "");
    CHECK(refusal(signed_form(twice)) == "malformed_webhook Sid");
}

TEST_CASE("a verifier stores nothing that reveals its token")
{
    std::string const long_lived = "0123456789abcdef0123456789abcdef";
    webhook_verifier const verifier{secret(long_lived)};
    std::string const bytes(reinterpret_cast<char const*>(&verifier), sizeof verifier);
    for (int mask : {0x00, 0x36, 0x5C}) {
        std::string masked = long_lived.substr(0, 8);
        for (char& c : masked) c = static_cast<char>(c ^ mask);
        CHECK(bytes.find(masked) == std::string::npos);
    }
}

} // namespace webhook_test
