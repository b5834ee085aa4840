// An observer gets the name of the type, so an object cannot have its own.
// expect: the name of an operation is a 'static constexpr std::string_view operation_name'
#include <sidecall/observer.hpp>

struct fetch_thing {
    using resource = void;
    static constexpr auto request_method = sidecall::http_method::get;
#ifdef MISTAKE
    std::string_view operation_name = "fetch_thing";
#else
    static constexpr std::string_view operation_name = "fetch_thing";
#endif

    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Things");
    }
    static sidecall::result<void> parse(sidecall::http_response_view const&) { return {}; }
};

void observe(sidecall::attempt_report const&);

auto send(sidecall::credentials const& credentials,
          sidecall::result<sidecall::http_response> (*client)(sidecall::authorized_request const&))
{
    sidecall::observed_transport transport(client, observe);
    return sidecall::send(fetch_thing(), credentials, transport);
}
