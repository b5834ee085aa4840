#pragma once

/// What a competent user of another library would write for the same work. Whatever it can keep from one request to the
/// next (a handle, a parser, a buffer) it keeps.

#include <array>
#include <string>
#include <string_view>

#include "inputs.hpp"

namespace bench::peers {

/// `std::string`, `curl_easy_escape` and `EVP_EncodeBlock`: the request as HTTP/1.1.
std::string build_with_curl(build_input const& in);

/// The form by `boost::urls::encode`, the rest as above.
std::string build_with_boost(build_input const& in);

/// An `httplib::Request`, whose body's size is given back: it cannot leave the one translation unit that pays for the
/// include.
std::size_t build_with_httplib(build_input const& in);
bool httplib_holds(build_input const& in); ///< Whether its parts are those of `in.wire`.

struct views {
    std::string_view account, call, sid, date, uri;
};
struct strings {
    std::string account, call, sid, date, uri;
};
views parse_with_simdjson_views(std::string const& body); ///< Must have room for the padding behind it.
strings parse_with_simdjson(std::string_view body);
strings parse_with_rapidjson(std::string_view body);
strings parse_with_nlohmann(std::string_view body);

bool url_with_curl(std::string const& url);
bool url_with_boost(std::string_view url);

bool webhook(webhook_input const& in);
std::string webhook_content(webhook_input const& in);

} // namespace bench::peers
