#include <sidecall/endpoint.hpp>

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <sidecall/version.hpp>

#include <doctest/doctest.h>

#include "lasting.hpp"

namespace endpoint_test {

namespace {

using sidecall::endpoint;
using sidecall::errc;

std::string const product = "sidecall/" + std::string(sidecall::version);

/// `field@offset: message` of the failure, or the origin.
std::string describe(sidecall::result<endpoint> const& made)
{
    if (made) return std::string(made->origin());
    auto const& f = made.error();
    CHECK(f.code() == errc::invalid_argument);
    return std::string(f.field()) + "@" + std::to_string(f.offset().value_or(9999)) + ": " + std::string(f.message());
}

bool begins(std::string_view text, std::string_view with)
{
    return text.compare(0, with.size(), with) == 0;
}

// A regular value, also at compile time. It does not convert from an unchecked URL.
static_assert(std::regular<endpoint> && std::is_trivially_copyable_v<endpoint>);
static_assert(!std::constructible_from<endpoint, char const*> && !std::constructible_from<endpoint, std::string>);
static_assert(lasting(endpoint()).origin() == "https://api.twilio.com" &&
              lasting(endpoint()).host() == "api.twilio.com");
static_assert(lasting(endpoint::region("ie1"))->origin() == "https://api.ie1.twilio.com");
static_assert(lasting(endpoint::edge("dublin"))->host() == "api.dublin.us1.twilio.com");
static_assert(!endpoint::parse("http://example.com"));

} // namespace

TEST_CASE("the version is the same in the preprocessor macros and in the User-Agent")
{
    CHECK(sidecall::version == std::to_string(SIDECALL_VERSION_MAJOR) + "." + std::to_string(SIDECALL_VERSION_MINOR) +
                                   "." + std::to_string(SIDECALL_VERSION_PATCH));
}

TEST_CASE("by default, requests go to Twilio over TLS with sidecall's User-Agent")
{
    endpoint const where;
    CHECK(where.origin() == "https://api.twilio.com");
    CHECK(where.host() == "api.twilio.com");
    CHECK(where.https());
    CHECK(where.user_agent() == product);
}

TEST_CASE("region and edge become labels of Twilio's host")
{
    CHECK(describe(endpoint::region("ie1")) == "https://api.ie1.twilio.com");
    CHECK(describe(endpoint::edge("dublin")) == "https://api.dublin.us1.twilio.com");
    CHECK(describe(endpoint::edge("sydney", "au1")) == "https://api.sydney.au1.twilio.com");
    std::string const longest(63, 'a');
    CHECK(describe(endpoint::edge(longest, longest)) == "https://api." + longest + "." + longest + ".twilio.com");
    CHECK(lasting(endpoint::edge("dublin"))->user_agent() == product);
    CHECK(lasting(endpoint::edge("dublin"))->https());

    struct row {
        std::string label;
        int offset;
    };
    for (auto const& [label, offset] : std::vector<row>{{"", 0},
                                                        {".", 0},
                                                        {"a.b", 1},
                                                        {"a.", 1},
                                                        {".a", 0},
                                                        {"a/b", 1},
                                                        {"a:1", 1},
                                                        {"a@b", 1},
                                                        {"a_b", 1},
                                                        {"a b", 1},
                                                        {"a\n", 1},
                                                        {"a#", 1},
                                                        {"-a", 0},
                                                        {"a-", 1},
                                                        {"\xC3\xBC", 0},
                                                        {std::string("a\0b", 3), 1},
                                                        {std::string(64, 'a'), 63}}) {
        auto const shown = label; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        CHECK(begins(describe(endpoint::region(label)), "region@" + std::to_string(offset) + ": "));
        CHECK(begins(describe(endpoint::edge(label)), "edge@" + std::to_string(offset) + ": "));
        CHECK(begins(describe(endpoint::edge("dublin", label)), "region@" + std::to_string(offset) + ": "));
        CHECK(begins(describe(endpoint::edge(label, label)), "edge@")); // only the first mistake is reported
    }
    CHECK(describe(endpoint::region(".a")) == describe(endpoint::region(""))); // an empty label before the dot
}

TEST_CASE("accepts a numeric label, since it is never the last one of the host")
{
    CHECK(describe(endpoint::region("1")) == "https://api.1.twilio.com");
    CHECK(describe(endpoint::edge("0x1", "127")) == "https://api.0x1.127.twilio.com");
}

TEST_CASE("another server is a scheme, a host and a port, and the default port is left out")
{
    struct row {
        std::string_view url;
        std::string_view origin;
        std::string_view host;
    };
    for (auto const& [url, origin, host] : {
             row{"https://example.com", "https://example.com", "example.com"},
             row{"https://example.com/", "https://example.com", "example.com"},
             row{"HTTPS://Example.com", "https://Example.com", "Example.com"},
             row{"https://example.com:443", "https://example.com", "example.com"},
             row{"https://example.com:0443/", "https://example.com", "example.com"},
             row{"https://example.com:80", "https://example.com:80", "example.com:80"},
             row{"https://example.com:1", "https://example.com:1", "example.com:1"},
             row{"https://example.com:9", "https://example.com:9", "example.com:9"},
             row{"https://example.com:10", "https://example.com:10", "example.com:10"},
             row{"https://example.com:99", "https://example.com:99", "example.com:99"},
             row{"https://example.com:100", "https://example.com:100", "example.com:100"},
             row{"https://example.com:999", "https://example.com:999", "example.com:999"},
             row{"https://example.com:1000", "https://example.com:1000", "example.com:1000"},
             row{"https://example.com:9999", "https://example.com:9999", "example.com:9999"},
             row{"https://example.com:12", "https://example.com:12", "example.com:12"},
             row{"https://example.com:123", "https://example.com:123", "example.com:123"},
             row{"https://example.com:1234", "https://example.com:1234", "example.com:1234"},
             row{"https://example.com:10000", "https://example.com:10000", "example.com:10000"},
             row{"https://example.com:65535", "https://example.com:65535", "example.com:65535"},
             row{"https://192.0.2.7:8443", "https://192.0.2.7:8443", "192.0.2.7:8443"},
             row{"https://[2001:db8::1]", "https://[2001:db8::1]", "[2001:db8::1]"},
             row{"https://[2001:db8::1]:99/", "https://[2001:db8::1]:99", "[2001:db8::1]:99"},
             row{"http://localhost", "http://localhost", "localhost"},
             row{"http://localhost:80/", "http://localhost", "localhost"},
             row{"http://localhost:443", "http://localhost:443", "localhost:443"},
             row{"hTTp://LocalHost:8080", "http://LocalHost:8080", "LocalHost:8080"},
             row{"http://127.0.0.1:9", "http://127.0.0.1:9", "127.0.0.1:9"},
         }) {
        auto const shown = url; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        auto const made = endpoint::parse(url);
        REQUIRE(made.has_value());
        CHECK(made->origin() == origin);
        CHECK(made->host() == host);
        CHECK(made->https() == begins(origin, "https"));
        CHECK(made->user_agent() == product);
        CHECK(*endpoint::parse(made->origin()) == *made); // its own origin parses to the same endpoint
    }
    std::string const longest = std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." +
                                std::string(61, 'd') + ".";
    CHECK(describe(endpoint::parse("https://" + longest + ":65535")) == "https://" + longest + ":65535");
}

TEST_CASE("an invalid server URL is rejected at its first wrong byte")
{
    struct row {
        std::string_view url;
        std::string_view described;
    };
    for (auto const& [url, says] : {
             row{"", "endpoint@0: not an absolute"},
             row{"api.twilio.com", "endpoint@0: not an absolute"},
             row{"ws://localhost", "endpoint@0: not an absolute"},
             row{"https:/example.com", "endpoint@6: no \"//\""},
             row{"https://", "endpoint@8: no host"},
             row{"https://a_b", "endpoint@9: '_'"},
             row{"https://example.com:0", "endpoint@20: the port"},
             row{"https://user@example.com", "endpoint@8: user-info"},
             row{"https://user:password@example.com", "endpoint@8: user-info"},
             row{"https://@example.com", "endpoint@8: user-info"},
             row{"http://u@localhost", "endpoint@7: user-info"},
             row{"https://example.com/v1", "endpoint@20: nothing may follow"},
             row{"https://example.com//", "endpoint@20: nothing may follow"},
             row{"https://example.com?x", "endpoint@19: nothing may follow"},
             row{"https://example.com/?x", "endpoint@20: nothing may follow"},
             row{"https://example.com#", "endpoint@19: nothing may follow"},
             row{"https://example.com/#", "endpoint@20: nothing may follow"},
             row{"https://example.com ", "endpoint@19: whitespace"},
             row{"https://example.com\r\nX: y", "endpoint@19: a control character"},
         }) {
        auto const shown = url; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        auto const said = describe(endpoint::parse(url));
        CAPTURE(said);
        CHECK(begins(describe(endpoint::parse(url)), says));
    }
}

TEST_CASE("plain http is accepted only for a loopback host, in any spelling")
{
    for (std::string_view host :
         {"localhost", "LOCALHOST", "127.0.0.1", "127.255.255.254", "127.0.0.0", "[::1]", "[::01]", "[::0001]",
          "[0::1]", "[::0:1]", "[0:0:0:0:0:0:0:1]", "[0000:0000::0001]"}) {
        CAPTURE(host);
        auto const made = endpoint::parse("http://" + std::string(host) + ":8080");
        REQUIRE(made.has_value());
        CHECK(!made->https());
        CHECK(made->host() == std::string(host) + ":8080");
    }
    for (std::string_view host : {"example.com",
                                  "localhost.example.com",
                                  "example.localhost.com",
                                  "localhos",
                                  "xlocalhost",
                                  "127.example.com",
                                  "127.0.0.1.example.com",
                                  "128.0.0.1",
                                  "12.7.0.1",
                                  "1.127.0.0",
                                  "0.0.0.0",
                                  "[::]",
                                  "[::2]",
                                  "[::11]",
                                  "[::101]",
                                  "[1::1]",
                                  "[::1:1]",
                                  "[::1:0]",
                                  "[1::]",
                                  "[::ffff:128.0.0.1]",
                                  "[2001:db8::1]",
                                  "[fe80::1]",
                                  "[::a001]",
                                  "[::0.0.0.2]",
                                  "[::10:0:1]"}) {
        CAPTURE(host);
        CHECK(begins(describe(endpoint::parse("http://" + std::string(host))),
                     "endpoint@0: http is allowed only for a loopback host"));
        CHECK(endpoint::parse("https://" + std::string(host)).has_value());
    }
}

TEST_CASE("a caller's product follows sidecall's in the User-Agent")
{
    auto const named = endpoint().with_product("acme-pbx/2.1");
    REQUIRE(named.has_value());
    CHECK(named->user_agent() == product + " acme-pbx/2.1");
    CHECK(named->origin() == lasting(endpoint()).origin());
    CHECK(*named != endpoint());
    CHECK(lasting(endpoint()).user_agent() == product); // another endpoint is unchanged
    CHECK(lasting(named->with_product("b"))->user_agent() == product + " b");

    auto const local = lasting(endpoint::parse("http://localhost:8080"))->with_product("a/1 (b; c) d/2");
    CHECK(local->user_agent() == product + " a/1 (b; c) d/2");
    CHECK(local->host() == "localhost:8080");
    CHECK(lasting(endpoint().with_product(std::string(128, 'x')))->user_agent() ==
          product + " " + std::string(128, 'x'));

    auto const mistake = [](std::string_view text) { return describe(endpoint().with_product(text)); };
    CHECK(mistake("") == "User-Agent@0: empty");
    CHECK(mistake(std::string(129, 'x')) == "User-Agent@128: longer than 128 characters");
    CHECK(begins(mistake(" a"), "User-Agent@0: a leading, trailing or repeated space"));
    CHECK(begins(mistake("a "), "User-Agent@1: a leading, trailing or repeated space"));
    CHECK(begins(mistake("a  b"), "User-Agent@2: a leading, trailing or repeated space"));
    CHECK(begins(mistake(" "), "User-Agent@0: a leading, trailing or repeated space"));
    for (int c = 0; c != 256; ++c) {
        CAPTURE(c);
        std::string const text{'a', static_cast<char>(c), 'b'};
        bool const good = c >= ' ' && c <= '~';
        CHECK(endpoint().with_product(text).has_value() == good);
        if (!good) CHECK(mistake(text) == "User-Agent@1: not visible ASCII");
    }
}

TEST_CASE("endpoints are equal if server and User-Agent are equal")
{
    CHECK(endpoint() == *endpoint::parse("https://api.twilio.com:443/"));
    CHECK(endpoint() != *endpoint::region("us1"));
    CHECK(*endpoint::edge("dublin") == *endpoint::edge("dublin", "us1"));
    endpoint moved = *endpoint::region("au1");
    moved = endpoint();
    CHECK(moved == endpoint());
}

} // namespace endpoint_test
