#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/webhook.hpp>

// Orders the received messages of a call: `message_sequencer`, and the lists that it keeps.
namespace sidecall::detail {

/// Declared but never defined, so that a constant expression cannot call it. Its name is the error message.
void first_sequence_number_must_not_be_negative();

/// The waiting messages, sorted by number, then by arrival. A linked list, since <vector> is more expensive to include
/// than all of webhook.hpp.
class waiting_messages {
    struct node {
        incoming_message message;
        node* next;
    };

public:
    /// A position between two messages.
    using position = node**;

    constexpr waiting_messages() noexcept = default;
    constexpr waiting_messages(waiting_messages const& other)
        : waiting_messages() // so that the destructor runs if a copy throws
    {
        position end = &first_;
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

    /// The position after all messages whose number is not greater.
    constexpr position position_after(std::uint64_t number) noexcept
    {
        position at = &first_;
        while (*at != nullptr && (*at)->message.sequence_number() <= number) at = &(*at)->next;
        return at;
    }

    constexpr void insert(position at, incoming_message&& message)
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

/// The SIDs inserted last, in one buffer. When the limit is reached, each new one replaces the oldest.
class remembered_sids {
public:
    constexpr bool contains(message_sid const& sid) const noexcept
    {
        for (std::size_t at = 0; at != sids_.size(); at += message_sid::size)
            if (std::string_view(sids_.data() + at, message_sid::size) == sid.view()) return true;
        return false;
    }

    constexpr void insert(message_sid const& sid, std::size_t limit)
    {
        std::size_t const size = sids_.size();
        if (size / message_sid::size < limit) {
            if (size == sids_.capacity()) grow(limit);
            sids_.resize(size + message_sid::size);
            put(sids_.data() + size, sid.view());
        } else if (size != 0) {
            put(sids_.data() + oldest_, sid.view());
            oldest_ = (oldest_ + message_sid::size) % size;
        }
    }

private:
    constexpr void grow(std::size_t limit)
    {
        std::size_t const doubled = sids_.capacity() == 0 ? 16 : sids_.capacity() / message_sid::size * 2;
        buffer larger((doubled < limit ? doubled : limit) * message_sid::size);
        larger.resize(sids_.size());
        put(larger.data(), sids_.view());
        sids_ = std::move(larger);
    }

    buffer sids_{};
    std::size_t oldest_ = 0; // the offset of the oldest SID, once the maximum is reached
};

} // namespace sidecall::detail

namespace sidecall {

/// The `SequenceNumber` of the first message of a call, or "not known", which is the default. A sequence number is
/// never negative. So a negative constant does not compile, and neither does a signed number that is not a constant:
/// check that it is not negative and convert it to an unsigned type first. Does not allocate.
class first_sequence_number {
public:
    /// Not known.
    constexpr first_sequence_number() noexcept = default;
    /// Not known.
    constexpr first_sequence_number(std::nullopt_t) noexcept {}
    /// This number.
    template <std::unsigned_integral Number>
        requires(!std::same_as<Number, bool>)
    constexpr first_sequence_number(Number number) noexcept : number_(number)
    {
    }
    /// This number, which must be a constant and not negative.
    template <std::signed_integral Number>
    consteval first_sequence_number(Number number) : number_(static_cast<std::uint64_t>(number))
    {
        if (number < 0) detail::first_sequence_number_must_not_be_negative();
    }
    /// This number; not known if the optional is empty.
    template <std::unsigned_integral Number>
        requires(!std::same_as<Number, bool>)
    constexpr first_sequence_number(std::optional<Number> const& number) noexcept
    {
        if (number) number_ = *number;
    }

    /// The number; empty if it is not known.
    constexpr std::optional<std::uint64_t> number() const noexcept { return number_; }

private:
    std::optional<std::uint64_t> number_{};
};

/// The call and the limits of a `message_sequencer`.
struct sequencer_options {
    /// The number of the first message, if you know it: `{.first = 0}`. Twilio's page says "starting from 0"; its
    /// example shows 1; and if you subscribe during a call, the first number can be any. Without this, the first
    /// message to arrive sets the start, and a lower number that arrives later is delivered with `late = true`.
    first_sequence_number first = {};

    /// How many messages may wait for a missing one before them. One more, and the gap is given up. 0: no message
    /// waits, and each is delivered when it arrives. `SIZE_MAX`: limited only by memory. Inserting a message takes time
    /// proportional to the number of waiting messages.
    std::size_t max_waiting = 32;

    /// How many SIDs of delivered messages are remembered, to recognize duplicates. 0: none, so that a duplicate is
    /// delivered again, with `late = true`. `SIZE_MAX`: limited only by memory. The search takes time proportional to
    /// the number of SIDs.
    std::size_t max_remembered = 256;

