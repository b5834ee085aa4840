#pragma once

/// Types.

#include <sidecall/detail/standin_text.hpp>
#include <sidecall/standin_faults.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sidecall {

/// Names with their values: header fields, or form parameters.
using standin_fields = standin_detail::named_values;

/// What a `twilio_standin` is made of. Every member has a default.
struct standin_options {
    /// The one account: `AC` and 32 hexadecimal digits.
    std::string account_sid = "AC00000000000000000000000000000001";
    /// The account's auth token, not empty: callbacks are signed with it.
    std::string auth_token = "stand-in-auth-token";
    /// The account's other token during a rotation, accepted too; sign with it by `standin_delivery::sign_with`.
    /// Empty: there is none.
    std::string old_auth_token = {};
    /// API keys that are accepted too: an `SK` SID and its secret.
    std::map<std::string, std::string> api_keys = {};
    /// Bearer tokens that are accepted too.
    std::vector<std::string> bearer_tokens = {};
    /// The only calls in progress. Empty: every well-formed call SID names a call in progress.
    std::vector<std::string> calls = {};
    /// Where the SIDs come from: the same seed and the same requests give the same SIDs, as do the same messages of
    /// clients.
    std::uint64_t seed = 0;
    /// The number of a client's first message in each call. Twilio's page says 0, its example shows 1.
    std::uint64_t first_sequence_number = 0;
    /// How long each wait for a callback's server may last: to connect, to write, for more of its answer. At least a
    /// millisecond.
    std::chrono::milliseconds callback_timeout = std::chrono::seconds{15};
    /// The certificate authorities to trust for https callbacks, a PEM file. Empty: the system's.
    std::string callback_ca_file = {};
    /// The members that are null in a 201: `date_created`, say. All are nullable in Twilio's OpenAPI document; `sid` is
    /// what the library cannot do without.
    std::set<std::string> null_members = {};
    /// The members that are absent from a 201: none is required in Twilio's OpenAPI document.
    std::set<std::string> absent_members = {};
    /// Faults on demand. With them, the stand-in serves through a small server of raw sockets that can misbehave:
    /// HTTP/1.1 with `Content-Length` bodies only (501), header sections of 64 KiB at most (431), any number of
    /// connections with a thread each, an idle one closed after 5 seconds.
    std::optional<standin_faults> faults = {};
};

/// A request as the stand-in's ledger keeps it.
struct standin_request {
    /// As sent, such as `POST`.
    std::string method = {};
    /// Path and query as sent, not decoded.
    std::string target = {};
    /// In alphabetical order, because cpp-httplib does not keep theirs. The credential in `Authorization` reads
    /// `[redacted]`.
    standin_fields headers = {};
    /// The decoded form, in the order sent, up to the first fault; empty where the content type is not that of a form.
    standin_fields parameters = {};
    /// As sent; empty for multipart bodies and for those that were not read to their end.
    std::string body = {};
    /// Whether the credentials were right, whatever else was wrong.
    bool authenticated = false;
    /// The status that was sent back.
    int status = 0;
    /// The `Twilio-Request-Id` that was sent back.
    std::string request_id = {};
    /// The request repeated an `IdempotencyKey` and got the first answer again; nothing was created.
    bool replay = false;
    /// The answer came from `answer_next` or `fail_next`.
    bool canned = false;
    /// The fault that it met.
    std::optional<standin_fault> fault = {};

    /// The first header of that name in any case, or nothing.
    std::optional<std::string> header(std::string_view name) const;
    /// The first parameter of exactly that name, or nothing.
    std::optional<std::string> parameter(std::string_view name) const;
};

/// A subscription that was created and not yet deleted.
struct standin_subscription {
    /// The account that it is of.
    std::string account_sid = {};
    /// The call whose messages it gets.
    std::string call_sid = {};
    /// Its own name: `ZY` and 32 hexadecimal digits.
    std::string sid = {};
    /// Where the messages go, byte for byte as it came.
    std::string callback = {};
    /// `POST` where the request named none, which is Twilio's default.
    std::string method = {};
    /// The key that it was created with, if any.
    std::optional<std::string> idempotency_key = {};
};

