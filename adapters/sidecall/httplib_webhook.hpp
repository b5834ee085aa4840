#pragma once

/// A webhook for servers of cpp-httplib 0.11 or later (`libcpp-httplib-dev`, `pkg-config cpp-httplib`).
/// `sidecall/httplib.hpp` includes this header and adds a transport.

#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <sidecall/callback_url.hpp>
#include <sidecall/credentials.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/form.hpp>
#include <sidecall/detail/text/json.hpp>
#include <sidecall/detail/text/rfc2822.hpp>
#include <sidecall/errc.hpp>
#include <sidecall/failure.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/webhook.hpp>

namespace sidecall {

/// How a mounted webhook has answered one request, for logs and metrics. Contains nothing secret and no text of the
/// peer: no URL, header field, parameter or body.
struct delivery_report {
    int status = 0;              ///< The status of the response.
    std::optional<errc> error{}; ///< Why the request was refused, as in `on_refused`. Empty for 204 and 500.
    /// The call, the message and its `SequenceNumber`. Empty unless the signature holds and the request is a user
    /// defined message.
    std::optional<call_sid> call{};
    std::optional<message_sid> message{};           ///< See `call`.
    std::optional<std::uint64_t> sequence_number{}; ///< See `call`.
    /// The time from the request's header to the complete response, in steps of a millisecond, by a monotonic clock. It
    /// includes the handler and the reading of the body, but not the sending of the response.
    milliseconds duration{};

    /// `"success"`, the name of the `errc`, or `"handler_failure"` for 500: stable, for logs and metrics.
    std::string_view outcome() const noexcept
    {
        if (error) return to_string_view(*error);
        return status == 500 ? "handler_failure" : "success";
    }
};

/// Options of `mount_webhook`. Every member has a default.
struct webhook_mount_options {
    /// The path on the server, such as `"/udm"`, if a proxy changes the path. Empty: the path of the callback.
    std::string path = {};
    /// The maximum size of a body in bytes. A message of 10 KB takes at most 30 KB when it is form-encoded. Bodies
    /// larger than `webhook_verifier::max_size` are refused in any case.
    std::size_t max_body = std::size_t{64} << 10;
    /// The maximum difference between the `Timestamp` of a request and the system clock, in either direction:
    /// `std::chrono::minutes(5)`, for example. A signature never expires, so a recorded request could be replayed at
    /// any later time; this limits that. A request outside the window, or without a readable `Timestamp`, gets 403. 0:
    /// no check.
    milliseconds replay_window = {};
    /// The clock for `replay_window`: returns the time since 1970-01-01T00:00:00Z. It is called from any thread of the
    /// server, and from several at once. If it throws, the response is 500. Empty: the system clock.
    std::function<milliseconds()> unix_time = {};
    /// Called with the failure of every refused request: `invalid_signature` for status 403, `malformed_webhook` for
    /// any other. It is called from any thread of the server, and from several at once. Exceptions are dropped. Limit
    /// how much of it you log, because anyone can send requests.
    std::function<void(failure const&)> on_refused = {};
    /// Called with the parameters of every request that Twilio signed but that is not a user defined message, such as a
    /// status callback to the same URL. The response is 204, or 500 if the function throws. Empty: such a request gets
    /// 400. The thread rules of `on_refused` apply. If it is set, every message costs a copy of its parameters.
    std::function<void(webhook_parameters&&)> on_other = {};
    /// Called once for each request, accepted or refused, after the handler, `on_other` and `on_refused`, when the
    /// response is complete but not yet sent. The thread rules of `on_refused` apply. Exceptions are dropped. Empty: no
    /// clock is read.
    std::function<void(delivery_report const&)> on_delivery = {};
};

/// Chooses the verifier of an account: a callable that takes an `account_sid const&` and returns a pointer to a
/// `webhook_verifier` (a raw pointer, a `std::shared_ptr`…) or a null pointer. Subaccounts sign with their
/// own tokens.
template <class Choose>
concept webhook_verifier_choice = requires(Choose& choose, account_sid const& account) {
    { *choose(account) } -> std::convertible_to<webhook_verifier const&>;
    static_cast<bool>(choose(account));
};

namespace detail {

/// How the end of a request body is determined (RFC 9112, section 6.3), from the header fields that cpp-httplib passes
/// on.
struct body_framing {
    enum framing_kind { none, length, chunked, unclear };

