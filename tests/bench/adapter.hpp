#pragma once

#include <string>
#include <utility>
#include <vector>

#include "inputs.hpp"

namespace bench {

/// A subscription that only has to be sent.
struct subscribe_input {
    std::string url;
    std::string target;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
};

namespace peers {

/// The answer's body, by a client that is kept, and its connection with it.
std::string subscribe_with_httplib(int port, subscribe_input const& in);

} // namespace peers

} // namespace bench
