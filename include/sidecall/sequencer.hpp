#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <sidecall/sid.hpp>
#include <sidecall/webhook.hpp>

namespace sidecall {

/// The limits of a `message_sequencer`. What it keeps never exceeds them.
struct sequencer_options {
    /// The number of the first message, if you know it. Twilio's page says "starting from 0", its example shows 1, and
    /// who subscribes in the middle of a call may see any. Without this the message that comes first begins, and one
    /// that it has overtaken is handed out as late.
    std::optional<std::uint64_t> first = {};

    /// How many messages may wait for one that is missing before them. With one more the gap is given up.
    std::size_t max_waiting = 32;

    /// How many SIDs of messages that were handed out are remembered, to know one that comes again.
    std::size_t max_remembered = 256;
};

/// A message that is handed out, and what there is to say of its place.
struct sequenced_message {
    incoming_message message;
    std::uint64_t missing = 0; ///< So many messages right before it have not come, and are waited for no longer.
    bool late =
        false; ///< It does not follow what was handed out: its gap was given up, or its number was there already.
};

/// What became of a message that arrived.
enum class arrival {
    handed_out, ///< It was handed out, and perhaps others behind it.
    waiting,    ///< It waits for one before it.
    duplicate,  ///< It has come before, so it was dropped.
};

/// Puts the messages of one call in order by `SequenceNumber`, and lets each through once by `Sid`: webhooks can
/// overtake each other and come twice. It knows no clock and no thread: give it what arrives, one thread at a time, and
/// tell it when your patience with a gap has ended, or the call (`give_up`). Nothing that arrives is lost: a message
/// too late for its place is handed out as such. If `hand_out` throws, its message counts as handed out.
///
/// Allocates for what waits and what is remembered, up to its limits.
class message_sequencer {
public:
    explicit message_sequencer(sequencer_options options = {}) : options_(options)
    {
        if (options_.first) next_ = *options_.first;
    }

    /// Takes a message that arrived. Calls `hand_out(sequenced_message&&)` for each that is next: none, this one, or
    /// this one and some that waited for it.
    template <class HandOut>
    arrival accept(incoming_message message, HandOut&& hand_out)
    {
        message_sid const sid = message.sid();
        if (is_remembered(sid) || is_waiting(sid)) return arrival::duplicate;
        std::uint64_t const number = message.sequence_number();
        auto place = waiting_.end(); // behind all that are not greater; most messages come in order
        while (place != waiting_.begin() && (place - 1)->sequence_number() > number) --place;
        waiting_.insert(place, std::move(message));
        hand_out_in_order(hand_out);
        while (waiting_.size() > options_.max_waiting) give_up(hand_out);
        return is_waiting(sid) ? arrival::waiting : arrival::handed_out;
    }

    /// Ends the wait for what is missing before the first message that waits: hands out that one, which says how many
    /// are missing, and those right behind it. Call it when a gap has lasted too long by your clock.
    template <class HandOut>
    void give_up(HandOut&& hand_out)
    {
        if (waiting_.empty()) return;
        std::uint64_t const number = waiting_.front().sequence_number();
        std::uint64_t const missing = number - *next_; // what waits is behind what is next
        next_ = number;
        pop(hand_out, missing);
        hand_out_in_order(hand_out);
    }

    /// How many messages wait for one before them.
    std::size_t waiting() const noexcept { return waiting_.size(); }

private:
    template <class HandOut>
    void hand_out_in_order(HandOut& hand_out)
    {
        while (!waiting_.empty()) {
            std::uint64_t const number = waiting_.front().sequence_number();
            if (!next_) next_ = number;
            if (number > *next_) return;
            pop(hand_out, 0);
        }
    }

    /// Hands out the first that waits.
    template <class HandOut>
    void pop(HandOut& hand_out, std::uint64_t missing)
    {
        sequenced_message first{std::move(waiting_.front()), missing};
        waiting_.erase(waiting_.begin());
        remember(first.message.sid());
        std::uint64_t const number = first.message.sequence_number();
        first.late = number < *next_;
        if (!first.late && number != UINT64_MAX) next_ = number + 1;
        hand_out(std::move(first));
    }

    bool is_remembered(message_sid const& sid) const noexcept
    {
        for (auto const& known : remembered_)
            if (known == sid) return true;
        return false;
    }

    bool is_waiting(message_sid const& sid) const noexcept
    {
        for (auto const& message : waiting_)
            if (message.sid() == sid) return true;
        return false;
    }

    /// Remembers a SID in the place of the one that has been remembered for longest.
    void remember(message_sid const& sid)
    {
        if (remembered_.size() < options_.max_remembered) {
            remembered_.push_back(sid);
        } else if (!remembered_.empty()) {
            remembered_[oldest_] = sid;
            oldest_ = (oldest_ + 1) % remembered_.size();
        }
    }

    sequencer_options options_;
    std::optional<std::uint64_t> next_{};
    std::vector<incoming_message> waiting_; // sorted by number
    std::vector<message_sid> remembered_;   // a ring once it is full
    std::size_t oldest_ = 0;
};

} // namespace sidecall