    /// The call that the messages belong to. Without this, it is the call of the first message that arrives.
    std::optional<call_sid> call = {};
};

/// A message that the sequencer delivers, and its position in the sequence.
struct sequenced_message {
    incoming_message message;  ///< The message; you may move from it.
    std::uint64_t missing = 0; ///< How many messages right before it are missing and no longer waited for.
    /// Whether it is out of order: its gap was given up before it arrived, or a message with its number was delivered
    /// before.
    bool late = false;
};

/// What happened to a message that arrived.
enum class arrival {
    handed_out, ///< It was delivered; messages that waited for it may have been delivered after it.
    waiting,    ///< It waits for a message before it.
    duplicate,  ///< A message with this SID has already arrived. Nothing was delivered.
    other_call, ///< It belongs to another call. Nothing was delivered, and the caller still has the message.
};

/// Puts the messages of one call in order by `SequenceNumber` and delivers each `Sid` once, since webhooks can overtake
/// each other and arrive twice.
///
/// It has no clock and no lock: use it from one thread at a time, and call `give_up` when a gap has lasted too long or
/// the call has ended. No message is lost: one that is too late for its position is delivered with `late = true`, and
/// one of another call stays with the caller. If `deliver` throws, its message counts as delivered.
///
/// Allocates for the waiting messages and for the remembered SIDs, up to its limits. A moved-from sequencer keeps its
/// call and its position; it has no waiting messages and no remembered SIDs.
///
/// @code
/// sidecall::message_sequencer sequencer({.first = 0, .call = call});
/// sequencer.accept(std::move(*message), [](sidecall::sequenced_message&& next) { use(next.message.content()); });
/// @endcode
class message_sequencer {
public:
    /// A sequencer for one call. Does not allocate yet.
    constexpr explicit message_sequencer(sequencer_options const& options = {})
        : max_waiting_(options.max_waiting), max_remembered_(options.max_remembered), call_(options.call),
          next_(options.first.number())
    {
    }

    /// Takes a message that arrived. Calls `deliver(sequenced_message&&)` for each message that is then next: for none,
    /// for this one, or for this one and some that waited for it.
    ///
    /// The message is moved from only if the sequencer takes it. If messages of more than one call can arrive, check
    /// the return value: a message for which it is `arrival::other_call` is unchanged, and you can pass it to the
    /// sequencer of its own call.
    template <class Deliver>
    constexpr arrival(accept)(incoming_message&& message, Deliver&& deliver)
    {
        if (auto const rejection = rejection_of(message)) return *rejection;
        return take(std::move(message), deliver);
    }

    /// The same with a copy of the message. The copy allocates; it is made only if the sequencer takes the message.
    template <class Deliver>
    constexpr arrival(accept)(incoming_message const& message, Deliver&& deliver)
    {
        if (auto const rejection = rejection_of(message)) return *rejection;
        return take(incoming_message(message), deliver);
    }

    /// Stops waiting for the messages that are missing before the first waiting one. Delivers that one, which says how
    /// many are missing, and those that follow it without a gap. Call it when a gap has lasted too long by your clock.
    template <class Deliver>
    constexpr void give_up(Deliver&& deliver)
    {
        if (waiting_.empty()) return;
        deliver_first(deliver);
        deliver_in_order(deliver);
    }

    /// The number of messages that wait for a message before them.
    constexpr std::size_t waiting() const noexcept { return waiting_.size(); }

    /// The call that the messages belong to; empty if it was not given and no message has arrived.
    constexpr std::optional<call_sid> call() const noexcept { return call_; }

private:
    /// Why the message is not taken; empty if it is taken.
    constexpr std::optional<arrival> rejection_of(incoming_message const& message) const noexcept
    {
        if (call_ && message.call_sid() != *call_) return arrival::other_call;
        if (remembered_.contains(message.sid()) || waiting_.contains(message.sid())) return arrival::duplicate;
        return {};
    }

    template <class Deliver>
    constexpr arrival take(incoming_message&& message, Deliver& deliver)
    {
        std::uint64_t const number = message.sequence_number();
        message_sid const sid = message.sid();
        call_sid const call = message.call_sid();
        if (waiting_.empty() && number <= next_.value_or(number)) { // the usual case: the message need not wait
            remembered_.insert(sid, max_remembered_);               // if this runs out of memory, nothing has changed
            call_ = call;
            if (!next_) next_ = number;
            deliver_now(std::move(message), deliver);
            return arrival::handed_out;
        }
        waiting_.insert(waiting_.position_after(number), std::move(message));
        call_ = call;
        deliver_in_order(deliver);
        while (waiting_.size() > max_waiting_) give_up(deliver);
        return waiting_.contains(sid) ? arrival::waiting : arrival::handed_out;
    }

    template <class Deliver>
    constexpr void deliver_in_order(Deliver& deliver)
    {
        while (!waiting_.empty() && waiting_.front().sequence_number() <= *next_) deliver_first(deliver);
    }

    template <class Deliver>
    constexpr void deliver_first(Deliver& deliver)
    {
        remembered_.insert(waiting_.front().sid(), max_remembered_); // if this runs out of memory, it stays waiting
        incoming_message first = std::move(waiting_.front());
        waiting_.pop();
        deliver_now(std::move(first), deliver);
    }

    /// Delivers a message. The numbers between the expected one and its own are missing. A message that waited can be
    /// late too: it is the second with its number, or `deliver` threw when it was its turn.
    template <class Deliver>
    constexpr void deliver_now(incoming_message&& message, Deliver& deliver)
    {
        std::uint64_t const number = message.sequence_number();
        std::uint64_t const expected = *next_;
        bool const late = number < expected;
        if (!late) next_ = number == UINT64_MAX ? number : number + 1;
        deliver(sequenced_message{std::move(message), late ? 0 : number - expected, late});
    }

    std::size_t max_waiting_;
    std::size_t max_remembered_;
    std::optional<call_sid> call_;      // empty until it is known
    std::optional<std::uint64_t> next_; // the number to deliver next; empty until it is known
    detail::waiting_messages waiting_{};
    detail::remembered_sids remembered_{};
};

} // namespace sidecall
