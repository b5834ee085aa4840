// Processing sixteen bytes at once gives the same results as processing byte by byte.

#include "tally.hpp"

#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/form.hpp>
#include <sidecall/detail/text/header_field.hpp>
#include <sidecall/detail/text/json.hpp>
#include <sidecall/detail/text/rfc2822.hpp>
#include <sidecall/detail/text/uri.hpp>
#include <sidecall/detail/text/utf8.hpp>
#include <sidecall/detail/wire/parameters.hpp>

#include <cstddef>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace chunk_test {

namespace {

namespace detail = sidecall::detail;

constexpr char digits_and_letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::string all_bytes_but(std::string_view others)
{
    std::string bytes;
    for (int c = 0; c != 256; ++c)
        if (others.find(static_cast<char>(c)) == others.npos) bytes += static_cast<char>(c);
    return bytes;
}

std::string bytes_from_to(int first, int last)
{
    std::string bytes;
    for (int c = first; c <= last; ++c) bytes += static_cast<char>(c);
    return bytes;
}

/// A byte class and an independent list of the bytes that belong to it.
template <class Class>
struct classified {
    Class in_class;
    std::string members;

    bool has(char c) const { return members.find(c) != members.npos; }
    /// A byte of the class and a byte outside it: `~` belongs to some classes, NUL to others.
    char inside() const { return members[members.size() / 2]; }
    char outside() const
    {
        for (int c = 255; c >= 0; --c)
            if (!has(static_cast<char>(c))) return static_cast<char>(c);
        return 0;
    }
};

/// Calls `check` with every byte class that the library uses.
template <class Check>
void for_each_class(Check check)
{
    std::string const alnum = digits_and_letters;
    auto const named = [&](char const* name, auto in_class, std::string members) {
        SUBCASE(name)
        {
            check(classified<decltype(in_class)>{in_class, std::move(members)});
        }
    };
    named("is_target_byte", detail::is_target_byte(), alnum + "-._~!$&'()*+,;=:@/?");  // RFC 3986: pchar, "/" and "?"
    named("is_userinfo_byte", detail::is_userinfo_byte(), alnum + "-._~!$&'()*+,;=:"); // unreserved, sub-delims, ":"
    named("is_unreserved", detail::is_unreserved(), alnum + "-._~");                   // unreserved
    named("is_unreserved_or_space", detail::is_unreserved_or_space(),
          alnum + "-._~ "); // unreserved, and space, which becomes "+"
    named("is_token_byte", detail::is_token_byte(), alnum + "!#$%&'*+-.^_`|~"); // RFC 9110, section 5.6.2
    named("is_field_value_byte", detail::is_field_value_byte(),
          "\t" + bytes_from_to(' ', '~') + bytes_from_to(0x80, 0xFF)); // RFC 9110, section 5.5
    named("is_ascii", detail::is_ascii(), bytes_from_to(0, 0x7F));
    named("is_plain_string_byte", detail::is_plain_string_byte(),
          bytes_from_to(' ', '!') + bytes_from_to('#', '[') + bytes_from_to(']', 0x7F)); // RFC 8259, section 7
    named("is_plain_form_byte", detail::is_plain_form_byte(), all_bytes_but("%+&="));
    named("is_ampersand", detail::is_ampersand(), "&");
}

/// Compares the five queries with a byte-by-byte answer, for a text from `at` on. Returns the differences, or an empty
/// text.
template <class Class>
std::string disagreement(classified<Class> const& what, std::string_view text, std::size_t at)
{
    std::size_t expected = at;
    while (expected < text.size() && what.has(text[expected])) ++expected;
    if (detail::find_first_not_in(what.in_class, text, at) != expected) return "find_first_not_in";

    exact_block copy(std::string(text.size() - at + detail::copy_slack, '\xA5'));
    char* out = copy.data();
    if (detail::copy_while(what.in_class, text, at, out) != expected) return "copy_while: where it stops";
    if (out != copy.data() + (expected - at)) return "copy_while: where it continues";
    if (std::string_view(copy.data(), expected - at) != text.substr(at, expected - at)) return "copy_while: the copy";
    if (copy.view().find_first_not_of('\xA5', std::min(expected - at + detail::copy_slack, copy.size())) !=
        std::string_view::npos)
        return "copy_while: it writes too much";

    if (at != 0) return {};
    std::size_t count = 0;
    std::size_t next = 0;
    auto const seek = [&] {
        while (next < text.size() && what.has(text[next])) ++next;
    };
    for (char c : text) count += what.has(c) ? 1u : 0u;
    if (detail::count_in(what.in_class, text) != count) return "count_in";
    std::size_t pieces = 0;
    for (std::size_t i = 0; i != text.size(); ++i) pieces += !what.has(text[i]) && (i == 0 || what.has(text[i - 1]));
    if (detail::count_pieces(what.in_class, text) != pieces) return "count_pieces";
    bool same = true;
    seek();
    detail::for_each_not_in(what.in_class, text, [&](std::size_t where) {
        same = same && where == next;
        ++next;
        seek();
    });
    return same && next == text.size() ? "" : "for_each_not_in";
}

} // namespace

