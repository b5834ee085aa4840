// Runs examples/conversation as a user of Twilio would: with an account, a callback and a port, against a stand-in in
// another process, which is this test. CONVERSATION is the path of the program.

#include <sidecall/standin.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace conversation_test {

/// A port that was free a moment ago.
int free_port()
{
    int const socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(socket, any, size) == 0);
    REQUIRE(::getsockname(socket, any, &size) == 0);
    ::close(socket);
    return ntohs(address.sin_port);
}

/// Waits until the condition holds. Returns false if it does not within 20 seconds.
template <class Condition>
bool wait_until(Condition condition)
{
    for (int i = 0; i != 2000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    return condition();
}

/// The program, with its output.
class program {
public:
    explicit program(sidecall::twilio_standin const& twilio)
        : url_{"http://127.0.0.1:" + std::to_string(port_) + "/twilio?tenant=1"},
          output_{::popen(command(twilio).c_str(), "r")}
    {
        REQUIRE(output_ != nullptr);
    }
    program(program const&) = delete;
    program& operator=(program const&) = delete;
    ~program()
    {
        if (output_ != nullptr) ::pclose(output_);
    }

    std::string const& url() const { return url_; }

    /// Waits for the end of the program. Returns its exit status, and appends its output.
    int wait(std::string& output)
    {
        char buffer[4096];
        for (std::size_t size = 1; size != 0; output.append(buffer, size))
            size = std::fread(buffer, 1, sizeof buffer, output_);
        int const status = ::pclose(output_);
        output_ = nullptr;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    std::string command(sidecall::twilio_standin const& twilio) const
    {
        return "env -u TWILIO_EDGE -u TWILIO_REGION TWILIO_ACCOUNT_SID=" + twilio.account_sid() +
               " TWILIO_AUTH_TOKEN=" + twilio.auth_token() + " '" + std::getenv("CONVERSATION") +
               "' --to client:alice --from +15005550006 --callback '" + url_ + "' --port " + std::to_string(port_) +
               " --wait 20 --endpoint " + twilio.base_url() + " 2>&1";
    }

    int port_ = free_port();
    std::string url_;
    std::FILE* output_;
};

std::string status_of_the_call(sidecall::twilio_standin const& twilio)
{
    auto const calls = twilio.calls();
    return calls.size() == 1 ? calls[0].status : "";
}

TEST_CASE("the program ends a call that was answered")
{
    sidecall::twilio_standin twilio;
    program conversation{twilio};
    REQUIRE(wait_until([&] { return status_of_the_call(twilio) == "queued"; }));
    auto const call = twilio.calls()[0];
    CHECK(call.to == "client:alice");
    CHECK(call.parameter("StatusCallback") == conversation.url());
    for (auto const* status : {"ringing", "in-progress"})
        for (auto const& callback : twilio.set_call_status(call.sid, status)) CHECK(callback.status == 204);

    REQUIRE(wait_until([&] { return twilio.subscriptions().size() == 1; }));
    auto const sent = twilio.client_sends(call.sid, R"({"text":"Hi"})");
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].status == 204);

    std::string output;
    CHECK(conversation.wait(output) == 0);
    CAPTURE(output);
    CHECK(output.find(R"(#0: {"text":"Hi"})") != output.npos);
    CHECK(output.find("== Done") != output.npos);
    CHECK(twilio.client_received(call.sid).size() == 1);
    CHECK(twilio.subscriptions().empty());
    CHECK(status_of_the_call(twilio) == "completed");
    CHECK(twilio.warnings().empty());
}

TEST_CASE("the program reports a call that nobody answers")
{
    sidecall::twilio_standin twilio;
    program conversation{twilio};
    REQUIRE(wait_until([&] { return status_of_the_call(twilio) == "queued"; }));
    twilio.set_call_status(twilio.calls()[0].sid, "no-answer");
    std::string output;
    CHECK(conversation.wait(output) == 1);
    CHECK(output.find("conversation: the call ended: no-answer") != output.npos);
}

TEST_CASE("the program reports a call that ends before its client sends a message")
{
    sidecall::twilio_standin twilio;
    program conversation{twilio};
    REQUIRE(wait_until([&] { return status_of_the_call(twilio) == "queued"; }));
    std::string const sid = twilio.calls()[0].sid;
    twilio.set_call_status(sid, "in-progress");
    REQUIRE(wait_until([&] { return twilio.subscriptions().size() == 1; }));
    twilio.set_call_status(sid, "completed");
    std::string output;
    CHECK(conversation.wait(output) == 1);
    CHECK(output.find("conversation: the call ended without a message") != output.npos);
}

} // namespace conversation_test
