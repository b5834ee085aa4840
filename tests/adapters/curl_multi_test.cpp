// Tests many concurrent requests over libcurl, against raw servers on the loopback interface.

#include <sidecall/curl.hpp>

#include <sidecall/retry.hpp>
#include <sidecall/sidecall.hpp>

#include <doctest/doctest.h>

#include "../unit/request_of.hpp"
#include "loopback_server.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static_assert(sidecall::async_transport<sidecall::curl_multi_transport>);
static_assert(!sidecall::transport<sidecall::curl_multi_transport>);
static_assert(!std::is_move_constructible_v<sidecall::curl_multi_transport>);
static_assert(!std::is_copy_constructible_v<sidecall::curl_multi_transport>);

namespace {

using namespace sidecall::literals;
using namespace std::chrono_literals;
using loopback::always;
using loopback::connection;
using loopback::record;
using loopback::stall;
using sidecall::curl_multi_transport;
using sidecall::errc;
using sidecall::http_method;
using clock_type = std::chrono::steady_clock;
using answer = sidecall::result<sidecall::http_response>;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
std::string const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
std::string const too_many = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n";

sidecall::credentials who()
{
    return sidecall::credentials::auth_token(account, sidecall::secret("a-token-that-nobody-may-see"));
}

sidecall::authorized_request post(std::string const& url, std::string_view value = "a b")
{
    return authorize(request_of(http_method::post, "/path", {{"Name", value}}, sidecall::endpoint::parse(url).value()),
                     who());
}

sidecall::transport_options quick(loopback::tls_identity const* tls = nullptr)
{
    return {.connect_timeout = 10s, .total_timeout = 20s, .ca_file = tls ? tls->ca_file() : std::string()};
}

/// The calls of the handlers of one test: what each received, in order.
struct results {
    std::vector<std::string> all{}; // "3: 200" or "3: not_connected"
    std::map<int, int> calls{};
    std::map<int, std::optional<sidecall::failure>> failures{};

    /// A move-only handler.
    auto handler(int number)
    {
        return [this, number, only_moved = std::make_unique<int>(number)](answer got) {
            ++calls[*only_moved];
            if (!got) failures[number] = got.error();
            all.push_back(std::to_string(number) + ": " +
                          (got ? std::to_string(got->status) : std::string(to_string_view(got.error().code()))));
        };
    }
    errc code(int number)
    {
        auto const& failure = failures[number];
        return failure ? failure->code() : errc{};
    }
    std::string text(int number)
    {
        auto const& failure = failures[number];
        return failure ? failure->to_string() : std::string();
    }
    bool once_each(int count) const
    {
        return static_cast<int>(calls.size()) == count &&
               std::all_of(calls.begin(), calls.end(), [](auto const& one) { return one.second == 1; });
    }
};

/// Polls until all requests have completed or the time is up.
void finish(curl_multi_transport& multi, std::chrono::milliseconds at_most = 30s)
{
    auto const end = clock_type::now() + at_most;
    while (multi.poll() != 0 && clock_type::now() < end) multi.wait(100ms);
    CHECK(multi.poll() == 0);
}

template <class Condition>
void run_until(curl_multi_transport& multi, Condition&& done)
{
    for (auto const end = clock_type::now() + 30s; !done() && clock_type::now() < end; multi.wait(5ms)) multi.poll();
    CHECK(done());
}

template <class Call>
std::chrono::milliseconds time_of(Call&& what)
{
    auto const start = clock_type::now();
    what();
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_type::now() - start);
}

int closed_port()
{
    return loopback::listener().port();
}

} // namespace

TEST_CASE("a request completes once, from poll, however it ends")
{
    loopback::server::script script;
    errc expected{};
    sidecall::transport_options options = quick();
    SUBCASE("with a response")
    {
        script = always(ok);
    }
    SUBCASE("reset before the response")
    {
        expected = errc::answer_lost;
        script = [](connection& peer) {
            peer.read_request();
            peer.reset();
        };
    }
    SUBCASE("closed within the response")
    {
        expected = errc::answer_lost;
        script = [](connection& peer) {
            peer.read_request();
            peer.write(ok.substr(0, ok.size() - 1));
        };
    }
    SUBCASE("closed within the header fields")
    {
        expected = errc::answer_lost;
        script = [](connection& peer) {
            peer.read_request();
            peer.write(ok.substr(0, 20));
        };
    }
    SUBCASE("no response in time")
    {
        expected = errc::timed_out;
        options.total_timeout = 100ms;
        script = stall;
    }
    SUBCASE("a response that is too large")
    {
        expected = errc::answer_too_large;
        options.max_answer = 39;
        script = always(ok);
    }
    SUBCASE("not HTTP")
    {
        expected = errc::transport_failure;
        script = always("SMTP is what I speak\r\n\r\n");
    }
    loopback::server const server(script);
    results got;
    curl_multi_transport multi(options);
    multi(post(server.url()), got.handler(0));
    CHECK(got.all.empty());
    finish(multi);
    CHECK(got.once_each(1));
    CAPTURE(got.text(0));
    CHECK(got.code(0) == expected);
    CHECK(got.text(0).find("a-token") == std::string::npos);
    CHECK(multi.progress().succeeded == (expected == errc{}));
    CHECK(multi.progress().failed == (expected != errc{}));
}

