#include <sidecall/callback_url.hpp>

#include <concepts>
#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace callback_url_test {

namespace {

using namespace sidecall::literals;
using sidecall::callback_url;
using sidecall::callback_url_view;
using sidecall::errc;

/// The offset of the first mistake that `parse` reports, or -1.
int mistake(std::string_view text)
{
    auto const url = callback_url_view::parse(text);
    if (url) return -1;
    return url.error().code() == errc::invalid_argument && url.error().field() == "Callback"
               ? static_cast<int>(url.error().offset().value_or(9999))
               : 99999;
}

std::string rule(std::string_view text)
{
    auto const url = callback_url_view::parse(text);
    return url ? "" : std::string(url.error().message());
}

std::vector<std::string> const hosts = {
    "h",
    "example.com",
    "EXAMPLE.com.",
    "1a.2b.c3",
    "xn--bcher-kva.example",
    "a-b--c.d",
    std::string(63, 'a') + ".x",
    std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(61, 'd'),
    "0.0.0.0",
    "255.255.255.255",
    "127.0.0.1",
    "[::]",
    "[::1]",
    "[2001:db8::]",
    "[1:2:3:4:5:6:7:8]",
    "[ABCD:ef01:0:0:0:0:192.0.2.33]",
    "[::ffff:192.0.2.33]",
    "[1::3:4:5:6:7:8]",
};

/// Each valid URL of the grid, with the parts that it is assembled from.
struct parts {
    std::string scheme, user, host, port, target, fragment;
    std::string url() const { return scheme + "://" + user + host + port + target + fragment; }
};

template <class F>
void for_each_url(F const& f)
{
    for (char const* scheme : {"http", "https", "hTtPs"})
        for (char const* user : {"", "@", "user@", "us%40er:p%3Ass@", "a:b:c!$&'()*+,;=-._~@"})
            for (auto const& host : hosts)
                for (char const* port : {"", ":1", ":443", ":65535", ":00080"})
                    for (char const* path : {"", "/", "/udm", "/a//b/../c;d=1,2@3:4/%20%e2%82%AC", "//double"})
                        for (char const* query : {"", "?", "?a=b&c%5B%5D=d", "?q=/?:@%00!$'()*+,;"})
                            for (char const* fragment : {"", "#", "#rc=2&rp=all", "#/?:@"})
                                f(parts{scheme, user, host, port, std::string(path) + query, fragment});
}

constexpr auto constant = "https://user:pass@example.com:8443/udm?tenant=1#rc=2"_callback_url;
static_assert(std::same_as<decltype(constant), callback_url_view const>);
static_assert(constant.view() == "https://user:pass@example.com:8443/udm?tenant=1#rc=2");
static_assert(constant.scheme() == "https" && constant.host() == "example.com" && constant.port() == 8443);
static_assert(constant.target() == "/udm?tenant=1");
static_assert("http://[::1]"_callback_url.host() == "[::1]" && "http://[::1]"_callback_url.port() == 80);
static_assert("https://h"_callback_url.port() == 443 && "https://h"_callback_url.target().empty());
static_assert(!callback_url_view::parse("https://a_b.example/"));
static_assert(callback_url_view::parse("https://a_b.example/").error().offset() == 9u);

// A view converts to an owning URL. An owning URL must not convert to a view, which could outlive it. A text converts
// to neither without a check.
static_assert(std::convertible_to<callback_url_view, callback_url>);
static_assert(!std::constructible_from<callback_url_view, callback_url>);
static_assert(!std::constructible_from<callback_url, std::string>);
static_assert(!std::constructible_from<callback_url, char const*>);
static_assert(!std::default_initializable<callback_url> && !std::default_initializable<callback_url_view>);
static_assert(std::copyable<callback_url> && std::copyable<callback_url_view>);
static_assert(std::equality_comparable<callback_url>);

} // namespace

