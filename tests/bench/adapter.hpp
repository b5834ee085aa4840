#pragma once

#include <string>
#include <utility>
#include <vector>

#include "inputs.hpp"

namespace bench {

/// A subscription request, ready to send.
struct subscribe_input {
    std::string url;
    std::string target;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
};

namespace peers {

/// Sends `in` with a client that keeps its connection, and returns the body of the response.
std::string subscribe_with_httplib(int port, subscribe_input const& in);

} // namespace peers

} // namespace bench
