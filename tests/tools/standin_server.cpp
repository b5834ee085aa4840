// The stand-in for Twilio as a server, for tests of other programs.
//
//     standin_server [--call=SID]... [BODY...]
//
// Prints a line "URL ACCOUNT_SID AUTH_TOKEN" and serves requests until its standard input ends. Then prints a line for
// each request: method, target, response status, and 1 or 0 for right or wrong credentials. Only the calls of --call
// are in progress; without it, every call is. The first requests get a response with status 200 and one BODY each; this
// is for endpoints that the stand-in does not implement. Two commands on standard input print one line each:
//
//     send CALL CONTENT    sends a message from the client of a call; prints the number of callbacks
//     subscriptions        prints the number of subscriptions that exist

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <sidecall/standin.hpp>

int main(int count, char** arguments)
{
    sidecall::standin_options options;
    options.api_keys = {{"SK00000000000000000000000000000001", "stand-in-key-secret"}};
    std::vector<std::string> bodies;
    for (int i = 1; i < count; ++i) {
        std::string const argument = arguments[i];
        if (argument.rfind("--call=", 0) == 0)
            options.calls.push_back(argument.substr(7));
        else
            bodies.push_back(argument);
    }
    sidecall::twilio_standin standin(options);
    for (auto const& body : bodies) standin.answer_next({.body = body});
    std::cout << standin.base_url() << ' ' << standin.account_sid() << ' ' << standin.auth_token() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string command, call, content;
        words >> command >> call >> std::ws;
        std::getline(words, content);
        if (command == "send") std::cout << standin.client_sends(call, content).size() << std::endl;
        if (command == "subscriptions") std::cout << standin.subscriptions().size() << std::endl;
    }
    for (auto const& request : standin.ledger())
        std::cout << request.method << ' ' << request.target << ' ' << request.status << ' ' << request.authenticated
                  << '\n';
}
