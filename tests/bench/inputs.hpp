#pragma once

/// The inputs of each work: the documented example first, then 511 varied ones, the same in every run. A loop over one
/// input trains the branch predictor and favours code with many branches, so varied inputs are measured too. No code of
/// sidecall produces them, so that a fault in the library cannot get into its own inputs.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <sidecall/version.hpp>

namespace bench {

inline constexpr std::size_t input_count = 512;

/// SplitMix64, because the distributions of <random> differ between standard libraries.
class random_source {
public:
    explicit random_source(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next()
    {
        std::uint64_t word = state_ += 0x9E3779B97F4A7C15;
        word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9;
        word = (word ^ word >> 27) * 0x94D049BB133111EB;
        return word ^ word >> 31;
    }
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(next() % limit); }
    std::string text(std::size_t size, std::string_view alphabet)
    {
        std::string made(size, ' ');
        for (char& c : made) c = alphabet[below(alphabet.size())];
        return made;
    }
    std::string hex(std::size_t size) { return text(size, "0123456789abcdef"); }
    std::string sid(std::string_view prefix) { return std::string(prefix) + hex(32); }

private:
    std::uint64_t state_;
};

inline constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz";
inline constexpr std::string_view token_letters = "abcdefghijklmnopqrstuvwxyz0123456789-_";

inline std::string form_encode(std::string_view text)
{
    std::string made;
    for (char c : text) {
        auto const byte = static_cast<unsigned char>(c);
        bool const raw = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                         std::string_view("-._~").find(c) != std::string_view::npos;
        if (raw)
            made += c;
        else if (c == ' ')
            made += '+';
        else
            made.append({'%', "0123456789ABCDEF"[byte >> 4], "0123456789ABCDEF"[byte & 15]});
    }
    return made;
}

inline std::string base64(std::string_view bytes)
{
    std::string made((bytes.size() + 2) / 3 * 4 + 1, '\0'); // OpenSSL writes a terminating zero
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(made.data()), reinterpret_cast<unsigned char const*>(bytes.data()),
                    static_cast<int>(bytes.size()));
    made.pop_back();
    return made;
}

inline std::array<unsigned char, 20> hmac_sha1(std::string_view key, std::string_view text)
{
    std::array<unsigned char, 20> code{};
    unsigned size = 0;
    HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), reinterpret_cast<unsigned char const*>(text.data()),
         text.size(), code.data(), &size);
    return code;
}

/// A valid RFC 2822 date of 31 characters.
inline std::string date(random_source& random)
{
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    constexpr std::string_view days = "SunMonTueWedThuFriSat";
    constexpr std::size_t offsets[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4}; // Sakamoto's day of the week
    std::size_t const year = 2019 + random.below(8), month = random.below(12), day = 10 + random.below(19);
    std::size_t const y = month < 2 ? year - 1 : year;
    std::size_t const weekday = (y + y / 4 - y / 100 + y / 400 + offsets[month] + day) % 7;
    char text[64];
    std::snprintf(text, sizeof text, "%.3s, %02u %.3s %u %02u:%02u:%02u +0000", days.data() + 3 * weekday,
                  static_cast<unsigned>(day), months.data() + 3 * month, static_cast<unsigned>(year),
                  static_cast<unsigned>(random.below(24)), static_cast<unsigned>(random.below(60)),
                  static_cast<unsigned>(random.below(60)));
    return text;
}

/// By how many bytes the input at `index` differs in length from the documented one, at most `most`. Zero for the first
/// two, and on average over all inputs.
inline int swing(std::size_t index, int most)
{
    if (index < 2) return 0;
    auto const size = static_cast<int>(random_source(index / 2).below(static_cast<std::size_t>(2 * most + 1))) - most;
    return index % 2 == 0 ? size : -size;
}

struct build_input {
    std::string account;
    std::string call;
    std::string callback;
    std::string key;
    std::string token;
    std::string wire; ///< The expected request as HTTP/1.1, written without the library.
};

