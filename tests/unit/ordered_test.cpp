#include <sidecall/ordered.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/testing.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace ordered_test {

namespace {

using namespace sidecall::literals;
using sidecall::after_failure;
using sidecall::authorized_request;
using sidecall::create_user_defined_message;
using sidecall::errc;
using sidecall::failure;
using sidecall::fake_outcome;
using sidecall::http_response;
using sidecall::may_have_taken_effect;
using sidecall::milliseconds;
using sidecall::ordered_sender;
using sidecall::result;
using continuation = sidecall::detail::callable<void, bool>;
using completion = sidecall::detail::callable<void, result<http_response>>;
using sent = result<sidecall::user_defined_message>;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
constexpr auto other_call = "CA00000000000000000000000000000003"_call_sid;
auto const twilio_itself = sidecall::endpoint::twilio();

sidecall::call_sid call_number(std::size_t number)
{
    std::string digits = std::to_string(number);
    return *sidecall::call_sid::parse("CA" + std::string(32 - digits.size(), '0') + digits);
}

create_user_defined_message message(sidecall::call_sid const& to, std::size_t number, bool with_key = false)
{
    std::string const text = std::to_string(number);
    return {.account_sid = account,
            .call_sid = to,
            .content = *sidecall::message_content::parse(text),
            .idempotency_key =
                with_key ? std::optional(*sidecall::idempotency_key::parse(text + '/' + std::string(to.view())))
                         : std::nullopt};
}

/// A Twilio with two calls that holds its answers, and what a sender needs.
struct world {
    explicit world(std::uint64_t seed = 0) : twilio(account, token, {.seed = seed})
    {
        twilio.start_call(call);
        twilio.start_call(other_call);
        twilio.hold_answers();
    }

    /// A timer that fires when the test says so.
    auto timer()
    {
        return [this](milliseconds, auto next) { timers.emplace_back(std::move(next)); };
    }
    auto sender(sidecall::ordered_options const& options = {})
    {
        return ordered_sender(credentials, twilio, timer(), options, twilio_itself, twilio.machine());
    }
    /// A handler that notes `name` and how the operation ended.
    auto note(std::string name)
    {
        return [this, name = std::move(name)](sent const& outcome) {
            log.push_back(name + (outcome ? " sent" : ' ' + std::string(to_string_view(outcome.error().code()))));
        };
    }
    std::vector<std::string> contents(sidecall::call_sid const& of = call) const
    {
        std::vector<std::string> found;
        for (auto const& one : twilio.messages(of)) found.push_back(one.content);
        return found;
    }
    void fire_timers(bool proceed = true)
    {
        for (auto const& next : std::exchange(timers, {})) next(proceed);
    }
    /// Answers everything and fires all timers.
    void finish()
    {
        while (twilio.held_answers() != 0 || !timers.empty()) {
            twilio.answer_all();
            fire_timers();
        }
    }

    sidecall::secret token{"token"};
    sidecall::credentials credentials = sidecall::credentials::auth_token(account, token);
    sidecall::fake_twilio twilio;
    std::vector<continuation> timers{};
    std::vector<std::string> log{};
};

using strings = std::vector<std::string>;

/// A transport whose requests the test completes.
struct held_transport {
    template <class Handler>
    void operator()(authorized_request, Handler handler)
    {
        completions.emplace_back(std::move(handler));
    }
    void complete_all()
    {
        while (!completions.empty())
            for (auto const& one : std::exchange(completions, {})) one(created());
    }
    static result<http_response> created()
    {
        return http_response{.status = 201, .body = R"({"sid":"KX00000000000000000000000000000003"})"};
    }

    std::vector<completion> completions{};
};

/// A transport that completes at once.
struct prompt_transport {
    template <class Handler>
    void operator()(authorized_request, Handler handler)
    {
        ++requests;
        handler(code == errc() ? held_transport::created() : result<http_response>(failure(code)));
    }

    errc code{};
    std::size_t requests = 0;
};

/// An operation that cannot be made into a request.
struct unwritable : create_user_defined_message {
    template <class Request>
    void write(Request& request) const
    {
        request.path("/2010-04-01/").segment("");
    }
};

constexpr auto no_timer = [](milliseconds, auto next) { next(false); };

} // namespace

