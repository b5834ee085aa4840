// Tests the resources of the stand-in that a user's own operations need: calls, trunks and knowledge sources. Sends the
// requests with cpp-httplib directly.

#include <sidecall/standin.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace standin_calls_test {

using nlohmann::json;
using sidecall::standin_fields;
using sidecall::standin_options;
using sidecall::twilio_standin;

std::string const calls = "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json";
standin_fields const usual{{"To", "+15550001"}, {"From", "+15550002"}, {"Url", "https://example.com/twiml"}};

struct answer {
    int status = 0;
    httplib::Headers headers = {};
    std::string body = {};

    std::string header(char const* name) const
    {
        auto const found = headers.find(name);
        return found == headers.end() ? "" : found->second;
    }
    json document() const { return json::parse(body); }
};

class caller {
public:
    explicit caller(twilio_standin const& standin) : client_{"127.0.0.1", standin.port()}
    {
        client_.set_basic_auth(standin.account_sid(), standin.auth_token());
        client_.set_tcp_nodelay(true);
        client_.set_read_timeout(std::chrono::seconds{10});
    }

    void set_token(std::string const& account, std::string const& token) { client_.set_basic_auth(account, token); }

    answer send(std::string const& method, std::string const& target, std::string const& body = {},
                std::string const& type = "application/x-www-form-urlencoded")
    {
        httplib::Request request;
        request.method = method;
        request.path = target;
        request.body = body;
        if (method == "POST") request.headers.emplace("Content-Type", type);
        auto const result = client_.send(request);
        REQUIRE_MESSAGE(result, httplib::to_string(result.error()));
        return {result->status, result->headers, result->body};
    }
    answer get(std::string const& target) { return send("GET", target); }
    answer post(std::string const& target, standin_fields const& parameters)
    {
        return send("POST", target, sidecall::standin_detail::encode_form(parameters));
    }

    /// Creates a call and returns its SID.
    std::string create(standin_fields parameters = usual, standin_fields const& more = {})
    {
        parameters.insert(parameters.end(), more.begin(), more.end());
        auto const got = post(calls, parameters);
        REQUIRE(got.status == 201);
        return got.document().at("sid");
    }
    std::string status_of(std::string const& sid) { return get(target_of(sid)).document().at("status"); }

    static std::string path_of(std::string const& sid) { return calls.substr(0, calls.size() - 5) + '/' + sid; }
    static std::string target_of(std::string const& sid) { return path_of(sid) + ".json"; }

private:
    httplib::Client client_;
};

void check_error(answer const& got, int status, int code)
{
    REQUIRE(got.status == status);
    CHECK(got.header("Content-Type") == "application/json");
    auto const error = got.document();
    CHECK(error.size() == 4);
    CHECK(error.at("code") == code);
    CHECK(error.at("status") == status);
    CHECK(error.at("more_info") == "https://www.twilio.com/docs/errors/" + std::to_string(code));
    CHECK_FALSE(error.at("message").get<std::string>().empty());
}

void check_problem(answer const& got, int status, int code)
{
    REQUIRE(got.status == status);
    CHECK(got.header("Content-Type") == "application/problem+json");
    auto const error = got.document();
    CHECK(error.at("type") == "https://www.twilio.com/docs/errors/" + std::to_string(code));
    CHECK(error.at("code") == code);
    CHECK(error.at("status") == status);
    CHECK_FALSE(error.at("title").get<std::string>().empty());
    CHECK_FALSE(error.at("detail").get<std::string>().empty());
}

/// The usual parameters without one, or with another value of it.
standin_fields without(std::string const& name, std::optional<std::string> const& value = {})
{
    standin_fields parameters = usual;
    parameters.erase(
        std::remove_if(parameters.begin(), parameters.end(), [&](auto const& one) { return one.first == name; }),
        parameters.end());
    if (value) parameters.emplace_back(name, *value);
    return parameters;
}

