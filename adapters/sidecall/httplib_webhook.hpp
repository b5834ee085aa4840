#pragma once

/// A webhook on a server of cpp-httplib's, 0.11 or later (`libcpp-httplib-dev`, `pkg-config cpp-httplib`), by itself:
/// `sidecall/httplib.hpp` has it, too, and a transport.

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
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/webhook.hpp>

namespace sidecall {

/// How `mount_webhook` works. Every member has a default.
struct webhook_mount_options {
    /// Where on the server, if a proxy changes the path on its way: `"/udm"`. Empty: the path of the callback.
    std::string path = {};
    /// The largest body that is read, in bytes. A message of 10 KB is 30 KB at most once it is form-encoded. What is
    /// larger than `webhook_verifier::max_size` is refused in any case.
    std::size_t max_body = std::size_t{64} << 10;
    /// How far the `Timestamp` of a request may be from the system's clock, before or after: `std::chrono::minutes(5)`.
    /// A signature never expires, so a request that somebody recorded holds again for ever; this bounds that. Outside
    /// of it, or where there is no `Timestamp` that can be read, 403. 0: any will do.
    milliseconds replay_window = {};
    /// Called with the failure of each request that is refused, whatever its status: `invalid_signature` with 403,
    /// `malformed_webhook` with any other. From any of the server's threads, several at once; what it throws is
    /// dropped. Do not log it without a limit: anybody can send requests.
    std::function<void(failure const&)> on_refused = {};
    /// Called with each request that Twilio signed and that is no user defined message, such as a status callback of
    /// the same URL, and answered with 204; with 500 if it throws. Empty: such a request is refused with 400. Threads
    /// as above. With it, each message costs a copy of its parameters.
    std::function<void(webhook_parameters&&)> on_other = {};
};

/// Chooses the verifier for an account: a callable that takes an `account_sid const&` and gives back a pointer to a
/// `webhook_verifier`, `std::shared_ptr` among them, or a null pointer. Subaccounts sign with their own tokens.
template <class Choose>
concept webhook_verifier_choice = requires(Choose& choose, account_sid const& account) {
    { *choose(account) } -> std::convertible_to<webhook_verifier const&>;
    static_cast<bool>(choose(account));
};

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

/// The callbacks that end at one path of the server, each without its query: an absolute path may be what several
/// registered URLs have in common, of two host names behind one proxy, say.
struct mounted_path {
    std::string pattern; // a regular expression
    std::vector<std::string> callbacks;
};

/// The `AccountSid` of a request, before anything of it is verified; nothing if there is none that could be one. One
/// pass over the body, or over the query where there is no body; allocates nothing.
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

/// Webhooks on a server: what their handlers share. `Verifier` is a `webhook_verifier`, or chooses one.
///
/// A connection is kept only behind a request that is known to have been read to its end. cpp-httplib 0.11 reads no
/// body of a GET, a HEAD or an OPTIONS, takes a broken chunk for the last one, and goes by the first of two lengths:
/// what it leaves unread it answers as the next request.
template <class Verifier, class Handler>
class mounted_webhook {
public:
    mounted_webhook(Verifier verifier, Handler handler, webhook_mount_options options)
        : verifier_(std::move(verifier)), handler_(std::move(handler)), options_(std::move(options))
    {
    }

    /// Serves a request of a method whose body cpp-httplib leaves to us. Reads it by itself: cpp-httplib would refuse
    /// forms of more than 8 KiB, which a message can exceed.
    void serve(mounted_path const& path, httplib::Request const& request, httplib::Response& response,
               httplib::ContentReader const& reader)
    {
        guarded(request, response, [&] {
            body_framing const framing(request.headers);
            // cpp-httplib 0.11 reads a POST without a length until the connection ends, and no chunks of a DELETE.
            bool const is_delete = request.method == "DELETE";
            if (framing.is == (is_delete ? body_framing::chunked : body_framing::none))
                return refuse(request, response, 411, malformed("the body has no Content-Length"), true);
            if (framing.is == body_framing::unclear)
                return refuse(request, response, 400, malformed("the end of the body is unclear"), true);
            if (framing.size > options_.max_body) return refuse(request, response, 413, malformed(too_large), true);
            // cpp-httplib cannot give the bytes of a multipart body as they are.
            if (request.is_multipart_form_data())
                return refuse(request, response, 400, malformed("the body is neither a form nor JSON"), true);

            std::string body;
            bool is_too_large = false;
            bool const whole = reader([&](char const* data, std::size_t size) {
                is_too_large = size > options_.max_body - body.size();
                if (!is_too_large) body.append(data, size);
                return !is_too_large;
            });
            if (framing.is == body_framing::none) leave_the_rest(const_cast<httplib::Request&>(request));
            if (is_too_large || response.status == 413) // the server's own limit
                return refuse(request, response, 413, malformed(too_large), true);
            if (!whole) return refuse(request, response, 400, malformed("the body could not be read"), true);
            answer(path, request, body, response, framing.is == body_framing::chunked);
        });
    }

