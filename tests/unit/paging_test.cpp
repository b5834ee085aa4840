#include <sidecall/paging.hpp>

#include <iterator>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <sidecall/retry.hpp>

namespace paging_test {

namespace {

using namespace sidecall::literals;
using sidecall::errc;
using sidecall::http_response;
using sidecall::result;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;

/// The statuses of an account's calls.
struct list_calls {
    std::string status;

    using resource = std::vector<std::string>;
    static constexpr auto request_method = sidecall::http_method::get;

    template <class Request>
    void write(Request& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account).path("/Calls.json");
        request.query("Status", status).header("X-Test", "kept");
    }
    static result<resource> parse(sidecall::http_response_view const& response)
    {
        if (response.status != 200) return sidecall::failure_of(response);
        auto const list = sidecall::json_object::parse(response.body);
        if (!list) return list.error();
        auto const calls = (*list)["calls"].array();
        if (!calls) return calls.error();
        resource found;
        for (auto const call : *calls) found.push_back(*call.to_string());
        return found;
    }
};

struct list_trunks : list_calls {
    static constexpr std::string_view product = "voice";
};

/// Returns responses with these bodies, one after another, and keeps the requests.
struct script {
    std::vector<std::string> bodies;
    std::vector<std::string> urls{};
    std::vector<std::string> headers{};

    result<http_response> operator()(sidecall::authorized_request const& request)
    {
        urls.emplace_back(request.url());
        headers.emplace_back(request.headers().text());
        if (urls.size() > bodies.size()) return sidecall::failure(errc::not_connected);
        auto const& body = bodies[urls.size() - 1];
        if (body.empty()) return http_response{.status = 503};
        return http_response{.status = 200, .body = body};
    }
};

sidecall::credentials some_credentials()
{
    return sidecall::credentials::auth_token(account, sidecall::secret("t0ken"));
}

std::string const page_0 =
    R"({"calls":["a","b"],"next_page_uri":"\/2010-04-01\/x.json?PageSize=2&Page=1&PageToken=PA1"})";
std::string const page_1 = R"({"calls":["c"],"next_page_uri":"/2010-04-01/x.json?Page=2"})";
std::string const page_2 = R"({"calls":[],"next_page_uri":null})";

template <class Range>
concept is_input_range = std::ranges::input_range<Range>;

} // namespace

TEST_CASE("a range follows next_page_uri to the last page")
{
    script transport{{page_0, page_1, page_2}};
    auto const credentials = some_credentials();
    std::vector<std::string> found;
    auto pages = sidecall::pages(list_calls{"in-progress"}, credentials, transport, 100);
    static_assert(is_input_range<decltype(pages)>);
    for (auto& page : pages) {
        REQUIRE(page);
        for (auto& call : *page) found.push_back(std::move(call));
    }
    CHECK(found == std::vector<std::string>{"a", "b", "c"});
    CHECK(!pages.next_uri());
    CHECK(transport.urls ==
          std::vector<std::string>{"https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001/"
                                   "Calls.json?Status=in-progress",
                                   "https://api.twilio.com/2010-04-01/x.json?PageSize=2&Page=1&PageToken=PA1",
                                   "https://api.twilio.com/2010-04-01/x.json?Page=2"});
    for (auto const& lines : transport.headers) CHECK(lines.find("X-Test: kept\r\n") != lines.npos);
}

TEST_CASE("a range ends at its limit and says where the next page is")
{
    for (std::size_t limit : {0u, 1u, 2u}) {
        script transport{{page_0, page_1, page_2}};
        auto const credentials = some_credentials();
        auto pages = sidecall::pages(list_calls{"queued"}, credentials, transport, limit);
        std::size_t count = 0;
        for (auto& page : pages) {
            CHECK(page);
            ++count;
        }
        CHECK(count == limit);
        CHECK(transport.urls.size() == limit);
        if (limit == 1) CHECK(pages.next_uri() == "/2010-04-01/x.json?PageSize=2&Page=1&PageToken=PA1");
        if (limit == 2) CHECK(pages.next_uri() == "/2010-04-01/x.json?Page=2");
    }
}

TEST_CASE("a failure is the last element of a range, and next_uri() names the page that failed")
{
    script transport{{page_0, ""}};
    auto const credentials = some_credentials();
    auto pages = sidecall::pages(list_calls{"queued"}, credentials, transport, 100);
    std::vector<std::optional<errc>> outcomes;
    for (auto& page : pages) outcomes.push_back(page ? std::nullopt : std::optional(page.error().code()));
    CHECK(outcomes == std::vector<std::optional<errc>>{std::nullopt, errc::unexpected_status});
    CHECK(pages.next_uri() == "/2010-04-01/x.json?PageSize=2&Page=1&PageToken=PA1");

    script first{{""}};
    auto none = sidecall::pages(list_calls{"queued"}, credentials, first, 100);
    for (auto& page : none) CHECK(!page);
    CHECK(!none.next_uri());
}

TEST_CASE("the caller's own loop can fetch pages, with retries")
{
    script transport{{page_0, "", page_1, page_2}};
    auto const credentials = some_credentials();
    list_calls const list{"queued"};
    auto const send = [&](auto const& page) {
        return sidecall::send_with_retry(page, credentials, transport, {.base_delay = {}},
                                         [](sidecall::milliseconds) {});
    };
    sidecall::fetch_page fetch(list);
    static_assert(sidecall::operation<decltype(fetch)>);
    std::size_t count = 0;
    do {
        auto page = send(fetch);
        REQUIRE(page);
        count += page->items.size();
        REQUIRE(page->next_uri);
        fetch.uri = *std::move(page->next_uri);
    } while (fetch.uri);
    CHECK(count == 3);
    CHECK(transport.urls.size() == 4);

    script again{{page_0, "", page_1, page_2}};
    count = 0;
    for (auto& page : sidecall::pages(
             list,
             [&](auto const& one) {
                 return sidecall::send_with_retry(one, credentials, again, {.base_delay = {}},
                                                  [](sidecall::milliseconds) {});
             },
             100)) {
        REQUIRE(page);
        count += page->size();
    }
    CHECK(count == 3);
}

