#include <sidecall/sequencer.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <ostream>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace sequencer_test {

namespace {

using sidecall::arrival;
using sidecall::incoming_message;
using sidecall::message_sequencer;
using sidecall::sequenced_message;

/// A signed GET, since only a validly signed request becomes an incoming_message.
incoming_message receive(std::uint64_t number, std::uint64_t id,
                         std::string const& call = "CA00000000000000000000000000000002")
{
    std::string digits = std::to_string(id);
    digits.insert(0, 32 - digits.size(), '0');
    std::string const url = "https://example.com/?Sid=KX" + digits + "&SequenceNumber=" + std::to_string(number) +
                            "&CallSid=" + call +
                            "&AccountSid=AC00000000000000000000000000000001"
                            "&Content={}&ContentType=application/json&Timestamp=18+Dec+2019+20:02:01+%2B0000";
    auto const code = sidecall::detail::hmac_sha1("token").code([&](auto put) { put(url); });
    std::string signature(28, '\0');
    sidecall::detail::base64_encode({reinterpret_cast<char const*>(code.data()), code.size()}, {}, signature.data());
    auto message = sidecall::webhook_verifier(sidecall::secret("token"))
                       .receive({.method = "GET", .url = url, .signature = signature});
    REQUIRE(message);
    return std::move(*message);
}

/// The message with this number. Created once per number, since signing is slow.
incoming_message const& message(std::uint64_t number)
{
    static std::map<std::uint64_t, incoming_message> made;
    auto const found = made.find(number);
    return found != made.end() ? found->second : made.emplace(number, receive(number, number)).first->second;
}

/// The delivered messages as text: "3", "3-2" after a gap of two, "3!" if late.
struct log {
    void operator()(sequenced_message&& one)
    {
        if (!text.empty()) text += ' ';
        text += std::to_string(one.message.sequence_number());
        if (one.missing != 0) text.append("-").append(std::to_string(one.missing));
        if (one.late) text += '!';
    }
    /// Everything since the last call.
    std::string take() { return std::exchange(text, {}); }

    std::string text;
};

/// A sequencer and what it delivered.
struct scene {
    scene() = default;
    explicit scene(sidecall::sequencer_options options) : sequencer(options) {}

    /// What the sequencer delivers when this message arrives.
    std::string accept(incoming_message const& one)
    {
        became = sequencer.accept(one, out);
        return out.take();
    }
    std::string accept(std::uint64_t number) { return accept(message(number)); }
    std::string accept(std::initializer_list<std::uint64_t> numbers)
    {
        for (auto const number : numbers) became = sequencer.accept(message(number), out);
        return out.take();
    }
    std::string give_up()
    {
        sequencer.give_up(out);
        return out.take();
    }

    message_sequencer sequencer{};
    log out{};
    arrival became{};
};

static_assert(!std::is_convertible_v<sidecall::sequencer_options, message_sequencer>);

} // namespace

TEST_CASE("messages that arrive in order are delivered at once")
{
    for (std::uint64_t const first : {0u, 1u}) {
        scene unknown;
        scene known({.first = first});
        for (std::uint64_t number = first; number != 50; ++number) {
            CAPTURE(number);
            CHECK(unknown.accept(number) == std::to_string(number));
            CHECK(unknown.became == arrival::handed_out);
            CHECK(unknown.sequencer.waiting() == 0);
            CHECK(known.accept(number) == std::to_string(number));
            CHECK(known.became == arrival::handed_out);
        }
    }
}

TEST_CASE("six messages are delivered in order, whatever their order of arrival")
{
    for (std::uint64_t const first : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, UINT64_MAX - 20}) {
        std::vector<std::uint64_t> order;
        std::string expected;
        for (std::uint64_t number = first; number != first + 6; ++number) {
            order.push_back(number);
            if (number != first) expected += ' ';
            expected += std::to_string(number);
        }
        int orders = 0;
        do {
            ++orders;
            scene all({.first = first});
            std::set<std::uint64_t> come;
            std::uint64_t next = first;
            for (auto const number : order) {
                all.became = all.sequencer.accept(message(number), all.out);
                come.insert(number);
                while (come.contains(next)) ++next;
                REQUIRE(all.became == (number < next ? arrival::handed_out : arrival::waiting));
                REQUIRE(all.sequencer.waiting() == first + come.size() - next);
            }
            REQUIRE(all.out.take() == expected);
        } while (std::next_permutation(order.begin(), order.end()));
        CHECK(orders == 720);
    }
}

