#pragma once

/// The version of cpp-httplib, and which versions the adapters work with.

#include <httplib.h>

#include <cstddef>
#include <string_view>

#include <sidecall/detail/text/ascii.hpp>

namespace sidecall::detail {

/// A version of cpp-httplib as a comparable number: 18'007 for "0.18.7". The macros of cpp-httplib cannot be compared.
constexpr unsigned httplib_version(std::string_view text = CPPHTTPLIB_VERSION) noexcept
{
    unsigned parts[3]{};
    std::size_t part = 0;
    for (char const c : text) {
        if (c == '.')
            ++part;
        else if (part < 3 && is_digit(c))
            parts[part] = parts[part] * 10 + static_cast<unsigned>(c - '0');
    }
    return parts[0] * 1'000'000 + parts[1] * 1000 + parts[2];
}

static_assert(httplib_version() >= httplib_version("0.11.0"), "sidecall needs cpp-httplib 0.11 or later");
static_assert(httplib_version() != httplib_version("0.12.1"),
              "cpp-httplib 0.12.1 crashes when it uses a proxy: use another version");

} // namespace sidecall::detail
