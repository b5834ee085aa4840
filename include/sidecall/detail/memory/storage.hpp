#pragma once

#include <concepts>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/detail/platform/compiler.hpp>
#include <sidecall/storage.hpp>
#include <sidecall/text_view.hpp>

// Where bytes are stored: on the heap, inline or in the caller's buffer. How they are wiped, and how the program ends
// if the caller broke a precondition.
namespace sidecall::detail {

/// Writes a line to standard error and ends the program. Define SIDECALL_NO_STDIO, in the whole program, to leave the
/// line out where there is no such stream.
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

/// Ends the program if the caller has broken a precondition and continuing would read, write or send invalid data.
constexpr void expect(bool condition, char const* reason) noexcept
{
    if (!condition) end_program(reason);
}

/// The text that a non-owning view will refer to. Rejects temporaries that own their bytes.
struct non_temporary_text : text_view {
    constexpr non_temporary_text(char const* text, std::size_t size) noexcept : text_view(text, size) {}

    template <std::convertible_to<std::string_view> String>
        requires std::is_trivially_destructible_v<String> // a reference to a string is, too
    constexpr non_temporary_text(String&& text) : text_view(text)
    {
    }
};

/// The parameter type from which a `Text` is made: a string copies the text, a view refers to it.
template <class Text>
using text_parameter = std::conditional_t<std::is_same_v<Text, std::string_view>, non_temporary_text, text_view>;

/// Bytes that are written once and then read. The constructor decides where they are: on the heap or in the caller's
/// buffer. The function that frees them is kept as a pointer, so a program that never allocates does not link the
/// allocator.
class buffer {
public:
    constexpr buffer() noexcept = default;

    /// Allocates `capacity` bytes on the heap.
    constexpr explicit buffer(std::size_t capacity)
        : data_(new char[capacity]), capacity_(capacity), release_([](char* data) noexcept { delete[] data; })
    {
    }

    /// Uses the caller's buffer.
    constexpr explicit buffer(storage memory) noexcept : data_(memory.data()), capacity_(memory.size()) {}

    /// The copy is on the heap. Copying an empty buffer allocates nothing.
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

    /// Sets how many bytes have been written.
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

/// Copies a text to `out`. Returns the end of the copy.
constexpr char* put(char* out, std::string_view text) noexcept
{
    if (!text.empty()) std::char_traits<char>::copy(out, text.data(), text.size());
    return out + text.size();
}

/// Overwrites `size` bytes in a way that the optimizer cannot remove.
constexpr void wipe(char* data, std::size_t size) noexcept
{
    if (size != 0) std::char_traits<char>::assign(data, size, '\0');
    if (std::is_constant_evaluated()) return;
#if defined(__GNUC__)
    __asm__ __volatile__("" : : "r"(data) : "memory"); // the compiler must assume that this reads them
#else
    // unreached: the tested compilers are g++ and clang++
    for (char volatile* byte = data; size != 0; --size) *byte++ = 0;
#endif
}

/// Wipes everything that a string has ever contained. Covers the whole capacity, because a shorter text leaves the end
/// of a longer one behind, and a small moved-from string keeps its bytes.
inline void wipe(std::string& secret) noexcept
{
    secret.resize(secret.capacity());
    wipe(secret.data(), secret.size());
    secret.clear();
}

/// Wipes a trivially copyable object as the last thing that is done with it. Assigns to it in constant evaluation too:
/// clang++ omits the destructor of a static object if it touches no member during constant evaluation.
template <class T>
constexpr void wipe_object(T& object) noexcept
{
    if (std::is_constant_evaluated()) return static_cast<void>(object = T{});
    wipe(reinterpret_cast<char*>(&object), sizeof object);
}

/// A text that is stored inline if it has at most `InlineCapacity` bytes, otherwise in a buffer.
template <std::size_t InlineCapacity>
class short_text {
public:
    /// Makes room for `size` bytes, to be written through `data()`.
    constexpr explicit short_text(std::size_t size) : size_(size)
    {
        if (size > InlineCapacity) buffer_ = buffer(size);
    }
    constexpr explicit short_text(std::string_view text) : short_text(text.size()) { detail::put(data(), text); }
    constexpr explicit short_text(char const (&text)[InlineCapacity]) noexcept : size_(InlineCapacity)
    {
        std::char_traits<char>::copy(inline_, text, InlineCapacity);
    }

    /// Takes ownership of a buffer.
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
    constexpr short_text& operator=(short_text&& other) noexcept // without a temporary, which would not be wiped
    {
        std::size_t const size = std::exchange(other.size_, 0);
        buffer_ = std::move(other.buffer_);
        std::char_traits<char>::move(inline_, other.inline_, InlineCapacity);
        size_ = size;
        return *this;
    }

    constexpr char* data() noexcept { return buffer_.data() ? buffer_.data() : inline_; }

    /// Overwrites the text, including the inline bytes that a move leaves behind, and makes it empty.
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

/// A text of limited length that is stored inline. Appending more than fits ends the program; callers check the size
/// first.
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