TEST_CASE("each byte class contains the bytes of its grammar, tested one by one and sixteen at once")
{
    for_each_class([](auto const& what) {
        tally all;
        for (int c = 0; c != 256; ++c) {
            char const byte = static_cast<char>(c);
            bool const in = what.in_class(static_cast<detail::octet>(byte)) != 0;
            all.add(in == what.has(byte) ? "" : "one by one", {&byte, 1});
        }
        // At each position in a chunk and after it, among bytes of the class and among others.
        for (std::size_t size : {1u, 15u, 16u, 17u, 31u, 32u, 33u, 48u})
            for (char filling : {what.inside(), what.outside()}) {
                exact_block block(std::string(size, filling));
                for (std::size_t at = 0; at != size; ++at) {
                    for (int c = 0; c != 256; ++c) {
                        block[at] = static_cast<char>(c);
                        all.add(disagreement(what, block.view(), 0), block.view());
                    }
                    block[at] = filling;
                }
            }
        all.check_all(256 + 2 * 193 * 256);
    });
}

TEST_CASE("finds a byte outside the class at any position, in texts of any length")
{
    for_each_class([](auto const& what) {
        tally all;
        for (std::size_t size = 0; size <= 70; ++size) {
            exact_block block(std::string(size, what.inside()));
            for (std::size_t start = 0; start <= size; ++start)
                all.add(disagreement(what, block.view(), start), block.view(), start);
            for (std::size_t odd = 0; odd != size; ++odd) {
                block[odd] = what.outside();
                for (std::size_t start = 0; start <= size; ++start)
                    all.add(disagreement(what, block.view(), start), block.view(), start);
                block[odd] = what.inside();
            }
        }
        all.check_all(100'000);
    });
}

TEST_CASE("agrees on random texts, and on texts so long that sixteen one-byte sums overflow")
{
    std::mt19937 random(1);
    for_each_class([&](auto const& what) {
        tally all;
        for (int i = 0; i != 3000; ++i) {
            std::string text(random() % 71, what.inside());
            auto const odd_in = 1 + random() % 40;
            for (auto& c : text)
                if (random() % odd_in == 0) c = static_cast<char>(random() % 256);
            exact_block const block(text);
            for (std::size_t start : {std::size_t{0}, text.size() / 3, text.size()})
                all.add(disagreement(what, block.view(), start), text, start);
        }
        for (std::size_t size : {4079u, 4080u, 4081u, 4095u, 4096u, 4097u, 4112u, 8160u, 8176u, 8191u, 10240u})
            for (bool odd : {false, true}) {
                exact_block block(std::string(size, what.inside()));
                if (odd) block[size - 2] = what.outside();
                std::size_t const expected = size - (odd ? 1 : 0);
                all.add(detail::count_in(what.in_class, block.view()) == expected ? "" : "count_in", {}, size);
                bool const one_piece = detail::count_pieces(what.in_class, block.view()) == (odd ? 1 : 0);
                all.add(one_piece ? "" : "count_pieces", {}, size);
                std::size_t const stop = odd ? size - 2 : size;
                all.add(detail::find_first_not_in(what.in_class, block.view(), 0) == stop ? "" : "find_first_not_in",
                        {}, size);
            }
        all.check_all(9000);
    });
}

TEST_CASE("gives the same answers at compile time")
{
    static_assert(detail::find_first_not_in(detail::is_target_byte(), "/a/path/of/more/than/sixteen/bytes?x=1#y", 0) ==
                  38);
    static_assert(detail::find_first_not_in(detail::is_target_byte(), "#/a/path/of/more/than/sixteen/bytes", 1) == 35);
    static_assert(detail::find_first_not_in(detail::is_plain_string_byte(), "", 0) == 0);
    static_assert(detail::count_in(detail::is_unreserved_or_space(), "0123456789abcdef 0123456789abcdef&%") == 33);
    static_assert(detail::count_pieces(detail::is_ampersand(), "&a=0123456789abcdef&&b=1&") == 2);
    static_assert(detail::encoded_form_size("0123456789abcdef 0123456789abcdef&%") == 39);
    static_assert(detail::find_invalid_utf8("0123456789abcdef0123456789abcdef\xC3") == 32);
    constexpr auto sum = [] {
        std::size_t found = 0;
        detail::for_each_not_in(detail::is_userinfo_byte(), "%23456789abcdef0 234567890%%",
                                [&](std::size_t at) { found = 100 * found + at; });
        return found;
    }();
    CHECK(sum == 162627); // 0, 16, 26, 27
}

} // namespace chunk_test
