#include <sidecall/http.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <map>
#include <new>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "lasting.hpp"
#include "request_of.hpp"
#include "secrecy.hpp"

namespace http_test {

namespace {

using namespace sidecall::literals;
using sidecall::authorized_request;
using sidecall::credentials;
using sidecall::endpoint;
using sidecall::errc;
using sidecall::header;
using sidecall::header_list;
using sidecall::headers_view;
using sidecall::http_method;
using sidecall::http_request;
using sidecall::http_response;
using sidecall::http_response_view;
using sidecall::secret;

std::string const agent = "sidecall/" + std::string(sidecall::version);

std::string const golden_headers = "Accept: application/json\r\nAccept-Charset: utf-8\r\n"
                                   "Content-Type: application/x-www-form-urlencoded\r\nUser-Agent: " +
                                   agent + "\r\n";

http_request example(endpoint const& where = {})
{
    return request_of(http_method::post, "/a/b.json", {{"Callback", "https://h/?x=1"}, {"Method", "GET"}}, where);
}

credentials some_credentials()
{
    return credentials::auth_token("AC00000000000000000000000000000001"_account_sid, secret("t0ken"));
}
constexpr std::string_view basic = "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTp0MGtlbg==";

using fields = std::vector<std::pair<std::string, std::string>>;

template <class Range>
fields all_of(Range const& range)
{
    fields all;
    for (header const field : range) all.emplace_back(field.name, field.value);
    return all;
}

/// A minimal HTTP/1.1 parser: lines that end with CR LF, an empty line, the body.
struct wire {
    std::string first;
    fields headers;
    std::string body;

    explicit wire(std::string_view bytes)
    {
        bool is_first = true;
        for (;;) {
            auto const end = bytes.find("\r\n");
            REQUIRE(end != bytes.npos);
            std::string const line(bytes.substr(0, end));
            bytes.remove_prefix(end + 2);
            CHECK(line.find_first_of(std::string_view("\r\n\0", 3)) == line.npos);
            if (line.empty()) break;
            if (std::exchange(is_first, false)) {
                first = line;
                continue;
            }
            auto const colon = line.find(": ");
            REQUIRE(colon != line.npos);
            headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        }
        body = bytes;
    }

    std::optional<std::string_view> find(std::string_view name) const { return headers_view(headers).find(name); }
};

/// Decodes percent-encoding, and "+" in a form.
std::string decode(std::string_view text, bool form)
{
    std::string bytes;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '%') {
            REQUIRE(i + 2 < text.size());
            std::string const digits(text.substr(i + 1, 2));
            CHECK(digits.find_first_not_of("0123456789ABCDEF") == digits.npos);
            bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
            i += 2;
        } else {
            bytes += form && text[i] == '+' ? ' ' : text[i];
        }
    }
    return bytes;
}

std::string every_byte()
{
    std::string all;
    for (int c = 0; c != 256; ++c) all += static_cast<char>(c);
    return all;
}

static_assert(!std::copy_constructible<authorized_request> && !std::is_copy_assignable_v<authorized_request>);
static_assert(std::is_nothrow_move_constructible_v<authorized_request> &&
              std::is_nothrow_move_assignable_v<authorized_request>);
static_assert(!std::equality_comparable<authorized_request> && !streamable<authorized_request>);
static_assert(!std::default_initializable<authorized_request>);
static_assert(!std::constructible_from<authorized_request, http_request, credentials const&>); // only `authorize` can
static_assert(!std::convertible_to<authorized_request, http_request>);
static_assert(std::same_as<decltype(std::declval<authorized_request const&>().to_http1()), secret>);
static_assert(std::copyable<http_request> && std::equality_comparable<http_request>);
static_assert(std::semiregular<header_list> && std::forward_iterator<sidecall::header_lines::iterator>);

static_assert(std::constructible_from<headers_view, header_list const&>);
static_assert(std::constructible_from<headers_view, std::vector<header> const&>);
static_assert(std::constructible_from<headers_view, std::map<std::string, std::string> const&>);
static_assert(std::constructible_from<headers_view, header const (&)[2]>);
static_assert(!std::constructible_from<headers_view, std::vector<std::string> const&>);
static_assert(!std::constructible_from<headers_view, std::vector<std::pair<int, int>> const&>);
static_assert(!std::constructible_from<headers_view, int>);
template <class List>
concept finds = requires(List&& list) { std::forward<List>(list).find("x"); };
static_assert(finds<header_list&> && finds<header_list const&> && !finds<header_list> && !finds<header_list const>);
static_assert(!std::constructible_from<headers_view, std::string const&>);

