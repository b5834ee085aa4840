#pragma once

/// Credentials and endpoint from the `TWILIO_…` environment variables. Needs no other library. It is not part of the
/// core, because the core does no I/O.

#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include <sidecall/credentials.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall {

/// What `read_environment` has read. It can be moved, but not copied, because it contains secrets.
struct environment_settings {
    sidecall::account_sid account_sid;        ///< `TWILIO_ACCOUNT_SID`.
    sidecall::credentials credentials;        ///< Of the API key if one is set, otherwise of the auth token.
    sidecall::endpoint endpoint{};            ///< Twilio, in the edge and region that are set.
    std::optional<secret> signing_token = {}; ///< `TWILIO_AUTH_TOKEN`, if set: verifies webhooks, also with an API key.
};

namespace detail {

struct environment_names {
    static constexpr literal account = "TWILIO_ACCOUNT_SID";
    static constexpr literal token = "TWILIO_AUTH_TOKEN";
    static constexpr literal key = "TWILIO_API_KEY";
    static constexpr literal key_secret = "TWILIO_API_SECRET";
    static constexpr literal edge = "TWILIO_EDGE";
    static constexpr literal region = "TWILIO_REGION";
};

/// Copies a secret. Fails with the name of its variable if a byte is not visible ASCII: the line break at the end of a
/// file is easily copied, and Twilio would reject the credentials without naming the reason.
constexpr result<secret> read_secret(literal name, text_view value)
{
    for (std::size_t i = 0; i != value.size(); ++i)
        if (value[i] < '!' || value[i] > '~')
            return failure(errc::invalid_argument, name,
                           "a space, a line break or another byte that is not visible ASCII", i);
    return secret(value);
}

constexpr result<endpoint> read_endpoint(text_view edge, text_view region)
{
    if (edge.empty() && region.empty()) return endpoint();
    auto read = edge.empty()     ? endpoint::region(region)
                : region.empty() ? endpoint::edge(edge)
                                 : endpoint::edge(edge, region);
    if (read) return read;
    failure reason = std::move(read).error();
    auto const& variable = reason.field() == "edge" ? environment_names::edge : environment_names::region;
    return std::move(reason).in(variable);
}

/// `std::getenv`, which is not in a header of the core.
struct process_environment {
    char const* operator()(char const* name) const noexcept { return std::getenv(name); }
};

} // namespace detail

/// Reads credentials and endpoint from the environment variables that Twilio's own tools read:
///
/// | variable | meaning |
/// |---|---|
/// | `TWILIO_ACCOUNT_SID` | required: the account |
/// | `TWILIO_API_KEY`, `TWILIO_API_SECRET` | an API key, used for requests if set |
/// | `TWILIO_AUTH_TOKEN` | used for requests if there is no API key; also verifies webhooks |
/// | `TWILIO_EDGE`, `TWILIO_REGION` | optional: where Twilio processes the requests; an edge without a region implies us1 |
///
/// Source: account, auth token, edge and region as in twilio-python 9 (`client_base.py`) and twilio-node 5 and 6
/// (`BaseTwilio.ts`), which read no API key; the API key, and that it is preferred, as in Twilio's CLI (`config.js` of
/// twilio-cli-core). A variable that is empty counts as not set. One difference: half of an API key is a failure, where
/// the CLI uses the auth token without a word.
///
/// Fails with `invalid_argument`. `field()` names the variable that is missing or wrong, `message()` the rule, and
/// `offset()` the wrong byte. The failure never contains a value. Allocates only for a secret that is longer than usual
/// (see `secret` and `credentials`).
///
/// @code
/// auto const settings = sidecall::read_environment();
/// if (!settings) return settings.error(); // "invalid_argument: TWILIO_AUTH_TOKEN: not set, …"
/// return sidecall::send(operation, settings->credentials, transport, settings->endpoint);
/// @endcode
///
/// `lookup(char const* name)` returns the value of a variable: a `char const*`, which may be null, or a
/// `std::string_view`. So a test needs no `setenv`, and a program can let its options take precedence:
///
/// @code
/// auto settings = sidecall::read_environment([&](char const* name) -> char const* {
///     if (name == std::string_view("TWILIO_REGION") && !region.empty()) return region.c_str();
///     return std::getenv(name);
/// });
/// @endcode
template <class Lookup>
    requires requires(Lookup& lookup) { text_view(lookup("")); }
