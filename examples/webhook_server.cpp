// A small server to run behind a public URL. It prints the messages that Twilio delivers, in order, and refuses every
// request that Twilio did not sign. Start it, then subscribe with the same callback (examples/subscribe --keep
// --callback …). Give the same URL as the status callback of the calls, so that it learns when a call ends. Ctrl-C ends
// it.

#include <csignal>
#include <iostream>
#include <string>
#include <utility>

#include "message_printer.hpp"
#include "program.hpp"

#include <sidecall/httplib.hpp>
#include <sidecall/sidecall.hpp>

namespace {

httplib::Server* running = nullptr; // global, because a signal handler takes no context argument

void run(std::string const& url, std::string const& address, int port)
{
    auto const token = value_or_stop(sidecall::read_signing_token());
    sidecall::secret const secondary_token(std::getenv("TWILIO_AUTH_TOKEN_SECONDARY"));
    auto const callback = value_or_stop(sidecall::callback_url::parse(url));
    auto const verifier = secondary_token.empty() ? sidecall::webhook_verifier(token)
                                                  : sidecall::webhook_verifier(token, secondary_token);

    httplib::Server server;
    message_printer print;
    sidecall::mount_webhook(server, callback, verifier,
                            [&print](sidecall::incoming_message&& message) { print(std::move(message)); },
                            {.on_other = [&print](sidecall::webhook_parameters&& parameters) { print(parameters); }});
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
    CLI::App app(
        "Prints the User Defined Messages that Twilio delivers to a callback, and the status of the calls whose\n"
        "status callback is the same URL.\n"
        "TWILIO_AUTH_TOKEN must be set. During a token rotation, also set TWILIO_AUTH_TOKEN_SECONDARY.",
        "webhook_server");
    app.add_option("--callback", callback, "the public URL, exactly as registered with Twilio")->required();
    app.add_option("--address", address, "address to listen on")->capture_default_str();
    app.add_option("--port", port, "port to listen on; 0 selects a free port")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    app.footer(
        "Exit status: 0 after SIGINT or SIGTERM; 1 if it cannot listen or print; 2 for wrong arguments or environment\n"
        "variables.");
    return run_program(app, argc, argv, [&] { run(callback, address, port); });
}
