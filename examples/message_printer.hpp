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
/// cpp-httplib calls the webhook from several threads.
class message_printer {
public:
    /// Takes a message: for `mount_webhook`.
    void operator()(sidecall::incoming_message&& message)
    {
        std::lock_guard const lock(mutex_);
        auto& sequencer = calls_[std::string(message.call_sid().view())];
        auto const number = message.sequence_number();
        auto const arrival = sequencer.accept(std::move(message), print);
        if (arrival == sidecall::arrival::duplicate) std::cout << "    (#" << number << " is a duplicate)" << std::endl;
        if (arrival == sidecall::arrival::waiting)
            std::cout << "    (#" << number << " waits for an earlier message)" << std::endl;
    }

    /// Takes any other webhook that Twilio signed: for `webhook_mount_options::on_other`. If it is a status callback of
    /// a call that has ended, prints the messages that still wait, and forgets the call.
    void operator()(sidecall::webhook_parameters const& parameters)
    {
        auto const call = parameters.find("CallSid");
        auto const status = parameters.find("CallStatus");
        if (!call || !status) return;
        std::lock_guard const lock(mutex_);
        std::cout << "    (" << printable(*call) << " is " << printable(*status) << ')' << std::endl;
        auto const found = calls_.find(std::string(*call));
        if (found == calls_.end() || !call_control::has_ended(*status)) return;
        while (found->second.waiting() != 0) found->second.give_up(print);
        calls_.erase(found);
    }

    /// The number of calls that have sent messages and not ended.
    std::size_t calls() const
    {
        std::lock_guard const lock(mutex_);
        return calls_.size();
    }

private:
    static void print(sidecall::sequenced_message&& next)
    {
        if (next.missing != 0) std::cout << "    (" << next.missing << " missing before the next message)\n";
        std::cout << next.message.call_sid().view() << " #" << next.message.sequence_number()
                  << (next.late ? " (late)" : "") << ": " << printable(next.message.content()) << std::endl;
    }

    mutable std::mutex mutex_;
    std::map<std::string, sidecall::message_sequencer> calls_;
};
