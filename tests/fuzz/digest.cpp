// SHA-1, SHA-256, HMAC and base64 agree with OpenSSL, however the text is split.

#include "fuzz.hpp"
#include "other_hashes.hpp"

#include <algorithm>

#include <sidecall/detail/crypto/hmac.hpp>
#include <sidecall/detail/crypto/sha256.hpp>
#include <sidecall/detail/memory/array.hpp>
#include <sidecall/detail/text/base64.hpp>

using fuzz::require;
using namespace sidecall::detail;

namespace {

template <std::size_t N>
std::string text_of(array<unsigned char, N> const& bytes)
{
    return {bytes.begin(), bytes.end()};
}

/// Calls `put` with the pieces of a text. Each byte of `sizes` is the size of one piece.
template <class Put>
void cut_up(std::string_view text, fuzz::pieces sizes, Put put)
{
    while (!text.empty()) {
        std::size_t const size = std::min<std::size_t>(sizes.empty() ? text.size() : sizes.byte(), text.size());
        put(text.substr(0, size));
        text.remove_prefix(size);
    }
}

template <class Hash>
std::string in_pieces(std::string_view text, fuzz::pieces sizes)
{
    Hash hash;
    cut_up(text, sizes, [&](std::string_view piece) {
        hash.update(piece);
        Hash const copy = hash; // a partial hash can be copied
        hash = copy;
    });
    return text_of(hash.finish());
}

template <std::size_t N>
void try_decode(std::string_view text)
{
    array<unsigned char, N> bytes{};
    bool const read = base64_decode(text, bytes);
    if (read) require(fuzz::other_base64(text_of(bytes)) == text, "decoded base64 is encoded to the same text");
    for (std::size_t i = 0; i != N; ++i) bytes[i] = i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    std::string const written = fuzz::other_base64(text_of(bytes));
    array<unsigned char, N> again{};
    require(base64_decode(written, again) && again == bytes, "base64 of OpenSSL is decoded to the same bytes");
    require(equal_in_constant_time(again, bytes), "equal codes compare equal");
    std::string wrong = written;
    wrong.back() = '-';
    require(!base64_decode(wrong, again), "a character outside the alphabet is rejected");
    if (N % 3 != 0) { // the last digit has unused bits
        std::string_view const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        wrong = written;
        char& last = wrong[wrong.find('=') - 1];
        last = letters[letters.find(last) + 1];
        require(!base64_decode(wrong, again), "unused bits that are not zero are rejected");
    }
    require(base64_decode(written, again) && again == bytes, "a failed decoding does not affect the next one");
    if (text.empty()) return;
    again[static_cast<unsigned char>(text[0]) % N] ^= static_cast<unsigned char>(1 << text.size() % 8);
    require(!equal_in_constant_time(again, bytes), "codes that differ in one bit compare unequal");
}

} // namespace

FUZZ_TARGET(digest)
{
    fuzz::pieces bytes(input);
    unsigned const repeat = bytes.byte() % 8;
    std::string_view const sizes = bytes.line();
    std::string text(bytes.rest());
    for (unsigned i = 0; i != repeat && text.size() < 2'000; ++i) text += text + "."; // several blocks, and other sizes
    fuzz::pieces const cuts(sizes);

    require(in_pieces<sha1>(text, cuts) == fuzz::other_sha1(text), "SHA-1 agrees with OpenSSL");
    require(in_pieces<sha256>(text, cuts) == fuzz::other_sha256(text), "SHA-256 agrees with OpenSSL");
    hmac_sha1 const hmac(sizes);
    auto const code = hmac.code([&](auto put) { cut_up(text, cuts, put); });
    require(text_of(code) == fuzz::other_hmac_sha1(sizes, text), "HMAC agrees with OpenSSL");
    require(text_of(hmac_sha1(text).code([&](auto put) { put(sizes); })) == fuzz::other_hmac_sha1(text, sizes),
            "HMAC with a long key agrees with OpenSSL");

    sha1::state portable = sha1::initial, chosen = sha1::initial;
    sha1_portable(portable, text.data(), text.size() / 64);
    sha1_compress(chosen, text.data(), text.size() / 64);
    require(portable == chosen, "SHA-1 by instructions agrees with the portable one");
    sha256::state portable256 = sha256::initial, chosen256 = sha256::initial;
    sha256_portable(portable256, text.data(), text.size() / 64);
    sha256_compress(chosen256, text.data(), text.size() / 64);
    require(portable256 == chosen256, "SHA-256 by instructions agrees with the portable one");

    std::string const wanted = fuzz::other_base64(text);
    std::size_t const middle = text.empty() ? 0 : (repeat + sizes.size()) % (text.size() + 1);
    std::string written(base64_size(text.size()), '\0');
    std::string_view const whole = text;
    char* const end = base64_encode(whole.substr(0, middle), whole.substr(middle), written.data());
    require(end == written.data() + written.size() && written == wanted, "base64 agrees with OpenSSL");
    try_decode<20>(input.substr(0, 28));
    try_decode<32>(input.substr(0, 44));
    try_decode<3>(input.substr(0, 4));
    try_decode<4>(input.substr(0, 8));
}
