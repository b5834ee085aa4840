#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/uri.hpp>
#include <sidecall/result.hpp>
#include <sidecall/text_view.hpp>
#include <sidecall/version.hpp>

namespace sidecall {

namespace detail {

// The parts of `https://api.twilio.com`.
inline constexpr std::string_view twilio_scheme = "https://";
inline constexpr std::string_view twilio_product = "api";
inline constexpr std::string_view twilio_domain = ".twilio.com";

} // namespace detail

/// The server that requests are sent to, and the `User-Agent` that they carry. The defaults are
/// `https://api.twilio.com` and `sidecall/x.y.z`. Does not allocate.
///
/// @code
/// auto ireland = sidecall::endpoint::edge("dublin", "ie1");
/// if (ireland) return sidecall::send(operation, credentials, transport, *ireland);
/// @endcode
class endpoint {
public:
    /// `https://api.twilio.com`.
    constexpr endpoint() noexcept
    {
        set_origin(true, "api.twilio.com", 0);
        user_agent_.append("sidecall/");
        user_agent_.append(version);
    }

    /// `https://api.twilio.com` as a shared constant: the default argument wherever an endpoint is optional.
    static constexpr endpoint const& twilio() noexcept;

    /// `https://api.REGION.twilio.com`, for example "ie1". Fails with `invalid_argument` in `"region"` if it is not a
    /// DNS label.
    static constexpr result<endpoint> region(text_view region) noexcept
    {
        if (auto const wrong = check_label(region))
            return failure(errc::invalid_argument, "region", wrong.rule, wrong.offset);
        endpoint created;
        created.set_twilio_host({region});
        return created;
    }

    /// `https://api.EDGE.REGION.twilio.com`, for example "dublin". The default region is us1 (Twilio's "Global
    /// infrastructure" pages). Fails with `invalid_argument` in `"edge"` or `"region"` if it is not a DNS label.
    static constexpr result<endpoint> edge(text_view edge, text_view region = "us1") noexcept
    {
        if (auto const wrong = check_label(edge))
            return failure(errc::invalid_argument, "edge", wrong.rule, wrong.offset);
        if (auto const wrong = check_label(region))
            return failure(errc::invalid_argument, "region", wrong.rule, wrong.offset);
        endpoint created;
        created.set_twilio_host({edge, region});
        return created;
    }

    /// Another server, such as a proxy or a stand-in: `scheme://host[:port]`, optionally followed by one "/". Plain
    /// HTTP is allowed only for a loopback host (localhost, 127.0.0.0/8, [::1]), since the credential would be sent
    /// unencrypted. Fails with `invalid_argument` in `"endpoint"`.
    static constexpr result<endpoint> parse(text_view url) noexcept
    {
        auto const invalid = [](detail::literal rule, std::size_t offset) {
            return failure(errc::invalid_argument, "endpoint", rule, offset);
        };
        detail::uri parts;
        if (auto const wrong = detail::parse_uri(url, parts)) return invalid(wrong.rule, wrong.offset);
        if (parts.host != parts.authority) return invalid("user-info is not allowed here", parts.authority);
        std::size_t const rest = parts.target + (url.substr(parts.target, 1) == "/" ? 1 : 0);
        if (rest != url.size()) return invalid("nothing may follow the host and port", rest);
        std::string_view const host = detail::slice(url, parts.host, parts.host_end);
        if (!parts.https && !is_loopback(host))
            return invalid("http is allowed only for a loopback host: the credential would be sent unencrypted", 0);
        endpoint created;
        created.set_origin(parts.https, host, parts.port);
        return created;
    }

    /// The same endpoint with your product appended to the `User-Agent` (RFC 9110, section 10.1.5). For
    /// `"acme-pbx/2.1"` it is `sidecall/x.y.z acme-pbx/2.1`. The product has at most 128 characters: visible ASCII,
    /// with single spaces between. Replaces a product that was added before. Fails with `invalid_argument` in
    /// `"User-Agent"`.
    constexpr result<endpoint> with_product(text_view product) const noexcept
    {
        auto const invalid = [](detail::literal rule, std::size_t offset) {
            return failure(errc::invalid_argument, "User-Agent", rule, offset);
        };
        if (product.empty()) return invalid("empty", 0);
        if (product.size() > 128) return invalid("longer than 128 characters", 128);
        for (std::size_t i = 0; i != product.size(); ++i) {
            bool const is_space = product[i] == ' ';
            if (is_space && (i == 0 || i + 1 == product.size() || product[i - 1] == ' '))
                return invalid("a leading, trailing or repeated space", i);
            if (!is_space && (product[i] < '!' || product[i] > '~')) return invalid("not visible ASCII", i);
        }
        endpoint created = *this;
        created.user_agent_.clear();
        created.user_agent_.append("sidecall/");
        created.user_agent_.append(version);
        created.user_agent_.append(" ");
        created.user_agent_.append(product);
        return created;
    }

