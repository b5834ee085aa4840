#pragma once

// The BYOC trunks of the stand-in: a service of Twilio whose lists have whole URLs.

#include <sidecall/detail/standin_date.hpp>
#include <sidecall/detail/standin_pages.hpp>
#include <sidecall/detail/standin_parameters.hpp>
#include <sidecall/detail/standin_reply.hpp>
#include <sidecall/detail/standin_text.hpp>
#include <sidecall/standin_types.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sidecall::standin_detail {

/// The trunks. Makes the responses to requests for them. Not thread-safe: the caller must lock.
class trunk_store {
public:
    explicit trunk_store(standin_options const& options) : options_{options} {}

    /// `base_url` is the beginning of their URLs.
    reply create(named_values const& parameters, std::string const& base_url, std::mt19937_64& sids)
    {
        if (auto fault = creation_fault(parameters)) return *fault;
        auto const value = [&](char const* name) { return string_or_null(find_field(parameters, name)); };
        auto const method = [&](char const* name) { return find_field(parameters, name).value_or("POST"); };
        std::string const sid = random_sid("BY", sids);
        std::string const now = format_iso_date(std::chrono::system_clock::now());
        trunks_.push_back({{"account_sid", options_.account_sid},
                           {"sid", sid},
                           {"friendly_name", value("FriendlyName")},
                           {"voice_url", value("VoiceUrl")},
                           {"voice_method", method("VoiceMethod")},
                           {"voice_fallback_url", value("VoiceFallbackUrl")},
                           {"voice_fallback_method", method("VoiceFallbackMethod")},
                           {"status_callback_url", value("StatusCallbackUrl")},
                           {"status_callback_method", method("StatusCallbackMethod")},
                           {"cnam_lookup_enabled", find_field(parameters, "CnamLookupEnabled") == "true"},
                           {"connection_policy_sid", value("ConnectionPolicySid")},
                           {"from_domain_sid", value("FromDomainSid")},
                           {"date_created", now},
                           {"date_updated", now},
                           {"url", base_url + "/v1/ByocTrunks/" + sid}});
        return created(trunks_.back(), options_);
    }

    reply fetch(std::string const& sid, std::string const& path) const
    {
        auto const one =
            std::find_if(trunks_.begin(), trunks_.end(), [&](auto const& other) { return other["sid"] == sid; });
        return one == trunks_.end() ? not_found(path) : found(*one);
    }

    reply list(std::string const& path, named_values const& query, std::string const& base_url) const
    {
        if (auto fault = check_names(query, {"PageSize", "Page", "PageToken"})) return *fault;
        std::vector<std::string> sids;
        for (auto const& one : trunks_) sids.push_back(one["sid"]);
        auto const cut = cut_page(sids, path, query);
        if (auto const* const fault = std::get_if<reply>(&cut)) return *fault;
        page const& part = std::get<page>(cut);
        auto const url = [&](std::optional<std::string> const& target) {
            return string_or_null(target ? std::optional{base_url + *target} : std::nullopt);
        };
        nlohmann::ordered_json trunks = nlohmann::ordered_json::array();
        for (std::size_t i = part.begin; i != part.end; ++i) trunks.push_back(trunks_[i]);
        return found({{"meta",
                       {{"page", part.number},
                        {"page_size", part.size},
                        {"first_page_url", url(part.first)},
                        {"previous_page_url", url(part.previous)},
                        {"url", url(part.current)},
                        {"next_page_url", url(part.next)},
                        {"key", "byoc_trunks"}}},
                      {"byoc_trunks", std::move(trunks)}});
    }

private:
    static std::optional<reply> creation_fault(named_values const& parameters)
    {
        static names const known{
            "FriendlyName",        "VoiceUrl",          "VoiceMethod",          "VoiceFallbackUrl",
            "VoiceFallbackMethod", "StatusCallbackUrl", "StatusCallbackMethod", "CnamLookupEnabled",
            "ConnectionPolicySid", "FromDomainSid"};
        if (auto fault = check_names(parameters, known)) return fault;
        if (find_field(parameters, "FriendlyName").value_or("").size() > 255)
            return bad_request("Parameter 'FriendlyName' is longer than 255 characters");
        return first_of(check_url(parameters, "VoiceUrl"), check_method(parameters, "VoiceMethod"),
                        check_url(parameters, "VoiceFallbackUrl"), check_method(parameters, "VoiceFallbackMethod"),
                        check_url(parameters, "StatusCallbackUrl"), check_method(parameters, "StatusCallbackMethod"),
                        check_boolean(parameters, "CnamLookupEnabled"),
                        check_sid(parameters, "ConnectionPolicySid", "NY", 20001),
                        check_sid(parameters, "FromDomainSid", "SD", 20001));
    }

    standin_options const& options_;
    std::vector<nlohmann::ordered_json> trunks_; // oldest first
};

} // namespace sidecall::standin_detail
