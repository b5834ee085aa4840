// An operation needs the type that it reads from the response.
// expect: needs a member type 'resource', which may be void
#include <sidecall/sidecall.hpp>

struct tried {
#ifndef MISTAKE
    using resource = void;
#endif
    static constexpr auto request_method = sidecall::http_method::get;
    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Things");
    }
    static sidecall::result<void> parse(sidecall::http_response_view const&) { return {}; }
};

auto sent(tried const& operation, sidecall::credentials const& credentials,
          sidecall::result<sidecall::http_response> (*transport)(sidecall::authorized_request const&))
{
    return sidecall::send(operation, credentials, transport);
}