TEST_CASE("without a first number the first message to arrive starts, and lower numbers are delivered as late")
{
    for (std::uint64_t const first : {0u, 1u, 40u}) {
        std::vector<std::uint64_t> order = {first, first + 1, first + 2, first + 3, first + 4};
        do {
            scene all;
            std::vector<std::uint64_t> in_order, late;
            auto const out = [&](sequenced_message&& one) {
                CHECK(one.missing == 0);
                (one.late ? late : in_order).push_back(one.message.sequence_number());
            };
            for (auto const number : order) all.sequencer.accept(message(number), out);
            REQUIRE(all.sequencer.waiting() == 0);
            REQUIRE(in_order.size() + late.size() == order.size());
            for (std::size_t i = 0; i != in_order.size(); ++i) REQUIRE(in_order[i] == order[0] + i);
            for (auto const number : late) REQUIRE(number < order[0]);
        } while (std::next_permutation(order.begin(), order.end()));
    }
}

TEST_CASE("a given first number starts the sequence, and lower numbers are delivered as late")
{
    scene all({.first = 1});
    CHECK(all.accept(0) == "0!");
    CHECK(all.became == arrival::handed_out);
    CHECK(all.accept({2, 1}) == "1 2");

    scene from_nought({.first = 0});
    CHECK(from_nought.accept(1) == "");
    CHECK(from_nought.became == arrival::waiting);
    CHECK(from_nought.accept(0) == "0 1");
}

TEST_CASE("a repeated message is dropped, whenever it arrives")
{
    // 0 is delivered, 2 and 3 wait, 1 releases them, 5 waits, the gap before 5 is given up, 4 is late.
    std::vector<std::uint64_t> const order = {0, 2, 3, 1, 5};
    for (std::size_t which = 0; which != order.size(); ++which) {
        for (std::size_t place = which; place != order.size(); ++place) {
            CAPTURE(which);
            CAPTURE(place);
            scene all;
            std::string text;
            for (std::size_t i = 0; i != order.size(); ++i) {
                all.sequencer.accept(message(order[i]), all.out);
                if (i != place) continue;
                std::string const before = all.out.text;
                std::size_t const waiting = all.sequencer.waiting();
                for (int again = 0; again != 3; ++again)
                    CHECK(all.sequencer.accept(message(order[which]), all.out) == arrival::duplicate);
                CHECK(all.out.text == before);
                CHECK(all.sequencer.waiting() == waiting);
            }
            CHECK(all.out.take() == "0 1 2 3");
            CHECK(all.give_up() == "5-1");
            CHECK(all.accept(order[which]) == "");
            CHECK(all.became == arrival::duplicate);
            CHECK(all.accept(4) == "4!");
            CHECK(all.accept(4) == "");
            CHECK(all.became == arrival::duplicate);
        }
    }
}

TEST_CASE("the SID, not the number, decides whether a message is a duplicate")
{
    scene all;
    CHECK(all.accept(receive(0, 100)) == "0");
    CHECK(all.accept(receive(1, 100)) == ""); // the same SID with another number
    CHECK(all.became == arrival::duplicate);
    CHECK(all.accept(receive(0, 101)) == "0!"); // another SID with the same number is delivered
    CHECK(all.became == arrival::handed_out);

    // The same while it waits.
    CHECK(all.accept(receive(2, 102)) == "");
    CHECK(all.accept(receive(2, 103)) == "");
    CHECK(all.became == arrival::waiting);
    CHECK(all.sequencer.waiting() == 2);
    CHECK(all.accept(receive(1, 104)) == "1 2 2!");
    CHECK(all.accept(receive(3, 105)) == "3");
}

