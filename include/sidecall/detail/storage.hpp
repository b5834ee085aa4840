#pragma once

#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

namespace sidecall::detail {

/// The storage of what is written or kept: a request, a callback, a secret. This line is the one place that decides it;
/// the code asks no more of it than `reserve`, `append`, `resize`, `clear`, `data`, `size` and `capacity`, so that a
/// build without a heap is another line here and no second code path.
using buffer = std::string;

/// A text of limited length in place. To append what does not fit ends the program: its users check before.
template <std::size_t Capacity>
class inline_text {
public:
    constexpr void append(std::string_view text) noexcept
    {
        if (text.size() > Capacity - size_) std::abort();
        for (char c : text) text_[size_++] = c;
    }
    constexpr void clear() noexcept { size_ = 0; }
    constexpr std::string_view view() const noexcept { return {text_, size_}; }

private:
    char text_[Capacity]{};
    std::size_t size_ = 0;
};

/// Overwrites `size` bytes in a way that the optimiser must keep, although nobody reads them again.
inline void wipe(char* data, std::size_t size) noexcept
{
    for (char volatile* byte = data; size != 0; --size) *byte++ = 0;
}

/// Wipes an object that is nothing but its bytes, as the last thing that is done to it.
template <class T>
void wipe_object(T& object) noexcept
{
    wipe(reinterpret_cast<char*>(&object), sizeof object);
}

/// Wipes all that `secret` has ever held: a shorter text leaves the end of an older one behind, and a small one that
/// was moved from keeps its bytes, so the whole capacity goes.
inline void wipe(buffer& secret) noexcept
{
    secret.resize(secret.capacity());
    wipe(secret.data(), secret.size());
    secret.clear();
}

} // namespace sidecall::detail