TEST_CASE("operations with the same key are sent one after another, those of other keys in parallel")
{
    world w;
    auto sender = w.sender();
    for (std::size_t i = 1; i != 4; ++i) sender.send(call, message(call, i), w.note("call " + std::to_string(i)));
    sender.send(other_call, message(other_call, 1), w.note("other 1"));
    CHECK(w.twilio.held_answers() == 2);
    CHECK(w.contents() == strings{"1"});
    CHECK(sender.waiting() == 2);
    CHECK(sender.waiting(call) == 2);
    CHECK(sender.waiting(other_call) == 0);
    CHECK(sender.waiting("no such key") == 0);
    CHECK(sender.keys() == 2);

    w.twilio.answer_held(1);
    CHECK(w.log == strings{"other 1 sent"});
    CHECK(sender.keys() == 1);
    w.twilio.answer_held();
    CHECK(w.contents() == strings{"1", "2"});
    w.finish();
    CHECK(w.contents() == strings{"1", "2", "3"});
    CHECK(w.log == strings{"other 1 sent", "call 1 sent", "call 2 sent", "call 3 sent"});
    CHECK(sender.waiting() == 0);
    CHECK(sender.keys() == 0);
}

TEST_CASE("a key is a SID or any text, and is compared byte for byte")
{
    world w;
    auto sender = w.sender();
    std::string const text(call.view());
    sender.send(call, message(call, 1), w.note("1"));
    sender.send(text, message(call, 2), w.note("2"));
    sender.send(text.c_str(), message(call, 3), w.note("3"));
    CHECK(sender.keys() == 1);
    CHECK(sender.waiting(std::string_view(text)) == 2);

    auto const lower = "CA0000000000000000000000000000000a"_call_sid;
    auto const upper = "CA0000000000000000000000000000000A"_call_sid;
    std::string const long_key(1000, 'k');
    for (sidecall::order_key const& key : {sidecall::order_key(lower), sidecall::order_key(upper),
                                           sidecall::order_key(""), sidecall::order_key(std::string_view("\0", 1)),
                                           sidecall::order_key(long_key), sidecall::order_key(long_key + 'k')}) {
        auto const before = sender.keys();
        sender.send(key, message(call, 4), w.note("4"));
        CHECK(sender.keys() == before + 1);
        CHECK(key == sidecall::order_key(key.view()));
    }
    sender.send(static_cast<char const*>(nullptr), message(call, 5), w.note("5"));
    CHECK(sender.waiting("") == 1);
    CHECK(sidecall::order_key(call) == sidecall::order_key(text));
    CHECK(sidecall::order_key(lower) != sidecall::order_key(upper));
    sidecall::order_key const owned(long_key + 'k');
    CHECK(owned.view() == long_key + 'k');
    CHECK(sender.waiting(owned) == 0);
    w.finish();
    CHECK(sender.keys() == 0);
}

TEST_CASE("the key may be a part of the operation that is moved")
{
    struct keyed : create_user_defined_message {
        std::string key = std::string(40, 'k');
    };
    world w;
    auto sender = w.sender();
    for (std::size_t i = 0; i != 3; ++i) {
        keyed operation{message(call, i)};
        sender.send(operation.key, std::move(operation), w.note(""));
    }
    CHECK(sender.waiting(std::string(40, 'k')) == 2);
    w.finish();
}

TEST_CASE("an operation is stored, and its request is made when it is its turn")
{
    world w;
    auto sender = w.sender();
    auto operation = message(call, 1);
    sender.send(call, operation, w.note("1")); // copied
    operation.content = *sidecall::message_content::parse("2");
    sender.send(call, operation, w.note("2"));
    operation.content = *sidecall::message_content::parse("3");
    w.credentials = sidecall::credentials::auth_token(account, sidecall::secret("another token"));
    w.finish();
    CHECK(w.contents() == strings{"1"});
    CHECK(w.log == strings{"1 sent", "2 api_error"}); // 401
    CHECK_FALSE(w.twilio.requests().back().is_authenticated);
}

TEST_CASE("an operation is retried before the next one with its key is sent")
{
    world w;
    auto sender = w.sender();
    w.twilio.next(fake_outcome::error(429));
    w.twilio.next(fake_outcome::lose_answer());
    sender.send(call, message(call, 1, true), w.note("1"));
    sender.send(call, message(call, 2, true), w.note("2"));
    w.twilio.answer_all();
    CHECK(w.timers.size() == 1);
    CHECK(w.twilio.requests().size() == 1);
    w.fire_timers();
    w.twilio.answer_all();
    w.fire_timers();
    CHECK(w.twilio.requests().size() == 3);
    CHECK(w.log.empty());
    w.finish();
    CHECK(w.log == strings{"1 sent", "2 sent"});
    CHECK(w.contents() == strings{"1", "2"});
}