TEST_CASE("two messages with the same number are delivered in order of arrival")
{
    std::vector<std::string> sids;
    message_sequencer sequencer;
    auto const out = [&](sequenced_message&& one) { sids.emplace_back(one.message.sid().view().substr(31)); };
    sequencer.accept(receive(0, 211), out);
    for (std::uint64_t id : {207u, 203u, 209u}) sequencer.accept(receive(2, id), out);
    sequencer.accept(receive(1, 212), out);
    CHECK(sids == std::vector<std::string>{"211", "212", "207", "203", "209"});
}

TEST_CASE("a gap is given up when too many messages wait, and the missing count is reported")
{
    scene all({.max_waiting = 3});
    CHECK(all.accept(0) == "0");
    CHECK(all.accept({4, 3, 6}) == "");
    CHECK(all.sequencer.waiting() == 3);
    CHECK(all.accept(7) == "3-2 4"); // 1 and 2 have not arrived; the sequencer still waits for 5
    CHECK(all.became == arrival::waiting);
    CHECK(all.sequencer.waiting() == 2);
    CHECK(all.accept(1) == "1!");
    CHECK(all.became == arrival::handed_out);
    CHECK(all.accept(5) == "5 6 7");
    CHECK(all.accept(2) == "2!");
    CHECK(all.accept(8) == "8");

    // The message that exceeds the limit can be the next one, or come before the waiting ones.
    scene next({.max_waiting = 2});
    CHECK(next.accept({0, 2, 3}) == "0");
    CHECK(next.accept(1) == "1 2 3");
    CHECK(next.accept({7, 8}) == "");
    CHECK(next.accept(5) == "5-1");
    CHECK(next.became == arrival::handed_out);
    CHECK(next.sequencer.waiting() == 2);

    // More than one gap at once.
    scene gaps({.first = 0, .max_waiting = 1});
    CHECK(gaps.accept(10) == "");
    CHECK(gaps.accept(20) == "10-10");
    CHECK(gaps.became == arrival::waiting);
    CHECK(gaps.accept(15) == "15-4");
    CHECK(gaps.accept(16) == "16");
    CHECK(gaps.give_up() == "20-3");
}

TEST_CASE("with max_waiting = 0, every message is delivered as it arrives")
{
    scene all({.max_waiting = 0});
    CHECK(all.accept(5) == "5");
    CHECK(all.became == arrival::handed_out);
    CHECK(all.accept(3) == "3!");
    CHECK(all.accept(6) == "6");
    CHECK(all.accept(9) == "9-2");
    CHECK(all.sequencer.waiting() == 0);
    CHECK(all.accept(9) == "");
    CHECK(all.became == arrival::duplicate);
}

TEST_CASE("a gap is given up when the caller asks for it")
{
    scene all;
    CHECK(all.give_up() == "");
    CHECK(all.accept({0, 3, 4, 6, 9}) == "0");
    CHECK(all.sequencer.waiting() == 4);
    CHECK(all.give_up() == "3-2 4");
    CHECK(all.sequencer.waiting() == 2);
    CHECK(all.give_up() == "6-1");
    CHECK(all.accept(7) == "7");
    CHECK(all.accept(5) == "5!");
    CHECK(all.give_up() == "9-1");
    CHECK(all.give_up() == "");
    CHECK(all.accept({10, 8, 2, 1}) == "10 8! 2! 1!");

    // Before anything was delivered.
    scene unknown;
    CHECK(unknown.accept({4, 5}) == "4 5");
    CHECK(unknown.give_up() == "");
    CHECK(unknown.accept({1, 0}) == "1! 0!");
    scene from_nought({.first = 0});
    CHECK(from_nought.accept({4, 5}) == "");
    CHECK(from_nought.give_up() == "4-4 5");
    scene from_ten({.first = 10});
    CHECK(from_ten.accept(12) == "");
    CHECK(from_ten.give_up() == "12-2");
    // Giving up with nothing waiting changes nothing.
    scene none;
    CHECK(none.give_up() == "");
    CHECK(none.accept({1, 2}) == "1 2");
    CHECK(none.give_up() == "");
    CHECK(none.accept({4, 3}) == "3 4");
}