    framing_kind kind = none;
    std::uint64_t size = 0; // if there is a Content-Length

    explicit body_framing(httplib::Headers const& fields)
    {
        for (auto const& field : fields) {
            std::string_view const name = trim(field.first);
            bool const is_length = equal_ignoring_case(name, "Content-Length");
            if (!is_length && !equal_ignoring_case(name, "Transfer-Encoding")) continue;
            // Repeated fields, whitespace in the name, a plus or minus sign and a list are unclear: other
            // implementations may read them differently.
            bool const first = kind == none && name.size() == field.first.size();
            if (first && is_length && parse_decimal(field.second, UINT64_MAX, size))
                kind = length;
            else
                kind = first && !is_length && equal_ignoring_case(field.second, "chunked") ? chunked : unclear;
        }
    }
};

/// The callbacks that share one path of the server, each without its query. Several registered URLs can share a path,
/// for example two host names behind one proxy.
struct mounted_path {
    std::string pattern; // a regular expression
    std::vector<std::string> callbacks;
};

/// The `AccountSid` of an unverified request, or nothing if there is no valid one. It makes one pass over the body, or
/// over the query if there is no body. Does not allocate.
inline std::optional<account_sid> unverified_account(webhook_request const& request)
{
    constexpr std::string_view name = "AccountSid";
    constexpr std::size_t size = 34;
    char text[size + 1];
    std::size_t length = 0;
    auto const append = [&](std::string_view piece) {
        piece = piece.substr(0, sizeof text - length);
        length += piece.copy(text + length, piece.size());
    };

    std::string_view const type = request.content_type.substr(0, request.content_type.find(';'));
    std::string_view form = request.body;
    if (request.body.empty()) {
        std::size_t const mark = find_or_end(request.url, "?", 0);
        form = request.url.substr(mark == request.url.size() ? mark : mark + 1);
    } else if (!equal_ignoring_case(trim(type), "application/x-www-form-urlencoded")) {
        form = {};
        json_reader reader(request.body);
        json_value member, value;
        bool done = false;
        reader.open_object();
        while (length == 0 && reader.read_member(member, value, done)) {
            if (!json_equal(member, name)) continue;
            json_characters characters(value.raw);
            for (auto piece = characters.next(); !piece.empty() && length <= size; piece = characters.next())
                append(piece);
        }
    }
    while (length == 0 && !form.empty()) {
        std::string_view const pair = pop_pair(form);
        std::size_t at = 0, matched = 0;
        while (at != pair.size() && matched != name.size() && decode_next_byte(pair, at) == name[matched]) ++matched;
        if (matched != name.size() || pair.substr(at, 1) != "=") continue;
        for (++at; at != pair.size() && length <= size;) {
            char const c = decode_next_byte(pair, at);
            append({&c, 1});
        }
    }
    auto account = account_sid::parse(std::string_view(text, length));
    if (!account) return {};
    return *account;
}

/// The state that the handlers of mounted webhooks share. `Verifier` is a `webhook_verifier` or chooses one.
///
/// It keeps a connection only if the request is known to have been read to its end. cpp-httplib 0.11 does not read the
/// body of a GET, a HEAD or an OPTIONS, treats a broken chunk as the last one, and uses the first of two lengths. It
/// would answer the unread bytes as the next request.
template <class Verifier, class Handler>
class mounted_webhook {
public:
    mounted_webhook(Verifier verifier, Handler handler, webhook_mount_options options)
        : verifier_(std::move(verifier)), handler_(std::move(handler)), options_(std::move(options))
    {
    }