/// A server that records the status callbacks that it receives.
class status_server {
public:
    explicit status_server(int status = 204)
    {
        auto const record = [this, status](httplib::Request const& request, httplib::Response& response) {
            std::function<void()> during;
            {
                std::lock_guard const lock{mutex_};
                requests_.push_back(request);
                during = during_;
            }
            if (during) during();
            response.status = status;
        };
        server_.Get("/status", record);
        server_.Post("/status", record);
        server_.set_tcp_nodelay(true);
        port_ = server_.bind_to_any_port("127.0.0.1");
        REQUIRE(port_ > 0);
        thread_ = std::thread{[this] { server_.listen_after_bind(); }};
        while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    status_server(status_server const&) = delete;
    status_server& operator=(status_server const&) = delete;
    ~status_server()
    {
        server_.stop();
        thread_.join();
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/status"; }
    std::vector<httplib::Request> requests() const
    {
        std::lock_guard const lock{mutex_};
        return requests_;
    }
    /// Calls this function while it serves a request.
    void call_during_request(std::function<void()> during)
    {
        std::lock_guard const lock{mutex_};
        during_ = std::move(during);
    }

private:
    httplib::Server server_;
    mutable std::mutex mutex_;
    std::vector<httplib::Request> requests_;
    std::function<void()> during_;
    int port_ = 0;
    std::thread thread_;
};

std::string value_of(httplib::Request const& request, char const* name)
{
    return request.has_param(name) ? request.get_param_value(name) : "(absent)";
}

TEST_CASE("a call is created queued, and found again")
{
    twilio_standin standin;
    caller twilio{standin};
    auto const got = twilio.post(calls, usual);
    REQUIRE(got.status == 201);
    CHECK(got.header("Content-Type") == "application/json");
    auto created = got.document();
    std::string const sid = created.at("sid");
    CHECK(sid.size() == 34);
    CHECK(sid.substr(0, 2) == "CA");
    CHECK(created.at("status") == "queued");
    CHECK(created.at("to") == "+15550001");
    CHECK(created.at("from") == "+15550002");
    CHECK(created.at("direction") == "outbound-api");
    CHECK(created.at("account_sid") == standin.account_sid());
    CHECK(created.at("parent_call_sid").is_null());
    CHECK(created.at("date_created").is_null());
    CHECK(created.at("uri") == caller::target_of(sid));
    CHECK(created.at("subresource_uris").at("user_defined_messages") ==
          caller::path_of(sid) + "/UserDefinedMessages.json");

    auto found = twilio.get(caller::target_of(sid));
    REQUIRE(found.status == 200);
    auto fetched = found.document();
    CHECK(fetched.at("date_created").get<std::string>().find(" +0000") != std::string::npos);
    for (auto* const one : {&created, &fetched}) {
        one->erase("date_created");
        one->erase("date_updated");
    }
    CHECK(created == fetched);

    REQUIRE(standin.calls().size() == 1);
    CHECK(standin.calls()[0].sid == sid);
    CHECK(standin.calls()[0].status == "queued");
    CHECK(standin.calls()[0].parameter("Url") == "https://example.com/twiml");
    CHECK(standin.ledger().size() == 2);
    CHECK(standin.ledger()[0].parameter("To") == "+15550001");
}

TEST_CASE("a call needs both parties, and exactly one source of instructions")
{
    twilio_standin standin;
    caller twilio{standin};
    check_error(twilio.post(calls, without("To")), 400, 21201);
    check_error(twilio.post(calls, without("To", "")), 400, 21201);
    check_error(twilio.post(calls, without("From")), 400, 21213);
    check_error(twilio.post(calls, without("Url")), 400, 21205);
    check_error(twilio.post(calls, without("To", "15550001")), 400, 21211);
    check_error(twilio.post(calls, without("To", "+0555")), 400, 21211);
    check_error(twilio.post(calls, without("From", "alice")), 400, 21212);
    check_error(twilio.post(calls, without("From", "client:alice")), 400, 21212);
    check_error(twilio.post(calls, without("Url", "example.com")), 400, 21205);
    check_error(twilio.post(calls, without("Url", "https://a_b.example")), 400, 21205);
    auto both = usual;
    both.emplace_back("Twiml", "<Response/>");
    check_error(twilio.post(calls, both), 400, 20001);

    struct {
        std::string name;
        std::string value;
        int code;
    } const wrong[] = {
        {"Method", "PUT", 21209},
        {"StatusCallback", "example.com", 21609},
        {"StatusCallbackMethod", "HEAD", 21209},
        {"StatusCallbackEvent", "busy", 21626},
        {"StatusCallbackEvent", "initiated ringing", 21626},
        {"FallbackUrl", "x", 21205},
        {"Timeout", "601", 20001},
        {"Timeout", "-1", 20001},
        {"TimeLimit", "soon", 20001},
        {"Record", "yes", 20001},
        {"Byoc", "BY1", 20001},
        {"To", "+15550001", 20001},
        {"Status", "completed", 20001},
        {"statuscallback", "https://example.com", 20001},
        {"IdempotencyKey", "1", 20001},
    };
    for (auto const& one : wrong) {
        CAPTURE(one.name);
        CAPTURE(one.value);
        auto parameters = usual;
        parameters.emplace_back(one.name, one.value);
        check_error(twilio.post(calls, parameters), 400, one.code);
    }
    check_error(twilio.post(calls, {{"To", "+15550001"}, {"From", "+15550002"}, {"ApplicationSid", "AP1"}}), 400,
                21218);
    check_error(twilio.send("POST", calls, "{}", "application/json"), 415, 20415);
    check_error(twilio.send("POST", calls + "?To=1"), 400, 20001);
    CHECK(standin.calls().empty());

    CHECK(twilio.post(calls, {{"To", "client:bob"}, {"From", "client:alice"}, {"Twiml", "<Response/>"}}).status == 201);
    CHECK(twilio
              .post(calls, {{"To", "sip:bob@example.com"},
                            {"From", "+15550002"},
                            {"ApplicationSid", "AP00000000000000000000000000000001"},
                            {"Timeout", "600"},
                            {"CallReason", "lunch"}})
              .status == 201);
    CHECK(standin.calls().size() == 2);
}

TEST_CASE("calls are served only at their own paths, with their methods and with credentials")
{
    twilio_standin standin;
    caller twilio{standin};
    std::string const unknown = caller::target_of("CA00000000000000000000000000000009");
    for (std::string const method : {"GET", "DELETE"}) check_error(twilio.send(method, unknown), 404, 20404);
    check_error(twilio.post(unknown, {{"Status", "completed"}}), 404, 20404);
    check_error(twilio.get(caller::target_of("CA1")), 404, 20404);
    auto const refused = twilio.send("PUT", calls);
    check_error(refused, 405, 20004);
    CHECK(refused.header("Allow") == "GET, POST");
    CHECK(twilio.send("PUT", unknown).header("Allow") == "GET, POST, DELETE");
    check_error(twilio.get(unknown + "?x=1"), 400, 20001);
    twilio.set_token(standin.account_sid(), "wrong");
    check_error(twilio.get(calls), 401, 20003);
}

TEST_CASE("a request ends a created call")
{
    twilio_standin standin;
    caller twilio{standin};
    SUBCASE("in progress")
    {
        std::string const sid = twilio.create();
        standin.set_call_status(sid, "in-progress");
        auto const got = twilio.post(caller::target_of(sid), {{"Status", "completed"}});
        CHECK(got.status == 200);
        CHECK(got.document().at("status") == "completed");
        CHECK(got.document().at("end_time").is_string());
        CHECK(got.document().at("duration").is_string());
        CHECK(twilio.status_of(sid) == "completed");
        check_error(twilio.post(caller::target_of(sid), {{"Status", "completed"}}), 400, 21220);
    }
    SUBCASE("canceled while it rings, but not once it is in progress")
    {
        std::string const sid = twilio.create();
        std::string const other = twilio.create();
        standin.set_call_status(sid, "ringing");
        standin.set_call_status(other, "in-progress");
        CHECK(twilio.post(caller::target_of(sid), {{"Status", "canceled"}}).document().at("status") == "canceled");
        CHECK(twilio.post(caller::target_of(other), {{"Status", "canceled"}}).document().at("status") == "in-progress");
    }
    SUBCASE("with wrong parameters")
    {
        std::string const target = caller::target_of(twilio.create());
        check_error(twilio.post(target, {}), 400, 20001);
        check_error(twilio.post(target, {{"Status", "busy"}}), 400, 20001);
        check_error(twilio.post(target, {{"To", "+15550001"}}), 400, 20001);
        check_error(twilio.post(target, {{"Url", "https://example.com"}, {"Twiml", "<Response/>"}}), 400, 20001);
        check_error(twilio.post(target, {{"Url", "https://example.com"}}), 400, 21220);
        check_error(twilio.post(target, {{"Url", "x"}}), 400, 21205);
        check_error(twilio.post(target, {{"Method", "PUT"}}), 400, 21209);
    }
    SUBCASE("redirected while it is in progress")
    {
        std::string const sid = twilio.create();
        standin.set_call_status(sid, "in-progress");
        CHECK(twilio.post(caller::target_of(sid), {{"Twiml", "<Response/>"}, {"Method", "GET"}}).status == 200);
        CHECK(standin.calls()[0].parameter("Twiml") == "<Response/>");
        CHECK(standin.calls()[0].parameter("Method") == "GET");
    }
}

TEST_CASE("only a call that ended can be deleted")
{
    twilio_standin standin;
    caller twilio{standin};
    std::string const sid = twilio.create();
    check_error(twilio.send("DELETE", caller::target_of(sid)), 409, 20009);
    standin.set_call_status(sid, "busy");
    CHECK(twilio.send("DELETE", caller::target_of(sid)).status == 204);
    check_error(twilio.get(caller::target_of(sid)), 404, 20404);
    CHECK(standin.calls().empty());
}

TEST_CASE("the status of a call never goes back")
{
    twilio_standin standin;
    std::string const sid = caller{standin}.create();
    CHECK_THROWS_AS(standin.set_call_status(sid, "queued"), std::invalid_argument);
    CHECK_THROWS_AS(standin.set_call_status(sid, "initiated"), std::invalid_argument);
    CHECK_THROWS_AS(standin.set_call_status("CA00000000000000000000000000000009", "ringing"), std::invalid_argument);
    standin.set_call_status(sid, "in-progress");
    CHECK_THROWS_AS(standin.set_call_status(sid, "ringing"), std::invalid_argument);
    standin.set_call_status(sid, "no-answer");
    CHECK_THROWS_AS(standin.set_call_status(sid, "canceled"), std::invalid_argument);
    CHECK(standin.calls()[0].has_ended());
}

TEST_CASE("a status callback is signed and says what happened")
{
    status_server server;
    twilio_standin standin;
    std::string const sid = caller{standin}.create(usual, {{"StatusCallback", server.url() + "?tenant=1"},
                                                           {"StatusCallbackEvent", "initiated"},
                                                           {"StatusCallbackEvent", "ringing"},
                                                           {"StatusCallbackEvent", "answered"},
                                                           {"StatusCallbackEvent", "completed"}});
    auto const ringing = standin.set_call_status(sid, "ringing");
    REQUIRE(ringing.size() == 2);
    CHECK(ringing[0].call_status == "initiated");
    CHECK(ringing[1].call_status == "ringing");
    CHECK(ringing[1].call_sid == sid);
    CHECK(ringing[1].status == 204);
    CHECK(ringing[1].warning == 0);
    CHECK(ringing[1].subscription_sid.empty());
    CHECK(standin.set_call_status(sid, "in-progress").size() == 1);
    CHECK(standin.set_call_status(sid, "completed").size() == 1);
    CHECK(standin.callbacks().size() == 4);

    auto const requests = server.requests();
    REQUIRE(requests.size() == 4);
    for (std::size_t i = 0; i != requests.size(); ++i)
        CHECK(value_of(requests[i], "SequenceNumber") == std::to_string(i));
    auto const& last = requests[3];
    CHECK(last.method == "POST");
    CHECK(last.target == "/status?tenant=1");
    CHECK(value_of(requests[2], "CallStatus") == "in-progress");
    CHECK(value_of(requests[2], "CallDuration") == "(absent)");
    CHECK(value_of(last, "CallStatus") == "completed");
    CHECK(value_of(last, "CallSid") == sid);
    CHECK(value_of(last, "AccountSid") == standin.account_sid());
    CHECK(value_of(last, "From") == "+15550002");
    CHECK(value_of(last, "To") == "+15550001");
    CHECK(value_of(last, "Direction") == "outbound-api");
    CHECK(value_of(last, "ApiVersion") == "2010-04-01");
    CHECK(value_of(last, "CallbackSource") == "call-progress-events");
    CHECK(value_of(last, "Timestamp").find(" +0000") != std::string::npos);
    CHECK(value_of(last, "CallDuration").size() == 1);

    auto const form = sidecall::standin_detail::decode_form(last.body).parameters;
    CHECK(last.get_header_value("X-Twilio-Signature") ==
          sidecall::standin_detail::sign(standin.auth_token(), server.url() + "?tenant=1", form));
}

TEST_CASE("without events, only the end of a call is reported")
{
    status_server server;
    twilio_standin standin;
    caller twilio{standin};
    for (std::string const status : {"completed", "busy", "failed", "no-answer", "canceled"}) {
        CAPTURE(status);
        std::string const sid =
            twilio.create(usual, {{"StatusCallback", server.url()}, {"StatusCallbackMethod", "GET"}});
        CHECK(standin.set_call_status(sid, "ringing").empty());
        CHECK(standin.set_call_status(sid, status).size() == 1);
        auto const last = server.requests().back();
        CHECK(last.method == "GET");
        CHECK(last.body.empty());
        CHECK(value_of(last, "CallStatus") == status);
        CHECK(value_of(last, "SequenceNumber") == "0");
        CHECK(last.get_header_value("X-Twilio-Signature") ==
              sidecall::standin_detail::sign(standin.auth_token(), server.url() + last.target.substr(7), {}));
    }
    std::string const sid = twilio.create();
    CHECK(standin.set_call_status(sid, "completed").empty());
}

TEST_CASE("a request that ends a call does not wait for its status callback")
{
    status_server server;
    twilio_standin standin;
    caller twilio{standin};
    std::string const sid = twilio.create(usual, {{"StatusCallback", server.url()}});
    standin.set_call_status(sid, "in-progress");
    std::mutex busy;
    server.call_during_request([&] { std::lock_guard const lock{busy}; });
    {
        std::lock_guard const lock{busy};
        CHECK(twilio.post(caller::target_of(sid), {{"Status", "completed"}}).status == 200);
        CHECK(standin.callbacks().empty());
    }
    standin.wait_for_status_callbacks();
    REQUIRE(standin.callbacks().size() == 1);
    CHECK(standin.callbacks()[0].call_status == "completed");
    CHECK(standin.callbacks()[0].status == 204);
}

TEST_CASE("the result of a status callback is kept")
{
    twilio_standin standin{{.callback_timeout = std::chrono::milliseconds{500}}};
    caller twilio{standin};
    SUBCASE("refused")
    {
        status_server server{500};
        auto const sent = standin.set_call_status(twilio.create(usual, {{"StatusCallback", server.url()}}), "busy");
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].status == 500);
        CHECK(sent[0].warning == 15003);
        CHECK(standin.warnings().size() == 1);
    }
    SUBCASE("not connected")
    {
        std::string url;
        {
            status_server server;
            url = server.url();
        }
        auto const sent = standin.set_call_status(twilio.create(usual, {{"StatusCallback", url}}), "busy");
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].status == 0);
        CHECK_FALSE(sent[0].error.empty());
    }
}

