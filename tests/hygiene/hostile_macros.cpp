// The headers survive what platform headers and careless programs define: windows.h, X11, sys/sysmacros.h, Arduino,
// gnu++. The standard library comes first, since its own headers need not survive any of it.

#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>
#if __has_include(<sys/random.h>)
#include <sys/random.h>
#else
#include <random>
#endif

#define HOSTILE SIDECALL_HAS_LOOKED_AT_A_MACRO(
// windows.h
#define min(a, b) HOSTILE
#define max(a, b) HOSTILE
#define small HOSTILE
#define near HOSTILE
#define far HOSTILE
#define interface HOSTILE
#define IN HOSTILE
#define OUT HOSTILE
#define ERROR HOSTILE
#define NO_ERROR HOSTILE
#define DELETE HOSTILE
#define OPTIONAL HOSTILE
#define CALLBACK HOSTILE
#define TRUE HOSTILE
#define FALSE HOSTILE
#define GetMessage HOSTILE
#define SendMessage HOSTILE
#define Yield HOSTILE
// X11
#define None HOSTILE
#define Status HOSTILE
#define Success HOSTILE
#define Bool HOSTILE
#define True HOSTILE
#define False HOSTILE
// sys/sysmacros.h, gnu++, Apple, Arduino, ctype and friends
#define major HOSTILE
#define minor HOSTILE
#define makedev HOSTILE
#undef unix
#define unix HOSTILE
#undef linux
#define linux HOSTILE
#define check HOSTILE
#define require HOSTILE
#define nil HOSTILE
#define F(text) HOSTILE
#define bit(b) HOSTILE
#define word(...) HOSTILE
#undef assert
#define assert(condition) HOSTILE
#define emit HOSTILE
#define signals HOSTILE
#define slots HOSTILE
#define BIT HOSTILE
#undef EOF
#define EOF HOSTILE

#include <sidecall/sidecall.hpp>