TEST_CASE("after a failure, stop refuses the following operations until resume")
{
    world w;
    auto sender = w.sender();
    w.twilio.next(fake_outcome::error(400));
    std::vector<failure> reasons;
    auto const keep = [&](sent const& outcome) { reasons.push_back(outcome.error()); };
    sender.send(call, message(call, 1), w.note("1"));
    sender.send(call, message(call, 2), keep);
    sender.send(call, message(call, 3), keep);
    sender.send(other_call, message(other_call, 1), w.note("other 1"));
    CHECK_FALSE(sender.is_stopped(call));
    CHECK_FALSE(sender.resume(call));
    w.finish();
    CHECK(w.log == strings{"1 api_error", "other 1 sent"});
    CHECK(sender.is_stopped(call));
    CHECK_FALSE(sender.is_stopped(other_call));
    CHECK(sender.keys() == 1);
    sender.send(call, message(call, 4), keep);
    REQUIRE(reasons.size() == 3);
    for (auto const& reason : reasons) {
        CHECK(reason.code() == errc::not_connected);
        CHECK_FALSE(may_have_taken_effect(reason));
        CHECK(reason.message() == "nothing was sent: an earlier operation with the same key failed with api_error");
    }
    CHECK(w.twilio.requests().size() == 2);

    CHECK(sender.resume(call));
    CHECK_FALSE(sender.resume(call));
    CHECK_FALSE(sender.is_stopped(call));
    CHECK(sender.keys() == 0);
    sender.send(call, message(call, 5), w.note("5"));
    w.finish();
    CHECK(w.contents() == strings{"5"});
}

TEST_CASE("after a failure, proceed sends the next operation")
{
    world w;
    auto sender = w.sender({.after_failure = after_failure::proceed});
    w.twilio.next_if([](auto const& request) { return request.body.find('2') != std::string::npos; },
                     fake_outcome::error(400));
    w.twilio.next_if([](auto const& request) { return request.body.find('3') != std::string::npos; },
                     fake_outcome::lose_answer());
    for (std::size_t i = 1; i != 5; ++i) sender.send(call, message(call, i), w.note(std::to_string(i)));
    w.finish();
    CHECK(w.log == strings{"1 sent", "2 api_error", "3 answer_lost", "4 sent"});
    CHECK(w.contents() == strings{"1", "3", "4"});
    CHECK(sender.keys() == 0);
}

TEST_CASE("stop names the code of each kind of failure")
{
    for (int number = 0; number != 16; ++number) {
        auto const code = static_cast<errc>(number);
        world w;
        auto sender = w.sender({.policy = {.max_attempts = 1}});
        w.twilio.next(fake_outcome::fail(code));
        std::string reason;
        sender.send(call, message(call, 1), w.note("1"));
        sender.send(call, message(call, 2), [&](sent const& outcome) { reason = outcome.error().message(); });
        w.finish();
        auto const name = to_string_view(code).empty() ? "an unknown code" : to_string_view(code);
        CHECK(reason == "nothing was sent: an earlier operation with the same key failed with " + std::string(name));
    }
    CHECK(to_string_view(after_failure::stop) == "stop");
    CHECK(to_string_view(after_failure::proceed) == "proceed");
    CHECK(to_string_view(static_cast<after_failure>(0)).empty());
    CHECK(to_string_view(static_cast<after_failure>(3)).empty());
}

TEST_CASE("an operation that cannot be made into a request is a failure like any other")
{
    for (auto const choice : {after_failure::stop, after_failure::proceed}) {
        world w;
        auto sender = w.sender({.after_failure = choice});
        sender.send(call, message(call, 1), w.note("1"));
        sender.send(call, unwritable{message(call, 2)}, w.note("2"));
        sender.send(call, message(call, 3), w.note("3"));
        w.finish();
        bool const stops = choice == after_failure::stop;
        CHECK(w.log == strings{"1 sent", "2 invalid_argument", stops ? "3 not_connected" : "3 sent"});
    }
}

