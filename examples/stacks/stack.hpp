#pragma once

// What the programs in this folder share: what they are asked to do, and how they tell what came of it. None of it is
// about the stack that they are an example of.

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <string>

#include <sidecall/sidecall.hpp>

/// The most that a request may take, and the most bytes that an answer may have.
inline constexpr std::chrono::seconds time_limit{10};
inline constexpr std::size_t answer_limit = std::size_t{1} << 20;

/// To subscribe to the messages of a call: what, as whom, and where.
struct job {
    sidecall::create_user_defined_message_subscription subscription;
    sidecall::credentials who;
    sidecall::endpoint where;
};

/// The job that the arguments and the environment name.
inline sidecall::result<job> read_job(int count, char const* const* arguments)
{
    char const* const account_text = std::getenv("TWILIO_ACCOUNT_SID");
    char const* const token = std::getenv("TWILIO_AUTH_TOKEN");
    if ((count != 3 && count != 4) || !account_text || !token)
        return sidecall::failure(
            sidecall::errc::invalid_argument,
            "call it with CALL_SID CALLBACK [https://host[:port]], and with TWILIO_ACCOUNT_SID and "
            "TWILIO_AUTH_TOKEN set");
    auto const account = sidecall::account_sid::parse(account_text);
    if (!account) return account.error();
    auto const call = sidecall::call_sid::parse(arguments[1]);
    if (!call) return call.error();
    auto const callback = sidecall::callback_url::parse(arguments[2]);
    if (!callback) return callback.error();
    auto const where = count == 4 ? sidecall::endpoint::parse(arguments[3]) : sidecall::endpoint();
    if (!where) return where.error();
    return job{{.account_sid = *account,
                .call_sid = *call,
                .callback = *callback,
                .idempotency_key = sidecall::idempotency_key::random()},
               sidecall::credentials::auth_token(*account, sidecall::secret(token)),
               *where};
}

/// Prints the SID of the subscription, or why there is none. Gives the program's exit status: 2 if it was called
/// wrongly.
inline int tell(sidecall::result<sidecall::user_defined_message_subscription> const& made)
{
    if (made) {
        std::cout << made->sid.view() << std::endl;
        return 0;
    }
    std::cerr << made.error().to_string() << std::endl;
    return made.error().code() == sidecall::errc::invalid_argument ? 2 : 1;
}
