// Lets each allocation of the adapters for cpp-httplib fail once, ours and cpp-httplib's own in our thread.
//
// The threads of cpp-httplib are left out. If they run out of memory while they read a request, an exception leaves the
// thread, which ends the program.

#include "torture.hpp"

#include "../adapters/loopback_server.hpp"
#include "../unit/request_of.hpp"

#include <sidecall/httplib.hpp>
#include <sidecall/sidecall.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace {

using namespace sidecall::literals;
using namespace std::chrono_literals;
using sidecall::http_method;
using answer = sidecall::result<sidecall::http_response>;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
std::string const token = "a-token-that-nobody-may-see";
std::string const long_text(300, 'x');
std::string const created = "HTTP/1.1 201 Created\r\nContent-Length: " + std::to_string(long_text.size()) +
                            "\r\nX-Long: " + long_text + "\r\n\r\n" + long_text;

sidecall::authorized_request post(std::string const& url)
{
    return authorize(
        request_of(http_method::post, "/path", {{"Name", long_text}}, sidecall::endpoint::parse(url).value()),
        sidecall::credentials::auth_token(account, sidecall::secret(token)));
}

/// One request on a transport that the attempt creates, or on an existing transport with a kept connection.
struct carried {
    explicit carried(bool is_there) : request(post(server.url()))
    {
        if (!is_there) return;
        transport.emplace(options);
        REQUIRE((*transport)(request).has_value());
    }
    void attempt()
    {
        if (!transport) transport.emplace(options);
        got.emplace((*transport)(request));
    }
    void check(torture::report const& is) const
    {
        CHECK(is.has_thrown != got.has_value());
        if (!got) return;
        CHECK((is.number != 0 || got->has_value()));
        CHECK((got->has_value() ? (*got)->body == long_text : !got->error().http_status()));
    }
    void again()
    {
        if (!transport) transport.emplace(options);
        auto const next = (*transport)(request);
        CHECK_MESSAGE(next.has_value(), (next ? std::string() : next.error().to_string()));
    }

    loopback::server server{loopback::always(created)};
    sidecall::authorized_request request;
    sidecall::transport_options options{.connect_timeout = 5s, .total_timeout = 5s};
    std::optional<sidecall::httplib_transport> transport{};
    std::optional<answer> got{};
};

} // namespace

TEST_CASE("httplib_transport, first request and request on a kept connection")
{
    for (bool const is_there : {false, true}) torture::run([&] { return std::make_unique<carried>(is_there); });
}

namespace {

std::string sign(std::string const& text)
{
    unsigned char code[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha1(), token.data(), static_cast<int>(token.size()), reinterpret_cast<unsigned char const*>(text.data()),
         text.size(), code, &size);
    std::string signature(64, '\0');
    signature.resize(static_cast<std::size_t>(
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(signature.data()), code, static_cast<int>(size))));
    return signature;
}

/// A server with a webhook. Its thread runs out of memory between cpp-httplib's call of the request handlers and the
/// return of their response. That covers our code and the part of cpp-httplib that reports how the handler ended.
class webhook_server {
public:
    webhook_server() : port_(server_.bind_to_any_port("127.0.0.1"))
    {
        sidecall::mount_webhook(server_, sidecall::callback_url::parse(url()).value(),
                                sidecall::webhook_verifier(sidecall::secret(token)),
                                [this](sidecall::incoming_message&& message) {
                                    std::string const copy(message.content()); // the handler itself allocates
                                    ++handled_;
                                });
        server_.set_pre_routing_handler([this](httplib::Request const&, httplib::Response&) {
            trial_.emplace(plan_);
            return httplib::Server::HandlerResponse::Unhandled;
        });
        server_.set_post_routing_handler([this](httplib::Request const&, httplib::Response&) { end_trial(); });
        server_.set_exception_handler([this](httplib::Request const&, httplib::Response& response, auto&&...) {
            end_trial();
            response.status = 500;
        });
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield();

        std::string const fields = "AccountSid=AC00000000000000000000000000000001&CallSid=CA00000000000000000000000000"
                                   "000002&Content=" +
                                   long_text +
                                   "&ContentType=application/json&SequenceNumber=0&Sid=KX0000000000000000000000000000"
                                   "0003&Timestamp=Wed%2C+18+Dec+2019+20%3A02%3A01+%2B0000";
        std::string const text = url() +
                                 "AccountSidAC00000000000000000000000000000001CallSidCA00000000000000000000000000000002"
                                 "Content" +
                                 long_text +
                                 "ContentTypeapplication/jsonSequenceNumber0SidKX00000000000000000000000000000003"
                                 "TimestampWed, 18 Dec 2019 20:02:01 +0000";
        good_ = {fields, sign(text)};
        bad_ = {fields, sign("another")};
    }
    ~webhook_server()
    {
        server_.stop();
        thread_.join();
    }

    /// The status of the response to a request that is subject to the plan; 0 if there is none.
    int ask(bool is_good, faulty_memory::plan const& plan)
    {
        plan_ = plan;
        httplib::Client client("127.0.0.1", port_);
        client.set_read_timeout(5, 0);
        auto const& [body, signature] = is_good ? good_ : bad_;
        auto const got =
            client.Post("/udm", {{"X-Twilio-Signature", signature}}, body, "application/x-www-form-urlencoded");
        return got ? got->status : 0;
    }
    std::uint64_t allocations() const { return allocations_; }
    int handled() const { return handled_; }

private:
    struct request {
        std::string body{}, signature{};
    };

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/udm"; }
    void end_trial()
    {
        if (trial_) allocations_ = faulty_memory::trial::count();
        trial_.reset();
    }

    httplib::Server server_;
    int port_;
    std::thread thread_;
    request good_{}, bad_{};
    faulty_memory::plan plan_{};
    std::optional<faulty_memory::trial> trial_{};
    std::atomic<std::uint64_t> allocations_ = 0;
    std::atomic<int> handled_ = 0;
};

} // namespace

TEST_CASE("a webhook answers 204 if and only if its handler was called and returned")
{
    std::size_t const live = faulty_memory::live();
    auto there = std::make_unique<webhook_server>();
    auto& server = *there;
    for (bool const is_good : {true, false}) {
        int const right = is_good ? 204 : 403;
        CHECK(server.ask(is_good, {.sources = faulty_memory::cpp}) == right);
        CHECK(server.ask(is_good, {.sources = faulty_memory::cpp}) == right);
        REQUIRE(server.allocations() > 10);
        for (bool const goes_on : {false, true})
            for (std::uint64_t number = 1, reached = 1; reached >= number; ++number) {
                CAPTURE(number);
                CAPTURE(goes_on);
                int const before = server.handled();
                int const status =
                    server.ask(is_good, {.sources = faulty_memory::cpp, .first_failing = number, .goes_on = goes_on});
                reached = server.allocations();
                bool const was_called = server.handled() != before;
                CHECK((status == right || status == 500));
                CHECK((was_called ? is_good : status != 204));
                CHECK(server.ask(is_good, {}) == right);
                REQUIRE(number < 10'000);
            }
    }
    there.reset();
    CHECK(faulty_memory::live() == live);
}
