// A shared library built with -fvisibility=hidden.

#include "hidden.hpp"

#include <sidecall/result.hpp>

hidden_library const* hidden_library_here() noexcept
{
    static constexpr hidden_library library{
        []() noexcept { return make_error_code(sidecall::errc::timed_out); },
        [](std::error_code const& code) noexcept { return code == sidecall::errc::timed_out; }};
    return &library;
}
