// Sends the operations that operations.py has generated to Prism, a server that validates requests against an OpenAPI
// document. tests/contract/run calls this program:
//
//     operations URL required|all
//
// It sends each operation with its required parameters only, or with all of them, and prints one line for each. The
// last line is 'N passed, N failed'.

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "operations.hpp"
#include "parts.hpp" // generated
#include <sidecall/curl.hpp>

namespace contract {

using nlohmann::json;

namespace {

json const& member_of(json const& object, char const* name)
{
    static json const none;
    auto const found = object.find(name);
    return found == object.end() ? none : *found;
}

} // namespace

expected_object::expected_object(json const& object, std::string& problem) : object_(&object), problem_(&problem)
{
    static json const empty = json::object();
    if (!object.is_object()) object_ = &empty;
}

void expected_object::report(char const* name)
{
    *problem_ += std::string(problem_->empty() ? "" : ", ") + "'" + name + "' is not what the response has";
}

void expected_object::check(char const* name, std::optional<std::string> const& member)
{
    json const& value = member_of(*object_, name);
    if (value.is_string() ? member != value.get<std::string>() : member.has_value()) report(name);
}

void expected_object::check(char const* name, std::optional<std::int64_t> member)
{
    json const& value = member_of(*object_, name);
    if (value.is_number_integer() ? member != value.get<std::int64_t>() : member.has_value()) report(name);
}

void expected_object::check(char const* name, std::optional<bool> member)
{
    json const& value = member_of(*object_, name);
    if (value.is_boolean() ? member != value.get<bool>() : member.has_value()) report(name);
}

void expected_object::check_number(char const* name, std::optional<std::string> const& member)
{
    json const& value = member_of(*object_, name);
    if (value.is_number() ? !member || json::parse(*member) != value : member.has_value()) report(name);
}

void expected_object::check_json(char const* name, std::optional<std::string> const& member)
{
    json const& value = member_of(*object_, name);
    if (value.is_null() ? member.has_value() : !member || json::parse(*member, nullptr, false) != value) report(name);
}

void expected_object::check_sid(char const* name, std::optional<std::string> const& member, std::string_view prefix)
{
    json const& value = member_of(*object_, name);
    std::string const text = value.is_string() ? value.get<std::string>() : "";
    bool const is_sid = text.size() == 34 && text.substr(0, 2) == prefix &&
                        text.find_first_not_of("0123456789abcdefABCDEF", 2) == text.npos;
    if (is_sid ? member != text : member.has_value()) report(name);
}

void expected_object::check_size(char const* name, std::size_t size)
{
    json const& value = member_of(*object_, name);
    if (size != (value.is_array() ? value.size() : 0)) report(name);
}

expected_object expected_object::element(char const* name, std::size_t index) const
{
    static json const none;
    json const& value = member_of(*object_, name);
    return {index < value.size() ? value[index] : none, *problem_};
}

struct checks::state {
    sidecall::curl_transport transport;
    std::string target;
    sidecall::http_response response;
    json body;
    std::string problem;
    int passed = 0;
    int failed = 0;
};

checks::checks(std::string const& url, bool is_complete)
    : credentials_(sidecall::credentials::auth_token(sid<'A', 'C'>(), sidecall::secret("0123456789abcdef"))),
      endpoint_(sidecall::endpoint::parse(url).value()), is_complete_(is_complete), state_(std::make_unique<state>())
{
}
checks::~checks() = default;

void checks::begin()
{
    state_->target.clear();
    state_->response = {};
    state_->problem.clear();
}

sidecall::result<sidecall::http_response> checks::exchange(sidecall::authorized_request const& request)
{
    state_->target = std::string(request.url());
    auto response = state_->transport(request);
    if (response) state_->response = *response;
    return response;
}

expected_object checks::object()
{
    state_->body = json::parse(state_->response.body, nullptr, false);
    return {state_->body, state_->problem};
}

void checks::end(char const* name, std::string const& failure)
{
    state& now = *state_;
    std::string problem = failure + now.problem;
    auto const violations = sidecall::headers_view(now.response.headers).find("sl-violations");
    if (violations) problem += "\n    " + std::string(*violations);
    if (!failure.empty()) problem += "\n    " + now.target + "\n    " + now.response.body;
    ++(problem.empty() ? now.passed : now.failed);
    std::cout << (problem.empty() ? "" : "FAILED: ") << name << ": " << now.response.status << ' ' << problem << '\n';
}

int checks::report() const
{
    std::cout << state_->passed << " passed, " << state_->failed << " failed\n";
    return state_->failed == 0 && state_->passed != 0 ? 0 : 1;
}

} // namespace contract

int main(int argc, char** argv)
{
    std::string_view const selection = argc == 3 ? argv[2] : "";
    if (selection != "required" && selection != "all") {
        std::cerr << "usage: operations URL required|all\n";
        return 2;
    }
    contract::checks checks(argv[1], selection == "all");
    contract::send_all(checks);
    return checks.report();
}