TEST_CASE("a request that cannot be sent completes with the next poll")
{
    results got;
    curl_multi_transport multi(quick());
    SUBCASE("no server listens")
    {
        multi(post("http://127.0.0.1:" + std::to_string(closed_port())), got.handler(0));
        CHECK(got.all.empty());
        finish(multi);
        CHECK(got.code(0) == errc::not_connected);
    }
    SUBCASE("a moved-from request")
    {
        auto request = post("http://127.0.0.1:1");
        auto const taken = std::move(request);
        multi(std::move(request), got.handler(0)); // NOLINT(bugprone-use-after-move)
        CHECK(got.all.empty());
        CHECK(multi.poll() == 0);
        CHECK(got.code(0) == errc::invalid_argument);
    }
    SUBCASE("an invalid certificate")
    {
        loopback::tls_identity const identity;
        loopback::server const server(always(ok), &identity);
        multi(post(server.url()), got.handler(0));
        finish(multi);
        CHECK(got.code(0) == errc::tls_failure);
    }
    CHECK(got.once_each(1));
}

TEST_CASE("a request is sent like that of curl_transport")
{
    record alone, among_many;
    loopback::server const first(always(ok, &alone)), second(always(ok, &among_many));
    sidecall::curl_transport blocking(quick());
    curl_multi_transport multi(quick());
    int count = 0;
    for (auto method : {http_method::post, http_method::put, http_method::patch, http_method::delete_, http_method::get,
                        http_method::head}) {
        for (bool const with_body : {true, false}) {
            if (with_body && method != http_method::post && method != http_method::put && method != http_method::patch)
                continue;
            auto const make = [&](std::string const& url) {
                std::string_view const path = "/2010//a%2Fb;c=~,/%C3%A9%20.json?a=b&c=%26%2F?+'";
                auto const where = sidecall::endpoint::parse(url).value();
                return authorize(with_body ? request_of(method, path, {{"Callback", "https://a.b/?c=d e&f"}}, where)
                                           : request_of(method, path, {}, where),
                                 who());
            };
            CHECK(blocking(make(first.url())).has_value());
            multi(make(second.url()), [](answer) {});
            finish(multi);
            ++count;
            std::string const port = std::to_string(first.port());
            std::string expected = alone.all().back();
            expected.replace(expected.find(port), port.size(), std::to_string(second.port()));
            CHECK(among_many.all().back() == expected);
        }
    }
    CHECK(among_many.all().size() == static_cast<std::size_t>(count));
    CHECK(second.accepted() == 1);
}

TEST_CASE("an operation succeeds, with a retry where needed")
{
    std::atomic<int> asked = 0;
    loopback::server const server([&](connection& peer) {
        while (!peer.read_request().empty())
            peer.write(asked++ == 0 ? too_many
                                    : "HTTP/1.1 201 Created\r\nContent-Length: 44\r\n\r\n"
                                      "{\"sid\":\"ZY00000000000000000000000000000003\"}");
    });
    curl_multi_transport multi(quick());
    sidecall::create_user_defined_message_subscription const create{
        .account_sid = account, .call_sid = call, .callback = "https://example.com/udm"_callback_url};
    int called = 0;
    send_with_retry(
        create, who(), multi, {.base_delay = 20ms},
        [&](std::chrono::milliseconds delay, auto next) { multi.after(delay, std::move(next)); },
        [&](sidecall::result<sidecall::user_defined_message_subscription> made) { called += made ? 1 : 100; },
        sidecall::endpoint::parse(server.url()).value());
    CHECK(called == 0);
    finish(multi);
    CHECK(called == 1);
    CHECK(asked == 2);
    CHECK(multi.progress().throttled == 1);
}

TEST_CASE("connections are limited, and each of many requests completes once")
{
    record seen;
    loopback::tls_identity const identity;
    loopback::tls_identity const* tls = nullptr;
    SUBCASE("over plain TCP") {}
    SUBCASE("over TLS")
    {
        tls = &identity;
    }
    loopback::server const server(always(ok, &seen), tls);
    results got;
    curl_multi_transport multi(quick(tls), {.max_connections = 4});
    for (int i = 0; i != 200; ++i) multi(post(server.url()), got.handler(i));
    CHECK(multi.progress().waiting == 200);
    run_until(multi, [&] {
        auto const now = multi.progress();
        CHECK(now.in_flight <= 4);
        CHECK(now.waiting + now.in_flight + now.succeeded + now.failed == 200);
        CHECK(now.started == now.in_flight + now.succeeded);
        return now.succeeded == 200;
    });
    CHECK(got.once_each(200));
    CHECK(seen.all().size() == 200);
    CHECK(server.accepted() <= 4);
    CHECK_FALSE(multi.progress().multiplexed);
}

