// Tests examples/call_control.hpp: operations as a user writes them, over both transports against the stand-in.

#include <sidecall/curl.hpp>
#include <sidecall/httplib.hpp>
#include <sidecall/standin.hpp>

#include "../../examples/call_control.hpp"
#include "transport_names.hpp"

#include <sidecall/paging.hpp>
#include <sidecall/sidecall.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace call_control_test {

using namespace call_control;
using namespace sidecall::literals;
using sidecall::errc;
using sidecall::http_method;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto made_up_call = "CA00000000000000000000000000000002"_call_sid;
std::string const calls = "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls";

create_call usual_call()
{
    return {.account = account, .to = "client:alice", .from = "+15005550006", .instructions = twiml{"<Response/>"}};
}

/// A stand-in and a transport to it.
template <class Transport>
struct session {
    explicit session(sidecall::standin_options const& options = {}) : twilio(options) {}

    template <sidecall::operation Operation>
    auto send(Operation const& operation)
    {
        return sidecall::send(operation, credentials, transport, endpoint);
    }
    call place(create_call const& operation = usual_call()) { return *send(operation); }

    sidecall::twilio_standin twilio;
    sidecall::endpoint endpoint = *sidecall::endpoint::parse(twilio.base_url());
    sidecall::credentials credentials =
        sidecall::credentials::auth_token(account, sidecall::secret(twilio.auth_token()));
    Transport transport;
};

std::string text(sidecall::call_sid const& sid)
{
    return std::string(sid.view());
}

/// What an operation reads from this response.
template <class Operation>
auto parse(int status, std::string body)
{
    sidecall::http_response const response{.status = status, .body = std::move(body)};
    return Operation::parse(response);
}

static_assert(sidecall::operation<create_call> && sidecall::operation<fetch_call> && sidecall::operation<end_call> &&
              sidecall::operation<list_calls> && sidecall::operation<list_byoc_trunks> &&
              sidecall::operation<fetch_byoc_trunk> && sidecall::operation<create_knowledge> &&
              sidecall::operation<fetch_knowledge>);

TEST_CASE_TEMPLATE("places a call with TwiML", Transport, sidecall::curl_transport, sidecall::httplib_transport)
{
    session<Transport> s;
    auto const placed = s.send(usual_call());
    REQUIRE(placed);
    CHECK(placed->status == "queued");
    CHECK(placed->to == "client:alice");
    CHECK(placed->from == "+15005550006");
    CHECK(placed->direction == "outbound-api");
    CHECK(!placed->date_created);
    CHECK(!placed->parent);
    REQUIRE(s.twilio.ledger().size() == 1);
    CHECK(s.twilio.ledger()[0].target == calls + ".json");
    CHECK(s.twilio.ledger()[0].body == "To=client%3Aalice&From=%2B15005550006&Twiml=%3CResponse%2F%3E");
}

TEST_CASE_TEMPLATE("places a call with a URL, a status callback and its events", Transport, sidecall::curl_transport,
                   sidecall::httplib_transport)
{
    session<Transport> s;
    auto operation = usual_call();
    operation.instructions = twiml_url{"https://example.com/twiml?a=1"_callback_url, http_method::get};
    operation.status_callback = "https://example.com/status"_callback_url;
    operation.status_callback_events = {call_event::initiated, call_event::ringing, call_event::answered,
                                        call_event::completed};
    operation.status_callback_method = http_method::post;
    operation.timeout = 20;
    REQUIRE(s.send(operation));
    sidecall::standin_fields const expected{{"To", "client:alice"},
                                            {"From", "+15005550006"},
                                            {"Url", "https://example.com/twiml?a=1"},
                                            {"Method", "GET"},
                                            {"StatusCallback", "https://example.com/status"},
                                            {"StatusCallbackMethod", "POST"},
                                            {"StatusCallbackEvent", "initiated"},
                                            {"StatusCallbackEvent", "ringing"},
                                            {"StatusCallbackEvent", "answered"},
                                            {"StatusCallbackEvent", "completed"},
                                            {"Timeout", "20"}};
    CHECK(s.twilio.ledger()[0].parameters == expected);
    CHECK(s.twilio.ledger()[0].status == 201);
}

TEST_CASE_TEMPLATE("Twilio's refusal of a call is a failure with its code", Transport, sidecall::curl_transport,
                   sidecall::httplib_transport)
{
    session<Transport> s;
    auto operation = usual_call();
    operation.to = "alice";
    auto const refused = s.send(operation);
    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::api_error);
    CHECK(refused.error().http_status() == 400);
    CHECK(refused.error().twilio_code() == 21211);
    CHECK(s.send(fetch_call{account, made_up_call}).error().http_status() == 404);
}

