// Tests retries through each adapter against a misbehaving stand-in: what must not be done twice is done once.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "loopback_server.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/httplib.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/standin.hpp>

namespace resilience_test {

using namespace std::chrono_literals;
using namespace sidecall::literals;
using sidecall::standin_fault;
using sidecall::twilio_standin;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;

sidecall::credentials some_credentials()
{
    return sidecall::credentials::auth_token(account, sidecall::secret("stand-in-auth-token"));
}

sidecall::create_user_defined_message_subscription subscription(bool with_key)
{
    return {.account_sid = account,
            .call_sid = call,
            .callback = "https://example.com/udm"_callback_url,
            .idempotency_key = with_key ? std::optional(sidecall::idempotency_key::random()) : std::nullopt};
}
sidecall::create_user_defined_message message(bool with_key)
{
    return {.account_sid = account,
            .call_sid = call,
            .content = *sidecall::message_content::parse("{}"),
            .idempotency_key = with_key ? std::optional(sidecall::idempotency_key::random()) : std::nullopt};
}

/// Runs one operation, with its retries, over a blocking transport.
template <class Transport>
struct blocking {
    template <class Operation>
    static auto send(Operation const& what, std::string const& url, sidecall::retry_policy const& policy,
                     sidecall::transport_options const& options)
    {
        return send_with_retry(
            what, some_credentials(), Transport(options), policy,
            [](std::chrono::milliseconds delay) { std::this_thread::sleep_for(delay); },
            *sidecall::endpoint::parse(url));
    }
};

/// The same with the callback interface.
struct by_callback {
    template <class Operation>
    static auto send(Operation const& what, std::string const& url, sidecall::retry_policy const& policy,
                     sidecall::transport_options const& options)
    {
        sidecall::curl_multi_transport transport(options);
        std::optional<sidecall::result<typename Operation::resource>> outcome;
        send_with_retry(
            what, some_credentials(), transport, policy,
            [&](std::chrono::milliseconds delay, auto next) { transport.after(delay, std::move(next)); },
            [&](auto made) {
                REQUIRE(!outcome);
                outcome = std::move(made);
            },
            *sidecall::endpoint::parse(url));
        while (transport.poll() != 0) transport.wait(100ms);
        REQUIRE(outcome);
        return *std::move(outcome);
    }
};

#define ADAPTERS blocking<sidecall::curl_transport>, blocking<sidecall::httplib_transport>, by_callback

bool is_429(standin_fault fault)
{
    return fault == standin_fault::too_many_requests || fault == standin_fault::too_many_requests_for_seconds ||
           fault == standin_fault::too_many_requests_until_date;
}

std::size_t effects(twilio_standin const& twilio)
{
    return twilio.subscriptions().size() + twilio.client_received(std::string(call.view())).size();
}
std::size_t faults(twilio_standin const& twilio)
{
    std::size_t sum = 0;
    for (auto const& [fault, count] : twilio.faults_committed()) sum += count;
    return sum;
}

sidecall::standin_options misbehaving()
{
    return {.account_sid = std::string(account.view()),
            .faults = sidecall::standin_faults{.stall = 2s, .slow_accept = 10ms, .retry_after = 1}};
}

sidecall::retry_policy const twice{.base_delay = 2ms, .max_delay = 10ms, .deadline = 30s, .max_attempts = 2};
sidecall::retry_policy const often{.base_delay = 2ms, .max_delay = 10ms, .deadline = 30s, .max_attempts = 0};
sidecall::transport_options const impatient{.connect_timeout = 5s, .total_timeout = 1s};

/// The failure as text; empty for a success.
template <class T>
std::string reason_of(sidecall::result<T> const& made)
{
    return made ? std::string() : made.error().to_string();
}

TEST_CASE_TEMPLATE("without a key, nothing is sent again once a byte may have arrived, whatever the fault", Adapter,
                   ADAPTERS)
{
    for (standin_fault const fault : sidecall::standin_all_faults)
        for (bool const subscribes : {true, false}) {
            std::string const name(to_string_view(fault));
            CAPTURE(name);
            CAPTURE(subscribes);
            twilio_standin twilio(misbehaving());
            twilio.inject_next(fault, 100);
            auto const reason = [&]() -> std::optional<sidecall::failure> {
                auto const outcome_of = [](auto const& made) {
                    return made ? std::nullopt : std::optional(made.error());
                };
                if (subscribes)
                    return outcome_of(Adapter::send(subscription(false), twilio.base_url(), twice, impatient));
                return outcome_of(Adapter::send(message(false), twilio.base_url(), twice, impatient));
            }();
            CHECK(effects(twilio) <= 1);
            if (is_429(fault)) {
                CHECK(faults(twilio) == 2); // rejected before processing, so retried up to the limit
                CHECK(effects(twilio) == 0);
            } else if (fault != standin_fault::slow_accept) {
                CHECK(faults(twilio) == 1);
            }
            // The final failure must not rule out an effect that happened.
            if (reason && effects(twilio) != 0) CHECK(may_have_taken_effect(*reason));
        }
}

TEST_CASE_TEMPLATE("with a key, every fault is overcome, and the operation takes effect once", Adapter, ADAPTERS)
{
    for (standin_fault const fault : sidecall::standin_all_faults)
        for (bool const subscribes : {true, false}) {
            std::string const name(to_string_view(fault));
            CAPTURE(name);
            CAPTURE(subscribes);
            twilio_standin twilio(misbehaving());
            twilio.inject_next(fault, 1);
            if (subscribes) {
                auto const made = Adapter::send(subscription(true), twilio.base_url(), often, impatient);
                REQUIRE(reason_of(made) == "");
                REQUIRE(effects(twilio) == 1);
                CHECK(made->sid.view() == twilio.subscriptions().front().sid);
            } else {
                CHECK(reason_of(Adapter::send(message(true), twilio.base_url(), often, impatient)) == "");
                CHECK(effects(twilio) == 1);
            }
        }
}

TEST_CASE_TEMPLATE("a deletion that meets a fault still succeeds", Adapter, ADAPTERS)
{
    for (standin_fault const fault : sidecall::standin_all_faults) {
        std::string const name(to_string_view(fault));
        CAPTURE(name);
        twilio_standin twilio(misbehaving());
        auto const made = Adapter::send(subscription(true), twilio.base_url(), often, impatient);
        REQUIRE(reason_of(made) == "");
        twilio.inject_next(fault, 1);
        sidecall::delete_user_defined_message_subscription const deletion{account, call, made->sid};
        CHECK(reason_of(Adapter::send(deletion, twilio.base_url(), often, impatient)) == "");
        CHECK(twilio.subscriptions().empty());
        CHECK(Adapter::send(deletion, twilio.base_url(), often, impatient).error().http_status() == 404);
    }
}

TEST_CASE_TEMPLATE("with a silent or unreachable server, it stops by the deadline", Adapter, ADAPTERS)
{
    loopback::server const silent(loopback::stall);
    loopback::full_listener const unreachable;
    for (int const port : {silent.port(), unreachable.port()}) {
        auto const start = std::chrono::steady_clock::now();
        auto const made =
            Adapter::send(subscription(true), "http://127.0.0.1:" + std::to_string(port),
                          {.deadline = 1500ms, .max_attempts = 0}, {}); // its own timeouts are 10 and 30 seconds
        CHECK(std::chrono::steady_clock::now() - start < 4s);           // tolerates slow machines
        CHECK(made.error().code() ==
              (port == silent.port() ? sidecall::errc::timed_out : sidecall::errc::not_connected));
    }
}

} // namespace resilience_test
