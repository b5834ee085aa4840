#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sidecall/detail/testing/text.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/errc.hpp>
#include <sidecall/header.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/result.hpp>
#include <sidecall/text_view.hpp>

// The text of a recording, which recording_transport.hpp documents: how it is written and parsed.
namespace sidecall::detail {

/// A request and what the transport returned.
struct recorded_exchange {
    http_method method = http_method::get;
    std::string url{};
    header_list headers{};
    std::string body{};
    result<http_response> answer = http_response{};
};

/// Stands for the value of a secret header field, or for the part that is left out.
inline constexpr std::string_view not_recorded = "(not recorded)";

/// Header fields that contain a credential or a session.
inline constexpr std::string_view secret_header_names[] = {
    "authorization",       "proxy-authorization",       "cookie",    "set-cookie",
    "authentication-info", "proxy-authentication-info", "x-api-key", "x-auth-token",
};

template <class Names>
bool has_name(Names const& names, std::string_view name) noexcept
{
    for (auto const& one : names)
        if (detail::equal_ignoring_case(one, name)) return true;
    return false;
}

/// What the recording contains of the value of a secret header field: the scheme, if it is one of the library's.
inline std::string redacted(std::string_view value)
{
    for (std::string_view scheme : {"Basic ", "Bearer "})
        if (equal_ignoring_case(value.substr(0, scheme.size()), scheme))
            return std::string(scheme).append(not_recorded);
    return std::string(not_recorded);
}

/// Appends `text`, escaped so that no editor or version control system changes it: also a space at the end.
inline void append_recorded(std::string& recording, std::string_view text)
{
    append_escaped(recording, text);
    if (recording.back() == ' ') recording.replace(recording.size() - 1, 1, "\\x20");
}

/// Appends one line. An empty text does not leave a space at the end.
inline void append_line(std::string& recording, std::string_view keyword, std::string_view text)
{
    recording += keyword;
    if (!text.empty()) append_recorded(recording += ' ', text);
    recording += '\n';
}

/// The header fields and the body, which a request and a response write in the same way.
template <class Fields>
void append_message(std::string& recording, Fields const& fields, std::string_view body,
                    std::vector<std::string> const& secret_names)
{
    for (header const field : fields) {
        append_escaped(recording += "header ", field.name);
        bool const is_secret = has_name(secret_header_names, field.name) || has_name(secret_names, field.name);
        append_line(recording, ":", is_secret ? redacted(field.value) : std::string(field.value));
    }
    if (body.empty()) return;
    std::size_t line = 0;
    for (std::size_t end = 0; end != body.size(); line = end + 1) {
        end = find_or_end(body, "\n", line);
        append_line(recording, "body", slice(body, line, end));
    }
}

inline void append_answer(std::string& recording, result<http_response> const& answer,
                          std::vector<std::string> const& secret_names)
{
    if (answer) {
        append_line(recording, "response", std::to_string(answer->status));
        append_message(recording, answer->headers, answer->body, secret_names);
        return;
    }
    failure const& reason = answer.error();
    bool const is_valid = !to_string_view(reason.code()).empty();
    errc const code = is_valid ? reason.code() : errc::transport_failure;
    recording.append("failure ").append(to_string_view(code));
    append_line(recording, reason.message() == explain(code) ? "" : ":",
                reason.message() == explain(code) ? std::string_view() : reason.message());
}

inline void append_request(std::string& recording, http_method method, std::string_view url)
{
    append_line(recording.append("request "), to_string_view(method), url);
}

inline constexpr std::string_view recording_begin = "sidecall recording 1";
inline constexpr std::string_view recording_end = "end";

/// Parses a recording.
class recording_parser {
public:
    explicit recording_parser(std::string_view text) noexcept : text_(text) {}

    /// The exchanges, in order. Fails with `invalid_argument` in `"recording"`.
    result<std::vector<recorded_exchange>> parse()
    {
        std::vector<recorded_exchange> exchanges;
        bool const is_whole = parse_line(recording_begin) && parse_exchanges(exchanges);
        if (is_whole) return exchanges;
        std::size_t line = 1;
        for (char c : text_.substr(0, fault_.offset)) line += c == '\n' ? 1 : 0;
        std::string message = "line " + std::to_string(line) + ": ";
        message += fault_.rule.view();
        return failure(errc::invalid_argument, "recording", fault_.rule, fault_.offset)
            .with({.message = std::move(message)});
    }

private:
    bool parse_exchanges(std::vector<recorded_exchange>& exchanges)
    {
        while (parse_line("") && next_line()) {
            if (line_ == recording_end) return next_ == text_.size() || fails("text after the end", next_);
            if (!parse_exchange(exchanges.emplace_back())) return false;
        }
        return false;
    }