TEST_CASE("the timeout of a request does not include its time in the queue")
{
    loopback::server const server([](connection& peer) {
        while (!peer.read_request().empty()) {
            std::this_thread::sleep_for(100ms);
            peer.write(ok);
        }
    });
    auto options = quick();
    options.total_timeout = options.connect_timeout = 250ms;
    results got;
    curl_multi_transport multi(options, {.max_connections = 1});
    for (int i = 0; i != 5; ++i) multi(post(server.url()), got.handler(i));
    finish(multi);
    CHECK(got.all == std::vector<std::string>{"0: 200", "1: 200", "2: 200", "3: 200", "4: 200"});
    CHECK(server.accepted() == 1);
}

TEST_CASE("the remaining time given with a request counts from the call")
{
    loopback::server const server(stall);
    results got;
    curl_multi_transport multi(quick(), {.max_connections = 1});
    auto const time = time_of([&] {
        multi(post(server.url()), got.handler(0), 200ms);
        multi(post(server.url()), got.handler(1), 100ms);
        multi(post(server.url()), got.handler(2), 300ms);
        multi(post(server.url()), got.handler(3), -1h);
        finish(multi);
    });
    CHECK(got.once_each(4));
    CHECK(got.code(0) == errc::timed_out);
    CHECK(got.code(1) == errc::not_connected);
    CHECK(got.text(1).find("still queued at its deadline") != std::string::npos);
    CHECK(got.code(2) == errc::timed_out); // sent with 100 ms left
    CHECK(got.code(3) == errc::not_connected);
    CHECK(got.all.front() == "3: not_connected");
    CHECK(time >= 290ms);
    CHECK(time < 1s);
    multi(post(server.url()), got.handler(4), std::chrono::milliseconds::max());
    CHECK(multi.poll() == 1);
}

TEST_CASE("wait ends when the remaining time of a queued request is over")
{
    loopback::server const server(stall);
    results got;
    curl_multi_transport multi(quick(), {.max_connections = 1});
    multi(post(server.url()), got.handler(0));
    auto const connected = clock_type::now() + 300ms; // and libcurl has no timer of its own for some time
    while (clock_type::now() < connected && multi.poll() == 1) multi.wait(10ms);
    multi(post(server.url()), got.handler(1), 150ms);
    auto const time = time_of([&] {
        while (multi.poll() == 2) multi.wait(5s);
    });
    CHECK(got.code(1) == errc::not_connected);
    CHECK(time < 1s);
}

TEST_CASE("a request of curl_transport can be given less time")
{
    loopback::server const server(stall);
    sidecall::curl_transport transport(quick());
    for (auto given : {100ms, -5ms}) {
        auto const time = time_of([&] { CHECK_FALSE(transport(post(server.url()), given).has_value()); });
        CHECK(time < 1s);
        CHECK(time >= given);
    }
}

TEST_CASE("cancelling completes a request at once, and reports whether it may have been sent")
{
    record seen;
    loopback::server const server([&](connection& peer) {
        seen.add(peer.read_request());
        stall(peer);
    });
    results got;
    curl_multi_transport multi(quick(), {.max_connections = 2});
    std::vector<curl_multi_transport::request_id> ids;
    for (int i = 0; i != 4; ++i) ids.push_back(multi(post(server.url()), got.handler(i)));
    run_until(multi, [&] { return seen.all().size() == 2; });

    CHECK(multi.cancel(ids[3]));
    CHECK(got.all == std::vector<std::string>{"3: cancelled"});
    CHECK(got.text(3).find("before anything was sent") != std::string::npos);
    CHECK(multi.cancel(ids[0]));
    CHECK(got.text(0).find("may have carried out") != std::string::npos);
    for (int i : {0, 3}) CHECK_FALSE(multi.cancel(ids[static_cast<std::size_t>(i)]));
    CHECK_FALSE(multi.cancel(0));

    run_until(multi, [&] { return seen.all().size() == 3; }); // the third one uses the first one's connection
    CHECK(server.accepted() == 3);
    multi.cancel_all();
    CHECK(got.once_each(4));
    CHECK(multi.poll() == 0);
    CHECK(multi.progress().failed == 4);
}

TEST_CASE("a request that is still connecting is cancelled before anything was sent")
{
    loopback::full_listener const nobody;
    results got;
    curl_multi_transport multi(quick());
    auto const id = multi(post("http://127.0.0.1:" + std::to_string(nobody.port())), got.handler(0));
    multi.poll();
    CHECK(multi.progress().in_flight == 1);
    CHECK(multi.cancel(id));
    CHECK(got.text(0).find("before anything was sent") != std::string::npos);
}