    /// Serves a GET or a HEAD. cpp-httplib 0.11 leaves their body unread, newer versions have read it before.
    void serve(mounted_path const& path, httplib::Request const& request, httplib::Response& response)
    {
        guarded(request, response, [&] {
            body_framing const framing(request.headers);
            if (framing.is == body_framing::none || (framing.is == body_framing::length && framing.size == 0))
                return answer(path, request, {}, response, false);
            bool const is_read = framing.is == body_framing::length && framing.size == request.body.size();
            if (!is_read || is_form(request.get_header_value("Content-Type")))
                return refuse(request, response, 403, failure(errc::invalid_signature, "the body was not read"), true);
            if (framing.size > options_.max_body) return refuse(request, response, 413, malformed(too_large), true);
            answer(path, request, request.body, response, true);
        });
    }

    /// Refuses another method.
    void refuse_method(httplib::Request const& request, httplib::Response& response)
    {
        guarded(request, response, [&] {
            body_framing const framing(request.headers);
            response.set_header("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE");
            refuse(request, response, 405, malformed("not a method of a callback"), framing.is != body_framing::none);
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

    /// Lets nothing be thrown into cpp-httplib, which would tell the peer what, and keep the connection.
    template <class Serve>
    void guarded(httplib::Request const& request, httplib::Response& response, Serve serve)
    {
        try {
            serve();
        } catch (...) {
            try {
                finish(request, response, 500, "out of memory, or a callable has thrown\n", true);
            } catch (...) {
                response.status = 500;
            }
        }
    }

    void answer(mounted_path const& path, httplib::Request const& request, std::string_view body,
                httplib::Response& response, bool closes)
    {
        auto verified = authenticate(path, request, body);
        if (!verified) {
            bool const forged = verified.error().code() == errc::invalid_signature;
            return refuse(request, response, forged ? 403 : 400, verified.error(), closes);
        }
        std::optional<webhook_parameters> copy;
        if (options_.on_other) copy = *verified;
        auto message = incoming_message::parse(*std::move(verified));
        if (!message && !copy) return refuse(request, response, 400, message.error(), closes);
        try {
            if (message)
                handler_(*std::move(message));
            else
                options_.on_other(*std::move(copy));
        } catch (...) {
            return finish(request, response, 500, "the handler failed\n", closes);
        }
        finish(request, response, 204, "", closes);
    }

    /// The parameters, if one of the callbacks was called with a signature that matches, and not too long ago.
    result<webhook_parameters> authenticate(mounted_path const& path, httplib::Request const& request,
                                            std::string_view body)
    {
        std::size_t const query = find_or_end(request.target, "?", 0);
        std::string const content_type = request.get_header_value("Content-Type");
        std::string const signature = request.get_header_value("X-Twilio-Signature");
        std::vector<std::string> urls;
        for (std::string const& callback : path.callbacks) urls.push_back(callback + request.target.substr(query));
        webhook_request seen{.method = request.method,
                             .url = urls.front(),
                             .content_type = content_type,
                             .signature = signature,
                             .body = body};

        auto parameters = authenticate(seen, urls);
        if (!parameters || options_.replay_window.count <= 0) return parameters;
        if (!is_recent(*parameters))
            return failure(errc::invalid_signature, "Timestamp", "outside of the replay window, or not readable");
        return parameters;
    }

    result<webhook_parameters> authenticate(webhook_request& request, std::vector<std::string> const& urls)
    {
        if constexpr (std::is_same_v<Verifier, webhook_verifier>) {
            return verify_by(verifier_, request, urls);
        } else {
            auto const account = unverified_account(request);
            std::decay_t<decltype(verifier_(*account))> chosen{};
            if (account) chosen = verifier_(*account);
            // Where there is none, all is as with a wrong token: what is answered, and the work that it takes.
            auto parameters = verify_by(chosen ? *chosen : nobody_, request, urls);
            if (!parameters) return parameters;
            // Else one account could sign messages that say that they are another's.
            bool matches = chosen && parameters->find("AccountSid");
            for (std::size_t i = 0; matches && i != parameters->size(); ++i)
                matches = (*parameters)[i].name != "AccountSid" || (*parameters)[i].value == account->view();
            if (!matches)
                return failure(errc::invalid_signature, "AccountSid", "not the account whose token signed it");
            return parameters;
        }
    }

    /// A failure is that of the first URL.
    static result<webhook_parameters> verify_by(webhook_verifier const& verifier, webhook_request& request,
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
            if (sent) return false; // either could be the true one
            sent = parse_rfc2822(parameters[i].value);
            if (!sent) return false;
        }
        if (!sent) return false;
        milliseconds const now =
            std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
        std::int64_t const age = now.count - sent->unix_seconds * 1000; // years of four digits: it does not overflow
        return (age < 0 ? -age : age) <= options_.replay_window.count;
    }

    void refuse(httplib::Request const& request, httplib::Response& response, int status, failure const& why,
                bool closes)
    {
        finish(request, response, status, why.to_string() + '\n', closes);
        if (!options_.on_refused) return;
        try {
            options_.on_refused(why);
        } catch (...) { // the answer is made already
        }
    }

    /// Answers, and ends the connection behind that if `closes`. To most versions of cpp-httplib a header does not say
    /// so, but a body that breaks off does.
    static void finish(httplib::Request const& request, httplib::Response& response, int status, std::string text,
                       bool closes)
    {
        response.status = status;
        if (!closes) {
            if (!text.empty()) response.set_content(text, "text/plain");
            return;
        }
        response.set_header("Connection", "close");
        // The request is cpp-httplib's own and no constant. In answer to a HEAD it writes no body, and so breaks none
        // off: until the answer's head is written, this is a GET. A range would be taken for one of our text.
        auto& own = const_cast<httplib::Request&>(request);
        leave_the_rest(own);
        bool const is_head = own.method == "HEAD";
        if (is_head) own.method = "GET";
        own.ranges.clear();
        response.set_content_provider("text/plain",
                                      [&own, is_head, body = std::move(text)](std::size_t, httplib::DataSink& sink) {
                                          if (is_head)
                                              own.method = "HEAD";
                                          else if (!body.empty())
                                              sink.write(body.data(), body.size());
                                          return false;
                                      });
    }

    /// Keeps some versions of cpp-httplib (0.41, say) from reading, behind the answer, what they take for the rest of
    /// the body: of a request without a length that is all until the connection ends, the next requests among it.
    template <class Request>
    static void leave_the_rest(Request& own)
    {
        if constexpr (requires { own.body_consumed_ = true; }) own.body_consumed_ = true;
    }

    /// A verifier whose token nobody knows.
    static webhook_verifier make_nobody()
    {
        std::random_device source;
        char token[32];
        for (char& c : token) c = static_cast<char>(source());
        return webhook_verifier(secret(std::string_view(token, sizeof token)));
    }

    struct nothing {};

    Verifier verifier_;
    Handler handler_;
    webhook_mount_options options_;
    std::conditional_t<std::is_same_v<Verifier, webhook_verifier>, nothing, webhook_verifier> nobody_ = [] {
        if constexpr (std::is_same_v<Verifier, webhook_verifier>)
            return nothing();
        else
            return make_nobody();
    }();
};

/// Sorts callbacks by where on the server they end.
inline std::vector<mounted_path> sort_by_path(std::vector<callback_url> const& callbacks, std::string const& given)
{
    std::vector<mounted_path> paths;
    for (callback_url const& callback : callbacks) {
        std::string path = given;
        if (path.empty()) path = callback.target().substr(0, callback.target().find('?'));
        if (path.empty()) path = "/";

        // cpp-httplib takes the path for a regular expression, and matches it with what came after decoding it.
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
    auto const paths = sort_by_path(callbacks, options.path);
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

/// Mounts a webhook on an `httplib::Server`: calls `handler(incoming_message&&)` for each request that Twilio signed
/// and that is a message, and answers 204 once it returns. Any other request never reaches the handler:
///
/// | status | what came |
/// |---|---|
/// | 403 | the signature does not match, or the `Timestamp` is outside of `replay_window` |
/// | 400 | signed, but no message; or a body that cannot be read |
/// | 405 | OPTIONS |
/// | 411 | a POST, PUT or PATCH without a length, a DELETE in chunks: at once |
/// | 413 | larger than `max_body` |
/// | 500 | the handler threw: Twilio knows that the message did not arrive |
///
/// The text of the answer is the failure in one line. 411 is for what cpp-httplib 0.11 would read until the connection
/// ends, and hold a thread. A GET is as long as its message, and cpp-httplib answers one of more than 8 KiB with 414:
/// subscribe with POST if messages can be large. A GET with a JSON body needs a version of cpp-httplib that reads it,
/// as 0.18 does and 0.11 does not; elsewhere it is refused with 403.
///
/// **Request smuggling.** What is left of a request that was not read would be answered as the next request. So the
/// connection is closed behind every request to this path whose body was not read to its end, has no clear end (chunks,
/// two lengths, `Transfer-Encoding` with `Content-Length`), or belongs to a method that has none. That cannot be done
/// from here for your other paths, for 404s, for TRACE and CONNECT, for what cpp-httplib refuses before it looks at the
/// path, nor where your own `set_error_handler` gives a refusal another body: there cpp-httplib may keep the connection
/// (0.11 does). `server.set_keep_alive_max_count(1)` closes every connection behind its first answer, and so prevents
/// all of it.
///
/// **Replays.** A signature never expires. `replay_window` bounds how long a recorded request holds; within it, let
/// each `Sid` through once: a `message_sequencer` does, of one call, among the SIDs that it remembers, as long as it
/// lives. It knows nothing of a message from before your program was started, or from before the sequencer was made.
///
/// `callback` is the callback that was registered, since Twilio signs that, whatever a proxy makes of it on the way;
/// only the query is the one that came. The server calls the handler from any of its threads, several at once.
///
/// Call it before the server listens, once for each path: cpp-httplib goes by the first handler of a path. The server
/// must not outlive what the handler refers to. Throws `std::bad_alloc`, and what cpp-httplib throws.
template <class Handler>
void mount_webhook(httplib::Server& server, callback_url const& callback, webhook_verifier verifier, Handler handler,
                   webhook_mount_options options = {})
{
    detail::mount_callbacks(server, {callback}, std::move(verifier), std::move(handler), std::move(options));
}

/// The same for several callbacks. Those that end at the same path, under two public host names of one proxy, say, are
/// tried one after the other: one that matches will do. Without a callback nothing is mounted.
template <class Handler>
void mount_webhook(httplib::Server& server, std::vector<callback_url> const& callbacks, webhook_verifier verifier,
                   Handler handler, webhook_mount_options options = {})
{
    detail::mount_callbacks(server, callbacks, std::move(verifier), std::move(handler), std::move(options));
}

/// The same with a verifier for each account: `choose(account_sid const&)` is called with the `AccountSid` of the
/// request, which **nothing vouches for yet**, and gives back a pointer to the verifier of that account, which must
/// stay alive until the request is verified (a `std::shared_ptr` keeps it so). A null pointer, or a request without an
/// `AccountSid`, is refused as a wrong signature is, in the same words and after the same work, so that nobody learns
/// which accounts there are. It is called by several threads at once; if it throws, 500.
///
/// A message is then signed with the token of the account that it names. It is for your handler to see that the call is
/// one of that account's: whoever has the token of an account can sign any message of it.
template <webhook_verifier_choice Choose, class Handler>
void mount_webhook(httplib::Server& server, callback_url const& callback, Choose choose, Handler handler,
                   webhook_mount_options options = {})
{
    detail::mount_callbacks(server, {callback}, std::move(choose), std::move(handler), std::move(options));
}

/// The same for several callbacks and several accounts.
template <webhook_verifier_choice Choose, class Handler>
void mount_webhook(httplib::Server& server, std::vector<callback_url> const& callbacks, Choose choose, Handler handler,
                   webhook_mount_options options = {})
{
    detail::mount_callbacks(server, callbacks, std::move(choose), std::move(handler), std::move(options));
}

} // namespace sidecall
