// Compares our digests, authentication codes and signatures with OpenSSL's. In a separate file, since only this test
// needs OpenSSL.

#include <sidecall/detail/crypto/hmac.hpp>
#include <sidecall/detail/crypto/sha1.hpp>
#include <sidecall/detail/crypto/sha256.hpp>
#include <sidecall/webhook.hpp>

#include <array>
#include <cstddef>
#include <map>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <doctest/doctest.h>

namespace digest_openssl_test {

namespace {

using namespace sidecall::detail;

template <class Hash>
typename Hash::value openssl_digest(std::string_view text, EVP_MD const* kind)
{
    typename Hash::value value{};
    unsigned size = 0;
    REQUIRE(EVP_Digest(text.data(), text.size(), value.data(), &size, kind, nullptr) == 1);
    REQUIRE(size == value.size());
    return value;
}

sha1::value openssl_hmac(std::string_view key, std::string_view text)
{
    sha1::value value{};
    unsigned size = 0;
    REQUIRE(HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()),
                 reinterpret_cast<unsigned char const*>(text.data()), text.size(), value.data(), &size) != nullptr);
    REQUIRE(size == value.size());
    return value;
}

std::string openssl_base64(sha1::value const& bytes)
{
    unsigned char text[64];
    int const size = EVP_EncodeBlock(text, bytes.data(), static_cast<int>(bytes.size()));
    return std::string(reinterpret_cast<char const*>(text), static_cast<std::size_t>(size));
}

std::string some_bytes(std::size_t size, unsigned seed)
{
    std::minstd_rand random(seed);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random() >> 8 & 0xFF);
    return text;
}

template <class Hash>
void compare(EVP_MD const* kind)
{
    for (std::size_t size = 0; size <= 300; ++size) {
        CAPTURE(size);
        std::string const text = some_bytes(size, static_cast<unsigned>(size) + 1);
        auto const expected = openssl_digest<Hash>(text, kind);
        for (std::size_t split = 0; split <= size; ++split) {
            CAPTURE(split);
            Hash hash;
            hash.update(std::string_view(text).substr(0, split));
            hash.update(std::string_view(text).substr(split));
            REQUIRE(hash.finish() == expected);
        }
        Hash hash;
        for (char const& byte : text) hash.update({&byte, 1});
        REQUIRE(hash.finish() == expected);
    }
    // The last text has 2^24 bits, so that its length uses a fourth byte.
    for (std::size_t size : {4095u, 4096u, 65536u + 55, 65536u + 56, 1048576u + 63, 2097152u + 1}) {
        std::string const text = some_bytes(size, 7);
        Hash hash;
        hash.update(text);
        CHECK(hash.finish() == openssl_digest<Hash>(text, kind));
    }
}

} // namespace

TEST_CASE("SHA-1 agrees with OpenSSL for all lengths, wherever the text is split")
{
    compare<sha1>(EVP_sha1());
}

TEST_CASE("SHA-256 agrees with OpenSSL for all lengths, wherever the text is split")
{
    compare<sha256>(EVP_sha256());
}

TEST_CASE("HMAC-SHA1 agrees with OpenSSL for keys and texts of all lengths")
{
    for (std::size_t key_size = 0; key_size <= 200; ++key_size) {
        std::string const key = some_bytes(key_size, 11);
        hmac_sha1 const ours(key);
        for (std::size_t size : {0u, 1u, 20u, 55u, 56u, 63u, 64u, 65u, 128u, 300u}) {
            CAPTURE(key_size);
            CAPTURE(size);
            std::string const text = some_bytes(size, 13);
            REQUIRE(ours.code([&](auto put) { put(text); }) == openssl_hmac(key, text));
        }
    }
    hmac_sha1 const ours("a token");
    for (std::size_t size = 0; size <= 300; ++size) {
        std::string const text = some_bytes(size, 17);
        REQUIRE(ours.code([&](auto put) { put(text); }) == openssl_hmac("a token", text));
    }
}

TEST_CASE("accepts signatures that OpenSSL computed over sorted sets of random parameters")
{
    std::minstd_rand random(2024);
    auto const below = [&random](unsigned limit) { return static_cast<unsigned>(random() >> 8) % limit; };
    std::string const alphabet("aAbZ09&=+%;/ \"{}~\0\x7F\x80\xC3\xFF\r\n", 24);
    auto const word = [&] {
        std::string text;
        for (unsigned left = below(6); left != 0; --left) text += alphabet[below(24)];
        return text;
    };
    auto const encoded = [&](std::string_view text) {
        std::string out;
        for (char c : text) {
            bool const plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            if (c == ' ' && below(2) == 0) {
                out += '+';
            } else if (plain && below(4) != 0) {
                out += c;
            } else {
                std::string_view const digits = below(2) == 0 ? "0123456789abcdef" : "0123456789ABCDEF";
                out += '%';
                out += digits[static_cast<unsigned char>(c) >> 4];
                out += digits[static_cast<unsigned char>(c) & 15];
            }
        }
        return out;
    };

    for (int round = 0; round != 2000; ++round) {
        std::string const token = "token" + std::to_string(below(1000));
        std::string const url = below(2) == 0 ? "https://example.com/udm?b=2&a=1" : "http://[::1]:8080/";
        std::map<std::string, std::set<std::string>> sorted;
        std::string body;
        for (unsigned left = below(8); left != 0; --left) {
            std::string const name = word();
            std::string const value = word();
            sorted[name].insert(value);
            if (!body.empty()) body += '&';
            body += encoded(name) + '=' + encoded(value);
        }
        std::string text = url;
        for (auto const& [name, values] : sorted)
            for (auto const& value : values) text += name + value;

        sidecall::webhook_verifier const verifier{sidecall::secret(token)};
        std::string const signature = openssl_base64(openssl_hmac(token, text));
        sidecall::webhook_request request{.method = "POST",
                                          .url = url,
                                          .content_type = "application/x-www-form-urlencoded",
                                          .signature = signature,
                                          .body = body};
        CAPTURE(body);
        REQUIRE(verifier.verify(request));
        std::string const longer = body + "&x=1";
        request.body = longer;
        REQUIRE_FALSE(verifier.verify(request));
    }
}

} // namespace digest_openssl_test