    /// Serves a request whose body cpp-httplib leaves to the handler. It reads the body itself, because cpp-httplib
    /// would refuse forms of more than 8 KiB, and a message can be larger.
    void serve(mounted_path const& path, httplib::Request const& request, httplib::Response& response,
               httplib::ContentReader const& reader)
    {
        serve_without_throwing(request, response, [&](delivery_report& report) {
            body_framing const framing(request.headers);
            // cpp-httplib 0.11 reads a POST without a length until the connection ends, and does not read the chunks of
            // a DELETE.
            bool const is_delete = request.method == "DELETE";
            if (framing.kind == (is_delete ? body_framing::chunked : body_framing::none))
                return refuse(report, request, response, 411, malformed("the body has no Content-Length"), true);
            if (framing.kind == body_framing::unclear)
                return refuse(report, request, response, 400, malformed("the end of the body is unclear"), true);
            if (framing.size > options_.max_body)
                return refuse(report, request, response, 413, malformed(too_large), true);
            // cpp-httplib cannot return the raw bytes of a multipart body.
            if (request.is_multipart_form_data())
                return refuse(report, request, response, 400, malformed("the body is neither a form nor JSON"), true);

            std::string body;
            bool is_too_large = false;
            bool const whole = reader([&](char const* data, std::size_t size) {
                is_too_large = size > options_.max_body - body.size();
                if (!is_too_large) body.append(data, size);
                return !is_too_large;
            });
            if (framing.kind == body_framing::none) mark_body_consumed(const_cast<httplib::Request&>(request));
            if (is_too_large || response.status == 413) // exceeds the limit of the server
                return refuse(report, request, response, 413, malformed(too_large), true);
            if (!whole) return refuse(report, request, response, 400, malformed("the body could not be read"), true);
            answer(report, path, request, body, response, framing.kind == body_framing::chunked);
        });
    }

    /// Serves a GET or a HEAD. cpp-httplib 0.11 leaves the body unread; newer versions have already read it.
    void serve(mounted_path const& path, httplib::Request const& request, httplib::Response& response)
    {
        serve_without_throwing(request, response, [&](delivery_report& report) {
            body_framing const framing(request.headers);
            if (framing.kind == body_framing::none || (framing.kind == body_framing::length && framing.size == 0))
                return answer(report, path, request, {}, response, false);
            bool const is_read = framing.kind == body_framing::length && framing.size == request.body.size();
            if (!is_read || is_form(request.get_header_value("Content-Type")))
                return refuse(report, request, response, 403, failure(errc::invalid_signature, "the body was not read"),
                              true);
            if (framing.size > options_.max_body)
                return refuse(report, request, response, 413, malformed(too_large), true);
            answer(report, path, request, request.body, response, true);
        });
    }

    /// Refuses any other method.
    void refuse_method(httplib::Request const& request, httplib::Response& response)
    {
        serve_without_throwing(request, response, [&](delivery_report& report) {
            body_framing const framing(request.headers);
            response.set_header("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE");
            refuse(report, request, response, 405, malformed("Twilio does not call callbacks with this method"),
                   framing.kind != body_framing::none);
        });
    }

private:
    static constexpr std::string_view too_large = "the body is too large";

    static failure malformed(std::string_view text) { return failure(errc::malformed_webhook, text); }

    static bool is_form(std::string_view content_type)
    {
        return equal_ignoring_case(trim(content_type.substr(0, content_type.find(';'))),
                                   "application/x-www-form-urlencoded");
    }

    /// Keeps exceptions from cpp-httplib, which would send their text to the peer and keep the connection.
    template <class Serve>
    void serve_without_throwing(httplib::Request const& request, httplib::Response& response, Serve serve)
    {
        using clock = std::chrono::steady_clock;
        auto const begin = options_.on_delivery ? clock::now() : clock::time_point();
        delivery_report report;
        try {
            serve(report);
        } catch (...) {
            report.error.reset();
            try {
                finish(request, response, 500, "out of memory, or a callback threw an exception\n", true);
            } catch (...) {
                response.status = 500;
            }
        }
        if (!options_.on_delivery) return;
        report.status = response.status;
        report.duration = std::chrono::floor<std::chrono::milliseconds>(clock::now() - begin);
        try {
            options_.on_delivery(report);
        } catch (...) { // the response is already complete
        }
    }

    void answer(delivery_report& report, mounted_path const& path, httplib::Request const& request,
                std::string_view body, httplib::Response& response, bool closes)
    {
        auto verified = authenticate(path, request, body);
        if (!verified) {
            bool const forged = verified.error().code() == errc::invalid_signature;
            return refuse(report, request, response, forged ? 403 : 400, verified.error(), closes);
        }
        std::optional<webhook_parameters> copy;
        if (options_.on_other) copy = *verified;
        auto message = incoming_message::parse(*std::move(verified));
        if (!message && !copy) return refuse(report, request, response, 400, message.error(), closes);
        if (message && options_.on_delivery) {
            report.call = message->call_sid();
            report.message = message->sid();
            report.sequence_number = message->sequence_number();
        }
        try {
            if (message)
                handler_(*std::move(message));
            else
                options_.on_other(*std::move(copy));
        } catch (...) {
            return finish(request, response, 500, "the handler threw an exception\n", closes);
        }
        finish(request, response, 204, "", closes);
    }

