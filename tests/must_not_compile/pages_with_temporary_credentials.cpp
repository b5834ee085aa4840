// The credentials must outlive the range of pages.
// expect: (deleted|temporary)
#include <sidecall/paging.hpp>

#include <utility>

struct list_things {
    using resource = int;
    static constexpr auto request_method = sidecall::http_method::get;
    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Things");
    }
    static sidecall::result<int> parse(sidecall::http_response_view const&) { return 1; }
};
using transport = sidecall::result<sidecall::http_response> (*)(sidecall::authorized_request const&);

void list(sidecall::credentials& credentials, transport function)
{
#ifdef MISTAKE
    auto pages = sidecall::pages(list_things(), std::move(credentials), function, 10);
#else
    auto pages = sidecall::pages(list_things(), credentials, function, 10);
#endif
    static_cast<void>(pages);
}
