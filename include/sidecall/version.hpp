#pragma once

#include <string_view>

/// The version of this copy of sidecall (Semantic Versioning 2.0.0), for the preprocessor.
#define SIDECALL_VERSION_MAJOR 0
#define SIDECALL_VERSION_MINOR 1
#define SIDECALL_VERSION_PATCH 0

#define SIDECALL_DETAIL_TEXT_(x) #x
#define SIDECALL_DETAIL_TEXT(x) SIDECALL_DETAIL_TEXT_(x)

namespace sidecall {

/// The same as text, `major.minor.patch`: what the `User-Agent` of every request begins with.
inline constexpr std::string_view version = SIDECALL_DETAIL_TEXT(SIDECALL_VERSION_MAJOR) "." SIDECALL_DETAIL_TEXT(
    SIDECALL_VERSION_MINOR) "." SIDECALL_DETAIL_TEXT(SIDECALL_VERSION_PATCH);

} // namespace sidecall

#undef SIDECALL_DETAIL_TEXT
#undef SIDECALL_DETAIL_TEXT_
