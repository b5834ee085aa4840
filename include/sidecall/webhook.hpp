#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <sidecall/credentials.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/detail/crypto/hmac.hpp>
#include <sidecall/detail/crypto/sha256.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/base64.hpp>
#include <sidecall/detail/text/form.hpp>
#include <sidecall/detail/text/rfc2822.hpp>
#include <sidecall/detail/wire/parameters.hpp>
#include <sidecall/failure.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/storage.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall {

/// A request that your server received for the callback. Everything it refers to must outlive its use.
struct webhook_request {
    text_view method = "POST"; ///< The method, in capitals.
    /// The whole URL that Twilio called, byte for byte. Best is the callback URL that you registered, without its
    /// fragment and with the query received. Behind a proxy, the URL that your server sees is a different one.
    text_view url = {};
    text_view content_type = {}; ///< The `Content-Type` header field, with or without its parameters.
    text_view signature = {};    ///< The `X-Twilio-Signature` header field.
    text_view body = {};         ///< The body, byte for byte.
};

/// A parameter of a webhook, decoded.
struct webhook_parameter {
    std::string_view name;  ///< The name; case-sensitive.
    std::string_view value; ///< The value; may be empty.
};

/// The parameters of any webhook that Twilio signed: a user defined message, or a status callback that tells when the
/// call ends. You get them only from a validly signed request, see `webhook_verifier::parameters`. They are decoded,
/// and sorted by name and then by value, byte by byte.
///
/// Owns its bytes in one buffer, so there are no views of a temporary. A moved-from object is empty.
class webhook_parameters {
public:
    /// The number of parameters. For GET and HEAD they include those of the callback's own query.
    constexpr std::size_t size() const noexcept { return parameters_.size(); }

    /// The parameter at `index`; an empty one if `index` is not less than `size()`.
    constexpr webhook_parameter operator[](std::size_t index) const& noexcept
    {
        return {parameters_.name(index), parameters_.value(index)};
    }
    webhook_parameter operator[](std::size_t) const&& = delete;

    /// The value of the parameter with exactly this name. If there are several, the first in byte order.
    constexpr std::optional<std::string_view> find(text_view name) const& noexcept
    {
        std::size_t const index = parameters_.find(name);
        if (index == parameters_.size()) return {};
        return parameters_.value(index);
    }
    std::optional<std::string_view> find(text_view) const&& = delete;

private:
    friend class incoming_message;
    friend class webhook_verifier;

    constexpr explicit webhook_parameters(detail::parameters parameters) noexcept : parameters_(std::move(parameters))
    {
    }

    detail::parameters parameters_;
};

/// A message from the Voice SDK client, as Twilio delivered it. You get one only from a validly signed request, see
/// `webhook_verifier::receive`.
///
/// Owns its bytes in one buffer, so there are no views of a temporary. A moved-from message keeps its SIDs, its number
/// and its timestamp, but its texts are empty.
class incoming_message {
public:
    /// Reads verified parameters as a message. `Sid`, `CallSid`, `AccountSid`, `Content` and `SequenceNumber` must be
    /// present exactly once. Otherwise it fails with `malformed_webhook`, naming the parameter that is missing, invalid
    /// or present twice. Nothing else makes it fail, since Twilio may add parameters and change formats. Does not
    /// allocate. If you need the parameters even on failure, copy them first.
    static constexpr result<incoming_message> parse(webhook_parameters parameters) noexcept;

    /// The content of the message: the bytes received. They should be a JSON text, but this is not checked.
    constexpr std::string_view content() const& noexcept { return list().value(content_); }
    std::string_view content() const&& = delete;

    /// `ContentType`: the type of `content` according to the client, usually "application/json". Empty if it is missing
    /// or present twice.
    constexpr std::string_view content_type() const& noexcept { return list().value(content_type_); }
    std::string_view content_type() const&& = delete;

