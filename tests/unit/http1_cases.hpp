#pragma once

// Messages of HTTP/1.1 and what the readers make of them. They are checked at run time, cut at every byte, and as
// constants. The results are from RFC 9112; where it leaves a choice, from the comments of http1.hpp.

#include <cstddef>
#include <string_view>
#include <type_traits>

#include <sidecall/http1.hpp>

namespace http1_cases {

using namespace std::string_view_literals;
using sidecall::errc;
using sidecall::http_method;

/// A response that can be read.
struct good_response {
    std::string_view why;
    std::string_view bytes;
    std::string_view rest = {}; // the bytes of `bytes` that do not belong to the response
    int status = 200;
    std::string_view headers = {};
    std::string_view body = {};
    bool keep_alive = true;
    http_method method = http_method::post;
    bool ends = false; // whether the connection ends after the bytes
};

/// A response, or a request, that cannot be read.
struct bad_message {
    std::string_view bytes;
    std::string_view field;
    std::string_view rule;
    std::size_t offset;
    int status = 400;              // only for requests
    errc code = errc::answer_lost; // only for responses
    bool ends = false;
};

/// A request that can be read.
struct good_request {
    std::string_view why;
    std::string_view bytes;
    std::string_view rest = {};
    std::string_view method = "POST";
    std::string_view url = "https://example.com/udm";
    std::string_view content_type = {};
    std::string_view signature = {};
    std::string_view body = {};
    bool keep_alive = true;
};

inline constexpr auto callback = [] { // with a query and a fragment, which are not part of the URL of a request
    using namespace sidecall::literals;
    return "https://example.com/udm?tenant=1#rc=2"_callback_url;
}();

inline constexpr good_response good_responses[] = {
    {.why = "a body of a known length",
     .bytes = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n"sv,
     .rest = "HTTP/1.1 200 OK\r\n",
     .status = 201,
     .headers = "Content-Length: 2\r\n",
     .body = "{}"},
    {.why = "an empty body",
     .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n",
     .rest = "\r\n",
     .headers = "Content-Length: 0\r\n"},
    {.why = "leading zeros of a length",
     .bytes = "HTTP/1.1 200 OK\r\nContent-Length:0003\t\r\n\r\nabc",
     .headers = "Content-Length:0003\t\r\n",
     .body = "abc"},
    {.why = "chunks, with extensions and trailer fields",
     .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=\"y\";z\r\n0123456789\r\n"
              "0000000000000001\r\n\n\r\n0;last\r\nETag: \"1\"\r\nConnection: close\r\n\r\n!",
     .rest = "!",
     .headers = "Transfer-Encoding: chunked\r\n",
     .body = "abc0123456789\n"},
    {.why = "no chunks, the coding in other letters",
     .bytes = "HTTP/1.1 200 OK\r\ntransfer-ENCODING:\tChunked \r\n\r\n0\r\n\r\n",
     .headers = "transfer-ENCODING:\tChunked \r\n"},
    {.why = "a body until the end",
     .bytes = "HTTP/1.1 200 OK\r\nA: b\r\n\r\nabc\r\n\r\n",
     .headers = "A: b\r\n",
     .body = "abc\r\n\r\n",
     .keep_alive = false,
     .ends = true},
    {.why = "an empty body until the end", .bytes = "HTTP/1.1 200 OK\r\n\r\n", .keep_alive = false, .ends = true},
    {.why = "an empty reason phrase",
     .bytes = "HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n",
     .status = 599,
     .headers = "Content-Length: 0\r\n"},
    {.why = "no reason phrase and no space",
     .bytes = "HTTP/1.1 600\r\nContent-Length: 0\r\n\r\n",
     .status = 600,
     .headers = "Content-Length: 0\r\n"},
    {.why = "a reason phrase with a tab and bytes that are not ASCII",
     .bytes = "HTTP/1.1 999 a\tb \x80\xff\r\nContent-Length: 0\r\n\r\n",
     .status = 999,
     .headers = "Content-Length: 0\r\n"},
    {.why = "204", .bytes = "HTTP/1.1 204 No Content\r\n\r\nabc", .rest = "abc", .status = 204},
    {.why = "204 with the length 0",
     .bytes = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
     .status = 204,
     .headers = "Content-Length: 0\r\n"},
    {.why = "204 with a length, after which the connection cannot be trusted",
     .bytes = "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
     .rest = "abc",
     .status = 204,
     .headers = "Content-Length: 3\r\n",
     .keep_alive = false},
    {.why = "204 with chunks, after which the connection cannot be trusted",
     .bytes = "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0",
     .rest = "0",
     .status = 204,
     .headers = "Transfer-Encoding: chunked\r\n",
     .keep_alive = false},
    {.why = "304 with the length of what it stands for",
     .bytes = "HTTP/1.1 304 Not Modified\r\nContent-Length: 9999999999\r\n\r\n",
     .status = 304,
     .headers = "Content-Length: 9999999999\r\n"},
    {.why = "the response to a HEAD with a length",
     .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
     .rest = "abc",
     .headers = "Content-Length: 3\r\n",
     .method = http_method::head},
    {.why = "the response to a HEAD with chunks",
     .bytes = "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n0",
     .rest = "0",
     .status = 404,
     .headers = "Transfer-Encoding: chunked\r\n",
     .method = http_method::head},
    {.why = "the response to a HEAD with neither", .bytes = "HTTP/1.1 200 OK\r\n\r\n", .method = http_method::head},
    {.why = "interim responses",
     .bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 0\r\n"
              "Connection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
     .headers = "Content-Length: 1\r\n",
     .body = "a"},
    {.why = "HTTP/1.0",
     .bytes = "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
     .headers = "Content-Length: 1\r\n",
     .body = "a",
     .keep_alive = false},
    {.why = "HTTP/1.0 with keep-alive",
     .bytes = "HTTP/1.0 200 OK\r\nConnection: a, Keep-Alive\r\nContent-Length: 1\r\n\r\na",
     .headers = "Connection: a, Keep-Alive\r\nContent-Length: 1\r\n",
     .body = "a"},
    {.why = "HTTP/1.0 with keep-alive and close",
     .bytes = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
     .headers = "Connection: keep-alive\r\nConnection: close\r\nContent-Length: 0\r\n",
     .keep_alive = false},
    {.why = "close in a list",
     .bytes = "HTTP/1.1 200 OK\r\ncONNECTION: ,x ,\tClose\t,\r\nContent-Length: 0\r\n\r\n",
     .headers = "cONNECTION: ,x ,\tClose\t,\r\nContent-Length: 0\r\n",
     .keep_alive = false},
    {.why = "options that only contain close",
     .bytes = "HTTP/1.1 200 OK\r\nConnection: closed, not-close\r\nContent-Length: 0\r\n\r\n",
     .headers = "Connection: closed, not-close\r\nContent-Length: 0\r\n"},
    {.why = "a body until the end in spite of keep-alive",
     .bytes = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n",
     .headers = "Connection: keep-alive\r\n",
     .keep_alive = false,
     .ends = true},
    {.why = "every character of a name, and values with colons, whitespace and bytes that are not ASCII",
     .bytes = "HTTP/1.1 200 OK\r\n!#$%&'*+-.^_`|~09azAZ:\r\nA: b:c\td \x80\xff \r\nContent-Length: 0\r\n\r\n",
     .headers = "!#$%&'*+-.^_`|~09azAZ:\r\nA: b:c\td \x80\xff \r\nContent-Length: 0\r\n"},
};

inline constexpr char field_name[] = "header field";
inline constexpr char control[] = "a control character";

inline constexpr bad_message bad_responses[] = {
    {"\r\nHTTP/1.1 200 OK\r\n\r\n", "status line", "an empty line before it", 0},
    {"\x15\x03\x03"sv, "status line", control, 0},
    {"SSH-2.0-OpenSSH_9.2\r\n", "status line", "does not begin with HTTP/1.1 or HTTP/1.0", 0},
    {"HTTP/1.1\r\n", "status line", "no space after the version", 8},
    {"HTTP/1.\r\n", "status line", "does not begin with HTTP/1.1 or HTTP/1.0", 0},
    {"http/1.1 200 OK\r\n", "status line", "does not begin with HTTP/1.1 or HTTP/1.0", 0},
    {"HTTP/2.0 200 OK\r\n", "status line", "does not begin with HTTP/1.1 or HTTP/1.0", 0},
    {"HTTP/1.2 200 OK\r\n", "status line", "does not begin with HTTP/1.1 or HTTP/1.0", 0},
    {"HTTP/0.9 200 OK\r\n", "status line", "does not begin with HTTP/1.1 or HTTP/1.0", 0},
    {"HTTP/1,1 200 OK\r\n", "status line", "does not begin with HTTP/1.1 or HTTP/1.0", 0},
    {"HTTP/1.x 200 OK\r\n", "status line", "does not begin with HTTP/1.1 or HTTP/1.0", 0},
    {"HTTP/x.1 200 OK\r\n", "status line", "does not begin with HTTP/1.1 or HTTP/1.0", 0},
    {"HTTP/1.10 200 OK\r\n", "status line", "no space after the version", 8},
    {"HTTP/1.1\t200 OK\r\n", "status line", "no space after the version", 8},
    {"HTTP/1.1 \r\n", "status line", "no status code of three digits", 9},
    {"HTTP/1.1 20\r\n", "status line", "no status code of three digits", 9},
    {"HTTP/1.1 20 OK\r\n", "status line", "no status code of three digits", 9},
    {"HTTP/1.1  200 OK\r\n", "status line", "no status code of three digits", 9},
    {"HTTP/1.1 +20 OK\r\n", "status line", "no status code of three digits", 9},
    {"HTTP/1.1 2000 OK\r\n", "status line", "no status code of three digits", 9},
    {"HTTP/1.1 200\tOK\r\n", "status line", "no status code of three digits", 9},
    {"HTTP/1.1 099 OK\r\n", "status line", "the status code is less than 100", 9},
    {"HTTP/1.1 101 Switching Protocols\r\n", "status line", "switches to a protocol that was not asked for", 9},
    {"HTTP/1.1 200 O\nK\r\n", "status line", "LF without CR", 14},
    {"HTTP/1.1 200 OK\rA: b\r\n", "status line", "CR without LF", 15},
    {"HTTP/1.1 200 OK\r\r\n", "status line", "CR without LF", 15},
    {"HTTP/1.1 200 O\0K\r\n"sv, "status line", control, 14},
    {"HTTP/1.1 200 O\x7fK\r\n", "status line", control, 14},
    {"HTTP/1.1 103 Hints\r\nContent-Length: 1\r\n\r\n", "status line", "an interim response with a body", 41},
    {"HTTP/1.1 103 Hints\r\nTransfer-Encoding: chunked\r\n\r\n", "status line", "an interim response with a body", 50},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 099 OK\r\n", "status line", "the status code is less than 100", 34},
    {"HTTP/1.1 100 Continue\r\n\r\n\r\n", "status line", "an empty line before it", 25},

    {"HTTP/1.1 200 OK\r\n A: b\r\n", field_name, "begins with whitespace", 17},
    {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n", field_name, "begins with whitespace", 23},
    {"HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n", field_name, "begins with whitespace", 23},
    {"HTTP/1.1 200 OK\r\nA: b\r\n \r\n", field_name, "begins with whitespace", 23},
    {"HTTP/1.1 200 OK\r\nA : b\r\n", field_name, "whitespace before the colon", 18},
    {"HTTP/1.1 200 OK\r\nA\t: b\r\n", field_name, "whitespace before the colon", 18},
    {"HTTP/1.1 200 OK\r\nA b: b\r\n", field_name, "whitespace before the colon", 18},
    {"HTTP/1.1 200 OK\r\nA@b: b\r\n", field_name, "not a character of a name", 18},
    {"HTTP/1.1 200 OK\r\nA\x80: b\r\n", field_name, "not a character of a name", 18},
    {"HTTP/1.1 200 OK\r\nA\"b: b\r\n", field_name, "not a character of a name", 18},
    {"HTTP/1.1 200 OK\r\nA\r\n", field_name, "no colon", 18},
    {"HTTP/1.1 200 OK\r\n: b\r\n", field_name, "the name is empty", 17},
    {"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n", field_name, "LF without CR", 21},
    {"HTTP/1.1 200 OK\r\nA: b\rC: d\r\n", field_name, "CR without LF", 21},
    {"HTTP/1.1 200 OK\r\nA: b\r\r\n", field_name, "CR without LF", 21},
    {"HTTP/1.1 200 OK\r\nA: b\0\r\n"sv, field_name, control, 21},
    {"HTTP/1.1 200 OK\r\nA: b\x1f\r\n", field_name, control, 21},
    {"HTTP/1.1 200 OK\r\nA: b\x7f\r\n", field_name, control, 21},
    {"HTTP/1.1 200 OK\r\nA\0: b\r\n"sv, field_name, control, 18},
    {"HTTP/1.1 200 OK\r\nA: b\r\n\n", field_name, "LF without CR", 23},
    {"HTTP/1.1 200 OK\r\nA: b\r\n\rx", field_name, "CR without LF", 23},

    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n", "Content-Length", "present twice", 52},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n", "Content-Length", "not a number of bytes", 34},
    {"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n", "Content-Length", "not a number of bytes", 33},
    {"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n", "Content-Length", "not a number of bytes", 33},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3 3\r\n", "Content-Length", "not a number of bytes", 34},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0x3\r\n", "Content-Length", "not a number of bytes", 34},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3.0\r\n", "Content-Length", "not a number of bytes", 34},
    {"HTTP/1.1 200 OK\r\nContent-Length: \r\n", "Content-Length", "not a number of bytes", 33},
    {"HTTP/1.1 200 OK\r\nContent-Length:\r\n", "Content-Length", "not a number of bytes", 32},
    {"HTTP/1.1 204 No Content\r\nContent-Length: x\r\n", "Content-Length", "not a number of bytes", 41},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Content-Length",
     "present together with Transfer-Encoding", 61},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding",
     "present together with Content-Length", 55},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding",
     "present twice", 64},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding", "not exactly \"chunked\"", 36},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n", "Transfer-Encoding", "not exactly \"chunked\"", 36},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n", "Transfer-Encoding", "not exactly \"chunked\"", 36},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;a=b\r\n", "Transfer-Encoding", "not exactly \"chunked\"", 36},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n", "Transfer-Encoding", "not exactly \"chunked\"", 35},
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding", "not allowed in HTTP/1.0", 36},
    {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n",
     .field = "Content-Length",
     .rule = "the body is longer than its limit",
     .offset = 33,
     .code = errc::answer_too_large},
    {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
     .field = "Content-Length",
     .rule = "does not fit a number of bytes",
     .offset = 33,
     .code = errc::answer_too_large},
    {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
     .field = "Content-Length",
     .rule = "does not fit a number of bytes",
     .offset = 33,
     .code = errc::answer_too_large},
    {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
     .field = "Content-Length",
     .rule = "does not fit a number of bytes",
     .offset = 33,
     .code = errc::answer_too_large},

    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "chunk size", "not a hexadecimal digit", 47},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n;a\r\n", "chunk size", "not a hexadecimal digit", 47},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\n", "chunk size", "not a hexadecimal digit", 47},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "chunk size", "not a hexadecimal digit", 47},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 1\r\n", "chunk size", "not a hexadecimal digit", 47},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\n", "chunk size", "not a hexadecimal digit", 48},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 ;a\r\n", "chunk size", "not a hexadecimal digit", 48},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n", "chunk size", "not a hexadecimal digit", 48},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1g\r\n", "chunk size", "not a hexadecimal digit", 48},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000001\r\n", "chunk size", "more than 16 digits",
     63},
    {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000001\r\n",
     .field = "chunk size",
     .rule = "does not fit a number of bytes",
     .offset = 47,
     .code = errc::answer_too_large},
    {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n",
     .field = "chunk size",
     .rule = "the body is longer than its limit",
     .offset = 47,
     .code = errc::answer_too_large},
    {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n100000\r\n",
     .field = "chunk size",
     .rule = "the body is longer than its limit",
     .offset = 53,
     .code = errc::answer_too_large},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n", "chunk size", "LF without CR", 48},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a\rb\r\n", "chunk size", "CR without LF", 50},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a\0\r\n"sv, "chunk size", control, 50},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", "chunk", "no CR LF behind it", 51},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n", "chunk", "no CR LF behind it", 51},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\rb", "chunk", "no CR LF behind it", 52},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na0\r\n", "chunk", "no CR LF behind it", 51},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n A: b\r\n", "trailer field", "begins with whitespace",
     50},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA\r\n", "trailer field", "no colon", 51},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: \x01\r\n", "trailer field", control, 53},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\ncontent-length: 0\r\n", "trailer field",
     "must not be in the trailer", 50},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: a\r\n", "trailer field",
     "must not be in the trailer", 50},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: a\r\n", "trailer field",
     "must not be in the trailer", 50},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\n", "trailer field", "LF without CR", 50},

    {.bytes = "", .field = "response", .rule = "the connection ended before it", .offset = 0, .ends = true},
    {.bytes = "H", .field = "response", .rule = "the connection ended within it", .offset = 1, .ends = true},
    {.bytes = "HTTP/1.1 200 OK\r\n\r",
     .field = "response",
     .rule = "the connection ended within it",
     .offset = 18,
     .ends = true},
    {.bytes = "HTTP/1.1 100 Continue\r\n\r\n",
     .field = "response",
     .rule = "the connection ended within it",
     .offset = 25,
     .ends = true},
    {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
     .field = "response",
     .rule = "the connection ended within it",
     .offset = 40,
     .ends = true},
    {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r",
     .field = "response",
     .rule = "the connection ended within it",
     .offset = 57,
     .ends = true},
};

