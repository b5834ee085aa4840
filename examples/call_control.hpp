#pragma once

// Operations for endpoints that the library does not have, written as you would write your own: calls
// (api.twilio.com), BYOC trunks (voice.twilio.com) and knowledge sources (knowledge.twilio.com). Copy what you need.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <sidecall/callback_url.hpp>
#include <sidecall/error_response.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/json.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>

namespace call_control {

/// Reads each element of an array, which must be an object, with `read`, which returns a `result`. Fails with the first
/// failure.
template <class T, class Read>
sidecall::result<std::vector<T>> read_all(sidecall::json_value const& member, Read read)
{
    auto const array = member.array();
    if (!array) return array.error();
    std::vector<T> all;
    for (sidecall::json_value const element : *array) {
        auto const object = element.object();
        if (!object) return object.error();
        auto one = read(*object);
        if (!one) return one.error();
        all.push_back(*std::move(one));
    }
    return all;
}

/// A call.
struct call {
    sidecall::call_sid sid;                        ///< Identifies the call.
    std::optional<std::string> status = {};        ///< Such as "queued" or "in-progress"; see `has_ended`.
    std::optional<std::string> to = {};            ///< Who is called.
    std::optional<std::string> from = {};          ///< Who calls.
    std::optional<std::string> direction = {};     ///< "outbound-api" for a call that `create_call` placed.
    std::optional<std::string> date_created = {};  ///< In the format of RFC 2822; empty in a new call.
    std::optional<std::string> duration = {};      ///< In seconds; empty until the call has ended.
    std::optional<sidecall::call_sid> parent = {}; ///< The call that caused this one, if any.

    /// Reads a call from the object that describes it.
    static sidecall::result<call> read(sidecall::json_object const& object)
    {
        auto const sid = object["sid"].sid<sidecall::call_sid>();
        if (!sid) return sid.error();
        call found{.sid = *sid,
                   .status = object["status"].optional_string(),
                   .to = object["to"].optional_string(),
                   .from = object["from"].optional_string(),
                   .direction = object["direction"].optional_string(),
                   .date_created = object["date_created"].optional_string(),
                   .duration = object["duration"].optional_string()};
        if (auto const parent = object["parent_call_sid"].sid<sidecall::call_sid>()) found.parent = *parent;
        return found;
    }

    /// Reads a call from a response with this status.
    static sidecall::result<call> parse(sidecall::http_response_view const& response, int status)
    {
        if (response.status != status) return sidecall::failure_of(response);
        return sidecall::json_object::parse(response.body).and_then(&call::read);
    }
};

/// Whether a call with this status has ended. Such a status never changes again.
constexpr bool has_ended(std::string_view status)
{
    return status == "completed" || status == "busy" || status == "failed" || status == "no-answer" ||
           status == "canceled";
}

/// The events of a call that its status callback can report.
enum class call_event { initiated, ringing, answered, completed };

/// The name that Twilio uses.
constexpr std::string_view to_string_view(call_event event)
{
    constexpr std::string_view names[] = {"initiated", "ringing", "answered", "completed"};
    return names[static_cast<unsigned>(event)];
}

/// Where Twilio gets the instructions for a call.
struct twiml_url {
    sidecall::callback_url url;                       ///< Returns the TwiML.
    std::optional<sidecall::http_method> method = {}; ///< GET or POST; POST if empty.
};

/// The instructions for a call.
struct twiml {
    std::string text; ///< Such as `<Response><Say>Hello</Say></Response>`.
};

/// Places a call. Twilio responds at once: the call is queued. There is no idempotency key, so it is not retried if it
/// may have taken effect. Source: Twilio's page "Call resource".
struct create_call {
    sidecall::account_sid account;
    std::string to;                                             ///< "+15551234567", "client:name" or "sip:…".
    std::string from;                                           ///< Your Twilio number, or "client:name".
    std::variant<twiml_url, twiml> instructions;                ///< What happens in the call.
    std::optional<sidecall::callback_url> status_callback = {}; ///< Where Twilio reports the status of the call.
    std::vector<call_event> status_callback_events = {};        ///< Which events it reports; `completed` if empty.
    std::optional<sidecall::http_method> status_callback_method = {}; ///< GET or POST; POST if empty.
    std::optional<std::uint16_t> timeout = {};                        ///< How long it may ring, in seconds.

