#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

#include <sidecall/detail/platform/bits.hpp>
#include <sidecall/detail/platform/compiler.hpp>
#include <sidecall/detail/text/ascii.hpp>

// Searches and copies text sixteen bytes at a time. Used on x86-64 only, where every processor has SSE2. Not used for
// -msse2 on other targets, because that option may differ between translation units.
//
// Uses the compiler's vector types instead of intrinsics, because the intrinsics headers are expensive to include. On
// other targets, at the end of a text and in constant expressions, the same functions work byte by byte. Each byte
// class is written once for both.

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
    __builtin_memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

inline unsigned to_bits(chunk_mask mask) noexcept
{
    return static_cast<unsigned>(__builtin_ia32_pmovmskb128(mask));
}
#endif

/// Base of the byte classes: tests on one byte or on sixteen. The results are numbers rather than `bool`, so that a
/// class can combine them with "|" and "&" in both cases.
struct byte_class {
    static constexpr int is(octet c, octet expected) noexcept { return c == expected; }
    static constexpr int is_between(octet c, octet min, octet max) noexcept { return c >= min && c <= max; }

    /// Maps upper-case letters to lower case. Changes other bytes too, but never into a letter.
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

/// Returns one bit for each of the next sixteen bytes, or fewer at the end of the text: set if the byte is not in the
/// class. The lowest bit is for the byte at `at`. `in_class` takes one byte or sixteen.
template <class Class>
SIDECALL_DETAIL_INLINE constexpr unsigned bits_not_in(Class in_class, std::string_view text, std::size_t at) noexcept
{
    std::size_t const left = text.size() - at;
#ifdef SIDECALL_DETAIL_CHUNKS
    if (!std::is_constant_evaluated() && text.size() >= chunk_size) {
        // At the end of the text: load its last sixteen bytes and drop those before `at`.
        return left >= chunk_size
                   ? detail::chunk_bits_not_in(in_class, text.data() + at)
                   : detail::chunk_bits_not_in(in_class, text.data() + text.size() - chunk_size) >> (chunk_size - left);
    }
#endif
    unsigned bits = 0;
    // unreached: where chunks are in use, only constant evaluation gets here with 16 or more bytes
    for (std::size_t i = 0; i != left && i != chunk_size; ++i)
        bits |= static_cast<unsigned>(in_class(static_cast<octet>(text[at + i])) ? 0 : 1) << i;
    return bits;
}

/// Returns the offset of the first byte from `at` on that is not in the class, or the size of the text.
template <class Class>
SIDECALL_DETAIL_INLINE constexpr std::size_t find_first_not_in(Class in_class, std::string_view text,
                                                               std::size_t at) noexcept
{
    while (at < text.size()) {
        unsigned const found = detail::bits_not_in(in_class, text, at);
        if (found != 0) return at + trailing_zeros(found);
        if (text.size() - at <= chunk_size) break;
        at += chunk_size;
    }
    return text.size();
}

/// Calls `visit` with the offset of each byte that is not in the class, from left to right.
template <class Class, class Visit>
SIDECALL_DETAIL_INLINE constexpr void for_each_not_in(Class in_class, std::string_view text, Visit visit) noexcept
{
    for (std::size_t at = 0; at < text.size(); at += chunk_size)
        for (unsigned found = detail::bits_not_in(in_class, text, at); found != 0; found &= found - 1)
            visit(at + trailing_zeros(found));
}

/// Copies the bytes from `begin` to `end`. Returns the end of the copy. May overwrite up to `copy_slack` bytes after
/// it: most ranges are short, and copying sixteen bytes is faster than choosing a size.
SIDECALL_DETAIL_INLINE constexpr char* copy_range(char* out, std::string_view text, std::size_t begin,
                                                  std::size_t end) noexcept
{
    std::size_t const size = end - begin;
#ifdef SIDECALL_DETAIL_CHUNKS
    if (!std::is_constant_evaluated() && size <= chunk_size && text.size() - begin >= chunk_size) {
        __builtin_memcpy(out, text.data() + begin, chunk_size);
        return out + size;
    }
#endif
    if (size != 0) std::char_traits<char>::copy(out, text.data() + begin, size);
    return out + size;
}

/// Copies bytes from `at` on while they are in the class. Moves `out` to the end of the copy and returns the offset of
/// the first byte that is not in the class. May overwrite up to `copy_slack` bytes after the copy.
template <class Class>
SIDECALL_DETAIL_INLINE constexpr std::size_t copy_while(Class in_class, std::string_view text, std::size_t at,
                                                        char*& out) noexcept
{
#ifdef SIDECALL_DETAIL_CHUNKS
    for (; !std::is_constant_evaluated() && text.size() - at >= chunk_size; at += chunk_size, out += chunk_size) {
        __builtin_memcpy(out, text.data() + at, chunk_size);
        if (unsigned const found = detail::bits_not_in(in_class, text, at)) {
            auto const run = trailing_zeros(found);
            out += run;
            return at + run;
        }
    }
#endif
    while (at != text.size() && in_class(static_cast<octet>(text[at]))) *out++ = text[at++];
    return at;
}

/// How many bytes after a copy `copy_range` and `copy_while` may overwrite.
inline constexpr std::size_t copy_slack = chunk_size;

/// Returns at how many offsets from `begin` on `matches(load, address)` is true. `load(address)` returns the byte
/// there, or sixteen bytes from there.
template <class Matches>
SIDECALL_DETAIL_INLINE constexpr std::size_t count_where(std::string_view text, std::size_t begin,
                                                         Matches matches) noexcept
{
    std::size_t count = 0;
    std::size_t at = begin;
#ifdef SIDECALL_DETAIL_CHUNKS
    if (!std::is_constant_evaluated()) {
        while (text.size() - at >= chunk_size) {
            chunk sums{}; // one counter per lane: it holds at most 255 rounds
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

/// Returns how many bytes are in the class.
template <class Class>
SIDECALL_DETAIL_INLINE constexpr std::size_t count_in(Class in_class, std::string_view text) noexcept
{
    return detail::count_where(text, 0, [&](auto load, char const* at) { return in_class(load(at)); });
}

/// Returns how many non-empty pieces the separators divide the text into.
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