TEST_CASE("destruction and cancel_all complete every request and timer")
{
    loopback::server const server(stall);
    results got;
    std::vector<bool> timers;
    bool by_hand = false;
    SUBCASE("cancel_all")
    {
        by_hand = true;
    }
    SUBCASE("destruction") {}
    {
        curl_multi_transport multi(quick(), {.max_connections = 2});
        for (int i = 0; i != 5; ++i) multi(post(server.url()), got.handler(i));
        multi.after(1h, [&, only_moved = std::make_unique<int>()](bool is_due) { timers.push_back(is_due); });
        multi(post(server.url()), [&](answer) { // a request that a handler adds meanwhile is cancelled, too
            multi(post(server.url()), got.handler(5));
            multi.after(0ms, [&](bool is_due) { timers.push_back(is_due); });
        });
        multi.poll();
        CHECK(multi.progress().in_flight == 2);
        CHECK(multi.progress().timers == 1);
        if (by_hand) {
            multi.cancel_all();
            CHECK(multi.poll() == 0);
        }
        CHECK(got.all.size() == (by_hand ? 6 : 0));
    }
    CHECK(got.once_each(6));
    for (int i = 0; i != 6; ++i) CHECK(got.code(i) == errc::cancelled);
    CHECK(timers == std::vector<bool>{false, false});
}

TEST_CASE("a handler can add requests and cancel others, but cannot call poll or wait")
{
    loopback::server const server(always(ok));
    results got;
    curl_multi_transport multi(quick(), {.max_connections = 1});
    curl_multi_transport::request_id other = 0;
    multi(post(server.url()), [&](answer first) {
        CHECK(first.has_value());
        CHECK(multi.cancel(other));
        CHECK(got.all == std::vector<std::string>{"1: cancelled"});
        for (int i = 2; i != 20; ++i) multi(post(server.url()), got.handler(i));
        CHECK(multi.poll() == 18);
        CHECK(multi.progress().in_flight == 0);
        multi.wait(1h);
        CHECK(got.all.size() == 1);
    });
    other = multi(post(server.url()), got.handler(1));
    finish(multi);
    CHECK(got.once_each(19));
    CHECK(multi.progress().succeeded == 19);
    CHECK(multi.progress().failed == 1);
}

TEST_CASE("a handler can cancel all requests, including itself and others that complete at the same time")
{
    loopback::server const server(always(ok));
    results got;
    curl_multi_transport multi(quick(), {.max_connections = 8});
    for (int i = 0; i != 8; ++i)
        multi(post(server.url()), [&, one = got.handler(i)](answer outcome) mutable {
            one(std::move(outcome));
            multi.cancel_all();
        });
    std::this_thread::sleep_for(10ms);
    finish(multi);
    CHECK(got.once_each(8));
}

TEST_CASE("the stack does not grow when handlers cancel requests")
{
    std::string const nobody = "http://127.0.0.1:" + std::to_string(closed_port());
    constexpr int count = 10000;
    results got;
    curl_multi_transport multi(quick());
    std::vector<curl_multi_transport::request_id> ids;
    bool all = false, all_taken_back = false;
    std::uintptr_t lowest = UINTPTR_MAX, highest = 0;
    auto const look = [&] {
        auto const address = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        lowest = std::min(lowest, address);
        highest = std::max(highest, address);
    };
    for (int i = 0; i != count; ++i)
        ids.push_back(multi(post(nobody), [&, i, one = got.handler(i)](answer outcome) mutable {
            look();
            one(std::move(outcome));
            if (all)
                multi.cancel_all();
            else if (i + 1 != count)
                CHECK(multi.cancel(ids[static_cast<std::size_t>(i) + 1]) == !all_taken_back);
        }));
    SUBCASE("all, from cancel_all")
    {
        all = true;
        for (int i = 0; i != 100; ++i) multi.after(1h, [&](bool) { multi.cancel_all(); });
        multi.cancel_all();
    }
    SUBCASE("all, from poll")
    {
        all = true;
        for (int i = 0; i != 100; ++i) multi.after(1h, [&](bool) { multi.cancel_all(); });
        multi.poll();
        multi.poll();
        finish(multi);
    }
    SUBCASE("each the next one, from cancel")
    {
        CHECK(multi.cancel(ids[0]));
    }
    SUBCASE("each the next one, from cancel_all")
    {
        all_taken_back = true; // before the first handler is called
        multi.cancel_all();
    }
    CHECK(got.once_each(count));
    CHECK(multi.progress().failed == count);
    CHECK(multi.progress().timers == 0);
    CHECK(multi.poll() == 0);
    CHECK(highest - lowest < 65536);
}

TEST_CASE("a request that a handler cancels is removed at once, and completes before the outermost call returns")
{
    loopback::server const server(stall);
    results got;
    curl_multi_transport multi(quick(), {.max_connections = 1});
    std::vector<curl_multi_transport::request_id> ids(4);
    ids[0] = multi(post(server.url()), [&](answer) {
        CHECK(multi.cancel(ids[1]));
        CHECK_FALSE(multi.cancel(ids[1]));
        CHECK(got.all.empty()); // its handler is called after this one returns
        CHECK(multi.progress().failed == 2);
        multi(post(server.url()), got.handler(3));
        CHECK(multi.poll() == 3); // including the one whose handler call was pending
        multi.wait(1h);
    });
    ids[1] = multi(post(server.url()), got.handler(1));
    ids[2] = multi(post(server.url()), got.handler(2));
    multi.poll();
    CHECK(multi.cancel(ids[0]));
    CHECK(got.all == std::vector<std::string>{"1: cancelled"});
    CHECK(got.text(1).find("before anything was sent") != std::string::npos);
    CHECK(multi.progress().failed == 2);
    CHECK(multi.poll() == 2);
    multi.cancel_all();
    CHECK(got.once_each(3));
}

