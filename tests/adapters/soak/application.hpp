#pragma once

/// The process under test, as a user would write it: a webhook server, a `message_sequencer` for each call, and an
/// answer to each message through an `ordered_sender`, with retries, over one `curl_multi_transport`.
///
/// It reads commands from standard input and writes reports to standard output, one a line:
///
///     call S G        subscribes to generation G of the call in slot S; reports "subscribed S G"
///     hangup S G N    the call has ended after N messages: deletes the subscription; reports "closed S G"
///     restart MS      restarts the webhook server, with a pause; reports "restarted"
///     clock W U       sets the clock and the monotonic clock this many milliseconds ahead
///     quit            ends when nothing is left to send
///
/// It reports "stat …" every second, and "mistake …" for a message that was lost, doubled or out of order on the way
/// to here.

#include "checks.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/httplib.hpp>
#include <sidecall/ordered.hpp>
#include <sidecall/sidecall.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <poll.h>
#include <unistd.h>

namespace soak_test {

/// How many messages of a call the client sends before the first of them is answered.
inline constexpr std::uint64_t window = 8;

/// A real clock that is ahead by an amount that another thread sets.
struct jumping_machine {
    static inline std::atomic<std::int64_t> clock_ahead = 0;
    static inline std::atomic<std::int64_t> uptime_ahead = 0;

    sidecall::milliseconds uptime() const
    {
        return sidecall::milliseconds(sidecall::this_machine().uptime().count + uptime_ahead);
    }
    sidecall::milliseconds unix_time() const
    {
        return sidecall::milliseconds(sidecall::this_machine().unix_time().count + clock_ahead);
    }
    std::uint64_t random() const { return sidecall::this_machine().random(); }
};

/// The arguments of the process.
struct application_arguments {
    int port = 0;
    std::string callback, endpoint, ca_file, account, token, mistake;

    std::vector<std::string> list() const
    {
        return {std::to_string(port), callback, endpoint, ca_file, account, token, mistake};
    }
    explicit application_arguments(std::vector<std::string> const& list)
        : port(std::stoi(list.at(0))), callback(list.at(1)), endpoint(list.at(2)), ca_file(list.at(3)),
          account(list.at(4)), token(list.at(5)), mistake(list.at(6))
    {
    }
    application_arguments() = default;
};

/// Writes a line to standard output, from any thread.
inline void report(std::string const& line)
{
    static std::mutex mutex;
    std::lock_guard const lock(mutex);
    std::cout << line << std::endl;
}

/// The webhook server. `restart` is graceful: a request that has been read is answered.
class webhook_server {
public:
    template <class Handler>
    webhook_server(application_arguments const& given, Handler handler)
        : port_(given.port), mount_([callback = *sidecall::callback_url::parse(given.callback), handler,
                                     token = given.token](httplib::Server& server) {
              sidecall::mount_webhook(server, callback, sidecall::webhook_verifier(sidecall::secret(token)), handler,
                                      {.replay_window = std::chrono::minutes(5),
                                       .unix_time = [] { return jumping_machine().unix_time(); }});
          })
    {
        start();
    }
    webhook_server(webhook_server const&) = delete;
    webhook_server& operator=(webhook_server const&) = delete;
    ~webhook_server() { stop(); }