TEST_CASE("messages need a created call to be ringing or in progress")
{
    twilio_standin standin;
    caller twilio{standin};
    std::string const sid = twilio.create();
    std::string const base = caller::path_of(sid);
    std::string const subscriptions = base + "/UserDefinedMessageSubscriptions.json";
    standin_fields const callback{{"Callback", "http://127.0.0.1:1/udm"}};
    check_error(twilio.post(subscriptions, callback), 404, 20404);
    standin.set_call_status(sid, "ringing");
    CHECK(twilio.post(subscriptions, callback).status == 201);
    standin.set_call_status(sid, "in-progress");
    CHECK(twilio.post(subscriptions, callback).status == 201);
    CHECK(twilio.post(base + "/UserDefinedMessages.json", {{"Content", "{}"}}).status == 201);
    CHECK(standin.subscriptions().size() == 2);
    CHECK(standin.client_sends(sid, "{}").size() == 2);

    SUBCASE("ended by the test")
    {
        standin.set_call_status(sid, "completed");
    }
    SUBCASE("ended as any call")
    {
        standin.end_call(sid);
    }
    SUBCASE("ended by a request")
    {
        twilio.post(caller::target_of(sid), {{"Status", "completed"}});
    }
    CHECK(twilio.status_of(sid) == "completed");
    CHECK(standin.subscriptions().empty());
    CHECK(standin.client_sends(sid, "{}").empty());
    check_error(twilio.post(subscriptions, callback), 404, 20404);
    check_error(twilio.post(base + "/UserDefinedMessages.json", {{"Content", "{}"}}), 404, 20404);
}

