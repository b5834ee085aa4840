// Lets each allocation of the libcurl transports fail once, ours and libcurl's own. A request completes once, nothing
// leaks, and the same transport sends the next request.

#include "torture.hpp"

#include "../adapters/loopback_server.hpp"
#include "../unit/request_of.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/sidecall.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <netinet/tcp.h>

namespace {

using namespace sidecall::literals;
using namespace std::chrono_literals;
using loopback::connection;
using sidecall::curl_multi_transport;
using sidecall::errc;
using sidecall::http_method;
using clock_type = std::chrono::steady_clock;
using answer = sidecall::result<sidecall::http_response>;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
std::string const long_text(300, 'x');
std::string const body = R"({"sid":"KX00000000000000000000000000000003","x":")" + long_text + R"("})";
std::string const created = "HTTP/1.1 201 Created\r\nContent-Length: " + std::to_string(body.size()) +
                            "\r\nX-Long: " + long_text + "\r\nX-Folded: a\r\n b\r\n\r\n" + body;
std::string const busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

sidecall::credentials who()
{
    return sidecall::credentials::auth_token(account, sidecall::secret("a-token-that-nobody-may-see"));
}

sidecall::authorized_request post(std::string const& url)
{
    return authorize(
        request_of(http_method::post, "/path", {{"Name", long_text}}, sidecall::endpoint::parse(url).value()), who());
}

sidecall::transport_options quick(loopback::tls_identity const* tls)
{
    return {.connect_timeout = 5s, .total_timeout = 5s, .ca_file = tls ? tls->ca_file() : std::string()};
}

loopback::tls_identity const& identity()
{
    static loopback::tls_identity const one;
    return one;
}

void serve(connection& client)
{
    int const at_once = 1; // otherwise the TLS data after the handshake delays each first response by 40 ms
    ::setsockopt(client.socket(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    loopback::always(created)(client);
}

/// What a scenario needs: its own server, with or without TLS.
struct peer {
    explicit peer(bool with_tls = false) : tls(with_tls ? &identity() : nullptr), server(&serve, tls), url(server.url())
    {
    }

    loopback::tls_identity const* tls;
    loopback::server server;
    std::string url;
};

bool is_whole(answer const& got)
{
    return got.has_value() && got->status == 201 && got->body == body;
}

/// An allocation failure becomes a failure of the transport, and never looks like a response.
bool is_whole_or_failed(answer const& got)
{
    return is_whole(got) || (!got.has_value() && !got.error().http_status());
}

/// One request on a transport that the attempt creates, or on an existing transport with a kept connection.
struct blocking {
    explicit blocking(bool with_tls, bool is_there) : to(with_tls), options(quick(to.tls)), request(post(to.url))
    {
        if (!is_there) return;
        transport.emplace(options);
        REQUIRE(is_whole((*transport)(request)));
    }
    void attempt()
    {
        if (!transport) transport.emplace(options);
        is_made = true;
        got.emplace((*transport)(request));
    }
    void check(torture::report const& is) const
    {
        CHECK(is.has_thrown == !is_made);
        CHECK(is_made == got.has_value());
        if (got) CHECK(is_whole_or_failed(*got));
        if (got && is.number == 0) CHECK(is_whole(*got));
    }
    void again()
    {
        if (!transport) transport.emplace(options);
        auto const next = (*transport)(request);
        CHECK_MESSAGE(is_whole(next), (next ? std::string() : next.error().to_string()));
    }

    peer to;
    sidecall::transport_options options;
    sidecall::authorized_request request;
    std::optional<sidecall::curl_transport> transport{};
    std::optional<answer> got{};
    bool is_made = false;
};

/// Over TLS only our own allocations fail: libcurl 7.88 frees a block twice when it cannot allocate memory for a TLS
/// session.
unsigned sources(bool with_tls)
{
    return with_tls ? faulty_memory::cpp : faulty_memory::cpp | faulty_memory::libcurl;
}

} // namespace

TEST_CASE("curl_transport, first request")
{
    REQUIRE(faulty_memory::has_libcurl());
    for (bool const with_tls : {false, true})
        torture::run([&] { return std::make_unique<blocking>(with_tls, false); }, sources(with_tls));
}

TEST_CASE("curl_transport, request on a kept connection")
{
    for (bool const with_tls : {false, true})
        torture::run([&] { return std::make_unique<blocking>(with_tls, true); }, sources(with_tls));
}

namespace {

/// A request that cannot be sent. The failure has the right code, possibly without its text.
struct refused {
    sidecall::curl_transport transport{quick(nullptr)};
    std::string url = "http://127.0.0.1:" + std::to_string(loopback::listener().port());
    sidecall::authorized_request request = post(url);
    std::optional<answer> got{};

    void attempt() { got.emplace(transport(request)); }
    void check(torture::report const& is) const
    {
        CHECK_FALSE(is.has_thrown);
        REQUIRE(got.has_value());
        REQUIRE_FALSE(got->has_value());
        errc const code = got->error().code();
        CHECK((code == errc::not_connected || (is.number != 0 && code == errc::transport_failure)));
        CHECK_FALSE(got->error().message().empty());
    }
    void again() { CHECK(transport(request).error().code() == errc::not_connected); }
};

} // namespace

TEST_CASE("curl_transport, server that refuses connections")
{
    torture::run([] { return std::make_unique<refused>(); });
}

namespace {

/// The work of curl_multi_transport, and how often each handler was called.
struct many {
    static constexpr std::size_t count = 4;

    explicit many(bool with_tls = false) : to(with_tls), options(quick(to.tls))
    {
        for (auto& one : requests) one.emplace(post(to.url));
    }
    /// Starts a request and notes whether the transport accepted it. Handlers are move-only, so that a lost one shows
    /// up as a leak.
    template <class Ask>
    void take(std::size_t which, Ask&& ask)
    {
        try {
            ask();
            is_taken[which] = true;
        } catch (std::bad_alloc const&) {
            has_thrown = true;
        }
    }
    void ask(std::size_t which, std::chrono::milliseconds at_most = 0ms)
    {
        take(which, [&] {
            auto handler = [this, which, one = std::make_unique<int>(1)](answer got) {
                calls[which] += *one;
                is_right[which] = is_whole_or_failed(got);
                is_answered[which] = got.has_value();
            };
            if (at_most != 0ms)
                multi->operator()(std::move(*requests[which]), std::move(handler), at_most);
            else
                multi->operator()(std::move(*requests[which]), std::move(handler));
        });
    }
    void ask_timer(std::size_t which)
    {
        take(which, [&] {
            multi->after(1ms, [this, which, one = std::make_unique<int>(1)](bool) {
                calls[which] += *one;
                is_right[which] = true;
            });
        });
    }
    void finish()
    {
        for (auto const end = clock_type::now() + 10s; multi->poll() != 0 && clock_type::now() < end;)
            multi->wait(10ms);
    }

    void check(torture::report const& is)
    {
        for (std::size_t i = 0; i != count + 1; ++i) {
            CAPTURE(i);
            CHECK(calls[i] == (is_taken[i] ? 1 : 0));
            CHECK((calls[i] == 0 || is_right[i]));
        }
        CHECK((is.number != 0 || !has_thrown));
        if (multi) CHECK(multi->poll() == 0);
    }
    void again()
    {
        if (!multi) multi.emplace(options, limits);
        bool is_there = false;
        (*multi)(post(to.url), [&](answer got) { is_there = is_whole(got); });
        finish();
        CHECK(is_there);
    }

    peer to;
    sidecall::transport_options options;
    sidecall::curl_multi_limits limits{.max_connections = 2};
    std::array<std::optional<sidecall::authorized_request>, count> requests{};
    std::optional<curl_multi_transport> multi{};
    std::array<int, count + 1> calls{};
    std::array<bool, count + 1> is_taken{}, is_right{}, is_answered{};
    bool has_thrown = false;
};

/// Requests until all have completed, with timers.
struct carried : many {
    using many::many;
    void attempt()
    {
        multi.emplace(options, limits);
        for (std::size_t i = 0; i != count; ++i) ask(i, i == 1 ? 4s : 0ms);
        ask_timer(count);
        finish();
    }
    void check(torture::report const& is)
    {
        many::check(is);
        if (is.number == 0)
            for (std::size_t i = 0; i != count; ++i) CHECK(is_answered[i]);
    }
};

/// On an existing transport with a kept connection.
struct carried_on : many {
    explicit carried_on(bool with_tls) : many(with_tls)
    {
        multi.emplace(options, limits);
        again();
    }
    void attempt()
    {
        for (std::size_t i = 0; i != count; ++i) ask(i);
        finish();
    }
};

/// Requests that end with the transport, both queued and in progress.
struct ended : many {
    bool by_hand;

    explicit ended(bool cancels) : by_hand(cancels) {}
    void attempt()
    {
        multi.emplace(options, limits);
        for (std::size_t i = 0; i != count; ++i) ask(i, 4s);
        ask_timer(count);
        multi->poll();
        if (by_hand)
            multi->cancel_all();
        else
            multi.reset();
    }
};

/// A request that times out in the queue.
struct late : many {
    void attempt()
    {
        multi.emplace(options, limits);
        for (std::size_t i = 0; i != count; ++i) ask(i, i % 2 == 0 ? -1ms : 4s);
        finish();
    }
};

} // namespace

TEST_CASE("curl_multi_transport, requests and timers")
{
    for (bool const with_tls : {false, true})
        torture::run([&] { return std::make_unique<carried>(with_tls); }, sources(with_tls));
}

TEST_CASE("curl_multi_transport, request on a kept connection")
{
    torture::run([&] { return std::make_unique<carried_on>(false); });
}

TEST_CASE("curl_multi_transport, cancelled requests and destruction")
{
    for (bool const by_hand : {false, true}) torture::run([&] { return std::make_unique<ended>(by_hand); });
    torture::run([&] { return std::make_unique<late>(); });
}

TEST_CASE("both transports, when TLS runs out of memory")
{
    REQUIRE(faulty_memory::has_openssl());
    for (bool const is_there : {false, true})
        torture::run([&] { return std::make_unique<blocking>(true, is_there); }, faulty_memory::openssl, 1, 11);
    auto const over_one_connection = [] {
        auto scenario = std::make_unique<carried>(true);
        scenario->limits.max_connections = 1;
        return scenario;
    };
    torture::run(over_one_connection, faulty_memory::openssl, 1, 29);
}

namespace {

/// Retries over curl_multi_transport. The handler is called once, or a call throws.
struct retried {
    std::atomic<int> asked = 0;
    loopback::server server{[this](connection& client) {
        while (!client.read_request().empty()) client.write(asked++ == 0 ? busy : created);
    }};
    sidecall::endpoint where = sidecall::endpoint::parse(server.url()).value();
    sidecall::credentials by = who();
    sidecall::create_user_defined_message what{.account_sid = account,
                                               .call_sid = call,
                                               .content = sidecall::message_content::parse("1").value(),
                                               .idempotency_key = sidecall::idempotency_key::parse(long_text).value()};
    curl_multi_transport multi{quick(nullptr)};
    int called = 0;
    bool has_thrown = false, succeeded = false;

    void attempt()
    {
        send_with_retry(
            what, by, multi,
            {.base_delay = sidecall::milliseconds(1), .max_delay = sidecall::milliseconds(1), .max_attempts = 3},
            [this](std::chrono::milliseconds delay, auto next) { multi.after(delay, std::move(next)); },
            [this, one = std::make_unique<int>(1)](sidecall::result<sidecall::user_defined_message> got) {
                called += *one;
                succeeded = got.has_value();
            },
            where);
        finish();
    }
    void finish()
    {
        for (auto const end = clock_type::now() + 10s; clock_type::now() < end; multi.wait(10ms)) {
            try {
                if (multi.poll() == 0) break;
            } catch (std::bad_alloc const&) { // thrown by the operation in the handler
                has_thrown = true;
            }
        }
    }
    void check(torture::report const& is)
    {
        CHECK((called == 1) != (is.has_thrown || has_thrown));
        CHECK(called <= 1);
        CHECK((is.number != 0 || succeeded));
        CHECK(multi.poll() == 0);
    }
    void again()
    {
        called = asked = 0;
        attempt();
        CHECK(called == 1);
        CHECK(succeeded);
    }
};

} // namespace

TEST_CASE("curl_multi_transport, retries")
{
    torture::run([] { return std::make_unique<retried>(); });
}