    using resource = call;
    static constexpr auto request_method = sidecall::http_method::post;
    static constexpr std::string_view operation_name = "create_call";

    template <class Request>
    void write(Request& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account).path("/Calls.json");
        request.field("To", to).field("From", from);
        if (auto const* const source = std::get_if<twiml_url>(&instructions))
            request.field("Url", source->url).field("Method", source->method);
        else
            request.field("Twiml", std::get<twiml>(instructions).text);
        request.field("StatusCallback", status_callback).field("StatusCallbackMethod", status_callback_method);
        for (call_event const event : status_callback_events)
            request.field("StatusCallbackEvent", to_string_view(event));
        request.field("Timeout", timeout);
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        return call::parse(response, 201);
    }
};

/// Fetches a call, for example to learn its status.
struct fetch_call {
    sidecall::account_sid account;
    sidecall::call_sid sid;

    using resource = call;
    static constexpr auto request_method = sidecall::http_method::get;
    static constexpr std::string_view operation_name = "fetch_call";

    template <class Request>
    void write(Request& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account).path("/Calls/").segment(sid).path(".json");
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        return call::parse(response, 200);
    }
};

/// Hangs up. Fails with Twilio's code 21220 if the call has already ended, also if an earlier attempt of this operation
/// ended it.
struct end_call {
    sidecall::account_sid account;
    sidecall::call_sid sid;

    using resource = call;
    static constexpr auto request_method = sidecall::http_method::post;
    static constexpr std::string_view operation_name = "end_call";
    static constexpr bool is_idempotent() { return true; } // a call cannot end twice

    template <class Request>
    void write(Request& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account).path("/Calls/").segment(sid).path(".json");
        request.field("Status", "completed");
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        return call::parse(response, 200);
    }
};

/// Lists calls, the newest first. Each response is one page; `sidecall::pages` fetches them all.
struct list_calls {
    sidecall::account_sid account;
    std::optional<std::string> status = {};      ///< Only calls with this status.
    std::optional<std::string> to = {};          ///< Only calls to this number or client.
    std::optional<std::string> from = {};        ///< Only calls from this number or client.
    std::optional<std::uint16_t> page_size = {}; ///< 1 to 1000; 50 if empty.

    using resource = std::vector<call>;
    static constexpr auto request_method = sidecall::http_method::get;
    static constexpr std::string_view operation_name = "list_calls";

    template <class Request>
    void write(Request& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account).path("/Calls.json");
        request.query("Status", status).query("To", to).query("From", from).query("PageSize", page_size);
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        if (response.status != 200) return sidecall::failure_of(response);
        auto const page = sidecall::json_object::parse(response.body);
        if (!page) return page.error();
        return read_all<call>((*page)["calls"], &call::read);
    }
};

/// The SID of a BYOC trunk.
using byoc_trunk_sid = sidecall::basic_sid<'B', 'Y'>;

/// A BYOC trunk: your own carrier, connected to Twilio.
struct byoc_trunk {
    byoc_trunk_sid sid;                            ///< Identifies the trunk.
    std::optional<std::string> friendly_name = {}; ///< The name that you gave it.
    std::optional<std::string> voice_url = {};     ///< The URL that Twilio requests when the trunk receives a call.

    /// Reads a trunk from the object that describes it.
    static sidecall::result<byoc_trunk> read(sidecall::json_object const& object)
    {
        auto const sid = object["sid"].sid<byoc_trunk_sid>();
        if (!sid) return sid.error();
        return byoc_trunk{.sid = *sid,
                          .friendly_name = object["friendly_name"].optional_string(),
                          .voice_url = object["voice_url"].optional_string()};
    }
};

/// Lists the BYOC trunks of an account. Each response is one page; `sidecall::pages` fetches them all.
struct list_byoc_trunks {
    std::optional<std::uint16_t> page_size = {}; ///< 1 to 1000; 50 if empty.

