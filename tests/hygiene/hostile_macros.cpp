// The headers compile with the macros that platforms and frameworks define. Each macro takes the same arguments as
// there and expands to something that does not compile. The standard library is included first, since its headers use
// some of these names themselves.

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <time.h>
#include <type_traits>
#include <utility>
#include <vector>
#if __has_include(<sys/random.h>)
#include <sys/random.h>
#else
#include <random>
#endif
#if __has_include(<cpuid.h>)
#include <cpuid.h>
#endif

#define HOSTILE SIDECALL_HAS_LOOKED_AT_A_MACRO(
// windows.h
#define CALLBACK HOSTILE
#define CONST HOSTILE
#define CreateEvent HOSTILE
#define CreateFile HOSTILE
#define CreateMutex HOSTILE
#undef DELETE
#define DELETE HOSTILE
#define DeleteFile HOSTILE
#define DIFFERENCE HOSTILE
#undef DOMAIN
#define DOMAIN HOSTILE
#define ERROR HOSTILE
#undef FALSE
#define FALSE HOSTILE
#define far HOSTILE
#define GetClassName HOSTILE
#define GetCurrentTime HOSTILE
#define GetMessage HOSTILE
#define GetObject HOSTILE
#define GetTimeFormat HOSTILE
#define GetUserName HOSTILE
#define h_addr HOSTILE
#define IGNORE HOSTILE
#define IN HOSTILE
#define INFINITE HOSTILE
#define interface HOSTILE
#define LoadString HOSTILE
#define max(a, b) HOSTILE
#define min(a, b) HOSTILE
#define near HOSTILE
#define NO_ERROR HOSTILE
#define OPTIONAL HOSTILE
#define OUT HOSTILE
#undef OVERFLOW
#define OVERFLOW HOSTILE
#define PASCAL HOSTILE
#define PostMessage HOSTILE
#define ReportEvent HOSTILE
#define s_addr HOSTILE
#define s_host HOSTILE
#define SendMessage HOSTILE
#define SetPort HOSTILE
#define small HOSTILE
#define StartService HOSTILE
#define STRICT HOSTILE
#define THIS HOSTILE
#define TRANSPARENT HOSTILE
#undef TRUE
#define TRUE HOSTILE
#undef UNDERFLOW
#define UNDERFLOW HOSTILE
#define VOID HOSTILE
#define WAIT_TIMEOUT HOSTILE
#define Yield() HOSTILE
// X.h, Xlib.h
#define Above HOSTILE
#define AllTemporary HOSTILE
#define Always HOSTILE
#define AnyKey HOSTILE
#define BadRequest HOSTILE
#define Below HOSTILE
#define Bool HOSTILE
#define Button1 HOSTILE
#define Complex HOSTILE
#define ControlMask HOSTILE
#define Convex HOSTILE
#define CopyFromParent HOSTILE
#define CurrentTime HOSTILE
#define CursorShape HOSTILE
#define Expose HOSTILE
#define False HOSTILE
#define FocusIn HOSTILE
#define FocusOut HOSTILE
#define GrayScale HOSTILE
#define KeyPress HOSTILE
#define KeyRelease HOSTILE
#define Never HOSTILE
#define Nonconvex HOSTILE
#define None HOSTILE
#define NoSymbol HOSTILE
#define NotUseful HOSTILE
#define Opposite HOSTILE
#define ParentRelative HOSTILE
#define Status HOSTILE
#define Success HOSTILE
#define True HOSTILE
#define TrueColor HOSTILE
#define Unsorted HOSTILE
#define WhenMapped HOSTILE
// complex.h
#define _Complex_I HOSTILE
#define _Imaginary_I HOSTILE
#define complex HOSTILE
#define I HOSTILE
#define imaginary HOSTILE
// Arduino
#define _BV(b) HOSTILE
#define A0 HOSTILE
#define abs(x) HOSTILE
#define B0 HOSTILE
#define B00000001 HOSTILE
#define B1 HOSTILE
#define bit(b) HOSTILE
#define bitClear(value, b) HOSTILE
#define bitRead(value, b) HOSTILE
#define bitSet(value, b) HOSTILE
#define bitWrite(value, b, v) HOSTILE
#define CHANGE HOSTILE
#define cli() HOSTILE
#define constrain(amount, low, high) HOSTILE
#define DEFAULT HOSTILE
#define degrees(x) HOSTILE
#define DISPLAY HOSTILE
#define EXTERNAL HOSTILE
#define F(text) HOSTILE
#define FALLING HOSTILE
#define HIGH HOSTILE
#define highByte(w) HOSTILE
#define INPUT HOSTILE
#define INPUT_PULLUP HOSTILE
#define INTERNAL HOSTILE
#define interrupts() HOSTILE
#define LED_BUILTIN HOSTILE
#define LOW HOSTILE
#define lowByte(w) HOSTILE
#define LSBFIRST HOSTILE
#define MSBFIRST HOSTILE
#define noInterrupts() HOSTILE
#define OUTPUT HOSTILE
#define PI HOSTILE
#define PROGMEM HOSTILE
#define PSTR(text) HOSTILE
#define radians(x) HOSTILE
#define RISING HOSTILE
#define round(x) HOSTILE
#define sei() HOSTILE
#define SERIAL HOSTILE
#define SP HOSTILE
#define sq(x) HOSTILE
#define SREG HOSTILE
#define UDR0 HOSTILE
#define word(...) HOSTILE
// lwIP, which defines BSD's functions as macros
#define accept(s, addr, length) HOSTILE
#define bind(s, name, length) HOSTILE
#define close(s) HOSTILE
#define closesocket(s) HOSTILE
#define connect(s, name, length) HOSTILE
#define fcntl(s, cmd, val) HOSTILE
#define freeaddrinfo(addrinfo) HOSTILE
#define getaddrinfo(nodename, servname, hints, res) HOSTILE
#define gethostbyname(name) HOSTILE
#define getpeername(s, name, length) HOSTILE
#define getsockname(s, name, length) HOSTILE
#define getsockopt(s, level, name, value, length) HOSTILE
#define htonl(x) HOSTILE
#define htons(x) HOSTILE
#define inet_ntop(af, src, dst, size) HOSTILE
#define inet_pton(af, src, dst) HOSTILE
#define ioctl(s, cmd, argument) HOSTILE
#define listen(s, backlog) HOSTILE
#define ntohl(x) HOSTILE
#define ntohs(x) HOSTILE
#define poll(fds, count, timeout) HOSTILE
#define read(s, memory, length) HOSTILE
#define readv(s, iov, count) HOSTILE
#define recv(s, memory, length, flags) HOSTILE
#define recvfrom(s, memory, length, flags, from, fromlength) HOSTILE
#define recvmsg(s, message, flags) HOSTILE
#define select(count, readset, writeset, exceptset, timeout) HOSTILE
#define send(s, data, size, flags) HOSTILE
#define sendmsg(s, message, flags) HOSTILE
#define sendto(s, data, size, flags, to, tolength) HOSTILE
#define setsockopt(s, level, name, value, length) HOSTILE
#define shutdown(s, how) HOSTILE
#define socket(domain, type, protocol) HOSTILE
#define write(s, data, size) HOSTILE
#define writev(s, iov, count) HOSTILE
// Zephyr, glib, FreeRTOS, microcontroller vendors
#define ABS(x) HOSTILE
#define ALWAYS_INLINE HOSTILE
#define ARRAY_SIZE(x) HOSTILE
#define BIT(n) HOSTILE
#define BIT_MASK(n) HOSTILE
#define CLAMP(value, low, high) HOSTILE
#define compiler_barrier HOSTILE
#define CONCAT(...) HOSTILE
#define CONTAINER_OF(pointer, type, field) HOSTILE
#define DISABLE HOSTILE
#define DIV_ROUND_UP(n, d) HOSTILE
#define EMPTY HOSTILE
#define ENABLE HOSTILE
#define FOR_EACH(...) HOSTILE
#define GB(x) HOSTILE
#define HASH HOSTILE
#define IDENTITY(x) HOSTILE
#define IN_RANGE(value, least, most) HOSTILE
#define IS_ENABLED(option) HOSTILE
#define KB(x) HOSTILE
#define likely(x) HOSTILE
#define LISTIFY(...) HOSTILE
#define LOCAL HOSTILE
#define LOG_ERR(...) HOSTILE
#define MAX(a, b) HOSTILE
#define MB(x) HOSTILE
#define MEMCPY(to, from, length) HOSTILE
#define MHZ(x) HOSTILE
#define MIN(a, b) HOSTILE
#define MSB(x) HOSTILE
#define NONE HOSTILE
#define OK HOSTILE
#define POSITION_VAL(x) HOSTILE
#define READ_BIT(x, b) HOSTILE
#define RESET HOSTILE
#define RNG HOSTILE
#define ROUND_DOWN(x, a) HOSTILE
#define ROUND_UP(x, a) HOSTILE
#define SET HOSTILE
#define STATIC_ASSERT(...) HOSTILE
#define STRINGIFY(x) HOSTILE
#define unimplemented HOSTILE
#define unlikely(x) HOSTILE
#define UNUSED(x) HOSTILE
#define WAIT_FOR(...) HOSTILE
// sys/param.h, sys/sysmacros.h
#define clrbit(a, i) HOSTILE
#define howmany(x, y) HOSTILE
#define isclr(a, i) HOSTILE
#define isset(a, i) HOSTILE
#undef major
#define major(d) HOSTILE
#undef makedev
#define makedev(a, b) HOSTILE
#undef minor
#define minor(d) HOSTILE
#define powerof2(x) HOSTILE
#define roundup(x, y) HOSTILE
#define setbit(a, i) HOSTILE
// gnu++
#undef i386
#define i386 HOSTILE
#undef linux
#define linux HOSTILE
#undef sun
#define sun HOSTILE
#undef unix
#define unix HOSTILE
// Unreal
#define check(condition) HOSTILE
#define checkf(...) HOSTILE
#define ensure(condition) HOSTILE
#define ensureMsgf(...) HOSTILE
#define FORCEINLINE HOSTILE
#define GENERATED_BODY HOSTILE
#define PLATFORM_LITTLE_ENDIAN HOSTILE
#define TEXT(text) HOSTILE
#define UE_LOG(...) HOSTILE
#define verify(condition) HOSTILE
#define verifyf(...) HOSTILE
// Apple
#define check_noerr(error) HOSTILE
#define check_string(condition, text) HOSTILE
#define ncheck(condition) HOSTILE
#define nil HOSTILE
#define Nil HOSTILE
#define NO HOSTILE
#define require(condition, label) HOSTILE
#define require_action(condition, label, action) HOSTILE
#define require_noerr(error, label) HOSTILE
#define require_quiet(condition, label) HOSTILE
#define verify_action(condition, action) HOSTILE
#define verify_noerr(error) HOSTILE
#define verify_string(condition, text) HOSTILE
#define YES HOSTILE
// Qt
#define emit HOSTILE
#define foreach(variable, container) HOSTILE
#define forever HOSTILE
#define signals HOSTILE
#define slots HOSTILE
// test frameworks and logging
#define ASSERT(...) HOSTILE
#undef assert
#define assert(condition) HOSTILE
#define CHECK(...) HOSTILE
#define DEBUG HOSTILE
#define EXPECT(...) HOSTILE
#define FAIL(...) HOSTILE
#undef INFO
#define INFO HOSTILE
#define LOG(...) HOSTILE
#define REQUIRE(...) HOSTILE
#define SECTION(...) HOSTILE
#define SUCCEED(...) HOSTILE
#define TEST(...) HOSTILE
#define WARN HOSTILE
#define WARNING HOSTILE
// the C library itself
#undef BUFSIZ
#define BUFSIZ HOSTILE
#define ECHO HOSTILE
#undef EOF
#define EOF HOSTILE
#undef h_errno
#define h_errno HOSTILE
#undef HUGE
#define HUGE HOSTILE
#undef M_PI
#define M_PI HOSTILE
#undef sa_handler
#define sa_handler HOSTILE
#undef si_value
#define si_value HOSTILE
#undef st_atime
#define st_atime HOSTILE

#include <sidecall/http1.hpp>
#include <sidecall/json.hpp>
#include <sidecall/ordered.hpp>
#include <sidecall/paging.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/testing.hpp>

// How a program with these macros calls functions whose names are macros.
using namespace sidecall::literals;

sidecall::result<sidecall::incoming_message> answer(sidecall::webhook_request const& request,
                                                    sidecall::message_sequencer& sequencer)
{
    sidecall::webhook_verifier const verifier{sidecall::secret{"auth token"}};
    if (auto verified = (verifier.verify)(request); !verified) return verified.error();
    auto message = verifier.receive(request);
    if (message) static_cast<void>((sequencer.accept)(*message, [](auto&&) {}));
    return message;
}

sidecall::result<sidecall::user_defined_message_subscription> subscribe(sidecall::credentials const& credentials,
                                                                        auto& transport)
{
    sidecall::create_user_defined_message_subscription const operation{
        .account_sid = "AC00000000000000000000000000000001"_account_sid,
        .call_sid = "CA00000000000000000000000000000002"_call_sid,
        .callback = "https://example.com/udm"_callback_url};
    return (sidecall::send)(operation, credentials, transport);
}