    /// `SequenceNumber`: the position of the message among those of its call, in the order of sending. Twilio's page
    /// says "starting from 0"; its example shows 1.
    constexpr std::uint64_t sequence_number() const noexcept { return sequence_number_; }

    constexpr message_sid const& sid() const& noexcept { return sid_; }                  ///< `Sid`: the message.
    constexpr sidecall::call_sid const& call_sid() const& noexcept { return call_sid_; } ///< `CallSid`: the call.
    /// `AccountSid`: the account.
    constexpr sidecall::account_sid const& account_sid() const& noexcept { return account_sid_; }
    message_sid const& sid() const&& = delete;
    sidecall::call_sid const& call_sid() const&& = delete;
    sidecall::account_sid const& account_sid() const&& = delete;

    /// `Timestamp`: when the message was sent. Empty if it is missing, present twice, or not in the format of RFC 2822;
    /// its text is then in `parameters()`.
    constexpr std::optional<date_time> const& timestamp() const& noexcept { return timestamp_; }
    std::optional<date_time> const& timestamp() const&& = delete;

    /// All parameters received, including those not known to this library.
    constexpr webhook_parameters const& parameters() const& noexcept { return parameters_; }
    webhook_parameters const& parameters() const&& = delete;

private:
    constexpr incoming_message(webhook_parameters parameters, message_sid const& sid, sidecall::call_sid const& call,
                               sidecall::account_sid const& account) noexcept
        : parameters_(std::move(parameters)), sid_(sid), call_sid_(call), account_sid_(account)
    {
    }

    constexpr detail::parameters const& list() const noexcept { return parameters_.parameters_; }

    webhook_parameters parameters_;
    message_sid sid_;
    sidecall::call_sid call_sid_;
    sidecall::account_sid account_sid_;
    std::uint64_t sequence_number_ = 0;
    std::optional<date_time> timestamp_{};
    std::size_t content_ = 0;
    std::size_t content_type_ = 0;
};

/// How old a message may be when it is received. A signature never expires, so a recorded request stays valid when it
/// is sent again. A window limits this by means of the message's `Timestamp`.
///
/// @code
/// sidecall::replay_window window{.unix_time = sidecall::this_machine().unix_time(),
///                                .length = std::chrono::minutes(5)};
/// auto message = verifier.receive(request, window);
/// @endcode
struct replay_window {
    milliseconds unix_time{}; ///< The current time since 1970-01-01T00:00:00Z, by your clock.
    milliseconds length{};    ///< How far `Timestamp` may be from it, before or after. 0 or less: no check.
};

namespace detail {

/// Whether a message with this timestamp was sent within the window.
constexpr bool is_within(std::optional<date_time> const& timestamp, replay_window const& window) noexcept
{
    if (!timestamp) return false;
    // The seconds of years up to 9999 do not overflow as milliseconds. The clock and the window can have any value.
    std::int64_t const sent = timestamp->unix_seconds * 1000;
    std::int64_t const now = window.unix_time.count;
    std::uint64_t const apart = sent < now ? static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(sent)
                                           : static_cast<std::uint64_t>(sent) - static_cast<std::uint64_t>(now);
    return apart <= static_cast<std::uint64_t>(window.length.count);
}

} // namespace detail

