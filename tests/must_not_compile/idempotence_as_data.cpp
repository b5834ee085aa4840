// The member is_idempotent of an operation must be a function.
// expect: the member is_idempotent of an operation is a function: 'bool is_idempotent\(\) const'
#include <sidecall/sidecall.hpp>

struct tried {
    using resource = void;
    static constexpr auto request_method = sidecall::http_method::get;
#ifdef MISTAKE
    static constexpr bool is_idempotent = false;
#else
    bool is_idempotent() const { return false; }
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
    return sidecall::send_with_retry(operation, credentials, transport, {}, [](sidecall::milliseconds) {});
}
