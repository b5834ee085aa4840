// Sends the operations that operations.py has generated to Prism, a server that validates requests against an OpenAPI
// document. tests/contract/run calls this program:
//
//     operations URL required|all|control
//
// It sends each operation with its required parameters only, or with all of them, and prints one line for each. With
// 'control' the server must require all parameters, and reject each request that lacks one; then only failures are
// printed. The last line is 'N passed, N failed'.

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "operations.hpp"
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

std::set<std::string_view> names_in(std::string_view form)
{
    std::set<std::string_view> names;
    while (!form.empty()) {
        auto const field = form.substr(0, form.find('&'));
        names.insert(field.substr(0, field.find('=')));
        form.remove_prefix(std::min(field.size() + 1, form.size()));
    }
    return names;
}

} // namespace

expected_object::expected_object(json const& object, std::string& problem) : object_(&object), problem_(&problem)
{
    static json const empty = json::object();
    if (!object.is_object()) object_ = &empty;
}

void expected_object::report(char const* name)
{
    *problem_ += std::string(problem_->empty() ? "" : ", ") + "'" + name + "' differs from the response";
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
    std::string form;
    std::set<std::string_view> names; // of the fields and query parameters, encoded
    sidecall::http_response response;
    json body;
    std::string problem;
    request_facts facts{};
    int passed = 0;
    int failed = 0;
};

checks::checks(std::string const& url, selection selected)
    : credentials_(sidecall::credentials::auth_token(sid<'A', 'C'>(), sidecall::secret("0123456789abcdef"))),
      endpoint_(sidecall::endpoint::parse(url).value()), selected_(selected), state_(std::make_unique<state>())
{
}
checks::~checks() = default;

void checks::begin(request_facts const& facts, sidecall::result<sidecall::http_request> const& request)
{
    state_->facts = facts;
    state_->target.clear();
    state_->names.clear();
    state_->response = {};
    state_->problem.clear();
    if (request && request->url().substr(0, facts.url.size()) != facts.url)
        state_->problem = std::string(request->url()) + " does not begin with " + std::string(facts.url);
}

sidecall::result<sidecall::http_response> checks::exchange(sidecall::authorized_request const& request)
{
    state_->target = std::string(request.url());
    state_->form.clear();
    for (auto const field : request.headers())
        if (field.value == "application/x-www-form-urlencoded") state_->form = std::string(request.body());
    std::string_view const target = state_->target;
    state_->names = names_in(state_->form);
    state_->names.merge(names_in(target.substr(std::min(target.find('?'), target.size() - 1) + 1)));
    auto response = state_->transport(request);
    if (response) state_->response = *response;
    return response;
}

sidecall::result<sidecall::http_response> checks::page(sidecall::authorized_request const& request, bool is_first)
{
    std::string const next = "/next?Page=1&PageToken=a%20b";
    if (!is_first && request.target() != next)
        state_->problem = "the second page is fetched from " + std::string(request.url());
    json body = json::parse(state_->response.body);
    auto const meta = body.find("meta");
    if (meta != body.end() && meta->contains("next_page_url")) {
        auto const server = request.url().substr(0, request.url().size() - request.target().size());
        (*meta)["next_page_url"] = is_first ? json(std::string(server) + next) : json();
    } else {
        body["next_page_uri"] = is_first ? json(next) : json();
    }
    auto response = state_->response;
    response.body = body.dump();
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
    auto expected = std::set(now.facts.required.begin(), now.facts.required.end());
    if (is_complete()) expected.insert(now.facts.optional.begin(), now.facts.optional.end());
    if (expected != now.names) problem += "\n    the names of the parameters differ from the document's: " + now.target;
    bool const is_control = selected_ == selection::control;
    if (is_control && now.facts.can_lack)
        problem = now.response.status == 400 || now.response.status == 422 ? "" : "not rejected";
    ++(problem.empty() ? now.passed : now.failed);
    if (is_control && problem.empty()) return;
    std::cout << (problem.empty() ? "" : "FAILED: ") << name << ": " << now.response.status;
    if (!problem.empty()) std::cout << ' ' << problem;
    std::cout << '\n';
}

int checks::report() const
{
    std::cout << state_->passed << " passed, " << state_->failed << " failed\n";
    return state_->failed == 0 && state_->passed != 0 ? 0 : 1;
}

} // namespace contract

int main(int argc, char** argv)
{
    using contract::selection;
    std::string_view const word = argc == 3 ? argv[2] : "";
    selection const selected = word == "all"       ? selection::all
                               : word == "control" ? selection::control
                                                   : selection::required;
    if (argc != 3 || (selected == selection::required && word != "required")) {
        std::cerr << "usage: operations URL required|all|control\n";
        return 2;
    }
    contract::checks checks(argv[1], selected);
    contract::send_all(checks);
    return checks.report();
}
