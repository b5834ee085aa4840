#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sidecall/credentials.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/detail/crypto/hmac.hpp>
#include <sidecall/detail/crypto/sha256.hpp>
#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/testing/text.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/base64.hpp>
#include <sidecall/detail/wire/parameters.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/named_value.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/text_view.hpp>
#include <sidecall/webhook.hpp>

// Signs webhooks as Twilio does, for unit tests. Part of testing.hpp.
namespace sidecall {

/// A message from the Voice SDK client, before Twilio delivers it.
///
/// @code
/// sidecall::client_message message{.account_sid = account, .call_sid = call, .sid = sid, .content = R"({"n":1})"};
/// @endcode
struct client_message {
    sidecall::account_sid account_sid;             ///< `AccountSid`.
    sidecall::call_sid call_sid;                   ///< `CallSid`.
    message_sid sid;                               ///< `Sid`.
    std::string content = "{}";                    ///< `Content`; not checked.
    std::string content_type = "application/json"; ///< `ContentType`.
    std::uint64_t sequence_number = 0;             ///< `SequenceNumber`.
    date_time timestamp{};                         ///< `Timestamp`, written within the years 1900 to 9999.

    /// The seven parameters, in the order of Twilio's documentation. Change the list to sign a message that Twilio does
    /// not send, for example one with a parameter that is missing, wrong, or not known yet.
    std::vector<named_value> parameters() const
    {
        return {{"ContentType", content_type},
                {"Content", content},
                {"SequenceNumber", std::to_string(sequence_number)},
                {"CallSid", std::string(call_sid.view())},
                {"Timestamp", detail::to_rfc2822(timestamp)},
                {"AccountSid", std::string(account_sid.view())},
                {"Sid", std::string(sid.view())}};
    }
};

/// A signed request of Twilio. It converts to a `webhook_request`, which is a view of it.
///
/// @code
/// sidecall::signed_webhook webhook = signer.sign(url, message);
/// auto received = verifier.receive(webhook);
/// @endcode
struct signed_webhook {
    std::string method = "POST"; ///< The method, in capitals.
    std::string url{};           ///< The whole URL that Twilio calls.
    std::string content_type{};  ///< The `Content-Type` header field; empty if there is no body.
    std::string signature{};     ///< The `X-Twilio-Signature` header field.
    std::string body{};          ///< The body; empty for GET and HEAD.

    /// A non-owning view of this request. Not available on a temporary, since it would dangle.
    operator webhook_request() const& noexcept { return {method, url, content_type, signature, body}; }
    operator webhook_request() const&& = delete;

    /// Compares byte for byte.
    friend bool operator==(signed_webhook const&, signed_webhook const&) = default;
};

/// What is wrong with a request that a verifier must refuse.
enum class webhook_forgery {
    none,        ///< Nothing: the signature is valid.
    other_token, ///< Signed with another token.
    other_url,   ///< The signature is that of another URL.
    tampered,    ///< The body, or the query of a GET or HEAD, was changed after signing.
};

/// How to sign. Every member has a default.
struct signing_options {
    http_method method = http_method::post; ///< GET and HEAD have the parameters in the query, the others in the body.
    /// Whether the body is a JSON object of strings, whose SHA-256 is added to the URL as `bodySHA256`, instead of a
    /// form. Bytes of a parameter that are not UTF-8 become U+FFFD. No effect for GET and HEAD.
    bool json_body = false;
    webhook_forgery forgery = webhook_forgery::none; ///< Signs wrongly on purpose.
};

/// Signs webhooks as Twilio does (Twilio's page "Security"), so that a unit test gets a validly signed request without
/// a network. A `webhook_verifier` with the same token accepts every request that is not forged and is within the
/// verifier's limits. Every forged one fails with `invalid_signature`.
///
/// Stores the HMAC key state, not the token, and wipes it on destruction. Every function allocates.
///
/// @code
/// sidecall::webhook_signer signer{sidecall::secret{"test token"}};
/// sidecall::webhook_verifier verifier{sidecall::secret{"test token"}};
/// auto webhook = signer.sign("https://example.com/udm", message);
/// auto received = verifier.receive(webhook); // has a value
/// auto forged = signer.sign("https://example.com/udm", message,
///                           {.forgery = sidecall::webhook_forgery::tampered});
/// auto refused = verifier.receive(forged); // invalid_signature
/// @endcode
class webhook_signer {
public:
    /// Signs with the account's auth token. With an empty token, requests are not signed: their signature is empty.
    explicit webhook_signer(secret const& token)
        : key_(token.reveal()), other_key_(other_key(token)), has_token_(!token.empty())
    {
    }