TEST_CASE_TEMPLATE("fetches a call and ends it", Transport, sidecall::curl_transport, sidecall::httplib_transport)
{
    session<Transport> s;
    auto const sid = s.place().sid;
    s.twilio.set_call_status(text(sid), "in-progress");
    auto const fetched = s.send(fetch_call{account, sid});
    REQUIRE(fetched);
    CHECK(fetched->sid == sid);
    CHECK(fetched->status == "in-progress");
    CHECK(fetched->date_created);
    CHECK(!fetched->duration);

    auto const ended = s.send(end_call{account, sid});
    REQUIRE(ended);
    CHECK(ended->status == "completed");
    CHECK(ended->duration);
    CHECK(has_ended(*ended->status));
    CHECK(s.twilio.calls()[0].status == "completed");
    CHECK(s.twilio.ledger().back().target == calls + '/' + text(sid) + ".json");
    CHECK(s.twilio.ledger().back().body == "Status=completed");
    CHECK(s.send(end_call{account, sid}).error().twilio_code() == 21220);
}

TEST_CASE_TEMPLATE("end_call is retried, and create_call is not", Transport, sidecall::curl_transport,
                   sidecall::httplib_transport)
{
    session<Transport> s;
    auto const with_retry = [&](auto const& operation) {
        return sidecall::send_with_retry(
            operation, s.credentials, s.transport, {}, [](auto) { return true; }, s.endpoint);
    };
    s.twilio.fail_next(503);
    CHECK(with_retry(usual_call()).error().http_status() == 503);
    CHECK(s.twilio.ledger().size() == 1);

    auto const sid = s.place().sid;
    s.twilio.set_call_status(text(sid), "in-progress");
    s.twilio.fail_next(503);
    CHECK(with_retry(end_call{account, sid}));
    CHECK(s.twilio.ledger().size() == 4);
}

TEST_CASE_TEMPLATE("lists calls by status", Transport, sidecall::curl_transport, sidecall::httplib_transport)
{
    session<Transport> s;
    auto const first = s.place().sid;
    auto const second = s.place().sid;
    s.twilio.set_call_status(text(first), "in-progress");
    auto const all = s.send(list_calls{account});
    REQUIRE(all);
    REQUIRE(all->size() == 2);
    CHECK((*all)[0].sid == second);
    auto const busy = s.send(list_calls{.account = account, .status = "in-progress", .page_size = 10});
    REQUIRE(busy);
    REQUIRE(busy->size() == 1);
    CHECK((*busy)[0].sid == first);
    CHECK(s.twilio.ledger().back().target == calls + ".json?Status=in-progress&PageSize=10");
    CHECK(s.send(list_calls{.account = account, .to = "+1 & 2"}).value().empty());
    CHECK(s.twilio.ledger().back().target == calls + ".json?To=%2B1+%26+2");
}

TEST_CASE_TEMPLATE("follows the pages of a list of calls", Transport, sidecall::curl_transport,
                   sidecall::httplib_transport)
{
    session<Transport> s;
    std::vector<sidecall::call_sid> placed;
    for (int i = 0; i != 5; ++i) {
        placed.insert(placed.begin(), s.place().sid); // the newest comes first
        s.twilio.set_call_status(text(placed.front()), "in-progress");
    }
    s.place(); // is queued, so not in the list
    auto const requests_before = s.twilio.ledger().size();
    list_calls const list{.account = account, .status = "in-progress", .page_size = 2};

    std::vector<sidecall::call_sid> found;
    for (auto& page : sidecall::pages(list, s.credentials, s.transport, 10, s.endpoint)) {
        REQUIRE(page);
        for (auto const& one : *page) found.push_back(one.sid);
    }
    CHECK(found == placed);
    CHECK(s.twilio.ledger().size() == requests_before + 3);

    SUBCASE("up to a limit")
    {
        found.clear();
        auto some = sidecall::pages(list, s.credentials, s.transport, 2, s.endpoint);
        for (auto& page : some)
            for (auto const& one : *page) found.push_back(one.sid);
        CHECK(found == std::vector(placed.begin(), placed.begin() + 4));
        CHECK(
            some.next_uri().value_or("").starts_with(calls + ".json?Status=in-progress&PageSize=2&Page=2&PageToken="));
        CHECK(s.twilio.ledger().size() == requests_before + 5);
    }
    SUBCASE("up to a failure")
    {
        std::size_t pages = 0;
        std::optional<int> status;
        for (auto& page : sidecall::pages(list, s.credentials, s.transport, 10, s.endpoint)) {
            ++pages;
            if (!page) status = page.error().http_status();
            s.twilio.fail_next(500);
        }
        CHECK(pages == 2);
        CHECK(status == 500);
    }
    SUBCASE("with retries")
    {
        auto const send = [&](auto const& page) {
            s.twilio.fail_next(429);
            return sidecall::send_with_retry(
                page, s.credentials, s.transport, {}, [](auto) { return true; }, s.endpoint);
        };
        std::size_t items = 0;
        for (auto& page : sidecall::pages(list, send, 10, s.endpoint)) items += page.value().size();
        CHECK(items == 5);
    }
}

