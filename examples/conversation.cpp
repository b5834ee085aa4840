// The whole life of a call, with operations of the library and of call_control.hpp: places a call, waits until it is in
// progress, subscribes to its User Defined Messages, receives a signed message, answers it, deletes the subscription,
// ends the call, and sees its final status callback.
//
// With --standin it uses a stand-in for Twilio inside this process, and also acts as the client. Otherwise it needs
// TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, and places a real call, which may cost money. It then needs the number or
// client to call, your Twilio number, and a public URL that leads to this program.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "call_control.hpp"
#include "message_printer.hpp"
#include "program.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/httplib.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/standin.hpp>

namespace {

struct arguments {
    std::string to;
    std::string from;
    std::string callback;
    std::string twiml = "<Response><Say>Hello</Say><Pause length=\"600\"/></Response>";
    std::string address = "127.0.0.1";
    int port = 8080;
    int wait = 60;
    server_arguments server;
    output out;
};

void print_heading(output const& out, std::string_view text)
{
    out.text() << "== " << text << std::endl;
}

/// What Twilio has reported so far. The webhook adds to it, and the main thread waits for it.
class inbox {
public:
    inbox(std::chrono::seconds timeout, output const& out) : timeout_(timeout), print_(out) {}

    /// Takes a message, prints it, and remembers that its call has sent one.
    void add(sidecall::incoming_message&& message)
    {
        std::string const call(message.call_sid().view());
        print_(std::move(message));
        std::lock_guard const lock(mutex_);
        speakers_.insert(call);
        changed_.notify_all();
    }

    /// Takes another webhook that Twilio signed: here, a status callback.
    void add(sidecall::webhook_parameters const& parameters)
    {
        print_(parameters);
        auto const call = parameters.find("CallSid");
        auto const status = parameters.find("CallStatus");
        if (!call || !status) return;
        std::lock_guard const lock(mutex_);
        statuses_[std::string(*call)].emplace(*status);
        changed_.notify_all();
    }

    /// Waits until a call has had this status or has ended. Returns this status or the final one.
    std::string wait_for_status(sidecall::call_sid const& call, std::string const& status)
    {
        std::string reached;
        wait("the call to be " + status, [&] {
            for (std::string const& one : statuses_[std::string(call.view())])
                if (one == status || call_control::has_ended(one)) reached = one;
            return !reached.empty();
        });
        return reached;
    }

    /// Waits until the client of a call has sent a message. Fails if the call ends before that.
    void wait_for_message(sidecall::call_sid const& call)
    {
        std::string const sid(call.view());
        wait("a message", [&] { return speakers_.count(sid) != 0 || has_ended(sid); });
        std::lock_guard const lock(mutex_);
        if (speakers_.count(sid) == 0) throw stop{"the call ended without a message", 1};
    }

    /// The number of calls whose messages are still being put in order.
    std::size_t open_calls() const { return print_.calls(); }

private:
    bool has_ended(std::string const& call) const
    {
        auto const found = statuses_.find(call);
        return found != statuses_.end() && std::any_of(found->second.begin(), found->second.end(),
                                                       [](auto const& one) { return call_control::has_ended(one); });
    }

    template <class Condition>
    void wait(std::string const& event, Condition condition)
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, timeout_, condition))
            throw stop{"timed out after " + std::to_string(timeout_.count()) + " seconds: waited for " + event, 1};
    }

    std::chrono::seconds timeout_;
    message_printer print_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::set<std::string>> statuses_; // by call
    std::set<std::string> speakers_;                        // calls
};

/// Serves the callback of the subscription, which is also the status callback of the call.
class webhook {
public:
    webhook(arguments const& options, sidecall::secret const& token, inbox& received)
    {
        int const port = options.port == 0 ? server_.bind_to_any_port(options.address)
                         : server_.bind_to_port(options.address, options.port) ? options.port
                                                                               : -1;
        if (port < 0) throw stop{"cannot listen on " + options.address + ":" + std::to_string(options.port), 1};
        std::string const url =
            options.callback.empty() ? "http://127.0.0.1:" + std::to_string(port) + "/conversation" : options.callback;
        callback_ = value_or_stop(sidecall::callback_url::parse(url));
        sidecall::mount_webhook(
            server_, *callback_, sidecall::webhook_verifier(token),
            [&received](sidecall::incoming_message&& message) { received.add(std::move(message)); },
            {.on_other = [&received](sidecall::webhook_parameters&& parameters) { received.add(parameters); }});
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield(); // cpp-httplib ignores a stop() before that
    }
    webhook(webhook const&) = delete;
    webhook& operator=(webhook const&) = delete;
    ~webhook()
    {
        server_.stop();
        thread_.join();
    }

