#pragma once

// The questions of live_check, their answers, and the report: Markdown or JSON, without secrets.

#include <algorithm>
#include <cstddef>
#include <map>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../call_control.hpp"
#include "../program.hpp"

namespace live_check {

/// A question about Twilio, and what sidecall or its stand-in assumes.
struct question {
    std::string_view id;
    std::string_view text;
    std::string_view assumed;
};

/// Every question, in the order of the report. Those of requests come first, those of webhooks from
/// `first_of_webhooks`.
inline constexpr question questions[] = {
    {"created", "How does Twilio respond to a new subscription?", "HTTP 201; `sid` is ZY and 32 hexadecimal digits"},
    {"created_headers", "Which header fields does that 201 have?", "Twilio-Request-Id, and no Retry-After"},
    {"created_members", "Which members does that 201 have?",
     "account_sid, call_sid, date_created, sid and uri; none is null, and there are no others"},
    {"created_uri", "What is `uri` in that 201?", "the path of the subscription, with .json"},
    {"created_date", "In which format is `date_created`?", "RFC 2822"},
    {"message_created", "How does Twilio respond to a new message?", "HTTP 201; `sid` is KX and 32 hexadecimal digits"},
    {"message_members", "Which members does that 201 have?",
     "account_sid, call_sid, date_created and sid; none is null, and there are no others"},
    {"sid_case", "Are the hexadecimal digits of new SIDs in lower case?", "lower case"},
    {"key_subscription", "What does a subscription with a repeated IdempotencyKey return?",
     "HTTP 201 with the same SID"},
    {"key_message", "What does a message with a repeated IdempotencyKey return?", "HTTP 201 with the same SID"},
    {"key_other_callback", "What does a repeated IdempotencyKey with another Callback return?", "HTTP 409, code 20409"},
    {"key_other_content", "What does a repeated IdempotencyKey with another Content return?", "HTTP 409, code 20409"},
    {"key_other_endpoint", "Can a message have the IdempotencyKey of a subscription?", "yes: HTTP 201 with a KX SID"},
    {"key_deleted", "What does a repeated IdempotencyKey return when its subscription was deleted?",
     "HTTP 201 with the same SID"},
    {"space_as_plus", "Is \"+\" in a form value a space?", "yes: IdempotencyKey a+b and a%2Bb are two keys"},
    {"space_as_plus_in_message", "Is \"+\" in a form value of a message a space?",
     "yes: IdempotencyKey a+b and a%2Bb are two keys"},
    {"documented_methods", "Are the documented values of Method, GET and POST, accepted?", "HTTP 201 for both"},
    {"undocumented_methods", "Are HEAD, PUT, PATCH and DELETE, which only the OpenAPI page lists, accepted as Method?",
     "HTTP 201 for each"},
    {"http_callback", "Is a callback with http accepted?", "HTTP 201"},
    {"user_info_callback", "Is a callback with a user name and password accepted?", "HTTP 201"},
    {"underscore_callback", "Is a callback whose host has an underscore refused?", "HTTP 400, code 21205"},
    {"unknown_call", "How is a subscription to a call that does not exist refused?", "HTTP 404, code 20404"},
    {"unknown_call_message", "How is a message to a call that does not exist refused?", "HTTP 404, code 20404"},
    {"finished_call", "How is a subscription to a finished call refused?", "HTTP 404, code 20404"},
    {"finished_call_message", "How is a message to a finished call refused?", "HTTP 404, code 20404"},
    {"other_leg", "Can the other leg of the call, its parent or child, be subscribed to?", "HTTP 201"},
    {"longest_message", "Is a message of 10,240 bytes accepted?", "HTTP 201"},
    {"too_long_message", "How is a message of 10,241 bytes refused?", "HTTP 400, code 20001"},
    {"not_json", "How is a message that is not JSON refused?", "HTTP 400, code 20001"},
    {"deleted", "How does Twilio respond to a deletion?", "HTTP 204 without a body"},
    {"deleted_twice", "How is a second deletion refused?", "HTTP 404, code 20404"},
    {"api_key", "Does an API key authenticate these requests?", "HTTP 201"},
    {"edge", "Does the host of an edge and region serve the same call?", "HTTP 201"},
    {"too_many_requests", "What does a 429 contain?", "code 20429 and Twilio-Request-Id; Retry-After is optional"},
    {"each_subscription", "Does each subscription of a call get each message?", "yes"},
    {"default_method", "How is a callback without Method called?", "with POST"},
    {"post_method", "How is a callback with Method=POST called?", "with POST"},
    {"get_method", "How is a callback with Method=GET called?", "with GET and the parameters in the query"},
    {"body_format", "Is the body of a POST a form or JSON?", "a form"},
    {"query_kept", "Does the query of a callback arrive byte for byte?", "yes"},
    {"parameters", "Which parameters does a message have?",
     "AccountSid, CallSid, Content, ContentType, SequenceNumber, Sid and Timestamp, and no others"},
    {"timestamp", "In which format is Timestamp?", "RFC 2822"},
    {"sequence_start", "What is the SequenceNumber of the first message?", "0"},
    {"sequence_step", "What is the SequenceNumber of the second message?", "the first plus 1"},
    {"same_message", "Do all subscriptions get a message with the same Sid and SequenceNumber?", "yes"},
    {"signature", "Is each callback signed with the auth token?", "yes"},
    {"port_absent", "Is a callback without a port signed without one?", "yes"},
    {"port_present", "Is a callback with a port signed with it?", "yes"},
    {"user_info_signed", "Are the user name and password of a callback signed?", "no"},
    {"user_info_sent", "How does Twilio send the user name and password of a callback?",
     "not at first; after a 401, with Basic authentication"},
    {"refused_once", "Does Twilio repeat a callback that was answered with 500?", "no"},
};

inline constexpr std::string_view first_of_webhooks = "each_subscription";

enum class verdict { differs, unknown, agrees, not_asked };

/// The name in JSON and in Markdown.
constexpr std::string_view to_string_view(verdict value)
{
    constexpr std::string_view names[] = {"differs", "could not be told", "agrees", "not asked"};
    return names[static_cast<std::size_t>(value)];
}

/// The answer to a question: its verdict, what was seen or why it is missing, and the responses that show it.
struct finding {
    verdict result = verdict::not_asked;
    std::string seen = {};
    std::vector<std::string> evidence = {};
};

/// The answers so far. The first answer to a question counts.
class findings {
public:
    void add(std::string_view id, finding answer)
    {
        if (std::none_of(std::begin(questions), std::end(questions), [&](auto const& one) { return one.id == id; }))
            throw std::logic_error("no such question: " + std::string(id));
        answers_.emplace(id, std::move(answer));
    }

