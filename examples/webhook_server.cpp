// A small server to run behind a public URL. It prints the messages that Twilio delivers, in order, and refuses every
// request that Twilio did not sign. Start it, then subscribe with the same callback (examples/subscribe --keep
// --callback …). Give the same URL as the status callback of the calls, so that it learns when a call ends.
//
// SIGTERM or Ctrl-C ends it without losing a message: it stops accepting connections, finishes the requests that it has
// begun, and prints the messages that still wait for an earlier one.

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <utility>

#include <pthread.h>

#include "message_printer.hpp"
#include "program.hpp"

#include <sidecall/httplib.hpp>
#include <sidecall/sidecall.hpp>

namespace {

struct arguments {
    std::string callback;
    std::string path;
    std::string health;
    int max_age = 0; // seconds; 0: not limited
    std::string address = "127.0.0.1";
    int port = 8080;
    output out;
};

/// Blocks SIGINT and SIGTERM in this thread and in every thread that it starts later, so that only `sigwait` receives
/// them. A signal that comes before that waits for it; a signal handler would miss the time before its installation.
class ending_signals {
public:
    ending_signals()
    {
        ::sigemptyset(&set_);
        ::sigaddset(&set_, SIGINT);
        ::sigaddset(&set_, SIGTERM);
        ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    }

    /// Waits for one of the signals and returns it.
    int wait() const
    {
        int signal = 0;
        ::sigwait(&set_, &signal);
        return signal;
    }

private:
    ::sigset_t set_{};
};

/// Stops a server at the first signal, or when `stop_server` is called. A second signal ends the program at once.
class stopper {
public:
    stopper(httplib::Server& server, ending_signals const& signals) : server_(server), signals_(signals) {}
    stopper(stopper const&) = delete;
    stopper& operator=(stopper const&) = delete;
    ~stopper()
    {
        ended_ = true;
        ::pthread_kill(thread_.native_handle(), SIGTERM);
        thread_.join();
    }

    void stop_server()
    {
        if (is_stopping_.exchange(true)) return;
        while (!server_.is_running() && !ended_) std::this_thread::yield(); // cpp-httplib ignores a stop() before that
        server_.stop();
    }

private:
    void wait()
    {
        for (bool is_first = true;; is_first = false) {
            int const signal = signals_.wait();
            if (ended_) return;
            if (!is_first) std::_Exit(128 + signal);
            stop_server();
        }
    }

    httplib::Server& server_;
    ending_signals const& signals_;
    std::atomic<bool> is_stopping_ = false;
    std::atomic<bool> ended_ = false;
    std::thread thread_{[this] { wait(); }};
};

/// Logs a request that was refused, on one line.
void log_refusal(httplib::Request const& request, httplib::Response const& response)
{
    if (response.status < 400) return;
    std::string line = "refused a request from " + request.remote_addr + " with " + std::to_string(response.status);
    std::string reason = response.body; // empty if cpp-httplib itself refused it
    if (!reason.empty() && reason.back() == '\n') reason.pop_back();
    if (!reason.empty()) line += ": " + printable(reason);
    std::cerr << line + '\n' << std::flush; // at once, because several threads log
}

void run(arguments const& options)
{
    ending_signals const signals;
    auto const token = value_or_stop(sidecall::read_signing_token());
    sidecall::secret const secondary_token(std::getenv("TWILIO_AUTH_TOKEN_SECONDARY"));
    auto const callback = value_or_stop(sidecall::callback_url::parse(options.callback));
    auto const verifier = secondary_token.empty() ? sidecall::webhook_verifier(token)
                                                  : sidecall::webhook_verifier(token, secondary_token);
    std::string const target(callback.target());
    std::string const path = options.path.empty() ? target.substr(0, target.find('?')) : options.path;
    for (auto const& [name, value] : {std::pair("--path", options.path), std::pair("--health", options.health)})
        if (!value.empty() && (value.front() != '/' || value.find_first_of("?#") != value.npos))
            throw stop{std::string(name) + " must begin with '/' and have no query", wrong_usage};
    if (!options.health.empty() && options.health == (path.empty() ? "/" : path))
        throw stop{"--health is the path of the webhook", wrong_usage};

    httplib::Server server;
    message_printer print(options.out);
    stopper stop_at_signal(server, signals);
    // If a message cannot be printed, Twilio gets status 500, and the server ends.
    auto const take = [&](auto&& received) {
        try {
            print(std::move(received));
        } catch (...) {
            stop_at_signal.stop_server();
            throw;
        }
    };
    sidecall::mount_webhook(
        server, callback, verifier, take,
        {.path = options.path, .replay_window = std::chrono::seconds(options.max_age), .on_other = take});
    if (!options.health.empty())
        server.set_pre_routing_handler([&](httplib::Request const& request, httplib::Response& response) {
            if (request.path != options.health || (request.method != "GET" && request.method != "HEAD"))
                return httplib::Server::HandlerResponse::Unhandled;
            response.set_content("ok\n", "text/plain");
            return httplib::Server::HandlerResponse::Handled;
        });
    server.set_logger(log_refusal);

    int const bound = options.port == 0                                    ? server.bind_to_any_port(options.address)
                      : server.bind_to_port(options.address, options.port) ? options.port
                                                                           : -1;
    if (bound < 0) throw stop{"cannot listen on " + options.address + ":" + std::to_string(options.port), 1};
    options.out.print(
        "Listening on http://" + options.address + ':' + std::to_string(bound) + " for messages to " + options.callback,
        {{"event", "listening"}, {"address", options.address}, {"port", bound}, {"callback", options.callback}});
    check_output();

    bool const has_listened = server.listen_after_bind(); // returns when every request is finished
    print.finish();
    if (!has_listened) throw stop{"cannot accept connections any more", 1};
}

} // namespace

int main(int argc, char** argv)
{
    arguments options;
    CLI::App app("Prints the User Defined Messages that Twilio delivers to a callback.\n"
                 "Also prints the status of the calls whose status callback is the same URL.\n"
                 "TWILIO_AUTH_TOKEN must be set. During a token rotation, also set TWILIO_AUTH_TOKEN_SECONDARY.\n"
                 "SIGTERM or Ctrl-C ends it after the running requests; a second signal ends it at once.",
                 "webhook_server");
    app.add_option("--callback", options.callback, "the public URL, exactly as registered with Twilio")->required();
    app.add_option("--path", options.path, "path on this server, if a proxy changes it; default: that of the callback");
    app.add_option("--health", options.health, "path that answers GET with 200, for a load balancer");
    app.add_option("--max-age", options.max_age,
                   "refuse requests whose Timestamp differs from the clock by more than these seconds")
        ->check(CLI::Range(1, 86400));
    app.add_option("--address", options.address, "address to listen on")->capture_default_str();
    app.add_option("--port", options.port, "port to listen on; 0 selects a free port")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    options.out.add_to(app);
    app.footer(exit_statuses({{"0", "ended by SIGINT or SIGTERM; every acknowledged message was printed"},
                              {"1", "cannot listen, or cannot write to standard output"},
                              {"2", "wrong arguments or environment variables"},
                              {"130", "ended by a second SIGINT; acknowledged messages may be lost"},
                              {"143", "ended by a second SIGTERM; acknowledged messages may be lost"}}));
    return run_program(app, argc, argv, [&] { run(options); });
}