TEST_CASE("if the handler of a failed operation resumes its key, the waiting operations are sent")
{
    world w;
    auto sender = w.sender();
    w.twilio.next(fake_outcome::error(400));
    sender.send(call, message(call, 1), [&](sent const& outcome) {
        w.note("1")(outcome);
        CHECK(sender.is_stopped(call));
        sender.send(call, message(call, 3), w.note("3"));
        CHECK(sender.resume(call));
        CHECK(w.log == strings{"1 api_error"}); // no handler is called within another
    });
    sender.send(call, message(call, 2), w.note("2"));
    w.finish();
    CHECK(w.log == strings{"1 api_error", "2 sent", "3 sent"});
    CHECK(w.contents() == strings{"2", "3"});
    CHECK(sender.keys() == 0);
}

TEST_CASE("operations are refused in their order, also those that the handler of the failed one adds")
{
    world w;
    auto sender = w.sender({.max_waiting = 2});
    w.twilio.next(fake_outcome::error(400));
    std::vector<std::string> reasons;
    auto const keep = [&](sent const& outcome) { reasons.emplace_back(outcome.error().message()); };
    sender.send(call, message(call, 1), [&](sent const&) {
        sender.send(call, message(call, 3), w.note("3"));
        sender.send(call, message(call, 4), keep);
        sender.send(call, message(call, 5), keep); // one too many
    });
    sender.send(call, message(call, 2), w.note("2"));
    w.finish();
    CHECK(w.log == strings{"2 not_connected", "3 not_connected"});
    CHECK(reasons == strings{"nothing was sent: too many operations with the same key are waiting",
                             "nothing was sent: an earlier operation with the same key failed with api_error"});
    sender.send(call, message(call, 6), keep);
    CHECK(reasons.back() == "nothing was sent: an earlier operation with the same key failed with api_error");
}

TEST_CASE("the number of waiting operations is limited for each key")
{
    for (std::size_t const limit : {0u, 2u}) {
        for (auto const choice : {after_failure::stop, after_failure::proceed}) {
            bool const stops = choice == after_failure::stop;
            world w;
            auto sender = w.sender({.after_failure = choice, .max_waiting = limit});
            for (std::size_t i = 0; i <= limit; ++i) sender.send(call, message(call, i), w.note("first"));
            CHECK(w.log.empty());
            std::string reason;
            sender.send(call, message(call, 8), [&](sent const& outcome) { reason = outcome.error().message(); });
            CHECK(reason == "nothing was sent: too many operations with the same key are waiting");
            CHECK(sender.is_stopped(call) == stops);
            sender.send(other_call, message(other_call, 1), w.note("other"));
            w.finish();
            CHECK(w.contents().size() == limit + 1); // those before it are not affected
            reason.clear();
            sender.send(call, message(call, 9), [&](sent const& outcome) {
                if (!outcome) reason = outcome.error().message();
            });
            CHECK(reason.empty() != stops);
            if (stops) CHECK(reason.find("were waiting when an earlier one came") != std::string::npos);
            sender.resume(call);
            w.finish();
            CHECK(sender.keys() == 0);
        }
    }
}

TEST_CASE("with room for none, a handler can send the next operation")
{
    world w;
    auto sender = w.sender({.max_waiting = 0});
    sender.send(call, message(call, 1), [&](sent const&) { sender.send(call, message(call, 2), w.note("2")); });
    w.finish();
    CHECK(w.log == strings{"2 sent"});
}

TEST_CASE("cancel refuses the waiting operations of a key")
{
    world w;
    auto sender = w.sender();
    for (std::size_t i = 1; i != 4; ++i) sender.send(call, message(call, i), w.note(std::to_string(i)));
    sender.send(other_call, message(other_call, 1), w.note("other"));
    CHECK(sender.cancel("no such key") == 0);
    CHECK(sender.cancel(call) == 2);
    CHECK(w.log == strings{"2 not_connected", "3 not_connected"});
    CHECK(sender.waiting() == 0);
    sender.send(call, message(call, 4), w.note("4"));
    w.finish();
    CHECK(w.contents() == strings{"1", "4"});
    CHECK_FALSE(sender.is_stopped(call));
    CHECK(sender.keys() == 0);
}

TEST_CASE("a handler may send, cancel and read while its sender works")
{
    world w;
    auto sender = w.sender();
    sender.send(call, message(call, 1), [&](sent const& outcome) {
        w.note("1")(outcome);
        CHECK(sender.cancel(call) == 1);
        CHECK(w.log == strings{"1 sent"});
        sender.send(call, message(call, 3), w.note("3"));
        sender.send(other_call, message(other_call, 4), w.note("4"));
        CHECK(sender.waiting(call) == 1);
    });
    sender.send(call, message(call, 2), w.note("2"));
    w.finish();
    CHECK(w.log == strings{"1 sent", "2 not_connected", "3 sent", "4 sent"});
}

