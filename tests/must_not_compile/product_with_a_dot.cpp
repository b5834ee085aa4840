// A product is one label of a hostname.
// expect: the product of an operation is a DNS label
#include <sidecall/sidecall.hpp>

struct tried {
    using resource = void;
    static constexpr auto request_method = sidecall::http_method::get;
#ifdef MISTAKE
    static constexpr std::string_view product = "evil.example/";
#else
    static constexpr std::string_view product = "voice";
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
