#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace sidecall {

/// A `std::string_view` that also accepts a null pointer and is then empty, for example `std::getenv("NOT_SET")`, or a
/// header field that a C library did not find. Every function and aggregate of this library that takes text takes it as
/// this type. Non-owning; does not allocate.
class text_view : public std::string_view {
public:
    constexpr text_view() noexcept = default; ///< An empty text.

    /// A text that ends at the terminating NUL; empty for a null pointer.
    constexpr text_view(char const* text) noexcept
        : std::string_view(text == nullptr ? std::string_view() : std::string_view(text))
    {
    }

    /// A text of `size` bytes that begins at `text`.
    constexpr text_view(char const* text, std::size_t size) noexcept : std::string_view(text, size) {}

    /// A view of anything that converts to `std::string_view`, such as a string or another view.
    template <class String>
        requires(std::is_convertible_v<String const&, std::string_view> &&
                 !std::is_convertible_v<String const&, char const*>)
    constexpr text_view(String const& text) noexcept : std::string_view(text)
    {
    }
};

} // namespace sidecall
