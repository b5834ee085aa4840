// An operation of your own: asks Twilio for the status of a call.

#include "program.hpp"
#include <nlohmann/json.hpp>
#include <sidecall/curl.hpp>
#include <sidecall/sidecall.hpp>

struct fetch_call_status {
    sidecall::account_sid account;
    sidecall::call_sid call;
    using resource = std::string; // "in-progress", say
    sidecall::http_request request(sidecall::endpoint const& where) const
    {
        return sidecall::http_request(sidecall::http_method::get, where,
                                      {"/2010-04-01/Accounts/", account.view(), "/Calls/", call.view(), ".json"});
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        if (response.status != 200) return sidecall::failure_of(response);
        auto const call = nlohmann::json::parse(response.body, nullptr, false); // which does not throw
        if (call.contains("status") && call["status"].is_string()) return call["status"].get<resource>();
        return sidecall::failure(sidecall::errc::malformed_response, "status", "not there, or no string");
    }
};

int main(int argc, char** argv)
{
    std::string call;
    server_arguments server;
    CLI::App app("Prints the status of a call.", "your_own_operation");
    app.add_option("--call", call, "the call's SID, CA…")->required();
    server.add_to(app);
    return run_program(app, argc, argv, [&] {
        auto const who = identity_or_stop();
        fetch_call_status const operation{who.account, value_or_stop(sidecall::call_sid::parse(call))};
        auto const status = sidecall::send(operation, who.credentials(), sidecall::curl_transport(), server.parse());
        std::cout << printable(value_or_stop(status)) << '\n';
    });
}
