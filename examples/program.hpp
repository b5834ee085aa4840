#pragma once

// What the example programs share: how they read their arguments and how they end.

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
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>

/// Thrown to end the program: one line for standard error, and the exit status.
struct stop {
    std::string reason;
    int status;
};

/// The exit status for a mistake of the person who called the program.
inline constexpr int wrong_usage = 2;

[[noreturn]] inline void give_up(sidecall::failure const& reason)
{
    throw stop{reason.to_string(), reason.code() == sidecall::errc::invalid_argument ? wrong_usage : 1};
}

template <class T>
T value_or_stop(sidecall::result<T> parsed)
{
    if (!parsed) give_up(parsed.error());
    return *std::move(parsed);
}

/// The value of a variable, empty if it is not set.
inline std::string environment(char const* name)
{
    char const* const value = std::getenv(name);
    return value ? value : "";
}

/// A foreign text for the terminal: what could forge a line or steer the terminal becomes a blank.
inline std::string printable(std::string_view text)
{
    std::string shown;
    sidecall::detail::append_printable(shown, text);
    return shown;
}

/// As whom a program asks: the account and its token.
struct identity {
    sidecall::account_sid account;
    std::string token;

    sidecall::credentials credentials() const
    {
        return sidecall::credentials::auth_token(account, sidecall::secret(token));
    }
};

/// The identity that TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN name; nothing if neither is set. A program that sends
/// nothing needs no token.
inline std::optional<identity> identity_of_environment(bool needs_token = true)
{
    std::string const account_text = environment("TWILIO_ACCOUNT_SID");
    std::string token = environment("TWILIO_AUTH_TOKEN");
    if (account_text.empty() && token.empty()) return std::nullopt;
    if (account_text.empty()) throw stop{"TWILIO_AUTH_TOKEN is set, but TWILIO_ACCOUNT_SID is not", wrong_usage};
    if (token.empty() && needs_token)
        throw stop{"TWILIO_ACCOUNT_SID is set, but TWILIO_AUTH_TOKEN is not", wrong_usage};
    if (token.find_first_of(" \t\r\n") != token.npos)
        throw stop{"TWILIO_AUTH_TOKEN holds a blank or a line break, which no token does", wrong_usage};
    auto const account = sidecall::account_sid::parse(account_text);
    if (!account) throw stop{"TWILIO_ACCOUNT_SID: " + account.error().to_string(), wrong_usage};
    return identity{*account, std::move(token)};
}

/// The same for a program that can do nothing without one.
inline identity identity_or_stop()
{
    auto who = identity_of_environment();
    if (!who) throw stop{"TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set", wrong_usage};
    return *std::move(who);
}

/// Which server a program asks, by its arguments.
struct server_arguments {
    std::string edge;
    std::string region;
    std::string endpoint;

    void add_to(CLI::App& app)
    {
        app.add_option("--edge", edge, "Twilio's edge, dublin say; default: TWILIO_EDGE");
        app.add_option("--region", region, "Twilio's region, ie1 say; default: TWILIO_REGION");
        app.add_option("--endpoint", endpoint, "another server: https://host[:port], or http:// on the loopback");
    }

    bool empty() const { return edge.empty() && region.empty() && endpoint.empty(); }

    /// The one that they name, or the variables do; else Twilio.
    sidecall::endpoint parse() const
    {
        if (!endpoint.empty()) {
            if (!edge.empty() || !region.empty())
                throw stop{"--endpoint names the whole server: it goes with neither --edge nor --region", wrong_usage};
            return value_or_stop(sidecall::endpoint::parse(endpoint));
        }
        std::string const from = edge.empty() ? environment("TWILIO_EDGE") : edge;
        std::string const in = region.empty() ? environment("TWILIO_REGION") : region;
        if (!from.empty())
            return value_or_stop(in.empty() ? sidecall::endpoint::edge(from) : sidecall::endpoint::edge(from, in));
        if (!in.empty()) return value_or_stop(sidecall::endpoint::region(in));
        return {};
    }
};

/// Begins a stand-in, for a program without an identity: who asks it. The arguments name it from now on.
template <class Standin>
identity identity_at(std::optional<Standin>& standin, server_arguments& server)
{
    if (!server.empty())
        throw stop{"--endpoint, --edge and --region need TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN to be set",
                   wrong_usage};
    standin.emplace();
    server.endpoint = standin->base_url();
    return {value_or_stop(sidecall::account_sid::parse(standin->account_sid())), standin->auth_token()};
}

/// Reads the arguments and runs the program; gives its exit status. `run` may throw.
template <class Run>
int run_program(CLI::App& app, int argc, char** argv, Run run)
{
    auto const complain = [&](std::string const& reason, int status) {
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
        return std::cout ? 0 : complain("standard output cannot be written", 1);
    } catch (CLI::ParseError const& mistake) {
        if (mistake.get_exit_code() == 0) return app.exit(mistake); // --help
        return complain(mistake.what(), wrong_usage);
    } catch (stop const& end) {
        return complain(end.reason, end.status);
    } catch (std::exception const& error) {
        return complain(error.what(), 1);
    }
}
