#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

/// The first message of a connection, as another implementation reads it.
struct other_http1 {
    bool is_complete = false;
    std::string error{}; ///< Why it was refused; empty if it was not.
    std::size_t consumed = 0;
    bool is_http_1_1 = false;
    unsigned status = 0;
    std::string method{};
    std::string target{};
    std::vector<std::pair<std::string, std::string>> fields{}; ///< Without whitespace around the values.
    std::vector<std::pair<std::string, std::string>> trailer{};
    std::string body{};
    bool keep_alive = false;
};

/// Reads a message with another implementation. `ends` is whether the connection ends after the bytes.
struct other_http1_reader {
    char const* name;
    other_http1 (*response)(std::string_view bytes, bool is_head, bool ends);
    other_http1 (*request)(std::string_view bytes);
};

// Each is defined in a file of its own, since their C headers declare the same names.

extern other_http1_reader const http_parser_reader; ///< http-parser 2.9, with FUZZ_HTTP_PARSER.
extern other_http1_reader const llhttp_reader;      ///< llhttp, its successor, with FUZZ_LLHTTP.

} // namespace fuzz