    /// Gives every question without an answer this one: all of them, or only those of webhooks.
    void add_to_rest(finding const& answer, bool only_webhooks = false)
    {
        bool is_webhook = false;
        for (question const& one : questions) {
            is_webhook = is_webhook || one.id == first_of_webhooks;
            if (is_webhook || !only_webhooks) answers_.emplace(one.id, answer);
        }
    }

    finding const& operator[](std::string_view id) const { return answers_.at(id); }

private:
    std::map<std::string_view, finding> answers_;
};

/// Removes what a report must not contain. Everything that the program prints passes through it.
class redactor {
public:
    explicit redactor(bool full_sids) : full_sids_(full_sids) {}

    /// Replaces this text wherever it occurs.
    void hide(std::string secret)
    {
        if (secret.empty()) return;
        secrets_.push_back(std::move(secret));
        std::sort(secrets_.begin(), secrets_.end(), [](auto const& a, auto const& b) { return a.size() > b.size(); });
    }

    /// The text without the secrets and the user-info of URLs; SIDs are shortened to their prefix and last four digits.
    std::string operator()(std::string_view text) const
    {
        std::string clean = printable(text);
        for (std::string const& secret : secrets_)
            for (std::size_t at = 0; (at = clean.find(secret, at)) != clean.npos; at += hidden.size())
                clean.replace(at, secret.size(), hidden);
        for (std::size_t at = 0; (at = clean.find("://", at)) != clean.npos;) {
            at += 3;
            std::size_t const end = clean.find_first_of("/?# \"'", at);
            std::size_t const mark = clean.substr(0, end).rfind('@');
            if (mark != clean.npos && mark >= at) clean.replace(at, mark - at, hidden);
        }
        return full_sids_ ? clean : with_short_sids(clean);
    }

private:
    static constexpr std::string_view hidden = "(hidden)";

