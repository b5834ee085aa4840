// Sends every operation through each adapter to Prism, a server that validates requests against an OpenAPI document.
// tests/contract/run calls this program:
//
//     contract_requests URL DOCUMENT
//
// The server must accept each request. It responds with the example in the document, which must be parsed correctly.
// The last line is 'N passed, N failed'.

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

/// An argument of a request, and its description.
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

/// No value, and each of these values.
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

/// The server's response to a creation: the example in the document, with its date parsed by libcurl.
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

/// The server, and the results of the requests to it.
class contract {
public:
    contract(std::string const& url, json const& document)
        : endpoint_(sidecall::endpoint::parse(url).value()), credentials_(credentials_for(document)),
          subscription_(example_in(document, "UserDefinedMessageSubscriptions")),
          message_(example_in(document, "UserDefinedMessages"))
    {
    }

    template <class Transport>
    void check(std::string_view name)
    {
        Transport transport;
        int const before = passed_ + failed_;
        for (auto const& credentials : credentials_)
            check_as(transport, std::string(name) + ", " + credentials.name, credentials.value);
        std::cout << name << ": " << passed_ + failed_ - before << " requests\n";
    }

    int report() const
    {
        std::cout << passed_ << " passed, " << failed_ << " failed\n";
        return failed_ == 0 && passed_ != 0 ? 0 : 1;
    }

private:
    template <class Transport>
    void check_as(Transport& transport, std::string const& as, sidecall::credentials const& credentials)
    {
        for (auto const& url : callbacks())
            for (auto const& key : keys())
                for (auto const& method : methods())
                    expect(transport, as + ": subscribe, " + url.name + key.name + method.name, credentials,
                           sidecall::create_user_defined_message_subscription{
                               .account_sid = account,
                               .call_sid = call,
                               .callback = sidecall::callback_url::parse(url.value).value(),
                               .idempotency_key = key.value,
                               .method = method.value},
                           subscription_);
        for (auto const& content : contents())
            for (auto const& key : keys())
                expect(transport, as + ": send a message, " + content.name + key.name, credentials,
                       sidecall::create_user_defined_message{
                           .account_sid = account,
                           .call_sid = call,
                           .content = sidecall::message_content::parse(content.value).value(),
                           .idempotency_key = key.value},
                       message_);
        expect(transport, as + ": unsubscribe", credentials,
               sidecall::delete_user_defined_message_subscription{
                   account, call, "ZYfedcba98765432100123456789ABCDEF"_subscription_sid},
               nullptr);
    }

    template <class Transport, class Operation>
    void expect(Transport& transport, std::string const& description, sidecall::credentials const& credentials,
                Operation const& operation, json const& members)
    {
        std::string problem = "no response";
        auto const made = ask(transport, operation, credentials, problem);
        if (!made) problem += "\n    " + made.error().to_string();
        if constexpr (!std::is_void_v<typename Operation::resource>)
            if (made && members_of(*made) != members) problem += "\n    parsed as " + members_of(*made).dump();
        if (problem.empty()) {
            ++passed_;
            return;
        }
        ++failed_;
        std::cout << "FAILED: " << description << ": " << problem << '\n';
    }

    /// Sends the operation, and also checks the response itself: Prism names violations in the header field
    /// `sl-violations`, or in the body of an error response. `problem` is empty if there are none.
    template <class Transport, class Operation>
    auto ask(Transport& transport, Operation const& operation, sidecall::credentials const& credentials,
             std::string& problem)
    {
        auto const check_response = [&problem](sidecall::result<sidecall::http_response> const& response) {
            if (!response) return;
            problem.clear();
            if (auto const named = sidecall::headers_view(response->headers).find("sl-violations")) problem = *named;
            if (response->status >= 300) problem += response->body;
        };
        if constexpr (sidecall::transport<Transport>) {
            auto const checked = [&](sidecall::authorized_request const& request) {
                auto response = transport(request);
                check_response(response);
                return response;
            };
            return send(operation, credentials, checked, endpoint_);
        } else {
            auto const checked = [&](sidecall::authorized_request request, auto handler) {
                transport(std::move(request), [&check_response, next = std::move(handler)](
                                                  sidecall::result<sidecall::http_response> response) mutable {
                    check_response(response);
                    next(std::move(response));
                });
            };
            std::optional<sidecall::result<typename Operation::resource>> made;
            send(operation, credentials, checked, [&made](auto result) { made = std::move(result); }, endpoint_);
            while (transport.poll() != 0) transport.wait(100ms);
            return std::move(made).value();
        }
    }

    sidecall::endpoint endpoint_;
    std::vector<choice<sidecall::credentials>> credentials_;
    json subscription_, message_;
    int passed_ = 0;
    int failed_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "usage: contract_requests URL DOCUMENT\n";
        return 2;
    }
    contract checks(argv[1], json::parse(std::ifstream(argv[2])));
    checks.check<sidecall::curl_transport>("curl_transport");
    checks.check<sidecall::curl_multi_transport>("curl_multi_transport");
    checks.check<sidecall::httplib_transport>("httplib_transport");
    return checks.report();
}
