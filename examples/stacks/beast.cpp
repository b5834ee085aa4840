// Subscribes over Boost.Beast by a transport that blocks; with TLS, or without on this machine. Link: -lssl -lcrypto.

#include <optional>
#include <string>
#include <utility> // for Boost 1.74, too

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
    // Begins an operation and waits for it: Beast's time-outs are for asynchronous operations alone.
    auto const run = [&](auto begin) {
        begin([&](beast::error_code ended, auto const&...) { error = ended; });
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
    auto const found = asio::ip::tcp::resolver(loop).resolve(host, std::to_string(request.port()), error);
    if (error || !run([&](auto done) { plain.async_connect(found, done); }))
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
    auto const exchange = [&](auto& over) {
        sidecall::secret const wire = request.to_http1(); // with the credential, hence a secret
        run([&](auto done) { asio::async_write(over, asio::buffer(wire.reveal()), done); });
        while (!error && !(parser && parser->is_done())) {
            if (!parser) parser.emplace().body_limit(answer_limit); // which Boost 1.74 forgets if the length is unknown
            run([&](auto done) { beast::http::async_read_some(over, buffer, *parser, done); });
            if (parser->get().body().size() > answer_limit) error = beast::http::error::body_limit;
            if (parser->is_done() && parser->get().result_int() < 200) parser.reset(); // the answer is still to come
        }
    };
    request.https() ? exchange(stream) : exchange(plain);
    if (error == beast::error::timeout) return failure(errc::timed_out);
    if (error == beast::http::error::body_limit) return failure(errc::answer_too_large);
    if (error) return failure(errc::answer_lost, error.message());
    sidecall::http_response answer{.status = static_cast<int>(parser->get().result_int())};
    for (auto const& field : parser->get())
        answer.headers.add(std::string(field.name_string()), std::string(field.value()));
    answer.body = std::move(parser->get().body());
    return answer;
}

} // namespace

int main(int count, char** arguments)
{
    auto const job = read_job(count, arguments);
    if (!job) return tell(job.error());
    return tell(sidecall::send(job->subscription, job->who, beast_transport, job->where));
}
