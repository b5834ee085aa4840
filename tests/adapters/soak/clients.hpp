#pragma once

/// The clients of all calls, behind a stand-in for Twilio. They send messages in bursts, deliver them in any order and
/// some of them twice, and repeat each delivery until the webhook answers 2xx. Twilio does not repeat deliveries; the
/// repetition is what a program that may lose nothing would ask its client for. They check the answers.

#include "application.hpp"
#include "checks.hpp"

#include <sidecall/standin.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace soak_test {

class clients {
public:
    using clock = std::chrono::steady_clock;
    /// Writes a command to the application.
    using command_function = std::function<void(std::string const&)>;

    clients(sidecall::twilio_standin& twilio, std::size_t calls, std::uint64_t seed, command_function command)
        : twilio_(twilio), random_(seed), slots_(calls), command_(std::move(command))
    {
        for (unsigned i = 0; i != calls; ++i) {
            slots_[i].name.slot = i;
            turns_.push_back(i);
        }
        std::shuffle(turns_.begin(), turns_.end(), random_);
        twilio_.on_client_message([this](sidecall::standin_message const& message) { receive(message); });
        for (unsigned i = 0; i != 16; ++i) workers_.emplace_back([this] { deliver_all(); });
    }
    clients(clients const&) = delete;
    clients& operator=(clients const&) = delete;
    ~clients()
    {
        {
            std::lock_guard const lock(mutex_);
            is_stopped_ = true;
        }
        changed_.notify_all();
        for (auto& worker : workers_) worker.join();
        twilio_.on_client_message({});
    }

    /// Begins every call.
    void begin()
    {
        for (auto const& slot : slots_) begin(slot);
    }

    /// What the application reports about a call.
    void subscribed(call_name const& call)
    {
        std::lock_guard const lock(mutex_);
        if (slots_.at(call.slot).name == call) slots_[call.slot].is_open = true;
    }
    void closed(call_name const& call)
    {
        std::lock_guard const lock(mutex_);
        auto& slot = slots_.at(call.slot);
        if (slot.name != call) return;
        ++calls_ended_;
        slot = {.name = {call.slot, call.generation + 1}};
        if (!is_ending_) begin(slot);
    }

    /// Sends at least this many messages, in bursts, unless too many of the calls wait for answers. Ends calls that
    /// have had all their messages. Returns how many it has sent.
    std::size_t send(std::size_t count)
    {
        std::lock_guard const lock(mutex_);
        std::size_t sent = 0;
        for (std::size_t looked_at = 0; sent < count && looked_at != turns_.size(); ++looked_at) {
            unsigned const turn = turns_.front();
            turns_.pop_front();
            turns_.push_back(turn);
            auto& one = slots_[turn];
            if (one.sent >= messages_in_a_call) hang_up(one, false);
            for (auto burst = 1 + random_() % 5; burst != 0 && may_send(one); --burst, ++sent) send(one);
        }
        return sent;
    }

    /// Ends all calls, whose messages should all be answered; those that are not are lost.
    void end_calls()
    {
        std::lock_guard const lock(mutex_);
        is_ending_ = true;
        for (auto& slot : slots_) hang_up(slot, true);
    }

    std::size_t open_calls() const
    {
        return count([](place const& one) { return one.is_open; });
    }
    std::size_t unanswered() const
    {
        std::lock_guard const lock(mutex_);
        return unanswered_;
    }
    std::size_t undelivered() const
    {
        std::lock_guard const lock(mutex_);
        return deliveries_.size() + delivering_;
    }

    /// What has happened so far.
    struct counts {
        std::uint64_t sent = 0;
        std::uint64_t answered = 0;
        std::uint64_t delivered_twice = 0;
        std::uint64_t calls_ended = 0;
        std::uint64_t overtaken = 0;                     // reports of the stand-in
        std::map<std::string, std::uint64_t> repeated{}; // deliveries, by the reason
    };
    counts counted() const
    {
        std::lock_guard const lock(mutex_);
        return {sent_, answered_, delivered_twice_, calls_ended_, overtaken_, repeated_};
    }
    mistakes const& found() const { return found_; }

private:
    static constexpr std::uint64_t messages_in_a_call = 20;

    struct place {
        call_name name{};
        bool is_open = false; // the application has subscribed and the call has not ended
        std::uint64_t sent = 0;
        order_check answers{};
        std::set<std::string> answer_sids{};
        std::multiset<std::uint64_t> pending{}; // the numbers of its deliveries that have not ended
    };

    struct delivery {
        clock::time_point due{};
        unsigned slot = 0;
        std::uint64_t number = 0;
        sidecall::standin_message message{};
        unsigned attempts = 0;

        friend bool operator<(delivery const& a, delivery const& b) { return a.due > b.due; } // the earliest is on top
    };

    template <class Condition>
    std::size_t count(Condition condition) const
    {
        std::lock_guard const lock(mutex_);
        return static_cast<std::size_t>(std::count_if(slots_.begin(), slots_.end(), condition));
    }

    void begin(place const& one)
    {
        command_("call " + std::to_string(one.name.slot) + ' ' + std::to_string(one.name.generation));
    }

