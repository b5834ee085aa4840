// Compile-time checks of what the tables do not cover.

#include "../unit/lasting.hpp"
#include "cases.hpp"

#include <array>

namespace constant {

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;

// Digests (examples of FIPS 180-4), HMAC (examples of RFC 2202), base64, and functions that move pointers through
// blocks.

template <std::size_t N>
constexpr bool is_hex(detail::array<unsigned char, N> const& bytes, std::string_view wanted)
{
    if (wanted.size() != 2 * N) return false;
    for (std::size_t i = 0; i != 2 * N; ++i)
        if (detail::hex_value(wanted[i]) != (i % 2 == 0 ? bytes[i / 2] >> 4 : bytes[i / 2] & 15)) return false;
    return true;
}

/// In two pieces, with every split.
template <class Hash>
constexpr bool hashes(std::string_view text, std::string_view wanted)
{
    for (std::size_t cut = 0; cut <= text.size(); cut += 19) {
        Hash hash;
        hash.update(text.substr(0, cut));
        hash.update(text.substr(cut));
        if (!is_hex(hash.finish(), wanted)) return false;
    }
    return true;
}
constexpr std::string_view two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
CASE("sha1: abc", hashes<detail::sha1>("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"));
CASE("sha1: padding of two blocks", hashes<detail::sha1>(two_blocks, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"));
CASE("sha256: abc", hashes<detail::sha256>("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
CASE("sha256: padding of two blocks",
     hashes<detail::sha256>(two_blocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));

constexpr bool hmac(std::string_view key, std::string_view text, std::string_view wanted)
{
    return is_hex(detail::hmac_sha1(key).code([&](auto put) { put(text); }), wanted);
}
constexpr std::string_view long_key = "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                      "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                      "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                      "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                      "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa";
CASE("hmac: RFC 2202, case 2",
     hmac("Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
CASE("hmac: RFC 2202, case 6", hmac(long_key, "Test Using Larger Than Block-Size Key - Hash Key First",
                                    "aa4ae5e15272d00e95705637ce8a3b55ed402112"));

/// Encodes and decodes every length up to 20, with every split, and rejects other spellings.
template <std::size_t N>
constexpr bool base64_of()
{
    std::array<char, N> bytes{};
    for (std::size_t i = 0; i != N; ++i) bytes[i] = static_cast<char>(i * 83 + N);
    for (std::size_t cut = 0; cut <= N; ++cut) {
        char text[detail::base64_size(N) + 1]{};
        char const* const end = detail::base64_encode({bytes.data(), cut}, {bytes.data() + cut, N - cut}, text);
        std::string_view const written(text, static_cast<std::size_t>(end - text));
        detail::array<unsigned char, N> read{};
        if (written.size() != detail::base64_size(N) || !detail::base64_decode(written, read)) return false;
        for (std::size_t i = 0; i != N; ++i)
            if (static_cast<char>(read[i]) != bytes[i]) return false;
        if (detail::base64_decode(written.substr(1), read)) return false;
    }
    return true;
}
CASE("base64: round trip", base64_of<1>() && base64_of<2>() && base64_of<3>() && base64_of<4>() && base64_of<17>() &&
                               base64_of<18>() && base64_of<19>() && base64_of<20>());

// Forms and texts.

constexpr bool decodes(std::string_view text, std::string_view wanted)
{
    std::size_t at = 0;
    for (char c : wanted)
        if (at == text.size() || detail::decode_next_byte(text, at) != c) return false;
    return at == text.size();
}
CASE("decode: escapes at the end", decodes("a%2", "a%2") && decodes("%", "%") && decodes("%41%4a%zz", "AJ%zz"));

constexpr bool reads_form(std::string_view form, std::initializer_list<webhook_parameter> wanted)
{
    detail::buffer room(detail::parameters::required_size(form, detail::parameters::count_form(form)));
    auto const read = detail::parameters::from_form(form, std::move(room));
    std::size_t at = 0;
    for (auto const& one : wanted) {
        if (read.name(at) != one.name || read.value(at) != one.value) return false;
        if (read.name(read.find(one.name)) != one.name) return false;
        ++at;
    }
    return at == read.size() && read.find("none of them") == at;
}
CASE("form: sorted", reads_form("b=2&a=1&&c&=x&a=0&+%2B=%26%",
                                {{"", "x"}, {" +", "&%"}, {"a", "0"}, {"a", "1"}, {"b", "2"}, {"c", ""}}));
CASE("form: many, by heapsort", reads_form("q=&p=&o=&n=&m=&l=&k=&j=&i=&h=&g=&f=&e=&d=&c=&b=&a=&a=", {{"a", ""},
                                                                                                     {"a", ""},
                                                                                                     {"b", ""},
                                                                                                     {"c", ""},
                                                                                                     {"d", ""},
                                                                                                     {"e", ""},
                                                                                                     {"f", ""},
                                                                                                     {"g", ""},
                                                                                                     {"h", ""},
                                                                                                     {"i", ""},
                                                                                                     {"j", ""},
                                                                                                     {"k", ""},
                                                                                                     {"l", ""},
                                                                                                     {"m", ""},
                                                                                                     {"n", ""},
                                                                                                     {"o", ""},
                                                                                                     {"p", ""},
                                                                                                     {"q", ""}}));

CASE("utf8: truncated anywhere", [] {
    constexpr std::string_view text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
    constexpr std::size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (std::size_t size = 0; size != text.size(); ++size) {
        auto const found = detail::find_invalid_utf8(text.substr(0, size));
        if (found != (whole[size] == size ? text.npos : whole[size])) return false;
    }
    return detail::find_invalid_utf8(text) == text.npos;
}());

constexpr bool decimal(std::string_view text, std::uint64_t most, std::optional<std::uint64_t> wanted)
{
    std::uint64_t number = 0;
    return detail::parse_decimal(text, most, number) == wanted.has_value() && (!wanted || number == *wanted);
}
CASE("decimal: limits", decimal("18446744073709551615", UINT64_MAX, UINT64_MAX) &&
                            decimal("18446744073709551616", UINT64_MAX, {}) &&
                            decimal("184467440737095516150", UINT64_MAX, {}) && decimal("", 9, {}) &&
                            decimal("0010", 10, 10) && decimal("11", 10, {}) && decimal("-1", 10, {}));

// Other arguments: endpoints, keys, contents, methods.

constexpr bool goes_to(result<endpoint> const& made, std::string_view origin)
{
    return made && made->origin() == origin;
}
constexpr bool refuses(result<endpoint> const& made, std::string_view field, std::size_t offset)
{
    return !made && made.error().code() == errc::invalid_argument && made.error().field() == field &&
           made.error().offset() == offset;
}
CASE("endpoint: regions", goes_to(endpoint::region("ie1"), "https://api.ie1.twilio.com") &&
                              goes_to(endpoint::edge("dublin"), "https://api.dublin.us1.twilio.com") &&
                              refuses(endpoint::region(""), "region", 0) &&
                              refuses(endpoint::edge("dublin", "i.e"), "region", 1));
CASE("endpoint: another server", goes_to(endpoint::parse("http://[0:0::1]:8080/"), "http://[0:0::1]:8080") &&
                                     goes_to(endpoint::parse("https://h:443"), "https://h") &&
                                     goes_to(endpoint::parse("https://h:1"), "https://h:1") &&
                                     refuses(endpoint::parse("http://h"), "endpoint", 0) &&
                                     refuses(endpoint::parse("https://h/x"), "endpoint", 10) &&
                                     refuses(endpoint::parse("https://u@h"), "endpoint", 8));
CASE("endpoint: a product", lasting(endpoint().with_product("acme/2"))->user_agent().substr(0, 9) == "sidecall/" &&
                                refuses(endpoint().with_product("a  b"), "User-Agent", 2));

CASE("idempotency key", lasting(idempotency_key_view::parse("k\xC3\xA9"))->view() == "k\xC3\xA9" &&
                            idempotency_key_view::parse("k\xC3").error().offset() == 1u &&
                            idempotency_key_view::parse("").error().field() == "IdempotencyKey");
CASE("idempotency key: from a generator", [] {
    struct counter {
        static constexpr unsigned(min)() { return 0; }
        static constexpr unsigned(max)() { return 255; }
        constexpr unsigned operator()() { return at++ % 256; }
        unsigned at = 0xF8;
    } numbers;
    return lasting(idempotency_key::random(numbers)).view() == "f8f9fafb-fcfd-4eff-8001-020304050607";
}());

CASE("message content", message_content_view::parse("{\"a\":[1,\"\\ud83d\\ude00\"]}") &&
                            message_content_view::parse("[1,]").error().offset() == 3u &&
                            message_content_view::parse("").error().offset() == 0u);
CASE("method", parse_http_method("DELETE").value() == http_method::delete_ && !parse_http_method("delete"));

// A request with its credential in a buffer of exactly the needed size. One byte less is rejected, and a write beyond
// the end would not be a constant expression.

CASE("date: an unknown month", !detail::parse_rfc2822("Wed, 18 Dez 2019 20:02:01 +0000"));
CASE("date: NULs for a month", !detail::parse_rfc2822({"Wed, 18 \0\0\0 2019 20:02:01 +0000", 31}));
struct fetch_root {
    static constexpr auto request_method = http_method::get;

    template <class Request>
    constexpr void write(Request& request) const
    {
        request.path("/");
    }
};
CASE("request: host and port to connect to", [] {
    auto const connects_to = [](std::string_view url, std::string_view hostname, unsigned port) {
        auto const request = make_request(fetch_root(), *endpoint::parse(url));
        return request->hostname() == hostname && request->port() == port;
    };
    return connects_to("https://h", "h", 443) && connects_to("https://h:1", "h", 1) &&
           connects_to("http://[::1]", "::1", 80) && connects_to("http://[::1]:65535", "::1", 65535);
}());
struct every_part {
    std::string_view text;
    bool in_order = true;

    static constexpr auto request_method = http_method::post;
    static constexpr std::string_view product = "voice";

    template <class Request>
    constexpr void write(Request& request) const
    {
        if (!in_order) request.header("If-Match", "\"1\"").field("f", text);
        request.path("/v1/").segment(account).path("/").segment(text, "Sid");
        request.query("a b", -12).query(text, std::optional<bool>(true)).query("none", std::optional<int>());
        if (in_order) request.field("f", text).header("If-Match", "\"1\"");
    }
};
struct json_part {
    std::string_view uri;
    std::string_view json;

    static constexpr auto request_method = http_method::put;

    template <class Request>
    constexpr void write(Request& request) const
    {
        request.uri(uri).query("q", 1).json_body(json).header("Accept", "text/csv");
    }
};
CASE("writer: every part, in any order", [] {
    auto const request = *make_request(every_part{"a/b?"});
    return request.url() == "https://voice.twilio.com/v1/AC00000000000000000000000000000001/a%2Fb%3F"
                            "?a+b=-12&a%2Fb%3F=true" &&
           request.body() == "f=a%2Fb%3F" && request.headers().begin() != request.headers().end() &&
           (*request.headers().begin()).value == "\"1\"" && request == *make_request(every_part{"a/b?", false});
}());
CASE("writer: a segment that climbs", [] {
    auto const failed = make_request(every_part{".."});
    return failed.error().field() == "Sid" && failed.error().offset() == 0u;
}());
CASE("writer: a URI and JSON", [] {
    auto const request = *make_request(json_part{"/a?b=c", "[1]"});
    return request.target() == "/a?b=c&q=1" && request.body() == "[1]" &&
           (*request.headers().begin()).value == "text/csv";
}());
CASE("writer: a URI of another host, and no JSON", [] {
    auto const host = make_request(json_part{"//evil.example", "[1]"});
    auto const json = make_request(json_part{"/a", "[1"});
    return host.error().field() == "uri" && json.error().field() == "json_body" && json.error().offset() == 2u;
}());
CASE("writer: a storage of exactly the needed size", [] {
    every_part const operation{"+++"};
    auto const who = credentials::auth_token(account, secret("token"));
    auto const refusal = authorize(operation, who, endpoint::twilio(), storage(nullptr, 0));
    std::size_t const size = refusal.error().offset().value();
    char* const memory = new char[size];
    bool ok = !authorize(operation, who, endpoint::twilio(), storage(memory, size - 1));
    {
        auto const made = authorize(operation, who, endpoint::twilio(), storage(memory, size));
        ok = ok && made && made->body() == "f=%2B%2B%2B";
    }
    delete[] memory;
    return ok;
}());
CASE("authorize: a storage of exactly the needed size", [] {
    delete_user_defined_message_subscription_view const operation{
        account, call, "ZY00000000000000000000000000000003"_subscription_sid};
    auto const who = credentials::auth_token(account, secret("token"));
    auto const refusal = authorize(operation, who, endpoint::twilio(), storage(nullptr, 0));
    std::size_t const size = refusal.error().offset().value();
    char* const memory = new char[size];
    bool ok = !authorize(operation, who, endpoint::twilio(), storage(memory, size - 1));
    {
        auto const made = authorize(operation, who, endpoint::twilio(), storage(memory, size));
        auto const copy = authorize(operation.request(), who);
        ok = ok && made && made->url() == copy.url() && made->headers().text() == copy.headers().text();
        for (auto const& field : made->headers())
            if (field.name == "Authorization")
                ok = ok && field.value == "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTp0b2tlbg==";
    }
    for (std::size_t i = size - 60; i != size - 2; ++i) ok = ok && memory[i] == '\0'; // the credential is wiped
    delete[] memory;
    return ok;
}());
CASE("credentials: a bearer token",
     lasting(credentials::bearer(secret("a-b.c~d+e/f==")))->authorization().reveal() == "Bearer a-b.c~d+e/f==" &&
         credentials::bearer(secret("a b")).error().offset() == 1u &&
         credentials::bearer(secret("=")).error().offset() == 0u);
CASE("secret: a long one on the heap", [] {
    std::string_view const text = "0123456789012345678901234567890123456789012345678901234567890123456789"
                                  "0123456789012345678901234567890123456789012345678901234567890123456789";
    secret first(text);
    secret second(std::move(first));
    return second.reveal() == text && first.empty();
}());

// The sequencer. A leak or a dangling pointer would not be a constant expression.

CASE("sequencer", [] {
    constexpr std::string_view bodies[] = {
        "{\"Sid\":\"KX00000000000000000000000000000000\",\"SequenceNumber\":0,", // the rest is the same
        "{\"Sid\":\"KX00000000000000000000000000000002\",\"SequenceNumber\":2,",
        "{\"Sid\":\"KX00000000000000000000000000000001\",\"SequenceNumber\":1,",
        "{\"Sid\":\"KX00000000000000000000000000000002\",\"SequenceNumber\":2,",
        "{\"Sid\":\"KX00000000000000000000000000000005\",\"SequenceNumber\":5,",
    };
    constexpr std::string_view rest = "\"CallSid\":\"CA00000000000000000000000000000002\",\"AccountSid\":"
                                      "\"AC00000000000000000000000000000001\",\"Content\":\"{}\",\"ContentType\":\"\","
                                      "\"Timestamp\":\"Wed, 18 Dec 2019 20:02:01 +0000\"}";
    webhook_verifier const verifies{secret("t")};
    message_sequencer sequencer({.first = 0, .max_waiting = 2, .max_remembered = 2});
    std::uint64_t order = 0; // the numbers as decimal digits
    std::uint64_t missing = 0;
    auto const hand_out = [&](sequenced_message&& one) {
        order = 10 * order + one.message.sequence_number() + 1;
        missing += one.missing;
    };
    for (auto const body : bodies) {
        detail::inline_text<300> text;
        text.append(body);
        text.append(rest);
        detail::inline_text<200> url;
        url.append("https://h?bodySHA256=");
        detail::sha256 hash;
        hash.update(text.view());
        for (unsigned char const byte : hash.finish())
            for (int const digit : {byte >> 4, byte & 15})
                url.append(std::string_view("0123456789abcdef").substr(static_cast<std::size_t>(digit), 1));
        auto const code = detail::hmac_sha1("t").code([&](auto put) { put(url.view()); });
        std::array<char, detail::sha1::size> bytes{};
        for (std::size_t i = 0; i != bytes.size(); ++i) bytes[i] = static_cast<char>(code[i]);
        char signature[detail::base64_size(detail::sha1::size)]{};
        detail::base64_encode({bytes.data(), bytes.size()}, {}, signature);
        auto arrived = verifies.receive({.url = url.view(),
                                         .content_type = "application/json",
                                         .signature = {signature, sizeof signature},
                                         .body = text.view()});
        if (!arrived) return false;
        sequencer.accept(*std::move(arrived), hand_out);
    }
    if (order != 123 || sequencer.waiting() != 1) return false;
    sequencer.give_up(hand_out);
    return order == 1236 && missing == 2 && sequencer.waiting() == 0;
}());

} // namespace constant
