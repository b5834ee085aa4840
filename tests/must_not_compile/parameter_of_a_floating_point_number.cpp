// A floating-point number is not a value, because it can be written in more than one way.
// expect: a value is text, an integer, a bool, a SID or the like, or an optional of one of these
#include <sidecall/sidecall.hpp>

struct tried {
    using resource = void;
    static constexpr auto request_method = sidecall::http_method::get;
    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Things");
#ifdef MISTAKE
        request.query("Price", 1.5);
#else
        request.query("Price", "1.5");
#endif
    }
    static sidecall::result<void> parse(sidecall::http_response_view const&) { return {}; }
};

auto sent(tried const& operation, sidecall::credentials const& credentials,
          sidecall::result<sidecall::http_response> (*transport)(sidecall::authorized_request const&))
{
    return sidecall::send(operation, credentials, transport);
}
