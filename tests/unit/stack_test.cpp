// Tests what the library leaves of a secret on the stack. Must be built with optimisation: without it, the compiler
// puts every intermediate value into a stack slot that the source code cannot reach.

#include "secrecy.hpp"

#include <sidecall/sidecall.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <pthread.h>

#include <doctest/doctest.h>

namespace {

using namespace sidecall::literals;
using sidecall::secret;
using sidecall::detail::sha1;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;

/// The stack of the test threads. Its bytes stay readable after the thread has ended.
alignas(4096) std::array<char, std::size_t{1} << 19> stack;

template <class Work>
[[gnu::noinline]] void do_it(Work const& work)
{
    work();
}

/// Runs the work some pages below the frames that the start and the end of a thread overwrite.
template <class Work>
[[gnu::noinline]] void do_it_far_below(Work const& work)
{
    char between[8192];
    __asm__ __volatile__("" : : "r"(between) : "memory");
    do_it(work);
    __asm__ __volatile__("" : : "r"(between) : "memory");
}

template <class Work>
void on_the_stack(Work work)
{
    auto const once = [&work] {
        look_at(stack.data(), stack.size());
        stack.fill(0);
        pthread_attr_t with;
        pthread_t thread;
        REQUIRE(pthread_attr_init(&with) == 0);
        REQUIRE(pthread_attr_setstack(&with, stack.data(), stack.size()) == 0);
        auto const run = [](void* what) -> void* {
            do_it_far_below(*static_cast<Work*>(what));
            return nullptr;
        };
        REQUIRE(pthread_create(&thread, &with, run, &work) == 0);
        REQUIRE(pthread_join(thread, nullptr) == 0);
        REQUIRE(pthread_attr_destroy(&with) == 0);
        look_at(stack.data(), stack.size());
    };
    once(); // on the first call, the loader may save all registers on the stack, including secrets
    once();
}

/// The same bytes, with each group of `size` bytes reversed.
std::string turn(std::string_view bytes, std::size_t size)
{
    std::string turned;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        std::string_view const one = bytes.substr(at, size);
        turned.append(one.rbegin(), one.rend());
    }
    return turned;
}

/// Whether eight bytes of a secret are on the stack: in order, as numbers of 4 or 16 bytes, or as a vector of four
/// numbers with the highest first.
bool is_left(std::string_view bytes)
{
    std::string_view const all(stack.data(), stack.size());
    for (std::string const& turned : {std::string(bytes), turn(bytes, 4), turn(bytes, 16), turn(turn(bytes, 16), 4)}) {
        for (std::size_t at = 0; at + 8 <= turned.size(); at += 4)
            if (all.find(std::string_view(turned).substr(at, 8)) != all.npos) return true;
    }
    return false;
}

/// The padded key block that HMAC hashes, for a key of at most one block.
std::string padded(std::string_view key, char with)
{
    std::string block(key);
    block.resize(sha1::block_size);
    for (char& byte : block) byte = static_cast<char>(byte ^ with);
    return block;
}

std::string hash_of(std::string_view text)
{
    sha1 hash;
    hash.update(text);
    auto const value = hash.finish();
    return std::string(reinterpret_cast<char const*>(value.data()), value.size());
}

/// The SHA-1 states after each of the two pads. They are enough to compute codes without the key.
std::string states_of(sidecall::detail::hmac_sha1 const& keyed)
{
    std::string states(sizeof keyed, '\0');
    std::memcpy(states.data(), &keyed, sizeof keyed);
    return states;
}

std::string some_token(std::size_t size)
{
    std::string token;
    for (std::size_t i = 0; i != size; ++i) token += static_cast<char>('!' + (i * i * 37 + i * 11) % 90);
    return token;
}

std::string const token = some_token(32);
std::string const form = "a=b"; // not constant: g++ 12 at -O3 warns about sixteen unread bytes
sidecall::webhook_request const webhook{.url = "https://example.com/udm",
                                        .content_type = "application/x-www-form-urlencoded",
                                        .signature = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                        .body = form};

} // namespace

TEST_CASE("finds a text that was left on the stack")
{
    on_the_stack([] {
        char copy[32];
        std::memcpy(copy, token.data(), sizeof copy);
        __asm__ __volatile__("" : : "r"(copy) : "memory");
    });
    CHECK(is_left(token));
    on_the_stack([] {});
    CHECK_FALSE(is_left(token));
}

TEST_CASE("a secret leaves nothing on the stack, however often it is moved")
{
    on_the_stack([] {
        secret one(token);
        secret two(std::move(one));
        one = std::move(two);
        secret const three = std::move(one);
    });
    CHECK_FALSE(is_left(token));
}

TEST_CASE("credentials and an authorized request leave nothing on the stack")
{
    static std::string header;
    on_the_stack([] {
        char for_the_token[64], for_the_header[128], for_the_request[1024];
        auto const kept = secret::in(for_the_token, token);
        auto const in_place = sidecall::credentials::auth_token(account, *kept, for_the_header);
        auto const bearer = sidecall::credentials::bearer(secret("abcdefghijklmnopqrstuvwxyz"));
        auto const who = sidecall::credentials::auth_token(account, secret(token));
        header = who.authorization().reveal();
        sidecall::create_user_defined_message const message{account, "CA00000000000000000000000000000002"_call_sid,
                                                            *sidecall::message_content::parse("{}")};
        auto const request = authorize(message.request(), who);
        auto const clone = request.clone();
        secret const wire = request.to_http1();
        auto const elsewhere = authorize(message, *in_place, sidecall::endpoint(), for_the_request);
    });
    CHECK_FALSE(is_left(token));
    CHECK_FALSE(is_left("abcdefghijklmnopqrstuvwxyz"));
    CHECK_FALSE(is_left(std::string_view(header).substr(54))); // the part made from the token
    header.clear();
}

TEST_CASE("a verifier leaves nothing of its token on the stack, whatever the token's length")
{
    static std::string of_that_size;
    for (std::size_t const size : {8u, 32u, 63u, 64u, 65u, 200u}) {
        CAPTURE(size);
        of_that_size = some_token(size);
        std::string const key = size > sha1::block_size ? hash_of(of_that_size) : of_that_size;
        std::string const states = states_of(sidecall::detail::hmac_sha1(of_that_size));
        auto const expect_nothing = [&] {
            CHECK_FALSE(is_left(of_that_size));
            CHECK_FALSE(is_left(key));
            // Only the part with the key: the padding is not secret.
            CHECK_FALSE(is_left(padded(key, 0x36).substr(0, key.size())));
            CHECK_FALSE(is_left(padded(key, 0x5C).substr(0, key.size())));
            CHECK_FALSE(is_left(states));
        };
        // One at a time, since each overwrites some of what the previous ones left.
        on_the_stack([] { sidecall::detail::hmac_sha1 const made(of_that_size); });
        expect_nothing();
        static sidecall::detail::hmac_sha1 made({});
        made = sidecall::detail::hmac_sha1(of_that_size);
        on_the_stack([] { static_cast<void>(made.code([](auto put) { put("a text"); })); });
        expect_nothing();
        on_the_stack([] { sidecall::webhook_verifier const verifier{secret(of_that_size), secret(of_that_size)}; });
        expect_nothing();
        static sidecall::webhook_verifier verifier{secret("")};
        verifier = sidecall::webhook_verifier(secret(of_that_size));
        on_the_stack([] { static_cast<void>(verifier.receive(webhook).has_value()); });
        expect_nothing();
    }
}