    void restart(std::chrono::milliseconds pause)
    {
        stop();
        std::this_thread::sleep_for(pause);
        start();
    }

private:
    void start()
    {
        server_ = std::make_unique<httplib::Server>();
        server_->new_task_queue = [] { return new httplib::ThreadPool(8); };
        server_->set_keep_alive_timeout(1);
        mount_(*server_);
        for (int tries = 0; !server_->bind_to_port("127.0.0.1", port_); ++tries) {
            if (tries == 500) throw std::runtime_error("the webhook server has no port");
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        thread_ = std::thread([this] { server_->listen_after_bind(); });
        while (!server_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    void stop()
    {
        server_->stop();
        thread_.join();
        server_.reset();
    }

    int port_;
    std::function<void(httplib::Server&)> mount_;
    std::unique_ptr<httplib::Server> server_;
    std::thread thread_;
};

class application {
public:
    explicit application(application_arguments given)
        : given_(std::move(given)), account_(*sidecall::account_sid::parse(given_.account))
    {
    }

    void run()
    {
        std::thread control([this] { obey(); });
        while (!ends_ || transport_.poll() != 0 || !stopped_.empty()) {
            transport_.poll();
            for (auto& message : take(inbox_)) receive(std::move(message));
            for (auto const& command : take(commands_)) obey(command);
            for (auto const& call : std::exchange(stopped_, {})) resume(call);
            transport_.wait(std::chrono::milliseconds(100));
        }
        control.join();
        report_figures();
        if (sender_.keys() != 0 || !calls_.empty()) report("mistake keys or calls are left");
    }

    /// Counts and reports what the process has at its end.
    static void report_rest()
    {
        auto const now = figures::of_this_process();
        report("rest " + std::to_string(now.heap) + ' ' + std::to_string(now.descriptors));
    }

private:
    /// The timer of the sender. Counts the retries.
    struct retry_timer {
        sidecall::curl_multi_transport& transport;
        std::atomic<std::uint64_t>& retries;

        template <class Next>
        void operator()(std::chrono::milliseconds delay, Next next)
        {
            ++retries;
            transport.after(delay, std::move(next));
        }
    };

    static constexpr sidecall::retry_policy policy{
        .base_delay = sidecall::milliseconds(20), .max_delay = sidecall::milliseconds(1000), .max_attempts = 0};

    struct job {
        enum { subscribe, answer, unsubscribe } kind = answer;
        std::uint64_t number = 0; // of the answer
        bool is_copy = false;     // a deliberate mistake
        bool is_unclear = false;  // an earlier attempt may have taken effect
    };

    struct conversation {
        call_name name{};
        sidecall::call_sid sid;
        sidecall::message_sequencer sequencer;
        order_check check{};
        std::optional<sidecall::subscription_sid> subscription{};
        std::size_t unfinished = 0; // jobs that the sender has
        std::deque<job> failed{};   // jobs to send again, in order
        bool has_ended = false;     // the client has hung up
        bool broken[2] = {};        // the deliberate mistake has been made: inbound, outbound
        std::optional<sidecall::incoming_message> held{};
    };

    template <class T>
    std::vector<T> take(std::vector<T>& list)
    {
        std::lock_guard const lock(mutex_);
        return std::exchange(list, {});
    }

    /// The loop of the thread that owns the webhook server.
    void obey()
    {
        webhook_server server(given_, [this](sidecall::incoming_message&& message) {
            {
                std::lock_guard const lock(mutex_);
                inbox_.push_back(std::move(message));
            }
            transport_.wakeup();
        });
        std::string unread;
        auto next_report = std::chrono::steady_clock::now();
        for (;;) {
            if (std::chrono::steady_clock::now() >= next_report) {
                report_figures();
                next_report += std::chrono::seconds(1);
            }
            pollfd input{0, POLLIN, 0};
            if (::poll(&input, 1, 100) <= 0) continue;
            char bytes[4096];
            auto const size = ::read(0, bytes, sizeof bytes);
            if (size <= 0) unread += "quit\n";
            unread.append(bytes, size > 0 ? static_cast<std::size_t>(size) : 0);
            for (std::size_t end = 0; (end = unread.find('\n')) != unread.npos; unread.erase(0, end + 1)) {
                std::istringstream command(unread.substr(0, end));
                std::string name;
                command >> name;
                if (name == "restart") {
                    int pause = 0;
                    command >> pause;
                    server.restart(std::chrono::milliseconds(pause));
                    report("restarted");
                } else if (name == "clock") {
                    std::int64_t clock = 0, uptime = 0;
                    command >> clock >> uptime;
                    jumping_machine::clock_ahead = clock;
                    jumping_machine::uptime_ahead = uptime;
                } else if (name == "quit") {
                    ends_ = true;
                    transport_.wakeup();
                    return;
                } else {
                    std::lock_guard const lock(mutex_);
                    commands_.push_back(unread.substr(0, end));
                }
            }
            transport_.wakeup();
        }
    }

    void report_figures()
    {
        auto const now = figures::of_this_process();
        std::ostringstream line;
        line << "stat " << now.heap << ' ' << now.rss << ' ' << now.descriptors << ' ' << delivered_ << ' '
             << found_.lost << ' ' << found_.doubled << ' ' << found_.reordered << ' ' << retries_ << ' ' << resent_
             << ' ' << duplicates_ << ' ' << waited_;
        report(line.str());
    }

    /// Obeys a command of a call, in the thread of the transport.
    void obey(std::string const& line)
    {
        std::istringstream command(line);
        std::string name;
        call_name call;
        command >> name >> call.slot >> call.generation;
        auto const sid = *sidecall::call_sid::parse(call.sid());
        if (name == "call") {
            auto const [at, is_new] =
                calls_.try_emplace(sid, conversation{.name = call,
                                                     .sid = sid,
                                                     .sequencer = sidecall::message_sequencer(
                                                         {.first = 0, .max_remembered = 2 * window, .call = sid})});
            if (is_new) send(at->second, {.kind = job::subscribe});
        } else if (auto const at = calls_.find(sid); at != calls_.end()) {
            std::uint64_t count = 0;
            command >> count;
            if (at->second.check.count() < count) {
                found_.lost += count - at->second.check.count();
                report("mistake " + call.sid() + ": " + std::to_string(count - at->second.check.count()) +
                       " messages from the client were lost");
            }
            at->second.has_ended = true;
            send(at->second, {.kind = job::unsubscribe});
        }
    }

    /// A message that the webhook has accepted.
    void receive(sidecall::incoming_message&& message)
    {
        auto const at = calls_.find(message.call_sid());
        if (at == calls_.end() || at->second.has_ended) return; // sent again although its call has ended
        auto& call = at->second;
        bool const breaks = is_chosen(call, 0, message.sequence_number());
        if (call.broken[0] && given_.mistake == "lose" && message.sequence_number() == chosen_number) return;
        auto const result = call.sequencer.accept(std::move(message), [&](sidecall::sequenced_message&& next) {
            if (breaks && given_.mistake == "reorder") {
                call.held = std::move(next.message);
                return;
            }
            deliver(call, next.message);
            if (breaks && given_.mistake == "double") deliver(call, next.message);
            if (auto const held = std::exchange(call.held, std::nullopt)) deliver(call, *held);
        });
        duplicates_ += result == sidecall::arrival::duplicate;
        waited_ += result == sidecall::arrival::waiting;
    }

    /// Checks and answers a message that the sequencer hands out.
    void deliver(conversation& call, sidecall::incoming_message const& message)
    {
        message_name name;
        bool const is_right = message_name::parse(message.content(), name) && name.call == call.name;
        char const* const mistake = is_right ? call.check.add(name.number, found_) : "damaged";
        if (*mistake != '\0') report("mistake " + call.name.sid() + ": a message from the client was " + mistake);
        if (given_.mistake == "leak") leaked_ = static_cast<char*>(std::malloc(500'000));
        for (int i = 0; given_.mistake == "descriptors" && i != 5; ++i)
            if (::dup(0) < 0) report("mistake dup failed");
        ++delivered_;
        std::uint64_t const number = name.number;
        bool const breaks = is_chosen(call, 1, number);
        if (breaks && given_.mistake == "lose") return;
        if (breaks && given_.mistake == "reorder") { // the next answer, and then this one
            send(call, {.number = number + 1});
            send(call, {.number = number});
            return;
        }
        if (given_.mistake == "reorder" && call.broken[1] && number == chosen_number + 1) return;
        send(call, {.number = number});
        if (breaks && given_.mistake == "double") send(call, {.number = number, .is_copy = true});
    }

    /// Whether to make the deliberate mistake: once inbound, in slot 0, and once outbound, in slot 1.
    bool is_chosen(conversation& call, unsigned direction, std::uint64_t number) const
    {
        if (given_.mistake.empty() || call.name != call_name{direction, 0} || number != chosen_number) return false;
        return !std::exchange(call.broken[direction], true);
    }

    void send(conversation& call, job const& one)
    {
        if (!call.failed.empty()) {
            call.failed.push_back(one);
            return;
        }
        ++call.unfinished;
        auto const end = [this, &call, one](auto const& outcome) { finish(call, one, outcome); };
        if (one.kind == job::subscribe)
            sender_.send(call.sid,
                         sidecall::create_user_defined_message_subscription{
                             .account_sid = account_,
                             .call_sid = call.sid,
                             .callback = *sidecall::callback_url::parse(given_.callback),
                             .idempotency_key = *sidecall::idempotency_key::parse(call.name.sid())},
                         end);
        else if (one.kind == job::answer)
            sender_.send(call.sid,
                         sidecall::create_user_defined_message{
                             .account_sid = account_,
                             .call_sid = call.sid,
                             .content = *sidecall::message_content::parse(call.name.content(one.number)),
                             .idempotency_key = *sidecall::idempotency_key::parse(
                                 call.name.sid() + '/' + std::to_string(one.number) + (one.is_copy ? " again" : ""))},
                         end);
        else
            sender_.send(call.sid,
                         sidecall::delete_user_defined_message_subscription{
                             .account_sid = account_, .call_sid = call.sid, .sid = *call.subscription},
                         end);
    }

    /// The end of a job. One that failed is sent again, before those that the sender then refuses: with its key that
    /// has no second effect, and the answers stay in order.
    template <class Outcome>
    void finish(conversation& call, job one, Outcome const& outcome)
    {
        --call.unfinished;
        std::string const name = std::to_string(call.name.slot) + ' ' + std::to_string(call.name.generation);
        bool const is_gone = one.kind == job::unsubscribe && one.is_unclear && !outcome &&
                             outcome.error().http_status() == 404; // by a request whose response was lost
        if (!outcome && !is_gone) {
            if (call.failed.empty()) note_failure(outcome.error());
            one.is_unclear = one.is_unclear || sidecall::may_have_taken_effect(outcome.error());
            call.failed.push_back(one);
            if (call.unfinished == 0) stopped_.push_back(call.sid);
        } else if (one.kind == job::subscribe) {
            if constexpr (std::is_same_v<Outcome, sidecall::result<sidecall::user_defined_message_subscription>>)
                call.subscription = outcome->sid;
            report("subscribed " + name);
        } else if (one.kind == job::unsubscribe) {
            report("closed " + name);
            closed_.push_back(call.sid);
            stopped_.push_back(call.sid);
        }
    }

    void note_failure(sidecall::failure const& reason)
    {
        ++resent_;
        int const status = reason.http_status().value_or(0);
        if (status >= 400 && status < 500 && status != 429)
            report("mistake a request was refused: " + reason.to_string());
    }

    /// Sends what failed, once the sender has ended all jobs of the call. Removes a call that has ended.
    void resume(sidecall::call_sid const& sid)
    {
        auto const at = calls_.find(sid);
        if (at == calls_.end()) return;
        sender_.resume(sid); // also if the call has ended, since a stopped key takes memory
        if (std::erase(closed_, sid) != 0) {
            calls_.erase(at);
            return;
        }
        for (auto const& one : std::exchange(at->second.failed, {})) send(at->second, one);
    }

    static constexpr std::uint64_t chosen_number = 2;

    application_arguments given_;
    sidecall::account_sid account_;
    std::atomic<bool> ends_ = false;
    std::atomic<std::uint64_t> delivered_ = 0, retries_ = 0, resent_ = 0, duplicates_ = 0, waited_ = 0;
    mistakes found_;

    char* volatile leaked_ = nullptr;

    std::mutex mutex_; // guards the inbox and the commands
    std::vector<sidecall::incoming_message> inbox_;
    std::vector<std::string> commands_;

    std::unordered_map<sidecall::call_sid, conversation> calls_;
    std::vector<sidecall::call_sid> stopped_; // calls to look at outside of handlers
    std::vector<sidecall::call_sid> closed_;
    sidecall::curl_multi_transport transport_{{.connect_timeout = std::chrono::seconds(2),
                                               .total_timeout = std::chrono::seconds(2),
                                               .ca_file = given_.ca_file},
                                              {.max_connections = 8, .max_in_flight = 100}};
    retry_timer timer_{transport_, retries_};
    sidecall::credentials credentials_ = sidecall::credentials::auth_token(account_, sidecall::secret(given_.token));
    sidecall::ordered_sender<sidecall::curl_multi_transport, retry_timer, jumping_machine> sender_{
        credentials_, transport_, timer_, {.policy = policy}, *sidecall::endpoint::parse(given_.endpoint)};
};

} // namespace soak_test
