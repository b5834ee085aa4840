#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <type_traits>

#include <sidecall/detail/platform/compiler.hpp>
#include <sidecall/detail/text/ascii.hpp>

// Looking at sixteen bytes at once, where every processor of the kind can: SSE2 on x86-64. Not with -msse2 elsewhere,
// which may differ from one translation unit to the next. No intrinsics, whose headers are expensive to include;
// compilers do it for arithmetic on vectors. Everywhere else, at the end of a text and in a constant the same questions
// are asked byte by byte, so that each of them is written once.

namespace sidecall::detail {

using octet = unsigned char;
inline constexpr std::size_t chunk_size = 16;

#if defined(__x86_64__) && defined(__SSE2__) && defined(__GNUC__) && !defined(SIDECALL_PREFER_SIZE)
#define SIDECALL_DETAIL_CHUNKS

using chunk = unsigned char __attribute__((vector_size(16)));
using chunk_mask = char __attribute__((vector_size(16)));

inline chunk load_chunk(char const* from) noexcept
{
    chunk bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

inline unsigned to_bits(chunk_mask mask) noexcept
{
    return static_cast<unsigned>(__builtin_ia32_pmovmskb128(mask));
}
#endif

/// What classes of bytes are made of: questions of one byte or of sixteen. The answers are numbers rather than truth
/// values, so that a class can join them by "|" and "&" for either.
struct byte_class {
    static constexpr int is(octet c, octet expected) noexcept { return c == expected; }
    static constexpr int is_between(octet c, octet min, octet max) noexcept { return c >= min && c <= max; }

    /// Letters in lower case; no other byte becomes a letter.
    static constexpr octet lower(octet c) noexcept { return c | 0x20; }

#ifdef SIDECALL_DETAIL_CHUNKS
    static auto is(chunk bytes, octet expected) noexcept { return bytes == expected; }
    static auto is_between(chunk bytes, octet min, octet max) noexcept
    {
        return bytes - min <= static_cast<octet>(max - min);
    }
    static chunk lower(chunk bytes) noexcept { return bytes | octet{0x20}; }
#endif
};

#ifdef SIDECALL_DETAIL_CHUNKS
template <class Class>
SIDECALL_DETAIL_INLINE unsigned chunk_bits_not_in(Class in_class, char const* from) noexcept
{
    return to_bits(reinterpret_cast<chunk_mask>(in_class(load_chunk(from)))) ^ 0xFFFF;
}
#endif

/// A bit for each of the next sixteen bytes that is not in a class, the first one's lowest; for those that are left,
/// near the end. `in_class` takes a byte or sixteen of them.
template <class Class>
SIDECALL_DETAIL_INLINE constexpr unsigned bits_not_in(Class in_class, std::string_view text, std::size_t at) noexcept
{
    std::size_t const left = text.size() - at;
#ifdef SIDECALL_DETAIL_CHUNKS
    if (!std::is_constant_evaluated() && text.size() >= chunk_size) {
        // At the end: the last sixteen, of which the first have been seen.
        return left >= chunk_size
                   ? detail::chunk_bits_not_in(in_class, text.data() + at)
                   : detail::chunk_bits_not_in(in_class, text.data() + text.size() - chunk_size) >> (chunk_size - left);
    }
#endif
    unsigned bits = 0;
    // unreached: where there are chunks, the compiler alone comes here with as much as one
    for (std::size_t i = 0; i != left && i != chunk_size; ++i)
        bits |= static_cast<unsigned>(in_class(static_cast<octet>(text[at + i])) ? 0 : 1) << i;
    return bits;
}

/// The offset of the first byte from `at` on that is not in a class, or the size of the text.
template <class Class>
SIDECALL_DETAIL_INLINE constexpr std::size_t find_first_not_in(Class in_class, std::string_view text,
                                                               std::size_t at) noexcept
{
    while (at < text.size()) {
        unsigned const found = detail::bits_not_in(in_class, text, at);
        if (found != 0) return at + static_cast<unsigned>(std::countr_zero(found));
        if (text.size() - at <= chunk_size) break;
        at += chunk_size;
    }
    return text.size();
}

/// Calls `visit` with the offset of each byte that is not in a class, from left to right.
template <class Class, class Visit>
SIDECALL_DETAIL_INLINE constexpr void for_each_not_in(Class in_class, std::string_view text, Visit visit) noexcept
{
    for (std::size_t at = 0; at < text.size(); at += chunk_size)
        for (unsigned found = detail::bits_not_in(in_class, text, at); found != 0; found &= found - 1)
            visit(at + static_cast<unsigned>(std::countr_zero(found)));
}

/// Copies what lies between two offsets; returns where the copy ends. Up to `copy_slack` bytes behind that may be
/// overwritten, too: most runs are short, and sixteen bytes are copied sooner than it is decided how many.
SIDECALL_DETAIL_INLINE constexpr char* copy_range(char* out, std::string_view text, std::size_t begin,
                                                  std::size_t end) noexcept
{
    std::size_t const size = end - begin;
#ifdef SIDECALL_DETAIL_CHUNKS
    if (!std::is_constant_evaluated() && size <= chunk_size && text.size() - begin >= chunk_size) {
        std::memcpy(out, text.data() + begin, chunk_size);
        return out + size;
    }
#endif
    if (size != 0) std::char_traits<char>::copy(out, text.data() + begin, size);
    return out + size;
}

/// Copies bytes of a class to `out`, which moves behind them; returns the offset of the first that is not in it. Up to
/// `copy_slack` bytes behind those may be overwritten, too: it is sooner done than decided how many there are.
template <class Class>
SIDECALL_DETAIL_INLINE constexpr std::size_t copy_while(Class in_class, std::string_view text, std::size_t at,
                                                        char*& out) noexcept
{
#ifdef SIDECALL_DETAIL_CHUNKS
    for (; !std::is_constant_evaluated() && text.size() - at >= chunk_size; at += chunk_size, out += chunk_size) {
        std::memcpy(out, text.data() + at, chunk_size);
        if (unsigned const found = detail::bits_not_in(in_class, text, at)) {
            auto const run = static_cast<unsigned>(std::countr_zero(found));
            out += run;
            return at + run;
        }
    }
#endif
    while (at != text.size() && in_class(static_cast<octet>(text[at]))) *out++ = text[at++];
    return at;
}
inline constexpr std::size_t copy_slack = chunk_size;

/// How many places of a text `matches(load, place)` holds at, from `begin` on: `load(place)` gives the byte there, or
/// sixteen of them.
template <class Matches>
SIDECALL_DETAIL_INLINE constexpr std::size_t count_where(std::string_view text, std::size_t begin,
                                                         Matches matches) noexcept
{
    std::size_t count = 0;
    std::size_t at = begin;
#ifdef SIDECALL_DETAIL_CHUNKS
    if (!std::is_constant_evaluated()) {
        while (text.size() - at >= chunk_size) {
            chunk sums{}; // one for each of the sixteen places, so at most 255 times before they are added up
            std::size_t const chunks = (text.size() - at) / chunk_size;
            std::size_t const stop = at + (chunks < 255 ? chunks : 255) * chunk_size;
            for (; at != stop; at += chunk_size) sums -= reinterpret_cast<chunk>(matches(load_chunk, text.data() + at));
            auto const halves = __builtin_ia32_psadbw128(reinterpret_cast<chunk_mask>(sums), chunk_mask{});
            count += static_cast<std::size_t>(halves[0] + halves[1]);
        }
    }
#endif
    constexpr auto load = [](char const* from) { return static_cast<octet>(*from); };
    for (; at != text.size(); ++at) count += matches(load, text.data() + at) ? 1u : 0u;
    return count;
}

/// How many bytes are in a class.
template <class Class>
SIDECALL_DETAIL_INLINE constexpr std::size_t count_in(Class in_class, std::string_view text) noexcept
{
    return detail::count_where(text, 0, [&](auto load, char const* at) { return in_class(load(at)); });
}

/// How many pieces there are between separators, without the empty ones.
template <class Class>
SIDECALL_DETAIL_INLINE constexpr std::size_t count_pieces(Class is_separator, std::string_view text) noexcept
{
    if (text.empty()) return 0;
    std::size_t const first = is_separator(static_cast<octet>(text[0])) ? 0 : 1;
    return first + detail::count_where(text, 1, [&](auto load, char const* at) {
               auto const follows_separator = is_separator(load(at - 1));
               auto const is_other = is_separator(load(at)) == 0;
               return follows_separator & is_other;
           });
}

} // namespace sidecall::detail
