#pragma once

// A main function for an operation on one call, which prints what the operation returns.

#include "program.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/transport.hpp>

/// Sends `Operation{account, call}` and prints its resource, a text. The account comes from the environment, the call
/// from --call.
template <sidecall::operation Operation>
int run_for_call(int argc, char** argv, char const* name, char const* purpose)
{
    std::string call;
    server_arguments server;
    CLI::App app(purpose, name);
    app.add_option("--call", call, "SID of the call, CA…")->required();
    server.add_to(app);
    output out;
    out.add_to(app);
    app.footer(exit_statuses({{"0", "printed"},
                              {"1", "the request failed"},
                              {"2", "wrong arguments or environment variables; nothing was sent"}}));
    return run_program(app, argc, argv, [&] {
        auto const user = server.read();
        Operation const operation{user.account_sid, value_or_stop(sidecall::call_sid::parse(call))};
        auto result = sidecall::send(operation, user.credentials, sidecall::curl_transport(), user.endpoint);
        std::string const text = value_or_stop(std::move(result));
        out.print(printable(text), {{"call_sid", operation.call.view()}, {"result", text}});
    });
}
