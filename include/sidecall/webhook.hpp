#pragma once

#include <array>
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

/// A request that came to the callback, as your server has it. Everything it refers to must outlive its use.
struct webhook_request {
    text_view method = "POST"; ///< The method, in capitals.
    /// The whole URL that Twilio called, byte for byte: best the callback that you registered, without its fragment and
    /// with the query that came; behind a proxy, what your server sees is another one.
    text_view url = {};
    text_view content_type = {}; ///< The `Content-Type` header, with its parameters or without.
    text_view signature = {};    ///< The `X-Twilio-Signature` header.
    text_view body = {};         ///< The body, byte for byte.
};

/// A parameter that Twilio sent, decoded.
struct webhook_parameter {
    std::string_view name;  ///< Compared byte for byte.
    std::string_view value; ///< May be empty.
};

/// The parameters of a webhook that Twilio signed, of any kind: a user defined message, a status callback that tells
/// when the call ends. You get them only from a validly signed request: see `webhook_verifier::parameters`. Decoded,
/// sorted by name and then by value, bytes compared as bytes. Owns its bytes in one buffer, so there are no views of a
/// temporary; a moved-from one is empty.
class webhook_parameters {
public:
    /// How many there are. Those of the callback's own query are among them if the method was GET or HEAD.
    constexpr std::size_t size() const noexcept { return parameters_.size(); }

    /// The parameter at `index`; an empty one from `size()` on.
    constexpr webhook_parameter operator[](std::size_t index) const& noexcept
    {
        return {parameters_.name(index), parameters_.value(index)};
    }
    webhook_parameter operator[](std::size_t) const&& = delete;

    /// The value of the parameter of exactly this name; of several, the one that comes first by its bytes.
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

/// A message from the Voice SDK client, as Twilio delivered it. You get one only from a validly signed request: see
/// `webhook_verifier::receive`. Owns its bytes in one buffer, so there are no views of a temporary; a moved-from one
/// has its SIDs and numbers still, and no texts.
class incoming_message {
public:
    /// Reads verified parameters as a message. It needs `Sid`, `CallSid`, `AccountSid`, `Content` and `SequenceNumber`,
    /// each once; a failure is `malformed_webhook` with the one that is missing, wrong, or there twice. Nothing else
    /// can cost the message: Twilio may add parameters and change formats. Does not allocate; copy the parameters first
    /// if you need them whatever comes of it.
    static constexpr result<incoming_message> parse(webhook_parameters parameters) noexcept;

    /// The message itself, a JSON text: the bytes that came, whether they are JSON or not.
    constexpr std::string_view content() const& noexcept { return list().value(content_); }
    std::string_view content() const&& = delete;

    /// `ContentType`: what the client says that `content` is; "application/json". Empty if it is absent, or there
    /// twice.
    constexpr std::string_view content_type() const& noexcept { return list().value(content_type_); }
    std::string_view content_type() const&& = delete;

    /// `SequenceNumber`: the place of the message among those of its call, in the order of sending. Twilio's page says
    /// "starting from 0", its example shows 1.
    constexpr std::uint64_t sequence_number() const noexcept { return sequence_number_; }

    constexpr message_sid const& sid() const& noexcept { return sid_; }                  ///< `Sid`: the message.
    constexpr sidecall::call_sid const& call_sid() const& noexcept { return call_sid_; } ///< `CallSid`: the call.
    /// `AccountSid`: the account.
    constexpr sidecall::account_sid const& account_sid() const& noexcept { return account_sid_; }
    message_sid const& sid() const&& = delete;
    sidecall::call_sid const& call_sid() const&& = delete;
    sidecall::account_sid const& account_sid() const&& = delete;

    /// `Timestamp`: when the message was sent. Empty if it is absent, there twice, or not in RFC 2822's format; its
    /// text is then in `parameters()`.
    constexpr std::optional<date_time> const& timestamp() const& noexcept { return timestamp_; }
    std::optional<date_time> const& timestamp() const&& = delete;