TEST_CASE("the destructor calls every handler, and nothing is sent afterwards")
{
    world w;
    {
        auto sender = w.sender();
        w.twilio.next(fake_outcome::error(429));
        sender.send(other_call, message(other_call, 1), w.note("other 1"));
        w.twilio.answer_all(); // it waits for its next attempt
        sender.send(other_call, message(other_call, 2), w.note("other 2"));
        w.twilio.next(fake_outcome::error(503));
        sender.send(call, message(call, 1, true), [&](sent const& outcome) {
            w.note("1")(outcome);
            CHECK(may_have_taken_effect(outcome.error()));
            sender.send(call, message(call, 3), w.note("3"));
        });
        sender.send(call, message(call, 2), [&](sent const& outcome) {
            w.note("2")(outcome);
            CHECK(outcome.error().message() == "nothing was sent: the sender was destroyed");
        });
        CHECK(w.log.empty());
    }
    auto log = w.log;
    std::sort(log.begin(), log.end());
    CHECK(log ==
          strings{"1 cancelled", "2 not_connected", "3 not_connected", "other 1 api_error", "other 2 not_connected"});
    auto const before = [&](char const* first, char const* second) {
        return std::find(w.log.begin(), w.log.end(), first) < std::find(w.log.begin(), w.log.end(), second);
    };
    CHECK(before("1 cancelled", "2 not_connected"));
    CHECK(before("other 1 api_error", "other 2 not_connected"));

    CHECK(w.twilio.held_answers() == 1);
    CHECK(w.timers.size() == 1);
    w.finish(); // late: the 503 would be retried
    CHECK(w.timers.empty());
    CHECK(w.log.size() == 5);
    CHECK(w.twilio.requests().size() == 2);
}

TEST_CASE("a handler may destroy its sender while operations wait")
{
    // Of an operation that is sent, and of one that is refused; while the transport completes at once, and later.
    for (bool const holds : {true, false}) {
        for (bool const fails : {true, false}) {
            world w;
            w.twilio.hold_answers(holds);
            using sender_type = decltype(w.sender());
            auto sender = std::make_unique<sender_type>(w.sender());
            if (fails) w.twilio.next(fake_outcome::error(400));
            auto const destroy = [&](sent const& outcome) {
                w.note("destroyer")(outcome);
                sender.reset();
                w.note("after")(outcome);
            };
            auto const first = [&](sent const&) {
                for (std::size_t i = 0; i != 3; ++i) sender->send(other_call, message(other_call, i), w.note("other"));
                if (!fails) sender->send(call, message(call, 2), destroy);
                sender->send(call, message(call, 3), w.note("3"));
            };
            sender->send(call, message(call, 1), first);
            if (sender && fails) sender->send(call, message(call, 2), destroy);
            if (sender) sender->send(call, message(call, 4), w.note("4"));
            w.finish();
            if (sender) sender.reset();
            for (std::string_view const name : {"destroyer", "after", "3", "4"})
                CHECK(std::count_if(w.log.begin(), w.log.end(), [&](std::string const& line) {
                          return line.compare(0, name.size() + 1, std::string(name) + ' ') == 0;
                      }) <= 1);
            CHECK(std::count_if(w.log.begin(), w.log.end(), [](auto& line) { return line.rfind("other", 0) == 0; }) ==
                  3);
        }
    }
}

TEST_CASE("a sender can be moved, also by a handler, and a moved-from one refuses")
{
    world w;
    auto sender = w.sender();
    sender.send(call, message(call, 1), w.note("1"));
    sender.send(call, message(call, 2), w.note("2"));
    auto moved = std::move(sender);
    std::string reason;
    sender.send(call, message(call, 3), [&](sent const& outcome) { reason = outcome.error().to_string(); }); // NOLINT
    CHECK(reason == "invalid_argument: the ordered_sender was moved from");
    CHECK(sender.keys() == 0);
    CHECK(sender.waiting() == 0);
    CHECK(sender.waiting(call) == 0);
    CHECK_FALSE(sender.is_stopped(call));
    CHECK_FALSE(sender.resume(call));
    CHECK(sender.cancel(call) == 0);
    CHECK(moved.waiting(call) == 1);

    sender = w.sender();
    sender.send(call, message(call, 4), w.note("4"));
    auto& itself = sender;
    sender = std::move(itself);
    CHECK(w.log.empty());
    sender = std::move(moved); // destroys the operation 4
    CHECK(w.log == strings{"4 cancelled"});
    w.finish();
    CHECK(w.log == strings{"4 cancelled", "1 sent", "2 sent"});

    sender.send(call, message(call, 5), [&](sent const& outcome) {
        w.note("5")(outcome);
        sender = w.sender();
    });
    sender.send(call, message(call, 6), w.note("6"));
    w.finish();
    CHECK(w.log.back() == "6 not_connected");
    sender.send(call, message(call, 7), w.note("7"));
    w.finish();
    CHECK(w.log.back() == "7 sent");
}