inline constexpr good_request good_requests[] = {
    {.why = "a form, as Twilio sends it",
     .bytes = "POST /udm?tenant=1 HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n"
              "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
              "X-Twilio-Signature: 0123456789012345678901234567\r\nUser-Agent: TwilioProxy/1.1\r\n\r\na=bPOST",
     .rest = "POST",
     .url = "https://example.com/udm?tenant=1",
     .content_type = "application/x-www-form-urlencoded; charset=UTF-8",
     .signature = "0123456789012345678901234567",
     .body = "a=b"},
    {.why = "a GET",
     .bytes = "GET /udm?tenant=1&Sid=%4b HTTP/1.1\r\nhost: 10.0.0.1:8080\r\nx-twilio-SIGNATURE:\t a= \t\r\n\r\n",
     .method = "GET",
     .url = "https://example.com/udm?tenant=1&Sid=%4b",
     .signature = "a="},
    {.why = "no query", .bytes = "POST /udm HTTP/1.1\r\nHost: a\r\n\r\n"},
    {.why = "an empty query", .bytes = "POST /udm? HTTP/1.1\r\nHost:\r\n\r\n", .url = "https://example.com/udm?"},
    {.why = "chunks",
     .bytes = "POST /udm HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\na=b\r\n0\r\n"
              "Content-Type: a\r\n\r\nG",
     .rest = "G",
     .body = "a=b"},
    {.why = "an empty line before the request", .bytes = "\r\nPOST /udm HTTP/1.1\r\nHost: a\r\n\r\n"},
    {.why = "the absolute form, whose authority does not matter",
     .bytes = "POST HTTP://proxy:81/udm?a=b HTTP/1.1\r\nHost: other\r\n\r\n",
     .url = "https://example.com/udm?a=b"},
    {.why = "HTTP/1.0 without a Host", .bytes = "POST /udm HTTP/1.0\r\n\r\n", .keep_alive = false},
    {.why = "HTTP/1.0 with keep-alive, whose expectation is ignored",
     .bytes = "POST /udm HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
     .body = "a"},
    {.why = "close", .bytes = "POST /udm HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", .keep_alive = false},
    {.why = "an expectation",
     .bytes = "POST /udm HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\na",
     .body = "a"},
    {.why = "another method of 32 characters",
     .bytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZ!-+.~* /udm HTTP/1.1\r\nHost: a\r\n\r\n",
     .method = "ABCDEFGHIJKLMNOPQRSTUVWXYZ!-+.~*"},
    {.why = "the type after the signature, both empty",
     .bytes = "POST /udm HTTP/1.1\r\nX-Twilio-Signature:\r\nContent-Type: \r\nHost: a\r\n\r\n"},
};

