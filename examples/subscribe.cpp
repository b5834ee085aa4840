// The main job. Without the TWILIO_ variables it runs anywhere, against a stand-in for Twilio within this process: it
// subscribes to the messages of a call, receives a signed one, answers it, and ends the subscription. With
// TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN set it subscribes at Twilio, or at the server that --endpoint names, and
// ends the subscription again (or keeps it, for webhook_server).

#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "program.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/httplib.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/standin.hpp>

namespace {

struct arguments {
    std::string call;
    std::string callback;
    std::string method;
    std::string idempotency_key;
    server_arguments server;
    std::string transport = "curl";
    bool keep = false;
    bool dry_run = false;
};

sidecall::create_user_defined_message_subscription subscription_of(arguments const& given,
                                                                   sidecall::account_sid const& account)
{
    sidecall::create_user_defined_message_subscription operation{
        .account_sid = account,
        .call_sid = value_or_stop(sidecall::call_sid::parse(given.call)),
        .callback = value_or_stop(sidecall::callback_url::parse(given.callback)),
        .idempotency_key = given.idempotency_key.empty()
                               ? sidecall::idempotency_key::random()
                               : value_or_stop(sidecall::idempotency_key::parse(given.idempotency_key))};
    if (!given.method.empty()) {
        operation.method = value_or_stop(sidecall::parse_http_method(given.method));
        if (!is_documented(*operation.method))
            std::cerr << "subscribe: note: Twilio's documentation names GET and POST alone for --method\n";
    }
    return operation;
}

void say(std::string_view what)
{
    std::cout << "== " << what << "\n\n";
}

void show(sidecall::http_request const& request, std::string_view credential)
{
    std::cout << "> " << to_string_view(request.method()) << ' ' << request.url() << '\n';
    for (auto const& field : request.headers()) std::cout << "> " << field.name << ": " << field.value << '\n';
    std::cout << "> Authorization: " << credential << '\n';
    if (!request.body().empty()) std::cout << ">\n> " << request.body() << '\n';
    std::cout << '\n';
}

void show(sidecall::http_response const& response)
{
    std::cout << "< HTTP " << response.status << '\n';
    for (auto const& field : response.headers)
        std::cout << "< " << printable(field.name) << ": " << printable(field.value) << '\n';
    if (!response.body.empty()) std::cout << "<\n< " << printable(response.body) << '\n';
    std::cout << '\n';
}

template <class Sid>
std::string_view view_or_null(std::optional<Sid> const& sid)
{
    return sid ? sid->view() : "null";
}

void show(sidecall::user_defined_message_subscription const& made)
{
    std::cout << "   sid           " << made.sid.view() << '\n'
              << "   account_sid   " << view_or_null(made.account_sid) << '\n'
              << "   call_sid      " << view_or_null(made.call_sid) << '\n'
              << "   date_created  "
              << (made.date_created ? std::to_string(made.date_created->unix_seconds) + " (Unix time)" : "null") << '\n'
              << "   uri           " << printable(made.uri.value_or("null")) << "\n\n";
}

void show(sidecall::incoming_message const& message)
{
    std::cout << "   content          " << printable(message.content()) << '\n'
              << "   content_type     " << printable(message.content_type()) << '\n'
              << "   sequence_number  " << message.sequence_number() << '\n'
              << "   sid              " << message.sid().view() << '\n'
              << "   call_sid         " << message.call_sid().view() << '\n'
              << "   timestamp        ";
    if (message.timestamp())
        std::cout << message.timestamp()->unix_seconds << " (Unix time)\n\n";
    else
        std::cout << "none that can be read\n\n";
}

using any_transport = std::function<sidecall::result<sidecall::http_response>(sidecall::authorized_request const&)>;

/// Whom we talk to, and how.
struct session {
    sidecall::account_sid account;
    sidecall::credentials who;
    sidecall::endpoint where;
    any_transport carrier;

    /// Sends an operation through a transport that shows what passes: a transport around a transport is a lambda.
    template <sidecall::operation Operation>
    auto send_and_show(Operation const& operation)
    {
        show(operation.request(where), "(redacted)");
        auto const watched = [this](sidecall::authorized_request const& request) {
            auto response = carrier(request);
            if (response) show(*response);
            return response;
        };
        auto answer = sidecall::send(operation, who, watched, where);
        if (!answer) give_up(answer.error());
        return answer;
    }
};

any_transport transport_of(std::string const& name)
{
    // std::function copies what it holds, and the transports cannot be copied.
    if (name == "httplib")
        return [own = std::make_shared<sidecall::httplib_transport>()](auto const& request) { return (*own)(request); };
    return [own = std::make_shared<sidecall::curl_transport>()](auto const& request) { return (*own)(request); };
}

/// A server for the callback on a loopback port, in a thread of its own.
class callback_server {
public:
    explicit callback_server(std::string const& token)
    {
        int const port = server_.bind_to_any_port("127.0.0.1");
        if (port < 0) throw stop{"no loopback port to listen on", 1};
        url_ = "http://127.0.0.1:" + std::to_string(port) + "/udm?tenant=1";
        sidecall::mount_webhook(server_, value_or_stop(sidecall::callback_url::parse(url_)),
                                sidecall::webhook_verifier(sidecall::secret(token)),
                                [this](sidecall::incoming_message&& message) { first_.set_value(std::move(message)); });
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield(); // cpp-httplib forgets a stop() that comes before
    }
    ~callback_server()
    {
        server_.stop();
        thread_.join();
    }