    /// The request by which Twilio sends these parameters to a callback. The query of the callback must not have a
    /// `bodySHA256`. Its fragment is neither sent nor signed; its user-info is not signed.
    signed_webhook sign(text_view callback, std::vector<named_value> const& parameters,
                        signing_options const& options = {}) const
    {
        signed_webhook request{.method = std::string(to_string_view(options.method)),
                               .url = std::string(callback.substr(0, callback.find('#')))};
        bool const in_query = options.method == http_method::get || options.method == http_method::head;
        std::string form; // what is signed in addition to the URL
        if (in_query) {
            if (!parameters.empty()) request.url = detail::add_to_query(std::move(request.url), form_of(parameters));
        } else if (options.json_body) {
            request.content_type = "application/json";
            request.body = json_of(parameters);
            request.url = detail::add_to_query(std::move(request.url), "bodySHA256=" + hash_of(request.body));
        } else {
            request.content_type = "application/x-www-form-urlencoded; charset=UTF-8";
            request.body = form = form_of(parameters);
        }
        std::string signed_url = without_user_info(request.url);
        if (options.forgery == webhook_forgery::other_url) signed_url += "/other";
        if (has_token_)
            request.signature =
                code_of(options.forgery == webhook_forgery::other_token ? other_key_ : key_, signed_url, form);
        if (options.forgery == webhook_forgery::tampered) tamper(request, in_query, options.json_body);
        return request;
    }

    /// The same for the parameters of a message.
    signed_webhook sign(text_view callback, client_message const& message, signing_options const& options = {}) const
    {
        return sign(callback, message.parameters(), options);
    }

private:
    using hmac = detail::hmac_sha1;

    static hmac other_key(secret const& token)
    {
        std::string other;
        other.reserve(token.reveal().size() + 1);
        (other += token.reveal()) += '!';
        hmac const key(other);
        detail::wipe(other);
        return key;
    }

    static std::string form_of(std::vector<named_value> const& parameters)
    {
        std::string form;
        for (auto const& [name, value] : parameters) detail::append_to_form(form, name, value);
        return form;
    }
    static std::string json_of(std::vector<named_value> const& parameters)
    {
        std::string json = "{";
        for (auto const& [name, value] : parameters) {
            if (json.size() != 1) json += ',';
            detail::append_json_string(json, name);
            json += ':';
            detail::append_json_string(json, value);
        }
        return json += '}';
    }

    static std::string hash_of(std::string_view body)
    {
        detail::sha256 hash;
        hash.update(body);
        std::string digits;
        for (unsigned char byte : hash.finish())
            for (int digit : {byte >> 4, byte & 15}) digits += "0123456789abcdef"[digit];
        return digits;
    }

    static std::string without_user_info(std::string_view url)
    {
        std::size_t const mark = detail::find_or_end(url, "/?#", 0);
        if (url.substr(mark, 2) != "//") return std::string(url);
        std::size_t const begin = mark + 2;
        std::size_t const end = detail::find_or_end(url, "/?#", begin);
        std::size_t const at = detail::slice(url, begin, end).rfind('@');
        return std::string(url.substr(0, begin)).append(url.substr(at == url.npos ? begin : begin + at + 1));
    }

    static std::string code_of(hmac const& key, std::string_view url, std::string_view form)
    {
        std::size_t const count = detail::parameters::count_form(form);
        auto const sorted =
            detail::parameters::from_form(form, detail::buffer(detail::parameters::required_size(form, count)));
        auto const code = key.code([&](auto put) {
            put(url);
            sorted.for_each_text(put);
        });
        char bytes[20];
        for (std::size_t i = 0; i != sizeof bytes; ++i) bytes[i] = static_cast<char>(code[i]);
        std::string signature(detail::base64_size(sizeof bytes), '\0');
        detail::base64_encode({bytes, sizeof bytes}, {}, signature.data());
        return signature;
    }

    /// Adds a parameter with a new name, since a parameter that is repeated does not change the signature.
    static void tamper(signed_webhook& request, bool in_query, bool json_body)
    {
        std::string& text = in_query ? request.url : request.body;
        if (!in_query && json_body) {
            text += ' ';
            return;
        }
        std::string name = "Tampered";
        while (text.find(name) != text.npos) name += '1';
        if (in_query)
            text = detail::add_to_query(std::move(text), name + "=1");
        else
            detail::append_to_form(text, name, "1");
    }

    hmac key_;
    hmac other_key_;
    bool has_token_;
};

} // namespace sidecall