/// Verifies by the `X-Twilio-Signature` header field that a request comes from Twilio (Twilio's page "Security"). The
/// signature is an HMAC-SHA1 over the URL and, for a form, the sorted parameters. For a body of any other type, the URL
/// must carry the body's SHA-256 as `bodySHA256`. If a URL carries a `bodySHA256`, a form must match it too. A body
/// that is not authenticated in one of these ways is refused.
///
/// A signature says who sent a request, not when: a replayed request has a valid signature. So accept each `Sid` only
/// once (`message_sequencer` does this, within what it remembers) and pass a `replay_window`.
///
/// Stores the HMAC key state, not the token, and wipes it on destruction. Copying and moving both copy that state, and
/// the source stays usable. The run time is linear in the size of the request. Comparing signatures takes the same time
/// wherever they differ. `const` members may be called from several threads at once.
///
/// **Memory before the signature is verified:** for a form, at most the size of the body plus 16 KiB; for any other
/// request, none. A body or a URL longer than `max_size` is refused before anything else.
///
/// @code
/// sidecall::webhook_verifier verifier{sidecall::secret{std::getenv("TWILIO_AUTH_TOKEN")}};
/// auto message = verifier.receive({.method = "POST", .url = url, .content_type = content_type,
///                                  .signature = signature, .body = body});
/// if (!message) return 403; // message.error().to_string() says why
/// use(message->content());
/// @endcode
class webhook_verifier {
public:
    /// The maximum size of a body and of a URL: 256 KiB. A message of 10 KB needs at most 60 KB, with escapes in JSON.
    static constexpr std::size_t max_size = std::size_t{256} << 10;
    /// The maximum number of parameters in a request. Twilio sends a few dozen.
    static constexpr std::size_t max_parameters = 1024;

    /// Verifies with the account's auth token. With an empty token, every request is refused.
    constexpr explicit webhook_verifier(secret const& token) noexcept
        : keys_{hmac(token.reveal()), hmac({})}, has_key_{!token.empty(), false}
    {
    }

    /// Verifies with either of two tokens, for use during a token rotation. An empty token verifies nothing.
    constexpr webhook_verifier(secret const& primary, secret const& secondary) noexcept
        : keys_{hmac(primary.reveal()), hmac(secondary.reveal())}, has_key_{!primary.empty(), !secondary.empty()}
    {
    }

    /// Checks that Twilio sent the request. Allocates only for a form.
    ///
    /// Fails with `invalid_signature`, which reveals nothing useful to a forger: in `"X-Twilio-Signature"` if the
    /// signature is missing or does not match, in `"bodySHA256"` if the body does not match its hash, or
    /// needs one and the URL has none. Fails with `malformed_webhook` if the request exceeds the limits.
    constexpr auto(verify)(webhook_request const& request) const -> result<void>;

    /// Verifies the request and returns its parameters: those of the form or of the JSON object in the body; for a GET
    /// or HEAD without a JSON body, those of the query. Fails like `verify`, and with `malformed_webhook` if the body
    /// is neither a form nor a JSON object. One allocation.
    constexpr result<webhook_parameters> parameters(webhook_request const& request) const;

    /// The same with the parameters in the caller's buffer, which must outlive them. Does not allocate. The size needed
    /// is exactly that of the form, query or JSON object, plus 16 bytes for each parameter, plus 16. Also fails with
    /// `invalid_argument` in `"storage"` if the buffer is too small; the offset of the failure is the size needed.
    constexpr result<webhook_parameters> parameters(webhook_request const& request, storage buffer) const;

    /// Verifies the request and returns its message: `parameters`, then `incoming_message::parse`. With a `window`,
    /// also fails with `invalid_signature` in `"Timestamp"` if the timestamp is outside of the window or cannot be
    /// read. One allocation.
    constexpr result<incoming_message> receive(webhook_request const& request, replay_window const& window = {}) const;

    /// The same with the bytes of the message in the caller's buffer; see `parameters`.
    constexpr result<incoming_message> receive(webhook_request const& request, storage buffer,
                                               replay_window const& window = {}) const;

private:
    using hmac = detail::hmac_sha1;

    static constexpr bool is_form(webhook_request const& request) noexcept
    {
        std::string_view const type = request.content_type.substr(0, request.content_type.find(';'));
        return detail::equal_ignoring_case(detail::trim(type), "application/x-www-form-urlencoded");
    }

