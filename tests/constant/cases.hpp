#pragma once

// The functions that the rows of the tables call at compile time. Each runs one case through the library and returns
// whether the result is the expected one. tests/tools/constant_tables.py writes the rows. `any` means that the row does
// not specify a value, `none` that the value must be absent.

#include <sidecall/http1.hpp>
#include <sidecall/sidecall.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <type_traits>

/// The name comes first, so that a compiler shows it even if the condition is not a constant expression.
#define CASE(name, ...) static_assert((__VA_ARGS__), name)

namespace constant {

using namespace std::string_view_literals;
using namespace sidecall;
using namespace sidecall::literals;

constexpr std::int64_t any = INT64_MIN;
constexpr std::int64_t none = INT64_MIN + 1;
constexpr std::string_view any_text = "\x01 any";
constexpr std::string_view no_text = "\x01 none";

template <class Number>
constexpr bool is(std::int64_t wanted, std::optional<Number> found)
{
    if (wanted == any) return true;
    return wanted == none ? !found : found && static_cast<std::int64_t>(*found) == wanted;
}
constexpr bool is(std::string_view wanted, std::string_view found)
{
    return wanted == any_text || wanted == found;
}
template <class Sid>
constexpr bool is(std::string_view wanted, std::optional<Sid> const& found)
{
    if (wanted == any_text) return true;
    return wanted == no_text ? !found : found && found->view() == wanted;
}
constexpr bool is(std::int64_t wanted, std::optional<date_time> found)
{
    return is(wanted, found ? std::optional(found->unix_seconds) : std::nullopt);
}

/// A text without a byte after it. Reading the NUL after a literal would be defined.
class exact {
public:
    constexpr exact(std::string_view text) : data_(new char[text.size()]), size_(text.size())
    {
        std::char_traits<char>::copy(data_, text.data(), size_);
    }
    exact(exact const&) = delete;
    exact& operator=(exact const&) = delete;
    constexpr ~exact() { delete[] data_; }
    constexpr operator std::string_view() const { return {data_, size_}; }

private:
    char* data_;
    std::size_t size_;
};

/// The expected failure.
struct refused {
    std::string_view error = any_text;
    std::string_view field = any_text;
    std::int64_t offset = any;
    std::int64_t http_status = any;
    std::int64_t twilio_code = any;
    std::string_view message = any_text;
    std::int64_t retry_after_seconds = any;
    std::int64_t retry_after_unix = any;
};

constexpr bool says(failure const& found, refused const& wanted)
{
    return is(wanted.error, to_string_view(found.code())) && is(wanted.field, found.field()) &&
           is(wanted.offset, found.offset()) && is(wanted.http_status, found.http_status()) &&
           is(wanted.twilio_code, found.twilio_code());
}

/// Whether a failure for an argument has the right code, and an offset within the text or at its end.
constexpr bool says_of(std::string_view text, failure const& found, refused const& wanted)
{
    return found.code() == errc::invalid_argument && found.offset() && *found.offset() <= text.size() &&
           !found.message().empty() && says(found, wanted);
}

// Each function has two overloads: one for the expected value, one for the expected failure.

template <class Sid>
constexpr bool sid(std::string_view text)
{
    exact const exact_text(text);
    auto const made = Sid::parse(exact_text);
    return made && made->view() == text;
}
template <class Sid>
constexpr bool sid(std::string_view text, refused const& wanted)
{
    exact const exact_text(text);
    auto const made = Sid::parse(exact_text);
    return !made && says_of(text, made.error(), wanted);
}

constexpr bool callback_url(std::string_view text, std::string_view host = any_text, std::int64_t port = any)
{
    exact const exact_text(text);
    auto const made = callback_url_view::parse(exact_text);
    return made && made->view() == text && is(host, made->host()) && is(port, std::optional(made->port()));
}
constexpr bool callback_url(std::string_view text, refused const& wanted)
{
    exact const exact_text(text);
    auto const made = callback_url_view::parse(exact_text);
    return !made && made.error().field() == "Callback" && says_of(text, made.error(), wanted);
}

constexpr bool date(std::string_view text, std::int64_t unix_seconds)
{
    auto const read = detail::parse_rfc2822(exact(text));
    return read && is(unix_seconds, read);
}
constexpr bool date(std::string_view text, refused const&)
{
    return !detail::parse_rfc2822(exact(text));
}

constexpr bool retry_after(std::string_view text, std::int64_t seconds, std::int64_t unix_seconds)
{
    auto read = detail::parse_retry_after(detail::trim(exact(text)));
    if (read && read->seconds == retry_time::too_long) read.reset();
    auto const number = read ? std::optional(read->seconds) : std::nullopt;
    bool const is_date = read && read->is_unix_time;
    return is(seconds, is_date ? std::nullopt : number) && is(unix_seconds, is_date ? number : std::nullopt);
}

constexpr bool json(std::string_view text)
{
    exact const exact_text(text);
    detail::json_value value;
    return detail::json_reader(exact_text).read_text(value);
}
constexpr bool json(std::string_view text, refused const&)
{
    exact const exact_text(text);
    detail::json_reader reader(exact_text);
    detail::json_value value;
    return !reader.read_text(value) && reader.fault() && reader.fault().offset <= text.size();
}

constexpr bool form_encode(std::string_view text, std::string_view wanted)
{
    exact const exact_text(text);
    detail::buffer room(detail::encoded_form_size(exact_text)); // a write beyond it would be no constant
    char const* const end = detail::percent_encode_form(room.data(), exact_text);
    room.resize(static_cast<std::size_t>(end - room.data()));
    return room.size() == room.capacity() && room.view() == wanted;
}

// Requests, made from texts that may be invalid arguments.

using subscription = create_user_defined_message_subscription_view;
using message = create_user_defined_message_view;
using deletion = delete_user_defined_message_subscription_view;

struct request {
    std::string_view method = any_text;
    std::string_view url = any_text;
    std::string_view body = any_text;
};

template <class Operation>
constexpr bool makes(Operation const& operation, request const& wanted)
{
    http_request const made = operation.request();
    for (auto const& field : made.headers())
        if (field.name.empty() || field.value.empty()) return false;
    return is(wanted.method, to_string_view(made.method())) && is(wanted.url, made.url()) &&
           is(wanted.body, made.body());
}
constexpr bool makes(failure const& found, refused const& wanted)
{
    return found.code() == errc::invalid_argument && says(found, wanted);
}
// The result is of the other kind than expected.
template <class Operation>
constexpr bool makes(Operation const&, refused const&)
{
    return false;
}
constexpr bool makes(failure const&, request const&)
{
    return false;
}

/// A part of a user's operation: the kind, its name if the kind has one, and its value.
struct part {
    std::string_view kind;
    std::string_view name;
    std::string_view value;
};

/// A user's operation. Without a "uri" its path is "/v1", then one "/" before each segment.
template <http_method Method, bool IsVoice>
struct own_operation {
    std::initializer_list<part> parts;

