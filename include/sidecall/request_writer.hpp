#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

#include <sidecall/detail/platform/compiler.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/detail/wire/names.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall {

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_sid = false;
template <char A, char B>
inline constexpr bool is_sid<basic_sid<A, B>> = true;

template <class T, class... Others>
inline constexpr bool is_any_of = (std::is_same_v<T, Others> || ...);
template <class T>
inline constexpr bool is_character = is_any_of<std::remove_cv_t<T>, char, wchar_t, char8_t, char16_t, char32_t>;

/// A value of this library that owns or refers to a text, such as a SID or a `callback_url`. It is empty only if it was
/// moved from.
template <class T>
concept has_view = std::is_copy_constructible_v<T> && requires(T const& value) {
    { value.view() } noexcept -> std::same_as<std::string_view>;
};

template <class T>
concept is_number = std::integral<T> && !is_character<T>;

/// What a request can contain as the value of a parameter or a header field, apart from `std::optional`.
template <class T>
concept request_value =
    std::is_convertible_v<T const&, text_view> || has_view<T> || is_number<T> || std::is_same_v<T, http_method>;

/// An integer in decimal.
class decimal {
public:
    template <std::integral T>
    constexpr explicit decimal(T number) noexcept
    {
        bool const is_negative = number < T{};
        do {
            int const digit = static_cast<int>(number % 10);
            digits_[--begin_] = static_cast<char>('0' + (digit < 0 ? -digit : digit));
            number = static_cast<T>(number / 10);
        } while (number != 0);
        if (is_negative) digits_[--begin_] = '-';
    }
    constexpr operator std::string_view() const noexcept { return {digits_ + begin_, sizeof digits_ - begin_}; }

private:
    char digits_[40]{}; // 128 bits and a sign
    std::size_t begin_ = sizeof digits_;
};

/// The text of a value, as something that converts to `std::string_view`.
template <request_value T>
constexpr auto to_text(T const& value) noexcept
{
    if constexpr (std::is_same_v<std::remove_cv_t<T>, bool>)
        return std::string_view(value ? "true" : "false");
    else if constexpr (std::integral<T>)
        return decimal(static_cast<std::remove_cv_t<T>>(value));
    else if constexpr (std::is_same_v<T, http_method>)
        return sidecall::to_string_view(value);
    else if constexpr (has_view<T>)
        return value.view();
    else
        return std::string_view(text_view(value));
}

} // namespace detail

/// The object to which an operation's `write` passes the parts of its request. Each function returns the writer, so
/// that calls can be chained. The kinds of parts may come in any order.
///
/// The library calls `write` at least twice, with different writers. `write` must pass the same parts each time. The
/// program is aborted if different parts could overrun the buffer, change the host or add a header line.
///
/// A value is text, an integer, a `bool` (`true` or `false`), a SID or another value of this library that has a
/// `view()`, or an `http_method`. Except for a segment, it may also be a `std::optional` of one of these, which adds
/// nothing if it is empty. `query` and `field` accept text of any bytes. A name is a literal, or text made at run time.
/// Values and names are used only during the call, so temporaries are allowed.
///
/// If a part breaks a rule, `make_request`, `authorize` and `send` fail with `invalid_argument`, and nothing is sent.
/// The field of the failure is the name of the parameter, header field or segment, or `"path"`, `"uri"` or
/// `"json_body"`. If the name was made at run time, the field is `"a parameter"` or `"a header field"`. The offset is
/// that of the wrong byte. No function allocates.
///
/// @code
/// template <class Request>
/// void write(Request& request) const
/// {
///     request.path("/2010-04-01/Accounts/").segment(account).path("/Calls.json");
///     request.query("Status", status).query("PageSize", 50);
/// }
/// @endcode
template <http_method Method, class Sink>
class request_writer {
public:
    /// Passes the parts on to `sink`.
    constexpr explicit request_writer(Sink& sink) noexcept : sink_(&sink) {}

    /// Appends a fixed part of the path, as written. The first part must begin with "/". A literal that is not valid in
    /// a path (RFC 3986, section 3.3) does not compile.
    SIDECALL_DETAIL_INLINE constexpr request_writer& path(detail::path_literal text) noexcept
    {
        sink_->path(text.view());
        return *this;
    }

