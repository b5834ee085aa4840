// A whole conversation on a controller without a heap, over a byte stream: subscribe, receive a forged and a signed
// message, answer the call with a message, unsubscribe. It is written as firmware would be. The bytes in both
// directions were written by hand, without the library.

#include <cstddef>
#include <string_view>

#include <sidecall/http1.hpp>
#include <sidecall/sidecall.hpp>

#include "board.hpp"

using namespace sidecall::literals;

namespace {

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
constexpr auto callback = "https://example.com/udm?leg=child"_callback_url;
constexpr std::string_view token = "0123456789abcdef0123456789abcdef";

constexpr std::string_view path =
    "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/CA00000000000000000000000000000002/";
constexpr std::string_view accept = ".json HTTP/1.1\r\nHost: api.twilio.com\r\nAccept: application/json\r\n"
                                    "Accept-Charset: utf-8\r\n";
constexpr std::string_view form = "Content-Type: application/x-www-form-urlencoded\r\n";
constexpr std::string_view agent = "User-Agent: sidecall/";
constexpr std::string_view authorization =
    "\r\nAuthorization: "
    "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==\r\n";

/// What the program must send, and nothing else. `version` is compared with the project's by another test.
constexpr std::string_view sent[] = {
    "POST ",
    path,
    "UserDefinedMessageSubscriptions",
    accept,
    form,
    agent,
    sidecall::version,
    authorization,
    "Content-Length: 66\r\n\r\nCallback=https%3A%2F%2Fexample.com%2Fudm%3Fleg%3Dchild&Method=POST",

    "HTTP/1.1 403 \r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 204 \r\n\r\n",

    "POST ",
    path,
    "UserDefinedMessages",
    accept,
    form,
    agent,
    sidecall::version,
    authorization,
    "Content-Length: 38\r\n\r\nContent=%7B%22hello%22%3A%22back%22%7D",

    "DELETE ",
    path,
    "UserDefinedMessageSubscriptions/ZY00000000000000000000000000000003",
    accept,
    agent,
    sidecall::version,
    authorization,
    "\r\n"};

constexpr std::string_view webhook = " HTTP/1.1\r\nHost: example.com\r\nContent-Length: 265\r\n"
                                     "Content-Type: application/x-www-form-urlencoded\r\n"
                                     "X-Twilio-Signature: qTTiHaXwWKbf3j1iymKc+k27yxQ=\r\n\r\n"
                                     "AccountSid=AC00000000000000000000000000000001&"
                                     "CallSid=CA00000000000000000000000000000002&"
                                     "Content=%7B%22hello%22%3A%22world%22%7D&ContentType=application%2Fjson&"
                                     "Sid=KX00000000000000000000000000000004&SequenceNumber=1&"
                                     "Timestamp=Thu%2C+30+Jul+2015+20%3A00%3A00+%2B0000";

/// What the program receives. The responses end by length, with the last chunk, and with the header.
constexpr std::string_view received[] = {
    "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 369\r\n\r\n"
    R"({"account_sid":"AC00000000000000000000000000000001","call_sid":"CA00000000000000000000000000000002",)"
    R"("sid":"ZY00000000000000000000000000000003","date_created":"Thu, 30 Jul 2015 20:00:00 +0000",)"
    R"("uri":"/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/CA00000000000000000000000000000002/)"
    R"(UserDefinedMessageSubscriptions/ZY00000000000000000000000000000003.json"})",

    "POST /udm?leg=parent",
    webhook,
    "POST /udm?leg=child",
    webhook,

    "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
    "64\r\n"
    R"({"account_sid":"AC00000000000000000000000000000001","call_sid":"CA00000000000000000000000000000002",)"
    "\r\n"
    "5c\r\n"
    R"("sid":"KX00000000000000000000000000000005","date_created":"Thu, 30 Jul 2015 20:00:01 +0000"})"
    "\r\n0\r\n\r\n",

    "HTTP/1.1 204 No Content\r\n\r\n"};

// The buffers of the conversation.
char for_the_token[104];
char for_the_credentials[104];
char for_a_request[896];
char for_the_bytes[1024];
char for_a_message[1024];
char for_the_parameters[448];

void expect(bool holds, std::string_view what)
{
    if (holds) return;
    board::print("FAILED: ");
    board::print(what);
    board::print("\n");
    board::end(1);
}

/// A position in a list of texts.
class stream {
public:
    template <std::size_t N>
    constexpr explicit stream(std::string_view const (&texts)[N]) noexcept : texts_(texts), end_(texts + N)
    {
    }

