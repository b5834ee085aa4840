#include <sidecall/standin.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace standin_faults_test {

using sidecall::standin_fault;
using sidecall::standin_faults;
using sidecall::standin_options;
using sidecall::twilio_standin;
using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string const calls = "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/";
std::string const subscriptions = calls + "CA00000000000000000000000000000002/UserDefinedMessageSubscriptions";

enum class ending { in_order, reset, silence };

/// A plain socket connection, so that no client hides anything.
class client {
public:
    explicit client(twilio_standin const& standin) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(standin.port()));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        timeval const patience{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
    client(client const&) = delete;
    client& operator=(client const&) = delete;
    ~client() { ::close(socket_); }

    void send(std::string_view bytes) const { ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

    /// The next bytes. Empty at the end of the connection, with `how` set to the way it ended.
    std::string read(ending& how) const
    {
        char buffer[65536];
        auto const size = ::recv(socket_, buffer, sizeof buffer, 0);
        if (size > 0) return {buffer, static_cast<std::size_t>(size)};
        how = size == 0 ? ending::in_order : errno == ECONNRESET ? ending::reset : ending::silence;
        return {};
    }

private:
    int socket_;
};

/// A received response, parsed as far as possible.
struct answer {
    std::string bytes = {};
    ending end = ending::silence;

    int status() const { return bytes.rfind("HTTP/1.1 ", 0) == 0 ? std::atoi(bytes.c_str() + 9) : 0; }
    bool has_head() const { return bytes.find("\r\n\r\n") != std::string::npos; }
    std::string head() const { return bytes.substr(0, bytes.find("\r\n\r\n")); }
    std::string body() const { return has_head() ? bytes.substr(bytes.find("\r\n\r\n") + 4) : ""; }
    std::vector<std::string> headers(std::string const& name) const
    {
        std::vector<std::string> values;
        std::string const start = "\r\n" + name + ": ";
        for (auto at = bytes.find(start); at < head().size(); at = bytes.find(start, at + 1))
            values.push_back(bytes.substr(at + start.size(), bytes.find("\r\n", at + 2) - at - start.size()));
        return values;
    }
    std::string header(std::string const& name) const
    {
        auto const values = headers(name);
        return values.size() == 1 ? values[0] : "";
    }
    std::size_t length() const { return std::strtoul(header("Content-Length").c_str(), nullptr, 10); }
    /// Whether a client would consider it complete: the header section and the whole body have arrived.
    bool is_whole() const { return has_head() && body().size() == length(); }
};

std::string request(std::string const& method, std::string const& target, std::string const& body = {})
{
    return method + ' ' + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer token\r\n" +
           (body.empty() ? ""
                         : "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                               std::to_string(body.size()) + "\r\n") +
           "\r\n" + body;
}

std::string const subscribe = request("POST", subscriptions + ".json", "Callback=https%3A%2F%2Fexample.com%2F");

std::string unsubscribe(std::string const& sid)
{
    return request("DELETE", subscriptions + '/' + sid + ".json");
}

/// Sends a request on a kept connection and reads one response. Reads what a fault sends up to its end.
answer ask(client const& peer, std::string const& bytes)
{
    peer.send(bytes);
    answer got;
    for (bool ended = false; !ended && !got.is_whole();) {
        std::string const more = peer.read(got.end);
        ended = more.empty();
        got.bytes += more;
    }
    return got;
}

/// Sends a request on a new connection and reads everything up to its end.
answer ask_all(twilio_standin const& standin, std::string const& bytes)
{
    client const peer{standin};
    peer.send(bytes);
    answer got;
    for (;;) {
        std::string const more = peer.read(got.end);
        if (more.empty()) return got;
        got.bytes += more;
    }
}

standin_options with(standin_faults faults)
{
    return {.bearer_tokens = {"token"}, .faults = std::move(faults)};
}

/// Options that always cause this fault, with short delays.
standin_options always(standin_fault fault)
{
    return with({.rate = 1, .kinds = {fault}, .stall = milliseconds{2}, .slow_accept = milliseconds{0}});
}

/// Creates and deletes a subscription until each form of the fault has occurred. Passes each response to a check, with
/// the SID of the subscription.
template <class Check>
void with_each_form(standin_fault fault, Check check)
{
    twilio_standin standin{always(fault)};
    for (int i = 0; i < 300; ++i) {
        answer const created = ask_all(standin, subscribe);
        REQUIRE(standin.subscriptions().size() == 1);
        std::string const sid = standin.subscriptions()[0].sid;
        check(created, 201, sid);
        answer const deleted = ask_all(standin, unsubscribe(sid));
        REQUIRE(standin.subscriptions().empty());
        check(deleted, 204, sid);
    }
    CHECK(standin.faults_committed() == std::map<standin_fault, std::size_t>{{fault, 600}});
    REQUIRE(standin.ledger().size() == 600);
    for (auto const& entry : standin.ledger()) {
        CHECK(entry.fault == fault);
        CHECK_FALSE(entry.canned);
        CHECK((entry.status == 201 || entry.status == 204));
    }
}

TEST_CASE("each fault has its own name and one place in the list")
{
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < sidecall::standin_all_faults.size(); ++i) {
        CHECK(static_cast<std::size_t>(sidecall::standin_all_faults[i]) == i);
        names.insert(to_string_view(sidecall::standin_all_faults[i]));
    }
    CHECK(names.size() == sidecall::standin_all_faults.size());
    CHECK(names.count("") == 0);
    CHECK(to_string_view(standin_fault::reset_before_answer) == "reset_before_answer");
}

TEST_CASE("without faults in the options, none can be injected")
{
    twilio_standin standin;
    CHECK_THROWS_AS(standin.inject({}), std::logic_error);
    CHECK_THROWS_AS(standin.inject_next(standin_fault::slow_accept), std::logic_error);
    CHECK(standin.faults_committed().empty());
}

TEST_CASE("invalid fault options are rejected, and the previous ones stay")
{
    twilio_standin standin{always(standin_fault::too_many_requests)};
    for (double const rate : {-0.1, 1.1, std::nan("")}) {
        CHECK_THROWS_AS(standin.inject({.rate = rate}), std::invalid_argument);
        CHECK_THROWS_AS(twilio_standin{with({.rate = rate})}, std::invalid_argument);
    }
    CHECK_THROWS_AS(standin.inject({.stall = milliseconds{-1}}), std::invalid_argument);
    CHECK_THROWS_AS(standin.inject({.stall = milliseconds::max()}), std::invalid_argument);
    CHECK_THROWS_AS(standin.inject({.slow_accept = milliseconds{-1}}), std::invalid_argument);
    CHECK_THROWS_AS(standin.inject({.retry_after = -1}), std::invalid_argument);
    CHECK(ask(client{standin}, subscribe).status() == 429);
}

TEST_CASE("at a rate of 0, the faulty server behaves correctly")
{
    twilio_standin standin{with({})};
    client const peer{standin};
    answer const created = ask(peer, subscribe);
    CHECK(created.status() == 201);
    REQUIRE(created.is_whole());
    CHECK(created.header("Content-Type") == "application/json");
    CHECK(created.header("Twilio-Request-Id") == standin.ledger().at(0).request_id);
    auto const sid = nlohmann::json::parse(created.body()).at("sid").get<std::string>();
    REQUIRE(standin.subscriptions().size() == 1);
    CHECK(standin.subscriptions()[0].sid == sid);
    CHECK(standin.subscriptions()[0].callback == "https://example.com/");

    answer const deleted = ask(peer, unsubscribe(sid));
    CHECK(deleted.status() == 204);
    CHECK(deleted.headers("Content-Length").empty());
    CHECK(deleted.body().empty());
    CHECK(standin.subscriptions().empty());

    CHECK(ask(peer, unsubscribe(sid)).status() == 404);
    auto const entries = standin.ledger();
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].authenticated);
    CHECK(entries[0].parameter("Callback") == "https://example.com/");
    CHECK(entries[0].header("authorization") == "Bearer [redacted]");
    for (auto const& entry : entries) CHECK_FALSE(entry.fault);
    CHECK(standin.faults_committed().empty());
}

