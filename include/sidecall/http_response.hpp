#pragma once

#include <string>

#include <sidecall/header.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall {

/// An answer that is somebody else's: what `parse` takes. Everything it refers to must outlive it.
struct http_response_view {
    int status = 0;            ///< The number of the status line, whatever it is.
    headers_view headers = {}; ///< The header fields, in the range in which you have them.
    text_view body = {};       ///< The body, whole and decoded (no chunks, no compression).
};

/// An answer that owns its bytes: what a transport gives back.
struct http_response {
    int status = 0;           ///< The number of the status line, whatever it is.
    header_list headers = {}; ///< The header fields, in the order in which they came.
    std::string body = {};    ///< The body, whole and decoded (no chunks, no compression).

    /// A non-owning view, as `parse` takes it; not of a temporary, since it would dangle.
    operator http_response_view() const& noexcept { return {status, headers, body}; }
    operator http_response_view() const&& = delete;
};

} // namespace sidecall