    /// What follows the "?", up to the fragment.
    static constexpr std::string_view query_of(std::string_view url) noexcept
    {
        std::size_t const mark = url.find('?');
        if (mark == url.npos) return {};
        std::size_t const end = url.find('#');
        return end < mark ? std::string_view() : detail::slice(url, mark + 1, end);
    }

    static constexpr failure refused(detail::literal field, detail::literal rule) noexcept
    {
        return failure(errc::invalid_signature, field, rule);
    }
    static constexpr failure malformed(detail::literal rule) noexcept
    {
        return failure(errc::malformed_webhook, "", rule);
    }

    static constexpr detail::buffer on_heap(std::size_t size) { return detail::buffer(size); }
    static constexpr auto in_buffer(storage buffer) noexcept
    {
        return
            [buffer](std::size_t size) { return detail::buffer(size > buffer.size() ? storage(nullptr, 0) : buffer); };
    }

    /// Makes a buffer for `count` parameters of a text. Fails if there are too many or the buffer is too small.
    template <class BufferMaker>
    static constexpr result<void> reserve(BufferMaker make_buffer, std::string_view text, std::size_t count,
                                          detail::buffer& buffer)
    {
        if (count > max_parameters) return malformed("more than 1,024 parameters");
        std::size_t const size = detail::parameters::required_size(text, count);
        buffer = make_buffer(size);
        if (!buffer.data()) return failure(errc::invalid_argument, "storage", detail::too_small, size);
        return {};
    }
    template <class BufferMaker>
    static constexpr result<void> read_form(BufferMaker make_buffer, std::string_view text, detail::parameters& form)
    {
        detail::buffer buffer;
        auto reserved = reserve(make_buffer, text, detail::parameters::count_form(text), buffer);
        if (reserved) form = detail::parameters::from_form(text, std::move(buffer));
        return reserved;
    }

    template <class BufferMaker>
    constexpr result<webhook_parameters> parameters_in(BufferMaker make_buffer, webhook_request const& request) const
    {
        detail::parameters form;
        bool const has_form = is_form(request);
        auto verified = authenticate(request, has_form, form, make_buffer);
        if (!verified) return std::move(verified).error();
        bool const reads_query = is_get_or_head(request) && (request.body.empty() || has_form);
        if (has_form && !reads_query) return webhook_parameters(std::move(form));
        if (reads_query) {
            auto query = read_form(make_buffer, query_of(request.url), form);
            if (!query) return std::move(query).error();
            return webhook_parameters(std::move(form));
        }
        auto const count = detail::parameters::count_json(request.body);
        if (!count) return malformed("the body is neither a form nor a JSON object");
        detail::buffer buffer;
        auto reserved = reserve(make_buffer, request.body, *count, buffer);
        if (!reserved) return std::move(reserved).error();
        return webhook_parameters(detail::parameters::from_json(request.body, std::move(buffer)));
    }

    template <class BufferMaker>
    constexpr result<incoming_message> receive_in(BufferMaker make_buffer, webhook_request const& request,
                                                  replay_window const& window) const
    {
        auto verified = parameters_in(make_buffer, request);
        if (!verified) return std::move(verified).error();
        auto message = incoming_message::parse(*std::move(verified));
        if (message && window.length.count > 0 && !detail::is_within(message->timestamp(), window))
            return refused("Timestamp", "outside the replay window, or unreadable");
        return message;
    }

    /// Succeeds if the signature matches. `form` then has the parameters of a form, or none for a body of another type.
    template <class BufferMaker>
    constexpr result<void> authenticate(webhook_request const& request, bool has_form, detail::parameters& form,
                                        BufferMaker make_buffer) const
    {
        if (request.body.size() > max_size || request.url.size() > max_size) return malformed("longer than 256 KiB");
        hmac::value signature{};
        if (request.signature.empty()) return refused("X-Twilio-Signature", "there is no signature");
        if (!detail::base64_decode(request.signature, signature))
            return refused("X-Twilio-Signature", "not 20 bytes in base64");
        if (!is_body_authenticated(request, has_form))
            return refused("bodySHA256", "missing, or not the body's SHA-256");
        if (has_form) {
            if (auto read = read_form(make_buffer, request.body, form); !read) return read;
        }
        for (std::size_t i = 0; i != 2; ++i)
            if (has_key_[i] && matches(keys_[i], request.url, form, signature)) return {};
        return refused("X-Twilio-Signature", has_form
                                                 ? detail::literal("the signature does not match this URL, these "
                                                                   "parameters and this token")
                                                 : detail::literal("the signature does not match this URL and this "
                                                                   "token"));
    }

