#pragma once

// The calls that clients of the stand-in create, and their status callbacks.

#include <sidecall/detail/standin_date.hpp>
#include <sidecall/detail/standin_pages.hpp>
#include <sidecall/detail/standin_parameters.hpp>
#include <sidecall/detail/standin_reply.hpp>
#include <sidecall/detail/standin_text.hpp>
#include <sidecall/standin_types.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sidecall::standin_detail {

/// A status callback that is due.
struct due_status_callback {
    std::string call_sid = {};
    std::string call_status = {};
    std::string url = {};
    std::string method = {};
    named_values parameters = {};
};

using due_status_callbacks = std::vector<due_status_callback>;

/// Whether this is a phone number in E.164 format.
inline bool is_phone_number(std::string_view text)
{
    return text.size() >= 3 && text.size() <= 16 && text[0] == '+' && text[1] != '0' &&
           std::all_of(text.begin() + 1, text.end(), is_digit);
}

/// Whether this is a phone number, a SIP address, or the identifier of a client or of a SIM.
inline bool is_call_party(std::string_view text)
{
    if (is_phone_number(text)) return true;
    static constexpr std::array<std::string_view, 4> schemes{"sip:", "sips:", "client:", "sim:"};
    return std::any_of(schemes.begin(), schemes.end(), [&](std::string_view scheme) {
        return text.size() > scheme.size() && text.substr(0, scheme.size()) == scheme;
    });
}

/// The calls. Makes the responses to requests for them, and collects the status callbacks of each change. Not
/// thread-safe: the caller must lock.
class call_store {
public:
    explicit call_store(standin_options const& options) : options_{options} {}

    /// The calls, oldest first.
    std::vector<standin_call> calls() const
    {
        std::vector<standin_call> result;
        for (record const& one : records_) result.push_back(one.call);
        std::reverse(result.begin(), result.end());
        return result;
    }

    /// The call with that SID, or null if no request created it or a request deleted it.
    standin_call const* find(std::string const& sid) const
    {
        record const* const one = find_record(sid);
        return one == nullptr ? nullptr : &one->call;
    }

    reply create(named_values const& parameters, std::mt19937_64& sids)
    {
        if (auto fault = creation_fault(parameters)) return *fault;
        auto const now = clock::now();
        records_.push_front({.call = {.account_sid = options_.account_sid,
                                      .sid = random_sid("CA", sids),
                                      .to = *find_field(parameters, "To"),
                                      .from = *find_field(parameters, "From"),
                                      .parameters = parameters},
                             .created = now,
                             .updated = now});
        nlohmann::ordered_json resource = describe(records_.front());
        // Twilio responds before it has stored the call.
        resource["date_created"] = nullptr;
        resource["date_updated"] = nullptr;
        return created(std::move(resource), options_);
    }

    reply fetch(std::string const& sid, std::string const& path) const
    {
        record const* const one = find_record(sid);
        return one == nullptr ? not_found(path) : found(describe(*one));
    }

    reply list(std::string const& path, named_values const& query) const
    {
        static names const known{"Status", "To", "From", "ParentCallSid", "PageSize", "Page", "PageToken"};
        if (auto fault = check_names(query, known)) return *fault;
        auto const status = find_field(query, "Status");
        if (status && !is_status(*status)) return bad_request("Parameter 'Status' is not the status of a call");
        auto const to = find_field(query, "To");
        auto const from = find_field(query, "From");
        bool const has_parent = find_field(query, "ParentCallSid").has_value();

        std::vector<record const*> matches;
        std::vector<std::string> sids;
        for (record const& one : records_) {
            standin_call const& call = one.call;
            if (has_parent || call.status != status.value_or(call.status) || call.to != to.value_or(call.to) ||
                call.from != from.value_or(call.from))
                continue;
            matches.push_back(&one);
            sids.push_back(call.sid);
        }
        auto const cut = cut_page(sids, path, query);
        if (auto const* const fault = std::get_if<reply>(&cut)) return *fault;
        page const& part = std::get<page>(cut);
        nlohmann::ordered_json calls = nlohmann::ordered_json::array();
        for (std::size_t i = part.begin; i != part.end; ++i) calls.push_back(describe(*matches[i]));
        std::size_t const start = part.number * part.size; // the list may have grown since its first page
        return found({{"first_page_uri", part.first},
                      {"end", calls.empty() ? start : start + calls.size() - 1},
                      {"previous_page_uri", string_or_null(part.previous)},
                      {"calls", calls},
                      {"uri", part.current},
                      {"page_size", part.size},
                      {"start", start},
                      {"next_page_uri", string_or_null(part.next)},
                      {"page", part.number}});
    }

