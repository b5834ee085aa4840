#include <cstdlib>

#include <nlohmann/json.hpp>

#include "peers.hpp"

bench::peers::strings bench::peers::parse_with_nlohmann(std::string_view body)
{
    auto object = nlohmann::json::parse(body, nullptr, false);
    auto const take = [&](char const* name) {
        auto const found = object.find(name);
        if (found == object.end() || !found->is_string()) std::abort();
        return std::move(found->get_ref<std::string&>());
    };
    return {take("account_sid"), take("call_sid"), take("sid"), take("date_created"), take("uri")};
}