TEST_CASE("an exception of a handler ends the call, and has no other effect")
{
    loopback::server const server(always(ok));
    loopback::server const silent(stall);
    results got;
    bool timed = false;
    auto const nobody = "http://127.0.0.1:" + std::to_string(closed_port());
    {
        curl_multi_transport multi(quick(), {.max_connections = 4});
        auto const throws = [&](int number) {
            return [number, one = got.handler(number)](answer outcome) mutable {
                one(std::move(outcome));
                throw number;
            };
        };
        auto const thrown_by = [&](auto&& work) {
            try {
                work();
            } catch (int number) {
                return number;
            }
            return -1;
        };
        auto const run = [&] {
            for (auto const end = clock_type::now() + 10s; multi.poll() != 0 && clock_type::now() < end;)
                multi.wait(20ms);
        };
        SUBCASE("from poll: response")
        {
            multi(post(server.url()), throws(0));
            CHECK(thrown_by(run) == 0);
            CHECK(multi.progress().succeeded == 1);
        }
        SUBCASE("from poll: not started")
        {
            auto request = post(nobody);
            auto const taken = std::move(request);
            multi(std::move(request), throws(0)); // NOLINT(bugprone-use-after-move)
            CHECK(thrown_by(run) == 0);
        }
        SUBCASE("from poll: timed out in the queue")
        {
            multi(post(server.url()), throws(0), -1h);
            CHECK(thrown_by(run) == 0);
        }
        SUBCASE("from poll: timer")
        {
            multi.after(0ms, [&](bool) { throw 0; });
            got.handler(0)(sidecall::http_response{});
            CHECK(thrown_by(run) == 0);
        }
        SUBCASE("from cancel")
        {
            auto const id = multi(post(silent.url()), throws(0));
            multi.poll();
            CHECK(thrown_by([&] { multi.cancel(id); }) == 0);
            CHECK_FALSE(multi.cancel(id));
        }
        SUBCASE("from cancel, with other handlers pending")
        {
            curl_multi_transport::request_id other = 0;
            auto const id = multi(post(silent.url()), [&, one = throws(0)](answer outcome) mutable {
                CHECK(multi.cancel(other));
                one(std::move(outcome));
            });
            other = multi(post(silent.url()), got.handler(4));
            CHECK(thrown_by([&] { multi.cancel(id); }) == 0);
            CHECK(got.calls.size() == 1);
            multi.wait(1h); // returns at once, since a completion is pending
            CHECK(multi.poll() == 0);
            CHECK(got.calls.size() == 2);
        }
        SUBCASE("from cancel_all: the next call continues")
        {
            multi(post(server.url()), throws(0));
            multi(post(server.url()), throws(4));
            multi(post(server.url()), got.handler(5));
            CHECK(thrown_by([&] { multi.cancel_all(); }) == 0);
            CHECK(thrown_by([&] { multi.cancel_all(); }) == 4);
            CHECK(multi.poll() == 0);
            CHECK(got.calls.size() == 3);
        }
        // Everything still works: requests, timers, poll and wait.
        multi(post(server.url()), got.handler(1));
        multi.after(1ms, [&](bool is_due) { timed = is_due; });
        finish(multi);
        CHECK(got.code(1) == errc{});
        CHECK(timed);
        CHECK(time_of([&] { multi.wait(30ms); }) >= 25ms);
        // A destructor cannot throw: the exceptions are dropped, and all handlers are called.
        multi(post(silent.url()), throws(2));
        multi(post(silent.url()), throws(3));
        multi.after(1h, [](bool) { throw 4; });
    }
    CHECK(got.once_each(static_cast<int>(got.calls.size())));
    for (int i = 0; i != 4; ++i) CHECK(got.calls[i] == 1);
    for (int i : {2, 3}) CHECK(got.code(i) == errc::cancelled);
}

TEST_CASE("several servers share the connection limit")
{
    loopback::server const one(always(ok)), two(always(ok)), three(always(ok));
    results got;
    curl_multi_transport multi(quick(), {.max_connections = 2});
    for (int i = 0; i != 60; ++i)
        multi(post(i % 3 == 0 ? one.url() : i % 3 == 1 ? two.url() : three.url()), got.handler(i));
    finish(multi);
    CHECK(got.once_each(60));
    CHECK(multi.progress().succeeded == 60);
}

