#pragma once

#include <cstddef>
#include <string_view>

namespace sidecall::detail {

/// A string that lives as long as the program. Only a constant expression converts to it, so a pointer to it can be
/// kept for ever; that is how a failure names its field and its rule without allocating.
class literal {
public:
    template <std::size_t N>
    consteval literal(char const (&text)[N]) noexcept : data_(text), size_(N - 1)
    {
    }
    constexpr std::string_view view() const noexcept { return {data_, size_}; }

private:
    char const* data_;
    std::size_t size_;
};

/// A rule that a text breaks, and the first byte that does.
struct violation {
    literal rule;
    std::size_t offset;
};

} // namespace sidecall::detail
