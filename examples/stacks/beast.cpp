// Subscribes over Boost.Beast with a blocking transport; plain http only to this machine. Link with -lssl -lcrypto.

#include <optional>
#include <string>
#include <utility> // Boost 1.74 needs it too

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "stack.hpp"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using sidecall::errc;
using sidecall::failure;

sidecall::result<sidecall::http_response> beast_transport(sidecall::authorized_request const& request)
{
    asio::io_context loop;
    beast::error_code error;
    // Starts an operation and waits for it. Beast's time-outs work only for asynchronous operations.
    auto const run = [&](auto start) {
        start([&](beast::error_code result, auto const&...) { error = result; });
        loop.restart();
        loop.run();
        return !error;
    };
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.set_default_verify_paths();
    asio::ssl::stream<beast::tcp_stream> stream(loop, tls);
    beast::tcp_stream& plain = stream.next_layer();
    plain.expires_after(time_limit);

    std::string const host(request.hostname());
    auto const addresses = asio::ip::tcp::resolver(loop).resolve(host, std::to_string(request.port()), error);
    if (error || !run([&](auto done) { plain.async_connect(addresses, done); }))
        return failure(errc::not_connected, error.message());
    if (request.https()) {
        stream.set_verify_mode(asio::ssl::verify_peer);
        stream.set_verify_callback(asio::ssl::host_name_verification(host));
        SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
        if (!run([&](auto done) { stream.async_handshake(stream.client, done); }))
            return failure(errc::tls_failure, error.message());
    }

    beast::flat_buffer buffer;
    std::optional<beast::http::response_parser<beast::http::string_body>> parser;
    auto const exchange = [&](auto& connection) {
        sidecall::secret const wire = request.to_http1(); // a secret, because it contains the credential
        run([&](auto done) { asio::async_write(connection, asio::buffer(wire.reveal()), done); });
        while (!error && !(parser && parser->is_done())) {
            if (!parser) parser.emplace().body_limit(response_limit); // Boost 1.74 ignores it if the length is unknown
            run([&](auto done) { beast::http::async_read_some(connection, buffer, *parser, done); });
            if (parser->get().body().size() > response_limit) error = beast::http::error::body_limit;
            if (parser->is_done() && parser->get().result_int() < 200) parser.reset(); // an interim response
        }
    };
    request.https() ? exchange(stream) : exchange(plain);
    if (error == beast::error::timeout) return failure(errc::timed_out);
    if (error == beast::http::error::body_limit) return failure(errc::answer_too_large);
    if (error) return failure(errc::answer_lost, error.message());
    sidecall::http_response response{.status = static_cast<int>(parser->get().result_int())};
    for (auto const& field : parser->get())
        response.headers.add(std::string(field.name_string()), std::string(field.value()));
    response.body = std::move(parser->get().body());
    return response;
}

} // namespace

int main(int count, char** arguments)
{
    auto const job = read_job(count, arguments);
    if (!job) return print_result(job.error());
    return print_result(sidecall::send(job->subscription, job->credentials, beast_transport, job->endpoint));
}