TEST_CASE("connections and handles are released")
{
    auto const open_files = [] {
        int count = 0;
        for (int i = 0; i != 1024; ++i) count += ::fcntl(i, F_GETFD) != -1;
        return count;
    };
    loopback::listener const nobody; // accepts into its queue and never responds
    int const before = open_files();
    {
        curl_multi_transport multi(quick(), {.max_connections = 8});
        for (int i = 0; i != 8; ++i) multi(post("http://127.0.0.1:" + std::to_string(nobody.port())), [](answer) {});
        multi.poll();
        multi.wait(20ms);
        multi.poll();
        CHECK(open_files() >= before + 8);
    }
    CHECK(open_files() == before);
}

TEST_CASE("a child process inherits no connection")
{
    loopback::tls_identity const identity;
    for (auto const* tls : {static_cast<loopback::tls_identity const*>(nullptr), &identity}) {
        std::vector<loopback::open_socket> open;
        loopback::server const server(
            [&](connection& peer) {
                peer.read_request();
                open = loopback::internet_sockets();
                peer.write(ok);
            },
            tls);
        results got;
        curl_multi_transport multi(quick(tls));
        multi(post(server.url()), got.handler(0));
        finish(multi);
        CHECK(got.all == std::vector<std::string>{"0: 200"});
        CHECK(open.size() >= 3); // two of the server, and the client's
        for (auto const& one : open) CHECK_MESSAGE(one.closes_on_exec, one.descriptor);
    }
}

TEST_CASE("a request that may have arrived is not sent twice")
{
    record seen;
    bool reset = false;
    loopback::tls_identity const identity;
    loopback::tls_identity const* tls = nullptr;
    SUBCASE("closed") {}
    SUBCASE("reset")
    {
        reset = true;
    }
    SUBCASE("closed, over TLS")
    {
        tls = &identity;
    }
    loopback::server const server(
        [&](connection& peer) {
            seen.add(peer.read_request());
            peer.write(ok);
            if (peer.number() != 0) return;
            seen.add(peer.read_request());
            if (reset) peer.reset();
        },
        tls);
    results got;
    curl_multi_transport multi(quick(tls));
    for (int i = 0; i != 2; ++i) {
        multi(post(server.url()), got.handler(i));
        finish(multi);
    }
    CHECK(got.all == std::vector<std::string>{"0: 200", "1: answer_lost"});
    CHECK(seen.all().size() == 2);
    multi(post(server.url()), got.handler(2)); // later requests succeed again
    finish(multi);
    CHECK(got.all.back() == "2: 200");
}