TEST_CASE("numbers near the largest one behave like any others")
{
    scene all({.first = UINT64_MAX - 12});
    CHECK(all.accept({UINT64_MAX - 9, UINT64_MAX - 12}) == "18446744073709551603");
    CHECK(all.give_up() == "18446744073709551606-2");
    CHECK(all.accept({UINT64_MAX - 7, UINT64_MAX - 8}) == "18446744073709551607 18446744073709551608");

    scene far({.first = 0});
    CHECK(far.accept(UINT64_MAX - 6) == "");
    CHECK(far.give_up() == "18446744073709551609-18446744073709551609");
    CHECK(far.accept(0) == "0!");
}

TEST_CASE("the largest 64-bit number has no successor, and does not overflow")
{
    scene all({.first = UINT64_MAX - 1});
    CHECK(all.accept(UINT64_MAX) == "");
    CHECK(all.became == arrival::waiting);
    CHECK(all.accept(UINT64_MAX - 1) == "18446744073709551614 18446744073709551615");
    CHECK(all.became == arrival::handed_out);
    CHECK(all.accept(0) == "0!");

    scene last({.first = UINT64_MAX});
    CHECK(last.accept(UINT64_MAX) == "18446744073709551615");
    CHECK(last.became == arrival::handed_out);
    CHECK(last.sequencer.waiting() == 0);
}

TEST_CASE("the list of remembered SIDs is bounded and drops the oldest first")
{
    scene all({.first = 0, .max_waiting = 2, .max_remembered = 5});
    for (std::uint64_t number = 0; number != 20; ++number) {
        CAPTURE(number);
        REQUIRE(all.accept(number) == std::to_string(number));
        for (std::uint64_t back = 0; back != 5 && back <= number; ++back) {
            REQUIRE(all.accept(number - back) == "");
            REQUIRE(all.became == arrival::duplicate);
        }
    }
    // The sixth from the end is forgotten, so its repetition is delivered once more, as late.
    CHECK(all.accept(14) == "14!");
    CHECK(all.accept(14) == "");
    CHECK(all.accept(15) == "15!"); // forgotten to make space for 14
    CHECK(all.accept(19) == "");
    CHECK(all.became == arrival::duplicate);

    scene forgetful({.first = 0, .max_remembered = 0});
    CHECK(forgetful.accept({0, 0, 1, 0}) == "0 0! 1 0!");
}

TEST_CASE("a waiting message is recognised as a duplicate, however many messages arrive in between")
{
    for (std::size_t const remembered : {0u, 1u, 3u, 8u}) {
        CAPTURE(remembered);
        scene all({.first = 0, .max_waiting = 3, .max_remembered = remembered});
        CHECK(all.accept(30) == "");
        for (std::uint64_t number = 0; number != 20; ++number) {
            REQUIRE(all.accept(number) == std::to_string(number));
            REQUIRE(all.accept(30) == "");
            REQUIRE(all.became == arrival::duplicate);
            REQUIRE(all.sequencer.waiting() == 1);
        }
        CHECK(all.give_up() == "30-10");
    }
}

TEST_CASE("any callable receives messages, including one that must be called as an rvalue")
{
    message_sequencer sequencer;
    std::vector<sequenced_message> kept;
    auto keep = [&kept](sequenced_message&& one) mutable { kept.push_back(std::move(one)); };
    sequencer.accept(message(1), keep);
    sequencer.accept(message(3), keep);
    sequencer.accept(message(2), [&](sequenced_message one) { kept.push_back(std::move(one)); });
    REQUIRE(kept.size() == 3);
    CHECK(kept[0].message.content() == "{}");
    CHECK(kept[2].message.sequence_number() == 3);
    CHECK(kept[2].message.call_sid().view() == "CA00000000000000000000000000000002");

    // A sequencer is a value: a copy is independent.
    sequencer.accept(message(5), keep);
    message_sequencer copy = sequencer;
    copy.accept(message(4), [](sequenced_message&&) {});
    CHECK(copy.waiting() == 0);
    CHECK(sequencer.waiting() == 1);
}

