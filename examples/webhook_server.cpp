// A small server to run behind a public URL. It prints the messages that Twilio delivers, in order, and refuses every
// request that Twilio did not sign. Start it, then subscribe with the same callback (examples/subscribe --keep
// --callback …). Ctrl-C ends it.

#include <csignal>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "program.hpp"

#include <sidecall/httplib.hpp>
#include <sidecall/sidecall.hpp>

namespace {

httplib::Server* running = nullptr; // global, because a signal handler takes no context argument

/// Prints the messages of each call in order. It locks because cpp-httplib calls the handler from several threads, and
/// keeps one sequencer per call.
class printer {
public:
    void operator()(sidecall::incoming_message&& message)
    {
        std::lock_guard const lock(mutex_);
        auto& sequencer = calls_[std::string(message.call_sid().view())];
        auto const number = message.sequence_number();
        auto const arrival = sequencer.accept(std::move(message), [](sidecall::sequenced_message&& next) {
            if (next.missing != 0) std::cout << "    (" << next.missing << " missing before the next message)\n";
            std::cout << next.message.call_sid().view() << " #" << next.message.sequence_number()
                      << (next.late ? " (late)" : "") << ": " << printable(next.message.content()) << std::endl;
        });
        if (arrival == sidecall::arrival::duplicate) std::cout << "    (#" << number << " is a duplicate)" << std::endl;
        if (arrival == sidecall::arrival::waiting)
            std::cout << "    (#" << number << " waits for an earlier message)" << std::endl;
    }

private:
    std::mutex mutex_;
    std::map<std::string, sidecall::message_sequencer> calls_;
};

void run(std::string const& url, std::string const& address, int port)
{
    std::string const token = environment("TWILIO_AUTH_TOKEN");
    std::string const secondary_token = environment("TWILIO_AUTH_TOKEN_SECONDARY");
    if (token.empty()) throw stop{"TWILIO_AUTH_TOKEN is not set; it is needed to verify signatures", wrong_usage};
    auto const callback = value_or_stop(sidecall::callback_url::parse(url));
    auto const verifier = secondary_token.empty()
                              ? sidecall::webhook_verifier(sidecall::secret(token))
                              : sidecall::webhook_verifier(sidecall::secret(token), sidecall::secret(secondary_token));

    httplib::Server server;
    printer print;
    sidecall::mount_webhook(server, callback, verifier,
                            [&print](sidecall::incoming_message&& message) { print(std::move(message)); });
    server.set_logger([](httplib::Request const& request, httplib::Response const& response) {
        if (response.status >= 400)
            std::cerr << "refused a request from " << request.remote_addr << " with " << response.status << ": "
                      << response.body;
    });

    int const bound = port == 0 ? server.bind_to_any_port(address) : server.bind_to_port(address, port) ? port : -1;
    if (bound < 0) throw stop{"cannot listen on " + address + ":" + std::to_string(port), 1};
    std::cout << "Listening on http://" << address << ':' << bound << " for messages to " << url << std::endl;

    running = &server;
    for (int const signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { running->stop(); });
    server.listen_after_bind();
    for (int const signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL); // `running` is about to dangle
    running = nullptr;
}

} // namespace

int main(int argc, char** argv)
{
    std::string callback;
    std::string address = "127.0.0.1";
    int port = 8080;
    CLI::App app("Prints the User Defined Messages that Twilio delivers to a callback.\n"
                 "TWILIO_AUTH_TOKEN must be set. During a token rotation, also set TWILIO_AUTH_TOKEN_SECONDARY.",
                 "webhook_server");
    app.add_option("--callback", callback, "the public URL, exactly as registered with Twilio")->required();
    app.add_option("--address", address, "address to listen on")->capture_default_str();
    app.add_option("--port", port, "port to listen on; 0 selects a free port")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    return run_program(app, argc, argv, [&] { run(callback, address, port); });
}
