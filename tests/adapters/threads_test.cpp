// Tests what the README allows to be shared between threads. Built with the thread sanitizer, which fails the test on a
// data race.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "../unit/lasting.hpp"

#include "loopback_server.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/sidecall.hpp>

namespace {

using namespace std::chrono_literals;
using namespace sidecall::literals;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;

sidecall::credentials some_credentials()
{
    return sidecall::credentials::auth_token(account, sidecall::secret("token"));
}

sidecall::create_user_defined_message_subscription subscription()
{
    return {account, call, "https://example.com/a/callback"_callback_url, sidecall::idempotency_key::random()};
}

/// Runs the function in four threads at once.
template <class F>
void at_once(F const& what)
{
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i) threads.emplace_back(what);
    for (auto& thread : threads) thread.join();
}

std::string const created = "HTTP/1.1 201 Created\r\nContent-Length: 44\r\n\r\n"
                            R"({"sid":"ZY00000000000000000000000000000003"})";

} // namespace

TEST_CASE("several threads can trigger the processor detection at once")
{
    std::atomic<int> right = 0;
    at_once([&] { right += lasting(some_credentials()).authorization().reveal().size() > 40; });
    CHECK(right == 4);
}

TEST_CASE("operations, credentials, endpoints, requests and policies can be read by all threads at once")
{
    auto const who = some_credentials();
    auto const where = sidecall::endpoint::edge("dublin", "ie1");
    auto const operation = subscription();
    auto const plain = operation.request(*where);
    auto const authorized = authorize(operation.request(*where), who);
    sidecall::retry_policy const policy{.base_delay = {}, .max_attempts = 3};
    auto const canned = [](sidecall::authorized_request const&) -> sidecall::result<sidecall::http_response> {
        return sidecall::http_response{.status = 503};
    };
    std::atomic<int> right = 0;
    at_once([&] {
        for (int i = 0; i != 50; ++i) {
            bool const same = operation.request(*where) == plain;
            bool const written =
                lasting(authorize(plain, who).to_http1()).reveal() == lasting(authorized.to_http1()).reveal();
            auto const made = send_with_retry(operation, who, canned, policy, [](sidecall::milliseconds) {}, *where);
            auto const keys_differ = sidecall::idempotency_key::random() != sidecall::idempotency_key::random();
            right += same && written && made.error().http_status() == 503 && keys_differ;
        }
    });
    CHECK(right == 200);
}

TEST_CASE("one verifier can be used by all threads")
{
    sidecall::webhook_verifier const verifier(sidecall::secret("12345"), sidecall::secret("another"));
    std::atomic<int> refused = 0;
    at_once([&] {
        for (int i = 0; i != 50; ++i)
            refused += !verifier.receive({.method = "POST",
                                          .url = "https://example.com/udm",
                                          .content_type = "application/x-www-form-urlencoded",
                                          .signature = "XarmqHJpwOIYVx+n2dnNBep7KEc=",
                                          .body = "Sid=KX"});
    });
    CHECK(refused == 200);
}

TEST_CASE("each thread has its own transport, and a transport can be passed from thread to thread")
{
    auto const who = some_credentials();
    loopback::server const server(loopback::always(created));
    auto const where = *sidecall::endpoint::parse(server.url());
    auto const operation = subscription();
    std::atomic<int> made = 0;
    at_once([&] {
        sidecall::curl_transport transport;
        for (int i = 0; i != 5; ++i) made += send(operation, who, transport, where).has_value();
        std::thread([&, transport = std::move(transport)]() mutable {
            made += send(operation, who, transport, where).has_value();
        }).join();
    });
    CHECK(made == 24);
}

TEST_CASE("a curl_multi_transport is driven by one thread, and can be woken by any")
{
    auto const who = some_credentials();
    loopback::server const server(loopback::always(created));
    auto const where = *sidecall::endpoint::parse(server.url());
    auto const operation = subscription();
    sidecall::curl_multi_transport transport;
    std::atomic<bool> wanted = false;
    std::thread other([&] {
        std::this_thread::sleep_for(50ms);
        wanted = true;
        transport.wakeup();
    });
    int made = 0;
    auto const start = std::chrono::steady_clock::now();
    while (!wanted) {
        transport.poll();
        transport.wait(1h);
    }
    CHECK(std::chrono::steady_clock::now() - start < 1min);
    for (int i = 0; i != 20; ++i)
        send(operation, who, transport, [&](auto const& outcome) { made += outcome.has_value(); }, where);
    while (transport.poll() != 0) transport.wait(100ms);
    other.join();
    CHECK(made == 20);
}

