// A resource that is a view of the response needs a transport that keeps the response.
// expect: the resource of this operation is a view into the response
#include <sidecall/json.hpp>
#include <sidecall/sidecall.hpp>

struct fetch_thing {
    using resource = std::optional<sidecall::json_string>;
    static constexpr auto request_method = sidecall::http_method::get;

    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Thing");
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const&) { return resource(); }
};
#ifdef MISTAKE
using response = sidecall::http_response;
#else
using response = sidecall::http_response_view;
#endif
auto fetch(sidecall::credentials const& credentials,
           sidecall::result<response> (*transport)(sidecall::authorized_request const&))
{
    return sidecall::send(fetch_thing(), credentials, transport);
}
