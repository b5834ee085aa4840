#pragma once

/// Stands between a function's name and its parameters where other people's headers have macros of that name that take
/// arguments, as lwIP has `send` and Apple `verify`: a macro is not expanded before anything but a parenthesis. Such a
/// function is called as `(send)(…)`, and so can you.
#define SIDECALL_DETAIL_NO_MACRO
