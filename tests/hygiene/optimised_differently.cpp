#include "mixed_request.hpp"

int main()
{
    auto const operation = make_small(R"({"a": "a text that is longer than sixteen bytes, \u00e9"})");
    auto const credentials = sidecall::credentials::auth_token(operation.account_sid, sidecall::secret("a token"));
    sidecall::http_response const response{
        .status = 201,
        .body = R"({"sid":"KX00000000000000000000000000000003","date_created":"Wed, 18 Dec 2019 20:02:01 +0000"})"};
    auto const read = operation.parse(response);
    bool const same = wire_of(operation, credentials) == wire_small(operation, credentials);
    return same && read && is_read_small(response, *read) ? 0 : 1;
}
