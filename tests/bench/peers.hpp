#pragma once

/// What a competent user of another library would write for the same work. State that can be reused for the next
/// request (a handle, a parser, a buffer) is reused.

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inputs.hpp"

namespace bench::peers {

/// Writes the request as HTTP/1.1 with `std::string`, `curl_easy_escape` and `EVP_EncodeBlock`.
std::string build_with_curl(build_input const& in);

/// Writes the form with `boost::urls::encode`, the rest as above.
std::string build_with_boost(build_input const& in);

/// Builds an `httplib::Request` and returns the size of its body. The request itself stays in the one translation unit
/// that includes cpp-httplib.
std::size_t build_with_httplib(build_input const& in);
bool httplib_holds(build_input const& in); ///< Whether that request has the parts of `in.wire`.

struct views {
    std::string_view account, call, sid, date, uri;
};
struct strings {
    std::string account, call, sid, date, uri;
};
views parse_with_simdjson_views(std::string const& body); ///< `body` needs spare capacity for the padding.
strings parse_with_simdjson(std::string_view body);
strings parse_with_rapidjson(std::string_view body);
strings parse_with_nlohmann(std::string_view body);

bool url_with_curl(std::string const& url);
bool url_with_boost(std::string_view url);

/// A response whose fields and body are copied into one buffer, and the fields indexed.
struct http1_response {
    int status = 0;
    std::vector<std::pair<std::string_view, std::string_view>> const* fields = nullptr;
    std::string_view body;
};
http1_response http1_with_http_parser(std::string_view message);

bool webhook(webhook_input const& in);
std::string webhook_content(webhook_input const& in);

} // namespace bench::peers
