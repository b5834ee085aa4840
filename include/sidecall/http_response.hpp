#pragma once

#include <string>

#include <sidecall/header.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall {

/// A non-owning view of a response, which `parse` takes. Everything it refers to must outlive it.
struct http_response_view {
    int status = 0;            ///< The status code received; any number is accepted.
    headers_view headers = {}; ///< The header fields, in any range.
    text_view body = {};       ///< The complete body, decoded: not chunked, not compressed.
};

/// A response that owns its bytes, which a transport returns.
struct http_response {
    int status = 0;           ///< The status code received; any number is accepted.
    header_list headers = {}; ///< The header fields, in the order received.
    std::string body = {};    ///< The complete body, decoded: not chunked, not compressed.

    /// A non-owning view of this response. Not available on a temporary, since it would dangle.
    operator http_response_view() const& noexcept { return {status, headers, body}; }
    operator http_response_view() const&& = delete;
};

} // namespace sidecall
