#pragma once

#include <compare>
#include <cstddef>
#include <string_view>

#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/result.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall::detail {

/// HEXDIG of RFC 5234, in either case.
struct is_hex_digit : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is_between(c, '0', '9') | is_between(lower(c), 'a', 'f');
    }
};

/// What is wrong with a SID that is to begin with these two letters.
constexpr violation check_sid(std::string_view text, char a, char b) noexcept
{
    constexpr std::size_t size = 34;
    if (text.empty() || text[0] != a) return {"begins with other letters", 0};
    if (text.size() == 1 || text[1] != b) return {"begins with other letters", 1};
    std::size_t const digits = find_first_not_in(is_hex_digit(), text.substr(0, size), 2);
    if (digits != size && digits == text.size()) return {"shorter than 34 characters", digits};
    if (digits != size) return {"not a hexadecimal digit", digits};
    if (text.size() > size) return {"longer than 34 characters", size};
    return {};
}

/// Makes a SID of a text that `check_sid` has found nothing wrong with.
struct checked_sid {
    template <class Sid>
    static constexpr Sid make(std::string_view text) noexcept
    {
        return Sid(text);
    }
};

} // namespace sidecall::detail

namespace sidecall {

/// A Twilio SID: two letters that say what it names, then 32 hexadecimal digits of either case
/// (`^AC[0-9a-fA-F]{32}$` in Twilio's OpenAPI document). There is no invalid one and no empty one: it comes from
/// `parse`, or from a literal that the compiler checks.
///
/// 34 bytes, trivially copyable, no allocation. Compared byte by byte, as Twilio's examples never change the case.
template <char A, char B>
class basic_sid {
public:
    /// Its length in bytes.
    static constexpr std::size_t size = 34;

    /// Reads a whole text as a SID. A failure is `invalid_argument` in the field named after the type (`"AccountSid"`),
    /// at the first byte that is wrong, which is the text's end if it is too short.
    static constexpr result<basic_sid> parse(text_view text) noexcept
    {
        if (auto const wrong = detail::check_sid(text, A, B))
            return failure(errc::invalid_argument, field(), wrong.rule, wrong.offset);
        return basic_sid(text);
    }

    /// The 34 characters; valid as long as this object is, so not to be had of a temporary.
    constexpr std::string_view view() const& noexcept { return {text_, size}; }
    std::string_view view() const&& = delete;

    /// Byte by byte.
    friend constexpr bool operator==(basic_sid const& a, basic_sid const& b) noexcept { return a.view() == b.view(); }
    /// By the value of the bytes.
    friend constexpr std::strong_ordering operator<=>(basic_sid const& a, basic_sid const& b) noexcept
    {
        return a.view() <=> b.view();
    }

private:
    friend struct detail::checked_sid;

    constexpr explicit basic_sid(std::string_view text) noexcept
    {
        std::string_view(text.data(), size).copy(text_, size); // so that the compiler knows how many
    }

    static constexpr detail::literal field() noexcept
    {
        return A == 'A'   ? detail::literal("AccountSid")
               : A == 'C' ? detail::literal("CallSid")
               : A == 'S' ? detail::literal("ApiKeySid")
                          : detail::literal("Sid");
    }

    char text_[size]{};
};

using account_sid = basic_sid<'A', 'C'>;      ///< An account.
using call_sid = basic_sid<'C', 'A'>;         ///< A call: the parent leg if the SDK user placed it, else the child.
using subscription_sid = basic_sid<'Z', 'Y'>; ///< A User Defined Message Subscription.
using message_sid = basic_sid<'K', 'X'>;      ///< A User Defined Message.
using api_key_sid = basic_sid<'S', 'K'>;      ///< An API key.

inline namespace literals {

/// `"AC…"_account_sid`: a constant whose typo does not compile.
SIDECALL_DETAIL_LITERAL(account_sid, account_sid)
/// `"CA…"_call_sid`: a constant whose typo does not compile.
SIDECALL_DETAIL_LITERAL(call_sid, call_sid)
/// `"ZY…"_subscription_sid`: a constant whose typo does not compile.
SIDECALL_DETAIL_LITERAL(subscription_sid, subscription_sid)
/// `"KX…"_message_sid`: a constant whose typo does not compile.
SIDECALL_DETAIL_LITERAL(message_sid, message_sid)
/// `"SK…"_api_key_sid`: a constant whose typo does not compile.
SIDECALL_DETAIL_LITERAL(api_key_sid, api_key_sid)

} // namespace literals

} // namespace sidecall

/// For the standard library's unordered containers.
template <char A, char B>
struct std::hash<sidecall::basic_sid<A, B>> {
    /// Hashes the 34 characters.
    std::size_t operator()(sidecall::basic_sid<A, B> const& sid) const noexcept
    {
        return std::hash<std::string_view>()(sid.view());
    }
};
