// An operation needs its method as a constant.
// expect: needs a member 'static constexpr http_method request_method'
#include <sidecall/sidecall.hpp>

struct tried {
    using resource = void;
#ifndef MISTAKE
    static constexpr auto request_method = sidecall::http_method::get;
#endif
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