    static constexpr bool is_get_or_head(webhook_request const& request) noexcept
    {
        return request.method == "GET" || request.method == "HEAD";
    }

    /// The value of the first `bodySHA256` in the query, not decoded.
    static constexpr std::optional<std::string_view> body_hash_in_url(webhook_request const& request) noexcept
    {
        constexpr std::string_view name = "bodySHA256=";
        std::string_view query = query_of(request.url);
        while (!query.empty()) {
            std::string_view const pair = detail::pop_pair(query);
            if (pair.substr(0, name.size()) == name) return pair.substr(name.size());
        }
        return {};
    }

    /// Whether the body is authenticated once the signature matches. If the URL carries a hash, the body must match it
    /// (in lower-case hexadecimal). Without a hash, the body must be a form, whose parameters are signed; or there must
    /// be no body and no `Content-Type`. A GET or HEAD without a body needs nothing else.
    static constexpr bool is_body_authenticated(webhook_request const& request, bool has_form) noexcept
    {
        if (request.body.empty() && is_get_or_head(request)) return true; // the signature of the URL is enough
        auto const expected = body_hash_in_url(request);
        if (!expected) return has_form || (request.body.empty() && request.content_type.empty());
        detail::sha256 hash;
        hash.update(request.body);
        std::size_t at = 0;
        for (unsigned char byte : hash.finish())
            for (int digit : {byte >> 4, byte & 15})
                if (at == expected->size() || detail::decode_next_byte(*expected, at) != "0123456789abcdef"[digit])
                    return false;
        return at == expected->size();
    }

    /// Twilio drops user name and password before it signs, and signs some requests with the port and some without. So
    /// the URL is tried with and without its user-info. Each of these is tried as given, and once more: without the
    /// port if there is one, else with the default port of the scheme. No other byte of the URL is changed.
    static constexpr bool matches(hmac const& key, std::string_view url, detail::parameters const& form,
                                  hmac::value const& signature) noexcept
    {
        auto const signature_matches = [&](std::string_view scheme, std::string_view authority, std::string_view port,
                                           std::string_view target) {
            auto const code = key.code([&](auto put) {
                put(scheme);
                put(authority);
                put(port);
                put(target);
                form.for_each_text(put);
            });
            return detail::equal_in_constant_time(code, signature);
        };

        if (signature_matches(url, "", "", "")) return true;
        std::size_t const mark = detail::find_or_end(url, "/?#", 0);
        if (mark == 0 || detail::slice(url, mark - 1, mark + 2) != "://") return false; // no authority, so no port
        std::size_t const begin = mark + 2;
        std::size_t const end = detail::find_or_end(url, "/?#", begin);
        std::string_view const scheme = url.substr(0, begin);
        std::string_view const target = url.substr(end);
        std::string_view const authority = detail::slice(url, begin, end);
        bool const https = detail::equal_ignoring_case(url.substr(0, mark - 1), "https");

        std::size_t const at = authority.rfind('@');
        std::size_t const host = at == authority.npos ? 0 : at + 1;
        std::size_t const bracket = authority.find(']', host); // an IPv6 address contains colons
        std::size_t const colon = authority.find(':', bracket == authority.npos ? host : bracket);
        for (std::size_t start : {std::size_t{0}, host}) {
            std::string_view const part = authority.substr(start);
            if (start != 0 && signature_matches(scheme, part, "", target)) return true;
            bool const matches_with_other_port =
                colon != authority.npos ? signature_matches(scheme, detail::slice(authority, start, colon), "", target)
                                        : signature_matches(scheme, part, https ? ":443" : ":80", target);
            if (matches_with_other_port) return true;
            if (host == 0) break;
        }
        return false;
    }