/// Its elements own their strings and are temporaries, so a view of one would dangle.
struct fleeting_range {
    struct iterator {
        std::pair<std::string, std::string> operator*() const { return {}; }
        iterator& operator++() { return *this; }
        bool operator==(iterator const&) const = default;
    };
    iterator begin() const { return {}; }
    iterator end() const { return {}; }
};
static_assert(!std::constructible_from<headers_view, fleeting_range const&>);

} // namespace

TEST_CASE("methods are spelled as in HTTP and parsed back")
{
    std::array const methods = {http_method::head,  http_method::get, http_method::post,
                                http_method::patch, http_method::put, http_method::delete_};
    std::array const names = {"HEAD", "GET", "POST", "PATCH", "PUT", "DELETE"};
    for (std::size_t i = 0; i != methods.size(); ++i) {
        CHECK(sidecall::to_string_view(methods[i]) == names[i]);
        CHECK(*sidecall::parse_http_method(names[i]) == methods[i]);
        CHECK(sidecall::is_documented(methods[i]) ==
              (methods[i] == http_method::get || methods[i] == http_method::post));
    }
    for (std::string_view text : {"", "get", "Post", "POST ", " POST", "PO", "POSTS", "OPTIONS", "CONNECT"}) {
        auto const method = sidecall::parse_http_method(text);
        REQUIRE(!method);
        CHECK(method.error().code() == errc::invalid_argument);
        CHECK(method.error().field() == "Method");
        CHECK(method.error().offset() == 0u);
    }
    CHECK(sidecall::to_string_view(static_cast<http_method>(99)).empty());
    static_assert(*sidecall::parse_http_method("PUT") == http_method::put);
}

TEST_CASE("a request gives back the parts it was made from")
{
    http_request const request = example();
    CHECK(request.method() == http_method::post);
    CHECK(request.url() == "https://api.twilio.com/a/b.json");
    CHECK(request.target() == "/a/b.json");
    CHECK(request.host() == "api.twilio.com");
    CHECK(request.body() == "Callback=https%3A%2F%2Fh%2F%3Fx%3D1&Method=GET");
    CHECK(request.headers().text() == golden_headers);
    CHECK(all_of(request.headers()) == fields{{"Accept", "application/json"},
                                              {"Accept-Charset", "utf-8"},
                                              {"Content-Type", "application/x-www-form-urlencoded"},
                                              {"User-Agent", agent}});
}

TEST_CASE("a request goes to its endpoint and sends the endpoint's User-Agent")
{
    auto const where = *lasting(endpoint::parse("http://[::1]:8080"))->with_product("acme/1");
    http_request const request = example(where);
    CHECK(request.url() == "http://[::1]:8080/a/b.json");
    CHECK(request.host() == "[::1]:8080");
    CHECK(request.target() == "/a/b.json");
    CHECK(*headers_view(lasting(request.headers())).find("user-agent") == agent + " acme/1");
    CHECK(lasting(example(*endpoint::parse("http://localhost"))).host() == "localhost");
    CHECK(lasting(example(*endpoint::edge("dublin"))).url() == "https://api.dublin.us1.twilio.com/a/b.json");
}

TEST_CASE("a request without a form has no body and no Content-Type")
{
    http_request const request = request_of(http_method::delete_, "/x");
    CHECK(request.body().empty());
    CHECK(request.headers().text() ==
          "Accept: application/json\r\nAccept-Charset: utf-8\r\nUser-Agent: " + agent + "\r\n");
    CHECK(request.to_http1() == "DELETE /x HTTP/1.1\r\nHost: api.twilio.com\r\nAccept: application/json\r\n"
                                "Accept-Charset: utf-8\r\nUser-Agent: " +
                                    agent + "\r\n\r\n");
}

TEST_CASE("writes a request as these exact HTTP/1.1 bytes")
{
    CHECK(example().to_http1() == "POST /a/b.json HTTP/1.1\r\nHost: api.twilio.com\r\n" + golden_headers +
                                      "Content-Length: 46\r\n\r\nCallback=https%3A%2F%2Fh%2F%3Fx%3D1&Method=GET");
}

