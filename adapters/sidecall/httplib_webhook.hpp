#pragma once

/// A webhook on a server of cpp-httplib's, 0.11 or later (`libcpp-httplib-dev`, `pkg-config cpp-httplib`), by itself:
/// `sidecall/httplib.hpp` has it, too, and a transport.

#include <httplib.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/callback_url.hpp>
#include <sidecall/detail/ascii.hpp>
#include <sidecall/detail/form.hpp>
#include <sidecall/result.hpp>
#include <sidecall/webhook.hpp>

namespace sidecall {

namespace detail {

/// A webhook on a server: what its handlers share.
template <class Handler>
struct mounted_webhook {
    std::string base; // the callback without its query
    webhook_verifier verifier;
    Handler handler;
    std::size_t max_body;

    mounted_webhook(std::string url, webhook_verifier with, Handler calls, std::size_t most)
        : base(std::move(url)), verifier(std::move(with)), handler(std::move(calls)), max_body(most)
    {
    }

    /// Reads the body by itself: cpp-httplib would refuse forms of more than 8 KiB, which a message can exceed.
    void read(httplib::Request const& request, httplib::Response& response, httplib::ContentReader const& reader)
    {
        std::string body;
        bool too_large = false;
        bool const whole = !request.is_multipart_form_data() && reader([&](char const* data, std::size_t size) {
            too_large = size > max_body - body.size();
            if (!too_large) body.append(data, size);
            return !too_large;
        });
        if (too_large)
            refuse_and_close(response, 413, "the body is too large");
        else if (!whole)
            refuse_and_close(response, 400, "the body could not be read");
        else
            answer(request, body, response);
    }

    void answer(httplib::Request const& request, std::string_view body, httplib::Response& response)
    {
        std::string url = base;
        if (auto const query = request.target.find('?'); query != std::string::npos)
            url += request.target.substr(query);
        std::string const content_type = request.get_header_value("Content-Type");
        std::string const signature = request.get_header_value("X-Twilio-Signature");
        auto message = verifier.receive(
            {.method = request.method, .url = url, .content_type = content_type, .signature = signature, .body = body});
        if (!message) {
            int const status = message.error().code() == errc::invalid_signature ? 403 : 400;
            return refuse(response, status, message.error().to_string());
        }
        try {
            handler(*std::move(message));
            response.status = 204;
        } catch (...) {
            refuse(response, 500, "the handler failed"); // cpp-httplib would tell the peer why
        }
    }

    /// Ends the connection behind the answer. To cpp-httplib 0.11 a header does not say so, but a body that breaks off
    /// does.
    static void refuse_and_close(httplib::Response& response, int status, std::string const& why)
    {
        response.status = status;
        response.set_header("Connection", "close");
        response.set_content_provider("text/plain", [text = why + '\n'](std::size_t, httplib::DataSink& sink) {
            sink.write(text.data(), text.size());
            return false;
        });
    }

    static void refuse(httplib::Response& response, int status, std::string const& why)
    {
        response.status = status;
        response.set_content(why + '\n', "text/plain");
    }
};

} // namespace detail

/// How `mount_webhook` works. Every member has a default.
struct webhook_mount_options {
    /// Where on the server, if a proxy changes the path on its way: `"/udm"`. Empty: the path of the callback.
    std::string path = {};
    /// The largest body that is read, in bytes. A message of 10 KB is 30 KB at most once it is form-encoded.
    std::size_t max_body = std::size_t{64} << 10;
};

/// Mounts a webhook on an `httplib::Server`: calls `handler(incoming_message&&)` for each request that Twilio signed
/// and that is a message, and answers 204 once it returns. Any other gets 403 (the signature does not hold), 400
/// (signed, but no message) or 413 (too large), with the failure in one line as its text, and never reaches the
/// handler. The connection is closed where a body was left unread, lest its rest be taken for the next request. A GET
/// is as long as its message, and cpp-httplib answers one of more than 8 KiB with 414: subscribe with POST if messages
/// can be large.
///
/// `callback` is the callback that was registered, since Twilio signs that, whatever a proxy makes of it on the way;
/// only the query is the one that came. The server calls the handler from any of its threads, several at once. If the
/// handler throws, 500 is answered, and Twilio knows that the message did not arrive.
///
/// Call it before the server listens. The server must not outlive what the handler refers to.
template <class Handler>
void mount_webhook(httplib::Server& server, callback_url const& callback, webhook_verifier verifier, Handler handler,
                   webhook_mount_options settings = {})
{
    std::string path = settings.path;
    if (path.empty()) path = callback.target().substr(0, callback.target().find('?'));
    if (path.empty()) path = "/";

    // cpp-httplib takes the path for a regular expression, and matches it with what came after decoding it.
    std::string pattern;
    for (std::size_t at = 0; at != path.size();) {
        char const c = detail::decode_next(path, at);
        if (std::string_view("\\^$.|?*+()[]{}:").find(c) != std::string_view::npos) pattern += '\\';
        pattern += c;
    }

    std::string_view const whole = callback.view();
    auto const shared = std::make_shared<detail::mounted_webhook<Handler>>(
        std::string(whole.substr(0, detail::find_or_end(whole, "?#", 0))), std::move(verifier), std::move(handler),
        settings.max_body);
    auto const with_body = [shared](httplib::Request const& request, httplib::Response& response,
                                    httplib::ContentReader const& reader) { shared->read(request, response, reader); };
    server.Get(pattern, [shared](httplib::Request const& request, httplib::Response& response) {
        shared->answer(request, {}, response);
    });
    server.Post(pattern, with_body);
    server.Put(pattern, with_body);
    server.Patch(pattern, with_body);
    server.Delete(pattern, with_body);
}

} // namespace sidecall