TEST_CASE("the stack does not grow with the number of operations")
{
    constexpr std::size_t count = 10'000;
    world w;
    std::size_t handled = 0;
    auto const add = [&](sent const&) { ++handled; };

    held_transport held;
    prompt_transport prompt;
    ordered_sender through_held(w.credentials, held, no_timer);
    ordered_sender through_prompt(w.credentials, prompt, no_timer);
    auto const one = message(call, 1);

    SUBCASE("if a transport completes at once and operations wait")
    {
        through_prompt.send(call, one, [&](sent const&) {
            for (std::size_t i = 0; i != count; ++i) through_prompt.send(call, one, add);
            CHECK(handled == 0);
        });
        CHECK(prompt.requests == count + 1);
    }
    SUBCASE("if each handler sends the next one")
    {
        auto const next = [&](auto const& self, std::size_t number) -> void {
            through_prompt.send(call_number(number % 7), one, [&, number](sent const&) {
                if (++handled != count) self(self, number + 1);
            });
        };
        next(next, 0);
    }
    SUBCASE("if all waiting ones are refused, and each handler sends another")
    {
        for (std::size_t i = 0; i != count / 2; ++i)
            through_held.send(call, one, [&](sent const&) {
                ++handled;
                if (handled <= count / 2) through_held.send(call, one, add);
            });
        held.completions[0](failure(errc::answer_lost));
        CHECK(through_held.is_stopped(call));
    }
    SUBCASE("if the sender is destroyed")
    {
        for (std::size_t i = 0; i != count; ++i) through_held.send(call, one, add);
        through_held = {w.credentials, held, no_timer};
    }
    CHECK(handled == count);
}

