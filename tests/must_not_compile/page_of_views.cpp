// The items of a page refer to the response, so a response that is destroyed when `send` returns is rejected.
// expect: the transport must return result<http_response_view>
#include <sidecall/paging.hpp>

#include <string_view>

struct list_things {
    using resource = std::string_view;
    static constexpr bool refers_to_answer = true;
    static constexpr auto request_method = sidecall::http_method::get;
    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Things");
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response) { return response.body; }
};

auto fetch(sidecall::fetch_page<list_things> const& page, sidecall::credentials const& credentials)
{
#ifdef MISTAKE
    using answer = sidecall::http_response;
#else
    using answer = sidecall::http_response_view;
#endif
    return sidecall::send(page, credentials,
                          [](sidecall::authorized_request const&) { return sidecall::result<answer>(answer{200}); });
}
