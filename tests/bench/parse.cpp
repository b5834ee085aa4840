#include "harness.hpp"
#include "peers.hpp"

void bench::add_parses()
{
    add_parse([](auto&&... arguments) { add(arguments...); });

    auto const& bodies = parse_all();
    auto const same = [](auto const& made, parse_input const& in) {
        return made.account == in.account && made.call == in.call && made.sid == in.sid && made.date == in.date &&
               made.uri == in.uri;
    };
    for (auto const& in : bodies) {
        check(same(peers::parse_with_simdjson_views(in.body), in), "parse/simdjson views: wrong resource");
        check(same(peers::parse_with_simdjson(in.body), in), "parse/simdjson: wrong resource");
        check(same(peers::parse_with_rapidjson(in.body), in), "parse/RapidJSON: wrong resource");
        check(same(peers::parse_with_nlohmann(in.body), in), "parse/nlohmann: wrong resource");
    }
    add("parse", "simdjson on demand, views", role::peer, bodies,
        [](parse_input const& in) { return peers::parse_with_simdjson_views(in.body); });
    add("parse", "simdjson on demand, strings", role::peer, bodies,
        [](parse_input const& in) { return peers::parse_with_simdjson(in.body); });
    add("parse", "RapidJSON in situ", role::peer, bodies,
        [](parse_input const& in) { return peers::parse_with_rapidjson(in.body); });
    add("parse", "nlohmann", role::peer, bodies,
        [](parse_input const& in) { return peers::parse_with_nlohmann(in.body); });
}