TEST_CASE_TEMPLATE("follows the pages of the trunks, whose URLs name Twilio or the stand-in", Transport,
                   sidecall::curl_transport, sidecall::httplib_transport)
{
    sidecall::standin_options options;
    bool is_followed = true;
    SUBCASE("Twilio") {}
    SUBCASE("the stand-in")
    {
        options.voice_url = "";
    }
    SUBCASE("another host")
    {
        options.voice_url = "https://voice.twilio.com.example.com";
        is_followed = false;
    }
    SUBCASE("another product of Twilio")
    {
        options.voice_url = "https://api.twilio.com";
        is_followed = false;
    }
    session<Transport> s(options);
    httplib::Client client("127.0.0.1", s.twilio.port());
    client.set_basic_auth(s.twilio.account_sid(), s.twilio.auth_token());
    for (int i = 0; i != 5; ++i)
        REQUIRE(client.Post("/v1/ByocTrunks", httplib::Params{{"FriendlyName", std::to_string(i)}})->status == 201);

    std::string names;
    std::optional<errc> fault;
    for (auto& page : sidecall::pages(list_byoc_trunks{2}, s.credentials, s.transport, 10, s.endpoint)) {
        if (!page) fault = page.error().code();
        if (page)
            for (auto const& one : *page) names += one.friendly_name.value_or("?");
    }
    if (is_followed) {
        CHECK(names == "01234");
        CHECK(!fault);
        CHECK(s.twilio.ledger().size() == 5 + 3);
    } else {
        CHECK(fault == errc::malformed_response);
        CHECK(s.twilio.ledger().size() == 5 + 1);
    }
}

TEST_CASE_TEMPLATE("fetches a trunk", Transport, sidecall::curl_transport, sidecall::httplib_transport)
{
    session<Transport> s;
    httplib::Client client("127.0.0.1", s.twilio.port());
    client.set_basic_auth(s.twilio.account_sid(), s.twilio.auth_token());
    REQUIRE(client.Post("/v1/ByocTrunks", httplib::Params{{"FriendlyName", "Zug \u00fc"}})->status == 201);
    auto const all = s.send(list_byoc_trunks{});
    REQUIRE(all);
    REQUIRE(all->size() == 1);
    auto const fetched = s.send(fetch_byoc_trunk{(*all)[0].sid});
    REQUIRE(fetched);
    CHECK(fetched->sid == (*all)[0].sid);
    CHECK(fetched->friendly_name == "Zug \u00fc");
    CHECK(!fetched->voice_url);
    CHECK(s.twilio.ledger().back().target == "/v1/ByocTrunks/" + std::string(fetched->sid.view()));
}

