#pragma once

// Shared by the examples that receive messages: prints them in order, and ends the order of a call with the call.

#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "call_control.hpp"
#include "program.hpp"

#include <sidecall/sequencer.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/webhook.hpp>

/// Prints the messages of each call in order, and keeps one sequencer for each call in progress. It locks because
/// cpp-httplib calls the webhook from several threads. Every function throws `stop` if standard output fails, so that
/// no message is acknowledged from then on.
class message_printer {
public:
    explicit message_printer(output const& out = {}) : out_(out) {}

    /// Takes a message: for `mount_webhook`.
    void operator()(sidecall::incoming_message&& message)
    {
        std::lock_guard const lock(mutex_);
        check_output(); // otherwise the second delivery of a message that could not be printed were a mere duplicate
        auto& sequencer = calls_[std::string(message.call_sid().view())];
        auto const number = message.sequence_number();
        auto const call = message.call_sid();
        auto const sid = message.sid();
        auto const arrival =
            sequencer.accept(std::move(message), [this](sidecall::sequenced_message&& next) { print(next); });
        if (arrival == sidecall::arrival::handed_out) return;
        bool const waits = arrival == sidecall::arrival::waiting;
        print("    (#" + std::to_string(number) + (waits ? " waits for an earlier message)" : " is a duplicate)"),
              {{"event", waits ? "waiting" : "duplicate"},
               {"call_sid", call.view()},
               {"sequence_number", number},
               {"sid", sid.view()}});
    }

    /// Takes any other webhook that Twilio signed: for `webhook_mount_options::on_other`. If it is a status callback of
    /// a call that has ended, prints the messages that still wait, and forgets the call.
    void operator()(sidecall::webhook_parameters const& parameters)
    {
        auto const call = parameters.find("CallSid");
        auto const status = parameters.find("CallStatus");
        if (!call || !status) return;
        std::lock_guard const lock(mutex_);
        check_output();
        print("    (" + printable(*call) + " is " + printable(*status) + ')',
              {{"event", "call_status"}, {"call_sid", *call}, {"call_status", *status}});
        auto const found = calls_.find(std::string(*call));
        if (found == calls_.end() || !call_control::has_ended(*status)) return;
        give_up(found->second);
        calls_.erase(found);
    }

    /// Prints the messages that still wait, of all calls. Call it when no more messages can arrive: Twilio does not
    /// send them again, because they were acknowledged.
    void finish()
    {
        std::lock_guard const lock(mutex_);
        for (auto& call : calls_) give_up(call.second);
        calls_.clear();
    }

    /// The number of calls that have sent messages and not ended.
    std::size_t calls() const
    {
        std::lock_guard const lock(mutex_);
        return calls_.size();
    }

private:
    void give_up(sidecall::message_sequencer& sequencer)
    {
        while (sequencer.waiting() != 0) sequencer.give_up([this](sidecall::sequenced_message&& next) { print(next); });
    }

    void print(sidecall::sequenced_message const& next)
    {
        auto const& message = next.message;
        std::string text;
        if (next.missing != 0) text = "    (" + std::to_string(next.missing) + " missing before the next message)\n";
        text.append(message.call_sid().view()).append(" #").append(std::to_string(message.sequence_number()));
        text.append(next.late ? " (late): " : ": ").append(printable(message.content()));
        print(std::move(text), {{"event", "message"},
                                {"call_sid", message.call_sid().view()},
                                {"sequence_number", message.sequence_number()},
                                {"sid", message.sid().view()},
                                {"content_type", message.content_type()},
                                {"content", message.content()},
                                {"missing", next.missing},
                                {"late", next.late}});
    }

    void print(std::string line, json_object const& object)
    {
        out_.print(std::move(line), object);
        check_output();
    }

    output out_;
    mutable std::mutex mutex_;
    std::map<std::string, sidecall::message_sequencer> calls_;
};
