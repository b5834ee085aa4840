// An operation cannot set the credential.
// expect: this_is_not_the_name_of_a_header_field_that_an_operation_may_set
#include <sidecall/sidecall.hpp>

struct tried {
    using resource = void;
    static constexpr auto request_method = sidecall::http_method::get;
    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Things");
#ifdef MISTAKE
        request.header("Authorization", "Basic x");
#else
        request.header("If-Match", "\"1\"");
#endif
    }
    static sidecall::result<void> parse(sidecall::http_response_view const&) { return {}; }
};

auto sent(tried const& operation, sidecall::credentials const& credentials,
          sidecall::result<sidecall::http_response> (*transport)(sidecall::authorized_request const&))
{
    return sidecall::send(operation, credentials, transport);
}