TEST_CASE_TEMPLATE("creates a source of knowledge from any text, and fetches it", Transport, sidecall::curl_transport,
                   sidecall::httplib_transport)
{
    session<Transport> s;
    std::string const name = "\"Prices\" \\ \u00e9\n\x01";
    auto const created = s.send(create_knowledge{
        .name = name, .type = "Web", .description = "", .details = R"({"source":"https://example.com"})"});
    REQUIRE(created);
    CHECK(created->name == name);
    CHECK(created->status == "QUEUED");
    CHECK(s.twilio.ledger().back().header("Content-Type") == "application/json");
    auto const fetched = s.send(fetch_knowledge{created->id});
    REQUIRE(fetched);
    CHECK(fetched->id == created->id);
    CHECK(fetched->type == "Web");
}

TEST_CASE_TEMPLATE("the error of a newer service is a failure with its code and detail", Transport,
                   sidecall::curl_transport, sidecall::httplib_transport)
{
    session<Transport> s;
    auto const refused = s.send(create_knowledge{.name = "x", .type = "Wiki"});
    REQUIRE(!refused);
    CHECK(refused.error().code() == errc::api_error);
    CHECK(refused.error().http_status() == 400);
    CHECK(refused.error().twilio_code() == 20001);
    CHECK(std::string(refused.error().message()).find("Wiki") == std::string::npos);
    CHECK(std::string(refused.error().message()).find("'type'") != std::string::npos);
}

TEST_CASE_TEMPLATE("a value that breaks a rule is a failure before anything is sent", Transport,
                   sidecall::curl_transport, sidecall::httplib_transport)
{
    session<Transport> s;
    for (std::string const id : {"", ".", ".."}) {
        auto const refused = s.send(fetch_knowledge{id});
        REQUIRE(!refused);
        CHECK(refused.error().code() == errc::invalid_argument);
        CHECK(refused.error().field() == "id");
    }
    CHECK(s.send(create_knowledge{.name = "x", .type = "Web", .details = "{"}).error().code() ==
          errc::invalid_argument);
    CHECK(s.send(create_knowledge{.name = "\xff", .type = "Web"}).error().code() == errc::invalid_argument);
    CHECK(s.twilio.ledger().empty());

    CHECK(s.send(fetch_knowledge{"../Knowledge?a=b#c"}).error().http_status() == 404);
    CHECK(s.twilio.ledger().back().target == "/v1/Knowledge/..%2FKnowledge%3Fa%3Db%23c");
}

TEST_CASE("each product has its own host at Twilio")
{
    auto const sid = *byoc_trunk_sid::parse("BY00000000000000000000000000000001");
    auto const url = [](auto const& operation, auto const&... endpoint) {
        auto const request = sidecall::make_request(operation, endpoint...);
        return std::string(request->url());
    };
    CHECK(url(fetch_call{account, made_up_call}) ==
          "https://api.twilio.com" + calls + '/' + text(made_up_call) + ".json");
    CHECK(url(fetch_byoc_trunk{sid}) == "https://voice.twilio.com/v1/ByocTrunks/BY00000000000000000000000000000001");
    CHECK(url(fetch_knowledge{"1"}) == "https://knowledge.twilio.com/v1/Knowledge/1");
    CHECK(url(list_byoc_trunks{}, *sidecall::endpoint::edge("dublin", "ie1")) ==
          "https://voice.dublin.ie1.twilio.com/v1/ByocTrunks");
}

TEST_CASE("a member that cannot be read is empty, and the SID is still read")
{
    auto const read = parse<fetch_call>(
        200, R"({"sid":"CA00000000000000000000000000000002","status":5,"to":null,"from":[],"parent_call_sid":"CA1"})");
    REQUIRE(read);
    CHECK(read->sid == made_up_call);
    CHECK(!read->status);
    CHECK(!read->to);
    CHECK(!read->from);
    CHECK(!read->parent);
    auto const child =
        parse<fetch_call>(200, R"({"sid":"\u0043A00000000000000000000000000000002",)"
                               R"("parent_call_sid":"CA00000000000000000000000000000003","to":"\u002b1"})");
    REQUIRE(child);
    CHECK(child->parent == "CA00000000000000000000000000000003"_call_sid);
    CHECK(child->to == "+1");
}

TEST_CASE("a response without a valid SID is malformed")
{
    for (std::string const body : {R"({"status":"queued"})", R"({"sid":null})", R"({"sid":"CA1"})",
                                   R"({"sid":"AC00000000000000000000000000000002"})", "[]", "{", ""}) {
        CAPTURE(body);
        auto const read = parse<fetch_call>(200, body);
        REQUIRE(!read);
        CHECK(read.error().code() == errc::malformed_response);
    }
    CHECK(parse<fetch_call>(200, R"({"sid":"CA1"})").error().field() == "sid");
    CHECK(parse<list_calls>(200, R"({"calls":[{}]})").error().code() == errc::malformed_response);
    CHECK(parse<list_calls>(200, R"({"calls":[1]})").error().code() == errc::malformed_response);
    CHECK(parse<list_calls>(200, R"({})").error().field() == "calls");
    CHECK(parse<fetch_byoc_trunk>(200, R"({"sid":"CA1"})").error().field() == "sid");
    CHECK(parse<fetch_knowledge>(200, R"({"name":"x"})").error().field() == "id");
    CHECK(parse<create_call>(200, "{}").error().code() == errc::unexpected_status);
}

} // namespace call_control_test
