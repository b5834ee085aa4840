#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sidecall/detail/testing/form_reader.hpp>
#include <sidecall/detail/testing/text.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/errc.hpp>
#include <sidecall/header.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/named_value.hpp>
#include <sidecall/text_view.hpp>

// A request that a test double has received. Part of testing.hpp.
namespace sidecall {

/// A request that a `fake_twilio` has received, and what became of it. Contains no credential. Owns its texts.
struct recorded_request {
    http_method method = http_method::get; ///< The method.
    std::string url{};                     ///< The whole URL.
    header_list headers{};                 ///< The header fields in the order sent, without `Authorization`.
    std::string body{};                    ///< The body as sent.
    std::string credential_scheme{};       ///< `"Basic"` or `"Bearer"`; empty if there is no `Authorization`.
    bool is_authenticated = false;         ///< Whether the credentials were right.
    bool took_effect = false;              ///< Whether Twilio created or deleted something.
    std::optional<int> status{};           ///< The status of the response; empty if the transport failed.
    std::optional<errc> failure_code{};    ///< The code of the transport's failure; empty if there was a response.

    /// The path and query of the URL.
    std::string_view target() const& noexcept
    {
        std::string_view const text = url;
        std::size_t const scheme_end = text.find("://");
        if (scheme_end == text.npos) return {};
        return text.substr(detail::find_or_end(text, "/", scheme_end + 3));
    }
    std::string_view target() const&& = delete;

    /// The value of the first header field with this name, ignoring case, or nothing.
    std::optional<std::string_view> find_header(text_view name) const& noexcept
    {
        return headers_view(headers).find(name);
    }
    std::optional<std::string_view> find_header(text_view) const&& = delete;

    /// The decoded parameters of a form, in the order sent, up to the first that is not `name=value` in UTF-8. None if
    /// the body is of another type.
    std::vector<named_value> parameters() const
    {
        if (find_header("Content-Type") != "application/x-www-form-urlencoded") return {};
        return detail::read_form_of(body).parameters;
    }

    /// The first parameter with exactly this name, or nothing.
    std::optional<std::string> parameter(text_view name) const
    {
        for (auto& one : parameters())
            if (one.name == name) return std::move(one.value);
        return {};
    }
};

/// The request in lines for a person: the request line, the header fields, the decoded parameters of a form (or the
/// body) and what became of it. Control characters and the like are escaped with a backslash, an x and two hexadecimal
/// digits, a backslash with another one.
///
/// @code
/// for (auto const& request : twilio.requests()) std::puts(to_string(request).c_str());
/// // POST https://api.twilio.com/2010-04-01/Accounts/AC…/Calls/CA…/UserDefinedMessages.json
/// // Accept: application/json
/// // …
/// // Authorization: Basic (right)
/// //
/// // Content={"say":"hello"}
/// //
/// // 201 (took effect)
/// @endcode
inline std::string to_string(recorded_request const& request)
{
    std::string text(to_string_view(request.method));
    detail::append_escaped(text += ' ', request.url);
    text += '\n';
    for (header const field : request.headers) {
        detail::append_escaped(text, field.name);
        detail::append_escaped(text += ": ", field.value);
        text += '\n';
    }
    if (!request.credential_scheme.empty()) {
        detail::append_escaped(text += "Authorization: ", request.credential_scheme);
        text += request.is_authenticated ? " (right)\n" : " (wrong)\n";
    }
    text += '\n';
    auto const parameters = request.parameters();
    for (auto const& [name, value] : parameters) {
        detail::append_escaped(text, name);
        detail::append_escaped(text += '=', value);
        text += '\n';
    }
    if (parameters.empty() && !request.body.empty()) {
        detail::append_escaped(text, request.body);
        text += '\n';
    }
    if (!request.body.empty()) text += '\n';
    if (request.status) text += std::to_string(*request.status);
    if (request.failure_code) text += to_string_view(*request.failure_code);
    return text += request.took_effect ? " (took effect)\n" : "\n";
}

} // namespace sidecall