TEST_CASE("a created call does not have to be among the calls of the options")
{
    twilio_standin standin{{.calls = {"CA00000000000000000000000000000002"}}};
    caller twilio{standin};
    std::string const sid = twilio.create();
    standin.set_call_status(sid, "in-progress");
    CHECK(twilio.post(caller::path_of(sid) + "/UserDefinedMessages.json", {{"Content", "{}"}}).status == 201);
}

TEST_CASE("calls are listed newest first, by status and party")
{
    twilio_standin standin;
    caller twilio{standin};
    std::string const first = twilio.create();
    std::string const second = twilio.create(without("To", "+15550009"));
    standin.set_call_status(first, "in-progress");

    auto const sids = [&](std::string const& query) {
        auto const got = twilio.get(calls + query);
        REQUIRE(got.status == 200);
        std::vector<std::string> found;
        auto const list = got.document();
        for (auto const& one : list.at("calls")) found.push_back(one.at("sid"));
        return found;
    };
    using list = std::vector<std::string>;
    CHECK(sids("") == list{second, first});
    CHECK(sids("?Status=in-progress") == list{first});
    CHECK(sids("?Status=completed").empty());
    CHECK(sids("?To=%2B15550009") == list{second});
    CHECK(sids("?From=%2B15550002&Status=queued") == list{second});
    CHECK(sids("?ParentCallSid=" + first).empty());
    check_error(twilio.get(calls + "?Status=done"), 400, 20001);
    check_error(twilio.get(calls + "?Sid=1"), 400, 20001);
    check_error(twilio.get(calls + "?To=%2"), 400, 20001);
    check_error(twilio.get(calls + "?To"), 400, 20001);
    check_error(twilio.get(calls + "?To=1&To=2"), 400, 20001);
}

