#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include <sidecall/detail/platform/compiler.hpp>

namespace sidecall {

/// What went wrong, grouped by who must act.
enum class errc {
    // The caller.
    invalid_argument = 1, ///< Nothing was sent: an argument breaks a rule of the API; see `field()`, `offset()`.

    // The transport.
    transport_failure, ///< Twilio may have acted: what fits none of the finer kinds.
    not_connected,     ///< Nothing was sent: no address, refused, or not connected in time.
    tls_failure,       ///< Nothing was sent: no TLS, or the peer's certificate does not hold.
    timed_out,         ///< Twilio may have acted: no whole answer in time.
    answer_lost,       ///< Twilio may have acted: the connection ended before the whole answer had come.
    answer_too_large,  ///< Twilio has acted: the answer is larger than the transport's limit.
    cancelled,         ///< Twilio may have acted: you took it back before the answer had come.

    // Twilio.
    api_error,          ///< Refused, in a body that was understood: see `twilio_code()` and `message()`.
    unexpected_status,  ///< Any other status than the documented one: a redirect, a gateway's page, an empty 429.
    malformed_response, ///< The documented status, but a body that is not the documented resource.

    // Whoever called the webhook.
    invalid_signature, ///< Not signed by Twilio, or not with these tokens.
    malformed_webhook, ///< Signed, but not a user defined message.
};

namespace detail {

/// A code's name, and the sentence for one that comes with none of its own.
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
    {"timed_out", "no whole answer in time; the request may have been carried out"},
    {"answer_lost", "the connection ended before the whole answer; the request may have been carried out"},
    {"answer_too_large", "the answer is larger than the transport's limit"},
    {"cancelled", "cancelled before an answer came; the request may have been carried out"},
    {"api_error", "Twilio refused the request"},
    {"unexpected_status", "the status is not the documented one"},
    {"malformed_response", "the body is not the documented resource"},
    {"invalid_signature", "the signature does not hold"},
    {"malformed_webhook", "not a user defined message"},
};
static_assert(sizeof code_texts / sizeof *code_texts == static_cast<std::size_t>(errc::malformed_webhook));

constexpr code_text text_of(errc code) noexcept
{
    auto const index = static_cast<std::size_t>(code) - 1;
    return index < sizeof code_texts / sizeof *code_texts ? code_texts[index] : code_text{"", "no such code"};
}

} // namespace detail

/// The enumerator's own name, `"invalid_argument"`: stable, for logs and metrics. Empty for a value that is none.
constexpr std::string_view to_string_view(errc code) noexcept
{
    return detail::text_of(code).name;
}

namespace detail {

constexpr std::string_view explain(errc code) noexcept
{
    return text_of(code).sentence;
}

/// Whether a category is that of `errc`, by its name, since a shared library may have one of its own.
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

/// The `std::error_category` of `errc`: one for a program and the shared libraries that it is linked with, also if they
/// are built with `-fvisibility=hidden`. A library that is loaded with `dlopen` may have its own, so compare an error
/// code with an `errc`, which then works, too. Its messages allocate; nothing else here does.
SIDECALL_DETAIL_SHARED inline std::error_category const& sidecall_category() noexcept
{
    static detail::category const instance;
    return instance;
}

/// Makes `std::error_code code = errc::timed_out` work.
inline std::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), sidecall_category()};
}

/// Makes `code == errc::timed_out` true also for an error code of a shared library with a category of its own.
inline bool operator==(std::error_code const& code, errc value) noexcept
{
    return code.value() == static_cast<int>(value) && detail::is_our_category(code.category());
}

} // namespace sidecall

/// Lets an `errc` become a `std::error_code`.
template <>
struct std::is_error_code_enum<sidecall::errc> : std::true_type {};
