// Subscribes over Asio in coroutines, by the bytes of HTTP/1.1; over TLS, or without it to a server on this machine.
// Link with -lssl -lcrypto. Asio 1.22 has to be told -DASIO_HAS_CO_AWAIT if clang++ compiles it.

#include <string>
#include <system_error>

#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/ssl.hpp>

#include "http1.hpp"
#include "stack.hpp"

namespace {

using sidecall::errc;
using sidecall::failure;
using answer = sidecall::result<sidecall::http_response>;

/// Sends the request over a stream that is connected, and receives until the answer is whole.
asio::awaitable<answer> exchange(auto& stream, sidecall::authorized_request const& request)
{
    std::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    sidecall::secret const wire = request.to_http1(); // with the credential, hence a secret
    co_await asio::async_write(stream, asio::buffer(wire.reveal()), token);
    for (std::string bytes; !error;) {
        char part[4096];
        bytes.append(part, co_await stream.async_read_some(asio::buffer(part), token));
        if (auto whole = read_http1(bytes, error == asio::error::eof)) co_return *std::move(whole);
    }
    co_return failure(errc::answer_lost, error.message());
}

/// Connects, and goes on with that.
asio::awaitable<answer> carry(sidecall::authorized_request const& request)
{
    std::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.set_default_verify_paths();
    asio::ssl::stream<asio::ip::tcp::socket> stream(co_await asio::this_coro::executor, tls);
    std::string const host(request.hostname());
    asio::ip::tcp::resolver resolver(stream.get_executor());
    auto const found = co_await resolver.async_resolve(host, std::to_string(request.port()), token);
    if (!error) co_await asio::async_connect(stream.lowest_layer(), found, token);
    if (error) co_return failure(errc::not_connected, error.message());
    if (!request.https()) co_return co_await exchange(stream.next_layer(), request);
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(host));
    SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
    co_await stream.async_handshake(stream.client, token);
    if (error) co_return failure(errc::tls_failure, error.message());
    co_return co_await exchange(stream, request);
}

/// The three steps, and an end to them.
asio::awaitable<void> subscribe(job const& job, int& status)
{
    using namespace asio::experimental::awaitable_operators;
    auto const request = sidecall::authorize(job.subscription.request(job.where), job.who);
    asio::steady_timer alarm(co_await asio::this_coro::executor, time_limit);
    auto const first = co_await (carry(request) || alarm.async_wait(asio::use_awaitable));
    answer const response = first.index() == 0 ? std::get<0>(first) : failure(errc::timed_out);
    status = tell(response.and_then(job.subscription.parse));
}

} // namespace

int main(int count, char** arguments)
{
    auto const job = read_job(count, arguments);
    if (!job) return tell(job.error());
    int status = 1;
    asio::io_context loop;
    asio::co_spawn(loop, subscribe(*job, status), asio::detached);
    loop.run();
    return status;
}
