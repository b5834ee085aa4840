#include "harness.hpp"
#include "peers.hpp"

void bench::add_http1s()
{
    add_http1([](auto&&... arguments) { add(arguments...); });
    for (auto const& in : http1_all()) {
        auto const read = peers::http1_with_http_parser(in.message);
        auto const is_same = [](auto const& a, auto const& b) { return a.first == b.first && a.second == b.second; };
        check(read.status == 201 && read.body == in.body && std::ranges::equal(*read.fields, in.fields, is_same),
              "http1/http-parser: wrong response");
    }
    add("http1", "http-parser", role::peer, http1_all(),
        [](http1_input const& in) { return peers::http1_with_http_parser(in.message); });
}
