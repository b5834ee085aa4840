// Receives messages on a POSIX socket, with http1.hpp. It has no TLS, so run it behind a proxy that has. It serves one
// connection after another: the next one waits until the client has closed, was silent for 5 seconds, or 30 are over.

#include <chrono>
#include <iostream>
#include <string>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <sidecall/environment.hpp>
#include <sidecall/http1.hpp>
#include <sidecall/sidecall.hpp>

namespace {

void print(sidecall::result<sidecall::incoming_message> const& message)
{
    if (!message) return static_cast<void>(std::cerr << message.error().to_string() << std::endl);
    std::cout << message->call_sid().view() << " #" << message->sequence_number() << ": "
              << sidecall::printable(message->content()) << std::endl;
}

void serve(int peer, sidecall::callback_url const& callback, sidecall::webhook_verifier const& verifier)
{
    timeval const limit{5, 0};
    for (int const option : {SO_RCVTIMEO, SO_SNDTIMEO}) ::setsockopt(peer, SOL_SOCKET, option, &limit, sizeof limit);
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    auto const sent = [=](std::string const& text) { return ::send(peer, text.data(), text.size(), MSG_NOSIGNAL) > 0; };
    sidecall::http1_limits const limits{.line = 65536, .body = 65536}; // a GET has the message in its URL
    sidecall::http1_request_reader reader(callback, limits);
    char buffer[4096];
    for (bool is_open = true; std::chrono::steady_clock::now() < deadline;) {
        auto const size = ::recv(peer, buffer, sizeof buffer, 0);
        if (size <= 0) return;
        // After the last response, reads on until the client closes: closing first could destroy that response.
        for (std::string_view bytes(buffer, static_cast<std::size_t>(size)); is_open && !bytes.empty();) {
            auto const progress = reader.feed(bytes);
            if (progress) bytes.remove_prefix(progress->consumed);
            if (progress && progress->wants_continue && !sent(sidecall::http1_response(100))) return;
            if (progress && !progress->done) continue;
            auto const message = progress.and_then([&](auto const&) { return verifier.receive(reader.request()); });
            print(message);
            bool const is_forged = !message && message.error().code() == sidecall::errc::invalid_signature;
            int const status = !progress ? reader.status() : message ? 204 : is_forged ? 403 : 400;
            is_open = reader.keep_alive();
            if (!sent(sidecall::http1_response(status, {}, {.close = !is_open}))) return;
            if (!is_open) ::shutdown(peer, SHUT_WR);
            reader = sidecall::http1_request_reader(callback, limits);
        }
    }
}

} // namespace

int main(int count, char** arguments)
{
    auto const refuse = [](std::string const& reason) { return std::cerr << reason << std::endl, 2; };
    auto const token = sidecall::read_signing_token();
    if (count != 3 || !token) return refuse(count == 3 ? token.error().to_string() : "usage: CALLBACK PORT");
    auto const callback = sidecall::callback_url::parse(arguments[1]);
    if (!callback) return refuse(callback.error().to_string());
    sidecall::webhook_verifier const verifier{*token};
    addrinfo* address = nullptr;
    if (::getaddrinfo("127.0.0.1", arguments[2], nullptr, &address) != 0) return refuse("PORT is not a port");
    int const listener = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bool const is_bound = ::bind(listener, address->ai_addr, address->ai_addrlen) == 0;
    ::freeaddrinfo(address);
    if (!is_bound || ::listen(listener, 16) != 0) return refuse("cannot listen on PORT");
    std::cout << "Listening on 127.0.0.1:" << arguments[2] << std::endl;
    for (int peer;; ::close(peer)) {
        peer = ::accept(listener, nullptr, nullptr);
        serve(peer, *callback, verifier);
    }
}