inline std::string wire_of(build_input const& in)
{
    std::string const body = "Callback=" + form_encode(in.callback) + "&IdempotencyKey=" + in.key + "&Method=POST";
    return "POST /2010-04-01/Accounts/" + in.account + "/Calls/" + in.call +
           "/UserDefinedMessageSubscriptions.json HTTP/1.1\r\nHost: api.twilio.com\r\nAccept: application/json\r\n"
           "Accept-Charset: utf-8\r\nContent-Type: application/x-www-form-urlencoded\r\n"
           "User-Agent: sidecall/" +
           std::string(sidecall::version) + "\r\nAuthorization: Basic " + base64(in.account + ":" + in.token) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline std::vector<build_input> build_inputs()
{
    random_source random(1);
    std::vector<build_input> made;
    for (std::size_t i = 0; i != input_count; ++i) {
        build_input in;
        in.account = random.sid("AC");
        in.call = random.sid("CA");
        in.token = random.hex(32);
        in.key =
            random.hex(8) + "-" + random.hex(4) + "-4" + random.hex(3) + "-a" + random.hex(3) + "-" + random.hex(12);
        if (i == 0) {
            in.callback =
                "https://hooks.voice.example.com/user-defined-messages?session=2f9d41c87ab04e5f9c63d17e8b05a2c4-eu";
        } else {
            // A host of two to four labels, a path and a query; sometimes a port, an escape or a fragment. The last
            // value pads the URL to its length.
            std::string& url = in.callback = "https://";
            for (std::size_t labels = 1 + random.below(3); labels != 0; --labels)
                url += random.text(2 + random.below(9), lower) + ".";
            url += random.below(2) == 0 ? "com" : "example";
            if (random.below(4) == 0) url += ":8443";
            for (std::size_t pieces = random.below(2); pieces != 0; --pieces) url += "/" + random.text(4, lower);
            url += "/" + random.text(1 + random.below(9), token_letters) + (random.below(8) == 0 ? "%7E" : "") + "?";
            if (random.below(4) == 0) url += random.text(2, lower) + "=" + random.text(4, token_letters) + "&";
            url += random.text(1, lower) + "=";
            std::string const fragment = random.below(8) == 0 ? "#rc=2" : "";
            auto const size = static_cast<std::size_t>(97 + swing(i, 12));
            url += random.text(size - url.size() - fragment.size(), token_letters) + fragment;
        }
        in.wire = wire_of(in);
        made.push_back(std::move(in));
    }
    return made;
}

struct parse_input {
    std::string body; ///< With spare capacity for simdjson's padding.
    std::string account;
    std::string call;
    std::string sid;
    std::string date;
    std::string uri;
};

inline constexpr std::size_t padding = 64;

inline std::vector<parse_input> parse_inputs()
{
    random_source random(2);
    std::vector<parse_input> made;
    for (std::size_t i = 0; i != input_count; ++i) {
        parse_input in;
        in.account = random.sid("AC");
        in.call = random.sid("CA");
        in.sid = random.sid("ZY");
        in.date = i == 0 ? "Wed, 18 Dec 2019 20:02:01 +0000" : date(random);
        bool const is_spaced = i % 4 == 2,
                   is_short = i % 4 == 3; // five bytes longer and five bytes shorter than the others
        in.uri = "/2010-04-01/Accounts/" + in.account + "/Calls/" + in.call + "/UserDefinedMessageSubscriptions/" +
                 in.sid + (is_short ? "" : ".json");
        std::array<std::pair<std::string_view, std::string const*>, 5> members{{{"account_sid", &in.account},
                                                                                {"call_sid", &in.call},
                                                                                {"sid", &in.sid},
                                                                                {"date_created", &in.date},
                                                                                {"uri", &in.uri}}};
        if (i % 2 == 1) // the other half is in the documented order
            for (std::size_t k = members.size(); k > 1; --k) std::swap(members[k - 1], members[random.below(k)]);
        in.body.reserve(512 + padding);
        for (auto const& [name, value] : members)
            in.body.append(in.body.empty() ? "{\"" : ",\"")
                .append(name)
                .append(is_spaced ? "\": \"" : "\":\"")
                .append(*value) += '"';
        in.body += '}';
        made.push_back(std::move(in));
    }
    return made;
}

struct webhook_input {
    std::string url;
    std::string token;
    std::string body;
    std::string signed_text;
    std::string signature;
    std::string content;
};

inline constexpr std::string_view form_type = "application/x-www-form-urlencoded";

/// The text that Twilio signs for a form: the URL, then the parameters sorted by name, each pair once.
inline std::string signed_text(std::string_view url, std::set<std::pair<std::string, std::string>> const& parameters)
{
    std::string made(url);
    for (auto const& [name, value] : parameters) made.append(name).append(value);
    return made;
}

inline std::string signature_of(std::string_view token, std::string_view text)
{
    auto const code = hmac_sha1(token, text);
    return base64({reinterpret_cast<char const*>(code.data()), code.size()});
}

inline std::vector<webhook_input> webhook_inputs()
{
    random_source random(3);
    std::string const token = random.hex(32); // a verifier has one token and many requests
    std::vector<webhook_input> made;
    for (std::size_t i = 0; i != input_count; ++i) {
        webhook_input in;
        in.url = "https://hooks.voice.example.com/user-defined-messages?session=" + random.hex(30) + "-live";
        in.token = token;
        std::string const number = std::to_string(random.below(10));
        std::vector<std::pair<std::string, std::string>> parameters{
            {"Sid", random.sid("KX")},
            {"CallSid", random.sid("CA")},
            {"AccountSid", random.sid("AC")},
            {"Content", ""},
            {"ContentType", "application/json"},
            {"SequenceNumber", number},
            {"Timestamp", i == 0 ? "Wed, 18 Dec 2019 20:02:01 +0000" : date(random)}};
        if (i % 2 == 1)
            for (std::size_t k = parameters.size(); k > 1; --k)
                std::swap(parameters[k - 1], parameters[random.below(k)]);
        auto const form = [&] {
            std::string text;
            for (auto const& [name, value] : parameters)
                text.append(text.empty() ? "" : "&").append(name).append("=").append(form_encode(value));
            return text;
        };
        auto const content =
            std::find_if(parameters.begin(), parameters.end(), [](auto const& one) { return one.first == "Content"; });
        auto const size = static_cast<std::size_t>(556 + swing(i, 60));
        for (std::size_t member = 0;; ++member) {
            std::string& json = content->second;
            json.append(member == 0 ? "{\"" : ",\"").append(random.text(3, lower)).append("\":\"");
            std::size_t const used = form().size() + 6; // the closing quote and brace
            std::size_t const rest = size > used ? size - used : 0;
            json += random.text(rest < 60 ? rest : 10, token_letters);
            json += '"';
            if (rest < 60) break;
        }
        content->second += '}';
        in.body = form();
        in.content = content->second;
        in.signed_text = signed_text(in.url, {parameters.begin(), parameters.end()});
        in.signature = signature_of(token, in.signed_text);
        made.push_back(std::move(in));
    }
    return made;
}

/// A response with ten header fields and a body, as HTTP/1.1.
struct http1_input {
    std::string message;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
};

inline std::vector<http1_input> http1_inputs()
{
    random_source random(5);
    std::vector<http1_input> made;
    for (std::size_t i = 0; i != input_count; ++i) {
        http1_input in;
        in.body = "{\"content\":\"" + random.text(static_cast<std::size_t>(386 + swing(i, 60)), token_letters) + "\"}";
        in.fields = {{"Content-Type", "application/json"},
                     {"Content-Length", std::to_string(in.body.size())},
                     {"Connection", "keep-alive"},
                     {"Date", i == 0 ? "Wed, 18 Dec 2019 20:02:01 GMT" : date(random).substr(0, 26) + "GMT"},
                     {"Twilio-Concurrent-Requests", std::to_string(1 + random.below(99))},
                     {"Twilio-Request-Id", "RQ" + random.hex(32)},
                     {"Twilio-Request-Duration", "0.0" + std::to_string(10 + random.below(90))},
                     {"X-API-Domain", "api.twilio.com"},
                     {"Strict-Transport-Security", "max-age=31536000"},
                     {"Vary", "Accept-Encoding"}};
        if (i % 2 == 1) // the other half is in the order above
            for (std::size_t k = in.fields.size(); k > 1; --k) std::swap(in.fields[k - 1], in.fields[random.below(k)]);
        in.message = "HTTP/1.1 201 Created\r\n";
        for (auto const& [name, value] : in.fields) in.message += name + ": " + value + "\r\n";
        in.message += "\r\n" + in.body;
        made.push_back(std::move(in));
    }
    return made;
}

inline std::vector<std::string> digest_inputs(std::size_t size, std::size_t count)
{
    random_source random(4);
    std::vector<std::string> made(count);
    for (auto& bytes : made) {
        bytes.resize(size);
        for (char& c : bytes) c = static_cast<char>(random.next() & 0xFF);
    }
    return made;
}

} // namespace bench
