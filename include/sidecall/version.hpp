#pragma once

/// The version of this copy of sidecall (Semantic Versioning 2.0.0), for the preprocessor and as text.

#include <string_view>

/// Grows with what breaks programs; while it is 0, the next one does.
#define SIDECALL_VERSION_MAJOR 0
/// Grows with what is new.
#define SIDECALL_VERSION_MINOR 1
/// Grows with what is mended.
#define SIDECALL_VERSION_PATCH 0

#define SIDECALL_DETAIL_TEXT_(x) #x
#define SIDECALL_DETAIL_TEXT(x) SIDECALL_DETAIL_TEXT_(x)

/// Twilio User Defined Messages as values: requests to make, answers and webhooks to read. What is in
/// `sidecall::detail` may change at any time.
namespace sidecall {

/// The version as text, `major.minor.patch`: what the `User-Agent` of every request begins with.
inline constexpr std::string_view version = SIDECALL_DETAIL_TEXT(SIDECALL_VERSION_MAJOR) "." SIDECALL_DETAIL_TEXT(
    SIDECALL_VERSION_MINOR) "." SIDECALL_DETAIL_TEXT(SIDECALL_VERSION_PATCH);

} // namespace sidecall

#undef SIDECALL_DETAIL_TEXT
#undef SIDECALL_DETAIL_TEXT_