    /// All parameters that came, the known and the unknown ones.
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

/// How old a message may be when it is received. A signature never expires, so a request that somebody recorded holds
/// again for ever; a window bounds that by the message's `Timestamp`.
struct replay_window {
    milliseconds unix_time{}; ///< What time it is, since 1970-01-01T00:00:00Z, by a clock of yours.
    milliseconds length{};    ///< A `Timestamp` may be so far from that, before or after. 0: any will do.
};

/// Tells Twilio's requests from everybody else's by their `X-Twilio-Signature` (Twilio's page "Security"): HMAC-SHA1
/// over the URL and, for a form, the sorted parameters. For a body of any other type the URL must carry its SHA-256 as
/// `bodySHA256`; where a URL carries one, a form must fit it, too. A body that nothing vouches for is refused.
///
/// A signature says who sent a request, not when: a request that somebody has seen holds again. Let each `Sid` through
/// once (`message_sequencer` does, among those it remembers), and pass a `replay_window`.
///
/// Stores the HMAC key state, not the token, and wipes it at the end. Copying copies that state, moving too: both
/// verify. All that takes time is in proportion to the request; the comparison takes the same time wherever the
/// signatures differ. `const` members may be called from several threads at once.
///
/// **Memory before the signature is verified** is the size of the body and at most 16 KiB, for a form; none for any
/// other request. A body or a URL of more than `max_size` is refused first.
class webhook_verifier {
public:
    /// The most bytes of a body, and of a URL: 256 KiB. A message of 10 KB takes at most 60 KB, as escapes in JSON.
    static constexpr std::size_t max_size = std::size_t{256} << 10;
    /// The most parameters of a request; Twilio sends some dozens.
    static constexpr std::size_t max_parameters = 1024;

    /// With the account's auth token. An empty one verifies nothing: everything is refused.
    constexpr explicit webhook_verifier(secret const& token) noexcept
        : keys_{hmac(token.reveal()), hmac({})}, has_key_{!token.empty(), false}
    {
    }

    /// With both tokens during a rotation, since either can sign.
    constexpr webhook_verifier(secret const& primary, secret const& secondary) noexcept
        : keys_{hmac(primary.reveal()), hmac(secondary.reveal())}, has_key_{!primary.empty(), !secondary.empty()}
    {
    }

    /// Whether Twilio sent it. A failure is `invalid_signature` and reveals nothing useful to a forger: in
    /// `"X-Twilio-Signature"` if there is none or it does not match, in `"bodySHA256"` if the body does not fit its
    /// hash; or `malformed_webhook`, if it is larger than the limits. Allocates for a form.
    constexpr auto(verify)(webhook_request const& request) const -> result<void>;

    /// The parameters, if Twilio sent it: those of the form, or of the JSON object; of a GET or HEAD without a JSON
    /// body, those of the query. Failures are those of `verify`, and `malformed_webhook` if the body is neither. One
    /// allocation.
    constexpr result<webhook_parameters> parameters(webhook_request const& request) const;

    /// The same with the bytes in storage of yours, which must outlive the parameters: allocates nothing. It takes
    /// exactly as many bytes as the form, the query or the JSON object has, 16 for each parameter, and 16. A failure,
    /// too, is `invalid_argument` in `"storage"`: too small; its offset is how many bytes it takes.
    constexpr result<webhook_parameters> parameters(webhook_request const& request, storage memory) const;

    /// The message, if Twilio sent it and it is one: `parameters`, then `incoming_message::parse`. With a `window`, a
    /// failure is `invalid_signature` in `"Timestamp"`, too: outside of the window, or it cannot be read. One
    /// allocation.
    constexpr result<incoming_message> receive(webhook_request const& request, replay_window const& window = {}) const;

    /// The same with the message's bytes in storage of yours; see `parameters`.
    constexpr result<incoming_message> receive(webhook_request const& request, storage memory,
                                               replay_window const& window = {}) const;

private:
    using hmac = detail::hmac_sha1;

    static constexpr bool is_form(webhook_request const& request) noexcept
    {
        std::string_view const type = request.content_type.substr(0, request.content_type.find(';'));
        return detail::equal_ignoring_case(detail::trim(type), "application/x-www-form-urlencoded");
    }

    /// What follows the "?", without the fragment.
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
    static constexpr auto in(storage memory) noexcept
    {
        return
            [memory](std::size_t size) { return detail::buffer(size > memory.size() ? storage(nullptr, 0) : memory); };
    }

    /// Makes room for so many parameters of a text, unless they are too many or there is too little.
    template <class MakeRoom>
    static constexpr result<void> reserve(MakeRoom make_room, std::string_view text, std::size_t count,
                                          detail::buffer& room)
    {
        if (count > max_parameters) return malformed("more than 1,024 parameters");
        std::size_t const size = detail::parameters::required_size(text, count);
        room = make_room(size);
        if (!room.data()) return failure(errc::invalid_argument, "storage", detail::too_small, size);
        return {};
    }
    template <class MakeRoom>
    static constexpr result<void> read_form(MakeRoom make_room, std::string_view text, detail::parameters& form)
    {
        detail::buffer room;
        auto reserved = reserve(make_room, text, detail::parameters::count_form(text), room);
        if (reserved) form = detail::parameters::from_form(text, std::move(room));
        return reserved;
    }

