#include "harness.hpp"

#ifndef BENCH_HASHES_ONLY
#include "peers.hpp"
#endif

void bench::add_webhooks(char const* suffix)
{
    add_webhook([](auto&&... arguments) { add(arguments...); }, suffix);
#ifndef BENCH_HASHES_ONLY
    for (auto const& in : webhook_all())
        check(peers::webhook_content(in) == in.content, "webhook/std::map + libcurl + HMAC: wrong message");
    add("webhook", "std::map + libcurl + HMAC", role::peer, webhook_all(),
        [](webhook_input const& in) { return peers::webhook(in); });
#endif
}