TEST_CASE("Content-Length is sent with every body, and as 0 for POST, PUT and PATCH without one")
{
    for (auto method : {http_method::head, http_method::get, http_method::post, http_method::patch, http_method::put,
                        http_method::delete_}) {
        bool const says_so = method == http_method::post || method == http_method::put || method == http_method::patch;
        wire const without(request_of(method, "/p").to_http1());
        CHECK(without.first == std::string(sidecall::to_string_view(method)) + " /p HTTP/1.1");
        CHECK(without.body.empty());
        CHECK(without.find("Content-Length") == (says_so ? std::optional<std::string_view>("0") : std::nullopt));
        if (!says_so) continue; // has no body
        std::string const value(12345, 'x');
        wire const with(request_of(method, "/p", {{"k", value}}).to_http1());
        CHECK(with.body == "k=" + value);
        CHECK(*with.find("Content-Length") == "12347");
    }
}

namespace {

struct with_text_everywhere {
    std::string_view text;

    static constexpr auto request_method = http_method::post;

    template <class Request>
    void write(Request& request) const
    {
        request.path("/").segment(text).path("/").segment(text).field(text, text).field("k", text);
    }
};

} // namespace

TEST_CASE("no path and no form can end a line, and both are decoded to the original bytes")
{
    std::string const all = every_byte();
    for (std::string const& text :
         {all, std::string("a\r\nX-Forged: 1\r\n\r\nGET / HTTP/1.1"), std::string("gr\xC3\xBC\xC3\x9F zu Haus"),
          std::string("?#[]%41"), std::string("\n"), std::string("\0", 1)}) {
        http_request const request = *sidecall::make_request(with_text_everywhere{text});
        wire const w(request.to_http1());
        CHECK(w.headers.size() == 6); // Host, the request's own four, Content-Length
        CHECK(w.first == "POST " + std::string(request.target()) + " HTTP/1.1");
        CHECK(decode(request.target(), false) == "/" + text + "/" + text);
        CHECK(request.target().find_first_of("?#") == std::string_view::npos);
        CHECK(std::count(request.target().begin(), request.target().end(), '/') == 2);
        CHECK(w.body == request.body());
        CHECK(*w.find("Content-Length") == std::to_string(w.body.size()));

        std::string_view const body = request.body();
        auto const ampersand = body.find('&');
        auto const equals = body.find('=');
        REQUIRE(ampersand != body.npos);
        CHECK(body.find('&', ampersand + 1) == body.npos);
        CHECK(decode(body.substr(0, equals), true) == text);
        CHECK(decode(body.substr(equals + 1, ampersand - equals - 1), true) == text);
        CHECK(body.substr(ampersand, 3) == "&k=");
        CHECK(decode(body.substr(ampersand + 3), true) == text);
    }
}

TEST_CASE("each byte of a form or a segment is kept if unreserved, and otherwise becomes an escape or \"+\"")
{
    constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (int c = 0; c != 256; ++c) {
        CAPTURE(c);
        std::string const byte(1, static_cast<char>(c));
        char const digits[] = "0123456789ABCDEF";
        std::string const escape = {'%', digits[c >> 4], digits[c & 15]};
        bool const stays = unreserved.find(byte) != unreserved.npos;
        auto const written = [&](auto size, auto write) {
            std::string out(size(byte) + 8, '?');
            char* const end = write(out.data(), byte);
            CHECK(std::string_view(end, 8) == "????????"); // the bytes after the end are untouched
            out.resize(static_cast<std::size_t>(end - out.data()));
            return out;
        };
        std::string const form = written(sidecall::detail::encoded_form_size, sidecall::detail::percent_encode_form);
        CHECK(form == (stays ? byte : c == ' ' ? "+" : escape));
        CHECK(sidecall::detail::encoded_form_size(byte) == form.size());
        std::string const segment =
            written(sidecall::detail::encoded_segment_size, sidecall::detail::percent_encode_segment);
        CHECK(segment == (stays ? byte : escape));
        CHECK(sidecall::detail::encoded_segment_size(byte) == segment.size());
    }
}

