#pragma once

/// The types that users of `twilio_standin` name: its options, recorded requests, subscriptions, canned responses,
/// messages and callback requests. Part of `standin.hpp`; include that.

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

/// Names and values of header fields or form parameters.
using standin_fields = standin_detail::named_values;

/// Options of a `twilio_standin`. Every member has a default.
struct standin_options {
    /// The SID of the only account: `AC` and 32 hexadecimal digits.
    std::string account_sid = "AC00000000000000000000000000000001";
    /// The auth token of the account, not empty. Callbacks are signed with it.
    std::string auth_token = "stand-in-auth-token";
    /// A second token of the account, also accepted, for tests of a token rotation. Sign with it by
    /// `standin_delivery::sign_with`. Empty: there is none.
    std::string old_auth_token = {};
    /// API keys that are also accepted: `SK` SIDs and their secrets.
    std::map<std::string, std::string> api_keys = {};
    /// Bearer tokens that are also accepted.
    std::vector<std::string> bearer_tokens = {};
    /// The calls in progress. Empty: every well-formed call SID is a call in progress.
    std::vector<std::string> calls = {};
    /// The seed of the SIDs. The same seed and the same requests give the same SIDs; so do the same seed and the same
    /// client messages.
    std::uint64_t seed = 0;
    /// The `SequenceNumber` of the first client message in each call. Twilio's documentation says 0, but its example
    /// shows 1.
    std::uint64_t first_sequence_number = 0;
    /// The time limit for each wait on the server of a callback: connecting, writing, and each read of its response. At
    /// least one millisecond.
    std::chrono::milliseconds callback_timeout = std::chrono::seconds{15};
    /// A PEM file with the certificate authorities to trust for https callbacks. Empty: those of the system.
    std::string callback_ca_file = {};
    /// The members of a 201 that are null, such as `date_created`. All are nullable in the OpenAPI document of Twilio;
    /// `sid` is the one that the library requires.
    std::set<std::string> null_members = {};
    /// The members that a 201 lacks. None is required in the OpenAPI document of Twilio.
    std::set<std::string> absent_members = {};
    /// The beginning of the whole URLs in the lists of voice.twilio.com, such as `meta.next_page_url`. Empty: the base
    /// URL of the stand-in. Set the URL of another server to test that a client does not send its credentials there.
    std::string voice_url = "https://voice.twilio.com";
    /// Faults on demand. If set, the stand-in uses a small server on raw sockets that can misbehave. It supports
    /// HTTP/1.1 with `Content-Length` bodies only (otherwise 501) and header sections of at most 64 KiB (otherwise
    /// 431). It serves any number of connections, each in its own thread, and closes idle ones after 5 seconds.
    std::optional<standin_faults> faults = {};
};

/// A request to the stand-in, as its ledger records it.
struct standin_request {
    /// The method as sent, such as `POST`.
    std::string method = {};
    /// The path and query as sent, not decoded.
    std::string target = {};
    /// The header fields in alphabetical order, because cpp-httplib does not keep their order. The credential in
    /// `Authorization` reads `[redacted]`.
    standin_fields headers = {};
    /// The decoded form parameters in the order sent, up to the first error. Empty if the content type is not that of a
    /// form.
    standin_fields parameters = {};
    /// The body as sent. Empty for multipart bodies and for bodies that were not read to their end.
    std::string body = {};
    /// Whether the credentials were right, whatever else was wrong.
    bool authenticated = false;
    /// The status of the response.
    int status = 0;
    /// The `Twilio-Request-Id` of the response.
    std::string request_id = {};
    /// Whether the request repeated an `IdempotencyKey` and got the first response again, without creating anything.
    bool replay = false;
    /// Whether the response came from `answer_next` or `fail_next`.
    bool canned = false;
    /// The injected fault, if any.
    std::optional<standin_fault> fault = {};

    /// The value of the first header field with that name, ignoring case, or nothing.
    std::optional<std::string> header(std::string_view name) const;
    /// The value of the first parameter with exactly that name, or nothing.
    std::optional<std::string> parameter(std::string_view name) const;
};

/// A subscription that exists: created and not yet deleted.
struct standin_subscription {
    /// The account of the subscription.
    std::string account_sid = {};
    /// The call whose messages the callback gets.
    std::string call_sid = {};
    /// The SID of the subscription: `ZY` and 32 hexadecimal digits.
    std::string sid = {};
    /// The callback URL, byte for byte as received.
    std::string callback = {};
    /// The method of the callback. `POST` if the request named none, which is the default of Twilio.
    std::string method = {};
    /// The idempotency key of the request that created it, if any.
    std::optional<std::string> idempotency_key = {};
};

/// A canned response, in place of the one that the stand-in would give.
struct standin_answer {
    /// The status: 200 to 599.
    int status = 200;
    /// The body: any bytes.
    std::string body = {};
    /// Header fields to send. `Twilio-Request-Id` and `Content-Type` are added if they are missing. `Content-Length`
    /// and `Transfer-Encoding` are ignored, because the server writes them.
    standin_fields headers = {};
    /// The number of requests that get this response.
    int times = 1;
    /// Whether the request is first processed as usual. To the client this looks as if the true response was lost.
    bool processed = false;
};

