#include "mixed_request.hpp"

using namespace sidecall::literals;

sidecall::create_user_defined_message make_small(std::string_view content)
{
    return {.account_sid = "AC00000000000000000000000000000001"_account_sid,
            .call_sid = "CA00000000000000000000000000000002"_call_sid,
            .content = *sidecall::message_content::parse(content)};
}

std::string wire_small(sidecall::create_user_defined_message const& operation, sidecall::credentials const& credentials)
{
    return wire_of(operation, credentials);
}

bool is_read_small(sidecall::http_response const& response, sidecall::user_defined_message const& expected)
{
    auto const read = sidecall::create_user_defined_message::parse(response);
    return read && *read == expected;
}
