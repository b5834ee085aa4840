#pragma once

// The same work in two translation units with different optimisation, which exchange the library's types.

#include <sidecall/sidecall.hpp>

#include <string>
#include <string_view>

inline std::string wire_of(sidecall::create_user_defined_message const& operation,
                           sidecall::credentials const& credentials)
{
    auto const request = sidecall::authorize(operation.request(), credentials);
    auto const wire = request.to_http1();
    return std::string(wire.reveal());
}

sidecall::create_user_defined_message make_small(std::string_view content);
std::string wire_small(sidecall::create_user_defined_message const& operation,
                       sidecall::credentials const& credentials);
bool is_read_small(sidecall::http_response const& response, sidecall::user_defined_message const& expected);
