#pragma once

// Shared by the example programs: how they read their arguments and how they exit.

#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include <sidecall/credentials.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/printable.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>

/// Thrown to end the program. `reason` is one line for standard error; `status` is the exit status.
struct stop {
    std::string reason;
    int status;
};

/// The exit status for wrong arguments or wrong environment variables.
inline constexpr int wrong_usage = 2;

/// Ends the program with the text of a failure. An `invalid_argument` counts as wrong usage.
[[noreturn]] inline void stop_with(sidecall::failure const& reason)
{
    throw stop{reason.to_string(), reason.code() == sidecall::errc::invalid_argument ? wrong_usage : 1};
}

/// The value of a result; a failure ends the program.
template <class T>
T value_or_stop(sidecall::result<T> parsed)
{
    if (!parsed) stop_with(parsed.error());
    return *std::move(parsed);
}

/// The value of an environment variable, or an empty string if it is not set.
inline std::string environment(char const* name)
{
    char const* const value = std::getenv(name);
    return value ? value : "";
}

using sidecall::printable; // makes text from outside safe for a terminal

/// The account that a program uses, and its auth token.
struct identity {
    sidecall::account_sid account;
    std::string token;

    sidecall::credentials credentials() const
    {
        return sidecall::credentials::auth_token(account, sidecall::secret(token));
    }
};

/// The identity from TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or nothing if neither is set. Pass `needs_token = false`
/// if the program sends no request.
inline std::optional<identity> identity_from_environment(bool needs_token = true)
{
    std::string const account_text = environment("TWILIO_ACCOUNT_SID");
    std::string token = environment("TWILIO_AUTH_TOKEN");
    if (account_text.empty() && token.empty()) return std::nullopt;
    if (account_text.empty()) throw stop{"TWILIO_AUTH_TOKEN is set, but TWILIO_ACCOUNT_SID is not", wrong_usage};
    if (token.empty() && needs_token)
        throw stop{"TWILIO_ACCOUNT_SID is set, but TWILIO_AUTH_TOKEN is not", wrong_usage};
    if (token.find_first_of(" \t\r\n") != token.npos)
        throw stop{"TWILIO_AUTH_TOKEN contains whitespace or a line break; an auth token has none", wrong_usage};
    auto const account = sidecall::account_sid::parse(account_text);
    if (!account) throw stop{"TWILIO_ACCOUNT_SID: " + account.error().to_string(), wrong_usage};
    return identity{*account, std::move(token)};
}

/// The identity from the environment; ends the program if there is none.
inline identity identity_or_stop()
{
    auto user = identity_from_environment();
    if (!user) throw stop{"TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set", wrong_usage};
    return *std::move(user);
}

/// The command-line options that select the server.
struct server_arguments {
    std::string edge;
    std::string region;
    std::string endpoint;

    void add_to(CLI::App& app)
    {
        app.add_option("--edge", edge, "Twilio edge, for example dublin; default: TWILIO_EDGE");
        app.add_option("--region", region, "Twilio region, for example ie1; default: TWILIO_REGION");
        app.add_option("--endpoint", endpoint, "another server: https://host[:port], or http:// for a loopback host");
    }

    bool empty() const { return edge.empty() && region.empty() && endpoint.empty(); }

    /// The server from the options, else from TWILIO_EDGE and TWILIO_REGION, else Twilio's default server.
    sidecall::endpoint parse() const
    {
        if (!endpoint.empty()) {
            if (!edge.empty() || !region.empty())
                throw stop{"--endpoint cannot be combined with --edge or --region", wrong_usage};
            return value_or_stop(sidecall::endpoint::parse(endpoint));
        }
        std::string const edge_name = edge.empty() ? environment("TWILIO_EDGE") : edge;
        std::string const region_name = region.empty() ? environment("TWILIO_REGION") : region;
        if (!edge_name.empty())
            return value_or_stop(region_name.empty() ? sidecall::endpoint::edge(edge_name)
                                                     : sidecall::endpoint::edge(edge_name, region_name));
        if (!region_name.empty()) return value_or_stop(sidecall::endpoint::region(region_name));
        return {};
    }
};

/// Starts a stand-in for a program without an identity, and returns the stand-in's identity. Sets `server.endpoint` to
/// the stand-in.
template <class Standin>
identity start_standin(std::optional<Standin>& standin, server_arguments& server)
{
    if (!server.empty())
        throw stop{"--endpoint, --edge and --region require TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN to be set",
                   wrong_usage};
    standin.emplace();
    server.endpoint = standin->base_url();
    return {value_or_stop(sidecall::account_sid::parse(standin->account_sid())), standin->auth_token()};
}

/// Parses the arguments, calls `run`, and returns the exit status. `run` may throw.
template <class Run>
int run_program(CLI::App& app, int argc, char** argv, Run run)
{
    auto const fail = [&](std::string const& reason, int status) {
        std::cerr << app.get_name() << ": " << reason << '\n';
        return status;
    };
    try {
        app.parse(argc, argv);
        for (auto const* option : app.get_options())
            if (option->count() != 0 && option->get_expected_min() != 0 && option->as<std::string>().empty())
                throw stop{option->get_name() + " is empty", wrong_usage};
        run();
        std::cout.flush();
        return std::cout ? 0 : fail("cannot write to standard output", 1);
    } catch (CLI::ParseError const& mistake) {
        if (mistake.get_exit_code() == 0) return app.exit(mistake); // --help
        return fail(mistake.what(), wrong_usage);
    } catch (stop const& end) {
        return fail(end.reason, end.status);
    } catch (std::exception const& error) {
        return fail(error.what(), 1);
    }
}
