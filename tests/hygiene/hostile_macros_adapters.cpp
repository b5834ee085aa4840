// The transports and the webhook mount compile with the macros of windows.h, Apple and Unreal, too. libcurl and
// cpp-httplib are included first, since they need not compile with them.

#include <chrono>
#include <limits>

#include <curl/curl.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <poll.h>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>

#define HOSTILE SIDECALL_HAS_LOOKED_AT_A_MACRO(
#undef DELETE
#define DELETE HOSTILE
#define ERROR HOSTILE
#define F(text) HOSTILE
#define I HOSTILE
#define IN HOSTILE
#define OUT HOSTILE
#define TEXT(text) HOSTILE
#define check(condition) HOSTILE
#define ensure(condition) HOSTILE
#define far HOSTILE
#define interface HOSTILE
#define max(a, b) HOSTILE
#define min(a, b) HOSTILE
#define near HOSTILE
#define nil HOSTILE
#define require(condition, label) HOSTILE
#define small HOSTILE
#define verify(condition) HOSTILE

#include <sidecall/curl.hpp>
#include <sidecall/curl_multi.hpp>
#include <sidecall/environment.hpp>
#include <sidecall/httplib.hpp>