namespace {

/// An asynchronous transport and a timer that complete each task on a thread of its own. The destructor joins the
/// threads.
class on_any_thread {
public:
    ~on_any_thread() { wait(); }

    template <class Handler>
    void operator()(sidecall::authorized_request request, Handler handler)
    {
        start([this, request = std::move(request), handler = std::move(handler)]() mutable {
            bool const is_right = request.body().find("Callback=") == 0;
            int const status = !is_right ? 400 : count_++ % 3 == 0 ? 201 : 503;
            handler(sidecall::result<sidecall::http_response>(
                sidecall::http_response{.status = status, .body = R"({"sid":"ZY00000000000000000000000000000003"})"}));
        });
    }
    template <class Job>
    void start(Job job)
    {
        std::lock_guard const lock(mutex_);
        threads_.emplace_back(std::move(job));
    }

    /// Waits until no more threads are started.
    void wait()
    {
        for (;;) {
            std::vector<std::thread> running;
            {
                std::lock_guard const lock(mutex_);
                running.swap(threads_);
            }
            if (running.empty()) return;
            for (auto& thread : running) thread.join();
        }
    }

private:
    std::mutex mutex_;
    std::vector<std::thread> threads_;
    std::atomic<unsigned> count_ = 0;
};

} // namespace

TEST_CASE("handlers and timers may run on any thread, one after the other for each operation")
{
    auto const who = some_credentials();
    on_any_thread transport;
    std::atomic<int> made = 0, ended = 0;
    auto const timer = [&](sidecall::milliseconds, auto next) { transport.start(std::move(next)); };
    for (int i = 0; i != 50; ++i)
        send_with_retry(subscription(), who, transport, {.max_attempts = 0}, timer,
                        [&, calls = 0](auto const& outcome) mutable {
                            made += outcome.has_value();
                            ended += ++calls == 1;
                        });
    transport.wait();
    CHECK(made == 50);
    CHECK(ended == 50);
}

TEST_CASE("a completion on another thread may come before, during and after the return of the call")
{
    auto const who = some_credentials();
    std::atomic<int> ended = 0;
    constexpr int operations = 200;
    for (int i = 0; i != operations; ++i) {
        std::vector<std::thread> threads;
        std::mutex mutex;
        auto const start = [&](auto job) {
            std::lock_guard const lock(mutex);
            threads.emplace_back([job = std::move(job)]() mutable { job(); });
        };
        std::atomic<int> sent = 0;
        auto transport = [&](sidecall::authorized_request, auto completion) {
            int const attempt = ++sent;
            auto job = [attempt, completion = std::move(completion)]() mutable {
                completion(sidecall::result<sidecall::http_response>(
                    sidecall::http_response{.status = attempt < 20 ? 429 : 400}));
            };
            if ((attempt + i) % 4 == 0)
                job();
            else
                start(std::move(job));
            if ((attempt + i) % 3 == 0) std::this_thread::yield();
        };
        auto const timer = [&, count = 0](sidecall::milliseconds, auto next) mutable {
            if (++count % 2 == 0)
                next();
            else
                start(std::move(next));
        };
        int handled = 0; // by one thread, which may be either
        send_with_retry(subscription(), who, transport, {.deadline = std::chrono::hours(1), .max_attempts = 0}, timer,
                        [&](auto const& outcome) { handled += outcome.error().http_status() == 400; });
        for (std::size_t joined = 0;; ++joined) {
            std::thread one;
            {
                std::lock_guard const lock(mutex);
                if (joined == threads.size()) break;
                one = std::move(threads[joined]);
            }
            one.join();
        }
        ended += handled;
        CHECK(sent == 20);
    }
    CHECK(ended == operations);
}