#ifdef __cpp_exceptions
TEST_CASE("if hand_out throws, its message counts as delivered, and no other is lost, late or reported missing")
{
    for (std::uint64_t thrower = 0; thrower != 6; ++thrower) {
        CAPTURE(thrower);
        scene all({.first = 0});
        auto const out = [&](sequenced_message&& one) {
            std::uint64_t const number = one.message.sequence_number();
            all.out(std::move(one));
            if (number == thrower) throw std::runtime_error("not now");
        };
        auto const without_exceptions = [](auto const& what) {
            try {
                what();
            } catch (std::runtime_error const&) {
            }
        };
        for (std::uint64_t const number : {1u, 2u, 4u, 0u, 5u, 0u, 1u})
            without_exceptions([&] { all.sequencer.accept(message(number), out); });
        while (all.sequencer.waiting() != 0) without_exceptions([&] { all.sequencer.give_up(out); });
        CHECK(all.out.take() == "0 1 2 4-1 5");
    }
}
#endif

TEST_CASE("with any schedule, no message is lost or repeated, and all but the late ones are in order")
{
    std::minstd_rand random(7);
    auto const below = [&random](std::size_t limit) { return static_cast<std::size_t>(random() >> 8) % limit; };
    int late_ones = 0;
    int gaps = 0;
    for (int round = 0; round != 10000; ++round) {
        CAPTURE(round);
        std::size_t const first = below(2) == 0 ? below(2) : below(40);
        bool const first_known = first > 1 || below(2) == 0;
        std::size_t const max_waiting = below(8);

        // Of 1 to 24 messages some are lost and some repeated. The rest is shuffled, over short or long distances.
        std::vector<std::uint64_t> schedule;
        std::set<std::uint64_t> sent;
        std::size_t const count = 1 + below(24);
        for (std::size_t i = 0; i != count; ++i) {
            if (below(10) == 0) continue;
            sent.insert(first + i);
            for (std::size_t copies = below(5) == 0 ? 1 + below(3) : 1; copies != 0; --copies)
                schedule.push_back(first + i);
        }
        std::size_t const reach = below(3) == 0 ? count : 1 + below(4);
        for (std::size_t i = 0; i + 1 < schedule.size(); ++i)
            std::swap(schedule[i], schedule[std::min(schedule.size() - 1, i + below(reach + 1))]);

        sidecall::sequencer_options options{.max_waiting = max_waiting};
        if (first_known) options.first = first;
        message_sequencer sequencer(options);
        std::set<std::uint64_t> come; // numbers that have arrived
        std::set<std::uint64_t> out;  // numbers that were delivered
        std::optional<std::uint64_t> next;
        if (first_known) next = first;
        auto const check = [&](sequenced_message&& one) {
            std::uint64_t const number = one.message.sequence_number();
            REQUIRE(come.count(number) == 1);   // nothing is invented
            REQUIRE(out.insert(number).second); // nothing is delivered twice
            if (!next) next = number;           // the first delivered number starts
            REQUIRE(one.late == (number < *next));
            if (one.late) {
                ++late_ones;
                REQUIRE(one.missing == 0);
                return;
            }
            REQUIRE(one.missing == number - *next);
            gaps += one.missing != 0;
            for (; *next != number; ++*next) REQUIRE(out.count(*next) == 0); // reported as missing, so not delivered
            ++*next;
        };
        for (auto const number : schedule) {
            bool const is_new = come.insert(number).second;
            std::size_t const out_before = out.size();
            arrival const became = sequencer.accept(message(number), check);
            if (!is_new) {
                REQUIRE(became == arrival::duplicate);
                REQUIRE(out.size() == out_before);
            } else {
                REQUIRE(became == (out.count(number) == 1 ? arrival::handed_out : arrival::waiting));
            }
            REQUIRE(sequencer.waiting() == come.size() - out.size());
            REQUIRE(sequencer.waiting() <= max_waiting);
            // No message waits without a gap before it.
            if (next) REQUIRE((!come.contains(*next) || out.count(*next) == 1));
            if (below(20) == 0) {
                std::size_t const waiting = sequencer.waiting();
                sequencer.give_up(check);
                REQUIRE((waiting == 0 || sequencer.waiting() < waiting));
            }
        }
        while (sequencer.waiting() != 0) sequencer.give_up(check);
        REQUIRE(out == sent); // nothing is lost
    }
    // Enough of the schedules were disordered.
    CHECK(late_ones > 1000);
    CHECK(gaps > 1000);
}

