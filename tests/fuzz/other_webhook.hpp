#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// An independent implementation of Twilio's "Security" page on webhooks.
namespace fuzz {

using parameters = std::vector<std::pair<std::string, std::string>>;

/// The parameters of a form or a query in their order, decoded by the WHATWG URL standard.
inline parameters decode_form(std::string_view form)
{
    auto const decode = [](std::string_view text) {
        std::string decoded;
        auto const digit = [&](std::size_t at) -> int {
            std::string_view const digits = "0123456789abcdef0123456789ABCDEF";
            std::size_t const value = at < text.size() ? digits.find(text[at]) : digits.npos;
            return value == digits.npos ? -1 : static_cast<int>(value % 16);
        };
        for (std::size_t at = 0; at != text.size(); ++at) {
            bool const escape = text[at] == '%' && digit(at + 1) >= 0 && digit(at + 2) >= 0;
            decoded += escape            ? static_cast<char>(16 * digit(at + 1) + digit(at + 2))
                       : text[at] == '+' ? ' '
                                         : text[at];
            if (escape) at += 2;
        }
        return decoded;
    };
    parameters read;
    for (std::size_t begin = 0; begin <= form.size();) {
        std::size_t const end = std::min(form.find('&', begin), form.size());
        std::string_view const pair = form.substr(begin, end - begin);
        std::size_t const equals = pair.find('=');
        if (!pair.empty())
            read.emplace_back(decode(pair.substr(0, equals)),
                              equals == pair.npos ? std::string() : decode(pair.substr(equals + 1)));
        begin = end + 1;
    }
    return read;
}

/// The text that is signed after the URL: sorted, without duplicate pairs or separators.
inline std::string signed_text(parameters form)
{
    std::sort(form.begin(), form.end());
    form.erase(std::unique(form.begin(), form.end()), form.end());
    std::string text;
    for (auto const& [name, value] : form) text += name + value;
    return text;
}

inline std::string_view query_of(std::string_view url)
{
    url = url.substr(0, url.find('#'));
    std::size_t const mark = url.find('?');
    return mark == url.npos ? std::string_view() : url.substr(mark + 1);
}

/// The SHA-256 of the body according to the query; empty if the query has none.
inline std::optional<std::string> given_hash(std::string_view url)
{
    std::string_view const name = "bodySHA256=";
    for (std::string_view query = query_of(url); !query.empty();) {
        std::string_view const pair = query.substr(0, query.find('&'));
        if (pair.substr(0, name.size()) == name) return decode_form(pair).front().second;
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
    }
    return {};
}

} // namespace fuzz
