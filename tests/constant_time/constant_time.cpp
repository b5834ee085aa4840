// Shows that no branch and no index depends on a secret. The program marks the token as undefined memory. valgrind's
// memcheck tracks undefined bytes through all computations and reports each jump or address that depends on one. Only
// the final result may be marked as defined again. tests/tools/constant_time.py runs this program.
//
//     constant_time ours       HMAC, comparison, verifier and base64: memcheck must report nothing
//     constant_time verify     verify(), whose verdict is a branch: the number of reports must not depend on where a
//                              signature differs
//     constant_time memcmp     an ordinary comparison: must be reported
//     constant_time branch     a loop that stops at the first difference: must be reported
//     constant_time index      a table look-up by a secret byte: must be reported

#include <sidecall/credentials.hpp>
#include <sidecall/detail/crypto/hmac.hpp>
#include <sidecall/webhook.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <valgrind/memcheck.h>

namespace {

using sidecall::detail::hmac_sha1;
using code = hmac_sha1::value;

constexpr std::string_view url = "https://example.com/udm";

void check(bool condition, char const* what)
{
    if (condition) return;
    std::fprintf(stderr, "constant_time: %s\n", what);
    std::exit(3);
}

/// Marks the bytes as undefined.
template <class Bytes>
void hide(Bytes& bytes)
{
    static_cast<void>(VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size()));
}

/// Marks the verdict as defined, since it is public.
template <class T>
T const& publish(T const& value)
{
    static_cast<void>(VALGRIND_MAKE_MEM_DEFINED(&value, sizeof value));
    return value;
}

/// Whether all bits depend on hidden bytes. Otherwise, a test of them would show nothing.
bool is_hidden(code const& bytes)
{
    code hidden_bits{};
    if (VALGRIND_GET_VBITS(bytes.data(), hidden_bits.data(), bytes.size()) != 1) return false;
    for (unsigned char bits : hidden_bits)
        if (bits == 0) return false;
    return true;
}

code code_of_url(hmac_sha1 const& key)
{
    return key.code([](auto put) {
        put(url.substr(0, 8));
        put(url.substr(8));
    });
}

std::string token_of(std::size_t size)
{
    std::string token(size, '\0');
    for (std::size_t i = 0; i != size; ++i) token[i] = static_cast<char>('!' + i % 90);
    return token;
}

/// A secret code and a received one: equal, or different in one bit.
struct codes {
    explicit codes(std::size_t flipped_bit)
    {
        std::string token = token_of(32);
        given = code_of_url(hmac_sha1(token));
        if (flipped_bit != 8 * given.size())
            given[flipped_bit / 8] = static_cast<unsigned char>(given[flipped_bit / 8] ^ 1u << flipped_bit % 8);
        hide(token);
        right = code_of_url(hmac_sha1(token));
        check(is_hidden(right), "the code does not depend on the token");
    }
    code right{};
    code given{};
};

void keys_and_codes()
{
    // Sizes around one block, and several blocks.
    for (std::size_t size : {1u, 20u, 32u, 55u, 63u, 64u, 65u, 100u, 200u}) {
        std::string token = token_of(size);
        code const expected = code_of_url(hmac_sha1(token));
        hide(token);
        code const found = code_of_url(hmac_sha1(token));
        check(is_hidden(found), "the code does not depend on the token");
        check(publish(found) == expected, "a different code under valgrind");
    }
}

void comparison()
{
    std::size_t const bits = 8 * code{}.size();
    for (std::size_t bit = 0; bit <= bits; ++bit) {
        codes const c(bit);
        bool const same = sidecall::detail::equal_in_constant_time(c.right, c.given);
        check(publish(same) == (bit == bits), "a wrong verdict");
    }
    codes c(3);
    hide(c.given); // the received code is not leaked either
    bool const same = sidecall::detail::equal_in_constant_time(c.right, c.given);
    check(!publish(same), "a wrong verdict");
}

