#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <sidecall/credentials.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/detail/ascii.hpp>
#include <sidecall/detail/base64.hpp>
#include <sidecall/detail/form.hpp>
#include <sidecall/detail/hmac.hpp>
#include <sidecall/detail/parameters.hpp>
#include <sidecall/detail/rfc2822.hpp>
#include <sidecall/detail/sha256.hpp>
#include <sidecall/http.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/storage.hpp>

namespace sidecall {

/// A request that came to the callback, as your server has it. Everything it refers to must outlive its use.
struct webhook_request {
    std::string_view method = "POST"; ///< The method, in capitals.
    /// The whole URL that Twilio called, byte for byte: best the callback that you registered, without its fragment and
    /// with the query that came; behind a proxy, what your server sees is another one.
    std::string_view url = {};
    std::string_view content_type = {}; ///< The `Content-Type` header, with its parameters or without.
    std::string_view signature = {};    ///< The `X-Twilio-Signature` header.
    std::string_view body = {};         ///< The body, byte for byte.
};

/// A parameter that Twilio sent, decoded.
struct webhook_parameter {
    std::string_view name;  ///< Compared byte for byte.
    std::string_view value; ///< May be empty.
};

/// A message of the Voice SDK client's, as Twilio delivered it. It can only be had from a request whose signature
/// holds: see `webhook_verifier::receive`. Owns its bytes in one buffer; views are valid as long as it is.
class incoming_message {
public:
    /// The message itself, a JSON text: the bytes that came, whether they are JSON or not.
    constexpr std::string_view content() const noexcept { return parameters_.value(content_); }

    /// `ContentType`: what the client says that `content` is; "application/json".
    constexpr std::string_view content_type() const noexcept { return parameters_.value(content_type_); }

    /// `SequenceNumber`: the place of the message among those of its call, in the order of sending. Twilio's page says
    /// "starting from 0", its example shows 1.
    constexpr std::uint64_t sequence_number() const noexcept { return sequence_number_; }

    constexpr message_sid const& sid() const noexcept { return sid_; }                  ///< `Sid`: the message.
    constexpr sidecall::call_sid const& call_sid() const noexcept { return call_sid_; } ///< `CallSid`: the call.
    /// `AccountSid`: the account.
    constexpr sidecall::account_sid const& account_sid() const noexcept { return account_sid_; }
    constexpr date_time const& timestamp() const noexcept { return timestamp_; } ///< `Timestamp`: when it was sent.

    /// How many parameters came, the known and the unknown ones; those of the callback's own query are among them if
    /// the method was GET.
    constexpr std::size_t parameter_count() const noexcept { return parameters_.size(); }

    /// The parameter at `index`, in the order of the names' bytes; empty from `parameter_count()` on.
    constexpr webhook_parameter parameter(std::size_t index) const noexcept
    {
        return {parameters_.name(index), parameters_.value(index)};
    }

    /// The value of the parameter of exactly this name; of several, the one that comes first by its bytes.
    constexpr std::optional<std::string_view> parameter(std::string_view name) const noexcept
    {
        std::size_t const index = parameters_.find(name);
        if (index == parameters_.size()) return {};
        return parameters_.value(index);
    }

private:
    friend class webhook_verifier;

    constexpr incoming_message(detail::parameters parameters, message_sid const& sid, sidecall::call_sid const& call,
                               sidecall::account_sid const& account)
        : parameters_(std::move(parameters)), sid_(sid), call_sid_(call), account_sid_(account)
    {
    }

    detail::parameters parameters_;
    message_sid sid_;
    sidecall::call_sid call_sid_;
    sidecall::account_sid account_sid_;
    std::uint64_t sequence_number_ = 0;
    date_time timestamp_;
    std::size_t content_ = 0;
    std::size_t content_type_ = 0;
};

/// Tells Twilio's requests from everybody else's by their `X-Twilio-Signature` (Twilio's page "Security"): HMAC-SHA1
/// over the URL and, for a form, the sorted parameters. For a body of any other type the URL must carry its SHA-256 as
/// `bodySHA256`; a body that nothing vouches for is refused. A signature says who sent a request, not when: a request
/// that somebody has seen holds again, so let each `Sid` through once (`message_sequencer` does).
///
/// Holds no token, only what HMAC makes of it, and wipes that in the end. All that takes time is in proportion to the
/// request; the comparison takes the same time wherever the signatures differ. `const` members may be called from
/// several threads at once.
class webhook_verifier {
public:
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

    /// Whether Twilio sent it. A failure is `invalid_signature` and says no more than anybody could see for himself: in
    /// `"X-Twilio-Signature"` if there is none or it does not hold, in `"bodySHA256"` if the body does not fit its
    /// hash. Allocates for a form.
    constexpr result<void> verify(webhook_request const& request) const;

