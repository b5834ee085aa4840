#pragma once

// The knowledge sources of the stand-in: a newer service of Twilio, with JSON bodies.

#include <sidecall/detail/standin_date.hpp>
#include <sidecall/detail/standin_reply.hpp>
#include <sidecall/detail/standin_text.hpp>
#include <sidecall/standin_types.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace sidecall::standin_detail {

/// Whether this is the media type of JSON. Only the parameter `charset=utf-8` is accepted.
inline bool is_json_type(std::string_view content_type)
{
    auto const semicolon = content_type.find(';');
    if (to_lower(trim(content_type.substr(0, semicolon))) != "application/json") return false;
    if (semicolon == std::string_view::npos) return true;
    std::string const parameter = to_lower(trim(content_type.substr(semicolon + 1)));
    return parameter == "charset=utf-8" || parameter == "charset=\"utf-8\"";
}

/// The knowledge sources. Makes the responses to requests for them; errors are in Twilio's older format. Not
/// thread-safe: the caller must lock.
class knowledge_store {
public:
    explicit knowledge_store(standin_options const& options) : options_{options} {}

    reply create(std::string const& body, std::mt19937_64& ids)
    {
        auto const document = nlohmann::ordered_json::parse(body, nullptr, false);
        if (document.is_discarded()) return bad_request("The body is not JSON");
        if (auto fault = creation_fault(document)) return *fault;
        auto const member = [&](char const* name) {
            return document.contains(name) ? document[name] : nlohmann::ordered_json(nullptr);
        };
        std::string const id = random_sid("aia_know_", ids);
        std::string const now = format_iso_date(std::chrono::system_clock::now());
        nlohmann::ordered_json resource{{"description", member("description")},
                                        {"id", id},
                                        {"account_sid", options_.account_sid},
                                        {"knowledge_source_details", member("knowledge_source_details")},
                                        {"name", member("name")},
                                        {"status", "QUEUED"},
                                        {"type", member("type")},
                                        {"url", "https://knowledge.twilio.com/v1/Knowledge/" + id},
                                        {"embedding_model", member("embedding_model")},
                                        {"date_created", now},
                                        {"date_updated", now}};
        sources_.emplace(id, resource);
        return created(std::move(resource), options_);
    }

    reply fetch(std::string const& id, std::string const& path) const
    {
        auto const one = sources_.find(id);
        return one == sources_.end() ? not_found(path) : found(one->second);
    }

private:
    static std::optional<reply> creation_fault(nlohmann::ordered_json const& document)
    {
        static std::set<std::string> const texts{"name", "type", "description", "embedding_model"};
        if (!document.is_object()) return bad_request("The body is not a JSON object");
        for (auto const& [name, value] : document.items()) {
            bool const is_text = texts.contains(name);
            if (!is_text && name != "knowledge_source_details" && name != "policy")
                return bad_request("Member '" + name + "' is not known");
            if (is_text && !value.is_string()) return bad_request("Member '" + name + "' is not a string");
            if (!is_text && !value.is_object()) return bad_request("Member '" + name + "' is not an object");
        }
        for (std::string const name : {"name", "type"})
            if (!document.contains(name)) return bad_request("Member '" + name + "' is missing");
        if (document["name"].get<std::string>().empty()) return bad_request("Member 'name' is empty");
        static std::set<std::string> const types{"Web", "Database", "Text", "File"};
        if (!types.contains(document["type"].get<std::string>()))
            return bad_request("Member 'type' is not Web, Database, Text or File");
        if (document.contains("policy") && !document["policy"].contains("policy_details"))
            return bad_request("Member 'policy' has no 'policy_details'");
        return std::nullopt;
    }

    standin_options const& options_;
    std::map<std::string, nlohmann::ordered_json> sources_;
};

} // namespace sidecall::standin_detail