    reply update(std::string const& sid, std::string const& path, named_values const& parameters,
                 due_status_callbacks& due)
    {
        record* const one = find_record(sid);
        if (one == nullptr) return not_found(path);
        if (auto fault = update_fault(parameters)) return *fault;
        auto const status = find_field(parameters, "Status");
        if (one->call.has_ended() || (redirects(parameters) && !status && one->call.status != "in-progress"))
            return error_reply(400, "Call is not in-progress. Cannot redirect.", 21220);
        for (auto const& [name, value] : parameters) replace(one->call.parameters, name, value);
        one->updated = clock::now();
        // A call that is in progress is not canceled.
        if (status && (*status == "completed" || one->call.status != "in-progress")) change(*one, *status, due);
        return found(describe(*one));
    }

    reply remove(std::string const& sid, std::string const& path)
    {
        auto const one =
            std::find_if(records_.begin(), records_.end(), [&](record const& other) { return other.call.sid == sid; });
        if (one == records_.end()) return not_found(path);
        if (!one->call.has_ended()) return error_reply(409, "Cannot delete this resource before it is complete", 20009);
        records_.erase(one);
        return {.status = 204};
    }

    /// Throws `std::invalid_argument` if there is no such call, or if its status cannot become that one.
    due_status_callbacks set_status(std::string const& sid, std::string const& status)
    {
        record* const one = find_record(sid);
        if (one == nullptr) throw std::invalid_argument{"twilio_standin: no request created that call"};
        if (!is_status(status)) throw std::invalid_argument{"twilio_standin: that is not the status of a call"};
        if (one->call.has_ended() || rank(status) <= rank(one->call.status))
            throw std::invalid_argument{"twilio_standin: the status of a call never goes back"};
        due_status_callbacks due;
        one->updated = clock::now();
        change(*one, status, due);
        return due;
    }

private:
    using clock = std::chrono::system_clock;

    struct record {
        standin_call call = {};
        clock::time_point created = {};
        clock::time_point updated = {};
        std::optional<clock::time_point> answered = {};
        std::optional<clock::time_point> ended = {};
        std::uint64_t next_number = 0; // of its status callbacks
    };

    static constexpr std::array<std::string_view, 8> statuses{"queued", "ringing", "in-progress", "completed",
                                                              "busy",   "failed",  "no-answer",   "canceled"};

    static std::size_t rank(std::string_view status)
    {
        auto const found = std::find(statuses.begin(), statuses.end(), status);
        return static_cast<std::size_t>(found - statuses.begin());
    }
    static bool is_status(std::string_view status) { return rank(status) != statuses.size(); }

    record const* find_record(std::string const& sid) const
    {
        auto const one =
            std::find_if(records_.begin(), records_.end(), [&](record const& other) { return other.call.sid == sid; });
        return one == records_.end() ? nullptr : &*one;
    }
    record* find_record(std::string const& sid)
    {
        return const_cast<record*>(std::as_const(*this).find_record(sid)); // the object is not const
    }

    static bool redirects(named_values const& parameters)
    {
        return find_field(parameters, "Url") || find_field(parameters, "Twiml");
    }