    template <class MakeRoom>
    constexpr result<webhook_parameters> parameters_in(MakeRoom make_room, webhook_request const& request) const
    {
        detail::parameters form;
        bool const has_form = is_form(request);
        auto verified = authenticate(request, has_form, form, make_room);
        if (!verified) return std::move(verified).error();
        bool const asks_by_query = asks_without_body(request) && (request.body.empty() || has_form);
        if (has_form && !asks_by_query) return webhook_parameters(std::move(form));
        if (asks_by_query) {
            auto query = read_form(make_room, query_of(request.url), form);
            if (!query) return std::move(query).error();
            return webhook_parameters(std::move(form));
        }
        auto const count = detail::parameters::count_json(request.body);
        if (!count) return malformed("the body is neither a form nor a JSON object");
        detail::buffer room;
        auto reserved = reserve(make_room, request.body, *count, room);
        if (!reserved) return std::move(reserved).error();
        return webhook_parameters(detail::parameters::from_json(request.body, std::move(room)));
    }

    template <class MakeRoom>
    constexpr result<incoming_message> receive_in(MakeRoom make_room, webhook_request const& request,
                                                  replay_window const& window) const
    {
        auto verified = parameters_in(make_room, request);
        if (!verified) return std::move(verified).error();
        auto message = incoming_message::parse(*std::move(verified));
        if (message && window.length.count > 0 && !is_within(message->timestamp(), window))
            return refused("Timestamp", "outside of the replay window, or not readable");
        return message;
    }

    static constexpr bool is_within(std::optional<date_time> const& timestamp, replay_window const& window) noexcept
    {
        if (!timestamp) return false;
        // Seconds of years up to 9999 do not overflow as milliseconds, but your clock and your window may be anything.
        std::int64_t const sent = timestamp->unix_seconds * 1000;
        std::int64_t const now = window.unix_time.count;
        std::uint64_t const apart = sent < now ? static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(sent)
                                               : static_cast<std::uint64_t>(sent) - static_cast<std::uint64_t>(now);
        return apart <= static_cast<std::uint64_t>(window.length.count);
    }

    /// Nothing if the signature matches. Then `form` has the parameters of a form; none for a body of another type.
    template <class MakeRoom>
    constexpr result<void> authenticate(webhook_request const& request, bool has_form, detail::parameters& form,
                                        MakeRoom make_room) const
    {
        if (request.body.size() > max_size || request.url.size() > max_size) return malformed("longer than 256 KiB");
        hmac::value given{};
        if (request.signature.empty()) return refused("X-Twilio-Signature", "there is no signature");
        if (!detail::base64_decode(request.signature, given))
            return refused("X-Twilio-Signature", "not 20 bytes in base64");
        if (!is_vouched_for(request, has_form)) return refused("bodySHA256", "missing, or not the body's SHA-256");
        if (has_form) {
            if (auto read = read_form(make_room, request.body, form); !read) return read;
        }
        for (std::size_t i = 0; i != 2; ++i)
            if (has_key_[i] && matches(keys_[i], request.url, form, given)) return {};
        return refused("X-Twilio-Signature", has_form
                                                 ? detail::literal("the signature does not match this URL, these "
                                                                   "parameters and this token")
                                                 : detail::literal("the signature does not match this URL and this "
                                                                   "token"));
    }

    static constexpr bool asks_without_body(webhook_request const& request) noexcept
    {
        return request.method == "GET" || request.method == "HEAD";
    }

    /// The value of the query's first `bodySHA256`, as it is written.
    static constexpr std::optional<std::string_view> given_hash(webhook_request const& request) noexcept
    {
        constexpr std::string_view name = "bodySHA256=";
        std::string_view query = query_of(request.url);
        while (!query.empty()) {
            std::string_view const pair = detail::pop_pair(query);
            if (pair.substr(0, name.size()) == name) return pair.substr(name.size());
        }
        return {};
    }

    /// Whether the body is what the URL's hash says, in lower-case hexadecimal. Without a hash it must be a form, whose
    /// parameters are signed; or there is no body, and no type that speaks of one.
    static constexpr bool is_vouched_for(webhook_request const& request, bool has_form) noexcept
    {
        if (request.body.empty() && asks_without_body(request)) return true; // signed by its URL alone
        auto const given = given_hash(request);
        if (!given) return has_form || (request.body.empty() && request.content_type.empty());
        detail::sha256 hash;
        hash.update(request.body);
        std::size_t at = 0;
        for (unsigned char byte : hash.finish())
            for (int digit : {byte >> 4, byte & 15})
                if (at == given->size() || detail::decode_next_byte(*given, at) != "0123456789abcdef"[digit])
                    return false;
        return at == given->size();
    }

