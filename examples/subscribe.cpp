// The main example: a whole conversation. Without the TWILIO_ variables it uses a stand-in for Twilio inside this
// process, so it runs anywhere. It subscribes to the messages of a call, receives a signed message, answers it, and
// deletes the subscription.
//
// With TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN set, it creates a subscription at Twilio, or at the server that
// --endpoint names, and deletes it again. --keep leaves the subscription in place, for example for webhook_server.

#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
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
    output out;
};

sidecall::create_user_defined_message_subscription subscription_of(arguments const& options,
                                                                   sidecall::account_sid const& account)
{
    sidecall::create_user_defined_message_subscription operation{
        .account_sid = account,
        .call_sid = value_or_stop(sidecall::call_sid::parse(options.call)),
        .callback = value_or_stop(sidecall::callback_url::parse(options.callback)),
        .idempotency_key = options.idempotency_key.empty()
                               ? sidecall::idempotency_key::random()
                               : value_or_stop(sidecall::idempotency_key::parse(options.idempotency_key))};
    if (!options.method.empty()) {
        operation.method = value_or_stop(sidecall::parse_http_method(options.method));
        if (!is_documented(*operation.method))
            std::cerr << "subscribe: note: Twilio documents only GET and POST for --method\n";
    }
    return operation;
}

void print_heading(output const& out, std::string_view text)
{
    out.text() << "== " << text << "\n\n";
}

/// Header fields for --json: pairs of a name and a value, because names can be repeated.
template <class Headers>
json_object json_of_headers(Headers const& headers)
{
    json_object list = json_object::array();
    for (auto const& field : headers) list.push_back({field.name, field.value});
    return list;
}

void show(output const& out, sidecall::http_request const& request, std::string_view credential)
{
    if (out.json)
        return out.print({}, {{"event", "request"},
                              {"method", to_string_view(request.method())},
                              {"url", request.url()},
                              {"headers", json_of_headers(request.headers())},
                              {"body", request.body()}});
    std::cout << "> " << to_string_view(request.method()) << ' ' << request.url() << '\n';
    for (auto const& field : request.headers()) std::cout << "> " << field.name << ": " << field.value << '\n';
    std::cout << "> Authorization: " << credential << '\n';
    if (!request.body().empty()) std::cout << ">\n> " << request.body() << '\n';
    std::cout << '\n';
}

void show(output const& out, sidecall::http_response const& response)
{
    if (out.json)
        return out.print({}, {{"event", "response"},
                              {"status", response.status},
                              {"headers", json_of_headers(response.headers)},
                              {"body", response.body}});
    std::cout << "< HTTP " << response.status << '\n';
    for (auto const& field : response.headers)
        std::cout << "< " << printable(field.name) << ": " << printable(field.value) << '\n';
    if (!response.body.empty()) std::cout << "<\n< " << printable(response.body) << '\n';
    std::cout << '\n';
}

/// A member of a resource for --json.
template <class Sid>
json_object json_or_null(std::optional<Sid> const& sid)
{
    return sid ? json_object(sid->view()) : json_object();
}

template <class Sid>
std::string_view view_or_null(std::optional<Sid> const& sid)
{
    return sid ? sid->view() : "null";
}

void show(output const& out, sidecall::user_defined_message_subscription const& subscription)
{
    auto const& [date, uri] = std::tie(subscription.date_created, subscription.uri);
    if (out.json)
        return out.print({}, {{"event", "subscription"},
                              {"sid", subscription.sid.view()},
                              {"account_sid", json_or_null(subscription.account_sid)},
                              {"call_sid", json_or_null(subscription.call_sid)},
                              {"date_created", date ? json_object(date->unix_seconds) : json_object()},
                              {"uri", uri ? json_object(*uri) : json_object()}});
    std::cout << "   sid           " << subscription.sid.view() << '\n'
              << "   account_sid   " << view_or_null(subscription.account_sid) << '\n'
              << "   call_sid      " << view_or_null(subscription.call_sid) << '\n'
              << "   date_created  "
              << (subscription.date_created ? std::to_string(subscription.date_created->unix_seconds) + " (Unix time)"
                                            : "null")
              << '\n'
              << "   uri           " << printable(subscription.uri.value_or("null")) << "\n\n";
}