TEST_CASE("next_page_url must be at the host of the product or of the endpoint")
{
    struct row {
        std::string url;
        std::string expected; // the next path and query; empty for a failure
    };
    auto const body = [](std::string const& url) { return R"({"calls":[],"meta":{"next_page_url":")" + url + "\"}}"; };
    for (row const& one : std::initializer_list<row>{
             {"https://voice.twilio.com/v1/ByocTrunks?Page=1", "/v1/ByocTrunks?Page=1"},
             {"https://voice.dublin.ie1.twilio.com/v1/ByocTrunks?Page=1", "/v1/ByocTrunks?Page=1"},
             {"https:\\/\\/voice.twilio.com\\/v1?Page=1", "/v1?Page=1"},
             {"https://api.twilio.com/v1?Page=1", ""},
             {"https://voice.twilio.com:8443/v1?Page=1", ""},
             {"https://user@voice.twilio.com/v1?Page=1", ""},
             {"https://voice.twilio.com.evil.example/v1?Page=1", ""},
             {"https://evil.example/voice.twilio.com", ""},
             {"https://voicetwilio.com/v1", ""},
             {"http://voice.twilio.com/v1?Page=1", ""},
             {"https://voice.twilio.com", ""},
             {"https://voice.twilio.com?Page=1", ""},
             {"https://voice.twilio.com/v1#x", ""},
             {"https://voice.twilio.com//evil.example/", ""},
             {"https://voice.twilio.com/../x", ""},
             {"/v1?Page=1", ""},
             {"", ""}}) {
        std::string const &url = one.url, &expected = one.expected;
        CAPTURE(one.url);
        auto const next = sidecall::next_page(body(url), "voice");
        CHECK(next.has_value() == !expected.empty());
        if (next) {
            CHECK(*next == expected);
        } else {
            CHECK(next.error().code() == errc::malformed_response);
            CHECK(next.error().field() == "next_page_url");
            CHECK(next.error().offset() == 37u);
        }
    }
    auto const standin = *sidecall::endpoint::parse("http://127.0.0.1:8080");
    CHECK(*sidecall::next_page(body("http://127.0.0.1:8080/v1?Page=1"), "voice", standin) == "/v1?Page=1");
    CHECK(*sidecall::next_page(body("https://voice.twilio.com/v1?Page=1"), "voice", standin) == "/v1?Page=1");
    CHECK(!sidecall::next_page(body("http://127.0.0.1:8081/v1?Page=1"), "voice", standin));
    CHECK(!sidecall::next_page(body("https://127.0.0.1:8080/v1?Page=1"), "voice", standin));

    script transport{{body("https://voice.twilio.com/v1?Page=1"), body("https://evil.example/v1?Page=1")}};
    auto const credentials = some_credentials();
    std::vector<bool> outcomes;
    for (auto& page : sidecall::pages(list_trunks{{"x"}}, credentials, transport, 100))
        outcomes.push_back(page.has_value());
    CHECK(outcomes == std::vector<bool>{true, true, false}); // the items of the second page are not lost
    CHECK(transport.urls.size() == 2);
    for (auto const& sent : transport.urls) CHECK(sent.starts_with("https://voice.twilio.com/"));
}

TEST_CASE("next_page returns the path and query of the next page, and fails if it cannot read them")
{
    for (std::string_view last :
         {"{}", R"({"next_page_uri":null})", R"({"meta":null})", R"({"meta":{}})", R"({"meta":{"next_page_url":null}})",
          R"({"next_page_uri":null,"meta":{"next_page_url":1}})"}) {
        CAPTURE(last);
        auto const next = sidecall::next_page(last);
        REQUIRE(next);
        CHECK(!*next);
    }
    for (std::string_view wrong :
         {"", "[]", R"({"next_page_uri":1})", R"({"next_page_uri":""})", R"({"next_page_uri":"x"})",
          R"({"next_page_uri":"//evil.example/x"})", R"({"next_page_uri":"https://evil.example/x"})",
          R"({"next_page_uri":"/x y"})", R"({"next_page_uri":"/x\r\ny"})", R"({"next_page_uri":"/x#y"})",
          R"({"next_page_uri":"/a/%2e%2E/b"})", R"({"next_page_uri":"/x","next_page_uri":"/y"})",
          R"({"next_page_uri":"/x","next_page_uri":null})",
          R"({"meta":{"next_page_url":"https://api.twilio.com/x"},"meta":null})",
          R"({"meta":{"next_page_url":"https://api.twilio.com/x","next_page_url":null}})", R"({"meta":1})",
          R"({"meta":{"next_page_url":true}})"}) {
        CAPTURE(wrong);
        auto const next = sidecall::next_page(wrong);
        REQUIRE(!next);
        CHECK(next.error().code() == errc::malformed_response);
    }
}

TEST_CASE("a page that names itself as the next one is a failure")
{
    script transport{{page_0, page_1, page_1}};
    auto const credentials = some_credentials();
    std::vector<bool> outcomes;
    for (auto& page : sidecall::pages(list_calls{"x"}, credentials, transport, 100))
        outcomes.push_back(page.has_value());
    CHECK(outcomes == std::vector<bool>{true, true, true, false});
    CHECK(transport.urls.size() == 3);
}

} // namespace paging_test