TEST_CASE("a sequencer can be moved, copied and assigned with its waiting messages")
{
    scene one({.first = 0});
    CHECK(one.accept({2, 1, 4}) == "");
    scene moved, copied;
    copied.sequencer = one.sequencer;
    moved.sequencer = std::move(one.sequencer);
    CHECK(moved.accept(0) == "0 1 2");
    CHECK(moved.accept(3) == "3 4");
    CHECK(copied.accept(0) == "0 1 2");
    message_sequencer again(std::move(copied.sequencer));
    again.accept(message(3), one.out);
    CHECK(one.out.take() == "3 4");
    CHECK(one.sequencer.waiting() == 0);
}

TEST_CASE("by default, a message is in order and the limits are the documented ones")
{
    sequenced_message const one{message(1)};
    CHECK(one.missing == 0);
    CHECK_FALSE(one.late);
    CHECK(sidecall::sequencer_options{}.max_waiting == 32);
    CHECK(sidecall::sequencer_options{}.max_remembered == 256);
}

TEST_CASE("a message of another call is rejected, changes nothing, and is not moved from")
{
    std::string const other = "CA00000000000000000000000000000009";
    auto const other_call = *sidecall::call_sid::parse(other);
    for (bool const is_given : {false, true}) {
        CAPTURE(is_given);
        sidecall::sequencer_options options;
        if (is_given) options.call = message(0).call_sid();
        scene all(options);
        if (is_given) {
            CHECK(all.accept(receive(5, 300, other)) == ""); // the call is the given one, not that of the first message
            CHECK(all.became == arrival::other_call);
        }
        CHECK(all.accept({0, 2}) == "0");
        for (std::uint64_t const number : {0u, 1u, 2u, 3u, 50u}) {
            CAPTURE(number);
            CHECK(all.accept(receive(number, 300 + number, other)) == "");
            CHECK(all.became == arrival::other_call);
            CHECK(all.sequencer.waiting() == 1);
            // A message passed as an rvalue is not moved from.
            incoming_message stray = receive(number, 300 + number, other);
            CHECK(all.sequencer.accept(std::move(stray), all.out) == arrival::other_call);
            CHECK(stray.call_sid() == other_call); // NOLINT(bugprone-use-after-move)
            CHECK(stray.content() == "{}");
            // Its SID is not remembered.
            message_sequencer its_own;
            CHECK(its_own.accept(std::move(stray), all.out) == arrival::handed_out);
            CHECK(all.out.take() == std::to_string(number));
        }
        CHECK(all.accept(receive(1, 2, other)) == ""); // even if its SID was seen before
        CHECK(all.became == arrival::other_call);
        CHECK(all.accept({1, 3}) == "1 2 3");
        CHECK(all.sequencer.call() == message(0).call_sid());
    }
    CHECK(!message_sequencer().call());
    CHECK(message_sequencer({.call = other_call}).call() == other_call);

    // Copies and moved-to sequencers keep the call.
    scene all;
    CHECK(all.accept(0) == "0");
    scene copy, moved;
    copy.sequencer = all.sequencer;
    moved.sequencer = std::move(all.sequencer);
    for (scene* one : {&copy, &moved}) {
        CHECK(one->accept(receive(1, 301, other)) == "");
        CHECK(one->became == arrival::other_call);
    }
}