/// Encodes a credential as in the header field: a public user name and a secret token.
void base64()
{
    for (std::size_t size : {0u, 1u, 2u, 3u, 31u, 32u, 33u, 100u}) {
        std::string token = token_of(size);
        auto const encode = [&token] {
            std::string text(sidecall::detail::base64_size(5 + token.size()), '\0');
            sidecall::detail::base64_encode("user:", token, text.data());
            return text;
        };
        std::string const expected = encode();
        hide(token);
        std::string found = encode();
        static_cast<void>(VALGRIND_MAKE_MEM_DEFINED(found.data(), found.size()));
        check(found == expected, "a different text under valgrind");
    }
}

/// Moves a `secret` into a verifier, and destroys both.
void verifier()
{
    std::string token = token_of(32);
    code const right = code_of_url(hmac_sha1(token));
    std::string signature(sidecall::detail::base64_size(right.size()), '\0');
    sidecall::detail::base64_encode({reinterpret_cast<char const*>(right.data()), right.size()}, {}, signature.data());

    hide(token);
    {
        sidecall::secret first{std::string_view(token)};
        sidecall::secret const second = std::move(first);
        sidecall::webhook_verifier const of_one(second);
        sidecall::webhook_verifier const of_two(sidecall::secret("another"), second);
        sidecall::webhook_verifier const copy = of_two;
        // The result of `verify` is the public verdict, and callers may branch on it. So publish the keys first.
        for (auto const* one : {&of_one, &of_two, &copy}) {
            publish(*one);
            check(one->verify({.method = "GET", .url = url, .signature = signature}).has_value(), "a wrong verdict");
        }
    }
}

/// The verdict is tested once for each spelling of the URL, and memcheck counts those tests. A comparison that stopped
/// at the first difference would be counted more often for a later difference.
void verify()
{
    std::string token = token_of(32);
    code const right = code_of_url(hmac_sha1(token));
    hide(token);
    sidecall::webhook_verifier const verifier{sidecall::secret(std::string_view(token))};
    unsigned counted[3]{};
    for (std::size_t i = 0; i != 3; ++i) {
        code given = right;
        given[std::array<std::size_t, 3>{0, 10, 19}[i]] ^= 1;
        std::string signature(sidecall::detail::base64_size(given.size()), '\0');
        sidecall::detail::base64_encode({reinterpret_cast<char const*>(given.data()), given.size()}, {},
                                        signature.data());
        auto const before = VALGRIND_COUNT_ERRORS;
        bool const accepted = verifier.verify({.method = "GET", .url = url, .signature = signature}).has_value();
        counted[i] = VALGRIND_COUNT_ERRORS - before;
        check(!accepted, "a wrong verdict");
    }
    std::fprintf(stderr, "verdicts looked at: %u, %u, %u\n", counted[0], counted[1], counted[2]);
    check(counted[0] == 2 && counted[1] == 2 && counted[2] == 2, "not exactly one test for each of the two spellings");
}

void control_memcmp()
{
    // Through a pointer, since a compiler that sees the length may emit a comparison without a branch.
    int (*const volatile compare)(void const*, void const*, std::size_t) = std::memcmp;
    codes const c(100);
    int const difference = compare(c.right.data(), c.given.data(), c.right.size());
    check(publish(difference) != 0, "a wrong verdict");
}

void control_branch()
{
    codes const c(100);
    std::size_t equal = 0;
    while (equal != c.right.size() && c.right[equal] == c.given[equal]) ++equal;
    check(publish(equal) == 100 / 8, "a wrong verdict");
}

void control_index()
{
    codes const c(100);
    static unsigned char volatile table[256];
    unsigned char const found = table[c.right[0]];
    check(publish(found) == 0, "a wrong verdict");
}

} // namespace

int main(int argc, char** argv)
{
    std::string_view const mode = argc == 2 ? argv[1] : "";
    check(RUNNING_ON_VALGRIND != 0, "must run under valgrind");
    if (mode == "ours") {
        keys_and_codes();
        base64();
        comparison();
        verifier();
    } else if (mode == "verify") {
        verify();
    } else if (mode == "memcmp") {
        control_memcmp();
    } else if (mode == "branch") {
        control_branch();
    } else if (mode == "index") {
        control_index();
    } else {
        check(false, "'ours', 'verify', 'memcmp', 'branch' or 'index'?");
    }
}