    bool parse_exchange(recorded_exchange& exchange)
    {
        if (!begins_with("request")) return fails("expected 'request' or 'end'");
        std::string_view const name = rest_.substr(0, rest_.find(' '));
        auto const method = parse_http_method(name);
        if (!method) return fails("not a method", offset_of(rest_));
        exchange.method = *method;
        if (name.size() != rest_.size())
            rest_.remove_prefix(name.size() + 1);
        else
            rest_ = {};
        if (!unescape(rest_, exchange.url) || !parse_message(exchange.headers, exchange.body)) return false;
        if (begins_with("response")) {
            http_response response;
            if (!parse_status(response.status) || !parse_message(response.headers, response.body)) return false;
            exchange.answer = std::move(response);
        } else if (begins_with("failure")) {
            if (!parse_failure(exchange.answer) || !next_line()) return false;
        } else {
            return fails("expected 'header', 'body', 'response' or 'failure'");
        }
        next_ = offset_of(line_); // the line after the exchange
        return true;
    }

    /// The lines up to the first that is neither a header field nor part of the body.
    bool parse_message(header_list& headers, std::string& body)
    {
        while (next_line() && begins_with("header")) {
            header_list field;
            std::string name, value;
            std::string_view const line = rest_;
            std::size_t const colon = line.find(':');
            if (colon == line.npos) return fails("expected a colon after the name", offset_of(line) + line.size());
            std::string_view const behind = line.substr(colon + 1);
            if (!unescape(line.substr(0, colon), name) || !unescape(without_space(behind), value)) return false;
            field.add(name, value);
            if (*field.begin() != header{name, value}) return fails("not a header field", offset_of(line));
            headers.add(name, value);
        }
        for (bool is_first = true; !has_fault() && begins_with("body"); is_first = false, next_line()) {
            if (!is_first) body += '\n';
            if (!unescape(rest_, body)) return false;
        }
        return !has_fault();
    }

    bool parse_status(int& status)
    {
        bool const is_negative = rest_.substr(0, 1) == "-";
        std::uint64_t const most = std::uint64_t{INT_MAX} + (is_negative ? 1 : 0);
        std::uint64_t number = 0;
        if (!parse_decimal(rest_.substr(is_negative ? 1 : 0), most, number))
            return fails("not a status code", offset_of(rest_));
        auto const magnitude = static_cast<std::int64_t>(number);
        status = static_cast<int>(is_negative ? -magnitude : magnitude);
        return true;
    }

    bool parse_failure(result<http_response>& answer)
    {
        std::string_view const name = rest_.substr(0, rest_.find(':'));
        int code = 1;
        while (to_string_view(static_cast<errc>(code)) != name)
            if (to_string_view(static_cast<errc>(code++)).empty())
                return fails("not the name of a failure", offset_of(rest_));
        answer = failure(static_cast<errc>(code));
        if (name.size() == rest_.size()) return true;
        std::string message;
        if (!unescape(without_space(rest_.substr(name.size() + 1)), message)) return false;
        answer = failure(static_cast<errc>(code), message);
        return true;
    }

    static constexpr std::string_view without_space(std::string_view text) noexcept
    {
        return text.substr(text.substr(0, 1) == " " ? 1 : 0);
    }

    /// Appends the bytes that `append_recorded` has escaped.
    bool unescape(std::string_view escaped, std::string& bytes)
    {
        for (std::size_t i = 0; i != escaped.size(); ++i) {
            char const c = escaped[i];
            std::string_view const digits = slice(escaped, i + 2, i + 4);
            if (c != '\\') {
                bytes += c;
            } else if (slice(escaped, i + 1, i + 2) == "\\") {
                bytes += c;
                i += 1;
            } else if (slice(escaped, i + 1, i + 2) == "x" && digits.size() == 2 && is_hex(digits[0]) &&
                       is_hex(digits[1])) {
                bytes += static_cast<char>(hex_value(digits[0]) << 4 | hex_value(digits[1]));
                i += 3;
            } else {
                return fails("expected '\\\\' or '\\xNN'", offset_of(escaped) + i);
            }
        }
        return true;
    }

    /// Moves to the next line. Ignores a carriage return at its end, which version control systems may add.
    bool next_line()
    {
        std::size_t const end = text_.find('\n', next_);
        if (end == text_.npos) return fails("the recording is truncated", text_.size());
        line_ = slice(text_, next_, end);
        if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
        next_ = end + 1;
        return true;
    }

    bool parse_line(std::string_view expected)
    {
        if (!next_line()) return false;
        if (line_ == expected) return true;
        return expected.empty() ? fails("expected an empty line") : fails("expected 'sidecall recording 1'");
    }

    /// Whether the current line begins with this word. If so, `rest_` is what comes after it.
    bool begins_with(std::string_view keyword) noexcept
    {
        if (line_.substr(0, keyword.size()) != keyword) return false;
        rest_ = line_.substr(keyword.size());
        if (!rest_.empty() && rest_[0] != ' ') return false;
        rest_ = without_space(rest_);
        return true;
    }

    std::size_t offset_of(std::string_view part) const noexcept
    {
        return static_cast<std::size_t>(part.data() - text_.data());
    }

    bool fails(literal rule) noexcept { return fails(rule, offset_of(line_)); }
    bool fails(literal rule, std::size_t offset) noexcept
    {
        fault_ = {rule, offset};
        return false;
    }
    bool has_fault() const noexcept { return static_cast<bool>(fault_); }

    std::string_view text_;
    std::size_t next_ = 0;    // where the next line begins
    std::string_view line_{}; // the current line, without its end
    std::string_view rest_{};
    violation fault_{};
};

} // namespace sidecall::detail
