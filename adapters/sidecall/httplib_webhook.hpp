#pragma once

/// A webhook on a server of cpp-httplib's, 0.11 or later (`libcpp-httplib-dev`, `pkg-config cpp-httplib`), by itself:
/// `sidecall/httplib.hpp` has it, too, and a transport.

#include <httplib.h>

#include <cstddef>
#include <cstdint>
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

/// How the end of a request's body is told (RFC 9112, section 6.3), of the fields that cpp-httplib has let through.
struct body_framing {
    enum kind { none, length, chunked, unclear };

    kind is = none;
    std::uint64_t size = 0; // of a body with a length

    explicit body_framing(httplib::Headers const& fields)
    {
        for (auto const& field : fields) {
            std::string_view const name = trim(field.first);
            bool const is_length = equal_ignoring_case(name, "Content-Length");
            if (!is_length && !equal_ignoring_case(name, "Transfer-Encoding")) continue;
            // Two of them, a name with a blank, a sign, a list: others may read each of these in another way.
            bool const first = is == none && name.size() == field.first.size();
            if (first && is_length && parse_decimal(field.second, UINT64_MAX, size))
                is = length;
            else
                is = first && !is_length && equal_ignoring_case(field.second, "chunked") ? chunked : unclear;
        }
    }
};

/// A webhook on a server: what its handlers share.
///
/// A connection is kept only behind a request that is known to have been read to its end. cpp-httplib 0.11 reads no
/// body of a GET, a HEAD or an OPTIONS, takes a broken chunk for the last one, and goes by the first of two lengths:
/// what it leaves unread it answers as the next request.
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

    /// Serves a request of a method whose body cpp-httplib leaves to us. Reads it by itself: cpp-httplib would refuse
    /// forms of more than 8 KiB, which a message can exceed.
    void read(httplib::Request const& request, httplib::Response& response, httplib::ContentReader const& reader)
    {
        body_framing const framing(request.headers);
        // cpp-httplib 0.11 reads a POST without a length until the connection ends, and no chunks of a DELETE.
        bool const is_delete = request.method == "DELETE";
        if (framing.is == (is_delete ? body_framing::chunked : body_framing::none))
            return refuse_and_close(request, response, 411, "the body has no Content-Length");
        if (framing.is == body_framing::unclear)
            return refuse_and_close(request, response, 400, "the end of the body is unclear");
        if (framing.size > max_body) return refuse_and_close(request, response, 413, "the body is too large");
        // cpp-httplib cannot give the bytes of a multipart body as they are.
        if (request.is_multipart_form_data())
            return refuse_and_close(request, response, 400, "the body is neither a form nor JSON");

        std::string body;
        bool too_large = false;
        bool const whole = reader([&](char const* data, std::size_t size) {
            too_large = size > max_body - body.size();
            if (!too_large) body.append(data, size);
            return !too_large;
        });
        if (too_large || response.status == 413) // the server's own limit
            return refuse_and_close(request, response, 413, "the body is too large");
        if (!whole) return refuse_and_close(request, response, 400, "the body could not be read");
        answer(request, body, response, framing.is == body_framing::chunked);
    }

    /// Serves a GET or a HEAD. cpp-httplib 0.11 leaves their body unread, newer versions have read it before.
    void read(httplib::Request const& request, httplib::Response& response)
    {
        if (!is_whole(request))
            return refuse_and_close(request, response, 403,
                                    failure(errc::invalid_signature, "the body was not read").to_string());
        if (request.body.size() > max_body) return refuse(response, 413, "the body is too large");
        answer(request, request.body, response, false);
    }

    /// Refuses another method.
    static void refuse_method(httplib::Request const& request, httplib::Response& response)
    {
        response.set_header("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE");
        if (is_whole(request))
            refuse(response, 405, "not a method of a callback");
        else
            refuse_and_close(request, response, 405, "not a method of a callback");
    }

    /// Whether nothing is left to read, of a request that cpp-httplib reads by itself or not at all.
    static bool is_whole(httplib::Request const& request)
    {
        body_framing const framing(request.headers);
        return framing.is == body_framing::none ||
               (framing.is == body_framing::length && framing.size == request.body.size());
    }

    void answer(httplib::Request const& request, std::string_view body, httplib::Response& response, bool closes)
    {
        std::string url = base;
        if (auto const query = request.target.find('?'); query != std::string::npos)
            url += request.target.substr(query);
        std::string const content_type = request.get_header_value("Content-Type");
        std::string const signature = request.get_header_value("X-Twilio-Signature");
        auto message = verifier.receive(
            {.method = request.method, .url = url, .content_type = content_type, .signature = signature, .body = body});
        int status = 204;
        std::string why;
        if (!message) {
            status = message.error().code() == errc::invalid_signature ? 403 : 400;
            why = message.error().to_string();
        } else {
            try {
                handler(*std::move(message));
            } catch (...) {
                status = 500; // cpp-httplib would tell the peer why
                why = "the handler failed";
            }
        }
        if (closes)
            refuse_and_close(request, response, status, why);
        else if (status == 204)
            response.status = status;
        else
            refuse(response, status, why);
    }

    /// Ends the connection behind the answer. To most versions of cpp-httplib a header does not say so, but a body that
    /// breaks off does.
    static void refuse_and_close(httplib::Request const& request, httplib::Response& response, int status,
                                 std::string const& why)
    {
        response.status = status;
        response.set_header("Connection", "close");
        // The request is cpp-httplib's own and no constant. It writes no body, and so breaks none off, in answer to a
        // HEAD: until the answer's head is written, this is a GET. A range would be taken for one of our text.
        auto& own = const_cast<httplib::Request&>(request);
        bool const is_head = own.method == "HEAD";
        if (is_head) own.method = "GET";
        own.ranges.clear();
        response.set_content_provider(
            "text/plain", [&own, is_head, text = why.empty() ? why : why + '\n'](std::size_t, httplib::DataSink& sink) {
                if (is_head)
                    own.method = "HEAD";
                else if (!text.empty())
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
        shared->read(request, response);
    });
    server.Options(pattern, &detail::mounted_webhook<Handler>::refuse_method);
    server.Post(pattern, with_body);
    server.Put(pattern, with_body);
    server.Patch(pattern, with_body);
    server.Delete(pattern, with_body);
}

} // namespace sidecall