TEST_CASE("requests are equal if all their parts are")
{
    http_request const request = example();
    CHECK(request == example());
    http_request copy = request;
    CHECK(copy == request);
    CHECK(copy.url().data() != request.url().data());

    endpoint const other = *endpoint::region("ie1");
    CHECK(request != example(other));
    CHECK(request != example(*endpoint().with_product("x")));
    CHECK(request_of(http_method::get, "/a") != request_of(http_method::put, "/a"));
    CHECK(request_of(http_method::get, "/a") != request_of(http_method::get, "/b"));
    CHECK(request_of(http_method::post, "/a", {{"a", "b"}}) != request_of(http_method::post, "/a", {{"a", "c"}}));
    // The same bytes, divided into other parts.
    CHECK(request_of(http_method::post, "/a", {{"a", "b"}}) != request_of(http_method::post, "/aa", {{"", "b"}}));

    copy = request_of(http_method::get, "/c");
    CHECK(copy.target() == "/c");
    CHECK(request == example()); // the original is unchanged
    http_request const moved = std::move(copy);
    CHECK(moved == request_of(http_method::get, "/c"));
    copy = request;
    CHECK(copy == example());
}

TEST_CASE("a default-constructed response has status 0")
{
    CHECK(http_response{}.status == 0);
    CHECK(http_response_view{}.status == 0);
}

TEST_CASE("a request gives the host and port to connect to")
{
    struct row {
        std::string_view endpoint;
        std::string_view host;
        std::string_view hostname;
        unsigned port;
        bool https;
    };
    for (auto const& [where, host, hostname, port, https] : {
             row{"https://api.twilio.com", "api.twilio.com", "api.twilio.com", 443, true},
             row{"https://api.twilio.com:443", "api.twilio.com", "api.twilio.com", 443, true},
             row{"https://proxy.example.:8443/", "proxy.example.:8443", "proxy.example.", 8443, true},
             row{"https://h:80", "h:80", "h", 80, true},
             row{"https://192.0.2.1", "192.0.2.1", "192.0.2.1", 443, true},
             row{"https://192.0.2.1:65535", "192.0.2.1:65535", "192.0.2.1", 65535, true},
             row{"https://[2001:db8::1:2]", "[2001:db8::1:2]", "2001:db8::1:2", 443, true},
             row{"https://[2001:db8::1]:1", "[2001:db8::1]:1", "2001:db8::1", 1, true},
             row{"http://localhost", "localhost", "localhost", 80, false},
             row{"http://localhost:443", "localhost:443", "localhost", 443, false},
             row{"http://127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1", 8080, false},
             row{"http://[::1]", "[::1]", "::1", 80, false},
             row{"http://[::1]:8080", "[::1]:8080", "::1", 8080, false},
         }) {
        auto const shown = where; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        auto const request = example(*endpoint::parse(where));
        CHECK(request.host() == host);
        CHECK(request.hostname() == hostname);
        CHECK(request.port() == port);
        CHECK(request.https() == https);
    }
    CHECK(example(*endpoint::region("1")).port() == 443);
}

TEST_CASE("an authorized request is the request with Authorization as its last header field")
{
    http_request const request = example();
    authorized_request const authorized = authorize(request, some_credentials());
    CHECK(authorized.method() == request.method());
    CHECK(authorized.url() == request.url());
    CHECK(authorized.target() == request.target());
    CHECK(authorized.host() == request.host());
    CHECK(authorized.hostname() == request.hostname());
    CHECK(authorized.port() == request.port());
    CHECK(authorized.https() == request.https());
    CHECK(authorized.body() == request.body());
    fields expected = all_of(request.headers());
    expected.emplace_back("Authorization", basic);
    CHECK(all_of(authorized.headers()) == expected);
    CHECK(authorized.headers().text() == golden_headers + "Authorization: " + std::string(basic) + "\r\n");
    CHECK(lasting(authorized.to_http1()).reveal() ==
          "POST /a/b.json HTTP/1.1\r\nHost: api.twilio.com\r\n" + golden_headers +
              "Authorization: " + std::string(basic) + "\r\nContent-Length: 46\r\n\r\n" + std::string(request.body()));
    std::string memory(lasting(authorized.to_http1()).reveal().size(), '\0');
    {
        auto const in_place = authorized.to_http1(memory);
        REQUIRE(in_place);
        CHECK(in_place->reveal().data() == memory.data());
        CHECK(in_place->reveal() == lasting(authorized.to_http1()).reveal());
    }
    CHECK(memory == std::string(memory.size(), '\0')); // wiped
    auto const too_long = authorized.to_http1(sidecall::storage(memory.data(), memory.size() - 1));
    REQUIRE(!too_long);
    CHECK(too_long.error().code() == errc::invalid_argument);
    CHECK(too_long.error().field() == "storage");
    CHECK(too_long.error().offset() == memory.size());
    CHECK(request == example()); // the request itself is unchanged
    CHECK(request.to_http1().find("Authorization") == std::string::npos);

    // A bearer token of any length fits.
    for (std::size_t size : {1u, 100u, 128u, 129u, 5000u}) {
        std::string const token(size, 'x');
        auto const bearer = credentials::bearer(secret(token));
        authorized_request const by_bearer = authorize(example(), *bearer);
        CHECK(*headers_view(lasting(by_bearer.headers())).find("Authorization") == "Bearer " + token);
        CHECK(by_bearer.body() == request.body());
    }
}