    static std::optional<reply> creation_fault(named_values const& parameters)
    {
        // "properties" of the request in the OpenAPI document.
        static names const known{"To",
                                 "From",
                                 "Url",
                                 "Twiml",
                                 "ApplicationSid",
                                 "Method",
                                 "FallbackUrl",
                                 "FallbackMethod",
                                 "StatusCallback",
                                 "StatusCallbackEvent",
                                 "StatusCallbackMethod",
                                 "SendDigits",
                                 "Timeout",
                                 "Record",
                                 "RecordingChannels",
                                 "RecordingStatusCallback",
                                 "RecordingStatusCallbackMethod",
                                 "RecordingStatusCallbackEvent",
                                 "RecordingTrack",
                                 "SipAuthUsername",
                                 "SipAuthPassword",
                                 "MachineDetection",
                                 "MachineDetectionTimeout",
                                 "MachineDetectionSpeechThreshold",
                                 "MachineDetectionSpeechEndThreshold",
                                 "MachineDetectionSilenceTimeout",
                                 "Trim",
                                 "CallerId",
                                 "AsyncAmd",
                                 "AsyncAmdStatusCallback",
                                 "AsyncAmdStatusCallbackMethod",
                                 "Byoc",
                                 "CallReason",
                                 "CallToken",
                                 "TimeLimit",
                                 "ClientNotificationUrl"};
        if (auto fault = check_names(parameters, known, {"StatusCallbackEvent", "RecordingStatusCallbackEvent"}))
            return fault;

        auto const to = find_field(parameters, "To");
        auto const from = find_field(parameters, "From");
        if (!to || to->empty()) return error_reply(400, "No 'To' number is specified", 21201);
        if (!from || from->empty()) return error_reply(400, "No 'From' number is specified", 21213);
        if (!is_call_party(*to))
            return error_reply(400, "Parameter 'To' is not a phone number, client or SIP address", 21211);
        if (!is_call_party(*from) || (is_phone_number(*to) && !is_phone_number(*from)))
            return error_reply(
                400, "Parameter 'From' is not a phone number, or a client or SIP address for such a 'To'", 21212);

        auto const instructions = std::count_if(parameters.begin(), parameters.end(), [](auto const& one) {
            return one.first == "Url" || one.first == "Twiml" || one.first == "ApplicationSid";
        });
        if (instructions == 0)
            return error_reply(400, "Parameter 'Url' is missing, and so are 'Twiml' and 'ApplicationSid'", 21205);
        if (instructions > 1) return bad_request("More than one of 'Url', 'Twiml' and 'ApplicationSid' is given");
        for (auto const& [name, value] : parameters)
            if (name == "StatusCallbackEvent" && value != "initiated" && value != "ringing" && value != "answered" &&
                value != "completed")
                return error_reply(400, "Parameter 'StatusCallbackEvent' is not an event of a call", 21626);
        return first_of(common_fault(parameters), check_sid(parameters, "ApplicationSid", "AP", 21218),
                        check_sid(parameters, "Byoc", "BY", 20001), check_number(parameters, "Timeout", 600),
                        check_boolean(parameters, "Record"), check_url(parameters, "RecordingStatusCallback"),
                        check_method(parameters, "RecordingStatusCallbackMethod"));
    }

    static std::optional<reply> update_fault(named_values const& parameters)
    {
        static names const known{"Url",         "Twiml",          "Method",         "Status",
                                 "FallbackUrl", "FallbackMethod", "StatusCallback", "StatusCallbackMethod",
                                 "TimeLimit"};
        if (auto fault = check_names(parameters, known)) return fault;
        if (parameters.empty()) return bad_request("No parameter is given");
        if (find_field(parameters, "Url") && find_field(parameters, "Twiml"))
            return bad_request("Both 'Url' and 'Twiml' are given");
        auto const status = find_field(parameters, "Status");
        if (status && *status != "completed" && *status != "canceled")
            return bad_request("Parameter 'Status' is neither completed nor canceled");
        return common_fault(parameters);
    }