/// An error response in the format of Twilio. Every member has a default.
struct standin_error {
    /// The error code of Twilio. 0: the usual code for the status.
    int code = 0;
    /// The message. Empty: the usual message for the status.
    std::string message = {};
    /// The `Retry-After` header field: seconds or an HTTP date. Empty: no such field.
    std::string retry_after = {};
    /// The number of requests that get this response.
    int times = 1;
    /// Whether the request is first processed as usual.
    bool processed = false;
    /// Whether the body is in the format of the newer services, `application/problem+json` (RFC 9457).
    bool problem = false;
};

/// A call that the server created.
struct standin_call {
    /// The account of the call.
    std::string account_sid = {};
    /// The SID of the call: `CA` and 32 hexadecimal digits.
    std::string sid = {};
    /// The called party.
    std::string to = {};
    /// The calling party.
    std::string from = {};
    /// `queued`, `ringing`, `in-progress`, `completed`, `busy`, `failed`, `no-answer` or `canceled`.
    std::string status = "queued";
    /// The parameters of the request that created the call, and of those that changed it since, in order. If a name
    /// occurs in several requests, only those of the last one are kept.
    standin_fields parameters = {};

    /// Whether the status is one of the last five, which are final.
    bool has_ended() const { return status != "queued" && status != "ringing" && status != "in-progress"; }
    /// The value of the first parameter with exactly that name, or nothing.
    std::optional<std::string> parameter(std::string_view name) const;
};

/// A message of a call, in either direction.
struct standin_message {
    /// The call of the message.
    std::string call_sid = {};
    /// The SID of the message: `KX` and 32 hexadecimal digits.
    std::string sid = {};
    /// The content: a JSON text.
    std::string content = {};
    /// For a message from the client: the parameters that the callback gets, in this order: `ContentType`, `Content`,
    /// `SequenceNumber`, `CallSid`, `Timestamp`, `AccountSid`, `Sid`. If you change them, the changed parameters are
    /// sent with a valid signature. Empty for a message that the server created.
    standin_fields parameters = {};

    /// The value of the first parameter with exactly that name, or nothing.
    std::optional<std::string> parameter(std::string_view name) const;
};

/// A request to the callback of a subscription or to the status callback of a call, and its result.
struct standin_callback {
    /// The SID of the subscription. Empty for a status callback.
    std::string subscription_sid = {};
    /// The SID of the message. Empty for a status callback.
    std::string message_sid = {};
    /// The method of the subscription or status callback.
    std::string method = {};
    /// The whole URL of the request: the callback byte for byte, with any additions to its query. The fragment is
    /// neither sent nor signed; that is our reading of the documentation.
    std::string url = {};
    /// The signed form of the URL: without user information, and with or without the port, depending on the delivery.
    std::string signed_url = {};
    /// The `Content-Type` header field. Not sent if there is no body.
    std::string content_type = {};
    /// The `X-Twilio-Signature` header field. Not sent if it is empty.
    std::string signature = {};
    /// The body as sent. Empty for a GET or a HEAD.
    std::string body = {};
    /// The status of the response; 0 if there was none.
    int status = 0;
    /// The body of the response.
    std::string answer = {};
    /// Why there was no response. Empty if there was one.
    std::string error = {};
    /// The warning that Twilio would log for a status of 400 or above: 32711, or 15003 for a status callback. Otherwise
    /// 0.
    int warning = 0;
    /// The call whose status changed. Empty for a message.
    std::string call_sid = {};
    /// The `CallStatus` that a status callback reports. Empty for a message.
    std::string call_status = {};
};

/// Which port the signed URL has. Twilio signs some requests with the port and some without, and does not document
/// which.
enum class standin_port {
    as_registered, ///< The port as it is in the callback.
    without,       ///< No port.
    with,          ///< The port of the callback, or the default port of its scheme.
};

/// How a message from the client is delivered. Every member has a default.
struct standin_delivery {
    /// The number of times that each subscription gets the message.
    int times = 1;
    /// The token to sign with. Empty: the auth token of the account.
    std::string sign_with = {};
    /// Sends a JSON object instead of a form if the method has a body, and adds the hash of the body to the URL as
    /// `bodySHA256`.
    bool json_body = false;
    /// Also adds `bodySHA256` to the URL if the body is a form.
    bool hash_of_form = false;
    /// Also signs the user name and password in the URL. Twilio's page "Security" says that they are removed first, but
    /// the test vectors of Twilio's package for Node.js sign with them.
    bool sign_user_info = false;
    /// The port in the signed URL.
    standin_port signed_port = standin_port::as_registered;
    /// Changes the finished, signed request before it is sent: its method, URL, content type, signature or body.
    std::function<void(standin_callback&)> tamper = {};
};

inline std::optional<std::string> standin_request::header(std::string_view name) const
{
    for (auto const& [key, value] : headers)
        if (standin_detail::to_lower(key) == standin_detail::to_lower(name)) return value;
    return std::nullopt;
}

inline std::optional<std::string> standin_request::parameter(std::string_view name) const
{
    return standin_detail::find_field(parameters, name);
}

inline std::optional<std::string> standin_call::parameter(std::string_view name) const
{
    return standin_detail::find_field(parameters, name);
}

inline std::optional<std::string> standin_message::parameter(std::string_view name) const
{
    return standin_detail::find_field(parameters, name);
}

} // namespace sidecall