TEST_CASE("a list of calls has pages that link to each other")
{
    twilio_standin standin;
    caller twilio{standin};
    std::vector<std::string> sids;
    for (int i = 0; i != 5; ++i) sids.insert(sids.begin(), twilio.create());
    CHECK(twilio.get(calls).document().at("page_size") == 50);

    std::vector<std::string> found;
    std::vector<std::string> uris;
    for (std::string uri = calls + "?To=%2B15550001&PageSize=2"; !uri.empty();) {
        auto const got = twilio.get(uri);
        REQUIRE(got.status == 200);
        auto const list = got.document();
        CHECK(list.at("page") == uris.size());
        CHECK(list.at("page_size") == 2);
        CHECK(list.at("start") == found.size());
        CHECK(list.at("first_page_uri") == calls + "?To=%2B15550001&PageSize=2&Page=0");
        CHECK(list.at("previous_page_uri").is_null() == uris.empty());
        if (!uris.empty()) CHECK(list.at("uri") == uri);
        for (auto const& one : list.at("calls")) found.push_back(one.at("sid"));
        CHECK(list.at("end") == found.size() - 1);
        uris.push_back(uri);
        uri = list.at("next_page_uri").is_null() ? "" : list.at("next_page_uri").get<std::string>();
        // A call that is created meanwhile moves nothing.
        twilio.create();
    }
    CHECK(uris.size() == 3);
    CHECK(found == sids);

    auto const second = twilio.get(uris[1]).document();
    auto const back = twilio.get(second.at("previous_page_uri")).document();
    CHECK(back.at("calls").size() == 2);
    CHECK(back.at("calls")[1].at("sid") == sids[1]);
    CHECK(back.at("next_page_uri") == uris[1]);

    for (std::string const query : {"PageSize=0", "PageSize=1001", "PageSize=x", "PageSize="})
        check_error(twilio.get(calls + '?' + query), 400, 20007);
    for (std::string const query : {"Page=1", "Page=-1"}) check_error(twilio.get(calls + '?' + query), 400, 20006);
    for (std::string const& token : {std::string{"PA"}, "XX" + sids[0], std::string{"x"}})
        check_error(twilio.get(calls + "?Page=1&PageToken=" + token), 400, 20001);
}

