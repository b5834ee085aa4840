#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/detail/text/uri.hpp>
#include <sidecall/result.hpp>

namespace sidecall {

/// Where Twilio is to send the messages: an absolute `http` or `https` URI by RFC 3986, all ASCII, with a hostname by
/// RFC 1123 (no underscore), an IPv4 or a bracketed IPv6 address, and a port of 1 to 65535 if any. User-info and a
/// fragment are allowed (Twilio reads connection overrides such as `#rc=2&rp=all` from the fragment). There is no limit
/// on its length. What was given is kept and sent unchanged, byte for byte. A moved-from one is empty, and to make a
/// request of it ends the program.
///
/// `Text` is what holds it: `callback_url` owns its text (an allocation if it is long), `callback_url_view` refers to
/// somebody else's, but to no string that is about to end, and converts to it.
template <class Text>
class basic_callback_url {
    static constexpr bool is_view = std::is_same_v<Text, std::string_view>;

public:
    /// Checks a whole text. A failure is `invalid_argument` in `"Callback"`, with the rule and the first offending
    /// byte.
    static constexpr result<basic_callback_url> parse(detail::text_parameter<Text> url)
    {
        detail::uri parts;
        if (auto const wrong = detail::parse_uri(url, parts))
            return failure(errc::invalid_argument, "Callback", wrong.rule, wrong.offset);
        return basic_callback_url(Text(url), parts);
    }

    /// From a `callback_url_view`: a copy that owns its text.
    template <class Other>
        requires(!std::is_same_v<Other, Text> && std::is_same_v<Other, std::string_view>)
    constexpr basic_callback_url(basic_callback_url<Other> const& other) : text_(other.text_), parts_(other.parts_)
    {
    }

    /// All of it, as it was given. Every view is valid as long as this object is (of a `callback_url_view`: its text),
    /// so there is none of a temporary that owns its text.
    constexpr std::string_view view() const& noexcept { return text_; }
    std::string_view view() const&&
        requires(!is_view)
    = delete;

    /// `"http"` or `"https"`, in the case that was given.
    constexpr std::string_view scheme() const& noexcept
    {
        return std::string_view(text_).substr(0, parts_.https ? 5 : 4);
    }
    std::string_view scheme() const&&
        requires(!is_view)
    = delete;

    /// The host, as it was given; an IPv6 address in its brackets.
    constexpr std::string_view host() const& noexcept { return detail::slice(text_, parts_.host, parts_.host_end); }
    std::string_view host() const&&
        requires(!is_view)
    = delete;

    /// The port that is called: the one given, else the scheme's, 80 or 443.
    constexpr std::uint16_t port() const noexcept { return parts_.port ? parts_.port : parts_.https ? 443 : 80; }

    /// Path and query, as they were given: empty for `https://example.com`, and without the fragment.
    constexpr std::string_view target() const& noexcept
    {
        return detail::slice(text_, parts_.target, parts_.target_end);
    }
    std::string_view target() const&&
        requires(!is_view)
    = delete;

    /// Byte for byte: `http://a.com` and `http://a.com/` are two.
    friend constexpr bool operator==(basic_callback_url const& a, basic_callback_url const& b) noexcept
    {
        return a.view() == b.view();
    }

private:
    template <class>
    friend class basic_callback_url;

    constexpr basic_callback_url(Text text, detail::uri const& parts) : text_(std::move(text)), parts_(parts) {}

    Text text_;
    detail::uri parts_;
};

using callback_url = basic_callback_url<std::string>;           ///< Owns its text.
using callback_url_view = basic_callback_url<std::string_view>; ///< For constants and for a text that outlives it.

/// Constants of the types that cannot be invalid: `using namespace sidecall::literals`.
inline namespace literals {

/// `"https://…"_callback_url`: a constant whose typo does not compile.
SIDECALL_DETAIL_LITERAL(callback_url_view, callback_url)

} // namespace literals

} // namespace sidecall