inline constexpr char host[] = "Host: a\r\n";

inline constexpr bad_message bad_requests[] = {
    {"\r\n\r\nPOST", "request line", "more than one empty line before it", 2},
    {"\nPOST", "request line", "LF without CR", 0},
    {"POST /udm HTTP/1.1\rHost: a\r\n", "request line", "CR without LF", 18},
    {" POST /udm HTTP/1.1\r\n", "request line", "does not begin with a method and one space", 0},
    {"POST\r\n", "request line", "does not begin with a method and one space", 4},
    {"POST\t/udm HTTP/1.1\r\n", "request line", "does not begin with a method and one space", 4},
    {"P@ST /udm HTTP/1.1\r\n", "request line", "does not begin with a method and one space", 1},
    {"POST  /udm HTTP/1.1\r\n", "request line", "more than one space", 5},
    {"POST \r\n", "request line", "more than one space", 5},
    {"POST /udm\r\n", "request line", "no version", 9},
    {"POST /udm  HTTP/1.1\r\n", "request line", "does not end with one space and a version", 10},
    {"POST /udm HTTP/1.1 \r\n", "request line", "does not end with one space and a version", 10},
    {"POST /udm http/1.1\r\n", "request line", "does not end with one space and a version", 10},
    {"POST /udm HTTP/11\r\n", "request line", "does not end with one space and a version", 10},
    {"POST /udm HTTP/1.1x\r\n", "request line", "does not end with one space and a version", 10},
    {"POST /udm a HTTP/1.1\r\n", "request line", "does not end with one space and a version", 10},
    {"POST /udm\tHTTP/1.1\r\n", "request line", "no version", 18},
    {"PRI * HTTP/2.0\r\n", "request line", "the version is not HTTP/1.1 or HTTP/1.0", 6, 505},
    {"POST /udm HTTP/1.2\r\n", "request line", "the version is not HTTP/1.1 or HTTP/1.0", 10, 505},
    {"POST /udm HTTP/0.9\r\n", "request line", "the version is not HTTP/1.1 or HTTP/1.0", 10, 505},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZ!-+.~*+ /udm HTTP/1.1\r\n", "request line", "the method is longer than 32 characters",
     0, 501},
    {"POST /udm#a HTTP/1.1\r\n", "request line", "a fragment in the target", 9},
    {"POST /udm\\ HTTP/1.1\r\n", "request line", "a backslash", 9},
    {"POST /udm\ta HTTP/1.1\r\n", "request line", "whitespace: percent-encode it", 9},
    {"POST /udm?%4 HTTP/1.1\r\n", "request line", "'%' without two hexadecimal digits", 10},
    {"POST /udm?\xc3\xa4 HTTP/1.1\r\n", "request line", "not ASCII: percent-encode it (in a host: use its xn-- form)",
     10},
    {"OPTIONS * HTTP/1.1\r\n", "request line", "the target is neither a path nor an http URL", 8},
    {"POST udm HTTP/1.1\r\n", "request line", "the target is neither a path nor an http URL", 5},
    {"CONNECT example.com:443 HTTP/1.1\r\n", "request line", "the target is neither a path nor an http URL", 8},
    {"POST http:///udm HTTP/1.1\r\n", "request line", "the target is neither a path nor an http URL", 5},
    {"POST http://u@a/udm HTTP/1.1\r\n", "request line", "the target is neither a path nor an http URL", 5},
    {"POST http://a/udm#a HTTP/1.1\r\n", "request line", "a fragment in the target", 17},
    {"POST / HTTP/1.1\r\n", "request line", "not the path of the callback", 5, 404},
    {"POST /UDM HTTP/1.1\r\n", "request line", "not the path of the callback", 5, 404},
    {"POST /udm/ HTTP/1.1\r\n", "request line", "not the path of the callback", 5, 404},
    {"POST //udm HTTP/1.1\r\n", "request line", "not the path of the callback", 5, 404},
    {"POST /ud%6d HTTP/1.1\r\n", "request line", "not the path of the callback", 5, 404},
    {"POST http://a HTTP/1.1\r\n", "request line", "not the path of the callback", 13, 404},
    {"POST http://a?/udm HTTP/1.1\r\n", "request line", "not the path of the callback", 13, 404},

    {"POST /udm HTTP/1.1\r\n\r\n", "Host", "missing", 20},
    {"POST /udm HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "Host", "present twice", 35},
    {"POST /udm HTTP/1.0\r\nHost: a\r\nHost: a\r\n", "Host", "present twice", 35},
    {"POST /udm HTTP/1.1\r\nHost: a, a\r\n", "Host", "not a host and port", 28},
    {"POST /udm HTTP/1.1\r\nHost: a/b\r\n", "Host", "not a host and port", 27},
    {"POST /udm HTTP/1.1\r\nHost: u@a\r\n", "Host", "not a host and port", 27},
    {"POST /udm HTTP/1.1\r\nHost : a\r\n", field_name, "whitespace before the colon", 24},
    {"POST /udm HTTP/1.1\r\n Host: a\r\n", field_name, "begins with whitespace", 20},
    {"POST /udm HTTP/1.1\r\nContent-Type: a\r\nContent-Type: a\r\n", "Content-Type", "present twice", 51},
    {"POST /udm HTTP/1.1\r\nX-Twilio-Signature: a\r\nX-Twilio-Signature: b\r\n", "X-Twilio-Signature", "present twice",
     63},
    {"POST /udm HTTP/1.1\r\nExpect: a\r\n", "Expect", "not \"100-continue\"", 28, 417},
    {"POST /udm HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding", "not exactly \"chunked\"", 39,
     501},
    {"POST /udm HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding", "not allowed in HTTP/1.0", 39},
    {"POST /udm HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding",
     "present together with Content-Length", 58},
    {"POST /udm HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n", "Content-Length", "present twice", 55},
    {"POST /udm HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", "Content-Length",
     "the body is longer than its limit", 45, 413},
    {"POST /udm HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n", "chunk size",
     "the body is longer than its limit", 59, 413},
    {"POST /udm HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", "chunk", "no CR LF behind it", 63},
    {"POST /udm HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: a\r\n", "trailer field",
     "must not be in the trailer", 62},
};

