// Compares the fake Twilio of testing.hpp with the stand-in, which share no code: random scripts of operations, some of
// them invalid, must get the same answers and cause the same signed callbacks. What they choose themselves is made
// equal first: SIDs, dates, and the reason why a Callback is not a valid URL.
//
// The environment variable FAKE_AGREES_SCRIPTS sets the number of scripts, FAKE_AGREES_SEED the seed of the first.

#include <sidecall/curl.hpp>
#include <sidecall/standin.hpp>

#include <sidecall/sidecall.hpp>
#include <sidecall/testing.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace sidecall::literals;
using sidecall::http_method;
using sidecall::named_value;

constexpr std::uint64_t default_scripts = 10'000;
constexpr std::size_t scripts_per_standin = 250; // its records grow, and it searches its calls one by one

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto other_account = "AC0000000000000000000000000000000f"_account_sid;
constexpr auto unknown_call = "CAffffffffffffffffffffffffffffffff"_call_sid;
constexpr char token[] = "the auth token";

std::uint64_t from_environment(char const* name, std::uint64_t otherwise)
{
    char const* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// A call SID that no edit of another one gives.
sidecall::call_sid numbered_call(std::uint64_t number)
{
    std::mt19937_64 random(number);
    std::string sid = "CA";
    while (sid.size() != 34) sid += "0123456789abcdef"[random() % 16];
    return *sidecall::call_sid::parse(sid);
}

/// A request whose parts are chosen at run time.
template <http_method Method>
struct raw_request {
    std::string target;
    std::vector<named_value> form;
    std::optional<std::string> json = {};

    static constexpr http_method request_method = Method;

    template <class Request>
    void write(Request& request) const
    {
        request.uri(target);
        if constexpr (Method == http_method::post || Method == http_method::put || Method == http_method::patch) {
            for (auto const& [name, value] : form) request.field(name, value);
            if (json) request.json_body(*json);
        }
    }
};

/// The random choices of a script. The same seed gives the same ones with every standard library.
class choices {
public:
    explicit choices(std::uint64_t seed) : engine_(seed) {}

    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    template <class List>
    auto const& of(List const& list)
    {
        return list[below(std::size(list))];
    }

private:
    std::mt19937_64 engine_;
};

// Nothing listens on port 1, so the stand-in cannot deliver; only the requests that it makes are compared.
std::string const valid_callbacks[] = {"http://127.0.0.1:1/udm",
                                       "http://127.0.0.1:1",
                                       "http://user:pass%20word@127.0.0.1:1/udm?tenant=a%20b#rc=2",
                                       "http://127.0.0.1:1/?",
                                       "http://127.0.0.1:1/a//b?x=1&",
                                       "HTTP://127.0.0.1:1?x#?"};
std::string const invalid_callbacks[] = {"",
                                         "udm",
                                         "ftp://127.0.0.1/",
                                         "http://",
                                         "http://under_score.example/",
                                         "http://127.0.0.1:0/",
                                         "http://127.0.0.1:65536/",
                                         "http://127.0.0.1:/",
                                         "http://127.0.0.256/",
                                         "http://[::1",
                                         "http://[::g]/",
                                         "http://-a.example/",
                                         "http://a..example/",
                                         "http://example.com/a b",
                                         "http://example.com/%4",
                                         "http://example.com/#a#b",
                                         "http://a@b@example.com/",
                                         "http://example.com/\xC3\xA9"};
std::string const valid_contents[] = {"{}", R"({"say":"hello & goodbye = 100% + 1"})", " [1, 2.5e-3, true, null] ",
                                      "\"\xE2\x82\xAC\\u20ac\\n\"", "0"};
std::string const longest_content = '"' + std::string(10'238, 'x') + '"';
std::string const invalid_contents[] = {
    "", "{", "{\"a\":}", "01", "'x'", "[1,]", "\"\\x\"", "\n", "nul", "\"a\nb\"", '"' + std::string(10'239, 'x') + '"'};
std::string const keys[] = {"first", "second", "third key \xC3\xA9"};
std::string const parameter_names[] = {"Callback", "Method", "Content", "IdempotencyKey",
                                       "callback", "Other",  "Con tent"};
std::string const methods[] = {"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE"};
std::string const invalid_methods[] = {"", "get", "OPTIONS", "POST "};

/// Runs the same operations against the fake and the stand-in, and describes the first difference.
class script {
public:
    script(std::uint64_t seed, sidecall::twilio_standin& standin, sidecall::curl_transport& transport,
           sidecall::endpoint const& endpoint, sidecall::call_sid const& first, sidecall::call_sid const& second)
        : choose_(seed), standin_(standin), transport_(transport), endpoint_(endpoint), calls_{first, second},
          fake_(account, sidecall::secret(token), {.endpoint = endpoint})
    {
        for (auto const& call : calls_) fake_.start_call(call);
        fake_.allow(sidecall::credentials::api_key("SK00000000000000000000000000000001"_api_key_sid,
                                                   sidecall::secret("key secret")));
        fake_.allow(*sidecall::credentials::bearer(sidecall::secret("right.bearer")));
    }

    std::string run()
    {
        for (std::size_t left = 5 + choose_.below(11); left != 0 && difference_.empty(); --left) step();
        if (difference_.empty()) compare_states();
        for (auto const& call : calls_) standin_.end_call(text(call));
        return difference_;
    }

private:
    static std::string text(auto const& sid) { return std::string(sid.view()); }

    void step()
    {
        switch (choose_.below(12)) {
        case 0: return end_call();
        case 1:
        case 2: return client_message();
        case 3: return script_outcome();
        case 4:
        case 5: return delete_subscription();
        case 6:
        case 7: return create_subscription();
        case 8:
        case 9: return create_message();
        default: return raw();
        }
    }

    // The choices.

    sidecall::account_sid any_account() { return choose_.one_in(20) ? other_account : account; }
    sidecall::call_sid any_call() { return choose_.one_in(20) ? unknown_call : choose_.of(calls_); }
    std::string const& any_content() { return choose_.one_in(40) ? longest_content : choose_.of(valid_contents); }
    std::optional<sidecall::idempotency_key> any_key()
    {
        if (choose_.one_in(2)) return {};
        return *sidecall::idempotency_key::parse(std::string_view(choose_.of(keys)));
    }

    sidecall::credentials any_credentials()
    {
        using sidecall::credentials, sidecall::secret;
        auto const key = "SK00000000000000000000000000000001"_api_key_sid;
        switch (choose_.below(50)) {
        case 0: return credentials::auth_token(account, secret("another token"));
        case 1: return credentials::auth_token(other_account, secret(token));
        case 2: return credentials::auth_token(account, secret(""));
        case 3: return credentials::api_key(key, secret("wrong secret"));
        case 4: return *credentials::bearer(secret("wrong.bearer"));
        case 5: return *credentials::bearer(secret("right.bearer"));
        case 6: return credentials::api_key(key, secret("key secret"));
        default: return credentials::auth_token(account, secret(token));
        }
    }

    // The steps.

    void end_call()
    {
        if (!choose_.one_in(3)) return;
        auto const& call = choose_.of(calls_);
        note("end of " + text(call));
        fake_.end_call(call);
        standin_.end_call(text(call));
    }

    void create_subscription()
    {
        sidecall::create_user_defined_message_subscription operation{
            any_account(), any_call(), *sidecall::callback_url::parse(std::string_view(choose_.of(valid_callbacks))),
            any_key()};
        if (choose_.one_in(2)) operation.method = *sidecall::parse_http_method(choose_.of(methods));
        perform(operation, operation);
    }

    void create_message()
    {
        sidecall::create_user_defined_message const operation{
            any_account(), any_call(), *sidecall::message_content::parse(std::string_view(any_content())), any_key()};
        perform(operation, operation);
    }

    void delete_subscription()
    {
        auto const owner = any_account();
        auto const call = any_call();
        auto const unknown = "ZYffffffffffffffffffffffffffffffff"_subscription_sid;
        if (subscriptions_.empty() || choose_.one_in(6))
            return perform(sidecall::delete_user_defined_message_subscription{owner, call, unknown},
                           sidecall::delete_user_defined_message_subscription{owner, call, unknown});
        auto const& [call_of_it, in_fake, in_standin] = choose_.of(subscriptions_);
        auto const& named = choose_.one_in(4) ? call : call_of_it;
        perform(sidecall::delete_user_defined_message_subscription{owner, named, in_fake},
                sidecall::delete_user_defined_message_subscription{owner, named, in_standin});
    }

    void raw()
    {
        bool const subscribes = choose_.one_in(2);
        std::string target = "/2010-04-01/Accounts/" + text(any_account()) + "/Calls/" + text(any_call()) +
                             (subscribes ? "/UserDefinedMessageSubscriptions" : "/UserDefinedMessages");
        if (choose_.one_in(8)) target += "/ZYffffffffffffffffffffffffffffffff";
        target += ".json";
        if (choose_.one_in(10)) target += choose_.one_in(2) ? "?" : "?PageSize=1";
        if (choose_.one_in(6)) edit(target);
        if (std::count(target.begin(), target.end(), '?') > 1) return; // cpp-httplib refuses that itself

        std::vector<named_value> form;
        if (!choose_.one_in(8))
            form.push_back(subscribes ? named_value{"Callback", choose_.of(valid_callbacks)}
                                      : named_value{"Content", any_content()});
        if (choose_.one_in(3)) form.push_back({"IdempotencyKey", choose_.of(keys)});
        if (subscribes && choose_.one_in(3)) form.push_back({"Method", choose_.of(methods)});
        if (choose_.one_in(2)) break_form(form);

        switch (choose_.one_in(5) ? choose_.below(6) : 1) {
        case 0: return raw(raw_request<http_method::get>{target, {}});
        case 1:
            if (choose_.one_in(15)) return raw(raw_request<http_method::post>{target, {}, choose_.of(valid_contents)});
            return raw(raw_request<http_method::post>{target, form});
        case 2: return raw(raw_request<http_method::put>{target, form});
        case 3: return raw(raw_request<http_method::patch>{target, form});
        case 4: return raw(raw_request<http_method::delete_>{target, {}});
        default: return raw(raw_request<http_method::head>{target, {}});
        }
    }
    void raw(auto const& request) { perform(request, request); }

    void edit(std::string& target)
    {
        constexpr std::string_view bytes = "aAz09/._-~%:?&";
        auto const at = 1 + choose_.below(target.size() - 1);
        switch (choose_.below(4)) {
        case 0: target.erase(at, 1); break;
        case 1: target.insert(at, 1, choose_.of(bytes)); break;
        case 2: target[at] = choose_.of(bytes); break;
        default: target.append(1, choose_.of(bytes));
        }
    }

    void break_form(std::vector<named_value>& form)
    {
        switch (choose_.below(8)) {
        case 0: form.push_back({choose_.of(parameter_names), choose_.of(keys)}); break;
        case 1: form.push_back({"", "x"}); break;
        case 2: form.push_back({choose_.of(parameter_names), "\xFF"}); break;
        case 3: form.push_back({"\xC0", ""}); break;
        case 4: form.push_back({"IdempotencyKey", ""}); break;
        case 5: form.push_back({"Method", choose_.of(invalid_methods)}); break;
        case 6: std::reverse(form.begin(), form.end()); break;
        default:
            for (auto& [name, value] : form) {
                if (name == "Callback") value = choose_.of(invalid_callbacks);
                if (name == "Content") value = choose_.of(invalid_contents);
            }
        }
    }

    void script_outcome()
    {
        constexpr int statuses[] = {400, 404, 409, 429, 500, 503, 504};
        int const status = choose_.of(statuses);
        bool const processed = choose_.one_in(2);
        note("outcome " + std::to_string(status) + (processed ? " after the effect" : ""));
        auto const outcome = sidecall::fake_outcome::error(status, {{"Retry-After", "7"}});
        fake_.next(processed ? outcome.after_effect() : outcome);
        standin_.fail_next(status, {.retry_after = "7", .processed = processed});
        create_message();
    }

    void client_message()
    {
        auto const& call = choose_.of(calls_);
        std::string const& content = any_content();
        bool const json_body = choose_.one_in(3);
        note("message of the client of " + text(call));
        auto const expected = fake_.client_sends(call, content, {.json_body = json_body});
        auto message = standin_.client_message(text(call), content);
        if (!expected.empty()) {
            auto const parameters = verifier_.parameters(expected[0]);
            if (!parameters) return differ("verified", parameters.error().to_string(), "accepted");
            for (auto& [name, value] : message.parameters)
                if (name == "Sid" || name == "Timestamp") value = *parameters->find(name);
        }
        auto const made = standin_.deliver(message, {.json_body = json_body});
        compare("number of callbacks", std::to_string(expected.size()), std::to_string(made.size()));
        for (std::size_t i = 0; i != expected.size() && difference_.empty(); ++i) {
            compare("method", expected[i].method, made[i].method);
            compare("URL", expected[i].url, made[i].url);
            compare("content type", expected[i].content_type, made[i].content_type);
            compare("body", expected[i].body, made[i].body);
            compare("signature", expected[i].signature, made[i].signature);
            if (auto const verified = verifier_.receive(expected[i]); !verified)
                differ("received", verified.error().to_string(), "accepted");
        }
    }

    // The comparison.

    void perform(auto const& for_fake, auto const& for_standin)
    {
        auto const credentials = any_credentials();
        auto const request = sidecall::authorize(for_fake, credentials, endpoint_);
        auto const other_request = sidecall::authorize(for_standin, credentials, endpoint_);
        if (!request || !other_request) return; // an edit made it a path that cannot be sent
        auto const answer = fake_(*request);
        auto const other_answer = transport_(*other_request);
        if (!answer || !other_answer)
            return differ("transport", answer ? "an answer" : answer.error().to_string(),
                          other_answer ? "an answer" : other_answer.error().to_string());
        learn_sids(answer->body, other_answer->body);
        compare("status", std::to_string(answer->status), std::to_string(other_answer->status));
        compare("body", comparable(answer->body, true), comparable(other_answer->body, false));
        for (char const* name : {"Content-Type", "WWW-Authenticate", "Allow", "Retry-After"})
            compare(name, field_of(*answer, name), field_of(*other_answer, name));
        // Canned answers get one only from the stand-in.
        if (field_of(*answer, "Retry-After") == "none")
            compare("request ID", field_of(*answer, "Twilio-Request-Id").substr(0, 2),
                    field_of(*other_answer, "Twilio-Request-Id").substr(0, 2));
    }

    void compare_states()
    {
        std::vector<std::string> in_fake, in_standin;
        for (auto const& one : fake_.subscriptions())
            in_fake.push_back(text(one.call_sid) + ' ' + one.callback + ' ' + std::string(to_string_view(one.method)) +
                              ' ' + one.idempotency_key.value_or("none"));
        for (auto const& one : standin_.subscriptions())
            in_standin.push_back(one.call_sid + ' ' + one.callback + ' ' + one.method + ' ' +
                                 one.idempotency_key.value_or("none"));
        compare("subscriptions", joined(in_fake), joined(in_standin));
        for (auto const& call : calls_) {
            std::string received, other_received;
            for (auto const& one : fake_.messages(call)) received += one.content + '\n';
            for (auto const& one : standin_.client_received(text(call))) other_received += one.content + '\n';
            compare("messages", received, other_received);
        }
    }

    static std::string joined(std::vector<std::string> const& lines)
    {
        std::string all;
        for (auto const& line : lines) all += line + '\n';
        return all;
    }

    static std::string field_of(sidecall::http_response const& response, char const* name)
    {
        return std::string(sidecall::headers_view(response.headers).find(name).value_or("none"));
    }

    static std::string member_of(std::string const& body, std::string const& name)
    {
        std::string const begin = '"' + name + "\":\"";
        auto const at = body.find(begin);
        if (at == body.npos) return {};
        auto const from = at + begin.size();
        return body.substr(from, body.find('"', from) - from);
    }

    void learn_sids(std::string const& body, std::string const& other_body)
    {
        std::string const sid = member_of(body, "sid"), other_sid = member_of(other_body, "sid");
        if (sid.empty() || other_sid.empty()) return;
        for (auto const& [known, other_known] : sids_)
            if (sid == known && other_sid == other_known) return;
        sids_.emplace_back(sid, other_sid);
        auto const call = sidecall::call_sid::parse(member_of(body, "call_sid"));
        auto const in_fake = sidecall::subscription_sid::parse(sid);
        auto const in_standin = sidecall::subscription_sid::parse(other_sid);
        if (call && in_fake && in_standin) subscriptions_.push_back({*call, *in_fake, *in_standin});
    }

    /// The body with the SIDs of the stand-in replaced, without dates and without the reason of a wrong URL.
    std::string comparable(std::string body, bool is_fake) const
    {
        for (auto const& [sid, other_sid] : sids_)
            for (std::size_t at = 0; !is_fake && (at = body.find(other_sid, at)) != body.npos; at += sid.size())
                body.replace(at, sid.size(), sid);
        if (auto const date = member_of(body, "date_created"); sidecall::detail::parse_rfc2822(date))
            body.replace(body.find(date), date.size(), "a date");
        std::string const rule = "is not a valid URL: ";
        if (auto const at = body.find(rule); at != body.npos)
            body.erase(at + rule.size(), body.find("\",\"more_info", at) - at - rule.size());
        return body;
    }

    void compare(std::string const& what, std::string const& in_fake, std::string const& in_standin)
    {
        if (in_fake != in_standin) differ(what, in_fake, in_standin);
    }
    void differ(std::string const& what, std::string const& in_fake, std::string const& in_standin)
    {
        if (!difference_.empty()) return;
        for (std::size_t i = 0; i != fake_.requests().size(); ++i)
            difference_ += "request " + std::to_string(i) + ": " + to_string(fake_.requests()[i]) + '\n';
        difference_ += notes_ + "different " + what + "\nfake:     " + in_fake + "\nstand-in: " + in_standin;
    }
    void note(std::string const& event)
    {
        notes_ += "before request " + std::to_string(fake_.requests().size()) + ": " + event + '\n';
    }

    struct subscription {
        sidecall::call_sid call;
        sidecall::subscription_sid in_fake;
        sidecall::subscription_sid in_standin;
    };

    choices choose_;
    sidecall::twilio_standin& standin_;
    sidecall::curl_transport& transport_;
    sidecall::endpoint endpoint_;
    sidecall::call_sid calls_[2];
    sidecall::fake_twilio fake_;
    sidecall::webhook_verifier verifier_{sidecall::secret(token)};
    std::vector<subscription> subscriptions_;
    std::vector<std::pair<std::string, std::string>> sids_;
    std::string notes_;
    std::string difference_;
};

} // namespace

TEST_CASE("the fake answers and calls back as the stand-in does")
{
    std::uint64_t const first = from_environment("FAKE_AGREES_SEED", 1);
    std::uint64_t const count = from_environment("FAKE_AGREES_SCRIPTS", default_scripts);
    for (std::uint64_t done = 0; done < count;) {
        std::uint64_t const size = std::min<std::uint64_t>(scripts_per_standin, count - done);
        sidecall::standin_options options{.account_sid = std::string(account.view()), .auth_token = token};
        options.api_keys = {{"SK00000000000000000000000000000001", "key secret"}};
        options.bearer_tokens = {"right.bearer"};
        for (std::uint64_t i = 0; i != 2 * size; ++i) {
            auto const call = numbered_call(i);
            options.calls.emplace_back(call.view());
        }
        sidecall::twilio_standin standin(options);
        sidecall::curl_transport transport;
        auto const endpoint = *sidecall::endpoint::parse(standin.base_url());
        for (std::uint64_t i = 0; i != size; ++i, ++done) {
            std::uint64_t const seed = first + done;
            auto const difference =
                script(seed, standin, transport, endpoint, numbered_call(2 * i), numbered_call(2 * i + 1)).run();
            INFO("FAKE_AGREES_SEED=" << seed << " FAKE_AGREES_SCRIPTS=1");
            REQUIRE(difference == "");
        }
    }
}
