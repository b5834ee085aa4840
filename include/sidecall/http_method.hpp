#pragma once

#include <cstddef>
#include <string_view>

#include <sidecall/result.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall {

/// The methods of a request, and of a callback: the six values of `Method` on Twilio's API page. They are `head`,
/// `get`, `post`, `patch`, `put`, and `delete_`, since `delete` is a keyword.
enum class http_method : unsigned char { head, get, post, patch, put, delete_ };

namespace detail {

/// In the order of the enumerators.
inline constexpr std::string_view method_names[] = {"HEAD", "GET", "POST", "PATCH", "PUT", "DELETE"};

} // namespace detail

/// The name of the method in HTTP: `"POST"`. Empty for an invalid value.
constexpr std::string_view to_string_view(http_method method) noexcept
{
    auto const index = static_cast<std::size_t>(method);
    return index < sizeof detail::method_names / sizeof *detail::method_names ? detail::method_names[index]
                                                                              : std::string_view();
}

/// Parses the name of a method. It is case-sensitive (RFC 9110, section 9.1). Fails with `invalid_argument` in
/// `"Method"`.
constexpr result<http_method> parse_http_method(text_view text) noexcept
{
    for (auto method : {http_method::head, http_method::get, http_method::post, http_method::patch, http_method::put,
                        http_method::delete_})
        if (text == to_string_view(method)) return method;
    return failure(errc::invalid_argument, "Method", "none of HEAD, GET, POST, PATCH, PUT and DELETE", 0);
}

/// Whether the text of Twilio's API page names the method for a callback ("Either GET or POST"). The page's list of
/// values also has the others.
constexpr bool is_documented(http_method method) noexcept
{
    return method == http_method::get || method == http_method::post;
}

} // namespace sidecall