    /// Twilio drops user name and password before it signs, and signs some requests with the port and some without. So
    /// the URL is tried with its user-info and without it, each as given; without its port, if it has one; with the
    /// scheme's own, if it has none. No other byte of it is touched.
    static constexpr bool matches(hmac const& key, std::string_view url, detail::parameters const& form,
                                  hmac::value const& given) noexcept
    {
        auto const fits = [&](std::string_view scheme, std::string_view authority, std::string_view port,
                              std::string_view target) {
            auto const code = key.code([&](auto put) {
                put(scheme);
                put(authority);
                put(port);
                put(target);
                form.for_each_text(put);
            });
            return detail::equal_in_constant_time(code, given);
        };

        if (fits(url, "", "", "")) return true;
        std::size_t const mark = detail::find_or_end(url, "/?#", 0);
        if (mark == 0 || detail::slice(url, mark - 1, mark + 2) != "://") return false; // no authority, so no port
        std::size_t const begin = mark + 2;
        std::size_t const end = detail::find_or_end(url, "/?#", begin);
        std::string_view const scheme = url.substr(0, begin);
        std::string_view const target = url.substr(end);
        std::string_view const whole = detail::slice(url, begin, end);
        bool const https = detail::equal_ignoring_case(url.substr(0, mark - 1), "https");

        std::size_t const at = whole.rfind('@');
        std::size_t const host = at == whole.npos ? 0 : at + 1;
        std::size_t const bracket = whole.find(']', host); // an IPv6 address has colons of its own
        std::size_t const colon = whole.find(':', bracket == whole.npos ? host : bracket);
        for (std::size_t skipped : {std::size_t{0}, host}) {
            std::string_view const authority = whole.substr(skipped);
            if (skipped != 0 && fits(scheme, authority, "", target)) return true;
            bool const fits_other = colon != whole.npos ? fits(scheme, detail::slice(whole, skipped, colon), "", target)
                                                        : fits(scheme, authority, https ? ":443" : ":80", target);
            if (fits_other) return true;
            if (host == 0) break;
        }
        return false;
    }

    hmac keys_[2];
    bool has_key_[2]; // an empty token verifies nothing
};

// Behind the templates that they call: clang++ takes none for a constant whose body it has yet to read.

constexpr result<incoming_message> incoming_message::parse(webhook_parameters parameters) noexcept
{
    // Those that a message needs come first, of which the first three are SIDs.
    constexpr detail::literal names[] = {"Sid",         "CallSid",  "AccountSid", "Content", "SequenceNumber",
                                         "ContentType", "Timestamp"};
    constexpr char letters[][2] = {{'K', 'X'}, {'C', 'A'}, {'A', 'C'}};
    constexpr std::size_t needed = 5;
    constexpr std::size_t known = sizeof names / sizeof *names;

    detail::parameters const& list = parameters.parameters_;
    std::size_t at[known] = {5, 1, 0, 2, 4, 3, 6}; // where they are if there are no others
    for (std::size_t i = 0; i != known; ++i) {
        std::string_view const name = names[i].view();
        if (list.name(at[i]) != name || list.size() != known) at[i] = list.find(name);
        bool const missing = at[i] == list.size();
        // Of two, either could be the right one.
        bool const twice = !missing && list.name(at[i] + 1) == name && at[i] + 1 != list.size();
        if (twice && i >= needed) at[i] = list.size();
        if (i >= needed) continue;
        if (missing) return failure(errc::malformed_webhook, names[i], "missing");
        if (twice) return failure(errc::malformed_webhook, names[i], "there twice");
    }

    for (std::size_t i = 0; i != 3; ++i)
        if (auto const wrong = detail::check_sid(list.value(at[i]), letters[i][0], letters[i][1]))
            return failure(errc::malformed_webhook, names[i], "not a SID of this kind", wrong.offset);
    std::uint64_t number = 0;
    if (!detail::parse_decimal(list.value(at[4]), UINT64_MAX, number))
        return failure(errc::malformed_webhook, names[4], "not a number of 64 bits");

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

constexpr result<webhook_parameters> webhook_verifier::parameters(webhook_request const& request, storage memory) const
{
    return parameters_in(in(memory), request);
}

constexpr result<incoming_message> webhook_verifier::receive(webhook_request const& request,
                                                             replay_window const& window) const
{
    return receive_in(on_heap, request, window);
}

constexpr result<incoming_message> webhook_verifier::receive(webhook_request const& request, storage memory,
                                                             replay_window const& window) const
{
    return receive_in(in(memory), request, window);
}

} // namespace sidecall
