// The program of the design document, word for word. tests/tools/same_words.py compares it with that document where it
// is available. Built without exceptions and RTTI.

#include <sidecall/sidecall.hpp>      // the pure core: no socket, no adapter
using namespace sidecall::literals;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;   // a typo does not compile
constexpr auto call    = "CA00000000000000000000000000000002"_call_sid;

sidecall::result<sidecall::user_defined_message_subscription>
subscribe(sidecall::credentials const& credentials, std::string_view url, auto& transport)
{
    auto callback = sidecall::callback_url::parse(url);
    if (!callback) return callback.error();                        // which rule, and at which byte

    sidecall::create_user_defined_message_subscription operation{
        .account_sid = account, .call_sid = call, .callback = *callback,
        .idempotency_key = sidecall::idempotency_key::random(),
        .method = sidecall::http_method::post};

    return sidecall::send(operation, credentials, transport);      // = parse(transport(authorize(request())))
}

bool three_steps(sidecall::create_user_defined_message_subscription const& operation,
                 sidecall::credentials const& credentials, std::string_view bytes)
{
    sidecall::header const fields[] = {{"Content-Type", "application/json"}};
    sidecall::http_request        request    = operation.request();               // or request(endpoint)
    sidecall::authorized_request  authorized = sidecall::authorize(request, credentials);
    if (authorized.url() != request.url() || authorized.method() != request.method()) return false;
    auto subscription = operation.parse({.status = 201, .headers = fields, .body = bytes});
    return subscription.has_value();
}

// A transport is any callable:
auto canned = [](sidecall::authorized_request const&) -> sidecall::result<sidecall::http_response> {
    return sidecall::http_response{.status = 201, .body = R"({"sid":"ZY00000000000000000000000000000003"})"};
};
static_assert(sidecall::transport<decltype(canned)>);

bool webhook()
{
    // The webhook: a message can only be had from a request whose signature holds.
    sidecall::webhook_verifier verifier{sidecall::secret{"auth token"}};           // a second token during a rotation
    sidecall::result<sidecall::incoming_message> message = verifier.receive({
        .method = "POST", .url = "https://example.com/udm", .content_type = "application/x-www-form-urlencoded",
        .signature = "…", .body = "…"});
    return !message && message.error().code() == sidecall::errc::invalid_signature;
}

int main()
{
    auto const credentials = sidecall::credentials::auth_token(account, sidecall::secret{"auth token"});
    auto const made = subscribe(credentials, "https://example.com/udm", canned);
    auto const refused = subscribe(credentials, "https://my_host.example.com/udm", canned);
    sidecall::create_user_defined_message_subscription const operation{
        .account_sid = account, .call_sid = call, .callback = "https://example.com/udm"_callback_url};
    bool const right = made && made->sid.view() == "ZY00000000000000000000000000000003" && !refused &&
                       refused.error().field() == "Callback" && refused.error().offset() == 10 &&
                       three_steps(operation, credentials, R"({"sid":"ZY00000000000000000000000000000003"})") &&
                       webhook();
    return right ? 0 : 1;
}