    static std::string with_short_sids(std::string_view text)
    {
        auto const is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
        auto const is_digit = [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        };
        std::string shortened;
        while (!text.empty()) {
            std::string_view const sid = text.substr(0, sidecall::call_sid::size);
            if (sid.size() == sidecall::call_sid::size && is_upper(sid[0]) && is_upper(sid[1]) &&
                std::all_of(sid.begin() + 2, sid.end(), is_digit)) {
                shortened.append(sid.substr(0, 2)).append("…").append(sid.substr(30));
                text.remove_prefix(sid.size());
            } else {
                shortened += text[0];
                text.remove_prefix(1);
            }
        }
        return shortened;
    }

    bool full_sids_;
    std::vector<std::string> secrets_;
};

/// What the report says besides the answers: names and values.
using facts = std::vector<std::pair<std::string, std::string>>;

/// Writes the report as Markdown. Text from outside is in code spans, where it cannot be markup.
inline void write_markdown(std::ostream& out, facts const& about, findings const& answers, redactor const& clean)
{
    auto const code = [&](std::string_view text) {
        std::string span = clean(text);
        std::replace(span.begin(), span.end(), '`', '\'');
        return '`' + span + '`';
    };
    out << "# sidecall live check\n\n";
    for (auto const& [name, value] : about) out << "- " << name << ": " << clean(value) << '\n';
    out << "\n| | |\n|---|---|\n";
    constexpr verdict order[] = {verdict::differs, verdict::unknown, verdict::agrees, verdict::not_asked};
    for (verdict const kind : order)
        out << "| " << to_string_view(kind) << " | "
            << std::count_if(std::begin(questions), std::end(questions),
                             [&](question const& one) { return answers[one.id].result == kind; })
            << " |\n";
    for (verdict const kind : order) {
        bool is_first = true;
        for (question const& one : questions) {
            finding const& answer = answers[one.id];
            if (answer.result != kind) continue;
            if (std::exchange(is_first, false)) {
                std::string heading(to_string_view(kind));
                heading[0] = static_cast<char>(heading[0] - 'a' + 'A');
                out << "\n## " << heading << "\n\n";
            }
            out << "- **" << one.id << "**: " << one.text << '\n';
            if (kind == verdict::not_asked) {
                out << "  - not asked: " << clean(answer.seen) << '\n';
                continue;
            }
            out << "  - assumed: " << one.assumed << '\n' << "  - seen: " << code(answer.seen) << '\n';
            for (std::string const& line : answer.evidence) out << "  - evidence: " << code(line) << '\n';
        }
    }
}

/// Writes the report as JSON: one object a line, first the facts, then one for each question.
inline void write_json(std::ostream& out, facts const& about, findings const& answers, redactor const& clean)
{
    auto const string = [&](std::string_view text) { return call_control::json_string(clean(text)); };
    out << "{\"live_check\":{";
    for (auto const& fact : about)
        out << (&fact == about.data() ? "" : ",") << string(fact.first) << ':' << string(fact.second);
    out << "}}\n";
    for (question const& one : questions) {
        finding const& answer = answers[one.id];
        out << "{\"id\":" << string(one.id) << ",\"question\":" << string(one.text)
            << ",\"assumed\":" << string(one.assumed) << ",\"verdict\":" << string(to_string_view(answer.result))
            << ",\"seen\":" << string(answer.seen) << ",\"evidence\":[";
        for (std::string const& line : answer.evidence)
            out << (&line == answer.evidence.data() ? "" : ",") << string(line);
        out << "]}\n";
    }
}

/// Writes the questions without answers.
inline void write_questions(std::ostream& out, bool json)
{
    for (question const& one : questions) {
        if (json)
            out << "{\"id\":" << call_control::json_string(one.id)
                << ",\"question\":" << call_control::json_string(one.text)
                << ",\"assumed\":" << call_control::json_string(one.assumed) << "}\n";
        else
            out << "- **" << one.id << "**: " << one.text << "\n  - assumed: " << one.assumed << '\n';
    }
}

} // namespace live_check