TEST_CASE("a parsed URL gives back the parts it was assembled from, and the whole text unchanged")
{
    int urls = 0;
    int wrong = 0;
    std::string first_wrong;
    for_each_url([&](parts const& p) {
        ++urls;
        std::string const text = p.url();
        auto const url = callback_url_view::parse(text);
        bool const https = p.scheme.size() == 5;
        int const port = p.port.empty() ? (https ? 443 : 80) : std::stoi(p.port.substr(1));
        if (url && url->view() == text && url->scheme() == p.scheme && url->host() == p.host && url->port() == port &&
            url->target() == p.target)
            return;
        if (++wrong == 1) first_wrong = text;
    });
    CAPTURE(first_wrong);
    CHECK(wrong == 0);
    CHECK(urls == 3 * 5 * 18 * 5 * 5 * 4 * 4);
}

TEST_CASE("a callback_url owns its text, also when copied or moved")
{
    // One text fits into the small-string buffer, the other does not.
    for (std::string text : {std::string("http://h/p"), "https://example.com/" + std::string(100, 'x') + "?q"}) {
        std::string const before = text;
        auto const parsed = callback_url::parse(text);
        auto const view = callback_url_view::parse(before);
        REQUIRE(parsed.has_value());
        REQUIRE(view.has_value());
        text.assign(text.size(), '!');
        CHECK(parsed->view() == before);

        auto const* original = new callback_url(*view);
        callback_url copy = *original;
        delete original;
        CHECK(copy.view() == before);
        CHECK(copy == *parsed);
        CHECK(copy.host() == view->host());
        CHECK(copy.target() == view->target());
        CHECK(copy.host().data() >= copy.view().data()); // points into the copy's own bytes
        CHECK(copy.host().data() < copy.view().data() + copy.view().size());

        callback_url moved = std::move(copy);
        CHECK(moved.view() == before);
        CHECK(moved.target() == view->target());
        copy = moved;
        CHECK(copy.target() == view->target());
    }
    callback_url a = *callback_url::parse("http://a/1");
    a = *callback_url::parse("https://user@longer.example:99/2?3");
    CHECK(a.host() == "longer.example");
    CHECK(a.port() == 99);
    CHECK(a.target() == "/2?3");
    CHECK(a != *callback_url::parse("http://a/1"));
    CHECK(*callback_url::parse("http://a/1") != *callback_url::parse("http://a/1#")); // equality compares the bytes
}