TEST_CASE("trunks are created, fetched and listed with whole URLs")
{
    standin_options options;
    std::string base = "https://voice.twilio.com";
    SUBCASE("of Twilio") {}
    SUBCASE("of the stand-in")
    {
        options.voice_url = "";
    }
    SUBCASE("of another server")
    {
        options.voice_url = base = "https://example.com";
    }
    twilio_standin standin{options};
    if (options.voice_url.empty()) base = standin.base_url();
    caller twilio{standin};

    std::vector<std::string> sids;
    for (int i = 0; i != 3; ++i) {
        auto const got = twilio.post("/v1/ByocTrunks", {{"FriendlyName", "trunk " + std::to_string(i)},
                                                        {"VoiceUrl", "https://example.com/voice"},
                                                        {"CnamLookupEnabled", "true"}});
        REQUIRE(got.status == 201);
        auto const trunk = got.document();
        sids.push_back(trunk.at("sid"));
        CHECK(sids.back().substr(0, 2) == "BY");
        CHECK(trunk.at("friendly_name") == "trunk " + std::to_string(i));
        CHECK(trunk.at("voice_method") == "POST");
        CHECK(trunk.at("cnam_lookup_enabled") == true);
        CHECK(trunk.at("from_domain_sid").is_null());
        CHECK(trunk.at("url") == base + "/v1/ByocTrunks/" + sids.back());
        CHECK(trunk.at("date_created").get<std::string>().back() == 'Z');
        CHECK(twilio.get("/v1/ByocTrunks/" + sids.back()).document() == trunk);
    }

    auto const list = twilio.get("/v1/ByocTrunks?PageSize=2").document();
    CHECK(list.at("byoc_trunks").size() == 2);
    CHECK(list.at("meta").at("key") == "byoc_trunks");
    CHECK(list.at("meta").at("url") == base + "/v1/ByocTrunks?PageSize=2&Page=0");
    CHECK(list.at("meta").at("previous_page_url").is_null());
    std::string const next = list.at("meta").at("next_page_url");
    REQUIRE(next.substr(0, base.size()) == base);
    auto const rest = twilio.get(next.substr(base.size())).document();
    REQUIRE(rest.at("byoc_trunks").size() == 1);
    CHECK(rest.at("byoc_trunks")[0].at("sid") == sids[2]);
    CHECK(rest.at("meta").at("next_page_url").is_null());
    CHECK(rest.at("meta").at("page") == 1);
}