    /// Returns the parameters if the signature matches one of the callbacks and the request is inside the replay
    /// window.
    result<webhook_parameters> authenticate(mounted_path const& path, httplib::Request const& request,
                                            std::string_view body)
    {
        std::size_t const query = find_or_end(request.target, "?", 0);
        std::string const content_type = request.get_header_value("Content-Type");
        std::string const signature = request.get_header_value("X-Twilio-Signature");
        std::vector<std::string> urls;
        for (std::string const& callback : path.callbacks) urls.push_back(callback + request.target.substr(query));
        webhook_request received{.method = request.method,
                                 .url = urls.front(),
                                 .content_type = content_type,
                                 .signature = signature,
                                 .body = body};

        auto parameters = authenticate(received, urls);
        if (!parameters || options_.replay_window.count <= 0) return parameters;
        if (!is_recent(*parameters))
            return failure(errc::invalid_signature, "Timestamp", "outside the replay window, or unreadable");
        return parameters;
    }

    result<webhook_parameters> authenticate(webhook_request& request, std::vector<std::string> const& urls)
    {
        if constexpr (std::is_same_v<Verifier, webhook_verifier>) {
            return verify_any(verifier_, request, urls);
        } else {
            auto const account = unverified_account(request);
            std::decay_t<decltype(verifier_(*account))> chosen{};
            if (account) chosen = verifier_(*account);
            // Without a verifier for the account, the response and the work are the same as for a wrong token.
            auto parameters = verify_any(chosen ? *chosen : unknown_verifier_, request, urls);
            if (!parameters) return parameters;
            // Otherwise one account could sign messages in the name of another.
            bool matches = chosen && parameters->find("AccountSid");
            for (std::size_t i = 0; matches && i != parameters->size(); ++i)
                matches = (*parameters)[i].name != "AccountSid" || (*parameters)[i].value == account->view();
            if (!matches)
                return failure(errc::invalid_signature, "AccountSid", "not the account whose token signed the request");
            return parameters;
        }
    }

    /// Tries every URL. The failure is that of the first one.
    static result<webhook_parameters> verify_any(webhook_verifier const& verifier, webhook_request& request,
                                                 std::vector<std::string> const& urls)
    {
        for (std::size_t i = urls.size(); i-- > 1;) {
            request.url = urls[i];
            auto parameters = verifier.parameters(request);
            if (parameters || parameters.error().code() != errc::invalid_signature) return parameters;
        }
        request.url = urls.front();
        return verifier.parameters(request);
    }

    bool is_recent(webhook_parameters const& parameters) const
    {
        std::optional<date_time> sent;
        for (std::size_t i = 0; i != parameters.size(); ++i) {
            if (parameters[i].name != "Timestamp") continue;
            if (sent) return false; // ambiguous
            sent = parse_rfc2822(parameters[i].value);
            if (!sent) return false;
        }
        auto const system_time = [] {
            return milliseconds(
                std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()));
        };
        milliseconds const now = options_.unix_time ? options_.unix_time() : system_time();
        return is_within(sent, {.unix_time = now, .length = options_.replay_window});
    }

    void refuse(delivery_report& report, httplib::Request const& request, httplib::Response& response, int status,
                failure const& reason, bool closes)
    {
        report.error = reason.code();
        finish(request, response, status, reason.to_string() + '\n', closes);
        if (!options_.on_refused) return;
        try {
            options_.on_refused(reason);
        } catch (...) { // the response is already complete
        }
    }

