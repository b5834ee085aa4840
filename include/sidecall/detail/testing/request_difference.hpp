#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sidecall/authorized_request.hpp>
#include <sidecall/detail/testing/recording.hpp>
#include <sidecall/detail/testing/text.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/errc.hpp>
#include <sidecall/failure.hpp>
#include <sidecall/header.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_response.hpp>

// How a request differs from a recorded one, in words that contain no part of a value.
namespace sidecall::detail {

/// The offset in `text` of the first byte that differs from `recorded`, or `npos` if they are equal.
constexpr std::size_t find_difference(std::string_view text, std::string_view recorded) noexcept
{
    std::size_t i = 0;
    while (i != text.size() && i != recorded.size() && text[i] == recorded[i]) ++i;
    return i == text.size() && i == recorded.size() ? std::string_view::npos : i;
}

/// The same for a form. The values of these parameters may differ.
inline std::size_t find_difference_of_forms(std::string_view form, std::string_view recorded,
                                            std::vector<std::string> const& ignored)
{
    auto const name_at = [](std::string_view text, std::size_t at) {
        return slice(text, at, find_or_end(text, "=&", at));
    };
    bool begins_pair = true;
    std::size_t i = 0, j = 0;
    while (i != form.size() || j != recorded.size()) {
        std::string_view const name = name_at(form, i);
        if (std::exchange(begins_pair, false) && name == name_at(recorded, j)) {
            for (auto const& one : ignored) {
                if (decode_form(name) != one) continue;
                i = find_or_end(form, "&", i);
                j = find_or_end(recorded, "&", j);
                break;
            }
            if (i == form.size() && j == recorded.size()) break;
        }
        if (i == form.size() || j == recorded.size() || form[i] != recorded[j]) return i;
        begins_pair = form[i] == '&';
        ++i;
        ++j;
    }
    return form.npos;
}

/// The value of the field with this name that has `index` others with the name before it.
template <class Fields>
std::optional<std::string_view> find_field(Fields const& fields, std::string_view name, std::size_t index)
{
    for (header const field : fields)
        if (equal_ignoring_case(field.name, name) && index-- == 0) return field.value;
    return {};
}

/// Calls `visit(field, index)` for each field that is not ignored, until it returns a failure. `index` is the number of
/// fields before it with the same name.
template <class Fields, class Visit>
std::optional<failure> visit_fields(Fields const& fields, std::vector<std::string> const& ignored, Visit visit)
{
    std::vector<std::string_view> names;
    for (header const field : fields) {
        if (has_name(ignored, field.name)) continue;
        std::size_t index = 0;
        for (auto name : names)
            if (equal_ignoring_case(name, field.name)) ++index;
        names.push_back(field.name);
        if (std::optional<failure> found = visit(field, index)) return found;
    }
    return {};
}

/// The first difference in the header fields. Their order counts only among those with the same name. What was not
/// recorded of a value may be anything.
template <class Fields>
std::optional<failure> find_difference_of_fields(Fields const& fields, header_list const& recorded,
                                                 std::vector<std::string> const& ignored, std::string const& exchange)
{
    auto const describe = [](std::string_view name, std::string_view rest) {
        return answer_details{.message = std::string("header field ").append(name).append(rest)};
    };
    auto found = detail::visit_fields(fields, ignored, [&](header field, std::size_t index) -> std::optional<failure> {
        auto expected = find_field(recorded, field.name, index);
        if (!expected)
            return failure(errc::invalid_argument, "headers", "not recorded")
                .with(describe(field.name, " is not in " + exchange));
        std::string_view value = field.value;
        if (expected->ends_with(not_recorded)) {
            expected->remove_suffix(not_recorded.size());
            value = value.substr(0, expected->size());
        }
        std::size_t const offset = find_difference(value, *expected);
        if (offset == value.npos) return {};
        return failure(errc::invalid_argument, "headers", "differs", offset)
            .with(describe(field.name, " differs from " + exchange));
    });
    if (found) return found;
    return detail::visit_fields(recorded, ignored, [&](header field, std::size_t index) -> std::optional<failure> {
        if (detail::find_field(fields, field.name, index)) return {};
        return failure(errc::invalid_argument, "headers", "missing")
            .with(describe(field.name, " of " + exchange + " is missing"));
    });
}

/// The first difference between a request and the recorded exchange with this number.
inline std::optional<failure> find_difference(authorized_request const& request, recorded_exchange const& recorded,
                                              std::size_t number, std::vector<std::string> const& ignored_parameters,
                                              std::vector<std::string> const& ignored_headers)
{
    std::string const exchange = "exchange " + std::to_string(number);
    auto const differs = [&](literal field, std::string_view name, std::size_t offset) {
        return failure(errc::invalid_argument, field, "differs", offset)
            .with({.message = std::string(name).append(" differs from ").append(exchange)});
    };
    std::size_t offset = find_difference(to_string_view(request.method()), to_string_view(recorded.method));
    if (offset != std::string_view::npos) return differs("method", "the method", offset);
    offset = find_difference(request.url(), recorded.url);
    if (offset != std::string_view::npos) return differs("url", "the URL", offset);

    if (auto found = find_difference_of_fields(request.headers(), recorded.headers, ignored_headers, exchange))
        return found;

    bool const is_form = find_field(request.headers(), "Content-Type", 0) == "application/x-www-form-urlencoded";
    offset = is_form ? find_difference_of_forms(request.body(), recorded.body, ignored_parameters)
                     : find_difference(request.body(), recorded.body);
    if (offset != std::string_view::npos) return differs("body", "the body", offset);
    return {};
}

} // namespace sidecall::detail