TEST_CASE("mixed messages of two calls are delivered in order by one sequencer per call")
{
    std::string const calls[] = {"CA00000000000000000000000000000002", "CA00000000000000000000000000000009"};
    std::vector<incoming_message> mixed;
    for (std::uint64_t const number : {0u, 2u, 1u, 3u})
        for (std::uint64_t which : {0u, 1u}) mixed.push_back(receive(number, 400 + 10 * which + number, calls[which]));
    scene first({.first = 0}), second({.first = 0});
    for (auto& one : mixed)
        if (first.sequencer.accept(std::move(one), first.out) == arrival::other_call)
            CHECK(second.sequencer.accept(std::move(one), second.out) != arrival::other_call);
    CHECK(first.out.take() == "0 1 2 3");
    CHECK(second.out.take() == "0 1 2 3");
}

TEST_CASE("a message passed as a const lvalue is copied and unchanged")
{
    scene all({.first = 0});
    for (std::uint64_t const number : {2u, 0u, 2u, 1u}) {
        incoming_message const& one = message(number);
        all.sequencer.accept(one, all.out);
        CHECK(one.content() == "{}");
    }
    CHECK(all.out.take() == "0 1 2");
    incoming_message again = receive(1, 1);
    CHECK(all.sequencer.accept(std::move(again), all.out) == arrival::duplicate);
    CHECK(again.content() == "{}"); // NOLINT(bugprone-use-after-move)
}

namespace {

template <class T>
concept can_be_first = requires(sidecall::sequencer_options& options, T value) { options.first = value; };

} // namespace

TEST_CASE("a first number is unsigned, a non-negative constant, or unknown")
{
    using first = sidecall::first_sequence_number;
    constexpr auto number = [](first const& one) { return one.number(); };
    static_assert(number({}) == std::nullopt);
    static_assert(number(std::nullopt) == std::nullopt);
    static_assert(number(0) == 0u);
    static_assert(number(7) == 7u);
    static_assert(number(7LL) == 7u);
    static_assert(number(INT64_MAX) == static_cast<std::uint64_t>(INT64_MAX));
    static_assert(number(UINT64_MAX) == UINT64_MAX);
    static_assert(number(static_cast<unsigned char>(200)) == 200u);
    static_assert(number(std::optional<std::uint64_t>(9)) == 9u);
    static_assert(number(std::optional<std::uint64_t>()) == std::nullopt);
    static_assert(number(std::optional<unsigned>(9)) == 9u);
    static_assert(can_be_first<std::uint64_t> && can_be_first<std::size_t> && can_be_first<unsigned char>);
    static_assert(!can_be_first<std::optional<int>> && !can_be_first<std::optional<std::int64_t>>);
    static_assert(!can_be_first<bool> && !can_be_first<double> && !can_be_first<char const*>);

    sidecall::sequencer_options options{.first = 3};
    options.first = 4;
    CHECK(number(options.first) == 4u);
    options.first = std::nullopt;
    CHECK(number(options.first) == std::nullopt);
}

TEST_CASE("limits can be zero, or as large as memory allows")
{
    scene endless({.first = 0, .max_waiting = SIZE_MAX, .max_remembered = SIZE_MAX});
    std::string expected = "0";
    for (std::uint64_t number = 600; number != 0; --number) REQUIRE(endless.accept(receive(number, number)) == "");
    for (std::uint64_t number = 1; number != 601; ++number) expected.append(" ").append(std::to_string(number));
    CHECK(endless.sequencer.waiting() == 600);
    CHECK(endless.accept(0) == expected);
    for (std::uint64_t const number : {0u, 1u, 255u, 256u, 300u, 600u}) {
        CHECK(endless.accept(number) == "");
        CHECK(endless.became == arrival::duplicate);
    }

    // Nothing waits and nothing is remembered: each message is delivered as it arrives, and again when repeated.
    scene none({.max_waiting = 0, .max_remembered = 0});
    CHECK(none.accept({3, 3, 9, 5, 10}) == "3 3! 9-5 5! 10");
}

} // namespace sequencer_test