    /// `scheme://host[:port]`, without the default port of the scheme and without a path. All views are valid as long
    /// as this object. They are not available on a temporary, since they would dangle.
    constexpr std::string_view origin() const& noexcept { return origin_.view(); }
    std::string_view origin() const&& = delete;

    /// The value of the `Host` header field: `host[:port]`, without the default port of the scheme (RFC 9110,
    /// section 7.2).
    constexpr std::string_view host() const& noexcept { return origin_.view().substr(https() ? 8 : 7); }
    std::string_view host() const&& = delete;

    /// Whether this is Twilio: `https://api.twilio.com`, or its host in an edge or region. If so, an operation with
    /// another `product` is sent to that product's host, for example `https://voice.twilio.com`. Any other endpoint
    /// gets the operations of all products.
    constexpr bool is_twilio() const noexcept
    {
        std::string_view const origin = origin_.view();
        std::size_t const label = detail::twilio_scheme.size() + detail::twilio_product.size();
        return origin.size() >= label + detail::twilio_domain.size() && origin.substr(0, label) == "https://api" &&
               origin[label] == '.' &&
               origin.substr(origin.size() - detail::twilio_domain.size()) == detail::twilio_domain;
    }

    /// Whether to use TLS. Plain HTTP is used only for a loopback host.
    constexpr bool https() const noexcept { return origin_.view()[4] == 's'; }

    /// The value of the `User-Agent` header field.
    constexpr std::string_view user_agent() const& noexcept { return user_agent_.view(); }
    std::string_view user_agent() const&& = delete;

    /// Compares origin and `User-Agent`.
    friend constexpr bool operator==(endpoint const& a, endpoint const& b) noexcept
    {
        return a.origin() == b.origin() && a.user_agent() == b.user_agent();
    }

private:
    static constexpr detail::violation check_label(std::string_view label) noexcept
    {
        std::size_t const dot = detail::find_or_end(label, ".", 0);
        auto const host = detail::read_hostname(label.substr(0, dot), 0);
        if (host.fault) return host.fault;
        if (host.end != dot) return detail::explain_host_byte(label, host.end);
        if (dot != label.size()) return detail::violation{"a '.' is not allowed", dot};
        return {};
    }

    static constexpr bool is_loopback(std::string_view host) noexcept
    {
        if (detail::is_ipv4(host)) return host.substr(0, 4) == "127.";
        if (host.front() != '[') return detail::equal_ignoring_case(host, "localhost");
        // Every spelling of ::1 consists of zeros and colons and ends in a single digit 1.
        return host.size() >= 5 && host.substr(host.size() - 2) == "1]" &&
               host.substr(1, host.size() - 3).find_first_not_of("0:") == host.npos;
    }

    constexpr void set_twilio_host(std::initializer_list<std::string_view> labels) noexcept
    {
        origin_.clear();
        origin_.append("https://api.");
        for (auto label : labels) {
            origin_.append(label);
            origin_.append(".");
        }
        origin_.append("twilio.com");
    }

    constexpr void set_origin(bool https, std::string_view host, unsigned port) noexcept
    {
        origin_.clear();
        origin_.append(https ? "https://" : "http://");
        origin_.append(host);
        if (port == 0 || port == (https ? 443u : 80u)) return;
        char digits[6]{':'};
        std::size_t size = port > 9999 ? 6 : port > 999 ? 5 : port > 99 ? 4 : port > 9 ? 3 : 2;
        for (std::size_t i = size; --i != 0; port /= 10) digits[i] = static_cast<char>('0' + port % 10);
        origin_.append({digits, size});
    }

    detail::inline_text<8 + 254 + 6> origin_; // "https://", a hostname with a trailing dot, ":65535"
    detail::inline_text<160> user_agent_;     // "sidecall/x.y.z " and 128 characters
};

namespace detail {

inline constexpr endpoint twilio_endpoint;

} // namespace detail

constexpr endpoint const& endpoint::twilio() noexcept
{
    return detail::twilio_endpoint;
}

} // namespace sidecall
