#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <sidecall/detail/no_macro.hpp>
#include <sidecall/detail/storage.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/webhook.hpp>

namespace sidecall::detail {

/// Messages that wait, sorted by number; of one number, as they came. A list, since <vector> alone is dearer to include
/// than all of the webhook.
class waiting_messages {
    struct node {
        incoming_message message;
        node* next;
    };

public:
    /// A place between two messages that wait.
    using place = node**;

    constexpr waiting_messages() noexcept = default;
    constexpr waiting_messages(waiting_messages const& other)
        : waiting_messages() // so that what is there goes if a copy throws
    {
        place end = &first_;
        for (node const* from = other.first_; from != nullptr; from = from->next, end = &(*end)->next)
            insert(end, incoming_message(from->message));
    }
    constexpr waiting_messages(waiting_messages&& other) noexcept
        : first_(std::exchange(other.first_, nullptr)), size_(std::exchange(other.size_, 0))
    {
    }
    constexpr waiting_messages& operator=(waiting_messages other) noexcept
    {
        std::swap(first_, other.first_);
        std::swap(size_, other.size_);
        return *this;
    }
    constexpr ~waiting_messages()
    {
        while (first_ != nullptr) delete std::exchange(first_, first_->next);
    }

    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return first_ == nullptr; }
    constexpr incoming_message& front() noexcept { return first_->message; }

    constexpr bool contains(message_sid const& sid) const noexcept
    {
        for (node const* at = first_; at != nullptr; at = at->next)
            if (at->message.sid() == sid) return true;
        return false;
    }

    /// The place behind all that are not greater.
    constexpr place behind(std::uint64_t number) noexcept
    {
        place at = &first_;
        while (*at != nullptr && (*at)->message.sequence_number() <= number) at = &(*at)->next;
        return at;
    }

    constexpr void insert(place at, incoming_message&& message)
    {
        *at = new node{std::move(message), *at};
        ++size_;
    }

    constexpr void pop() noexcept
    {
        delete std::exchange(first_, first_->next);
        --size_;
    }

private:
    node* first_ = nullptr;
    std::size_t size_ = 0;
};

/// The SIDs that came last, one behind the other; from the most on, each in the place of the oldest.
class remembered_sids {
public:
    constexpr bool contains(message_sid const& sid) const noexcept
    {
        for (std::size_t at = 0; at != sids_.size(); at += message_sid::size)
            if (std::string_view(sids_.data() + at, message_sid::size) == sid.view()) return true;
        return false;
    }

    constexpr void insert(message_sid const& sid, std::size_t most)
    {
        std::size_t const size = sids_.size();
        if (size / message_sid::size < most) {
            if (size == sids_.capacity()) grow(most);
            sids_.resize(size + message_sid::size);
            put(sids_.data() + size, sid.view());
        } else if (size != 0) {
            put(sids_.data() + oldest_, sid.view());
            oldest_ = (oldest_ + message_sid::size) % size;
        }
    }

private:
    constexpr void grow(std::size_t most)
    {
        std::size_t const doubled = sids_.capacity() == 0 ? 16 : sids_.capacity() / message_sid::size * 2;
        buffer larger((doubled < most ? doubled : most) * message_sid::size);
        larger.resize(sids_.size());
        put(larger.data(), sids_.view());
        sids_ = std::move(larger);
    }

    buffer sids_{};
    std::size_t oldest_ = 0; // its offset, once there are the most
};

} // namespace sidecall::detail

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
    incoming_message message;  ///< Yours to move from.
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
    /// A sequencer for one call. Allocates nothing yet.
    constexpr explicit message_sequencer(sequencer_options options = {}) : options_(options)
    {
        if (options_.first) next_ = *options_.first;
    }

    /// Takes a message that arrived. Calls `hand_out(sequenced_message&&)` for each that is next: none, this one, or
    /// this one and some that waited for it.
    template <class HandOut>
    constexpr arrival accept SIDECALL_DETAIL_NO_MACRO(incoming_message message, HandOut&& hand_out)
    {
        message_sid const sid = message.sid();
        if (remembered_.contains(sid) || waiting_.contains(sid)) return arrival::duplicate;
        std::uint64_t const number = message.sequence_number();
        if (!next_) next_ = number;
        if (waiting_.empty() && number <= *next_) { // as most do: it need not even wait for its turn
            remembered_.insert(sid, options_.max_remembered);
            hand_out_now(std::move(message), hand_out);
            return arrival::handed_out;
        }
        waiting_.insert(waiting_.behind(number), std::move(message));
        hand_out_in_order(hand_out);
        while (waiting_.size() > options_.max_waiting) give_up(hand_out);
        return waiting_.contains(sid) ? arrival::waiting : arrival::handed_out;
    }

    /// Ends the wait for what is missing before the first message that waits: hands out that one, which says how many
    /// are missing, and those right behind it. Call it when a gap has lasted too long by your clock.
    template <class HandOut>
    constexpr void give_up(HandOut&& hand_out)
    {
        if (waiting_.empty()) return;
        hand_out_first(hand_out);
        hand_out_in_order(hand_out);
    }

    /// How many messages wait for one before them.
    constexpr std::size_t waiting() const noexcept { return waiting_.size(); }

private:
    template <class HandOut>
    constexpr void hand_out_in_order(HandOut& hand_out)
    {
        while (!waiting_.empty() && waiting_.front().sequence_number() <= *next_) hand_out_first(hand_out);
    }

    template <class HandOut>
    constexpr void hand_out_first(HandOut& hand_out)
    {
        remembered_.insert(waiting_.front().sid(), options_.max_remembered); // if there is no memory, it waits on
        incoming_message first = std::move(waiting_.front());
        waiting_.pop();
        hand_out_now(std::move(first), hand_out);
    }

    /// What lies between it and the one that was next is missing. It may also be late when it comes from those that
    /// wait: one of two with the same number, or it was its turn when `hand_out` threw.
    template <class HandOut>
    constexpr void hand_out_now(incoming_message&& message, HandOut& hand_out)
    {
        std::uint64_t const number = message.sequence_number();
        std::uint64_t const expected = *next_;
        bool const late = number < expected;
        if (!late) next_ = number == UINT64_MAX ? number : number + 1;
        hand_out(sequenced_message{std::move(message), late ? 0 : number - expected, late});
    }

    sequencer_options options_;
    std::optional<std::uint64_t> next_{}; // unknown until the first message comes
    detail::waiting_messages waiting_{};
    detail::remembered_sids remembered_{};
};

} // namespace sidecall