    static std::optional<reply> common_fault(named_values const& parameters)
    {
        if (auto const twiml = find_field(parameters, "Twiml"); twiml && twiml->empty())
            return bad_request("Parameter 'Twiml' is empty");
        return first_of(
            check_url(parameters, "Url"), check_method(parameters, "Method"), check_url(parameters, "FallbackUrl"),
            check_method(parameters, "FallbackMethod"), check_url(parameters, "StatusCallback", 21609),
            check_method(parameters, "StatusCallbackMethod"), check_number(parameters, "TimeLimit", 86'400));
    }

    static void replace(named_values& parameters, std::string const& name, std::string const& value)
    {
        parameters.erase(
            std::remove_if(parameters.begin(), parameters.end(), [&](auto const& one) { return one.first == name; }),
            parameters.end());
        parameters.emplace_back(name, value);
    }

    /// Changes the status, and adds the status callbacks that this causes. The first is that of dialing, if the call
    /// was queued and is not canceled.
    void change(record& one, std::string const& status, due_status_callbacks& due) const
    {
        if (one.call.status == "queued" && status != "canceled") report(one, "initiated", "initiated", due);
        one.call.status = status;
        if (status == "in-progress") one.answered = clock::now();
        if (one.call.has_ended()) one.ended = clock::now();
        report(one, status == "ringing" ? "ringing" : status == "in-progress" ? "answered" : "completed", status, due);
    }

    void report(record& one, std::string_view event, std::string const& status, due_status_callbacks& due) const
    {
        auto const url = one.call.parameter("StatusCallback");
        if (!url) return;
        bool is_default = true, is_wanted = false;
        for (auto const& [name, value] : one.call.parameters) {
            if (name != "StatusCallbackEvent") continue;
            is_default = false;
            is_wanted = is_wanted || value == event;
        }
        if (!(is_default ? event == "completed" : is_wanted)) return;

        named_values parameters{{"CallSid", one.call.sid},
                                {"AccountSid", options_.account_sid},
                                {"From", one.call.from},
                                {"To", one.call.to},
                                {"Caller", one.call.from},
                                {"Called", one.call.to},
                                {"CallStatus", status},
                                {"ApiVersion", "2010-04-01"},
                                {"Direction", direction},
                                {"Timestamp", date_now()},
                                {"CallbackSource", "call-progress-events"},
                                {"SequenceNumber", std::to_string(one.next_number++)}};
        if (event == "completed") parameters.emplace_back("CallDuration", std::to_string(duration(one)));
        due.push_back({.call_sid = one.call.sid,
                       .call_status = status,
                       .url = *url,
                       .method = one.call.parameter("StatusCallbackMethod").value_or("POST"),
                       .parameters = std::move(parameters)});
    }

    static std::int64_t duration(record const& one)
    {
        if (!one.answered || !one.ended) return 0;
        return std::chrono::ceil<std::chrono::seconds>(*one.ended - *one.answered).count();
    }

    nlohmann::ordered_json describe(record const& one) const
    {
        auto const date = [](std::optional<clock::time_point> time) {
            return time ? nlohmann::ordered_json(format_date(*time, "+0000")) : nlohmann::ordered_json(nullptr);
        };
        std::string const base = "/2010-04-01/Accounts/" + options_.account_sid + "/Calls/" + one.call.sid;
        nlohmann::ordered_json subresources = nlohmann::ordered_json::object();
        for (auto const& [name, file] : {std::pair{"notifications", "Notifications"},
                                         {"recordings", "Recordings"},
                                         {"payments", "Payments"},
                                         {"events", "Events"},
                                         {"siprec", "Siprec"},
                                         {"streams", "Streams"},
                                         {"transcriptions", "Transcriptions"},
                                         {"user_defined_message_subscriptions", "UserDefinedMessageSubscriptions"},
                                         {"user_defined_messages", "UserDefinedMessages"}})
            subresources[name] = base + '/' + file + ".json";
        nlohmann::ordered_json resource{{"account_sid", options_.account_sid},
                                        {"answered_by", nullptr},
                                        {"api_version", "2010-04-01"},
                                        {"caller_name", nullptr},
                                        {"date_created", date(one.created)},
                                        {"date_updated", date(one.updated)},
                                        {"direction", direction},
                                        {"duration", nullptr},
                                        {"end_time", date(one.ended)},
                                        {"forwarded_from", nullptr},
                                        {"from", one.call.from},
                                        {"from_formatted", one.call.from},
                                        {"group_sid", nullptr},
                                        {"parent_call_sid", nullptr},
                                        {"phone_number_sid", nullptr},
                                        {"price", nullptr},
                                        {"price_unit", "USD"},
                                        {"queue_time", "0"},
                                        {"sid", one.call.sid},
                                        {"start_time", date(one.answered)},
                                        {"status", one.call.status},
                                        {"subresource_uris", std::move(subresources)},
                                        {"to", one.call.to},
                                        {"to_formatted", one.call.to},
                                        {"trunk_sid", nullptr},
                                        {"uri", base + ".json"}};
        if (one.answered && one.ended) resource["duration"] = std::to_string(duration(one));
        return resource;
    }

    static constexpr char const* direction = "outbound-api";

    standin_options const& options_;
    std::deque<record> records_; // newest first, as in a list
};

} // namespace sidecall::standin_detail