TEST_CASE("bytes after a response are never taken for the response to another request")
{
    loopback::tls_identity const identity;
    std::string const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    for (auto const* tls : {static_cast<loopback::tls_identity const*>(nullptr), &identity})
        for (std::string_view const kind :
             {"late", "at once", "in the body", "in the body, soon", "an end", "an end of TLS"}) {
            if (tls && kind.substr(0, 11) == "in the body") continue; // not visible over TLS, see `has_no_input`
            CAPTURE(kind);
            CAPTURE(tls != nullptr);
            record seen;
            loopback::server const server(
                [&](connection& peer) {
                    int const at_once = 1;
                    ::setsockopt(peer.socket(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
                    for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
                        seen.add(request);
                        if (kind == "at once") {
                            peer.write(ok + forged);
                        } else if (kind.substr(0, 11) == "in the body") {
                            peer.write(ok.substr(0, ok.size() - 2));
                            if (kind == "in the body") std::this_thread::sleep_for(5ms);
                            peer.write("ok" + forged);
                        } else {
                            peer.write(ok);
                            std::this_thread::sleep_for(5ms);
                            if (kind == "an end") return peer.cut();
                            if (kind == "an end of TLS") return peer.close();
                            peer.write(forged);
                        }
                    }
                },
                tls);
            curl_multi_transport multi(quick(tls), {.max_connections = 3});
            int good = 0;
            auto const check = [&](answer outcome) { good += outcome && outcome->body == "ok"; };
            // Over TLS, requests wait for the first one's connection, so they could be sent before the late bytes
            // arrive.
            int const at_a_time = tls ? 1 : 3;
            for (int sent = 0; sent != 9; sent += at_a_time) {
                for (int i = 0; i != at_a_time; ++i) multi(post(server.url()), check);
                finish(multi);
                std::this_thread::sleep_for(30ms);
            }
            CHECK(good == 9);
            CHECK(seen.all().size() == 9);
            CHECK(server.accepted() == 9);
            CHECK(multi.progress().started == 9);
        }
}

TEST_CASE("the adaptive limit falls once per round of 429 responses, and recovers")
{
    std::atomic<bool> refuse = true;
    loopback::server const server([&](connection& peer) {
        while (!peer.read_request().empty()) peer.write(refuse ? too_many : ok);
    });
    results got;
    curl_multi_transport multi(quick(), {.max_connections = 8, .max_in_flight = 16});
    int count = 0;
    auto const ask = [&](int times) {
        while (times-- != 0) multi(post(server.url()), got.handler(count++));
        finish(multi);
        return multi.progress().limit;
    };
    CHECK(multi.progress().limit == 16);
    CHECK(ask(8) == 4); // half of the requests in progress; eight refusals count as one round
    CHECK(ask(4) == 2);
    CHECK(ask(1) == 1);
    CHECK(ask(20) == 1); // never below one
    CHECK(multi.progress().throttled == 33);
    refuse = false;
    CHECK(ask(1) == 2);
    CHECK(ask(2) == 2);
    CHECK(ask(1) == 3);
    CHECK(ask(300) == 16); // never above the initial limit
    CHECK(got.once_each(count));
    CHECK(server.accepted() <= 8);
}

TEST_CASE("timers fire in order, and wait returns in time for them")
{
    std::string order;
    curl_multi_transport multi;
    auto const add = [&](std::chrono::milliseconds delay, char name) {
        multi.after(delay, [&order, name](bool is_due) { order += is_due ? name : '!'; });
    };
    add(60ms, 'd');
    add(30ms, 'b');
    add(30ms, 'c');
    add(-1h, 'a');
    add(std::chrono::milliseconds::max(), 'x');
    CHECK(order.empty());
    multi.poll();
    CHECK(order == "a");
    auto const first = time_of([&] { multi.wait(5s); });
    CHECK(first >= 20ms);
    CHECK(first < 60ms);
    multi.poll();
    CHECK(order == "abc");
    auto const second = time_of([&] {
        while (multi.poll() == 2) multi.wait(5s);
    });
    CHECK(second < 200ms);
    CHECK(order == "abcd");
    multi.cancel_all();
    CHECK(order == "abcd!");
    CHECK(multi.poll() == 0);
}

TEST_CASE("wait lasts up to its timeout, and another thread can end it")
{
    curl_multi_transport multi;
    CHECK(time_of([&] { multi.wait(50ms); }) >= 45ms);
    multi.wakeup(); // before wait starts
    CHECK(time_of([&] { multi.wait(5s); }) < 1s);
    multi.after(1h, [](bool) {});
    std::thread other([&] {
        std::this_thread::sleep_for(50ms);
        multi.wakeup();
    });
    auto const time = time_of([&] { multi.wait(5s); });
    other.join();
    CHECK(time < 1s);
    CHECK(time >= 40ms);
}

TEST_CASE("wait ends when the caller's descriptor is readable")
{
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    curl_multi_transport multi;
    CHECK(time_of([&] { multi.wait(50ms, ends[0]); }) >= 45ms);
    REQUIRE(::write(ends[1], "x", 1) == 1);
    CHECK(time_of([&] { multi.wait(5s, ends[0]); }) < 1s);
    CHECK(time_of([&] { multi.wait(50ms); }) >= 45ms);
    ::close(ends[0]);
    ::close(ends[1]);
}

namespace {

/// nghttpx as an HTTP/2 server with TLS in front of a plain server.
class http2_front {
public:
    http2_front(loopback::tls_identity const& identity, int backend, std::vector<std::string> more = {})
        : port_(closed_port())
    {
        char path[] = "/tmp/sidecall-test-XXXXXX";
        loopback::require(::mkdtemp(path) != nullptr, "mkdtemp");
        directory_ = path;
        identity.write(directory_ + "/key", directory_ + "/certificate");
        std::vector<std::string> words{"nghttpx",
                                       "--conf=/dev/null",
                                       "--workers=1",
                                       "--single-process",
                                       "--log-level=FATAL",
                                       "--no-ocsp",
                                       "--errorlog-file=/dev/null",
                                       "--backend-connections-per-host=8",
                                       "-f127.0.0.1," + std::to_string(port_),
                                       "-b127.0.0.1," + std::to_string(backend)};
        words.insert(words.end(), more.begin(), more.end());
        words.insert(words.end(), {directory_ + "/key", directory_ + "/certificate"});
        std::vector<char*> arguments;
        for (auto& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        child_ = ::fork();
        if (child_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::execvp(arguments[0], arguments.data());
            ::_exit(127);
        }
        for (int i = 0; i != 100 && !is_open(); ++i) std::this_thread::sleep_for(20ms);
    }
    void kill() { ::kill(child_, SIGKILL); }
    http2_front(http2_front const&) = delete;
    http2_front& operator=(http2_front const&) = delete;
    ~http2_front()
    {
        kill();
        ::waitpid(child_, nullptr, 0);
        for (auto name : {"/key", "/certificate", ""}) ::remove((directory_ + name).c_str());
    }

    static bool is_installed() { return std::system("command -v nghttpx >/dev/null 2>&1") == 0; }
    std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }

private:
    bool is_open() const
    {
        int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port_));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bool const open = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        ::close(socket);
        return open;
    }

    int port_;
    std::string directory_;
    pid_t child_ = -1;
};

} // namespace

