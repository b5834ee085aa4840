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

/// The URL that Twilio sends messages to: an absolute `http` or `https` URI (RFC 3986), ASCII only. The host is a
/// hostname (RFC 1123, so no underscore), an IPv4 address, or an IPv6 address in brackets. The port, if any, is 1 to
/// 65535. User-info and a fragment are allowed (Twilio reads connection overrides such as `#rc=2&rp=all` from the
/// fragment). The length is not limited. The text is kept and sent byte for byte.
///
/// `callback_url` owns its text and allocates if the text is long. `callback_url_view` is a non-owning view of a text
/// that must outlive it; temporaries are rejected at compile time. It converts to `callback_url`. A moved-from object
/// is empty; making a request from it aborts the program.
///
/// @code
/// auto callback = sidecall::callback_url::parse("https://example.com/messages");
/// if (!callback) return callback.error(); // names the rule and the byte
/// @endcode
template <class Text>
class basic_callback_url {
    static constexpr bool is_view = std::is_same_v<Text, std::string_view>;

public:
    /// Checks that the whole text is a valid URL. Fails with `invalid_argument` in `"Callback"`, with the rule and the
    /// offset of the first wrong byte.
    static constexpr result<basic_callback_url> parse(detail::text_given<Text> url)
    {
        detail::uri parts;
        if (auto const wrong = detail::parse_uri(url, parts))
            return failure(errc::invalid_argument, "Callback", wrong.rule, wrong.offset);
        return basic_callback_url(Text(url), parts);
    }

    /// Copies the text of a `callback_url_view`.
    template <class Other>
        requires(!std::is_same_v<Other, Text> && std::is_same_v<Other, std::string_view>)
    constexpr basic_callback_url(basic_callback_url<Other> const& other) : text_(other.text_), parts_(other.parts_)
    {
    }

    /// The whole URL, unchanged. All views are valid as long as this object; those of a `callback_url_view`, as long as
    /// the text it refers to. Not available on a temporary that owns its text, since they would dangle.
    constexpr std::string_view view() const& noexcept { return text_; }
    std::string_view view() const&&
        requires(!is_view)
    = delete;

    /// `"http"` or `"https"`, in the case of the original text.
    constexpr std::string_view scheme() const& noexcept
    {
        return std::string_view(text_).substr(0, parts_.https ? 5 : 4);
    }
    std::string_view scheme() const&&
        requires(!is_view)
    = delete;

    /// The host, unchanged. An IPv6 address includes its brackets.
    constexpr std::string_view host() const& noexcept { return detail::cut(text_, parts_.host, parts_.host_end); }
    std::string_view host() const&&
        requires(!is_view)
    = delete;

    /// The port to call: that in the URL, or else the default of the scheme, 80 or 443.
    constexpr std::uint16_t port() const noexcept { return parts_.port ? parts_.port : parts_.https ? 443 : 80; }

    /// The path and query, unchanged, without the fragment. Empty for `https://example.com`.
    constexpr std::string_view target() const& noexcept { return detail::cut(text_, parts_.target, parts_.target_end); }
    std::string_view target() const&&
        requires(!is_view)
    = delete;

    /// Compares byte for byte: `http://a.com` and `http://a.com/` are different.
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

using callback_url = basic_callback_url<std::string>; ///< A `basic_callback_url` that owns its text.
/// A `basic_callback_url` that is a view of a constant, or of another text that must outlive it.
using callback_url_view = basic_callback_url<std::string_view>;

/// User-defined literals for values that are checked at compile time: `using namespace sidecall::literals`.
inline namespace literals {

/// `"https://…"_callback_url`: a URL checked at compile time.
SIDECALL_DETAIL_LITERAL(callback_url_view, callback_url)

} // namespace literals

} // namespace sidecall