    sidecall::callback_url const& callback() const { return *callback_; }

private:
    httplib::Server server_;
    std::optional<sidecall::callback_url> callback_;
    std::thread thread_;
};

/// The account, the server and the transport to it.
class session {
public:
    session(sidecall::environment_settings const& user, output const& output_of_program)
        : account(user.account_sid), out(output_of_program), user_(user)
    {
    }

    /// Sends an operation, of the library or not, with retries where they are safe. A failure ends the program.
    template <sidecall::operation Operation>
    auto send(Operation const& operation)
    {
        return value_or_stop(try_to_send(operation));
    }
    template <sidecall::operation Operation>
    auto try_to_send(Operation const& operation)
    {
        auto const printing_transport = [this](sidecall::authorized_request const& request) {
            std::string const method(to_string_view(request.method())), url(request.url());
            out.print("    " + method + ' ' + url, {{"event", "request"}, {"method", method}, {"url", url}});
            return transport_(request);
        };
        auto const sleep = [](std::chrono::milliseconds delay) { std::this_thread::sleep_for(delay); };
        return sidecall::send_with_retry(operation, user_.credentials, printing_transport, {.max_attempts = 5}, sleep,
                                         user_.endpoint);
    }

    sidecall::account_sid const account;
    output const out;

private:
    sidecall::environment_settings const& user_;
    sidecall::curl_transport transport_;
};

/// Hangs up at the end of its scope, unless the call has ended: a call must not outlive a program that failed.
class open_call {
public:
    open_call(session& twilio, sidecall::call_sid const& call) : twilio_(twilio), call_(call) {}
    open_call(open_call const&) = delete;
    open_call& operator=(open_call const&) = delete;
    ~open_call()
    {
        if (is_open_) static_cast<void>(twilio_.try_to_send(call_control::end_call{twilio_.account, call_}));
    }

    void end()
    {
        twilio_.send(call_control::end_call{twilio_.account, call_});
        is_open_ = false;
    }

private:
    session& twilio_;
    sidecall::call_sid call_;
    bool is_open_ = true;
};

/// Acts as the client of the call, which accepts it.
void accept_call(sidecall::twilio_standin& standin, sidecall::call_sid const& call)
{
    for (auto const* status : {"ringing", "in-progress"}) standin.set_call_status(std::string(call.view()), status);
}

/// Acts as the client of the call, which sends three messages. The second is lost.
void send_messages(sidecall::twilio_standin& standin, sidecall::call_sid const& call)
{
    for (std::string const text : {"Hello from the client", "lost", "Are you there?"}) {
        auto const message = standin.client_message(std::string(call.view()), "{\"text\":\"" + text + "\"}");
        if (text == "lost") continue;
        for (auto const& delivered : standin.deliver(message))
            if (delivered.status != 204) throw stop{"the webhook responded with: " + delivered.answer, 1};
    }
}