/// The reader for a row, with further arguments of its constructor.
template <class Reader>
constexpr Reader reader_for(auto const& row, auto&&... arguments)
{
    if constexpr (std::is_same_v<Reader, sidecall::http1_request_reader>)
        return Reader(callback, arguments...);
    else if constexpr (requires { row.method; })
        return Reader(row.method, arguments...);
    else
        return Reader(http_method::post, arguments...);
}

/// How a message is cut: into a first piece, and others that have all the same size.
struct cuts {
    std::size_t first = static_cast<std::size_t>(-1);
    std::size_t size = 1;
};

/// What reading a message came to.
struct outcome {
    sidecall::result<sidecall::http1_progress> last;
    std::size_t consumed = 0;
};

/// Feeds pieces until the message is done or cannot be read.
template <class Reader>
constexpr outcome feed(Reader& reader, std::string_view bytes, cuts const& pieces, bool ends)
{
    outcome found{reader.feed({}), 0};
    std::size_t size = pieces.first;
    while (found.last && !found.last->done && found.consumed != bytes.size()) {
        std::string_view const piece = bytes.substr(found.consumed, size);
        found.last = reader.feed(piece);
        if (found.last) found.consumed += found.last->consumed;
        if (found.last && !found.last->done && found.last->consumed != piece.size()) return {{{}}, 0}; // lost bytes
        size = pieces.size;
    }
    if constexpr (requires { reader.end(); }) {
        if (ends) found.last = reader.end();
    }
    return found;
}

