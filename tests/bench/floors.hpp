#pragma once

/// Lower bounds: the least that any implementation of a work must do. See the table in `tests/bench/run --help`.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

// OpenSSL's low-level digests are its fastest, and deprecated: define OPENSSL_SUPPRESS_DEPRECATED.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "inputs.hpp"

namespace bench::floors {

/// A copy of bytes in one allocation.
class block {
public:
    explicit block(std::string_view bytes) : data_(static_cast<char*>(std::malloc(bytes.size())))
    {
        std::memcpy(data_, bytes.data(), bytes.size());
    }
    block(block&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
    ~block() { std::free(data_); }

private:
    char* data_;
};

/// Zero for a character that is allowed in a URI, and a class for every other byte, as in a parser's table.
inline constexpr auto classes = [] {
    std::array<unsigned char, 256> table{};
    for (std::size_t c = 0; c != table.size(); ++c)
        table[c] = c <= 0x20 ? 1 : c >= 0x7F ? 2 : c == '"' || c == '<' ? 4 : 0;
    return table;
}();

/// One table look-up per byte. Not inlined, and aligned, because the address of such a short loop decides half of its
/// time.
[[gnu::noinline, gnu::aligned(64)]] inline unsigned table_pass(std::string_view text)
{
    unsigned seen = 0;
    for (char c : text) seen |= classes[static_cast<unsigned char>(c)];
    return seen;
}

/// Whether `text` is ASCII, eight bytes at a time. Aligned for the same reason.
[[gnu::noinline, gnu::aligned(64)]] inline bool ascii_pass(std::string_view text)
{
    constexpr std::uint64_t high = 0x8080808080808080;
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + at, 8);
        if (word & high) return false;
    }
    for (; at != text.size(); ++at)
        if (text[at] & 0x80) return false;
    return true;
}

struct built {
    block wire;
    unsigned seen;
};

inline built build(build_input const& in)
{
    return {block(in.wire), table_pass(in.callback) | table_pass(in.key)};
}

/// The positions of the members, so that the floor does not have to find them.
struct parse_places {
    explicit parse_places(parse_input const& in)
        : body(in.body), account(value_of("account_sid")), call(value_of("call_sid")), sid(value_of("sid")),
          uri(value_of("uri")), uri_size(in.uri.size())
    {
    }

    std::size_t value_of(char const* name) const
    {
        std::size_t const at = body.find(std::string("\"") + name + "\":");
        return body.find('"', at + std::strlen(name) + 3) + 1;
    }

    std::string_view body;
    std::size_t account;
    std::size_t call;
    std::size_t sid;
    std::size_t uri;
    std::size_t uri_size;
};

struct parsed {
    std::array<char, 34> account;
    std::array<char, 34> call;
    std::array<char, 34> sid;
    std::int64_t date;
    bool is_ascii;
    block uri;
};

inline parsed parse(parse_places const& in)
{
    parsed made{{}, {}, {}, 0, ascii_pass(in.body), block(in.body.substr(in.uri, in.uri_size))};
    std::memcpy(made.account.data(), in.body.data() + in.account, made.account.size());
    std::memcpy(made.call.data(), in.body.data() + in.call, made.call.size());
    std::memcpy(made.sid.data(), in.body.data() + in.sid, made.sid.size());
    return made;
}

using sha1_value = std::array<unsigned char, SHA_DIGEST_LENGTH>;
using sha256_value = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

inline sha1_value sha1(std::string_view bytes)
{
    sha1_value value;
    SHA_CTX context;
    SHA1_Init(&context);
    SHA1_Update(&context, bytes.data(), bytes.size());
    SHA1_Final(value.data(), &context);
    return value;
}

inline sha256_value sha256(std::string_view bytes)
{
    sha256_value value;
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes.data(), bytes.size());
    SHA256_Final(value.data(), &context);
    return value;
}

struct received {
    block form;
    sha1_value hash;
};

inline received webhook(webhook_input const& in)
{
    return {block(in.body), sha1(in.signed_text)};
}

/// One call of HMAC, which includes hashing the key.
inline sha1_value webhook_hmac(webhook_input const& in)
{
    sha1_value code;
    unsigned size = 0;
    HMAC(EVP_sha1(), in.token.data(), static_cast<int>(in.token.size()),
         reinterpret_cast<unsigned char const*>(in.signed_text.data()), in.signed_text.size(), code.data(), &size);
    return code;
}

struct http1_read {
    std::size_t lines;
    std::string_view copy;
};

/// Finds the ends of the lines of the head, and copies the header fields and the body.
inline http1_read http1(std::string_view message)
{
    static char memory[4096];
    char const* at = message.data();
    char const* const end = at + message.size();
    std::size_t lines = 0;
    while (auto const* line_end = static_cast<char const*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)))) {
        bool const is_last = line_end - at == 1; // only the CR
        at = line_end + 1;
        if (is_last) break;
        ++lines;
    }
    std::memcpy(memory, message.data(), message.size());
    return {lines, {memory, message.size()}};
}

inline std::array<char, 93> base64(std::string_view bytes)
{
    std::array<char, 93> out;
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<unsigned char const*>(bytes.data()),
                    static_cast<int>(bytes.size()));
    return out;
}

} // namespace bench::floors
