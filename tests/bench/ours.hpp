#pragma once

/// The measured functions of sidecall, one per work, and the preparation of their inputs, which is not measured. They
/// are not inlined, so that the generated code does not depend on the loop around them.

#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/http1.hpp>
#include <sidecall/sidecall.hpp>

#include "inputs.hpp"

namespace bench::ours {

template <class T>
T need(sidecall::result<T> made)
{
    if (!made) std::abort();
    return *std::move(made);
}

/// What a caller has before it builds a request: parsed SIDs, the token, and callback and key as text.
struct build_values {
    explicit build_values(build_input const& in)
        : account(need(sidecall::account_sid::parse(in.account))), call(need(sidecall::call_sid::parse(in.call))),
          callback(in.callback), key(in.key), token(in.token), who(sidecall::credentials::auth_token(account, token))
    {
    }

    sidecall::account_sid account;
    sidecall::call_sid call;
    std::string_view callback;
    std::string_view key;
    sidecall::secret token;
    sidecall::credentials who;
};

inline sidecall::create_user_defined_message_subscription_view subscription(build_values const& in)
{
    auto const callback = sidecall::callback_url_view::parse(in.callback);
    auto const key = sidecall::idempotency_key_view::parse(in.key);
    if (!callback || !key) std::abort();
    return {in.account, in.call, *callback, *key, sidecall::http_method::post};
}

[[gnu::noinline]] inline sidecall::authorized_request build(build_values const& in)
{
    return authorize(subscription(in).request(), sidecall::credentials::auth_token(in.account, in.token));
}

[[gnu::noinline]] inline sidecall::authorized_request build_cached(build_values const& in)
{
    return authorize(subscription(in).request(), in.who);
}

/// The same request, written by a user's operation, which does not check the texts.
struct own_operation {
    sidecall::account_sid account;
    sidecall::call_sid call;
    std::string_view callback;
    std::string_view key;

    static constexpr auto request_method = sidecall::http_method::post;

    template <class Request>
    constexpr void write(Request& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account).path("/Calls/").segment(call);
        request.path("/UserDefinedMessageSubscriptions.json");
        request.field("Callback", callback).field("IdempotencyKey", key).field("Method", "POST");
    }
};

[[gnu::noinline]] inline sidecall::authorized_request build_own(build_values const& in)
{
    return need(authorize(own_operation{in.account, in.call, in.callback, in.key}, in.who));
}

[[gnu::noinline]] inline sidecall::authorized_request build_into(build_values const& in)
{
    static std::array<char, 1024> memory;
    return need(authorize(subscription(in), in.who, sidecall::endpoint::twilio(), memory));
}

inline std::string wire(sidecall::authorized_request const& request)
{
    sidecall::secret const wire = request.to_http1();
    return std::string(wire.reveal());
}

/// The operation whose response is parsed. Its members do not matter to `parse`.
inline sidecall::create_user_defined_message_subscription const& asked()
{
    using namespace sidecall::literals;
    static sidecall::create_user_defined_message_subscription const operation{
        "AC00000000000000000000000000000001"_account_sid, "CA00000000000000000000000000000002"_call_sid,
        "https://example.com"_callback_url};
    return operation;
}

[[gnu::noinline]] inline sidecall::result<sidecall::user_defined_message_subscription>
parse(sidecall::create_user_defined_message_subscription const& operation, std::string_view body)
{
    return operation.parse({.status = 201, .body = body});
}

[[gnu::noinline]] inline sidecall::result<sidecall::callback_url_view> callback_url(std::string_view url)
{
    return sidecall::callback_url_view::parse(url);
}

inline sidecall::webhook_verifier verifier(std::string_view token)
{
    return sidecall::webhook_verifier(sidecall::secret(token));
}

[[gnu::noinline]] inline sidecall::result<sidecall::incoming_message>
webhook(sidecall::webhook_verifier const& verifier, webhook_input const& in)
{
    return verifier.receive({.url = in.url, .content_type = form_type, .signature = in.signature, .body = in.body});
}

inline auto sha1(std::string_view bytes)
{
    sidecall::detail::sha1 hash;
    hash.update(bytes);
    return hash.finish();
}

inline auto sha256(std::string_view bytes)
{
    sidecall::detail::sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

/// A credential's 67 bytes as 92 characters of base64, and a terminating zero.
using encoded = std::array<char, 93>;

inline encoded base64(std::string_view user_and_colon, std::string_view password)
{
    encoded out;
    sidecall::detail::base64_encode(user_and_colon, password, out.data());
    return out;
}

/// A response in one piece, read into a buffer.
[[gnu::noinline]] inline sidecall::http1_response_reader http1(std::string_view message)
{
    static char memory[4096];
    sidecall::http1_response_reader reader(sidecall::http_method::post, memory);
    if (auto const progress = reader.feed(message); !progress || !progress->done) std::abort();
    return reader;
}

/// The same onto the heap.
[[gnu::noinline]] inline sidecall::http1_response_reader http1_heap(std::string_view message)
{
    sidecall::http1_response_reader reader(sidecall::http_method::post);
    if (auto const progress = reader.feed(message); !progress || !progress->done) std::abort();
    return reader;
}

} // namespace bench::ours
