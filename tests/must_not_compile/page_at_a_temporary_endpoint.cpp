// The endpoint must outlive the operation that fetches a page.
// expect: (deleted|temporary)
#include <sidecall/paging.hpp>

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

void fetch(list_things const& list)
{
#ifdef MISTAKE
    sidecall::fetch_page page(list, *sidecall::endpoint::region("ie1"));
#else
    auto const ireland = *sidecall::endpoint::region("ie1");
    sidecall::fetch_page page(list, ireland);
#endif
    static_cast<void>(page);
}