TEST_CASE("over HTTP/2, many requests share a connection")
{
    if (!http2_front::is_installed()) {
        MESSAGE("skipped: nghttpx is not installed (Debian: nghttp2-proxy)");
        return;
    }
    loopback::tls_identity const identity;
    record seen;
    loopback::server const backend(always(ok, &seen));
    http2_front const front(identity, backend.port());
    auto options = quick(&identity);
    options.total_timeout = 20s;
    results got;
    curl_multi_transport multi(options, {.max_connections = 2, .protocol = sidecall::http_version::http2});
    for (int i = 0; i != 2000; ++i) multi(post(front.url(), std::to_string(i)), got.handler(i));
    std::size_t most = 0;
    run_until(multi, [&] {
        most = std::max(most, multi.progress().in_flight);
        return multi.progress().succeeded == 2000;
    });
    CHECK(got.once_each(2000));
    CHECK(seen.all().size() == 2000);
    CHECK(multi.progress().multiplexed);
    CHECK(most > 100);

    SUBCASE("cancelling one leaves the others")
    {
        std::vector<curl_multi_transport::request_id> ids;
        for (int i = 2000; i != 2100; ++i) ids.push_back(multi(post(front.url()), got.handler(i)));
        multi.poll();
        std::size_t cancelled = 0; // a few may already have completed
        for (std::size_t i = 0; i != 50; ++i) cancelled += multi.cancel(ids[i]);
        CHECK(cancelled > 20);
        finish(multi);
        CHECK(got.once_each(2100));
        CHECK(multi.progress().succeeded == 2100 - cancelled);
    }
    SUBCASE("the connection is reused although the server has sent something in between")
    {
        std::this_thread::sleep_for(50ms);
        for (int i = 2000; i != 2010; ++i) multi(post(front.url()), got.handler(i));
        finish(multi);
        CHECK(multi.progress().succeeded == 2010);
    }
}

TEST_CASE("over HTTP/2, the end of a connection ends all its requests, once each")
{
    if (!http2_front::is_installed()) {
        MESSAGE("skipped: nghttpx is not installed (Debian: nghttp2-proxy)");
        return;
    }
    loopback::tls_identity const identity;
    record seen;
    std::atomic<bool> answers = true;
    loopback::server const backend([&](connection& peer) {
        for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
            seen.add(request);
            if (!answers) return stall(peer);
            peer.write(ok);
        }
    });
    http2_front front(identity, backend.port());
    results got;
    curl_multi_transport multi(quick(&identity), {.max_connections = 2, .protocol = sidecall::http_version::http2});
    multi(post(front.url()), got.handler(0)); // from here on, libcurl knows that connections can be shared
    finish(multi);
    answers = false;
    for (int i = 1; i != 61; ++i) multi(post(front.url(), std::to_string(i)), got.handler(i));
    run_until(multi, [&] { return seen.all().size() > 5; });
    CHECK(multi.progress().in_flight == 60);
    front.kill();
    finish(multi);
    CHECK(got.once_each(61));
    for (int i = 1; i != 61; ++i) CHECK_MESSAGE(got.code(i) == errc::answer_lost, got.text(i));
    auto all = seen.all();
    std::sort(all.begin(), all.end());
    CHECK(std::adjacent_find(all.begin() + 1, all.end()) == all.end()); // no value occurs twice
}

TEST_CASE("HTTP/2 is the default only with a libcurl that reports every refused request")
{
    char const* const all[] = {"https", "rtsp", nullptr};
    char const* const without_rtsp[] = {"https", nullptr};
    auto const of = [](unsigned version, char const* const* protocols, int features = CURL_VERSION_HTTP2) {
        curl_version_info_data libcurl{};
        libcurl.version_num = version;
        libcurl.protocols = protocols;
        libcurl.features = features;
        return sidecall::detail::reports_refusals(libcurl);
    };
    CHECK_FALSE(of(0x075801, all));
    CHECK_FALSE(of(0x080e00, all));
    CHECK(of(0x080e01, all));
    CHECK_FALSE(of(0x080e01, without_rtsp));
    CHECK_FALSE(of(0x080e01, all, 0));
    CHECK_FALSE(of(0x081700, all));

    if (!http2_front::is_installed()) {
        MESSAGE("skipped the rest: nghttpx is not installed (Debian: nghttp2-proxy)");
        return;
    }
    loopback::tls_identity const identity;
    loopback::server const backend(always(ok));
    http2_front const front(identity, backend.port());
    bool const reports = sidecall::detail::reports_refusals(*curl_version_info(CURLVERSION_NOW));
    for (auto const& [protocol, expected] :
         {std::pair(sidecall::http_version::automatic, reports), std::pair(sidecall::http_version::http1_1, false),
          std::pair(sidecall::http_version::http2, true)}) {
        auto const version = static_cast<int>(protocol); // a lambda cannot capture a structured binding
        CAPTURE(version);
        results got;
        curl_multi_transport multi(quick(&identity), {.max_connections = 2, .protocol = protocol});
        std::size_t most = 0;
        for (int i = 0; i != 20; ++i) multi(post(front.url()), got.handler(i));
        run_until(multi, [&] {
            most = std::max(most, multi.progress().in_flight);
            return multi.progress().succeeded == 20;
        });
        CHECK(multi.progress().multiplexed == expected);
        CHECK((most > 2) == expected);
    }
}
