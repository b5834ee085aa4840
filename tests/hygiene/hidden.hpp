#pragma once

// What two shared libraries, built with -fvisibility=hidden, and a program tell each other in tests/hygiene/hidden.cpp.

#include <system_error>

struct hidden_library {
    std::error_code (*code)() noexcept;                    ///< `timed_out`, as an error code made in the library.
    bool (*is_timed_out)(std::error_code const&) noexcept; ///< Whether the library takes a code for `timed_out`.
};

extern "C" __attribute__((visibility("default"))) hidden_library const* hidden_library_here() noexcept;