void show(output const& out, sidecall::incoming_message const& message)
{
    auto const& sent = message.timestamp();
    if (out.json)
        return out.print({}, {{"event", "message"},
                              {"call_sid", message.call_sid().view()},
                              {"sequence_number", message.sequence_number()},
                              {"sid", message.sid().view()},
                              {"content_type", message.content_type()},
                              {"content", message.content()},
                              {"timestamp", sent ? json_object(sent->unix_seconds) : json_object()}});
    std::cout << "   content          " << printable(message.content()) << '\n'
              << "   content_type     " << printable(message.content_type()) << '\n'
              << "   sequence_number  " << message.sequence_number() << '\n'
              << "   sid              " << message.sid().view() << '\n'
              << "   call_sid         " << message.call_sid().view() << '\n'
              << "   timestamp        ";
    if (message.timestamp())
        std::cout << message.timestamp()->unix_seconds << " (Unix time)\n\n";
    else
        std::cout << "missing or invalid\n\n";
}

using any_transport = std::function<sidecall::result<sidecall::http_response>(sidecall::authorized_request const&)>;

/// The account, its credentials, the server, and the transport to it.
struct session {
    sidecall::account_sid account;
    sidecall::credentials credentials;
    sidecall::endpoint endpoint;
    any_transport transport;
    output out;

    /// Sends an operation and prints the request and the response. To print the response it wraps the transport in a
    /// lambda, which is a transport too.
    template <sidecall::operation Operation>
    auto send_and_show(Operation const& operation)
    {
        show(out, operation.request(endpoint), "(redacted)");
        auto const printing_transport = [this](sidecall::authorized_request const& request) {
            auto response = transport(request);
            if (response) show(out, *response);
            return response;
        };
        auto outcome = sidecall::send(operation, credentials, printing_transport, endpoint);
        if (!outcome) stop_with(outcome.error());
        return outcome;
    }
};

any_transport transport_of(std::string const& name)
{
    // std::function needs a copyable callable. The transports cannot be copied, so share them.
    if (name == "httplib")
        return [shared = std::make_shared<sidecall::httplib_transport>()](auto const& request) {
            return (*shared)(request);
        };
    return [shared = std::make_shared<sidecall::curl_transport>()](auto const& request) { return (*shared)(request); };
}

/// Serves the callback on a loopback port, in its own thread.
class callback_server {
public:
    explicit callback_server(sidecall::secret const& token)
    {
        int const port = server_.bind_to_any_port("127.0.0.1");
        if (port < 0) throw stop{"cannot listen on a loopback port", 1};
        url_ = "http://127.0.0.1:" + std::to_string(port) + "/udm?tenant=1";
        sidecall::mount_webhook(
            server_, value_or_stop(sidecall::callback_url::parse(url_)), sidecall::webhook_verifier(token),
            [this](sidecall::incoming_message&& message) { first_message_.set_value(std::move(message)); });
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield(); // cpp-httplib ignores a stop() before that
    }
    ~callback_server()
    {
        server_.stop();
        thread_.join();
    }

    std::string const& url() const { return url_; }

    /// Waits for the first validly signed message and returns it.
    sidecall::incoming_message wait() { return first_message_.get_future().get(); }

private:
    httplib::Server server_;
    std::promise<sidecall::incoming_message> first_message_;
    std::string url_;
    std::thread thread_;
};