TEST_CASE("a moved-from authorized request is empty and keeps no credential")
{
    glass_box<authorized_request> box;
    auto& from = box.make(authorize(example(), some_credentials()));
    authorized_request to(std::move(from));
    CHECK(to.url() == "https://api.twilio.com/a/b.json");
    CHECK(*headers_view(lasting(to.headers())).find("authorization") == basic);
    CHECK(from.url().empty());
    CHECK(from.body().empty());
    CHECK(from.target().empty());
    CHECK(from.headers().empty());

    from = std::move(to);
    CHECK(*headers_view(lasting(from.headers())).find("authorization") == basic);
    CHECK(from.body() == lasting(example()).body());
    CHECK(to.headers().empty());
    authorized_request& same = from;
    from = std::move(same);
    CHECK(from.target() == "/a/b.json");
    from = authorize(request_of(http_method::get, "/other"), some_credentials());
    CHECK(from.target() == "/other");
    from.~authorized_request();
    CHECK_FALSE(box.shows("Basic")); // heap memory is checked in allocation_test.cpp
}

TEST_CASE("finds a header field in any case and in any container")
{
    header const array[] = {{"Content-Type", "text/html"}, {"RETRY-AFTER", " 7\t"}, {"retry-after", "8"}};
    std::vector<header> const vector(std::begin(array), std::end(array));
    fields const pairs = {{"Content-Type", "text/html"}, {"RETRY-AFTER", " 7\t"}, {"retry-after", "8"}};
    std::multimap<std::string, std::string> const map(pairs.begin(), pairs.end());
    header_list const list{{"Content-Type", "text/html"}, {"RETRY-AFTER", " 7\t"}, {"retry-after", "8"}};
    struct own {
        std::string name;
        char const* value;
    };
    std::array const owns = {own{"Content-Type", "text/html"}, own{"RETRY-AFTER", " 7\t"}, own{"retry-after", "8"}};
    std::vector<std::pair<char const*, std::string_view>> const views = {
        {"Content-Type", "text/html"}, {"RETRY-AFTER", " 7\t"}, {"retry-after", "8"}};

    for (headers_view const view : {headers_view(array), headers_view(vector), headers_view(pairs), headers_view(map),
                                    headers_view(list), headers_view(owns), headers_view(views)}) {
        CHECK(view.find("content-type") == "text/html");
        CHECK(view.find("CONTENT-TYPE") == "text/html");
        CHECK(view.find("Retry-After") == "7"); // the first one, trimmed
        CHECK(view.find("Retry-Afte") == std::nullopt);
        CHECK(view.find("Retry-After ") == std::nullopt);
        CHECK(view.find("") == std::nullopt);
    }
    CHECK(list.find("content-type") == "text/html");
    CHECK(list.find("Retry-After") == "7"); // the first one, trimmed
    CHECK(list.find("Retry-Afte") == std::nullopt);
    CHECK(list.find("Retry-After ") == std::nullopt);
    CHECK(list.find("") == std::nullopt);
    CHECK(lasting(header_list()).find("x") == std::nullopt);
    CHECK(headers_view().find("x") == std::nullopt);
    CHECK(headers_view(lasting(header_list())).find("x") == std::nullopt);
    CHECK(http_response_view{}.headers.find("x") == std::nullopt);
}

TEST_CASE("a header_list gives back the added fields in order")
{
    header_list list;
    CHECK(list.empty());
    CHECK(all_of(list).empty());
    list.add("B", "2");
    list.add("a", "");
    list.add("B", "  3 : 4\t ");
    list.add("", "5");
    CHECK(!list.empty());
    CHECK(all_of(list) == fields{{"B", "2"}, {"a", ""}, {"B", "3 : 4"}, {"", "5"}});
    header_list const copy = list;
    list.add("c", "6");
    CHECK(all_of(copy).size() == 4);
    CHECK(all_of(list).size() == 5);

    auto at = list.begin();
    auto const before = at++;
    CHECK((*before).value == "2");
    CHECK((*at).name == "a");
    CHECK(before == list.begin());
    CHECK(std::distance(list.begin(), list.end()) == 5);
}

