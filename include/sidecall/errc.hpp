#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include <sidecall/detail/platform/compiler.hpp>

namespace sidecall {

/// The kinds of failure, grouped by who must act.
///
/// @code
/// if (!message && message.error().code() == sidecall::errc::timed_out) retry_later();
/// @endcode
enum class errc {
    // The caller.
    invalid_argument = 1, ///< Nothing was sent: an argument breaks a rule of the API, see `field()` and `offset()`.

    // The transport.
    transport_failure, ///< Twilio may have acted: any failure that fits none of the following kinds.
    not_connected,     ///< Nothing was sent: no address, connection refused, not connected in time, or never tried.
    tls_failure,       ///< Nothing was sent: no TLS, or the server's certificate is not valid.
    timed_out,         ///< Twilio may have acted: no complete response in time.
    answer_lost,       ///< Twilio may have acted: the connection ended before the complete response.
    answer_too_large,  ///< Twilio has acted: the response is larger than the transport's limit.
    cancelled,         ///< Twilio may have acted: you cancelled the request before the response.

    // Twilio.
    api_error,          ///< Twilio refused, with an error body: see `twilio_code()` and `message()`.
    unexpected_status,  ///< Not the documented status, and no error body: a redirect, a gateway's page, an empty 429.
    malformed_response, ///< The documented status, but the body is not the documented resource.

    // The sender of the webhook.
    invalid_signature, ///< Not signed by Twilio, or not with these tokens.
    malformed_webhook, ///< Signed by Twilio, but not a user defined message. Also: not a valid HTTP request.
};

namespace detail {

/// The name of a code, and its default message.
struct code_text {
    std::string_view name;
    std::string_view sentence;
};

/// In the order of the enumerators.
inline constexpr code_text code_texts[] = {
    {"invalid_argument", "an argument breaks a rule of the API"},
    {"transport_failure", "the request could not be carried out"},
    {"not_connected", "no connection; nothing was sent"},
    {"tls_failure", "no trusted TLS connection; nothing was sent"},
    {"timed_out", "no complete response in time; Twilio may have carried out the request"},
    {"answer_lost", "the connection ended before the complete response; Twilio may have carried out the request"},
    {"answer_too_large", "the response is larger than the transport's limit"},
    {"cancelled", "cancelled before the response; Twilio may have carried out the request"},
    {"api_error", "Twilio refused the request"},
    {"unexpected_status", "the status is not the documented one"},
    {"malformed_response", "the body is not the documented resource"},
    {"invalid_signature", "the signature is not valid"},
    {"malformed_webhook", "not a user defined message"},
};
static_assert(sizeof code_texts / sizeof *code_texts == static_cast<std::size_t>(errc::malformed_webhook));

constexpr code_text text_of(errc code) noexcept
{
    auto const index = static_cast<std::size_t>(code) - 1;
    return index < sizeof code_texts / sizeof *code_texts ? code_texts[index] : code_text{"", "no such code"};
}

} // namespace detail

/// The name of the enumerator, such as `"invalid_argument"`: stable, for logs and metrics. Empty for an invalid value.
constexpr std::string_view to_string_view(errc code) noexcept
{
    return detail::text_of(code).name;
}

namespace detail {

constexpr std::string_view explain(errc code) noexcept
{
    return text_of(code).sentence;
}

/// Whether a category is that of `errc`. Compares the names, since a shared library may have its own category object.
inline bool is_our_category(std::error_category const& other) noexcept
{
    return std::string_view(other.name()) == "sidecall";
}

class SIDECALL_DETAIL_SHARED category final : public std::error_category {
public:
    char const* name() const noexcept override { return "sidecall"; }
    std::string message(int code) const override { return std::string(explain(static_cast<errc>(code))); }
    bool equivalent(int code, std::error_condition const& condition) const noexcept override
    {
        return code == condition.value() && is_our_category(condition.category());
    }
    bool equivalent(std::error_code const& code, int condition) const noexcept override
    {
        return code.value() == condition && is_our_category(code.category());
    }
};

} // namespace detail

/// The `std::error_category` of `errc`. A program and the shared libraries that it is linked with share one category
/// object, even if they are built with `-fvisibility=hidden`. A library loaded with `dlopen` may have its own; so
/// compare an error code with an `errc`, which always works. Only the messages of the category allocate.
SIDECALL_DETAIL_SHARED inline std::error_category const& sidecall_category() noexcept
{
    static detail::category const instance;
    return instance;
}

/// Converts to `std::error_code`, as in `std::error_code code = errc::timed_out`.
inline std::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), sidecall_category()};
}

/// Whether `code` is `value`, as in `code == errc::timed_out`. Also works for an error code of a shared library with
/// its own category object.
inline bool operator==(std::error_code const& code, errc value) noexcept
{
    return code.value() == static_cast<int>(value) && detail::is_our_category(code.category());
}

} // namespace sidecall

/// Makes `errc` implicitly convertible to `std::error_code`.
template <>
struct std::is_error_code_enum<sidecall::errc> : std::true_type {};
