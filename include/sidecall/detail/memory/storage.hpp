#pragma once

#include <concepts>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/detail/platform/compiler.hpp>
#include <sidecall/storage.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall::detail {

/// Ends the program with a line on the standard error stream. Define SIDECALL_NO_STDIO, in the whole program, to leave
/// the line out where there is no such stream.
[[noreturn]] SIDECALL_DETAIL_COLD inline void end_program(char const* reason) noexcept
{
    // unreached: it ends the program
#ifndef SIDECALL_NO_STDIO
    std::fputs("sidecall: ", stderr);
    std::fputs(reason, stderr);
    std::fputs("\n", stderr);
#else
    static_cast<void>(reason);
#endif
    std::abort();
}

/// Ends the program if the caller has broken a rule and to go on would read, write or send what is not there.
constexpr void expect(bool condition, char const* reason) noexcept
{
    if (!condition) end_program(reason);
}

/// The text of an argument that is never empty unless it was moved from; then the program ends, since the request would
/// be another one than its caller wrote.
constexpr std::string_view not_moved_from(std::string_view text, char const* reason) noexcept
{
    expect(!text.empty(), reason);
    return text;
}

/// A text that a view is to refer to: any but a temporary that owns its bytes.
struct non_temporary_text : text_view {
    constexpr non_temporary_text(char const* text, std::size_t size) noexcept : text_view(text, size) {}

    template <std::convertible_to<std::string_view> String>
        requires std::is_trivially_destructible_v<String> // as a reference to a string is
    constexpr non_temporary_text(String&& text) : text_view(text)
    {
    }
};

/// The parameter from which a `Text` is made: a string copies it, a view refers to it.
template <class Text>
using text_parameter = std::conditional_t<std::is_same_v<Text, std::string_view>, non_temporary_text, text_view>;

/// Bytes that are written once and then read. Where they lie, on the heap or in the caller's storage, is decided when
/// the room is made and nowhere else. How to give them back is kept as a pointer, so that a program that never makes
/// room on the heap does not even link it.
class buffer {
public:
    constexpr buffer() noexcept = default;

    /// Room on the heap.
    constexpr explicit buffer(std::size_t capacity)
        : data_(new char[capacity]), capacity_(capacity), release_([](char* data) noexcept { delete[] data; })
    {
    }

    /// Room in somebody's storage.
    constexpr explicit buffer(storage memory) noexcept : data_(memory.data()), capacity_(memory.size()) {}

    /// A copy is on the heap, and of nothing it is nothing.
    constexpr buffer(buffer const& other) : buffer()
    {
        if (other.capacity_ == 0) return;
        *this = buffer(other.capacity_);
        resize(other.size_);
        std::char_traits<char>::copy(data_, other.data_, size_);
    }
    constexpr buffer(buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)), release_(std::exchange(other.release_, nullptr))
    {
    }
    constexpr buffer& operator=(buffer other) noexcept
    {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        std::swap(release_, other.release_);
        return *this;
    }
    constexpr ~buffer()
    {
        if (release_) release_(data_);
    }

    constexpr char* data() noexcept { return data_; }
    constexpr char const* data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr std::size_t capacity() const noexcept { return capacity_; }
    constexpr std::string_view view() const noexcept { return {data_, size_}; }

    /// Says how much of the room has been written.
    constexpr void resize(std::size_t size) noexcept
    {
        expect(size <= capacity_, "written past the end of a buffer");
        size_ = size;
    }

private:
    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    void (*release_)(char*) noexcept = nullptr;
};

/// Copies a text behind what was written; returns where it ends.
constexpr char* put(char* out, std::string_view text) noexcept
{
    if (!text.empty()) std::char_traits<char>::copy(out, text.data(), text.size());
    return out + text.size();
}