    /// Completes the response, and closes the connection after it if `closes`. Most versions of cpp-httplib ignore the
    /// header field for that, but close the connection if the body breaks off.
    static void finish(httplib::Request const& request, httplib::Response& response, int status, std::string text,
                       bool closes)
    {
        response.status = status;
        if (!closes) {
            if (!text.empty()) response.set_content(text, "text/plain");
            return;
        }
        response.set_header("Connection", "close");
        // The request is a non-const object of cpp-httplib. cpp-httplib writes no body for a HEAD, so the body could
        // not break off: until the response header is written, this is a GET. A range would be applied to the text.
        auto& mutable_request = const_cast<httplib::Request&>(request);
        mark_body_consumed(mutable_request);
        bool const is_head = mutable_request.method == "HEAD";
        if (is_head) mutable_request.method = "GET";
        mutable_request.ranges.clear();
        response.set_content_provider(
            "text/plain", [&mutable_request, is_head, body = std::move(text)](std::size_t, httplib::DataSink& sink) {
                if (is_head)
                    mutable_request.method = "HEAD";
                else if (!body.empty())
                    sink.write(body.data(), body.size());
                return false;
            });
    }

    /// Keeps some versions of cpp-httplib, such as 0.41, from reading the rest of the body after the response. For a
    /// request without a length they would read until the connection ends, including the next requests.
    template <class Request>
    static void mark_body_consumed(Request& request)
    {
        if constexpr (requires { request.body_consumed_ = true; }) request.body_consumed_ = true;
    }

    /// A verifier with a random token, which nobody knows.
    static webhook_verifier make_unknown_verifier()
    {
        std::random_device source;
        char token[32];
        for (char& c : token) c = static_cast<char>(source());
        return webhook_verifier(secret(std::string_view(token, sizeof token)));
    }

    struct unused {};

    Verifier verifier_;
    Handler handler_;
    webhook_mount_options options_;
    std::conditional_t<std::is_same_v<Verifier, webhook_verifier>, unused, webhook_verifier> unknown_verifier_ = [] {
        if constexpr (std::is_same_v<Verifier, webhook_verifier>)
            return unused();
        else
            return make_unknown_verifier();
    }();
};

/// Groups callbacks by their path on the server.
inline std::vector<mounted_path> group_by_path(std::vector<callback_url> const& callbacks,
                                               std::string const& mount_path)
{
    std::vector<mounted_path> paths;
    for (callback_url const& callback : callbacks) {
        std::string path = mount_path;
        if (path.empty()) path = callback.target().substr(0, callback.target().find('?'));
        if (path.empty()) path = "/";

        // cpp-httplib interprets the path as a regular expression and matches it with the decoded path of the request.
        std::string pattern;
        for (std::size_t at = 0; at != path.size();) {
            char const c = decode_next_byte(path, at);
            if (std::string_view("\\^$.|?*+()[]{}:").find(c) != std::string_view::npos) pattern += '\\';
            pattern += c;
        }

        std::string_view const whole = callback.view();
        std::string base(whole.substr(0, find_or_end(whole, "?#", 0)));
        auto found = std::find_if(paths.begin(), paths.end(), [&](auto const& one) { return one.pattern == pattern; });
        if (found == paths.end()) found = paths.insert(found, mounted_path{std::move(pattern), {}});
        if (std::find(found->callbacks.begin(), found->callbacks.end(), base) == found->callbacks.end())
            found->callbacks.push_back(std::move(base));
    }
    return paths;
}

template <class Verifier, class Handler>
void mount_callbacks(httplib::Server& server, std::vector<callback_url> const& callbacks, Verifier verifier,
                     Handler handler, webhook_mount_options options)
{
    auto const paths = group_by_path(callbacks, options.path);
    auto const shared = std::make_shared<mounted_webhook<Verifier, Handler>>(std::move(verifier), std::move(handler),
                                                                             std::move(options));
    for (mounted_path const& one : paths) {
        auto const path = std::make_shared<mounted_path const>(one);
        auto const with_body = [shared, path](httplib::Request const& request, httplib::Response& response,
                                              httplib::ContentReader const& reader) {
            shared->serve(*path, request, response, reader);
        };
        server.Get(path->pattern, [shared, path](httplib::Request const& request, httplib::Response& response) {
            shared->serve(*path, request, response);
        });
        server.Options(path->pattern, [shared](httplib::Request const& request, httplib::Response& response) {
            shared->refuse_method(request, response);
        });
        server.Post(path->pattern, with_body);
        server.Put(path->pattern, with_body);
        server.Patch(path->pattern, with_body);
        server.Delete(path->pattern, with_body);
    }
}

} // namespace detail