constexpr bool holds(sidecall::http1_response_reader reader, good_response const& wanted, cuts const& pieces)
{
    auto const found = feed(reader, wanted.bytes, pieces, wanted.ends);
    auto const again = reader.feed("HTTP/1.1 500 Not Read\r\n");
    auto const view = reader.view();
    return found.last && found.last->done && found.consumed == wanted.bytes.size() - wanted.rest.size() && again &&
           again->consumed == 0 && again->done && view.status == wanted.status && view.body == wanted.body &&
           reader.headers().text() == wanted.headers && reader.keep_alive() == wanted.keep_alive;
}

constexpr bool holds(sidecall::failure const& found, bad_message const& wanted, errc code)
{
    return found.code() == code && found.field() == wanted.field && found.message() == wanted.rule &&
           found.offset() == wanted.offset;
}

constexpr bool holds(sidecall::http1_response_reader reader, bad_message const& wanted, cuts const& pieces)
{
    auto const found = feed(reader, wanted.bytes, pieces, wanted.ends);
    auto const again = reader.feed("x");
    auto const end = reader.end();
    return !found.last && holds(found.last.error(), wanted, wanted.code) && again == found.last && end == found.last &&
           reader.view().status == 0 && reader.view().body.empty() && reader.headers().empty() && !reader.keep_alive();
}

constexpr bool holds(sidecall::http1_request_reader reader, good_request const& wanted, cuts const& pieces)
{
    auto const found = feed(reader, wanted.bytes, pieces, false);
    auto const again = reader.feed("POST");
    auto const request = reader.request();
    return found.last && found.last->done && found.consumed == wanted.bytes.size() - wanted.rest.size() && again &&
           again->consumed == 0 && again->done && reader.status() == 0 && request.method == wanted.method &&
           request.url == wanted.url && request.content_type == wanted.content_type &&
           request.signature == wanted.signature && request.body == wanted.body &&
           reader.keep_alive() == wanted.keep_alive;
}

constexpr bool holds(sidecall::http1_request_reader reader, bad_message const& wanted, cuts const& pieces)
{
    auto const found = feed(reader, wanted.bytes, pieces, false);
    auto const again = reader.feed("x");
    auto const request = reader.request();
    return !found.last && holds(found.last.error(), wanted, errc::malformed_webhook) && again == found.last &&
           reader.status() == wanted.status && request.method.empty() && request.url.empty() && request.body.empty() &&
           !reader.keep_alive();
}

} // namespace http1_cases