constexpr result<environment_settings> read_environment(Lookup&& lookup)
{
    using names = detail::environment_names;
    auto const value_of = [&lookup](detail::literal name) { return lookup(name.view().data()); };
    // By value, in case the lookup returns a string. Such a copy of a secret is not wiped.
    auto const account_value = value_of(names::account), token_value = value_of(names::token),
               key_value = value_of(names::key), key_secret_value = value_of(names::key_secret),
               edge_value = value_of(names::edge), region_value = value_of(names::region);
    text_view const account(account_value), token(token_value), key(key_value), key_secret(key_secret_value);
    auto const missing = [](detail::literal name, detail::literal rule) {
        return failure(errc::invalid_argument, name, rule);
    };

    if (key.empty() && !key_secret.empty()) return missing(names::key, "not set, but TWILIO_API_SECRET is");
    if (!key.empty() && key_secret.empty()) return missing(names::key_secret, "not set, but TWILIO_API_KEY is");
    if (account.empty() && !token.empty()) return missing(names::account, "not set, but TWILIO_AUTH_TOKEN is");
    if (account.empty() && !key.empty()) return missing(names::account, "not set, but TWILIO_API_KEY is");
    if (account.empty()) return missing(names::account, "not set");
    if (token.empty() && key.empty())
        return missing(names::token, "not set, and no TWILIO_API_KEY and TWILIO_API_SECRET either");

    auto const sid = sidecall::account_sid::parse(account);
    if (!sid) return failure(sid.error()).in(names::account);
    auto server = detail::read_endpoint(edge_value, region_value);
    if (!server) return server.error();
    auto signing_token = detail::read_secret(names::token, token);
    if (!signing_token) return signing_token.error();
    if (key.empty())
        return environment_settings{*sid, credentials::auth_token(*sid, *signing_token), *server,
                                    *std::move(signing_token)};

    auto const key_sid = api_key_sid::parse(key);
    if (!key_sid) return failure(key_sid.error()).in(names::key);
    auto const password = detail::read_secret(names::key_secret, key_secret);
    if (!password) return password.error();
    environment_settings settings{*sid, credentials::api_key(*key_sid, *password), *server};
    if (!token.empty()) settings.signing_token = *std::move(signing_token);
    return settings;
}

/// Reads the variables of this process. The rules of `std::getenv` apply: no other thread may change the environment
/// meanwhile.
inline result<environment_settings> read_environment()
{
    return read_environment(detail::process_environment());
}

/// Reads only `TWILIO_AUTH_TOKEN`, for a program that receives webhooks and sends no requests. Fails with
/// `invalid_argument` in `"TWILIO_AUTH_TOKEN"` if it is not set or empty, or has a byte that is not visible ASCII.
/// Allocates if the token is longer than 104 bytes.
///
/// @code
/// auto const token = sidecall::read_signing_token();
/// if (!token) return token.error();
/// sidecall::webhook_verifier const verifier(*token);
/// @endcode
template <class Lookup>
    requires requires(Lookup& lookup) { text_view(lookup("")); }
constexpr result<secret> read_signing_token(Lookup&& lookup)
{
    auto const value = lookup(detail::environment_names::token.view().data());
    auto token = detail::read_secret(detail::environment_names::token, value);
    if (token && token->empty()) return failure(errc::invalid_argument, detail::environment_names::token, "not set");
    return token;
}

/// Reads the token from the environment of this process.
inline result<secret> read_signing_token()
{
    return read_signing_token(detail::process_environment());
}

} // namespace sidecall