TEST_CASE("trunks are as strict as calls")
{
    twilio_standin standin;
    caller twilio{standin};
    std::string const trunks = "/v1/ByocTrunks";
    check_error(twilio.post(trunks, {{"Name", "x"}}), 400, 20001);
    check_error(twilio.post(trunks, {{"FriendlyName", std::string(256, 'x')}}), 400, 20001);
    check_error(twilio.post(trunks, {{"VoiceUrl", "x"}}), 400, 21205);
    check_error(twilio.post(trunks, {{"StatusCallbackMethod", "PUT"}}), 400, 21209);
    check_error(twilio.post(trunks, {{"CnamLookupEnabled", "1"}}), 400, 20001);
    check_error(twilio.post(trunks, {{"FromDomainSid", "SD1"}}), 400, 20001);
    check_error(twilio.get(trunks + "?Status=x"), 400, 20001);
    check_error(twilio.get(trunks + "/BY00000000000000000000000000000001"), 404, 20404);
    check_error(twilio.get(trunks + "/x"), 404, 20404);
    check_error(twilio.get("/v1"), 404, 20404);
    check_error(twilio.get("/v2/ByocTrunks"), 404, 20404);
    CHECK(twilio.send("DELETE", trunks).header("Allow") == "GET, POST");
    CHECK(twilio.get(trunks).document().at("byoc_trunks").empty());
}

