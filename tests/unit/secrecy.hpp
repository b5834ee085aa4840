#pragma once

// What the tests of secrets look through.

#include <cstddef>
#include <new>
#include <ostream>
#include <string_view>
#include <utility>

/// Room for a `T` whose bytes can be looked at when it has ended.
template <class T>
class glass_box {
public:
    template <class... Args>
    T& make(Args&&... args)
    {
        return *::new (static_cast<void*>(bytes_)) T(std::forward<Args>(args)...);
    }
    void end(T& value) { value.~T(); }

    bool shows(std::string_view text) const
    {
        unsigned char const volatile* const bytes = bytes_; // they must be read as they lie there
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
concept streamable = requires(std::ostream& stream, T const& value)
{
    stream << value;
};
