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

namespace sidecall::detail {

/// Declared and never defined, so that no constant expression can call it: its name is the message.
void a_first_number_is_not_negative();

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

/// The `SequenceNumber` of a call's first message; or that it is not known, which is the default. A sequence number is
/// never negative, so a constant that is does not compile, nor does a number with a sign that is no constant: convert
/// that to one without, once you know that it is not negative. Does not allocate.
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
    /// This constant.
    template <std::signed_integral Number>
    consteval first_sequence_number(Number number) : number_(static_cast<std::uint64_t>(number))
    {
        if (number < 0) detail::a_first_number_is_not_negative();
    }
    /// This number, if there is one.
    template <std::unsigned_integral Number>
        requires(!std::same_as<Number, bool>)
    constexpr first_sequence_number(std::optional<Number> const& number) noexcept
    {
        if (number) number_ = *number;
    }

    /// The number, or nothing if it is not known.
    constexpr std::optional<std::uint64_t> number() const noexcept { return number_; }

private:
    std::optional<std::uint64_t> number_{};
};

/// Which call a `message_sequencer` is for, and its limits.
struct sequencer_options {
    /// The number of the first message, if you know it: `{.first = 0}`. Twilio's page says "starting from 0", its
    /// example shows 1, and who subscribes in the middle of a call may see any. Without this the message that comes
    /// first begins, and one that it has overtaken is handed out as late.
    first_sequence_number first = {};

    /// How many messages may wait for one that is missing before them. With one more the gap is given up. 0: none
    /// waits, and each is handed out as it comes. `SIZE_MAX`: as many as there is memory for. To find the place of a
    /// message takes time in proportion to how many wait.
    std::size_t max_waiting = 32;

    /// How many SIDs of messages that were handed out are remembered, to know one that comes again. 0: none, so that
    /// one that comes again is handed out again, as late. `SIZE_MAX`: all, for as long as there is memory. To look
    /// through them takes time in proportion to their number.
    std::size_t max_remembered = 256;

    /// Whose messages these are. Without this it is the call of the message that comes first.
    std::optional<call_sid> call = {};
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
    duplicate,  ///< It has come before. Nothing was handed out.
    other_call, ///< It is of another call. Nothing was handed out, and the caller still has it: it belongs elsewhere.
};

/// Puts the messages of one call in order by `SequenceNumber`, and lets each through once by `Sid`: webhooks can
/// overtake each other and come twice. It knows no clock and no thread: give it what arrives, one thread at a time, and
/// tell it when your patience with a gap has ended, or the call (`give_up`). Nothing that arrives is lost: a message
/// too late for its place is handed out as such, and one of another call is left with the caller. If `hand_out` throws,
/// its message counts as handed out.
///
/// Allocates for what waits and what is remembered, up to its limits. One that was moved from is of the same call and
/// at the same place in it; nothing waits in it any more, and it remembers no SID.
class message_sequencer {
public:
    /// A sequencer for one call. Allocates nothing yet.
    constexpr explicit message_sequencer(sequencer_options const& options = {})
        : max_waiting_(options.max_waiting), max_remembered_(options.max_remembered), call_(options.call),
          next_(options.first.number())
    {
    }

    /// Takes a message that arrived. Calls `hand_out(sequenced_message&&)` for each that is next: none, this one, or
    /// this one and some that waited for it. Look at what it returns wherever messages of more than one call can come:
    /// a message is moved from only if the sequencer takes it, so one of `arrival::other_call` is still whole, for the
    /// sequencer of its own call.
    template <class HandOut>
    constexpr arrival(accept)(incoming_message&& message, HandOut&& hand_out)
    {
        if (auto const known = refuses(message)) return *known;
        return take(std::move(message), hand_out);
    }

    /// The same with a copy of the message, which allocates, and which is made only if the sequencer takes it.
    template <class HandOut>
    constexpr arrival(accept)(incoming_message const& message, HandOut&& hand_out)
    {
        if (auto const known = refuses(message)) return *known;
        return take(incoming_message(message), hand_out);
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

    /// Whose messages these are; empty if nobody has said so and none has come.
    constexpr std::optional<call_sid> call() const noexcept { return call_; }

private:
    /// Why a message is not taken; empty if it is.
    constexpr std::optional<arrival> refuses(incoming_message const& message) const noexcept
    {
        if (call_ && message.call_sid() != *call_) return arrival::other_call;
        if (remembered_.contains(message.sid()) || waiting_.contains(message.sid())) return arrival::duplicate;
        return {};
    }

    template <class HandOut>
    constexpr arrival take(incoming_message&& message, HandOut& hand_out)
    {
        std::uint64_t const number = message.sequence_number();
        message_sid const sid = message.sid();
        call_sid const call = message.call_sid();
        if (waiting_.empty() && number <= next_.value_or(number)) { // as most do: it need not even wait for its turn
            remembered_.insert(sid, max_remembered_);               // if there is no memory, nothing has changed
            call_ = call;
            if (!next_) next_ = number;
            hand_out_now(std::move(message), hand_out);
            return arrival::handed_out;
        }
        waiting_.insert(waiting_.behind(number), std::move(message));
        call_ = call;
        hand_out_in_order(hand_out);
        while (waiting_.size() > max_waiting_) give_up(hand_out);
        return waiting_.contains(sid) ? arrival::waiting : arrival::handed_out;
    }

    template <class HandOut>
    constexpr void hand_out_in_order(HandOut& hand_out)
    {
        while (!waiting_.empty() && waiting_.front().sequence_number() <= *next_) hand_out_first(hand_out);
    }

    template <class HandOut>
    constexpr void hand_out_first(HandOut& hand_out)
    {
        remembered_.insert(waiting_.front().sid(), max_remembered_); // if there is no memory, it waits on
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

    std::size_t max_waiting_;
    std::size_t max_remembered_;
    std::optional<call_sid> call_;      // unknown until the first message comes
    std::optional<std::uint64_t> next_; // the same
    detail::waiting_messages waiting_{};
    detail::remembered_sids remembered_{};
};

} // namespace sidecall
