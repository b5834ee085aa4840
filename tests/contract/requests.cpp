// Makes every operation through each adapter at a server that validates: Prism, with an OpenAPI document. See
// tests/contract/run, which calls it as
//
//     contract_requests URL DOCUMENT
//
// The server must have nothing against a request, and its answer, which is the document's example, must be read as what
// stands there. The last line is 'N passed, N failed'.

#include <chrono>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <nlohmann/json.hpp>

#include <sidecall/curl.hpp>
#include <sidecall/httplib.hpp>
#include <sidecall/sidecall.hpp>

namespace {

using namespace sidecall::literals;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto account = "AC0123456789abcdefABCDEF0123456789"_account_sid;
constexpr auto call = "CAfedcba9876543210FEDCBA9876543210"_call_sid;

/// What a request's argument is, and the argument.
template <class T>
struct choice {
    std::string name;
    T value;
};

std::vector<choice<sidecall::credentials>> credentials_for(json const& document)
{
    sidecall::secret const token("0123456789abcdef0123456789abcdef");
    std::vector<choice<sidecall::credentials>> all;
    all.push_back({"auth token", sidecall::credentials::auth_token(account, token)});
    all.push_back({"API key", sidecall::credentials::api_key("SK0123456789abcdefABCDEF0123456789"_api_key_sid, token)});
    for (auto const& scheme : document.at("components").at("securitySchemes")) // Twilio's own document has none
        if (scheme.at("scheme") == "bearer") all.push_back({"bearer token", *sidecall::credentials::bearer(token)});
    return all;
}

std::vector<choice<std::string>> callbacks()
{
    return {{"callback", "https://example.com/udm"},
            {"callback with all parts", "http://user_name:p%20ss@sub-domain.example.com:8443/a%2Fb;c/?q=1+2&r=a%20b#f"},
            {"callback at an IPv4 address", "https://192.0.2.1"},
            {"callback at an IPv6 address", "http://[2001:db8::1]:65535/"},
            {"long callback", "https://example.com/" + std::string(4000, 'a')}};
}

std::vector<choice<std::string>> contents()
{
    std::string longest = "\"";
    while (longest.size() + 6 < sidecall::message_content::max_size) longest += "\xE2\x82\xAC & "; // a Euro sign
    longest.resize(sidecall::message_content::max_size - 1, 'x');
    return {{"empty object", "{}"},
            {"text that looks like a form", R"("a=b&c=%20+%zz;d~*'()!")"},
            {"text in many scripts",
             "{\"text\": \"z\xC3\xBC\xC3\x9F \xE6\xBC\xA2\xE5\xAD\x97 \xF0\x9F\x98\x80\\u0000\"}\r\n"},
            {"10,240 bytes", longest + '"'}};
}

/// Nothing, or each of these.
template <class T>
std::vector<choice<std::optional<T>>> or_none(std::vector<choice<T>> const& some)
{
    std::vector<choice<std::optional<T>>> all{{"", std::nullopt}};
    for (auto const& one : some) all.push_back({", " + one.name, one.value});
    return all;
}

auto keys()
{
    using sidecall::idempotency_key;
    return or_none<idempotency_key>(
        {{"random key", idempotency_key::random()},
         {"key of punctuation and emoji",
          *idempotency_key::parse(" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\t\n\xF0\x9F\x94\x91")}});
}

auto methods()
{
    return or_none<sidecall::http_method>({{"GET", sidecall::http_method::get}, {"POST", sidecall::http_method::post}});
}

template <class Sid>
json text_of(std::optional<Sid> const& sid)
{
    return sid ? json(sid->view()) : json();
}
json unix_time(std::optional<sidecall::date_time> const& date)
{
    return date ? json(date->unix_seconds) : json();
}

json members_of(sidecall::user_defined_message_subscription const& made)
{
    return {{"sid", made.sid.view()},
            {"account_sid", text_of(made.account_sid)},
            {"call_sid", text_of(made.call_sid)},
            {"date_created", unix_time(made.date_created)},
            {"uri", made.uri ? json(*made.uri) : json()}};
}
json members_of(sidecall::user_defined_message const& made)
{
    return {{"sid", made.sid.view()},
            {"account_sid", text_of(made.account_sid)},
            {"call_sid", text_of(made.call_sid)},
            {"date_created", unix_time(made.date_created)}};
}

/// What the server answers a creation with: the document's example, the date in it read by libcurl.
json example_in(json const& document, std::string const& collection)
{
    json example = document.at("paths")
                       .at("/2010-04-01/Accounts/{AccountSid}/Calls/{CallSid}/" + collection + ".json")
                       .at("post")
                       .at("responses")
                       .at("201")
                       .at("content")
                       .at("application/json")
                       .at("examples")
                       .at("create")
                       .at("value");
    example.at("date_created") = curl_getdate(example.at("date_created").get<std::string>().c_str(), nullptr);
    return example;
}

/// The server, and what came of the requests to it.
class contract {
public:
    contract(std::string const& url, json const& document)
        : where_(sidecall::endpoint::parse(url).value()), credentials_(credentials_for(document)),
          subscription_(example_in(document, "UserDefinedMessageSubscriptions")),
          message_(example_in(document, "UserDefinedMessages"))
    {
    }

    template <class Transport>
    void check(std::string_view name)
    {
        Transport carrier;
        int const before = passed_ + failed_;
        for (auto const& who : credentials_) check_as(carrier, std::string(name) + ", " + who.name, who.value);
        std::cout << name << ": " << passed_ + failed_ - before << " requests\n";
    }

    int report() const
    {
        std::cout << passed_ << " passed, " << failed_ << " failed\n";
        return failed_ == 0 && passed_ != 0 ? 0 : 1;
    }

private:
    template <class Transport>
    void check_as(Transport& carrier, std::string const& as, sidecall::credentials const& who)
    {
        for (auto const& url : callbacks())
            for (auto const& key : keys())
                for (auto const& method : methods())
                    expect(carrier, as + ": subscribe, " + url.name + key.name + method.name, who,
                           sidecall::create_user_defined_message_subscription{
                               .account_sid = account,
                               .call_sid = call,
                               .callback = sidecall::callback_url::parse(url.value).value(),
                               .idempotency_key = key.value,
                               .method = method.value},
                           subscription_);
        for (auto const& content : contents())
            for (auto const& key : keys())
                expect(carrier, as + ": send a message, " + content.name + key.name, who,
                       sidecall::create_user_defined_message{
                           .account_sid = account,
                           .call_sid = call,
                           .content = sidecall::message_content::parse(content.value).value(),
                           .idempotency_key = key.value},
                       message_);
        expect(carrier, as + ": unsubscribe", who,
               sidecall::delete_user_defined_message_subscription{
                   account, call, "ZYfedcba98765432100123456789ABCDEF"_subscription_sid},
               nullptr);
    }

    template <class Transport, class Operation>
    void expect(Transport& carrier, std::string const& what, sidecall::credentials const& who,
                Operation const& operation, json const& members)
    {
        std::string complaint = "no answer";
        auto const made = ask(carrier, operation, who, complaint);
        if (!made) complaint += "\n    " + made.error().to_string();
        if constexpr (!std::is_void_v<typename Operation::resource>)
            if (made && members_of(*made) != members) complaint += "\n    read as " + members_of(*made).dump();
        if (complaint.empty()) {
            ++passed_;
            return;
        }
        ++failed_;
        std::cout << "FAILED: " << what << ": " << complaint << '\n';
    }

    /// Sends it, and looks at the answer itself, too: Prism names violations in a header field of its own, or in the
    /// body of a refusal.
    template <class Transport, class Operation>
    auto ask(Transport& carrier, Operation const& operation, sidecall::credentials const& who, std::string& complaint)
    {
        auto const look_at = [&complaint](sidecall::result<sidecall::http_response> const& answer) {
            if (!answer) return;
            complaint.clear();
            if (auto const named = sidecall::headers_view(answer->headers).find("sl-violations")) complaint = *named;
            if (answer->status >= 300) complaint += answer->body;
        };
        if constexpr (sidecall::transport<Transport>) {
            auto const watched = [&](sidecall::authorized_request const& request) {
                auto answer = carrier(request);
                look_at(answer);
                return answer;
            };
            return send(operation, who, watched, where_);
        } else {
            auto const watched = [&](sidecall::authorized_request request, auto handler) {
                carrier(std::move(request), [&look_at, next = std::move(handler)](
                                                sidecall::result<sidecall::http_response> answer) mutable {
                    look_at(answer);
                    next(std::move(answer));
                });
            };
            std::optional<sidecall::result<typename Operation::resource>> made;
            send(operation, who, watched, [&made](auto result) { made = std::move(result); }, where_);
            while (carrier.poll() != 0) carrier.wait(100ms);
            return std::move(made).value();
        }
    }

    sidecall::endpoint where_;
    std::vector<choice<sidecall::credentials>> credentials_;
    json subscription_, message_;
    int passed_ = 0;
    int failed_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "contract_requests URL DOCUMENT\n";
        return 2;
    }
    contract judged(argv[1], json::parse(std::ifstream(argv[2])));
    judged.check<sidecall::curl_transport>("curl_transport");
    judged.check<sidecall::curl_multi_transport>("curl_multi_transport");
    judged.check<sidecall::httplib_transport>("httplib_transport");
    return judged.report();
}
