// Subscribes over Qt's QNetworkAccessManager: an async_transport in Qt's own event loop. Build it with Qt6Network.
//
// Qt by itself sends a request again if the connection ends without an answer. So give each operation an idempotency
// key, as read_job does; else it could be carried out twice.

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

/// What a finished reply is: an answer, whatever its status, or why there is none.
sidecall::result<sidecall::http_response> result_of(QNetworkReply& reply)
{
    auto const error = reply.error();
    auto const status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    auto const failed = [&](errc kind) { return failure(kind, reply.errorString().toStdString(), error); };
    if (error == reply.ConnectionRefusedError || error == reply.HostNotFoundError) return failed(errc::not_connected);
    if (error == reply.SslHandshakeFailedError) return failed(errc::tls_failure);
    if (error == reply.OperationCanceledError) // by abort
        return failure(reply.property("is_too_large").toBool() ? errc::answer_too_large : errc::timed_out);
    bool const is_of_status = error == reply.NoError || error >= reply.ContentAccessDenied;
    if (!is_of_status || error == reply.ProtocolFailure || status < 200) return failed(errc::answer_lost);
    sidecall::http_response answer{.status = status, .body = reply.readAll().toStdString()};
    for (auto const& [name, value] : reply.rawHeaderPairs())
        answer.headers.add(name.toStdString(), value.toStdString());
    return answer;
}

} // namespace

int main(int count, char** arguments)
{
    QCoreApplication app(count, arguments);
    auto const job = read_job(count, arguments);
    if (!job) return tell(job.error());

    QNetworkAccessManager network; // which must live until the last handler was called
    auto const transport = [&](sidecall::authorized_request const& request, auto handler) {
        auto const bytes = [](std::string_view text) { return QByteArrayView(text).toByteArray(); };
        QNetworkRequest sent(QUrl::fromEncoded(bytes(request.url())));
        for (auto const field : request.headers()) sent.setRawHeader(bytes(field.name), bytes(field.value));
        sent.setRawHeader("Accept-Encoding", "identity");
        sent.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
        auto const method = bytes(to_string_view(request.method()));
        QNetworkReply* const reply = network.sendCustomRequest(sent, method, bytes(request.body()));
        auto* const alarm = new QTimer(reply);
        alarm->callOnTimeout(reply, &QNetworkReply::abort);
        alarm->start(time_limit);
        QObject::connect(reply, &QNetworkReply::readyRead, reply, [reply] {
            if (reply->bytesAvailable() <= static_cast<qint64>(answer_limit)) return;
            reply->setProperty("is_too_large", true);
            reply->abort();
        });
        QObject::connect(reply, &QNetworkReply::finished, reply, [reply, handler = std::move(handler)]() mutable {
            reply->deleteLater();
            handler(result_of(*reply));
        });
    };
    auto const end = [](auto const& made) { QCoreApplication::exit(tell(made)); };
    sidecall::send(job->subscription, job->who, transport, end, job->where);
    return QCoreApplication::exec();
}
