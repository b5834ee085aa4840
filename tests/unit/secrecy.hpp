#pragma once

// Tools for inspecting memory in the tests of secrets.

#include <cstddef>
#include <new>
#include <ostream>
#include <string_view>
#include <utility>

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define SEEN_BY_MEMORY_SANITIZER
#include <sanitizer/msan_interface.h>
#endif
#endif
#if !defined(SEEN_BY_MEMORY_SANITIZER) && __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif

/// Allows reading uninitialized bytes and the bytes of a destroyed object under the memory sanitizer and valgrind.
/// These tests inspect such bytes.
inline void look_at([[maybe_unused]] void const* bytes, [[maybe_unused]] std::size_t size) noexcept
{
#if defined(SEEN_BY_MEMORY_SANITIZER)
    __msan_unpoison(bytes, size);
#elif defined(VALGRIND_MAKE_MEM_DEFINED)
    (void)VALGRIND_MAKE_MEM_DEFINED(bytes, size);
#endif
}

/// Storage for a `T` whose bytes can be inspected after its destruction.
template <class T>
class glass_box {
public:
    template <class... Args>
    T& make(Args&&... args)
    {
        return *::new (static_cast<void*>(bytes_)) T(std::forward<Args>(args)...);
    }
    void end(T& value) { value.~T(); }

    /// The number of its bytes that are not zero.
    std::size_t used() const
    {
        look_at(bytes_, sizeof bytes_);
        std::size_t count = 0;
        for (unsigned char const volatile& byte : bytes_) count += byte != 0; // read from memory
        return count;
    }

    bool shows(std::string_view text) const
    {
        look_at(bytes_, sizeof bytes_);
        unsigned char const volatile* const bytes = bytes_;
        for (std::size_t at = 0; at + text.size() <= sizeof(T); ++at) {
            std::size_t same = 0;
            while (same != text.size() && bytes[at + same] == static_cast<unsigned char>(text[same])) ++same;
            if (same == text.size()) return true;
        }
        return false;
    }

private:
    alignas(T) unsigned char bytes_[sizeof(T)]{};
};

template <class T>
concept streamable = requires(std::ostream& stream, T const& value) { stream << value; };
