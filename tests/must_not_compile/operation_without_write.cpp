// An operation needs a function that writes its request.
// expect: needs a member 'template <class Request> void write\(Request&\) const'
#include <sidecall/sidecall.hpp>

struct tried {
    using resource = void;
    static constexpr auto request_method = sidecall::http_method::get;
#ifndef MISTAKE
    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Things");
    }
#endif
    static sidecall::result<void> parse(sidecall::http_response_view const&) { return {}; }
};

auto sent(tried const& operation, sidecall::credentials const& credentials,
          sidecall::result<sidecall::http_response> (*transport)(sidecall::authorized_request const&))
{
    return sidecall::send(operation, credentials, transport);
}