    static constexpr http_method request_method = Method;
    static constexpr std::string_view product = IsVoice ? "voice" : "api";

    template <class Request>
    constexpr void write(Request& request) const
    {
        bool has_uri = false;
        for (auto const& one : parts) has_uri = has_uri || one.kind == "uri";
        if (!has_uri) request.path("/v1");
        for (auto const& [kind, name, value] : parts) {
            if (kind == "segment") request.path("/").segment(exact(value));
            if (kind == "uri") request.uri(exact(value));
            if (kind == "query") request.query(exact(name), exact(value));
            if (kind == "header") request.header(exact(name), exact(value));
            if constexpr (Method == http_method::post) {
                if (kind == "field") request.field(exact(name), exact(value));
                if (kind == "json_body") request.json_body(exact(value));
            }
        }
    }
};

template <http_method Method, bool IsVoice, class Wanted>
constexpr bool own_request(std::string_view server, std::initializer_list<part> parts, Wanted const& wanted)
{
    auto const made = make_request(own_operation<Method, IsVoice>{parts}, *endpoint::parse(exact(server)));
    if (!made) return makes(made.error(), wanted);
    if constexpr (std::is_same_v<Wanted, request>)
        return is(wanted.method, to_string_view(made->method())) && is(wanted.url, made->url()) &&
               is(wanted.body, made->body());
    else
        return false;
}

/// Parses the SIDs that each request has in its path. If they are valid, calls `then` with them.
template <class Wanted, class Then>
constexpr bool in_call(std::string_view account, std::string_view call, Wanted const& wanted, Then then)
{
    auto const account_read = account_sid::parse(exact(account));
    if (!account_read) return makes(account_read.error(), wanted);
    auto const call_read = call_sid::parse(exact(call));
    if (!call_read) return makes(call_read.error(), wanted);
    return then(*account_read, *call_read);
}

/// Parses the optional key. Unless it is rejected, calls `then` with the operation.
template <class Operation, class Wanted, class Then>
constexpr bool keyed(Operation operation, std::optional<std::string_view> key, Wanted const& wanted, Then then)
{
    exact const exact_key(key.value_or(""));
    if (key) {
        auto const read = idempotency_key_view::parse(exact_key);
        if (!read) return makes(read.error(), wanted);
        operation.idempotency_key = *read;
    }
    return then(operation);
}

template <class Wanted>
constexpr bool create_subscription(std::string_view account, std::string_view call, std::string_view callback,
                                   std::optional<std::string_view> key, std::optional<std::string_view> method,
                                   Wanted const& wanted)
{
    return in_call(account, call, wanted, [&](account_sid const& in, call_sid const& of) {
        exact const exact_callback(callback);
        auto const read = callback_url_view::parse(exact_callback);
        if (!read) return makes(read.error(), wanted);
        return keyed(subscription{in, of, *read}, key, wanted, [&](subscription operation) {
            if (method) {
                auto const named = parse_http_method(exact(*method));
                if (!named) return makes(named.error(), wanted);
                operation.method = *named;
            }
            return makes(operation, wanted);
        });
    });
}

template <class Wanted>
constexpr bool create_message(std::string_view account, std::string_view call, std::string_view content,
                              std::optional<std::string_view> key, Wanted const& wanted)
{
    return in_call(account, call, wanted, [&](account_sid const& in, call_sid const& of) {
        exact const exact_content(content);
        auto const read = message_content_view::parse(exact_content);
        if (!read) return makes(read.error(), wanted);
        return keyed(message{in, of, *read}, key, wanted,
                     [&](message const& operation) { return makes(operation, wanted); });
    });
}

template <class Wanted>
constexpr bool delete_subscription(std::string_view account, std::string_view call, std::string_view which,
                                   Wanted const& wanted)
{
    return in_call(account, call, wanted, [&](account_sid const& in, call_sid const& of) {
        auto const read = subscription_sid::parse(exact(which));
        return read ? makes(deletion{in, of, *read}, wanted) : makes(read.error(), wanted);
    });
}

// Responses, parsed into views. They have no header fields here, since a view of those goes through a pointer to void.
// `Retry-After` is tested by itself.

struct resource {
    std::string_view sid = any_text;
    std::string_view account_sid = any_text;
    std::string_view call_sid = any_text;
    std::int64_t date_created = any;
    std::string_view uri = any_text;
    std::string_view unreadable = any_text; // names, separated by spaces
};

constexpr bool has_unreadable(std::string_view wanted, unreadable_members const& found)
{
    if (wanted == any_text) return true;
    for (std::string_view name : found) {
        if (wanted.substr(0, name.size()) != name) return false;
        wanted.remove_prefix(name.size());
        if (!wanted.empty()) wanted.remove_prefix(1);
    }
    return wanted.empty();
}

constexpr bool has_uri(std::string_view wanted, user_defined_message_subscription_view const& made)
{
    if (wanted == any_text) return true;
    if (wanted == no_text || !made.uri) return wanted == no_text && !made.uri;
    return detail::json_equal({detail::json_kind::string, true, *made.uri, 0}, wanted); // raw, with its escapes
}
constexpr bool has_uri(std::string_view, user_defined_message const&)
{
    return true;
}

template <class Operation>
constexpr bool parse(int status, std::string_view body, resource const& wanted)
{
    exact const exact_body(body);
    auto const made = Operation::parse({.status = status, .body = exact_body});
    return made && is(wanted.sid, made->sid.view()) && is(wanted.account_sid, made->account_sid) &&
           is(wanted.call_sid, made->call_sid) && is(wanted.date_created, made->date_created) &&
           has_uri(wanted.uri, *made) && has_unreadable(wanted.unreadable, made->unreadable);
}
template <class Operation>
constexpr bool parse(int status, std::string_view body)
{
    return Operation::parse({.status = status, .body = exact(body)}).has_value();
}

/// Twilio's message, or RFC 9457's if it comes in one piece.
constexpr bool has_message(std::string_view wanted, std::string_view body, failure const& found)
{
    if (wanted == any_text) return true;
    if (found.code() != errc::api_error) return found.message() == wanted;
    detail::api_error error;
    if (!detail::read_api_error(body, error)) return false;
    if (error.message.is_string()) return detail::json_equal(error.message, wanted);
    if (error.title.is_string() == error.detail.is_string()) return true;
    return detail::json_equal(error.title.is_string() ? error.title : error.detail, wanted);
}

template <class Operation>
constexpr bool parse(int status, std::string_view body, refused const& wanted, std::string_view retry = {})
{
    exact const exact_body(body);
    auto const made = Operation::parse({.status = status, .body = exact_body});
    return !made && says(made.error(), wanted) && has_message(wanted.message, body, made.error()) &&
           retry_after(retry, wanted.retry_after_seconds, wanted.retry_after_unix);
}

// Webhooks: the keys, the signature, the hash of the body and the parameters, all computed at compile time.

constexpr webhook_verifier verifier(std::initializer_list<std::string_view> tokens)
{
    if (tokens.size() == 1) return webhook_verifier(secret(*tokens.begin()));
    return webhook_verifier(secret(*tokens.begin()), secret(*(tokens.begin() + 1)));
}

/// A copy of a request in which each text is an allocation of its own.
struct exact_request {
    constexpr explicit exact_request(webhook_request const& from)
        : method(from.method), url(from.url), content_type(from.content_type), signature(from.signature),
          body(from.body)
    {
    }
    constexpr operator webhook_request() const { return {method, url, content_type, signature, body}; }

