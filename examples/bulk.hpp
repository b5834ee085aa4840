#pragma once

// Shared by the examples that send a request for each line of a file: reads the file, sends many requests at a time,
// and shows the progress.

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "program.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/environment.hpp>
#include <sidecall/retry.hpp>

/// The exit status after Ctrl-C: 128 + SIGINT.
inline constexpr int interrupted_status = 130;

/// Set by Ctrl-C while `send_in_bulk` runs.
inline std::sig_atomic_t volatile interrupted = 0;

/// The command-line options of such a program.
struct bulk_arguments {
    server_arguments server;
    output out;
    std::size_t connections = 8;
    std::size_t in_flight = 1000;
    double deadline = 3600; // seconds

    /// `success` is the meaning of exit status 0.
    void add_to(CLI::App& app, char const* success)
    {
        server.add_to(app);
        app.add_option("--connections", connections, "maximum number of connections")
            ->check(CLI::Range(1, 1000))
            ->capture_default_str();
        app.add_option("--in-flight", in_flight, "maximum number of requests in flight")
            ->check(CLI::Range(1, 100'000))
            ->capture_default_str();
        app.add_option("--deadline", deadline, "stop after this many seconds, even if calls are left")
            ->check(CLI::Range(0.001, 1e6))
            ->capture_default_str();
        out.add_to(app);
        app.footer(
            exit_statuses({{"0", success},
                           {"1", "some failed, the deadline has passed, the credentials were rejected, or it cannot\n"
                                 "       write to standard output"},
                           {"2", "wrong arguments or environment variables; nothing was sent"},
                           {"130", "ended by Ctrl-C; the same command continues"}}));
    }
};

/// Calls `take(line, number, place)` for each line of a file, or of standard input if the name is "-". Skips empty
/// lines and lines that begin with '#'. `place` begins a message about the line: the file and the number.
template <class Take>
void read_lines(std::string const& file, Take take)
{
    std::ifstream input_file;
    if (file != "-") {
        input_file.open(file);
        if (!input_file) throw stop{"cannot read " + file, wrong_usage};
    }
    std::istream& in = file == "-" ? std::cin : input_file;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (!line.empty() && line.front() != '#') take(line, number, file + ":" + std::to_string(number) + ": ");
    }
    if (in.bad()) throw stop{"cannot read " + file, wrong_usage};
}

/// Counts what is done. If standard error is a terminal, shows a progress line there and updates it in place.
class bulk_progress {
public:
    explicit bulk_progress(std::size_t all) : all_(all), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

    void count(bool success) { ++(success ? succeeded_ : failed_); }
    void retry() { ++retried_; }

    std::size_t failed() const { return failed_; }
    std::size_t left() const { return all_ - succeeded_ - failed_; }

    /// Updates the progress line, at most five times a second. `limit` is the current limit for parallel requests.
    void show(std::size_t limit)
    {
        auto const now = clock::now();
        if (!is_terminal_ || now < next_update_) return;
        next_update_ = now + std::chrono::milliseconds(200);
        double const seconds = std::chrono::duration<double>(now - start_).count();
        auto const done = all_ - left();
        double const rate = static_cast<double>(done) / seconds;
        std::cerr << "\r\033[K" << done << " of " << all_ << ", " << static_cast<long>(rate) << " a second, "
                  << retried_ << " retries, " << failed_ << " failed, at most " << limit << " at a time";
        if (done != 0) std::cerr << ", " << static_cast<long>(static_cast<double>(left()) / rate) + 1 << " s left";
        std::cerr << std::flush;
    }

    /// Clears the progress line.
    void hide()
    {
        if (is_terminal_ && next_update_ != clock::time_point{}) std::cerr << "\r\033[K" << std::flush;
    }

    /// For example "9 subscribed, 1 failed, 0 left, 2 retries".
    std::string summary(std::string const& done) const
    {
        return std::to_string(succeeded_) + " " + done + ", " + std::to_string(failed_) + " failed, " +
               std::to_string(left()) + " left, " + std::to_string(retried_) + " retries";
    }

private:
    using clock = std::chrono::steady_clock;

    std::size_t all_;
    std::size_t succeeded_ = 0;
    std::size_t failed_ = 0;
    std::size_t retried_ = 0;
    bool is_terminal_;
    clock::time_point start_ = clock::now();
    clock::time_point next_update_{};
};

/// Sends the operation `operation_of(item)` for each item, with retries. Calls `print(item, result)` for each result:
/// it prints a line and returns whether the item is done. `program` and `done` are words of the summary, for example
/// "bulk_subscribe" and "subscribed".
///
/// Ends the program early after Ctrl-C, at the deadline, if the credentials are rejected, or if standard output fails;
/// otherwise at the end, if an item has failed.
template <class Item, class OperationOf, class Print>
void send_in_bulk(std::string const& program, std::string const& done, std::vector<Item> const& items,
                  sidecall::environment_settings const& user, bulk_arguments const& options, OperationOf operation_of,
                  Print print)
{
    using clock = std::chrono::steady_clock;
    std::signal(SIGINT, [](int) {
        interrupted = 1;
        std::signal(SIGINT, SIG_DFL); // a second Ctrl-C ends the program at once
    });

    auto const deadline = clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(options.deadline * 1000));
    bulk_progress progress(items.size());
    std::string stop_reason; // not empty: stop before everything is done
    bool stopping = false;
    std::size_t pending = 0;
    sidecall::curl_multi_transport transport(
        {}, {.max_connections = options.connections, .max_in_flight = options.in_flight});
    auto const timer = [&](std::chrono::milliseconds delay, auto continuation) {
        progress.retry();
        transport.after(delay, std::move(continuation));
    };
    auto const start = [&](Item const& item) {
        auto const time_left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
        ++pending;
        send_with_retry(
            operation_of(item), user.credentials, transport, {.deadline = time_left, .max_attempts = 0}, timer,
            [&, item](auto const& result) {
                --pending;
                if (!result && stopping) return;
                progress.hide();
                progress.count(print(item, result));
                if (!result && result.error().http_status() == 401) stop_reason = "the credentials were rejected";
            },
            user.endpoint);
    };

    for (std::size_t next = 0; next != items.size() || pending != 0;) {
        if (interrupted) stop_reason = "interrupted; run the same command again to continue";
        if (clock::now() >= deadline) stop_reason = "the deadline has passed; run the same command again to continue";
        if (!std::cout) stop_reason = "cannot write to standard output";
        if (!stop_reason.empty()) break;
        // Start enough items to keep the transport busy. More would only wait in its queue.
        while (next != items.size() && pending < 2 * options.in_flight) start(items[next++]);
        transport.poll();
        progress.show(transport.progress().limit);
        if (pending != 0) transport.wait(std::chrono::milliseconds(100));
    }
    stopping = true; // requests that are cancelled here count as left, not as failed
    transport.cancel_all();
    progress.hide();

    std::cerr << program << ": " << progress.summary(done) << '\n';
    if (!stop_reason.empty()) throw stop{stop_reason, interrupted ? interrupted_status : 1};
    if (progress.failed() != 0) throw stop{"some calls failed; run the same command again to retry them", 1};
}
