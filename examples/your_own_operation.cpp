// How to write your own operation: this one fetches the status of a call from Twilio.
#include "call_program.hpp"
#include <sidecall/json.hpp>

struct fetch_call_status {
    sidecall::account_sid account;
    sidecall::call_sid call;
    using resource = std::string; // for example "in-progress"
    static constexpr auto request_method = sidecall::http_method::get;
    void write(auto& request) const
    {
        request.path("/2010-04-01/Accounts/").segment(account).path("/Calls/").segment(call).path(".json");
    }
    static sidecall::result<resource> parse(sidecall::http_response_view const& response)
    {
        if (response.status != 200) return sidecall::failure_of(response);
        return sidecall::json_object::parse(response.body).and_then([](auto it) { return it["status"].to_string(); });
    }
};

int main(int argc, char** argv)
{
    return run_for_call<fetch_call_status>(argc, argv, "your_own_operation", "Prints the status of a call.");
}