    /// The rest of the current text; empty at the end.
    std::string_view rest() const noexcept { return texts_ == end_ ? std::string_view() : texts_->substr(at_); }
    void skip(std::size_t size) noexcept
    {
        at_ += size;
        if (at_ != texts_->size()) return;
        ++texts_;
        at_ = 0;
    }

private:
    std::string_view const* texts_;
    std::string_view const* end_;
    std::size_t at_ = 0;
};

/// A modem in the same address space. It compares the bytes that are sent, and hands out bytes in small pieces.
struct modem {
    stream to_send{sent};
    stream to_receive{received};

    void send(std::string_view bytes) noexcept
    {
        for (char const byte : bytes) {
            expect(to_send.rest().substr(0, 1) == std::string_view(&byte, 1), "the program sent the wrong bytes");
            to_send.skip(1);
        }
    }
    std::string_view receive() const noexcept { return to_receive.rest().substr(0, 7); }
};

modem uart;

/// Reads from the modem until the message of the reader is complete. What follows it remains in the modem.
template <class Reader>
bool read_message(Reader& reader)
{
    for (;;) {
        auto const progress = reader.feed(uart.receive());
        if (!progress || progress->consumed == 0) return false;
        uart.to_receive.skip(progress->consumed);
        if (progress->done) return true;
    }
}

/// Sends a request and reads the response.
void exchange(sidecall::authorized_request const& request, sidecall::http1_response_reader& reader)
{
    {
        auto const bytes = request.to_http1(for_the_bytes);
        expect(bytes.has_value(), "the buffer is too small for the request");
        uart.send(bytes->reveal());
    }
    expect(read_message(reader), "the response cannot be read");
}

template <class Operation>
auto perform(Operation const& operation, sidecall::credentials const& credentials)
{
    auto const request = sidecall::authorize(operation, credentials, sidecall::endpoint::twilio(), for_a_request);
    expect(request.has_value(), "no request");
    sidecall::http1_response_reader reader(request->method(), for_a_message);
    exchange(*request, reader);
    return operation.parse(reader.view()); // may refer to `for_a_message`
}

/// Receives a request to the webhook and answers it. Returns whether it was a message that Twilio signed.
bool receive(sidecall::webhook_verifier const& verifier)
{
    sidecall::http1_request_reader reader(callback, for_a_message);
    expect(read_message(reader), "the webhook cannot be read");
    auto const message = verifier.receive(reader.request(), for_the_parameters);
    auto const response = sidecall::http1_response(message ? 204 : 403, {}, {}, for_the_bytes);
    expect(response.has_value(), "the buffer is too small for the response");
    uart.send(*response);
    if (!message) return false;
    expect(message->content() == R"({"hello":"world"})" && message->sequence_number() == 1, "wrong message");
    return true;
}

sidecall::subscription_sid subscribe(sidecall::credentials const& credentials)
{
    auto const subscription = perform(
        sidecall::create_user_defined_message_subscription_view{
            .account_sid = account, .call_sid = call, .callback = callback, .method = sidecall::http_method::post},
        credentials);
    expect(subscription.has_value(), "no subscription");
    return subscription->sid;
}

void answer(sidecall::credentials const& credentials)
{
    auto const content = sidecall::message_content_view::parse(R"({"hello":"back"})");
    expect(content.has_value(), "the content is refused");
    auto const message = perform(sidecall::create_user_defined_message_view{account, call, *content}, credentials);
    expect(message && message->sid == "KX00000000000000000000000000000005"_message_sid, "no message");
}

void unsubscribe(sidecall::credentials const& credentials, sidecall::subscription_sid const& subscription)
{
    auto const deleted =
        perform(sidecall::delete_user_defined_message_subscription_view{account, call, subscription}, credentials);
    expect(deleted.has_value(), "not unsubscribed");
}

} // namespace

int job() noexcept
{
    auto const secret = sidecall::secret::in(for_the_token, token);
    expect(secret.has_value(), "no secret");
    auto const credentials = sidecall::credentials::auth_token(account, *secret, for_the_credentials);
    expect(credentials.has_value(), "no credentials");
    sidecall::webhook_verifier const verifier(*secret);

    auto const subscription = subscribe(*credentials);
    expect(subscription == "ZY00000000000000000000000000000003"_subscription_sid, "wrong SID");
    expect(!receive(verifier), "a forged message is accepted");
    expect(receive(verifier), "the signed message is refused");
    answer(*credentials);
    unsubscribe(*credentials, subscription);
    expect(uart.to_send.rest().empty() && uart.to_receive.rest().empty(), "not all bytes were sent and received");
    board::print("stack ");
    board::print(board::most_stack());
    board::print("\n");
    return 0;
}