/// Mounts a webhook on an `httplib::Server`. It calls `handler(incoming_message&&)` for every message that Twilio
/// signed, and responds with 204 when the handler returns. Other requests never reach the handler:
///
/// | status | request |
/// |---|---|
/// | 403 | the signature does not match, or the `Timestamp` is outside `replay_window` |
/// | 400 | signed, but not a message; or a body that cannot be read |
/// | 405 | OPTIONS |
/// | 411 | a POST, PUT or PATCH without a length, or a chunked DELETE: refused without reading the body |
/// | 413 | larger than `max_body` |
/// | 500 | the handler threw, so Twilio learns that the message was not processed |
///
/// The response body is the failure in one line. 411 covers bodies that cpp-httplib 0.11 would read until the
/// connection ends, which would block a thread. A GET carries its message in the URL, and cpp-httplib answers URLs of
/// more than 8 KiB with 414: subscribe with POST if messages can be large. A GET with a JSON body needs a version of
/// cpp-httplib that reads it, as 0.18 does and 0.11 does not; otherwise it gets 403.
///
/// **Request smuggling.** Unread bytes of a request would be answered as the next request. So the connection is closed
/// after every request to this path whose body was not read to its end, has no clear end (chunks, two lengths,
/// `Transfer-Encoding` with `Content-Length`), or belongs to a method without a body. This function cannot do that for
/// your other paths, for 404s, for TRACE and CONNECT, for requests that cpp-httplib refuses before it looks at the
/// path, or if your own `set_error_handler` replaces the body of a refusal. In those cases cpp-httplib may keep the
/// connection (0.11 does). `server.set_keep_alive_max_count(1)` closes every connection after its first response and so
/// prevents all of this.
///
/// **Replays.** A signature never expires. `replay_window` limits how long a recorded request is accepted. Within the
/// window, accept each `Sid` only once: a `message_sequencer` does that for one call, as long as it exists and for the
/// SIDs that it remembers. It does not know messages from before your program started or the sequencer was constructed.
///
/// `callback` is the registered callback URL, because Twilio signs that URL, whatever a proxy changes on the way. Only
/// the query is taken from the request. The server calls the handler from any of its threads, and from several at once.
///
/// Call this before the server listens, and once per path: cpp-httplib uses the first handler of a path. Everything
/// that the handler refers to must outlive the server. Throws `std::bad_alloc`, and whatever cpp-httplib throws.
template <class Handler>
void mount_webhook(httplib::Server& server, callback_url const& callback, webhook_verifier verifier, Handler handler,
                   webhook_mount_options options = {})
{
    detail::mount_callbacks(server, {callback}, std::move(verifier), std::move(handler), std::move(options));
}

/// Mounts several callbacks. Callbacks with the same path, such as two public host names of one proxy, are tried one
/// after the other; one match is enough. If the vector is empty, nothing is mounted.
template <class Handler>
void mount_webhook(httplib::Server& server, std::vector<callback_url> const& callbacks, webhook_verifier verifier,
                   Handler handler, webhook_mount_options options = {})
{
    detail::mount_callbacks(server, callbacks, std::move(verifier), std::move(handler), std::move(options));
}

/// Mounts a webhook with one verifier per account. `verifier_choice(account_sid const&)` gets the `AccountSid` of the
/// request, which is **not verified yet**, and returns a pointer to the verifier of that account. The verifier must
/// stay alive until the request is verified; a `std::shared_ptr` ensures that. A null pointer and a request without an
/// `AccountSid` are refused like a wrong signature, with the same text and after the same work, so that nobody learns
/// which accounts exist. It is called from several threads at once. If it throws, the response is 500.
///
/// A message is then known to be signed with the token of the account that it names. Your handler must check that the
/// call belongs to that account, because anyone with the token of an account can sign any message of it.
template <webhook_verifier_choice Choose, class Handler>
void mount_webhook(httplib::Server& server, callback_url const& callback, Choose verifier_choice, Handler handler,
                   webhook_mount_options options = {})
{
    detail::mount_callbacks(server, {callback}, std::move(verifier_choice), std::move(handler), std::move(options));
}

/// Mounts several callbacks with one verifier per account.
template <webhook_verifier_choice Choose, class Handler>
void mount_webhook(httplib::Server& server, std::vector<callback_url> const& callbacks, Choose verifier_choice,
                   Handler handler, webhook_mount_options options = {})
{
    detail::mount_callbacks(server, callbacks, std::move(verifier_choice), std::move(handler), std::move(options));
}

} // namespace sidecall