TEST_CASE("rejects a forbidden byte at any position, with an offset at or before it")
{
    std::string forbidden = " \t\r\n\\\"<>^`{|}\x7F";
    for (int c = 0; c != 0x20; ++c) forbidden += static_cast<char>(c);
    for (int c = 0x80; c != 0x100; ++c) forbidden += static_cast<char>(c);
    int wrong = 0;
    for (std::string const good : {"https://us%41er:pw@host-1.example:8443/p%20th/x?q=%2F&r#frag%21", "http://h",
                                   "http://[2001:db8::1.2.3.4]:1/", "https://192.0.2.1?x#"}) {
        REQUIRE(mistake(good) == -1);
        for (std::size_t at = 0; at <= good.size(); ++at) {
            for (char c : forbidden) {
                std::string inserted = good;
                inserted.insert(at, 1, c);
                std::string replaced = good;
                if (at != good.size()) replaced[at] = c;
                int const limit = static_cast<int>(at);
                int const first = mistake(inserted);
                if (first < 0 || first > limit) ++wrong;
                if (at != good.size() && (mistake(replaced) < 0 || mistake(replaced) > limit)) ++wrong;
            }
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("reports the exact offset of a wrong byte in the path, query or fragment")
{
    std::string const good = "https://example.com/p?q#z"; // no hexadecimal digit that could complete an escape
    for (std::size_t at = good.find("/p") + 1; at <= good.size(); ++at) {
        CAPTURE(at);
        for (char c : std::string_view(" \\\"\x80\n")) {
            std::string text = good;
            text.insert(at, 1, c);
            CHECK(mistake(text) == static_cast<int>(at));
        }
        std::string text = good;
        text.insert(at, "%4");
        CHECK(mistake(text) == static_cast<int>(at));
        text.replace(at, 2, "%zz");
        CHECK(mistake(text) == static_cast<int>(at));
        text.replace(at, 3, "%4f");
        CHECK(mistake(text) == -1);
    }
}

TEST_CASE("text after the first mistake does not change the reported offset")
{
    std::mt19937 random(4711);
    std::string const alphabet = "ab1-._~:/?#[]@!%41 \\\x80";
    int refused = 0;
    int wrong = 0;
    for (int i = 0; i != 20'000; ++i) {
        std::string text = "http://a:b@host.example:80/p?q#f";
        for (int edits = 0; edits != 2; ++edits)
            text[7 + random() % (text.size() - 7)] = alphabet[random() % alphabet.size()];
        int const offset = mistake(text);
        if (offset < 0) continue;
        ++refused;
        // Only the text before a fragment can change its meaning, so append the garbage after one.
        if (text.find('#') != text.npos && offset <= static_cast<int>(text.find('#')) &&
            mistake(text + "\x01 rubbish") != offset)
            ++wrong;
        if (offset > static_cast<int>(text.size())) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(refused > 1000);
}

TEST_CASE("each mistake is reported with its rule and its byte offset")
{
    struct row {
        std::string_view text;
        int offset;
        std::string_view says;
    };
    for (auto const& [text, offset, says] : {
             row{"", 0, "not an absolute http or https URI"},
             row{"/udm", 0, "not an absolute http or https URI"},
             row{"ftp://h", 0, "not an absolute http or https URI"},
             row{"https:h", 6, "no \"//\""},
             row{"https:/h", 6, "no \"//\""},
             row{"https://", 8, "no host"},
             row{"https:///p", 8, "no host"},
             row{"https://@/p", 9, "no host"},
             row{"https://:80", 8, "no host"},
             row{"https://a_b.example", 9, "'_' is not allowed in a hostname"},
             row{"https://a%2Db.example", 9, "'%' is not allowed in a hostname"},
             row{"https://b\xC3\xBC.example", 9, "xn-- form"},
             row{"https://-a.example", 8, "begins with a hyphen"},
             row{"https://a-.example", 9, "ends with a hyphen"},
             row{"https://a..example", 10, "empty"},
             row{"https://a.example..", 18, "empty"},
             row{"https://.a", 8, "empty"},
             row{"https://a@b@c", 11, "as a hostname needs"},
             row{"https://1.2.3", 12, "no IPv4 address"},
             row{"https://1.2.3.256", 14, "no IPv4 address"},
             row{"https://example.0x7f", 16, "no IPv4 address"},
             row{"https://[::1", 8, "'[' without ']'"},
             row{"https://[::1/]", 8, "'[' without ']'"},
             row{"https://[1::2::3]", 9, "not an IPv6 address"},
             row{"https://[fe80::1%25eth0]", 9, "not an IPv6 address"},
             row{"https://[v1.x]", 9, "not an IPv6 address"},
             row{"https://[::1]x", 13, "only a port may follow"},
             row{"https://h:", 10, "no port"},
             row{"https://h:/", 10, "no port"},
             row{"https://h:8x", 11, "not a digit"},
             row{"https://h:-1", 10, "not a digit"},
             row{"https://h:0", 10, "1 to 65535"},
             row{"https://h:65536", 10, "1 to 65535"},
             row{"https://h:655350", 10, "1 to 65535"},
             row{"https://h:655351/", 10, "1 to 65535"},
             row{"https://h:18446744073709551696", 10, "1 to 65535"},
             row{"https://h/a b", 11, "whitespace"},
             row{"https://h/\n", 10, "a control character"},
             row{"https://h/\x7F", 10, "a control character"},
             row{"https://h/\x1F", 10, "a control character"},
             row{"https://h/\x80", 10, "not ASCII"},
             row{"https://h/\\", 10, "a backslash"},
             row{"https://h/%4", 10, "'%' without two"},
             row{"https://h/%", 10, "'%' without two"},
             row{"https://h/%4g", 10, "'%' without two"},
             row{"https://h/%%41", 10, "'%' without two"},
             row{"https://h/#%4", 11, "'%' without two"},
             row{"https://h/#a#b", 12, "a second '#'"},
             row{"https://h/[", 10, "percent-encode it"},
             row{"https://u%zz@h/", 9, "'%' without two"},
             row{"https://u[@h/", 9, "percent-encode it"},
         }) {
        auto const shown = text; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        CHECK(mistake(text) == offset);
        auto const said = rule(text);
        CAPTURE(said);
        CHECK(rule(text).find(says) != std::string::npos);
    }
}

TEST_CASE("rejects an escape that is cut off by the end of its part or of the text")
{
    CHECK(mistake("https://u%4@h/") == 9); // not "%4@"
    CHECK(mistake("https://h/%4#1") == 10);
    CHECK(mistake("https://h/%#41") == 10);
}

TEST_CASE("accepts hostnames of up to 253 characters and labels of up to 63")
{
    std::string const label(63, 'a');
    std::string const longest = label + "." + label + "." + label + "." + std::string(61, 'b');
    REQUIRE(longest.size() == 253);
    CHECK(mistake("https://" + longest) == -1);
    CHECK(mistake("https://" + longest + ".") == -1); // the trailing dot is not counted
    CHECK(mistake("https://" + longest + "b") == 8 + 253);
    CHECK(mistake("https://" + longest + "b.") == 8 + 253);
    CHECK(mistake("https://" + label + "a.example") == 8 + 63);
    CHECK(mistake("https://x." + label + "a") == 10 + 63);
}

TEST_CASE("accepts a long URL")
{
    std::string const text = "https://example.com/?" + std::string(1'000'000, 'x');
    auto const url = callback_url::parse(text);
    REQUIRE(url.has_value());
    CHECK(url->view() == text);
    CHECK(mistake(text + " ") == static_cast<int>(text.size()));
}

TEST_CASE("accepts exactly four decimal numbers as an IPv4 address")
{
    using sidecall::detail::is_ipv4;
    int wrong = 0;
    for (int n = 0; n != 1000; ++n)
        for (int place = 0; place != 4; ++place) {
            std::string text;
            for (int i = 0; i != 4; ++i) text += (i ? "." : "") + std::to_string(i == place ? n : 7);
            if (is_ipv4(text) != (n <= 255)) ++wrong;
        }
    CHECK(wrong == 0);
    for (std::string_view text : {"", ".", "1", "1.2.3", "1.2.3.", ".1.2.3.4", "1.2.3.4.", "1.2.3.4.5", "1..3.4",
                                  "01.2.3.4", "1.2.3.00", "1.2.3.4 ", "+1.2.3.4", "1.2.3.0x4", "1.2.3.1000"})
        CHECK_FALSE(is_ipv4(text));
}

TEST_CASE("accepts an IPv6 address of eight groups, or of fewer with one gap")
{
    using sidecall::detail::is_ipv6;
    // Every number of groups before and after a gap, with and without a trailing IPv4 address. This is equivalent to
    // the nine alternatives of RFC 3986.
    for (int before = 0; before != 10; ++before) {
        for (int after = 0; after != 10; ++after) {
            for (bool gap : {false, true}) {
                for (bool ipv4 : {false, true}) {
                    if (!gap && after != 0) continue;
                    std::string text;
                    for (int i = 0; i != before; ++i)
                        text += (i ? ":" : "") + std::string(static_cast<std::size_t>(1 + i % 4), 'f');
                    if (gap) text += "::";
                    for (int i = 0; i != after; ++i) text += (i ? ":" : "") + std::string("9");
                    int groups = before + after;
                    if (ipv4) {
                        text += (text.empty() || text.back() == ':' ? "" : ":") + std::string("1.2.3.4");
                        groups += 2;
                    }
                    CAPTURE(text);
                    CHECK(is_ipv6(text) == (gap ? groups <= 7 : groups == 8));
                }
            }
        }
    }
    for (std::string_view text :
         {":", ":::", "1:", ":1", "1::2:", ":1::2", "12345::", "::12345", "::g", "1:2:3:4:5:6:7:8:", "::1.2.3",
          "::1.2.3.4:5", "1.2.3.4::", "::1.2.3.400", "::1 ", "::1%0"})
        CHECK_FALSE(is_ipv6(text));
}

TEST_CASE("a moved-from callback has empty parts")
{
    auto url = sidecall::callback_url::parse("https://user@a-long-hostname.example.com:8443/path?query").value();
    auto const taken = std::move(url);
    CHECK(taken.host() == "a-long-hostname.example.com");
    for (auto part : {url.view(), url.scheme(), url.host(), url.target()}) CHECK(part.empty());
}

} // namespace callback_url_test
