#pragma once

// Shared by the programs in this folder: reads the arguments and prints the result. Nothing here depends on the HTTP
// stack.

#include <chrono>
#include <cstddef>
#include <iostream>
#include <string>
#include <utility>

#include <sidecall/environment.hpp>
#include <sidecall/sidecall.hpp>

/// The time limit for a request, and the size limit for a response in bytes.
inline constexpr std::chrono::seconds time_limit{10};
inline constexpr std::size_t response_limit = std::size_t{1} << 20;

/// A subscription to create: the operation, the credentials and the server.
struct job {
    sidecall::create_user_defined_message_subscription subscription;
    sidecall::credentials credentials;
    sidecall::endpoint endpoint;
};

/// Reads a job from the arguments and from the environment. The idempotency key is a random UUID.
inline sidecall::result<job> read_job(int count, char const* const* arguments)
{
    if (count != 3 && count != 4)
        return sidecall::failure(
            sidecall::errc::invalid_argument,
            "usage: CALL_SID CALLBACK [https://host[:port]], with TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN set; "
            "examples/run also takes --standin");
    auto settings = sidecall::read_environment();
    if (!settings) return settings.error();
    auto const call = sidecall::call_sid::parse(arguments[1]);
    if (!call) return call.error();
    auto const callback = sidecall::callback_url::parse(arguments[2]);
    if (!callback) return callback.error();
    auto const endpoint = count == 4 ? sidecall::endpoint::parse(arguments[3]) : settings->endpoint;
    if (!endpoint) return endpoint.error();
    return job{{.account_sid = settings->account_sid,
                .call_sid = *call,
                .callback = *callback,
                .idempotency_key = sidecall::idempotency_key::random()},
               std::move(settings->credentials),
               *endpoint};
}

/// Prints the SID of the subscription, or the failure. Returns the exit status: 0, 2 for an invalid argument, 1 for any
/// other failure.
inline int print_result(sidecall::result<sidecall::user_defined_message_subscription> const& subscription)
{
    if (subscription) {
        std::cout << subscription->sid.view() << std::endl;
        return 0;
    }
    std::cerr << subscription.error().to_string() << std::endl;
    return subscription.error().code() == sidecall::errc::invalid_argument ? 2 : 1;
}
