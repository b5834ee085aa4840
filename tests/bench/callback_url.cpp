#include "harness.hpp"
#include "peers.hpp"

void bench::add_callback_urls()
{
    add_callback_url([](auto&&... arguments) { add(arguments...); });

    auto const& texts = build_texts();
    for (auto const& in : texts) {
        check(peers::url_with_curl(in.callback), "callback_url/libcurl: rejected");
        check(peers::url_with_boost(in.callback), "callback_url/Boost.URL: rejected");
    }
    add("callback_url", "libcurl", role::peer, texts,
        [](build_input const& in) { return peers::url_with_curl(in.callback); });
    add("callback_url", "Boost.URL", role::peer, texts,
        [](build_input const& in) { return peers::url_with_boost(in.callback); });
}
