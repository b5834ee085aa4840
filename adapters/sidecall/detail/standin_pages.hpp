#pragma once

// Lists in pages, as Twilio splits them. A page token names a resource, so the list may grow between two pages.

#include <sidecall/detail/standin_form.hpp>
#include <sidecall/detail/standin_parameters.hpp>
#include <sidecall/detail/standin_reply.hpp>
#include <sidecall/detail/standin_text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sidecall::standin_detail {

/// A page of a list: the resources from `begin` to `end`, and the targets of the pages around it.
struct page {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t number = 0;
    std::size_t size = 50;
    std::string first = {};
    std::string current = {};
    std::optional<std::string> previous = {};
    std::optional<std::string> next = {};
};

/// Finds the page that the query asks for. `sids` are those of all resources that match its filters, in order. Returns
/// the error response if there is no such page.
inline std::variant<page, reply> cut_page(std::vector<std::string> const& sids, std::string const& path,
                                          named_values const& query)
{
    page cut;
    std::string token;
    named_values filters;
    for (auto const& [name, value] : query) {
        if (name == "PageSize") {
            auto const size = parse_number(value, 1000);
            if (!size || *size == 0)
                return error_reply(400, "Parameter 'PageSize' is not a number in the range 1 to 1000", 20007);
            cut.size = *size;
        } else if (name == "Page") {
            auto const number = parse_number(value, 1'000'000);
            if (!number) return error_reply(400, "Parameter 'Page' is not a number of a page", 20006);
            cut.number = *number;
        } else if (name == "PageToken") {
            token = value;
        } else {
            filters.emplace_back(name, value);
        }
    }

    if (token.empty()) {
        if (cut.number != 0) return error_reply(400, "Parameter 'Page' needs the 'PageToken' of its page", 20006);
        cut.end = (std::min)(cut.size, sids.size());
    } else {
        auto const named = std::find(sids.begin(), sids.end(), token.substr((std::min)(token.size(), std::size_t{2})));
        bool const is_after = token.rfind("PA", 0) == 0;
        if (named == sids.end() || (!is_after && token.rfind("PB", 0) != 0))
            return bad_request("Parameter 'PageToken' is not one of this list");
        auto const at = static_cast<std::size_t>(named - sids.begin());
        cut.begin = is_after ? at + 1 : at - (std::min)(at, cut.size);
        cut.end = is_after ? (std::min)(cut.begin + cut.size, sids.size()) : at;
    }

    auto const target = [&](std::size_t number, std::string const& page_token) {
        named_values parameters = filters;
        parameters.emplace_back("PageSize", std::to_string(cut.size));
        parameters.emplace_back("Page", std::to_string(number));
        if (!page_token.empty()) parameters.emplace_back("PageToken", page_token);
        return path + '?' + encode_form(parameters);
    };
    cut.first = target(0, "");
    cut.current = target(cut.number, token);
    if (cut.begin != 0 && cut.begin != cut.end)
        cut.previous = target(cut.number - (std::min)(cut.number, std::size_t{1}), "PB" + sids[cut.begin]);
    if (cut.end != sids.size()) cut.next = cut.end == 0 ? cut.first : target(cut.number + 1, "PA" + sids[cut.end - 1]);
    return cut;
}

inline nlohmann::ordered_json string_or_null(std::optional<std::string> const& text)
{
    return text ? nlohmann::ordered_json(*text) : nlohmann::ordered_json(nullptr);
}

} // namespace sidecall::standin_detail
