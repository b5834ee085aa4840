#pragma once

#include <compare>
#include <cstddef>
#include <string_view>

#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/result.hpp>
#include <sidecall/text_view.hpp>

// Twilio SIDs: one type and one literal for each kind of object.
namespace sidecall::detail {

/// HEXDIG of RFC 5234, in upper or lower case.
struct sid_digit : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is_between(c, '0', '9') | is_between(lower(c), 'a', 'f');
    }
};

/// The rule that `text` breaks as a SID with the prefix `a`, `b`; none if it is valid.
constexpr violation check_sid(std::string_view text, char a, char b) noexcept
{
    constexpr std::size_t size = 34;
    if (text.empty() || text[0] != a) return {"wrong prefix for this kind of SID", 0};
    if (text.size() == 1 || text[1] != b) return {"wrong prefix for this kind of SID", 1};
    std::size_t const digits = find_first_not_in(sid_digit(), text.substr(0, size), 2);
    if (digits != size && digits == text.size()) return {"shorter than 34 characters", digits};
    if (digits != size) return {"not a hexadecimal digit", digits};
    if (text.size() > size) return {"longer than 34 characters", size};
    return {};
}

/// Makes a SID from a text that `check_sid` has accepted.
struct checked_sid {
    template <class Sid>
    static constexpr Sid make(std::string_view text) noexcept
    {
        return Sid(text);
    }
};

} // namespace sidecall::detail

namespace sidecall {

/// A Twilio SID: a prefix of two letters for the kind of object, then 32 hexadecimal digits in upper or lower case
/// (`^AC[0-9a-fA-F]{32}$` in Twilio's OpenAPI document). It is always valid and never empty: it comes from `parse`, or
/// from a literal checked at compile time.
///
/// For a kind that has no name here, name it yourself: `using sms_sid = sidecall::basic_sid<'S', 'M'>;`. Its failures
/// are in the field `"Sid"`.
///
/// 34 bytes, trivially copyable, does not allocate. Comparison is case-sensitive, as Twilio's examples never change the
/// case.
///
/// @code
/// using namespace sidecall::literals;
/// constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
/// auto call = sidecall::call_sid::parse(text);
/// if (!call) return call.error(); // names the rule and the byte
/// @endcode
template <char A, char B>
class basic_sid {
    static_assert(A >= 'A' && A <= 'Z' && B >= 'A' && B <= 'Z', "the prefix of a SID is two upper-case letters");

public:
    /// The length of every SID, in bytes.
    static constexpr std::size_t size = 34;

    /// Checks that the whole text is a SID of this kind. Fails with `invalid_argument` in the field named after the
    /// type (`"AccountSid"`), with the offset of the first wrong byte; that is the end of the text if it is too short.
    /// Does not allocate.
    static constexpr result<basic_sid> parse(text_view text) noexcept
    {
        if (auto const wrong = detail::check_sid(text, A, B))
            return failure(errc::invalid_argument, field(), wrong.rule, wrong.offset);
        return basic_sid(text);
    }

    /// The 34 characters. The view is valid as long as this object; it is not available on a temporary.
    constexpr std::string_view view() const& noexcept { return {text_, size}; }
    std::string_view view() const&& = delete;

    /// Compares byte for byte.
    friend constexpr bool operator==(basic_sid const& a, basic_sid const& b) noexcept { return a.view() == b.view(); }
    /// Orders by the value of the bytes.
    friend constexpr std::strong_ordering operator<=>(basic_sid const& a, basic_sid const& b) noexcept
    {
        return a.view() <=> b.view();
    }

private:
    friend struct detail::checked_sid;

    constexpr explicit basic_sid(std::string_view text) noexcept
    {
        std::string_view(text.data(), size).copy(text_, size); // with a constant size, which the compiler can use
    }

    static constexpr detail::literal field() noexcept
    {
        return A == 'A' && B == 'C'   ? detail::literal("AccountSid")
               : A == 'C' && B == 'A' ? detail::literal("CallSid")
               : A == 'S' && B == 'K' ? detail::literal("ApiKeySid")
                                      : detail::literal("Sid");
    }

    char text_[size]{};
};

using account_sid = basic_sid<'A', 'C'>; ///< The SID of an account.
/// The SID of a call: of the parent call if the SDK user placed it, else of the child call.
using call_sid = basic_sid<'C', 'A'>;
using subscription_sid = basic_sid<'Z', 'Y'>; ///< The SID of a User Defined Message Subscription.
using message_sid = basic_sid<'K', 'X'>;      ///< The SID of a User Defined Message.
using api_key_sid = basic_sid<'S', 'K'>;      ///< The SID of an API key.

inline namespace literals {

/// `"AC…"_account_sid`: an account SID checked at compile time.
SIDECALL_DETAIL_LITERAL(account_sid, account_sid)
/// `"CA…"_call_sid`: a call SID checked at compile time.
SIDECALL_DETAIL_LITERAL(call_sid, call_sid)
/// `"ZY…"_subscription_sid`: a subscription SID checked at compile time.
SIDECALL_DETAIL_LITERAL(subscription_sid, subscription_sid)
/// `"KX…"_message_sid`: a message SID checked at compile time.
SIDECALL_DETAIL_LITERAL(message_sid, message_sid)
/// `"SK…"_api_key_sid`: an API key SID checked at compile time.
SIDECALL_DETAIL_LITERAL(api_key_sid, api_key_sid)

} // namespace literals

} // namespace sidecall

/// Lets SIDs be keys of the standard library's unordered containers.
template <char A, char B>
struct std::hash<sidecall::basic_sid<A, B>> {
    /// Hashes the 34 characters.
    std::size_t operator()(sidecall::basic_sid<A, B> const& sid) const noexcept
    {
        return std::hash<std::string_view>()(sid.view());
    }
};