TEST_CASE("split and pipelined requests are parsed correctly")
{
    twilio_standin standin{with({})};
    client const peer{standin};
    for (char const& byte : subscribe) {
        peer.send({&byte, 1});
        if (&byte == &subscribe[40] || &byte == &subscribe.back() - 3) std::this_thread::sleep_for(milliseconds{20});
    }
    CHECK(ask(peer, "").status() == 201);
    peer.send(subscribe + subscribe);
    answer both;
    while (both.bytes.size() < 2 * both.head().size() + 8 + 2 * both.length() || !both.has_head())
        both.bytes += peer.read(both.end);
    CHECK(standin.subscriptions().size() == 3);
}

TEST_CASE("a request that the faulty server cannot read is rejected, meets no fault, and ends the connection")
{
    struct example {
        std::string bytes;
        int status;
        std::size_t entries;
    };
    std::string const start = "POST " + subscriptions + ".json HTTP/1.1\r\n";
    for (example const& one : {
             example{"hello\r\n\r\n", 400, 0},
             {"GET / HTTP/2.0\r\n\r\n", 400, 0},
             {start + "no colon\r\n\r\n", 400, 1},
             {start + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, 1},
             {start + "Content-Length: 1x\r\n\r\n", 400, 1},
             {start + "Content-Length: 1048577\r\n\r\n", 413, 1},
             {start + "Transfer-Encoding: chunked\r\n\r\n", 501, 1},
             {"GET /" + std::string(8192, 'a') + " HTTP/1.1\r\n\r\n", 414, 1},
             {start + "X: " + std::string(70'000, 'a'), 431, 0},
         }) {
        CAPTURE(one.bytes.substr(0, 200));
        twilio_standin standin{always(standin_fault::reset_during_answer)};
        answer const got = ask_all(standin, one.bytes);
        CHECK(got.status() == one.status);
        CHECK(got.is_whole());
        CHECK(got.header("Connection") == "close");
        CHECK(got.end == ending::in_order);
        CHECK(standin.ledger().size() == one.entries);
        CHECK(standin.faults_committed().empty());
    }
}

TEST_CASE("the faulty server supports Connection: close and Expect: 100-continue")
{
    twilio_standin standin{with({})};
    std::string closing = subscribe;
    closing.insert(closing.find("Host"), "Connection: close\r\n");
    answer const last = ask_all(standin, closing);
    CHECK(last.status() == 201);
    CHECK(last.end == ending::in_order);

    std::string asking = subscribe;
    asking.insert(asking.find("Host"), "Expect: 100-continue\r\n");
    auto const body = asking.find("\r\n\r\n") + 4;
    client const peer{standin};
    CHECK(ask(peer, asking.substr(0, body)).bytes == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(ask(peer, asking.substr(body)).status() == 201);
}

TEST_CASE("a 429 has no Retry-After, or seconds, or a date, and the request is not processed")
{
    twilio_standin standin{with({.retry_after = 100})};
    standin.answer_next({.status = 299});
    client const peer{standin};
    for (auto const fault : {standin_fault::too_many_requests, standin_fault::too_many_requests_for_seconds,
                             standin_fault::too_many_requests_until_date}) {
        CAPTURE(to_string_view(fault));
        standin.inject_next(fault);
        auto const before = std::chrono::system_clock::now();
        answer const got = ask(peer, subscribe);
        CHECK(got.status() == 429);
        CHECK(nlohmann::json::parse(got.body()).at("code") == 20429);
        CHECK(standin.subscriptions().empty());
        CHECK(standin.ledger().back().fault == fault);
        CHECK(standin.ledger().back().status == 429);

        std::string const after = got.header("Retry-After");
        if (fault == standin_fault::too_many_requests) CHECK(got.headers("Retry-After").empty());
        if (fault == standin_fault::too_many_requests_for_seconds) CHECK(after == "100");
        if (fault == standin_fault::too_many_requests_until_date) {
            std::tm date{};
            char const* const end = ::strptime(after.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
            REQUIRE(end != nullptr);
            CHECK(*end == '\0');
            CHECK(after.size() == 29);
            auto const wait = std::chrono::system_clock::from_time_t(::timegm(&date)) - before;
            CHECK(wait > seconds{98});
            CHECK(wait < seconds{110});
        }
    }
    // The fault did not consume the prepared response.
    CHECK(ask(peer, subscribe).status() == 299);
}

TEST_CASE("an error has every status and both formats, before or after the effect")
{
    for (bool const carried_out : {false, true}) {
        CAPTURE(carried_out);
        auto const fault = carried_out ? standin_fault::error_after_effect : standin_fault::error_before_effect;
        twilio_standin standin{always(fault)};
        client const peer{standin};
        std::set<std::pair<int, bool>> forms;
        for (int i = 0; i < 100; ++i) {
            answer const got = ask(peer, subscribe);
            bool const is_page = got.header("Content-Type") == "text/html";
            forms.emplace(got.status(), is_page);
            REQUIRE(got.is_whole());
            CHECK(nlohmann::json::accept(got.body()) == !is_page);
            CHECK(standin.ledger().back().status == got.status());
            CHECK(standin.ledger().back().fault == fault);
        }
        CHECK(forms == std::set<std::pair<int, bool>>{{500, false},
                                                      {500, true},
                                                      {502, false},
                                                      {502, true},
                                                      {503, false},
                                                      {503, true},
                                                      {504, false},
                                                      {504, true}});
        CHECK(standin.subscriptions().size() == (carried_out ? 100 : 0));
    }
}

TEST_CASE("a new or kept connection is reset before the request is read")
{
    twilio_standin standin{with({})};
    standin.inject_next(standin_fault::reset_before_request);
    answer const first = ask_all(standin, subscribe);
    CHECK(first.bytes.empty());
    CHECK(first.end == ending::reset);
    CHECK(standin.ledger().empty());

    client const peer{standin};
    CHECK(ask(peer, subscribe).status() == 201);
    standin.inject_next(standin_fault::reset_before_request);
    answer const next = ask(peer, subscribe);
    CHECK(next.bytes.empty());
    CHECK(next.end == ending::reset);
    CHECK(standin.ledger().size() == 1);
    CHECK(standin.subscriptions().size() == 1);
    CHECK(standin.faults_committed().at(standin_fault::reset_before_request) == 2);
}

TEST_CASE("a response is lost in whole, in part or not at all when the connection is reset, stalls or ends")
{
    struct example {
        standin_fault fault;
        ending end;
        bool some;
        bool all;
    };
    for (example const& one : {example{standin_fault::reset_before_answer, ending::reset, false, false},
                               {standin_fault::reset_during_answer, ending::reset, true, false},
                               {standin_fault::reset_after_answer, ending::reset, true, true},
                               {standin_fault::stall_before_answer, ending::in_order, false, false},
                               {standin_fault::stall_during_answer, ending::in_order, true, false},
                               {standin_fault::truncated_answer, ending::in_order, true, false}}) {
        CAPTURE(to_string_view(one.fault));
        std::set<std::size_t> sizes;
        std::size_t cut_bodies = 0;
        with_each_form(one.fault, [&](answer const& got, int status, std::string const&) {
            CHECK(got.end == one.end);
            CHECK(got.bytes.empty() == !one.some);
            CHECK(got.is_whole() == one.all);
            std::string const start = "HTTP/1.1 " + std::to_string(status) + " OK\r\n";
            CHECK(got.bytes.substr(0, start.size()) == start.substr(0, got.bytes.size()));
            if (!one.all && !got.body().empty()) {
                CHECK_FALSE(nlohmann::json::accept(got.body()));
                ++cut_bodies;
            }
            sizes.insert(got.bytes.size());
        });
        if (one.some && !one.all) {
            CHECK(sizes.size() > 100);
            CHECK(*sizes.begin() < 10);
            CHECK(cut_bodies > 50);
        }
    }
}

TEST_CASE("a stall lasts as long as the options say")
{
    twilio_standin standin{with({.stall = milliseconds{300}})};
    for (auto const fault : {standin_fault::stall_before_answer, standin_fault::stall_during_answer}) {
        standin.inject_next(fault);
        auto const start = clock_type::now();
        CHECK(ask_all(standin, subscribe).end == ending::in_order);
        CHECK(clock_type::now() - start >= milliseconds{300});
    }
}

TEST_CASE("the stand-in's destructor does not wait for a stall, a slow accept or a kept connection")
{
    auto standin = std::make_optional<twilio_standin>(with({.stall = seconds{60}, .slow_accept = seconds{60}}));
    client const kept{*standin};
    CHECK(ask(kept, subscribe).status() == 201);
    client const stalled{*standin};
    standin->inject_next(standin_fault::stall_before_answer);
    stalled.send(subscribe);
    while (standin->ledger().size() < 2) std::this_thread::sleep_for(milliseconds{1});
    standin->inject_next(standin_fault::slow_accept);
    CHECK(ask(kept, subscribe).status() == 201);
    client const waiting{*standin};
    waiting.send(subscribe);

    auto const start = clock_type::now();
    standin.reset();
    CHECK(clock_type::now() - start < seconds{2});
}

TEST_CASE("a garbage response is not HTTP, not JSON, or JSON of another shape, and never contains the SID")
{
    int no_http = 0, no_json = 0, other_shape = 0;
    with_each_form(standin_fault::garbage_answer, [&](answer const& got, int status, std::string const& sid) {
        CHECK(got.end == ending::in_order);
        CHECK_FALSE(got.bytes.empty());
        CHECK(got.bytes.find(sid) == std::string::npos);
        if (got.status() == 0) {
            ++no_http;
            return;
        }
        CHECK(got.status() == status);
        CHECK(status == 201);
        CHECK(got.is_whole());
        auto const body = nlohmann::json::parse(got.body(), nullptr, false);
        body.is_discarded() ? ++no_json : ++other_shape;
        if (!body.is_object() || !body.contains("sid") || !body.at("sid").is_string()) return;
        auto const text = body.at("sid").get<std::string>();
        CHECK((text.size() != 34 || (text.rfind("ZY", 0) != 0 && text.rfind("KX", 0) != 0)));
    });
    CHECK(no_http > 350);
    CHECK(no_json > 50);
    CHECK(other_shape > 50);
}

TEST_CASE("wrong headers occur in every form, and the body is the true one")
{
    std::map<std::string, int> forms;
    with_each_form(standin_fault::wrong_headers, [&](answer const& got, int status, std::string const& sid) {
        CHECK(got.end == ending::in_order);
        CHECK(got.status() == status);
        REQUIRE(got.has_head());
        bool const is_create = status == 201;
        std::string const prefix = std::to_string(status) + ' ';
        if (is_create)
            CHECK(nlohmann::json::parse(got.body()).at("sid") == sid);
        else
            CHECK(got.body().empty());

        auto const size = got.body().size();
        auto const lengths = got.headers("Content-Length");
        if (got.header("Transfer-Encoding") == "chunked") {
            CHECK(lengths.empty());
            ++forms[prefix + "not chunked"];
        } else if (lengths.size() == 2) {
            CHECK(lengths[0] != lengths[1]);
            CHECK(std::count(lengths.begin(), lengths.end(), std::to_string(size)) == 1);
            ++forms[prefix + (lengths[0] == std::to_string(size) ? "right and wrong" : "wrong and right")];
        } else if (got.length() > size) {
            ++forms[prefix + "too large"];
        } else if (got.length() < size) {
            CHECK_FALSE(nlohmann::json::accept(got.body().substr(0, got.length())));
            ++forms[prefix + "too small"];
        } else {
            auto const line_of = [&](char const* text) { return got.head().find(text) != std::string::npos; };
            CHECK((line_of("\r\nno colon") || line_of("\r\nNot A Token:") || line_of("\r\n: ") || line_of(" : ") ||
                   got.head().find('\0') != std::string::npos));
            ++forms[prefix + "ill-formed"];
        }
    });
    CHECK(forms.size() == 11);
    for (auto const& form : forms) CHECK_MESSAGE(form.second >= 10, form.first);
}

TEST_CASE("with too small a Content-Length, the rest of the body sometimes comes later")
{
    twilio_standin standin{always(standin_fault::wrong_headers)};
    int at_once = 0, later = 0;
    for (int i = 0; i < 200; ++i) {
        client const peer{standin};
        peer.send(subscribe);
        answer got;
        got.bytes = peer.read(got.end);
        auto const first = got.bytes.size();
        for (std::string more; !(more = peer.read(got.end)).empty();) got.bytes += more;
        if (got.headers("Content-Length").size() != 1 || got.length() >= got.body().size()) continue;
        CHECK(first >= got.head().size() + 4 + got.length());
        first == got.bytes.size() ? ++at_once : ++later;
    }
    CHECK(at_once >= 5);
    CHECK(later >= 5);
}

TEST_CASE("a slow accept delays the next connection, but not its own request")
{
    twilio_standin standin{with({.slow_accept = milliseconds{400}})};
    standin.inject_next(standin_fault::slow_accept);
    client const peer{standin};
    auto start = clock_type::now();
    CHECK(ask(peer, subscribe).status() == 201);
    CHECK(clock_type::now() - start < milliseconds{400});
    start = clock_type::now();
    CHECK(ask(client{standin}, subscribe).status() == 201);
    CHECK(clock_type::now() - start >= milliseconds{400});
    start = clock_type::now();
    CHECK(ask(client{standin}, subscribe).status() == 201);
    CHECK(clock_type::now() - start < milliseconds{400});
}

TEST_CASE("an idle connection is closed in order after some seconds")
{
    twilio_standin standin{with({})};
    client const peer{standin};
    CHECK(ask(peer, subscribe).status() == 201);
    auto const start = clock_type::now();
    ending how = ending::silence;
    CHECK(peer.read(how).empty());
    CHECK(how == ending::in_order);
    CHECK(clock_type::now() - start > seconds{4});
}

TEST_CASE("faults for the next requests are queued, and precede random ones")
{
    twilio_standin standin{always(standin_fault::too_many_requests)};
    standin.inject_next(standin_fault::error_before_effect, 2);
    standin.inject_next(standin_fault::slow_accept);
    standin.inject_next(standin_fault::error_after_effect, 0);
    client const peer{standin};
    std::vector<int> kinds;
    for (int i = 0; i < 5; ++i) kinds.push_back(ask(peer, subscribe).status() / 100 * 100 + (i > 2 ? 29 : 0));
    CHECK(kinds == std::vector<int>{500, 500, 200, 429, 429});
    standin.inject({});
    CHECK(ask(peer, subscribe).status() == 201);
    CHECK(standin.faults_committed() == std::map<standin_fault, std::size_t>{{standin_fault::too_many_requests, 2},
                                                                             {standin_fault::error_before_effect, 2},
                                                                             {standin_fault::slow_accept, 1}});
}

namespace {

/// The fault that each request met, in order, and the number of bytes received.
std::vector<std::pair<std::string_view, std::size_t>> sequence(std::uint64_t seed, double rate, int requests)
{
    twilio_standin standin{
        with({.rate = rate, .seed = seed, .stall = milliseconds{20}, .slow_accept = milliseconds{1}})};
    std::vector<std::pair<std::string_view, std::size_t>> met;
    auto committed = standin.faults_committed();
    for (int i = 0; i < requests; ++i) {
        client const peer{standin};
        auto const size = ask(peer, subscribe).bytes.size();
        auto const now = standin.faults_committed();
        std::string_view name;
        for (auto const& [fault, count] : now)
            if (count != committed[fault]) name = to_string_view(fault);
        met.emplace_back(name, size);
        committed = now;
    }
    return met;
}

} // namespace

TEST_CASE("equal seeds give equal faults, and different seeds different ones")
{
    auto const first = sequence(1, 0.5, 200);
    CHECK(first == sequence(1, 0.5, 200));
    CHECK(first != sequence(2, 0.5, 200));
}

TEST_CASE("the rate determines how many requests meet a fault, and every fault occurs")
{
    std::map<std::string_view, int> faults;
    for (auto const& [name, size] : sequence(0, 0.3, 2000)) ++faults[name];
    int const none = faults[""];
    CHECK(none > 1300);
    CHECK(none < 1500);
    CHECK(faults.size() == sidecall::standin_all_faults.size() + 1);
    for (auto const& fault : faults) CHECK_MESSAGE(fault.second >= 15, fault.first);
}

TEST_CASE("many clients are served at once, and each response that looks like success is true")
{
    twilio_standin standin{with({.rate = 0.3, .seed = 0, .stall = milliseconds{20}, .slow_accept = milliseconds{1}})};
    std::vector<std::vector<std::string>> created(8);
    std::vector<std::thread> threads;
    for (auto& own : created)
        threads.emplace_back([&standin, &own] {
            std::optional<client> peer;
            for (int i = 0; i < 100; ++i) {
                if (!peer) peer.emplace(standin);
                answer const got = ask(*peer, subscribe);
                auto const body = nlohmann::json::parse(got.body(), nullptr, false);
                auto const sid = body.is_object() && body.contains("sid") && body.at("sid").is_string()
                                     ? body.at("sid").get<std::string>()
                                     : "";
                if (got.status() == 201 && sid.size() == 34 && sid.rfind("ZY", 0) == 0)
                    own.push_back(sid);
                else
                    peer.reset();
            }
        });
    for (auto& thread : threads) thread.join();

    std::set<std::string> live;
    for (auto const& one : standin.subscriptions()) live.insert(one.sid);
    std::size_t seen = 0;
    for (auto const& own : created) {
        CHECK(own.size() > 50);
        seen += own.size();
        for (auto const& sid : own) CHECK(live.count(sid) == 1);
    }
    std::size_t faultless = 0;
    for (auto const& entry : standin.ledger()) {
        if (entry.fault) continue;
        CHECK(entry.status == 201);
        ++faultless;
    }
    CHECK(seen >= faultless);
}

} // namespace standin_faults_test
