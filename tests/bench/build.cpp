#include "harness.hpp"
#include "peers.hpp"

void bench::add_builds()
{
    add_build([](auto&&... arguments) { add(arguments...); });

    auto const& texts = build_texts();
    for (auto const& in : texts) {
        check(peers::build_with_curl(in) == in.wire, "build/libcurl + OpenSSL: wrong bytes");
        check(peers::build_with_boost(in) == in.wire, "build/Boost.URL: wrong bytes");
        check(peers::httplib_holds(in), "build/cpp-httplib: wrong bytes");
    }
    add("build", "libcurl + OpenSSL", role::peer, texts,
        [](build_input const& in) { return peers::build_with_curl(in); });
    add("build", "Boost.URL", role::peer, texts, [](build_input const& in) { return peers::build_with_boost(in); });
    add("build", "cpp-httplib", role::peer, texts, [](build_input const& in) { return peers::build_with_httplib(in); });
}
