#pragma once

/// The version of this copy of sidecall (Semantic Versioning 2.0.0), for the preprocessor and as text.

#include <string_view>

/// The major version. Incremented for incompatible changes; while it is 0, the minor version is incremented instead.
#define SIDECALL_VERSION_MAJOR 0
/// The minor version. Incremented for new features.
#define SIDECALL_VERSION_MINOR 1
/// The patch version. Incremented for bug fixes.
#define SIDECALL_VERSION_PATCH 0

#define SIDECALL_DETAIL_TEXT_(x) #x
#define SIDECALL_DETAIL_TEXT(x) SIDECALL_DETAIL_TEXT_(x)

/// Twilio User Defined Messages as values: requests to make, responses and webhooks to read. `sidecall::detail` may
/// change at any time.
namespace sidecall {

/// The version as text, `major.minor.patch`. The `User-Agent` of every request begins with `sidecall/` and this.
inline constexpr std::string_view version = SIDECALL_DETAIL_TEXT(SIDECALL_VERSION_MAJOR) "." SIDECALL_DETAIL_TEXT(
    SIDECALL_VERSION_MINOR) "." SIDECALL_DETAIL_TEXT(SIDECALL_VERSION_PATCH);

} // namespace sidecall

#undef SIDECALL_DETAIL_TEXT
#undef SIDECALL_DETAIL_TEXT_