TEST_CASE("with many keys, an operation takes little longer than with few")
{
    world w;
    auto const one = message(call, 1);
    auto const time_for = [&](std::size_t keys) {
        held_transport held;
        std::size_t handled = 0;
        bool in_order = true;
        ordered_sender sender(w.credentials, held, no_timer);
        std::vector<std::uint8_t> next(keys);
        std::clock_t const start = std::clock();
        for (std::size_t round = 0; round != 3; ++round)
            for (std::size_t i = 0; i != keys; ++i)
                sender.send(call_number(i), one, [&, i, round](sent const&) {
                    in_order = in_order && next[i]++ == round;
                    ++handled;
                });
        CHECK(sender.keys() == keys);
        CHECK(held.completions.size() == keys);
        held.complete_all();
        CHECK(handled == 3 * keys);
        CHECK(in_order);
        CHECK(sender.keys() == 0);
        return static_cast<double>(std::clock() - start);
    };
    double const few = time_for(1'000);
    CHECK(time_for(8'000) < few * 8 * 4);
}

TEST_CASE("a key whose request is dropped goes on")
{
    world w;
    auto dropping = [](authorized_request, auto handler) { static_cast<void>(std::move(handler)); };
    ordered_sender sender(w.credentials, dropping, no_timer, {.after_failure = after_failure::proceed});
    sender.send(call, message(call, 1), w.note("1"));
    sender.send(call, message(call, 2), w.note("2"));
    CHECK(w.log == strings{"1 transport_failure", "2 transport_failure"});

    prompt_transport refusing{.code = errc::not_connected};
    auto dropping_timer = [](milliseconds, auto) {};
    ordered_sender other(w.credentials, refusing, dropping_timer, {.after_failure = after_failure::proceed});
    other.send(call, message(call, 3), w.note("3"));
    other.send(call, message(call, 4), w.note("4"));
    CHECK(w.log.back() == "4 not_connected");
    CHECK(w.log.size() == 4);
    CHECK(refusing.requests == 2);
}

TEST_CASE("a continuation that is overwritten counts as dropped")
{
    // An erased element of a vector is overwritten by the next one.
    world w;
    prompt_transport refusing{.code = errc::not_connected};
    auto storing_timer = [](milliseconds, auto next) {
        auto held = std::move(next);
        std::vector<decltype(next)> list;
        list.push_back(std::move(held));
        list.push_back(std::move(next)); // NOLINT: moved-from
        list[0] = std::move(list[1]);
        list.clear();
    };
    ordered_sender sender(w.credentials, refusing, storing_timer, {.after_failure = after_failure::proceed});
    sender.send(call, message(call, 1), w.note("1"));
    sender.send(call, message(call, 2), w.note("2"));
    CHECK(w.log == strings{"1 not_connected", "2 not_connected"});
}

TEST_CASE("a transport that never completes blocks only its key")
{
    world w;
    held_transport held;
    {
        ordered_sender sender(w.credentials, held, no_timer);
        sender.send(call, message(call, 1), w.note("1"));
        sender.send(call, message(call, 2), w.note("2"));
        sender.send(other_call, message(other_call, 1), w.note("other"));
        auto const completed = std::move(held.completions.back());
        held.completions.pop_back();
        completed(held_transport::created());
        CHECK(w.log == strings{"other sent"});
    }
    CHECK(w.log == strings{"other sent", "1 cancelled", "2 not_connected"});
}

#ifdef __cpp_exceptions
TEST_CASE("a transport that throws fails its operation, and its key goes on")
{
    world w;
    for (bool const completes : {false, true}) {
        w.log.clear();
        auto throwing = [&](authorized_request, auto handler) {
            if (completes) handler(held_transport::created());
            throw 1;
        };
        ordered_sender sender(w.credentials, throwing, no_timer, {.after_failure = after_failure::proceed});
        sender.send(call, message(call, 1), w.note("1"));
        sender.send(call, message(call, 2), w.note("2"));
        CHECK(w.log ==
              (completes ? strings{"1 sent", "2 sent"} : strings{"1 transport_failure", "2 transport_failure"}));
        CHECK(sender.keys() == 0);
    }
}

TEST_CASE("a handler that throws loses nothing else")
{
    world w;
    auto sender = w.sender();
    sender.send(call, message(call, 1), [](sent const&) { throw 1; });
    sender.send(call, message(call, 2), w.note("2"));
    CHECK_THROWS_AS(w.twilio.answer_held(), int);
    sender.send(other_call, message(other_call, 1), w.note("other")); // starts the rest
    w.finish();
    CHECK(w.log == strings{"2 sent", "other sent"});
}
#endif

TEST_CASE(
    "an operation without a resource, one that is its own parser and move-only, and a move-only handler can be sent")
{
    struct status_of : create_user_defined_message {
        std::unique_ptr<int> offset = std::make_unique<int>(1000); // move-only
        using resource = int;
        result<int> parse(sidecall::http_response_view const& response) const { return response.status + *offset; }
    };
    world w;
    auto sender = w.sender();
    int status = 0;
    bool deleted = true;
    sender.send(call, status_of{message(call, 1)},
                [&, owned = std::make_unique<int>(1)](result<int> const& outcome) { status = *outcome * *owned; });
    sender.send(call,
                sidecall::delete_user_defined_message_subscription{
                    account, call, "ZY00000000000000000000000000000003"_subscription_sid},
                [&](result<void> const& outcome) { deleted = outcome.has_value(); });
    w.finish();
    CHECK(status == 1201);
    CHECK_FALSE(deleted);
}

TEST_CASE("completions of other threads can be handed over to one")
{
    world w;
    std::vector<sidecall::detail::callable<void, int>> posted;
    auto const post = [&](auto job) { posted.emplace_back([run = std::move(job)](int) mutable { run(); }); };
    held_transport held;
    auto on_one_thread = [&](authorized_request request, auto handler) {
        held(std::move(request), [&, next = std::move(handler)](auto response) mutable {
            post([next = std::move(next), response = std::move(response)]() mutable { next(std::move(response)); });
        });
    };
    ordered_sender sender(w.credentials, on_one_thread, no_timer);
    sender.send(call, message(call, 1), w.note("1"));
    sender.send(call, message(call, 2), w.note("2"));
    for (int i = 0; i != 2; ++i) {
        held.complete_all();
        for (auto const& job : std::exchange(posted, {})) job(0);
    }
    CHECK(w.log == strings{"1 sent", "2 sent"});
}

TEST_CASE("a hundred messages to each of a hundred calls arrive in order and once, whatever fails")
{
    constexpr std::size_t calls = 100;
    for (std::uint32_t const seed : {1u, 2u, 3u, 4u}) {
        CAPTURE(seed);
        std::size_t const count = seed == 2 || seed == 3 ? 100 : 20; // the others would take too long
        std::mt19937 random(seed);
        auto const chance = [&random](unsigned percent) { return random() % 100 < percent; };
        bool const with_keys = seed % 2 == 0;
        // The calls are distributed over ten accounts' worth of state, since a fake searches its keys one by one.
        std::vector<std::unique_ptr<world>> worlds;
        for (std::size_t i = 0; i != 10; ++i) {
            auto& twilio = worlds.emplace_back(std::make_unique<world>(seed))->twilio;
            auto const fails = [&](unsigned percent, fake_outcome const& outcome) {
                twilio.next_if([chance, percent](auto const&) { return chance(percent); }, outcome, UINT32_MAX);
            };
            fails(3, fake_outcome::fail(errc::not_connected));
            fails(3, fake_outcome::error(429, {{"Retry-After", "1"}}));
            fails(3, fake_outcome::error(503));
            fails(3, fake_outcome::error(503).after_effect());
            fails(3, fake_outcome::lose_answer());
        }
        for (std::size_t to = 0; to != calls; ++to) worlds[to % 10]->twilio.start_call(call_number(to));
        auto transport = [&](authorized_request request, auto handler) {
            auto const digit = request.url().find("/UserDefined") - 1;
            worlds[static_cast<std::size_t>(request.url()[digit] - '0')]->twilio(std::move(request),
                                                                                 std::move(handler));
        };
        std::vector<continuation> timers;
        auto timer = [&](milliseconds, auto next) { timers.emplace_back(std::move(next)); };

        sidecall::ordered_options options{.policy = {.deadline = milliseconds(INT64_MAX), .max_attempts = 0}};
        if (seed > 2) options.after_failure = after_failure::proceed;
        world& first = *worlds[0];
        ordered_sender sender(first.credentials, transport, timer, options, twilio_itself, first.twilio.machine());

        std::vector<std::vector<std::optional<bool>>> arrived(calls); // empty: it may have
        std::vector<std::size_t> sent_to(calls);
        bool in_order = true;
        auto const send_next = [&](std::size_t to) {
            std::size_t const number = sent_to[to]++;
            sender.send(call_number(to), message(call_number(to), number, with_keys), [&, to, number](sent outcome) {
                in_order = in_order && arrived[to].size() == number;
                if (outcome || !may_have_taken_effect(outcome.error()))
                    arrived[to].push_back(outcome.has_value());
                else
                    arrived[to].push_back(std::nullopt);
                if (!outcome) sender.resume(call_number(to));
            });
        };
        auto const answer_any = [&] {
            auto& twilio = worlds[random() % worlds.size()]->twilio;
            if (twilio.held_answers() != 0) twilio.answer_held(random() % twilio.held_answers());
        };
        for (std::size_t left = calls * count; left != 0; --left) {
            std::size_t to = random() % calls;
            while (sent_to[to] == count) to = (to + 1) % calls;
            send_next(to);
            answer_any();
        }
        while (sender.keys() != 0) {
            for (int i = 0; i != 20; ++i) answer_any();
            std::shuffle(timers.begin(), timers.end(), random);
            for (auto const& next : std::exchange(timers, {})) next(true);
        }
        CHECK(in_order);
        CHECK(sender.waiting() == 0);
        std::size_t unknown = 0;
        for (std::size_t to = 0; to != calls; ++to) {
            REQUIRE(arrived[to].size() == count);
            auto const contents = worlds[to % 10]->contents(call_number(to));
            std::size_t at = 0, wrong = 0;
            for (std::size_t number = 0; number != count; ++number) {
                bool const is_next = at != contents.size() && contents[at] == std::to_string(number);
                if (is_next != arrived[to][number].value_or(is_next)) ++wrong;
                if (!arrived[to][number]) ++unknown;
                at += is_next ? 1 : 0;
            }
            CHECK(wrong == 0);
            CHECK(at == contents.size()); // nothing else, and nothing twice
        }
        CHECK((unknown == 0) == with_keys);
    }
}

} // namespace ordered_test
