// An operation needs a function that reads the response.
// expect: needs a member 'result<resource> parse\(http_response_view const&\)'
#include <sidecall/sidecall.hpp>

struct tried {
    using resource = void;
    static constexpr auto request_method = sidecall::http_method::get;
    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Things");
    }
#ifndef MISTAKE
    static sidecall::result<void> parse(sidecall::http_response_view const&) { return {}; }
#endif
};

auto sent(tried const& operation, sidecall::credentials const& credentials,
          sidecall::result<sidecall::http_response> (*transport)(sidecall::authorized_request const&))
{
    return sidecall::send(operation, credentials, transport);
}