/// An answer to give instead of the stand-in's own.
struct standin_answer {
    /// 200 to 599.
    int status = 200;
    /// Any bytes.
    std::string body = {};
    /// Sent besides `Twilio-Request-Id` and `Content-Type`, which are added where absent here. `Content-Length` and
    /// `Transfer-Encoding` are the server's to write and ignored.
    standin_fields headers = {};
    /// How many requests get it.
    int times = 1;
    /// Whether the request is first carried out as usual: what a client sees when the true answer is lost on its way.
    bool processed = false;
};

/// What to change in an error of Twilio's format. Every member has a default.
struct standin_error {
    /// Twilio's error code; 0 stands for the one that goes with the status.
    int code = 0;
    /// Empty: the one that goes with the status.
    std::string message = {};
    /// The `Retry-After` header, seconds or an HTTP date; empty: no such header.
    std::string retry_after = {};
    /// How many requests get it.
    int times = 1;
    /// As in `standin_answer`.
    bool processed = false;
};

/// A message of a call, in either direction.
struct standin_message {
    /// The call that it is of.
    std::string call_sid = {};
    /// Its own name: `KX` and 32 hexadecimal digits.
    std::string sid = {};
    /// A JSON text.
    std::string content = {};
    /// Of a client's message: what the callback gets, in this order: `ContentType`, `Content`, `SequenceNumber`,
    /// `CallSid`, `Timestamp`, `AccountSid`, `Sid`. Change them, and what you made of them is sent instead, truly
    /// signed. Empty for a message that the server created.
    standin_fields parameters = {};

    /// The first parameter of exactly that name, or nothing.
    std::optional<std::string> parameter(std::string_view name) const;
};

/// A request to a subscription's callback, and what came of it.
struct standin_callback {
    /// The subscription that it is for.
    std::string subscription_sid = {};
    /// The message that it delivers.
    std::string message_sid = {};
    /// The subscription's.
    std::string method = {};
    /// The whole URL that is called: the callback byte for byte, and what was added to its query. Its fragment is not
    /// sent, and so not signed, which is our reading.
    std::string url = {};
    /// What was signed of it: without user information, and with or without the port, as the delivery says.
    std::string signed_url = {};
    /// The `Content-Type` header; not sent if there is no body.
    std::string content_type = {};
    /// The `X-Twilio-Signature` header; not sent if it is empty.
    std::string signature = {};
    /// As sent; empty for a GET or a HEAD.
    std::string body = {};
    /// What was answered; 0 if nothing was.
    int status = 0;
    /// The body of the answer.
    std::string answer = {};
    /// Why nothing was answered; empty if something was.
    std::string error = {};
    /// What Twilio would log: 32711 for an answer of 400 or above, else 0.
    int warning = 0;
};

/// Which port is in the URL that is signed. Twilio signs some requests with the port and some without, and does not
/// say which.
enum class standin_port {
    as_registered, ///< As it is in the callback.
    without,       ///< None.
    with,          ///< The callback's, or the one that its scheme implies.
};

/// How a client's message is delivered. Every member has a default.
struct standin_delivery {
    /// How often each subscription gets it.
    int times = 1;
    /// The token to sign with; empty: the account's auth token.
    std::string sign_with = {};
    /// Where the method has a body, a JSON object instead of a form, with its hash as `bodySHA256` in the URL.
    bool json_body = false;
    /// Where the body is a form, its hash as `bodySHA256` in the URL, too.
    bool hash_of_form = false;
    /// Signs user name and password of the URL, too. Twilio's page "Security" says that they are dropped first; the
    /// test vectors of Twilio's package for node sign with them.
    bool sign_user_info = false;
    /// The port in the URL that is signed.
    standin_port signed_port = standin_port::as_registered;
    /// Changes the finished request, after it was signed: its method, URL, content type, signature or body.
    std::function<void(standin_callback&)> tamper = {};
};

inline std::optional<std::string> standin_request::header(std::string_view name) const
{
    for (auto const& [key, value] : headers)
        if (standin_detail::lower(key) == standin_detail::lower(name)) return value;
    return std::nullopt;
}

inline std::optional<std::string> standin_request::parameter(std::string_view name) const
{
    return standin_detail::find_field(parameters, name);
}

inline std::optional<std::string> standin_message::parameter(std::string_view name) const
{
    return standin_detail::find_field(parameters, name);
}

} // namespace sidecall