    exact method, url, content_type, signature, body;
};

constexpr bool verify(std::initializer_list<std::string_view> tokens, webhook_request const& request)
{
    return verifier(tokens).verify(exact_request(request)).has_value();
}
constexpr bool verify(std::initializer_list<std::string_view> tokens, webhook_request const& request,
                      refused const& wanted)
{
    auto const verified = verifier(tokens).verify(exact_request(request));
    return !verified && verified.error().code() == errc::invalid_signature && says(verified.error(), wanted);
}

struct received {
    std::string_view content = any_text;
    std::string_view content_type = any_text;
    std::string_view sequence_number = any_text;
    std::string_view call_sid = any_text;
    std::string_view account_sid = any_text;
    std::string_view sid = any_text;
    std::int64_t timestamp = any;
};

constexpr bool receive(std::initializer_list<std::string_view> tokens, webhook_request const& request,
                       received const& wanted)
{
    auto const made = verifier(tokens).receive(exact_request(request));
    if (!made) return false;
    std::uint64_t number = made->sequence_number();
    if (wanted.sequence_number != any_text && !detail::parse_decimal(wanted.sequence_number, UINT64_MAX, number))
        return false;
    webhook_parameters const& parameters = made->parameters();
    for (std::size_t i = 1; i < parameters.size(); ++i)
        if (parameters[i].name < parameters[i - 1].name) return false;
    return number == made->sequence_number() && is(wanted.content, made->content()) &&
           is(wanted.content_type, made->content_type()) && is(wanted.call_sid, made->call_sid().view()) &&
           is(wanted.account_sid, made->account_sid().view()) && is(wanted.sid, made->sid().view()) &&
           is(wanted.timestamp, made->timestamp());
}
constexpr bool receive(std::initializer_list<std::string_view> tokens, webhook_request const& request,
                       refused const& wanted)
{
    auto const made = verifier(tokens).receive(exact_request(request));
    return !made && says(made.error(), wanted);
}

// Messages of HTTP/1.1, read in one piece and in two.

/// The expected message. Members that only a request or only a response has are not compared with the other.
struct read_message {
    std::int64_t is_incomplete = 0; // 1 if so
    std::int64_t consumed = any;
    std::int64_t is_kept = any; // 1 if the connection can be used for another message
    std::int64_t status = any;
    std::string_view method = any_text;
    std::string_view url = any_text;
    std::string_view content_type = any_text;
    std::string_view signature = any_text;
    std::string_view headers = any_text; // name, LF, value, LF of each
    std::string_view body = any_text;
};

/// The expected failure, with the status to answer with.
struct refused_message {
    std::string_view error = any_text;
    std::string_view field = any_text;
    std::int64_t offset = any;
    std::int64_t status = any;
};

constexpr bool has_headers(std::string_view wanted, header_lines const& found)
{
    if (wanted == any_text) return true;
    auto const skip = [&](std::string_view text) {
        bool const is_next = wanted.substr(0, text.size()) == text && wanted[text.size()] == '\n';
        if (is_next) wanted.remove_prefix(text.size() + 1);
        return is_next;
    };
    for (auto const& field : found)
        if (!skip(field.name) || !skip(field.value)) return false;
    return wanted.empty();
}

template <class Reader>
constexpr result<http1_progress> feed_pieces(Reader& reader, std::string_view bytes, std::size_t cut, bool ends)
{
    auto progress = reader.feed(exact(bytes.substr(0, cut)));
    std::size_t consumed = progress ? progress->consumed : 0;
    if (progress && !progress->done && cut != bytes.size()) {
        progress = reader.feed(exact(bytes.substr(cut)));
        if (progress) consumed += progress->consumed;
    }
    if constexpr (requires { reader.end(); })
        if (progress && !progress->done && ends) progress = reader.end();
    if (progress) progress->consumed = consumed;
    return progress;
}

template <class Reader>
constexpr bool reads(Reader const& reader, result<http1_progress> const& progress, read_message const& wanted)
{
    if (!progress || progress->done == (wanted.is_incomplete == 1)) return false;
    if (!is(wanted.consumed, std::optional(progress->consumed)) ||
        !is(wanted.is_kept, std::optional(static_cast<int>(reader.keep_alive()))))
        return false;
    if (!progress->done) return true;
    if constexpr (requires { reader.request(); }) {
        webhook_request const request = reader.request();
        return is(wanted.method, request.method) && is(wanted.url, request.url) &&
               is(wanted.content_type, request.content_type) && is(wanted.signature, request.signature) &&
               is(wanted.body, request.body);
    } else {
        return is(wanted.status, std::optional(reader.view().status)) &&
               has_headers(wanted.headers, reader.headers()) && is(wanted.body, reader.view().body);
    }
}
template <class Reader>
constexpr bool reads(Reader const& reader, result<http1_progress> const& progress, refused_message const& wanted)
{
    if (progress) return false;
    auto const& found = progress.error();
    if constexpr (requires { reader.request(); })
        if (!is(wanted.status, std::optional(reader.status()))) return false;
    return is(wanted.error, to_string_view(found.code())) && is(wanted.field, found.field()) &&
           is(wanted.offset, found.offset());
}

template <class Wanted>
constexpr bool http1_request(std::string_view callback, std::string_view bytes, Wanted const& wanted)
{
    exact const exact_callback(callback);
    auto const parsed = callback_url_view::parse(exact_callback);
    for (std::size_t cut : {bytes.size(), bytes.size() / 2}) {
        http1_request_reader reader(*parsed);
        if (!reads(reader, feed_pieces(reader, bytes, cut, false), wanted)) return false;
    }
    return true;
}

template <class Wanted>
constexpr bool http1_response(http_method method, std::string_view bytes, bool ends, Wanted const& wanted)
{
    for (std::size_t cut : {bytes.size(), bytes.size() / 2}) {
        http1_response_reader reader(method);
        if (!reads(reader, feed_pieces(reader, bytes, cut, ends), wanted)) return false;
    }
    return true;
}

} // namespace constant
