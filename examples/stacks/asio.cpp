// Subscribes over Asio with coroutines and http1.hpp. Uses TLS for https; plain http works only with this machine. Link
// with -lssl -lcrypto. With clang++, Asio 1.22 needs -DASIO_HAS_CO_AWAIT.

#include <cstddef>
#include <string>
#include <system_error>

#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/ssl.hpp>

#include <sidecall/http1.hpp>

#include "stack.hpp"

namespace {

using sidecall::errc;
using sidecall::failure;
using response_result = sidecall::result<sidecall::http_response>;

/// Sends the request over a connected stream, and receives until the response is complete.
asio::awaitable<response_result> exchange(auto& stream, sidecall::authorized_request const& request)
{
    std::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    sidecall::secret const wire = request.to_http1(); // a secret, because it contains the credential
    co_await asio::async_write(stream, asio::buffer(wire.reveal()), token);
    sidecall::http1_response_reader reader(request.method(), {.body = response_limit});
    while (!error) {
        char buffer[4096];
        std::size_t const size = co_await stream.async_read_some(asio::buffer(buffer), token);
        auto const progress = error == asio::error::eof ? reader.end() : reader.feed({buffer, size});
        if (!progress) co_return progress.error();
        if (progress->done) co_return reader.response();
    }
    co_return failure(errc::answer_lost, error.message());
}

/// Connects, with TLS if the request is https, and exchanges the request for a response.
asio::awaitable<response_result> perform(sidecall::authorized_request const& request)
{
    std::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.set_default_verify_paths();
    asio::ssl::stream<asio::ip::tcp::socket> stream(co_await asio::this_coro::executor, tls);
    std::string const host(request.hostname());
    asio::ip::tcp::resolver resolver(stream.get_executor());
    auto const addresses = co_await resolver.async_resolve(host, std::to_string(request.port()), token);
    if (!error) co_await asio::async_connect(stream.lowest_layer(), addresses, token);
    if (error) co_return failure(errc::not_connected, error.message());
    if (!request.https()) co_return co_await exchange(stream.next_layer(), request);
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(host));
    SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
    co_await stream.async_handshake(stream.client, token);
    if (error) co_return failure(errc::tls_failure, error.message());
    co_return co_await exchange(stream, request);
}

/// The three steps: authorize, perform, parse. Gives up after `time_limit`.
asio::awaitable<void> subscribe(job const& job, int& status)
{
    using namespace asio::experimental::awaitable_operators;
    auto const request = sidecall::authorize(job.subscription.request(job.endpoint), job.credentials);
    asio::steady_timer timer(co_await asio::this_coro::executor, time_limit);
    auto const first = co_await (perform(request) || timer.async_wait(asio::use_awaitable));
    response_result const response = first.index() == 0 ? std::get<0>(first) : failure(errc::timed_out);
    status = print_result(response.and_then(job.subscription.parse));
}

} // namespace

int main(int count, char** arguments)
{
    auto const job = read_job(count, arguments);
    if (!job) return print_result(job.error());
    int status = 1;
    asio::io_context loop;
    asio::co_spawn(loop, subscribe(*job, status), asio::detached);
    loop.run();
    return status;
}