    using resource = std::vector<byoc_trunk>;
    static constexpr auto request_method = sidecall::http_method::get;
    static constexpr std::string_view operation_name = "list_byoc_trunks";
    static constexpr std::string_view product = "voice"; // voice.twilio.com

    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/ByocTrunks").query("PageSize", page_size);
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        if (response.status != 200) return sidecall::failure_of(response);
        auto const page = sidecall::json_object::parse(response.body);
        if (!page) return page.error();
        return read_all<byoc_trunk>((*page)["byoc_trunks"], &byoc_trunk::read);
    }
};

/// Fetches a BYOC trunk.
struct fetch_byoc_trunk {
    byoc_trunk_sid sid;

    using resource = byoc_trunk;
    static constexpr auto request_method = sidecall::http_method::get;
    static constexpr std::string_view operation_name = "fetch_byoc_trunk";
    static constexpr std::string_view product = "voice"; // voice.twilio.com

    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/ByocTrunks/").segment(sid);
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        if (response.status != 200) return sidecall::failure_of(response);
        return sidecall::json_object::parse(response.body).and_then(&byoc_trunk::read);
    }
};

/// A JSON string: the text in quotation marks, with the escapes that JSON requires (RFC 8259, section 7).
inline std::string json_string(std::string_view text)
{
    std::string json = "\"";
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            json += {'\\', c};
        else if (byte < 0x20)
            json += {'\\', 'u', '0', '0', static_cast<char>('0' + (byte >> 4)), "0123456789abcdef"[byte & 15]};
        else
            json += c;
    }
    return json + '"';
}

/// A source of knowledge for Twilio's assistants.
struct knowledge {
    std::string id;                         ///< Identifies the source: "aia_know_…".
    std::optional<std::string> name = {};   ///< The name that you gave it.
    std::optional<std::string> type = {};   ///< "Web", "Database", "Text" or "File".
    std::optional<std::string> status = {}; ///< "QUEUED", "PROCESSING", "COMPLETED" or "FAILED".

    /// Reads a source from a response with this status.
    static sidecall::result<knowledge> parse(sidecall::http_response_view const& response, int status)
    {
        if (response.status != status) return sidecall::failure_of(response);
        auto const object = sidecall::json_object::parse(response.body);
        if (!object) return object.error();
        auto const id = (*object)["id"].string();
        if (!id) return id.error();
        return knowledge{.id = id->to_string(),
                         .name = (*object)["name"].optional_string(),
                         .type = (*object)["type"].optional_string(),
                         .status = (*object)["status"].optional_string()};
    }
};

/// Creates a source of knowledge. The request has a JSON body.
struct create_knowledge {
    std::string name;
    std::string type; ///< "Web", "Database", "Text" or "File".
    std::optional<std::string> description = {};
    std::optional<std::string> details = {}; ///< A JSON object that depends on the type, such as {"source":"…"}.

    using resource = knowledge;
    static constexpr auto request_method = sidecall::http_method::post;
    static constexpr std::string_view operation_name = "create_knowledge";
    static constexpr std::string_view product = "knowledge"; // knowledge.twilio.com

    template <class Request>
    void write(Request& request) const
    {
        std::string body = "{\"name\":" + json_string(name) + ",\"type\":" + json_string(type);
        if (description) body += ",\"description\":" + json_string(*description);
        if (details) body += ",\"knowledge_source_details\":" + *details;
        request.path("/v1/Knowledge").json_body(body + '}');
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        return knowledge::parse(response, 201);
    }
};

/// Fetches a source of knowledge.
struct fetch_knowledge {
    std::string id;

    using resource = knowledge;
    static constexpr auto request_method = sidecall::http_method::get;
    static constexpr std::string_view operation_name = "fetch_knowledge";
    static constexpr std::string_view product = "knowledge"; // knowledge.twilio.com

    template <class Request>
    void write(Request& request) const
    {
        request.path("/v1/Knowledge/").segment(id, "id");
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        return knowledge::parse(response, 200);
    }
};

} // namespace call_control
