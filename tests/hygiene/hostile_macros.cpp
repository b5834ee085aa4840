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
// complex.h
#undef I
#define I HOSTILE
#undef complex
#define complex HOSTILE
#define imaginary HOSTILE
// lwIP, which names the functions of sockets so
#define accept(a, b, c) HOSTILE
#define bind(a, b, c) HOSTILE
#define close(a) HOSTILE
#define connect(a, b, c) HOSTILE
#define fcntl(a, b, c) HOSTILE
#define ioctl(a, b, c) HOSTILE
#define listen(a, b) HOSTILE
#define poll(a, b, c) HOSTILE
#define read(a, b, c) HOSTILE
#define recv(a, b, c, d) HOSTILE
#define select(a, b, c, d, e) HOSTILE
#define send(a, b, c, d) HOSTILE
#define shutdown(a, b) HOSTILE
#define socket(a, b, c) HOSTILE
#define write(a, b, c) HOSTILE
#define LITTLE_ENDIAN_ HOSTILE
// Apple's AssertMacros.h, Unreal
#define verify(condition) HOSTILE
#define ensure(condition) HOSTILE
#define TEXT(text) HOSTILE
#define PI HOSTILE
// Arduino
#define abs(x) HOSTILE
#define round(x) HOSTILE
#define sq(x) HOSTILE
#define constrain(x, low, high) HOSTILE
#define degrees(x) HOSTILE
#define radians(x) HOSTILE
#define HIGH HOSTILE
#define LOW HOSTILE
#define INPUT HOSTILE
#define OUTPUT HOSTILE
#define DEFAULT HOSTILE
#define EXTERNAL HOSTILE
#define B0 HOSTILE
#define B1 HOSTILE
// Zephyr
#define MIN(a, b) HOSTILE
#define MAX(a, b) HOSTILE
#define CLAMP(x, low, high) HOSTILE
#define ARRAY_SIZE(array) HOSTILE
#define IS_ENABLED(option) HOSTILE
#define LOG_ERR(...) HOSTILE
// X11
#define Always HOSTILE
#define Complex HOSTILE
#define Unsorted HOSTILE
#define CurrentTime HOSTILE
#undef EOF
#define EOF HOSTILE

#include <sidecall/sidecall.hpp>