TEST_CASE("no name and no value can add a second header field")
{
    for (std::string const& text :
         {every_byte(), std::string("x\r\nForged: 1"), std::string("\r\n"), std::string(":"), std::string(" x: y"),
          std::string("\n\n\r\r: :"), std::string("a\r\n\r\nb"), std::string("\r\nForged: 1\r\n")}) {
        header_list list;
        list.add(text, "1");
        list.add("Value", text);
        list.add(text, text);
        list.add("Last", "2");
        auto const all = all_of(list);
        REQUIRE(all.size() == 4);
        CHECK(all[0].second == "1");
        CHECK(all[0].first.size() == text.size());
        CHECK(all[0].first.find_first_of(": \r\n") == std::string::npos);
        CHECK(all[1].first == "Value");
        CHECK(all[1].second.find_first_of("\r\n") == std::string::npos);
        CHECK(all[2].second == all[1].second);
        CHECK(all[3] == std::pair<std::string, std::string>("Last", "2"));
        CHECK(headers_view(list).find("Forged") == std::nullopt);
    }
}

TEST_CASE("a response converts to a view of itself")
{
    http_response const response{.status = 201, .headers = {{"A", "1"}}, .body = "body"};
    http_response_view const view = response;
    CHECK(view.status == 201);
    CHECK(*view.headers.find("a") == "1");
    CHECK(view.body == "body");
    CHECK(view.body.data() == response.body.data());
    http_response copy = response;
    copy.headers.add("B", "2");
    CHECK(response.headers.begin() != response.headers.end());
    CHECK(!http_response_view(response).headers.find("B"));
}

TEST_CASE("Retry-After is seconds or a date, and anything else is ignored")
{
    auto const read = [](std::string_view text) { return sidecall::detail::parse_retry_after(text); };
    using sidecall::retry_time;
    CHECK(read("0") == retry_time{0, false});
    CHECK(read("120") == retry_time{120, false});
    CHECK(read("000120") == retry_time{120, false});
    CHECK(read("Wed, 18 Dec 2019 20:02:01 GMT") == retry_time{1576699321, true});
    CHECK(read("Wednesday, 18-Dec-19 20:02:01 GMT") == retry_time{1576699321, true});
    CHECK(read("Wed Dec 18 20:02:01 2019") == retry_time{1576699321, true});
    for (std::string_view text : {"", " ", "-1", "+1", "1.5", "1e3", "1 ", " 1", "1s", "0x10", "soon", "1,2",
                                  "Wed, 18 Dec 2019 20:02:01 +0000", "Thu, 18 Dec 2019 20:02:01 GMT"}) {
        CAPTURE(text);
        CHECK(!read(text));
    }
    // Up to the largest number, without overflow.
    CHECK(read("1000000000000000000") == retry_time{1'000'000'000'000'000'000, false});
    CHECK(read("9223372036854775799")->seconds == 9'223'372'036'854'775'799);
    CHECK(read("9223372036854775808")->seconds == sidecall::retry_time::too_long);
    CHECK(read("18446744073709551617")->seconds == sidecall::retry_time::too_long);
    CHECK(read(std::string(1000, '9'))->seconds == sidecall::retry_time::too_long);
    CHECK(read(std::string(1000, '0') + "7") == retry_time{7, false});
    static_assert(sidecall::detail::parse_retry_after("60")->seconds == 60);
}

TEST_CASE("a member of an error body that is not a string is ignored")
{
    auto const f = sidecall::failure_of({.status = 400, .body = R"({"code":1,"message":"kept","message":5})"});
    CHECK(f.message() == "kept");
    CHECK(sidecall::http_response_view().status == 0);
}

