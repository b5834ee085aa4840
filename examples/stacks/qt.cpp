// Subscribes over Qt's QNetworkAccessManager: an async_transport in Qt's event loop. Link with Qt6Network.
//
// Qt repeats a request on its own if the connection ends without a response. So give each operation an idempotency key,
// as read_job does. Without a key, Twilio could process the request twice.

#include <string_view>
#include <utility>

#include <QCoreApplication>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QTimer>

#include "stack.hpp"

namespace {

using sidecall::errc;
using sidecall::failure;

/// Converts a finished reply: to a response, whatever its status, or to a failure if there is no response.
sidecall::result<sidecall::http_response> result_of(QNetworkReply& reply)
{
    auto const error = reply.error();
    auto const status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    auto const qt_failure = [&](errc kind) { return failure(kind, reply.errorString().toStdString(), error); };
    if (error == reply.ConnectionRefusedError || error == reply.HostNotFoundError)
        return qt_failure(errc::not_connected);
    if (error == reply.SslHandshakeFailedError) return qt_failure(errc::tls_failure);
    if (error == reply.OperationCanceledError) // by abort()
        return failure(reply.property("is_too_large").toBool() ? errc::answer_too_large : errc::timed_out);
    bool const has_response = error == reply.NoError || error >= reply.ContentAccessDenied;
    if (!has_response || error == reply.ProtocolFailure || status < 200) return qt_failure(errc::answer_lost);
    sidecall::http_response response{.status = status, .body = reply.readAll().toStdString()};
    for (auto const& [name, value] : reply.rawHeaderPairs())
        response.headers.add(name.toStdString(), value.toStdString());
    return response;
}

} // namespace

int main(int count, char** arguments)
{
    QCoreApplication app(count, arguments);
    auto const job = read_job(count, arguments);
    if (!job) return print_result(job.error());

    QNetworkAccessManager network; // must stay alive until the last handler was called
    auto const transport = [&](sidecall::authorized_request const& request, auto handler) {
        auto const bytes = [](std::string_view text) { return QByteArrayView(text).toByteArray(); };
        QNetworkRequest qt_request(QUrl::fromEncoded(bytes(request.url())));
        for (auto const field : request.headers()) qt_request.setRawHeader(bytes(field.name), bytes(field.value));
        qt_request.setRawHeader("Accept-Encoding", "identity");
        qt_request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
        auto const method = bytes(to_string_view(request.method()));
        QNetworkReply* const reply = network.sendCustomRequest(qt_request, method, bytes(request.body()));
        auto* const timer = new QTimer(reply);
        timer->callOnTimeout(reply, &QNetworkReply::abort);
        timer->start(time_limit);
        QObject::connect(reply, &QNetworkReply::readyRead, reply, [reply] {
            if (reply->bytesAvailable() <= static_cast<qint64>(response_limit)) return;
            reply->setProperty("is_too_large", true);
            reply->abort();
        });
        QObject::connect(reply, &QNetworkReply::finished, reply, [reply, handler = std::move(handler)]() mutable {
            reply->deleteLater();
            handler(result_of(*reply));
        });
    };
    auto const done = [](auto const& subscription) { QCoreApplication::exit(print_result(subscription)); };
    sidecall::send(job->subscription, job->credentials, transport, done, job->endpoint);
    return QCoreApplication::exec();
}