    /// The message, if Twilio sent it and it is one: from the form, from the JSON object, or of a GET or HEAD from the
    /// query. Failures are those of `verify`, and `malformed_webhook` with the parameter that is missing, wrong, or
    /// there twice. One allocation.
    constexpr result<incoming_message> receive(webhook_request const& request) const;

    /// The same with the message's bytes in storage of yours, which must outlive it: allocates nothing. It takes as
    /// many bytes as the form or the query has, 16 for each parameter, and 16. A failure, too, is `invalid_argument` in
    /// `"storage"`: too small; its offset is how many bytes it takes.
    constexpr result<incoming_message> receive(webhook_request const& request, storage memory) const;

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
        url = url.substr(0, url.find('#'));
        std::size_t const mark = detail::find_or_end(url, "?", 0);
        return url.substr(mark == url.size() ? mark : mark + 1);
    }

    static constexpr failure refused(detail::literal field, detail::literal rule) noexcept
    {
        return failure(errc::invalid_signature, field, rule);
    }

    static constexpr detail::buffer on_heap(std::size_t size) { return detail::buffer(size); }

    template <class MakeRoom>
    constexpr result<incoming_message> receive_in(MakeRoom make_room, webhook_request const& request) const
    {
        detail::parameters parameters;
        if (auto verified = authenticate(request, parameters, make_room); !verified) return std::move(verified).error();
        if (is_bodiless(request)) {
            std::string_view const query = query_of(request.url);
            std::size_t const size = detail::parameters::room_for_form(query);
            detail::buffer room = make_room(size);
            if (!room.data()) return failure(errc::invalid_argument, "storage", detail::too_small, size);
            parameters = detail::parameters::from_form(query, std::move(room));
        } else if (!is_form(request)) {
            std::size_t const size = detail::parameters::room_for_json(request.body);
            detail::buffer room = make_room(size);
            if (!room.data()) return failure(errc::invalid_argument, "storage", detail::too_small, size);
            if (!detail::parameters::from_json(request.body, std::move(room), parameters))
                return failure(errc::malformed_webhook, "", "the body is neither a form nor a JSON object");
        }
        return read(std::move(parameters));
    }

    /// Nothing if the signature holds. Then `form` has the parameters of a form; none for a body of another type.
    template <class MakeRoom>
    constexpr result<void> authenticate(webhook_request const& request, detail::parameters& form,
                                        MakeRoom make_room) const
    {
        if (request.body.size() > detail::parameters::max_bytes || request.url.size() > detail::parameters::max_bytes)
            return failure(errc::malformed_webhook, "", "longer than 64 MiB");
        hmac::value given{};
        if (request.signature.empty()) return refused("X-Twilio-Signature", "there is no signature");
        if (!detail::base64_decode(request.signature, given))
            return refused("X-Twilio-Signature", "not 20 bytes in base64");

        if (is_form(request)) {
            std::size_t const size = detail::parameters::room_for_form(request.body);
            detail::buffer room = make_room(size);
            if (!room.data()) return failure(errc::invalid_argument, "storage", detail::too_small, size);
            form = detail::parameters::from_form(request.body, std::move(room));
        } else if (!is_vouched_for(request)) {
            return refused("bodySHA256", "missing, or not the body's SHA-256");
        }
        for (std::size_t i = 0; i != 2; ++i)
            if (has_key_[i] && holds(keys_[i], request.url, form, given)) return {};
        return refused("X-Twilio-Signature", "not signed by Twilio with this token");
    }

    static constexpr bool is_bodiless(webhook_request const& request) noexcept
    {
        return request.method == "GET" || request.method == "HEAD";
    }

    /// The value of the query's first `bodySHA256`, as it is written.
    static constexpr std::optional<std::string_view> given_hash(webhook_request const& request) noexcept
    {
        constexpr std::string_view name = "bodySHA256=";
        std::string_view query = query_of(request.url);
        while (!query.empty()) {
            std::string_view const pair = detail::take_pair(query);
            if (pair.substr(0, name.size()) == name) return pair.substr(name.size());
        }
        return {};
    }

    /// Of a body that is no form: whether it is what the URL's hash says, in lower-case hexadecimal. Without a hash
    /// there must be no body, and no type that speaks of one; a type says nothing where the method has no body.
    static constexpr bool is_vouched_for(webhook_request const& request) noexcept
    {
        auto const given = given_hash(request);
        if (!given) return request.body.empty() && (request.content_type.empty() || is_bodiless(request));
        detail::sha256 hash;
        hash.update(request.body);
        std::size_t at = 0;
        for (unsigned char byte : hash.finish())
            for (int digit : {byte >> 4, byte & 15})
                if (at == given->size() || detail::decode_next(*given, at) != "0123456789abcdef"[digit]) return false;
        return at == given->size();
    }

