// A new user's first program: creates a subscription through a transport that returns a fixed response.

#ifdef SINGLE_HEADER
#include "sidecall.hpp"
#else
#include <sidecall/sidecall.hpp>
#endif

#include <cstdio>

int main()
{
    using namespace sidecall::literals;
    auto const account = "AC00000000000000000000000000000001"_account_sid;
    auto const credentials = sidecall::credentials::auth_token(account, sidecall::secret("a token"));
    auto const callback = sidecall::callback_url::parse("https://example.com/udm");
    if (!callback) return 1;
    sidecall::create_user_defined_message_subscription const operation{
        .account_sid = account, .call_sid = "CA00000000000000000000000000000002"_call_sid, .callback = *callback};

    auto const transport =
        [](sidecall::authorized_request const& request) -> sidecall::result<sidecall::http_response> {
        if (request.host() != "api.twilio.com" || !request.body().starts_with("Callback=https"))
            return sidecall::failure(sidecall::errc::not_connected, "unexpected request");
        return sidecall::http_response{.status = 201, .body = R"({
            "account_sid": "AC00000000000000000000000000000001",
            "call_sid": "CA00000000000000000000000000000002",
            "sid": "ZY00000000000000000000000000000003",
            "date_created": "Mon, 23 Nov 2026 12:00:00 +0000",
            "uri": "/2010-04-01"})"};
    };
    auto const subscription = sidecall::send(operation, credentials, transport);
    bool const is_right = subscription && subscription->sid.view() == "ZY00000000000000000000000000000003";
    std::puts(is_right ? "ok" : subscription ? "unexpected SID" : subscription.error().to_string().c_str());
    return is_right ? 0 : 1;
}