    /// Without `is_forced`, only if all its messages are answered and all their deliveries have ended.
    void hang_up(place& one, bool is_forced)
    {
        if (!one.is_open) return;
        std::uint64_t const unanswered = one.sent - std::min(one.sent, one.answers.count());
        if (!is_forced && (unanswered != 0 || !one.pending.empty())) return;
        if (unanswered != 0) {
            found_.lost += unanswered;
            std::fprintf(stderr, "soak: %s: %llu messages have no answer\n", one.name.sid().c_str(),
                         static_cast<unsigned long long>(unanswered));
        }
        one.is_open = false;
        command_("hangup " + std::to_string(one.name.slot) + ' ' + std::to_string(one.name.generation) + ' ' +
                 std::to_string(one.sent));
    }

    /// Keeps the messages that can still arrive within the window, which is what the sequencer remembers.
    static bool may_send(place const& one)
    {
        std::uint64_t const oldest =
            one.pending.empty() ? one.answers.next() : std::min(one.answers.next(), *one.pending.begin());
        return one.is_open && one.sent < oldest + window && one.sent < messages_in_a_call;
    }

    void send(place& one)
    {
        auto const message = twilio_.client_message(one.name.sid(), one.name.content(one.sent));
        unsigned const times = random_() % 20 == 0 ? 2 : 1;
        delivered_twice_ += times - 1;
        for (unsigned i = 0; i != times; ++i) {
            deliveries_.push({clock::now() + delay(300 + 700 * i), one.name.slot, one.sent, message});
            one.pending.insert(one.sent);
        }
        ++one.sent;
        ++sent_;
        ++unanswered_;
        changed_.notify_one();
    }

    std::chrono::milliseconds delay(std::uint64_t limit)
    {
        return std::chrono::milliseconds(static_cast<std::int64_t>(random_() % limit));
    }

    /// The loop of a thread that delivers messages.
    void deliver_all()
    {
        std::unique_lock lock(mutex_);
        while (!is_stopped_) {
            if (deliveries_.empty()) {
                changed_.wait(lock);
                continue;
            }
            if (auto const due = deliveries_.top().due; due > clock::now()) {
                changed_.wait_until(lock, due);
                continue;
            }
            auto next = deliveries_.top();
            deliveries_.pop();
            ++delivering_;
            lock.unlock();
            std::string const reason = deliver(next.message);
            lock.lock();
            --delivering_;
            if (reason.empty()) {
                auto& pending = slots_[next.slot].pending;
                if (auto const at = pending.find(next.number); at != pending.end()) pending.erase(at);
            } else {
                ++repeated_[reason];
                next.due = clock::now() + delay(std::min(2000u, 200u << std::min(next.attempts++, 4u)));
                deliveries_.push(std::move(next));
            }
        }
    }

    /// Delivers a message once. Returns why it was not accepted, or an empty text.
    std::string deliver(sidecall::standin_message const& message)
    {
        auto const results = twilio_.deliver(message);
        if (results.size() != 1) return "without a subscription";
        if (results[0].status == 0) return "without a response";
        return results[0].status / 100 == 2 ? "" : "answered " + std::to_string(results[0].status);
    }

    /// The stand-in has created an answer of the application. It says so after it has created it, so that one answer
    /// can overtake another on the way to here; then the list of the stand-in tells the order.
    void receive(sidecall::standin_message const& message)
    {
        std::lock_guard const lock(mutex_);
        message_name name;
        if (!message_name::parse(message.content, name) || name.call.slot >= slots_.size() ||
            slots_[name.call.slot].name != name.call || message.call_sid != name.call.sid()) {
            ++found_.doubled;
            std::fprintf(stderr, "soak: %s: an answer was damaged: %s\n", message.call_sid.c_str(),
                         message.content.c_str());
            return;
        }
        auto& one = slots_[name.call.slot];
        if (name.number == one.answers.next()) return receive(one, message, name.number);
        if (!one.answer_sids.contains(message.sid)) ++overtaken_;
        for (auto const& created : twilio_.client_received(message.call_sid))
            if (message_name::parse(created.content, name)) receive(one, created, name.number);
    }

    void receive(place& one, sidecall::standin_message const& message, std::uint64_t number)
    {
        if (!one.answer_sids.insert(message.sid).second) return;
        auto const count = one.answers.count();
        char const* const mistake = one.answers.add(number, found_);
        answered_ += one.answers.count() - count;
        unanswered_ -= one.answers.count() - count;
        if (*mistake != '\0')
            std::fprintf(stderr, "soak: %s: an answer was %s: %s\n", message.call_sid.c_str(), mistake,
                         message.content.c_str());
    }

    sidecall::twilio_standin& twilio_;
    mutable std::mutex mutex_; // guards the members below
    std::condition_variable changed_;
    std::mt19937_64 random_;
    std::vector<place> slots_;
    std::deque<unsigned> turns_; // the slots, in the order in which they send next
    std::priority_queue<delivery> deliveries_;
    std::size_t delivering_ = 0;
    std::size_t unanswered_ = 0;
    std::uint64_t sent_ = 0, answered_ = 0, delivered_twice_ = 0, calls_ended_ = 0, overtaken_ = 0;
    std::map<std::string, std::uint64_t> repeated_;
    mistakes found_;
    bool is_ending_ = false;
    bool is_stopped_ = false;
    command_function command_;
    std::vector<std::thread> workers_;
};

} // namespace soak_test
