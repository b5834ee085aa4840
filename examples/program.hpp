#pragma once

// Shared by the example programs: how they read their arguments and how they exit.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <sidecall/credentials.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/environment.hpp>
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

/// Ends the program if standard output has failed.
inline void check_output()
{
    if (!std::cout) throw stop{"cannot write to standard output", 1};
}

using json_object = nlohmann::ordered_json;

/// Where a program prints. With --json, standard output has one JSON object a line and nothing else.
struct output {
    bool json = false;

    void add_to(CLI::App& app)
    {
        app.add_flag("--json", json,
                     "print one JSON object a line on standard output, and other text on standard error");
    }

    /// The stream for text that is not a result.
    std::ostream& text() const { return json ? std::cerr : std::cout; }

    /// Prints a result: this line or, with --json, this object. The JSON is ASCII; a byte that is not UTF-8 becomes
    /// U+FFFD.
    void print(std::string line, json_object const& object) const
    {
        if (json) line = object.dump(-1, ' ', true, json_object::error_handler_t::replace);
        line += '\n';
        std::cout << line << std::flush; // at once, so that no other thread prints in the middle of it
    }
};

/// The members that describe a failure in the output of --json.
inline json_object json_of(sidecall::failure const& reason)
{
    json_object object{{"error", to_string_view(reason.code())}, {"reason", reason.to_string()}};
    if (auto const status = reason.http_status()) object["http_status"] = *status;
    if (auto const code = reason.twilio_code()) object["twilio_code"] = *code;
    if (!reason.request_id().empty()) object["request_id"] = reason.request_id();
    return object;
}

/// The exit statuses of a program, for the end of its --help: pairs of a status and its meaning.
inline std::string exit_statuses(std::initializer_list<std::pair<char const*, char const*>> statuses)
{
    std::string text = "Exit status:";
    for (auto const& [status, meaning] : statuses) {
        std::string column = status;
        column.resize(std::max<std::size_t>(column.size(), 5), ' ');
        text.append("\n  ").append(column).append(meaning);
    }
    return text;
}

/// The command-line options that select the server. They take precedence over the TWILIO_ environment variables.
struct server_arguments {
    std::string edge;
    std::string region;
    std::string endpoint;
    bool standin = false;

    void add_to(CLI::App& app)
    {
        app.add_option("--edge", edge, "Twilio edge, for example dublin; default: TWILIO_EDGE");
        app.add_option("--region", region, "Twilio region, for example ie1; default: TWILIO_REGION");
        app.add_option("--endpoint", endpoint, "another server: https://host[:port], or http:// for a loopback host");
    }

    /// For a program that contains a stand-in for Twilio.
    void add_standin_to(CLI::App& app)
    {
        app.add_flag("--standin", standin, "use a stand-in for Twilio inside this process, for a trial");
    }

    bool empty() const { return edge.empty() && region.empty() && endpoint.empty(); }

    /// The account, its credentials and the server, from the environment and these options. A failure ends the program.
    sidecall::environment_settings read() const
    {
        if (!endpoint.empty() && (!edge.empty() || !region.empty()))
            throw stop{"--endpoint cannot be combined with --edge or --region", wrong_usage};
        // Checked first, so that a failure does not name the variable.
        if (!edge.empty()) static_cast<void>(value_or_stop(sidecall::endpoint::edge(edge)));
        if (!region.empty()) static_cast<void>(value_or_stop(sidecall::endpoint::region(region)));
        auto settings = value_or_stop(sidecall::read_environment([this](char const* name) -> char const* {
            std::string_view const variable = name;
            bool const is_edge = variable == "TWILIO_EDGE", is_region = variable == "TWILIO_REGION";
            if ((is_edge || is_region) && !endpoint.empty()) return nullptr;
            if (is_edge && !edge.empty()) return edge.c_str();
            if (is_region && !region.empty()) return region.c_str();
            return std::getenv(name);
        }));
        if (!endpoint.empty()) settings.endpoint = value_or_stop(sidecall::endpoint::parse(endpoint));
        return settings;
    }
};

/// Whether any variable is set that `read_environment` reads.
inline bool any_twilio_variable()
{
    for (char const* name : {"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET",
                             "TWILIO_EDGE", "TWILIO_REGION"})
        if (!environment(name).empty()) return true;
    return false;
}

/// The settings of a program that contains a stand-in. With --standin, starts the stand-in and returns its settings.
/// Otherwise reads the environment: a program that has lost its environment must fail, not succeed with a stand-in.
/// Only the main example falls back to the stand-in: if nothing at all says which server to use.
template <class Standin>
sidecall::environment_settings settings_or_standin(server_arguments const& server, std::optional<Standin>& standin,
                                                   bool is_main_example = false)
{
    bool const nothing_set = !any_twilio_variable() && server.empty();
    if (!server.standin && nothing_set && !is_main_example)
        throw stop{"TWILIO_ACCOUNT_SID is not set, nor is any other TWILIO_ variable; --standin tries the program "
                   "without Twilio",
                   wrong_usage};
    if (!server.standin && !nothing_set) return server.read();
    if (!server.empty()) throw stop{"--standin cannot be combined with --endpoint, --edge or --region", wrong_usage};
    standin.emplace();
    sidecall::secret token(standin->auth_token());
    auto const account = value_or_stop(sidecall::account_sid::parse(standin->account_sid()));
    return {account, sidecall::credentials::auth_token(account, token),
            value_or_stop(sidecall::endpoint::parse(standin->base_url())), std::move(token)};
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
        check_output();
        return 0;
    } catch (CLI::ParseError const& mistake) {
        if (mistake.get_exit_code() == 0) return app.exit(mistake); // --help
        return fail(mistake.what(), wrong_usage);
    } catch (stop const& end) {
        return fail(end.reason, end.status);
    } catch (std::exception const& error) {
        return fail(error.what(), 1);
    }
}
