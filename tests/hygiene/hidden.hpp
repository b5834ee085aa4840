#pragma once

// The interface between the program and the two shared libraries in tests/hygiene/hidden.cpp.

#include <system_error>

struct hidden_library {
    std::error_code (*code)() noexcept;                    ///< `timed_out`, as an error code made in the library.
    bool (*is_timed_out)(std::error_code const&) noexcept; ///< Whether a code equals `timed_out` in the library.
};

extern "C" __attribute__((visibility("default"))) hidden_library const* hidden_library_here() noexcept;