TEST_CASE("a knowledge source is created from JSON")
{
    twilio_standin standin;
    caller twilio{standin};
    auto const got = twilio.send(
        "POST", "/v1/Knowledge",
        R"({"name":"Prices \u00e9","type":"Web","knowledge_source_details":{"source":"https://example.com"}})",
        "application/json; charset=utf-8");
    REQUIRE(got.status == 201);
    CHECK(got.header("Content-Type") == "application/json");
    auto const source = got.document();
    std::string const id = source.at("id");
    CHECK(id.substr(0, 9) == "aia_know_");
    CHECK(source.at("name") == "Prices \u00e9");
    CHECK(source.at("status") == "QUEUED");
    CHECK(source.at("knowledge_source_details").at("source") == "https://example.com");
    CHECK(source.at("description").is_null());
    CHECK(twilio.get("/v1/Knowledge/" + id).document() == source);
    CHECK(standin.ledger()[0].body.find("Prices") != std::string::npos);
}

TEST_CASE("errors of a newer service have the format of RFC 9457")
{
    twilio_standin standin;
    caller twilio{standin};
    std::string const path = "/v1/Knowledge";
    auto const post = [&](std::string const& body) { return twilio.send("POST", path, body, "application/json"); };
    for (std::string const body :
         {"", "{", "[]", "{}", R"({"name":"x"})", R"({"name":"","type":"Web"})", R"({"name":"x","type":"web"})",
          R"({"name":1,"type":"Web"})", R"({"name":"x","type":"Web","other":1})",
          R"({"name":"x","type":"Web","policy":{}})", R"({"name":"x","type":"Web","knowledge_source_details":[]})",
          "{\"name\":\"\xff\",\"type\":\"Web\"}"}) {
        CAPTURE(body);
        check_problem(post(body), 400, 20001);
    }
    check_problem(twilio.send("POST", path, "name=x&type=Web"), 415, 20415);
    check_problem(twilio.get(path), 405, 20004);
    check_problem(twilio.get(path + "/aia_know_1"), 404, 20404);
    check_problem(twilio.get(path + "/a/b"), 404, 20404);
    standin.fail_next(503, {.retry_after = "1", .problem = true});
    auto const failed = twilio.get(path + "/aia_know_1");
    check_problem(failed, 503, 20503);
    CHECK(failed.header("Retry-After") == "1");
    twilio.set_token(standin.account_sid(), "wrong");
    check_problem(twilio.get(path + "/aia_know_1"), 401, 20003);
}

TEST_CASE("canned responses, faults and missing members work for calls too")
{
    standin_options options;
    options.null_members = {"to"};
    options.absent_members = {"from"};
    SUBCASE("on the usual server") {}
    SUBCASE("on the server with faults")
    {
        options.faults.emplace();
    }
    twilio_standin standin{options};
    caller twilio{standin};
    auto const created = twilio.post(calls, usual);
    REQUIRE(created.status == 201);
    CHECK(created.document().at("to").is_null());
    CHECK_FALSE(created.document().contains("from"));

    standin.fail_next(500, {.processed = true});
    check_error(twilio.post(calls, usual), 500, 20500);
    CHECK(standin.calls().size() == 2);
    CHECK(standin.ledger().back().canned);
    standin.answer_next({.status = 201, .body = "{}"});
    CHECK(twilio.post(calls, usual).body == "{}");
    CHECK(standin.calls().size() == 2);
    if (!options.faults) return;
    standin.inject_next(sidecall::standin_fault::error_after_effect);
    CHECK(twilio.post(calls, usual).status >= 500);
    CHECK(standin.calls().size() == 3);
    CHECK(standin.ledger().back().fault == sidecall::standin_fault::error_after_effect);
}

TEST_CASE("the same seed gives calls the same SIDs")
{
    twilio_standin one, other;
    caller to_one{one}, to_other{other};
    for (int i = 0; i != 3; ++i) CHECK(to_one.create() == to_other.create());
}

} // namespace standin_calls_test