    /// Appends a variable part of the path: text, an integer, a `bool` or a SID, percent-encoded (RFC 3986,
    /// section 2.1). It cannot add a "/", "?" or "#". Fails if it is empty, "." or ".."; the failure has `name` as its
    /// field.
    template <class T>
    SIDECALL_DETAIL_INLINE constexpr request_writer& segment(T const& value, detail::literal name = "segment") noexcept
    {
        static_assert(detail::request_value<T>, "segment() takes text, an integer, a bool or a SID");
        if constexpr (detail::is_sid<T>)
            sink_->plain_segment(value.view());
        else if constexpr (detail::request_value<T>)
            sink_->segment(detail::to_text(value), name);
        return *this;
    }

    /// Appends a parameter to the query, encoded like a form field.
    template <class T>
    SIDECALL_DETAIL_INLINE constexpr request_writer& query(detail::parameter_name const& name, T const& value) noexcept
    {
        if constexpr (detail::is_optional<T>) {
            if (value) query(name, *value);
        } else {
            check_value(value, name);
            if constexpr (detail::request_value<T>) sink_->query(name, detail::to_text(value));
        }
        return *this;
    }

    /// Appends a field to the form in the body (`application/x-www-form-urlencoded`, HTML 4.01, section 17.13.4.1).
    /// Call it once for each element of a list, such as `StatusCallbackEvent`. Fails if the request has a JSON body.
    /// Does not compile for a GET, HEAD or DELETE request, which has no body.
    template <class T>
    SIDECALL_DETAIL_INLINE constexpr request_writer& field(detail::parameter_name const& name, T const& value) noexcept
    {
        static_assert(has_body, "field(): a GET, HEAD or DELETE request has no body; use query()");
        if constexpr (detail::is_optional<T>) {
            if (value) field(name, *value);
        } else {
            check_value(value, name);
            if constexpr (detail::request_value<T>) sink_->field(name, detail::to_text(value));
        }
        return *this;
    }

    /// Sets the body, of type `application/json`. Fails if `text` is not JSON (RFC 8259, in UTF-8, nested at most 5,120
    /// levels deep), or if the request already has a body. Does not compile for a GET, HEAD or DELETE request.
    constexpr request_writer& json_body(text_view text) noexcept
    {
        static_assert(has_body, "json_body(): a GET, HEAD or DELETE request has no body");
        sink_->json_body(text);
        return *this;
    }

    /// Appends a header field (RFC 9110, section 5). Fails if the value is empty, contains a control character other
    /// than a tab, such as a line break, or begins or ends with a space or tab. The name cannot be `Authorization`,
    /// `Host`, `Content-Length` or another one that the library or the HTTP client sets: such a literal does not
    /// compile, and a name made at run time fails. `Accept` replaces the default `Accept` and `Accept-Charset`.
    template <class T>
    constexpr request_writer& header(detail::header_name const& name, T const& value) noexcept
    {
        if constexpr (detail::is_optional<T>) {
            if (value) header(name, *value);
        } else {
            check_value(value, name);
            if constexpr (detail::request_value<T>) sink_->header(name, detail::to_text(value));
        }
        return *this;
    }

    /// Sets the path and query to a URI that Twilio has returned, such as `next_page_uri`, unchanged; `query` can add
    /// parameters. Fails if it names a host, if it is not a path and query (RFC 3986, section 4.2) without dot
    /// segments, or if the request also has a path or a segment.
    constexpr request_writer& uri(text_view text) noexcept
    {
        sink_->uri(text);
        return *this;
    }

private:
    static constexpr bool has_body =
        Method == http_method::post || Method == http_method::put || Method == http_method::patch;

    template <class T, class Name>
    constexpr void check_value(T const& value, Name const& name) noexcept
    {
        static_assert(detail::request_value<T>,
                      "a value is text, an integer, a bool, a SID or the like, or an optional of one of these");
        if constexpr (std::is_same_v<T, http_method>) {
            if (sidecall::to_string_view(value).empty()) sink_->fail(name.field(), "not an HTTP method", 0);
        } else if constexpr (detail::has_view<T> && !detail::is_sid<T>) {
            if (value.view().empty()) sink_->fail(name.field(), "empty: it was moved from", 0);
        }
    }

    Sink* sink_;
};

} // namespace sidecall
