#pragma once

#include <initializer_list>
#include <string_view>

#include <sidecall/endpoint.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_request.hpp>

/// A field of a form.
struct form_field {
    std::string_view name;
    std::string_view value;
};

/// The parts of a request with any method: a path with its query, and a form.
template <sidecall::http_method Method>
struct parts_of_request {
    std::string_view target;
    std::initializer_list<form_field> form;

    static constexpr sidecall::http_method request_method = Method;

    template <class Request>
    constexpr void write(Request& request) const
    {
        request.uri(target);
        if constexpr (Method == sidecall::http_method::post || Method == sidecall::http_method::put ||
                      Method == sidecall::http_method::patch)
            for (auto const& [name, value] : form) request.field(name, value);
    }
};

/// A request with any method, for tests of requests themselves.
inline sidecall::http_request request_of(sidecall::http_method method, std::string_view target,
                                         std::initializer_list<form_field> form = {},
                                         sidecall::endpoint const& endpoint = sidecall::endpoint::twilio())
{
    using enum sidecall::http_method;
    switch (method) {
    case head: return *sidecall::make_request(parts_of_request<head>{target, form}, endpoint);
    case get: return *sidecall::make_request(parts_of_request<get>{target, form}, endpoint);
    case post: return *sidecall::make_request(parts_of_request<post>{target, form}, endpoint);
    case patch: return *sidecall::make_request(parts_of_request<patch>{target, form}, endpoint);
    case put: return *sidecall::make_request(parts_of_request<put>{target, form}, endpoint);
    case delete_: break;
    }
    return *sidecall::make_request(parts_of_request<delete_>{target, form}, endpoint);
}