    std::string const& url() const { return url_; }

    /// The first message that came with a signature that holds.
    sidecall::incoming_message wait() { return first_.get_future().get(); }

private:
    httplib::Server server_;
    std::promise<sidecall::incoming_message> first_;
    std::string url_;
    std::thread thread_;
};

/// A message of the client's, and our answer to it.
void converse(session& twilio, sidecall::call_sid const& call, sidecall::twilio_standin& standin,
              callback_server& server)
{
    say("The client sends a message; Twilio calls the callback, signed");
    for (auto const& callback : standin.client_sends(std::string(call.view()), R"({"text":"Hello from the client"})")) {
        std::cout << "> " << callback.method << ' ' << callback.url << '\n'
                  << "> X-Twilio-Signature: " << callback.signature << '\n'
                  << ">\n> " << callback.body << '\n'
                  << "\n< HTTP " << callback.status << "\n\n";
        if (callback.status != 204) throw stop{"the callback was answered with " + callback.answer, 1};
    }
    auto const message = server.wait();
    say("The signature holds, so there is a message");
    show(message);

    say("Answer it");
    auto const answered = twilio.send_and_show(sidecall::create_user_defined_message{
        .account_sid = twilio.account,
        .call_sid = message.call_sid(),
        .content = value_or_stop(sidecall::message_content::parse(R"({"text":"Hello from the server"})")),
        .idempotency_key = sidecall::idempotency_key::random()});
    for (auto const& received : standin.client_received(std::string(call.view())))
        std::cout << "   The client got " << received.content << ", " << received.sid << "\n\n";
    static_cast<void>(answered);
}

void run(arguments given)
{
    auto who = identity_of_environment(!given.dry_run);
    std::optional<sidecall::twilio_standin> standin;
    std::optional<callback_server> server;
    if (who) {
        if (given.call.empty()) throw stop{"--call is needed: the SID of the call, CA…", wrong_usage};
        if (given.callback.empty())
            throw stop{"--callback is needed: where Twilio is to send the messages", wrong_usage};
    } else {
        who = identity_at(standin, given.server);
        if (given.call.empty()) given.call = "CA00000000000000000000000000000002";
        if (given.callback.empty()) given.callback = server.emplace(who->token).url();
        say("No TWILIO_ variables, so this asks a stand-in within this process");
    }

    auto const where = given.server.parse();
    auto const subscription = subscription_of(given, who->account);
    if (given.dry_run) {
        show(subscription.request(where), "(none: a dry run)");
        say("A dry run: nothing was sent");
        return;
    }

    session twilio{who->account, who->credentials(), where, transport_of(given.transport)};
    say("Subscribe to the messages of a call");
    auto const made = twilio.send_and_show(subscription);
    show(*made);

    if (server) converse(twilio, subscription.call_sid, *standin, *server);

    if (given.keep) {
        say("The subscription is kept");
        return;
    }
    say("End the subscription");
    static_cast<void>(twilio.send_and_show(
        sidecall::delete_user_defined_message_subscription{who->account, subscription.call_sid, made->sid}));
    say("Done");
}

} // namespace

int main(int argc, char** argv)
{
    arguments given;
    CLI::App app("Subscribes to the User Defined Messages of a call, and ends the subscription again.\n"
                 "Asks Twilio if TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are set, else a stand-in in this process.",
                 "subscribe");
    app.add_option("--call", given.call, "the call's SID, CA…");
    app.add_option("--callback", given.callback, "where Twilio is to send the messages: an http or https URL");
    app.add_option("--method", given.method, "how Twilio calls it: POST (its default) or GET");
    app.add_option("--idempotency-key", given.idempotency_key, "a key of yours; default: a random UUID");
    given.server.add_to(app);
    app.add_option("--transport", given.transport, "what carries the requests")
        ->check(CLI::IsMember({"curl", "httplib"}))
        ->capture_default_str();
    app.add_flag("--keep", given.keep, "do not end the subscription");
    app.add_flag("--dry-run", given.dry_run, "show the request and send nothing");
    return run_program(app, argc, argv, [&] { run(given); });
}
