// The whole job on a controller without a heap: subscribe, parse the response, verify and parse a signed message. It is
// written as firmware would be. Inputs and expected results were written by hand, without the library.

#include <iterator>
#include <string_view>

#include <sidecall/sidecall.hpp>

#include "board.hpp"

using namespace sidecall::literals;

namespace {

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
constexpr auto callback = "https://example.com/udm?leg=child"_callback_url;
constexpr std::string_view token = "0123456789abcdef0123456789abcdef";

constexpr std::string_view request_url =
    "https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/"
    "CA00000000000000000000000000000002/UserDefinedMessageSubscriptions.json";
constexpr std::string_view request_body = "Callback=https%3A%2F%2Fexample.com%2Fudm%3Fleg%3Dchild&Method=POST";
constexpr sidecall::header request_headers[] = {
    {"Accept", "application/json"},
    {"Accept-Charset", "utf-8"},
    {"Content-Type", "application/x-www-form-urlencoded"},
    {"User-Agent", "sidecall/"}, // and a version, which other tests compare
    {"Authorization",
     "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg=="},
};

constexpr std::string_view created =
    R"({"account_sid":"AC00000000000000000000000000000001","call_sid":"CA00000000000000000000000000000002",)"
    R"("sid":"ZY00000000000000000000000000000003","date_created":"Thu, 30 Jul 2015 20:00:00 +0000",)"
    R"("uri":"/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/CA00000000000000000000000000000002/)"
    R"(UserDefinedMessageSubscriptions/ZY00000000000000000000000000000003.json"})";
constexpr std::string_view created_uri =
    "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/CA00000000000000000000000000000002/"
    "UserDefinedMessageSubscriptions/ZY00000000000000000000000000000003.json";

constexpr sidecall::webhook_request signed_message = {
    .method = "POST",
    .url = "https://example.com/udm?leg=child",
    .content_type = "application/x-www-form-urlencoded",
    .signature = "qTTiHaXwWKbf3j1iymKc+k27yxQ=",
    .body = "AccountSid=AC00000000000000000000000000000001&CallSid=CA00000000000000000000000000000002&"
            "Content=%7B%22hello%22%3A%22world%22%7D&ContentType=application%2Fjson&"
            "Sid=KX00000000000000000000000000000004&SequenceNumber=1&"
            "Timestamp=Thu%2C+30+Jul+2015+20%3A00%3A00+%2B0000"};

// The buffers of the job.
char for_the_token[104];
char for_the_credentials[104];
char for_a_request[896];
char for_a_message[448];

void expect(bool holds, std::string_view what)
{
    if (holds) return;
    board::print("FAILED: ");
    board::print(what);
    board::print("\n");
    board::end(1);
}

/// A modem in the same address space: checks every byte of the request, and returns a view of a constant response.
sidecall::result<sidecall::http_response_view> modem(sidecall::authorized_request const& request)
{
    bool same = request.method() == sidecall::http_method::post && request.url() == request_url &&
                request.body() == request_body;
    auto const* wanted = request_headers;
    for (sidecall::header const field : request.headers()) {
        bool const named = wanted->name == "User-Agent";
        same = same && wanted != std::end(request_headers) && field.name == wanted->name &&
               (named ? field.value.substr(0, wanted->value.size()) : std::string_view(field.value)) == wanted->value;
        ++wanted;
    }
    expect(same && wanted == std::end(request_headers), "the request has the wrong bytes");
    static int volatile status = 201; // hides the status from the compiler
    return sidecall::http_response_view{.status = status, .body = created};
}

void subscribe(sidecall::secret const& secret)
{
    auto const who = sidecall::credentials::auth_token(account, secret, for_the_credentials);
    expect(who.has_value(), "no credentials");
    sidecall::create_user_defined_message_subscription_view const operation{
        .account_sid = account, .call_sid = call, .callback = callback, .method = sidecall::http_method::post};
    auto const subscription = sidecall::send(operation, *who, modem, sidecall::endpoint::twilio(), for_a_request);
    expect(subscription.has_value(), "no subscription");
    expect(subscription->sid == "ZY00000000000000000000000000000003"_subscription_sid, "wrong SID");
    expect(subscription->date_created && subscription->date_created->unix_seconds == 1438286400, "wrong date");
    expect(subscription->uri && *subscription->uri == created_uri, "wrong URI");
}

void receive(sidecall::secret const& secret)
{
    sidecall::webhook_verifier const verifier(secret);
    auto forged = signed_message;
    forged.url = "https://example.com/udm?leg=parent";
    expect(!verifier.receive(forged, for_a_message), "a forged message is accepted");

    auto const message = verifier.receive(signed_message, for_a_message);
    expect(message.has_value(), "the signed message is rejected");
    expect(message->content() == R"({"hello":"world"})" && message->sequence_number() == 1, "wrong message");
}

} // namespace

int job() noexcept
{
    auto const secret = sidecall::secret::in(for_the_token, token);
    expect(secret.has_value(), "no secret");
    subscribe(*secret);
    receive(*secret);
    board::print("stack ");
    board::print(board::most_stack());
    board::print("\n");
    return 0;
}
