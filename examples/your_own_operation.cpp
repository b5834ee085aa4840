// How to write your own operation: this one fetches the status of a call from Twilio.

#include "program.hpp"
#include <sidecall/curl.hpp>
#include <sidecall/json.hpp>
#include <sidecall/sidecall.hpp>

struct fetch_call_status {
    sidecall::account_sid account;
    sidecall::call_sid call;
    using resource = std::string; // for example "in-progress"
    sidecall::http_request request(sidecall::endpoint const& endpoint) const
    {
        return sidecall::http_request(sidecall::http_method::get, endpoint,
                                      {"/2010-04-01/Accounts/", account.view(), "/Calls/", call.view(), ".json"});
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        if (response.status != 200) return sidecall::failure_of(response);
        auto const call = sidecall::json_object::parse(response.body);
        if (!call) return call.error();
        return (*call)["status"].string().transform([](auto const& status) { return status.to_string(); });
    }
};

int main(int argc, char** argv)
{
    std::string call;
    server_arguments server;
    CLI::App app("Prints the status of a call.", "your_own_operation");
    app.add_option("--call", call, "SID of the call, CA…")->required();
    server.add_to(app);
    return run_program(app, argc, argv, [&] {
        auto const user = identity_or_stop();
        fetch_call_status const operation{user.account, value_or_stop(sidecall::call_sid::parse(call))};
        auto const status = sidecall::send(operation, user.credentials(), sidecall::curl_transport(), server.parse());
        std::cout << printable(value_or_stop(status)) << '\n';
    });
}