void converse(session& twilio, arguments const& options, sidecall::callback_url const& callback, inbox& received,
              sidecall::twilio_standin* standin)
{
    using call_control::call_event;
    output const& out = twilio.out;
    print_heading(out, "Place a call");
    auto const placed = twilio.send(call_control::create_call{
        .account = twilio.account,
        .to = options.to,
        .from = options.from,
        .instructions = call_control::twiml{options.twiml},
        .status_callback = callback,
        .status_callback_events = {call_event::ringing, call_event::answered, call_event::completed}});
    std::string const first_status = placed.status.value_or("placed");
    out.print("    " + std::string(placed.sid.view()) + " is " + printable(first_status),
              {{"event", "call_placed"}, {"call_sid", placed.sid.view()}, {"call_status", first_status}});
    open_call call(twilio, placed.sid);

    print_heading(out, "Wait until it is in progress");
    if (standin) accept_call(*standin, placed.sid);
    if (auto const status = received.wait_for_status(placed.sid, "in-progress"); status != "in-progress")
        throw stop{"the call ended: " + printable(status), 1};
    auto const current = twilio.send(call_control::fetch_call{twilio.account, placed.sid});
    std::string const from = current.from.value_or("?"), to = current.to.value_or("?");
    out.print("    from " + printable(from) + " to " + printable(to),
              {{"event", "call_in_progress"}, {"call_sid", placed.sid.view()}, {"from", from}, {"to", to}});

    print_heading(out, "Subscribe to its messages");
    auto const subscription = twilio.send(
        sidecall::create_user_defined_message_subscription{.account_sid = twilio.account,
                                                           .call_sid = placed.sid,
                                                           .callback = callback,
                                                           .idempotency_key = sidecall::idempotency_key::random()});

    print_heading(out, "Receive a message");
    if (standin) send_messages(*standin, placed.sid);
    received.wait_for_message(placed.sid);

    print_heading(out, "Answer it");
    twilio.send(sidecall::create_user_defined_message{
        .account_sid = twilio.account,
        .call_sid = placed.sid,
        .content = value_or_stop(sidecall::message_content::parse(R"({"text":"Hello from the server"})")),
        .idempotency_key = sidecall::idempotency_key::random()});
    if (standin)
        for (auto const& message : standin->client_received(std::string(placed.sid.view())))
            out.print("    The client received " + message.content,
                      {{"event", "client_received"}, {"sid", message.sid}, {"content", message.content}});

    print_heading(out, "Delete the subscription");
    twilio.send(sidecall::delete_user_defined_message_subscription{twilio.account, placed.sid, subscription.sid});

    print_heading(out, "End the call; its last status callback ends the order of its messages");
    call.end();
    received.wait_for_status(placed.sid, "completed");
    if (received.open_calls() != 0) throw stop{"the messages of a call are still being put in order", 1};
    print_heading(out, "Done");
}

void run(arguments options)
{
    std::optional<sidecall::twilio_standin> standin;
    auto const user = settings_or_standin(options.server, standin);
    if (!standin) {
        if (options.to.empty()) throw stop{"--to is required: the number or client to call", wrong_usage};
        if (options.from.empty()) throw stop{"--from is required: your Twilio number", wrong_usage};
        if (options.callback.empty())
            throw stop{"--callback is required: a public URL that leads to this program", wrong_usage};
        if (!user.signing_token)
            throw stop{"TWILIO_AUTH_TOKEN is not set; it is needed to verify webhooks, also with an API key",
                       wrong_usage};
    } else {
        if (options.to.empty()) options.to = "client:alice";
        if (options.from.empty()) options.from = "+15005550006";
        options.callback.clear();
        options.port = 0;
        print_heading(options.out, "Using a stand-in for Twilio inside this process");
    }
    inbox received(std::chrono::seconds(options.wait), options.out);
    session twilio(user, options.out);
    webhook const server(options, *user.signing_token, received);
    converse(twilio, options, server.callback(), received, standin ? &*standin : nullptr);
}

} // namespace

int main(int argc, char** argv)
{
    arguments options;
    CLI::App app(
        "Places a call, exchanges User Defined Messages with its client, and ends it.\n"
        "Needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN; uses TWILIO_API_KEY and TWILIO_API_SECRET for requests if\n"
        "set. Or --standin.",
        "conversation");
    app.add_option("--to", options.to, "the number or client to call: +15551234567, client:name or sip:…");
    app.add_option("--from", options.from, "the caller: your Twilio number");
    app.add_option("--callback", options.callback, "public URL that leads to this program");
    app.add_option("--twiml", options.twiml, "what happens in the call")->capture_default_str();
    app.add_option("--address", options.address, "address to listen on")->capture_default_str();
    app.add_option("--port", options.port, "port to listen on")->check(CLI::Range(0, 65535))->capture_default_str();
    app.add_option("--wait", options.wait, "seconds to wait for each event")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    options.server.add_to(app);
    options.server.add_standin_to(app);
    options.out.add_to(app);
    app.footer(exit_statuses({{"0", "the whole conversation took place"},
                              {"1", "it did not"},
                              {"2", "wrong arguments or environment variables; nothing was sent"}}));
    return run_program(app, argc, argv, [&] { run(options); });
}