TEST_CASE("an undocumented status becomes a failure with all that the response says")
{
    header_list const headers{{"twilio-request-id", "RQ1"}, {"RETRY-AFTER", "3"}};
    SUBCASE("Twilio's error format")
    {
        auto const f = sidecall::failure_of(
            {.status = 429,
             .headers = headers,
             .body = R"({"code":20429,"message":"Too \u004dany","more_info":"https://x/20429","status":200})"});
        CHECK(f.code() == errc::api_error);
        CHECK(f.http_status() == 429); // the received status, not the one in the body
        CHECK(f.twilio_code() == 20429);
        CHECK(f.message() == "Too Many");
        CHECK(f.more_info() == "https://x/20429");
        CHECK(f.request_id() == "RQ1");
        CHECK(f.retry_after() == sidecall::retry_time{3, false});
    }
    SUBCASE("RFC 9457")
    {
        auto const f = sidecall::failure_of(
            {.status = 400, .body = R"({"type":"https://t","title":"T","status":999,"detail":"D"})"});
        CHECK(f.code() == errc::api_error);
        CHECK(f.http_status() == 400);
        CHECK(f.message() == "T: D");
        CHECK(f.more_info() == "https://t");
        CHECK(!f.twilio_code());
        CHECK(lasting(sidecall::failure_of({.status = 400, .body = R"({"title":"T"})"})).message() == "T");
        CHECK(lasting(sidecall::failure_of({.status = 400, .body = R"({"detail":"D"})"})).message() == "D");
    }
    SUBCASE("a body of neither format")
    {
        for (std::string_view body : {"", "<html>Bad Gateway</html>", "{}", "[]", "null", R"({"status":400})",
                                      R"({"code":20404,"message":"cut)", R"({"code":20404}x)", R"({"code":"20404"})",
                                      R"({"code":null,"message":null})", R"({"code":99999999999})"}) {
            CAPTURE(body);
            auto const f = sidecall::failure_of({.status = 502, .headers = headers, .body = body});
            CHECK(f.code() == errc::unexpected_status);
            CHECK(f.http_status() == 502);
            CHECK(!f.twilio_code());
            CHECK(f.message() == "the status is not the documented one");
            CHECK(f.request_id() == "RQ1");
            CHECK(f.retry_after()->seconds == 3);
        }
    }
    SUBCASE("a status outside 400 to 599, whatever its body says")
    {
        for (int status : {0, -1, 100, 200, 204, 301, 302, 307, 399, 600, 999})
            CHECK(sidecall::failure_of({.status = status, .body = R"({"code":20404,"message":"m"})"}).code() ==
                  errc::unexpected_status);
        for (int status : {400, 401, 404, 429, 500, 503, 599})
            CHECK(sidecall::failure_of({.status = status, .body = R"({"code":20404,"message":"m"})"}).code() ==
                  errc::api_error);
    }
}

TEST_CASE("a moved-from request has empty parts")
{
    http_request request = request_of(http_method::post, "/x", {{"A", "b"}});
    sidecall::http_request const taken = std::move(request);
    CHECK(taken.body() == "A=b");
    for (auto part : {request.url(), request.target(), request.host(), request.hostname(), request.body(),
                      request.headers().text()})
        CHECK(part.empty());
    CHECK(request.https()); // stays true, so that nothing connects without TLS
}

TEST_CASE("requests with equal lengths and different bytes are not equal")
{
    auto const request = [](std::string_view path) { return request_of(http_method::get, path); };
    CHECK(request("/a") == request("/a"));
    CHECK(request("/a") != request("/b"));
    CHECK(request("/a") != request("/aa"));
    auto const post = [](std::string_view value) { return request_of(http_method::post, "/a", {{"A", value}}); };
    CHECK(post("1") == post("1"));
    CHECK(post("1") != post("11"));
    CHECK(post("1") != request("/a"));
}

TEST_CASE("the RFC 9457 type about:blank is ignored, and any other becomes more_info")
{
    auto const page = [](std::string const& type) {
        return std::string(lasting(failure_of(sidecall::http_response_view{
                                       .status = 404, .body = R"({"title":"Not Found","type":")" + type + "\"}"}))
                               .more_info());
    };
    CHECK(page("about:blank") == "");
    CHECK(page("https://example.com/gone") == "https://example.com/gone");
}

TEST_CASE("parse_decimal accepts a number up to its limit")
{
    std::uint64_t number = 0;
    CHECK(sidecall::detail::parse_decimal("5", 5, number));
    CHECK(number == 5);
    for (char const* text : {"6", "10", "", "5x", "-1"}) CHECK(!sidecall::detail::parse_decimal(text, 5, number));
    CHECK(sidecall::detail::parse_decimal("18446744073709551615", UINT64_MAX, number));
    CHECK(!sidecall::detail::parse_decimal("18446744073709551616", UINT64_MAX, number));
}

} // namespace http_test