/// Lets the client send a message, receives it, and answers it.
void converse(session& twilio, sidecall::call_sid const& call, sidecall::twilio_standin& standin,
              callback_server& server)
{
    print_heading(twilio.out, "The client sends a message; Twilio sends it to the callback, signed");
    for (auto const& callback : standin.client_sends(std::string(call.view()), R"({"text":"Hello from the client"})")) {
        if (twilio.out.json)
            twilio.out.print({}, {{"event", "webhook"},
                                  {"method", callback.method},
                                  {"url", callback.url},
                                  {"body", callback.body},
                                  {"status", callback.status}});
        else
            std::cout << "> " << callback.method << ' ' << callback.url << '\n'
                      << "> X-Twilio-Signature: " << callback.signature << '\n'
                      << ">\n> " << callback.body << '\n'
                      << "\n< HTTP " << callback.status << "\n\n";
        if (callback.status != 204) throw stop{"the callback server responded with: " + callback.answer, 1};
    }
    auto const message = server.wait();
    print_heading(twilio.out, "The signature is valid, so the message is accepted");
    show(twilio.out, message);

    print_heading(twilio.out, "Answer the message");
    auto const reply = twilio.send_and_show(sidecall::create_user_defined_message{
        .account_sid = twilio.account,
        .call_sid = message.call_sid(),
        .content = value_or_stop(sidecall::message_content::parse(R"({"text":"Hello from the server"})")),
        .idempotency_key = sidecall::idempotency_key::random()});
    for (auto const& received : standin.client_received(std::string(call.view())))
        twilio.out.print("   The client received " + received.content + ", " + received.sid + '\n',
                         {{"event", "client_received"}, {"sid", received.sid}, {"content", received.content}});
    static_cast<void>(reply);
}

void run(arguments options)
{
    std::optional<sidecall::twilio_standin> standin;
    std::optional<callback_server> server;
    auto user = settings_or_standin(options.server, standin, true);
    if (!standin) {
        if (options.call.empty()) throw stop{"--call is required: the SID of the call, CA…", wrong_usage};
        if (options.callback.empty())
            throw stop{"--callback is required: the URL to which Twilio sends the messages", wrong_usage};
    } else {
        if (options.call.empty()) options.call = "CA00000000000000000000000000000002";
        if (options.callback.empty()) options.callback = server.emplace(*user.signing_token).url();
        print_heading(options.out, options.server.standin
                                       ? "Using a stand-in for Twilio inside this process"
                                       : "No TWILIO_ variables set: using a stand-in for Twilio inside this process");
    }

    auto const endpoint = user.endpoint;
    auto const subscription = subscription_of(options, user.account_sid);
    if (options.dry_run) {
        show(options.out, subscription.request(endpoint), "(none: dry run)");
        print_heading(options.out, "Dry run: nothing was sent");
        return;
    }

    session twilio{user.account_sid, std::move(user.credentials), endpoint, transport_of(options.transport),
                   options.out};
    print_heading(options.out, "Subscribe to the messages of a call");
    auto const created = twilio.send_and_show(subscription);
    show(options.out, *created);

    if (server) converse(twilio, subscription.call_sid, *standin, *server);

    if (options.keep) {
        print_heading(options.out, "The subscription is kept");
        return;
    }
    print_heading(options.out, "Delete the subscription");
    static_cast<void>(twilio.send_and_show(
        sidecall::delete_user_defined_message_subscription{user.account_sid, subscription.call_sid, created->sid}));
    print_heading(options.out, "Done");
}

} // namespace

int main(int argc, char** argv)
{
    arguments options;
    CLI::App app(
        "Subscribes to the User Defined Messages of a call, then deletes the subscription.\n"
        "Uses Twilio with TWILIO_ACCOUNT_SID, and TWILIO_AUTH_TOKEN or TWILIO_API_KEY and TWILIO_API_SECRET. If no\n"
        "TWILIO_ variable is set, uses a stand-in inside this process.",
        "subscribe");
    app.add_option("--call", options.call, "SID of the call, CA…");
    app.add_option("--callback", options.callback, "http or https URL to which Twilio sends the messages");
    app.add_option("--method", options.method, "HTTP method of the callback: POST (Twilio's default) or GET");
    app.add_option("--idempotency-key", options.idempotency_key, "idempotency key; default: a random UUID");
    options.server.add_to(app);
    options.server.add_standin_to(app);
    app.add_option("--transport", options.transport, "HTTP client library")
        ->check(CLI::IsMember({"curl", "httplib"}))
        ->capture_default_str();
    app.add_flag("--keep", options.keep, "do not delete the subscription");
    app.add_flag("--dry-run", options.dry_run, "print the request and send nothing");
    options.out.add_to(app);
    app.footer(exit_statuses({{"0", "everything succeeded"},
                              {"1", "a request failed"},
                              {"2", "wrong arguments or environment variables, also if only some of the variables are\n"
                                    "       set; nothing was sent"}}));
    return run_program(app, argc, argv, [&] { run(options); });
}