    /// Twilio signs some requests with the port and some without. So the URL is tried as given; without its port, if it
    /// has one; with the scheme's own, if it has none. No other byte of it is touched.
    static constexpr bool holds(hmac const& key, std::string_view url, detail::parameters const& form,
                                hmac::value const& given) noexcept
    {
        auto const fits = [&](std::string_view before, std::string_view port, std::string_view after) {
            auto const code = key.code([&](auto put) {
                put(before);
                put(port);
                put(after);
                form.for_each_text(put);
            });
            return detail::equal_in_constant_time(code, given);
        };

        if (fits(url, "", "")) return true;
        std::size_t const mark = detail::find_or_end(url, "/?#", 0);
        if (mark == 0 || detail::cut(url, mark - 1, mark + 2) != "://") return false; // no authority, so no port
        std::size_t const slashes = mark - 1;
        std::size_t const end = detail::find_or_end(url, "/?#", slashes + 3);
        std::string_view const authority = url.substr(0, end);
        std::size_t const host = authority.rfind('@') == authority.npos ? slashes + 3 : authority.rfind('@') + 1;
        std::size_t const bracket = authority.find(']', host); // an IPv6 address has colons of its own
        std::size_t const colon = authority.find(':', bracket == authority.npos ? host : bracket);
        if (colon != authority.npos) return fits(url.substr(0, colon), "", url.substr(end));
        bool const https = detail::equal_ignoring_case(url.substr(0, slashes), "https");
        return fits(authority, https ? ":443" : ":80", url.substr(end));
    }

    static constexpr detail::literal names[] = {"Sid",         "CallSid",        "AccountSid", "Content",
                                                "ContentType", "SequenceNumber", "Timestamp"};
    static constexpr char letters[][2] = {{'K', 'X'}, {'C', 'A'}, {'A', 'C'}};

    static constexpr result<incoming_message> read(detail::parameters&& parameters)
    {
        // Each known parameter must be there once: of two, either could be the one that somebody meant.
        constexpr std::size_t known = sizeof names / sizeof *names;
        std::size_t at[known] = {5, 1, 0, 2, 3, 4, 6}; // where they are if there are no others
        for (std::size_t i = 0; i != known; ++i) {
            std::string_view const name = names[i].view();
            if (parameters.name(at[i]) != name || parameters.size() != known) at[i] = parameters.find(name);
            if (at[i] == parameters.size()) return failure(errc::malformed_webhook, names[i], "missing");
            if (parameters.name(at[i] + 1) == name) return failure(errc::malformed_webhook, names[i], "there twice");
        }

        for (std::size_t i = 0; i != 3; ++i)
            if (auto const wrong = detail::check_sid(parameters.value(at[i]), letters[i][0], letters[i][1]))
                return failure(errc::malformed_webhook, names[i], "not a SID of this kind", wrong.offset);
        std::uint64_t number = 0;
        if (!detail::parse_decimal(parameters.value(at[5]), UINT64_MAX, number))
            return failure(errc::malformed_webhook, names[5], "not a number of 64 bits");
        auto const timestamp = detail::parse_rfc2822(parameters.value(at[6]));
        if (!timestamp) return failure(errc::malformed_webhook, names[6], "not an RFC 2822 date");

        using detail::checked_sid;
        auto const sid = checked_sid::make<message_sid>(parameters.value(at[0]));
        auto const call = checked_sid::make<sidecall::call_sid>(parameters.value(at[1]));
        auto const account = checked_sid::make<sidecall::account_sid>(parameters.value(at[2]));
        incoming_message message(std::move(parameters), sid, call, account);
        message.content_ = at[3];
        message.content_type_ = at[4];
        message.sequence_number_ = number;
        message.timestamp_ = *timestamp;
        return message;
    }

    hmac keys_[2];
    bool has_key_[2]; // an empty token verifies nothing
};

// Behind the templates that they call: clang++ takes none for a constant whose body it has yet to read.

constexpr result<void> webhook_verifier::verify(webhook_request const& request) const
{
    detail::parameters form;
    return authenticate(request, form, on_heap);
}

constexpr result<incoming_message> webhook_verifier::receive(webhook_request const& request) const
{
    return receive_in(on_heap, request);
}

constexpr result<incoming_message> webhook_verifier::receive(webhook_request const& request, storage memory) const
{
    return receive_in(
        [memory](std::size_t size) { return detail::buffer(size > memory.size() ? storage(nullptr, 0) : memory); },
        request);
}

} // namespace sidecall
