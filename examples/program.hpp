#pragma once

// What the example programs share: how they read their arguments and how they end.

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include <sidecall/result.hpp>

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