/// Overwrites `size` bytes in a way that the optimiser must keep, although nobody reads them again.
constexpr void wipe(char* data, std::size_t size) noexcept
{
    if (size != 0) std::char_traits<char>::assign(data, size, '\0');
    if (std::is_constant_evaluated()) return;
#if defined(__GNUC__)
    __asm__ __volatile__("" : : "r"(data) : "memory"); // for all that it knows, this reads them
#else
    // unreached: where we test there are g++ and clang++
    for (char volatile* byte = data; size != 0; --size) *byte++ = 0;
#endif
}

/// Wipes all that a string of somebody's has ever held: a shorter text leaves the end of an older one behind, and a
/// small one that was moved from keeps its bytes, so the whole capacity goes.
inline void wipe(std::string& secret) noexcept
{
    secret.resize(secret.capacity());
    wipe(secret.data(), secret.size());
    secret.clear();
}

/// Wipes an object that is nothing but its bytes, as the last thing that is done to it. It does so in a constant, too:
/// of a destructor that there touched no member, clang++ believes that a static object can do without it.
template <class T>
constexpr void wipe_object(T& object) noexcept
{
    if (std::is_constant_evaluated()) return static_cast<void>(object = T{});
    wipe(reinterpret_cast<char*>(&object), sizeof object);
}

/// A text that is kept in place if it is no longer than `InPlace`, else in a buffer.
template <std::size_t InlineCapacity>
class short_text {
public:
    /// Room for so many bytes, to be written through `data()`.
    constexpr explicit short_text(std::size_t size) : size_(size)
    {
        if (size > InlineCapacity) buffer_ = buffer(size);
    }
    constexpr explicit short_text(std::string_view text) : short_text(text.size()) { detail::put(data(), text); }
    constexpr explicit short_text(char const (&text)[InlineCapacity]) noexcept : size_(InlineCapacity)
    {
        std::char_traits<char>::copy(inline_, text, InlineCapacity);
    }

    /// Takes a buffer over.
    constexpr explicit short_text(buffer text) noexcept : size_(text.size()), buffer_(std::move(text)) {}

    constexpr short_text(short_text const& other) : short_text(std::string_view(other)) {}
    constexpr short_text(short_text&& other) noexcept
        : size_(std::exchange(other.size_, 0)), buffer_(std::move(other.buffer_))
    {
        std::char_traits<char>::copy(inline_, other.inline_, InlineCapacity);
    }
    constexpr short_text& operator=(short_text const& other)
    {
        if (this != &other) *this = short_text(other);
        return *this;
    }
    constexpr short_text& operator=(short_text&& other) noexcept // straight, since another copy would not be wiped
    {
        std::size_t const size = std::exchange(other.size_, 0);
        buffer_ = std::move(other.buffer_);
        std::char_traits<char>::move(inline_, other.inline_, InlineCapacity);
        size_ = size;
        return *this;
    }

    constexpr char* data() noexcept { return buffer_.data() ? buffer_.data() : inline_; }

    /// Overwrites the text, also where a moved one was, and leaves an empty one.
    constexpr void wipe() noexcept
    {
        if (buffer_.data()) detail::wipe(buffer_.data(), size_);
        detail::wipe(inline_, InlineCapacity);
        size_ = 0;
    }

    constexpr operator std::string_view() const noexcept { return {buffer_.data() ? buffer_.data() : inline_, size_}; }

private:
    std::size_t size_;
    buffer buffer_{};
    char inline_[InlineCapacity]{};
};

/// A text of limited length in place. To append what does not fit ends the program: its users check before.
template <std::size_t Capacity>
class inline_text {
public:
    constexpr void append(std::string_view text) noexcept
    {
        expect(text.size() <= Capacity - size_, "written past the end of a text of limited length");
        for (char c : text) text_[size_++] = c;
    }
    constexpr void clear() noexcept { size_ = 0; }
    constexpr std::string_view view() const noexcept { return {text_, size_}; }

private:
    char text_[Capacity]{};
    std::size_t size_ = 0;
};

} // namespace sidecall::detail
