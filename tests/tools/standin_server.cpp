// The stand-in as a server for programs under test. It prints a line, "URL ACCOUNT_SID AUTH_TOKEN", serves until its
// standard input ends, and then prints a line for each request: its method, its target, the status of the answer, and
// whether the credentials were right, 1 or 0. Each argument is the body of an answer, with the status 200, to one of
// the first requests, for what the stand-in does not know.

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