    hmac keys_[2];
    bool has_key_[2]; // an empty token verifies nothing
};

// Defined after the templates that they call: clang++ accepts such a call as constant only after it has read the body.

constexpr result<incoming_message> incoming_message::parse(webhook_parameters parameters) noexcept
{
    // The parameters that a message needs come first. The first three are SIDs.
    constexpr detail::literal names[] = {"Sid",         "CallSid",  "AccountSid", "Content", "SequenceNumber",
                                         "ContentType", "Timestamp"};
    constexpr char letters[][2] = {{'K', 'X'}, {'C', 'A'}, {'A', 'C'}};
    constexpr std::size_t needed = 5;
    constexpr std::size_t known = sizeof names / sizeof *names;

    detail::parameters const& list = parameters.parameters_;
    std::size_t at[known] = {5, 1, 0, 2, 4, 3, 6}; // their positions if there are no other parameters
    for (std::size_t i = 0; i != known; ++i) {
        std::string_view const name = names[i].view();
        if (list.name(at[i]) != name || list.size() != known) at[i] = list.find(name);
        bool const missing = at[i] == list.size();
        // If there are two, either could be the right one.
        bool const twice = !missing && list.name(at[i] + 1) == name && at[i] + 1 != list.size();
        if (twice && i >= needed) at[i] = list.size();
        if (i >= needed) continue;
        if (missing) return failure(errc::malformed_webhook, names[i], "missing");
        if (twice) return failure(errc::malformed_webhook, names[i], "present twice");
    }

    for (std::size_t i = 0; i != 3; ++i)
        if (auto const wrong = detail::check_sid(list.value(at[i]), letters[i][0], letters[i][1]))
            return failure(errc::malformed_webhook, names[i], "not a SID of this kind", wrong.offset);
    std::uint64_t number = 0;
    if (!detail::parse_decimal(list.value(at[4]), UINT64_MAX, number))
        return failure(errc::malformed_webhook, names[4], "not a 64-bit number");

    using detail::checked_sid;
    auto const sid = checked_sid::make<message_sid>(list.value(at[0]));
    auto const call = checked_sid::make<sidecall::call_sid>(list.value(at[1]));
    auto const account = checked_sid::make<sidecall::account_sid>(list.value(at[2]));
    auto const timestamp = detail::parse_rfc2822(list.value(at[6]));
    incoming_message message(std::move(parameters), sid, call, account);
    message.content_ = at[3];
    message.content_type_ = at[5];
    message.sequence_number_ = number;
    message.timestamp_ = timestamp;
    return message;
}

constexpr auto(webhook_verifier::verify)(webhook_request const& request) const -> result<void>
{
    detail::parameters form;
    return authenticate(request, is_form(request), form, on_heap);
}

constexpr result<webhook_parameters> webhook_verifier::parameters(webhook_request const& request) const
{
    return parameters_in(on_heap, request);
}

constexpr result<webhook_parameters> webhook_verifier::parameters(webhook_request const& request, storage buffer) const
{
    return parameters_in(in_buffer(buffer), request);
}

constexpr result<incoming_message> webhook_verifier::receive(webhook_request const& request,
                                                             replay_window const& window) const
{
    return receive_in(on_heap, request, window);
}

constexpr result<incoming_message> webhook_verifier::receive(webhook_request const& request, storage buffer,
                                                             replay_window const& window) const
{
    return receive_in(in_buffer(buffer), request, window);
}

} // namespace sidecall
