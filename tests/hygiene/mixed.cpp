// One program of two translation units, one built with -Os and one with -O2, that give each other the library's types.
// Compiled for each with PART as the name of what it defines. Whichever inline function the linker keeps of two, the
// results are the same.

#include <sidecall/sidecall.hpp>

#include <string>
#include <string_view>

using namespace sidecall::literals;

namespace {

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr std::string_view form = "Sid=KX00000000000000000000000000000004&CallSid=CA00000000000000000000000000000002"
                                  "&AccountSid=AC00000000000000000000000000000001&SequenceNumber=1"
                                  "&Content=%7B%22text%22%3A%22more+than+sixteen+bytes%22%7D";

} // namespace

struct results {
    sidecall::http_request request;
    sidecall::result<sidecall::callback_url> callback;
    sidecall::result<sidecall::user_defined_message_subscription> subscription;
    sidecall::result<sidecall::incoming_message> message;
    sidecall::webhook_verifier verifier;
    sidecall::authorized_request authorized;
};

namespace PART {

results make(std::string_view url, std::string_view signature)
{
    sidecall::create_user_defined_message_subscription const operation{
        .account_sid = account,
        .call_sid = "CA00000000000000000000000000000002"_call_sid,
        .callback = *sidecall::callback_url::parse(url)};
    sidecall::webhook_verifier const verifier(sidecall::secret("0123456789abcdef0123456789abcdef"));
    auto const credentials = sidecall::credentials::auth_token(account, sidecall::secret("a token of some length"));
    return {
        operation.request(),
        sidecall::callback_url::parse("https://an_underscore.example.com/udm"),
        operation.parse({.status = 201, .body = R"({"sid":"ZY00000000000000000000000000000003"})"}),
        verifier.receive(
            {.url = url, .content_type = "application/x-www-form-urlencoded", .signature = signature, .body = form}),
        verifier,
        sidecall::authorize(operation.request(), credentials)};
}

/// Whether these are what this part makes of the same.
bool are_as_here(results const& there, std::string_view url, std::string_view signature)
{
    results const here = make(url, signature);
    auto const again = there.verifier.receive(
        {.url = url, .content_type = "application/x-www-form-urlencoded", .signature = signature, .body = form});
    auto const text_here = here.authorized.to_http1(), text_there = there.authorized.to_http1();
    return here.request == there.request && !there.callback &&
           here.callback.error().to_string() == there.callback.error().to_string() && there.subscription &&
           here.subscription->sid == there.subscription->sid && there.message && again &&
           here.message->content() == there.message->content() && again->content() == there.message->content() &&
           text_here.reveal() == text_there.reveal();
}

} // namespace PART

#ifdef MAIN

namespace small {
results make(std::string_view url, std::string_view signature);
bool are_as_here(results const& there, std::string_view url, std::string_view signature);
} // namespace small

int main(int count, char**)
{
    std::string url = "https://example.com:8443/user-defined-messages?with=a+query";
    if (count > 1) url += '!'; // so that the compiler does not know it
    std::string_view const signature = "bcx8Y9w1f044YPPvdO2dQP4T160=";
    bool const same = small::are_as_here(PART::make(url, signature), url, signature) &&
                      PART::are_as_here(small::make(url, signature), url, signature);
    return same ? 0 : 1;
}

#endif
