// The stand-in for Twilio as a server, for tests of other programs.
//
//     standin_server [BODY...]
//
// Prints a line "URL ACCOUNT_SID AUTH_TOKEN" and serves requests until its standard input ends. Then prints a line for
// each request: method, target, response status, and 1 or 0 for right or wrong credentials. The first requests get a
// response with status 200 and one BODY each; this is for endpoints that the stand-in does not implement.

#include <ios>
#include <iostream>
#include <limits>

#include <sidecall/standin.hpp>

int main(int count, char** arguments)
{
    sidecall::twilio_standin standin;
    for (int i = 1; i < count; ++i) standin.answer_next({.body = arguments[i]});
    std::cout << standin.base_url() << ' ' << standin.account_sid() << ' ' << standin.auth_token() << std::endl;
    std::cin.ignore(std::numeric_limits<std::streamsize>::max());
    for (auto const& request : standin.ledger())
        std::cout << request.method << ' ' << request.target << ' ' << request.status << ' ' << request.authenticated
                  << '\n';
}
