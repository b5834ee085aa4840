#include <sidecall/result.hpp>

#include <array>
#include <concepts>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

#include "ends_program.hpp"
#include "lasting.hpp"

namespace result_test {

namespace {

using sidecall::errc;
using sidecall::failure;
using sidecall::result;

constexpr std::array all_codes = {errc::invalid_argument,   errc::transport_failure, errc::not_connected,
                                  errc::tls_failure,        errc::timed_out,         errc::answer_lost,
                                  errc::answer_too_large,   errc::api_error,         errc::unexpected_status,
                                  errc::malformed_response, errc::invalid_signature, errc::malformed_webhook,
                                  errc::cancelled};

constexpr failure bad_callback()
{
    return failure(errc::invalid_argument, "Callback", "no host", 8);
}

failure full_failure()
{
    return failure(errc::api_error, 404,
                   {.twilio_code = 20404,
                    .message = "not there",
                    .more_info = "https://www.twilio.com/docs/errors/20404",
                    .request_id = "RQ1",
                    .retry_after = sidecall::retry_time{.seconds = 7}});
}

/// All observable properties of a failure, for comparing two of them.
auto all_of(failure const& f)
{
    return std::tuple(f.code(), f.offset(), f.http_status(), f.native_code(), std::string(f.field()),
                      std::string(f.message()), f.twilio_code(), std::string(f.more_info()),
                      std::string(f.request_id()), f.retry_after(), f.to_string());
}

/// Counts its live objects, so that a lost or doubly destroyed value is noticed.
struct counted {
    static inline int alive = 0;
    int number;

    explicit counted(int n) : number(n) { ++alive; }
    counted(counted const& other) : number(other.number) { ++alive; }
    counted(counted&& other) noexcept : number(std::exchange(other.number, -1)) { ++alive; }
    counted& operator=(counted const&) = default;
    ~counted() { --alive; }
};

using move_only = std::unique_ptr<int>;

struct ref_qualified {
    int operator()(int&) const { return 1; }
    int operator()(int const&) const { return 2; }
    int operator()(int&&) const { return 3; }
};

// The members of std::expected<T, failure> have the same names in result<T>.
static_assert(std::same_as<result<int>::value_type, int>);
static_assert(std::same_as<result<int>::error_type, failure>);
static_assert(std::same_as<result<void>::value_type, void>);
static_assert(std::same_as<result<void>::error_type, failure>);
static_assert(std::same_as<decltype(*std::declval<result<int>&>()), int&>);
static_assert(std::same_as<decltype(*std::declval<result<int> const&>()), int const&>);
static_assert(std::same_as<decltype(*std::declval<result<int>>()), int>);
static_assert(std::same_as<decltype(std::declval<result<int>&>().value()), int&>);
static_assert(std::same_as<decltype(std::declval<result<int>>().value()), int>);
static_assert(std::same_as<decltype(std::declval<result<int>&>().error()), failure&>);
static_assert(std::same_as<decltype(std::declval<result<int> const&>().error()), failure const&>);
static_assert(std::same_as<decltype(std::declval<result<int>>().error()), failure&&>);

// A function may return a value or a failure as a result, and a condition may test a result. No other conversion is
// implicit.
static_assert(std::convertible_to<int, result<int>>);
static_assert(std::convertible_to<failure, result<int>>);
static_assert(std::convertible_to<failure, result<void>>);
static_assert(std::convertible_to<char const*, result<std::string>>);
static_assert(!std::convertible_to<int, result<counted>>); // its constructor is explicit
static_assert(std::constructible_from<result<counted>, int>);
static_assert(!std::convertible_to<result<int>, bool>);
static_assert(std::constructible_from<bool, result<int>>);
static_assert(!std::convertible_to<errc, result<int>>);
static_assert(!std::convertible_to<errc, failure>);
static_assert(!std::default_initializable<result<int>>);
static_assert(std::default_initializable<result<void>>);
static_assert(std::copyable<result<int>> && std::copyable<result<void>> && std::copyable<failure>);
static_assert(std::movable<result<move_only>> && !std::copy_constructible<result<move_only>>);
static_assert(std::is_nothrow_move_constructible_v<failure> && std::is_nothrow_move_assignable_v<failure>);
static_assert(std::is_nothrow_move_constructible_v<result<std::string>>);

// A rule is a constant of the program, so an argument's text can never become one.
static_assert(!std::constructible_from<sidecall::detail::literal, char const*>);
static_assert(!std::constructible_from<sidecall::detail::literal, std::string>);
static_assert(!std::constructible_from<sidecall::detail::literal, std::string_view>);

// Everything works in a constant expression.
constexpr result<int> half(int n)
{
    if (n % 2 != 0) return failure(errc::invalid_argument, "n", "odd", 1);
    return n / 2;
}
static_assert(half(4) && *half(4) == 2 && half(4).value() == 2);
static_assert(!half(3).has_value() && half(3).error().offset() == 1u && half(3).error().field() == "n");
static_assert(half(3).value_or(9) == 9 && half(4).value_or(9) == 2);
static_assert(*half(8).and_then(half) == 2);
static_assert(lasting(half(6).and_then(half).error()).message() == "odd");
static_assert(*half(8).transform([](int n) { return n * 1.5; }) == 6.0);
static_assert(*half(3).or_else([](failure const&) { return half(2); }) == 1);
static_assert([] {
    auto a = half(4);
    auto b = half(3);
    a = b;
    b = half(10);
    return !a && *b == 5 && !(a = std::move(a));
}());
static_assert(result<void>().has_value() && !result<void>(bad_callback()));

} // namespace

TEST_CASE("each code has its own name and its own sentence")
{
    std::set<std::string> names;
    std::set<std::string> sentences;
    for (errc code : all_codes) {
        names.emplace(sidecall::to_string_view(code));
        sentences.insert(make_error_code(code).message());
        CHECK(failure(code).code() == code);
        CHECK(lasting(failure(code)).message() == lasting(make_error_code(code)).message());
        CHECK(failure(code).to_string() ==
              std::string(sidecall::to_string_view(code)) + ": " + make_error_code(code).message());
    }
    CHECK(names.size() == all_codes.size());
    CHECK(sentences.size() == all_codes.size());
    CHECK(names.count("") == 0);
    CHECK(names.count("invalid_argument") == 1);
    CHECK(names.count("malformed_webhook") == 1);
    CHECK(sidecall::to_string_view(static_cast<errc>(0)).empty());
    CHECK(sidecall::to_string_view(static_cast<errc>(99)).empty());
}

TEST_CASE("a code converts to a std::error_code of sidecall's category")
{
    std::error_code const code = errc::timed_out;
    CHECK(code == errc::timed_out);
    CHECK(code != errc::answer_lost);
    CHECK(code.value() == static_cast<int>(errc::timed_out));
    CHECK(std::string(code.category().name()) == "sidecall");
    CHECK(&code.category() == &sidecall::sidecall_category());
    CHECK(code.message().find("no complete response in time") == 0);
    CHECK(sidecall::sidecall_category().message(0) == "no such code");

    std::error_code const of_a_failure = bad_callback().code();
    CHECK(of_a_failure == errc::invalid_argument);
    CHECK(bool(of_a_failure)); // every code is an error: none is 0
    CHECK(of_a_failure != std::make_error_code(std::errc::invalid_argument));
}

TEST_CASE("a failure gives back what it was made from, and nothing else")
{
    SUBCASE("a code")
    {
        failure const f(errc::not_connected);
        CHECK(f.code() == errc::not_connected);
        CHECK(f.field().empty());
        CHECK(!f.offset());
        CHECK(!f.http_status());
        CHECK(!f.native_code());
        CHECK(!f.twilio_code());
        CHECK(f.more_info().empty());
        CHECK(f.request_id().empty());
        CHECK(!f.retry_after());
        CHECK(f.to_string() == "not_connected: no connection; nothing was sent");
    }
    SUBCASE("a transport's text")
    {
        std::string text = "could not resolve host";
        failure const f(errc::not_connected, text, 6);
        text.assign(text.size(), '!');
        CHECK(f.message() == "could not resolve host"); // a copy
        CHECK(f.native_code() == 6);
        CHECK(f.to_string() == "not_connected: could not resolve host (code 6)");
        CHECK(!failure(errc::not_connected, "why").native_code());
        CHECK(lasting(failure(errc::not_connected, "")).message().empty()); // empty, but present
    }
    SUBCASE("a rule")
    {
        failure const f = bad_callback();
        CHECK(f.field() == "Callback");
        CHECK(f.message() == "no host");
        CHECK(f.offset() == 8u);
        CHECK(f.to_string() == "invalid_argument: Callback: no host (byte 8)");
        CHECK(failure(errc::invalid_argument, "F", "r", 0).to_string() == "invalid_argument: F: r (byte 0)");
        CHECK(failure(errc::invalid_argument, "F", "r").to_string() == "invalid_argument: F: r");
        CHECK(failure(errc::invalid_argument, "F", "r", 1).in("G").to_string() == "invalid_argument: G: r (byte 1)");
    }
    SUBCASE("a response")
    {
        failure const f = full_failure();
        CHECK(f.http_status() == 404);
        CHECK(f.twilio_code() == 20404);
        CHECK(f.message() == "not there");
        CHECK(f.more_info() == "https://www.twilio.com/docs/errors/20404");
        CHECK(f.request_id() == "RQ1");
        CHECK(f.retry_after() == sidecall::retry_time{.seconds = 7, .is_unix_time = false});
        CHECK(f.to_string() == "api_error: HTTP 404: not there (Twilio 20404, "
                               "https://www.twilio.com/docs/errors/20404, request RQ1, retry after seconds 7)");
    }
    SUBCASE("a response without details")
    {
        failure const f(errc::unexpected_status, 302, {});
        CHECK(f.message() == "the status is not the documented one");
        CHECK(f.to_string() == "unexpected_status: HTTP 302: the status is not the documented one");
    }
    SUBCASE("a response whose Retry-After is a date")
    {
        failure const f(errc::unexpected_status, 503,
                        {.retry_after = sidecall::retry_time{.seconds = 1576699321, .is_unix_time = true}});
        CHECK(f.to_string().find("(retry at Unix time 1576699321)") != std::string::npos);
    }
    SUBCASE("a body that breaks a rule")
    {
        failure const f(errc::malformed_response, 201, "sid", "not a SID of this kind", 12, {.request_id = "RQ2"});
        CHECK(f.message() == "not a SID of this kind");
        CHECK(f.to_string() == "malformed_response: HTTP 201: sid: not a SID of this kind (byte 12, request RQ2)");
    }
}

TEST_CASE("a failure prints as one line, whatever Twilio's message contains")
{
    for (int c = 0; c != 0x80; ++c) {
        bool const control = c < 0x20 || c == 0x7F;
        std::string const byte(1, static_cast<char>(c));
        failure const f(errc::api_error, 400,
                        {.message = "<" + byte + ">", .more_info = "{" + byte + "}", .request_id = "[" + byte + "]"});
        std::string const shown = control ? " " : byte;
        CAPTURE(c);
        CHECK(f.to_string() == "api_error: HTTP 400: <" + shown + "> ({" + shown + "}, request [" + shown + "])");
        CHECK(f.message() == "<" + byte + ">"); // the message itself is unchanged
    }
    std::string const forged = "x\r\ninvalid_argument: forged\x1B[31m" + std::string(1, '\0');
    CHECK(failure(errc::transport_failure, forged).to_string() ==
          "transport_failure: x  invalid_argument: forged [31m ");
    CHECK(failure(errc::transport_failure, "gr\xC3\xBC\xC3\x9F").to_string() ==
          "transport_failure: gr\xC3\xBC\xC3\x9F"); // letters are kept
}

TEST_CASE("a copy of a failure is complete and independent")
{
    for (failure const& f : {failure(errc::timed_out), failure(errc::tls_failure, "expired", 60), bad_callback(),
                             full_failure(), failure(errc::malformed_response, 201, "sid", "missing", 3, {})}) {
        auto const before = all_of(f);
        failure copy(f);
        CHECK(all_of(copy) == before);
        if (!f.more_info().empty()) CHECK(copy.more_info().data() != f.more_info().data());

        failure moved(std::move(copy));
        CHECK(all_of(moved) == before);
        failure assigned = full_failure();
        assigned = moved;
        CHECK(all_of(assigned) == before);
        CHECK(all_of(moved) == before);
        assigned = failure(errc::timed_out);
        CHECK(all_of(assigned) == all_of(failure(errc::timed_out)));
        CHECK(all_of(moved) == before);
        failure& same = moved;
        moved = same;
        CHECK(all_of(moved) == before);
        moved = std::move(same);
        CHECK(all_of(moved) == before);

        failure other(errc::answer_lost);
        other.swap(moved);
        CHECK(all_of(other) == before);
        CHECK(all_of(moved) == all_of(failure(errc::answer_lost)));
    }
}

TEST_CASE("a moved-from failure can be read, assigned to and destroyed")
{
    failure from = full_failure();
    failure const to = std::move(from);
    CHECK(to.twilio_code() == 20404);
    CHECK(!from.twilio_code());
    CHECK(from.more_info().empty());
    CHECK(!from.to_string().empty());
    from = bad_callback();
    CHECK(from.field() == "Callback");
}

TEST_CASE("a result changes between value and failure without losing or leaking either")
{
    REQUIRE(counted::alive == 0);
    for (int from = 0; from != 2; ++from) {
        for (int to = 0; to != 2; ++to) {
            CAPTURE(from);
            CAPTURE(to);
            auto const make = [](int value, int number) {
                return value ? result<counted>(counted(number)) : result<counted>(full_failure());
            };
            auto const is = [](result<counted> const& r, int value, int number) {
                return value ? r.has_value() && r->number == number : !r && r.error().twilio_code() == 20404;
            };
            auto source = make(from, 1);
            auto target = make(to, 2);
            CHECK(counted::alive == from + to);

            target = source; // copied
            CHECK(is(target, from, 1));
            CHECK(is(source, from, 1));
            CHECK(counted::alive == 2 * from);

            target = make(to, 3);
            target = std::move(source); // moved
            CHECK(is(target, from, 1));
            CHECK(source.has_value() == bool(from));

            auto copy = target;
            auto moved = std::move(copy);
            CHECK(is(moved, from, 1));
            auto& same = moved;
            moved = same;
            CHECK(is(moved, from, 1));
            std::swap(moved, target);
            CHECK(is(target, from, 1));

            target = counted(5); // assigned from a value
            CHECK(is(target, 1, 5));
            target = full_failure(); // assigned from a failure
            CHECK(is(target, 0, 0));
        }
        CHECK(counted::alive == 0);
    }
}

TEST_CASE("a result gives access to its value through every member")
{
    result<std::string> r = "text";
    result<std::string> const& c = r;
    CHECK(r.has_value());
    CHECK(bool(r));
    CHECK(*r == "text");
    CHECK(*c == "text");
    CHECK(r.value() == "text");
    CHECK(c.value() == "text");
    CHECK(r->size() == 4);
    CHECK(c->size() == 4);
    r->append("s");
    *r += "!";
    r.value() += "?";
    CHECK(*c == "texts!?");
    CHECK(c.value_or("other") == "texts!?");
    std::string const taken = std::move(r).value();
    CHECK(taken == "texts!?");

    result<std::string> f = bad_callback();
    CHECK(!f);
    CHECK(f.value_or("other") == "other");
    CHECK(std::move(f).value_or(std::string("other")) == "other");
    CHECK(f.error().offset() == 8u);
    f.error() = failure(errc::timed_out);
    CHECK(f.error().code() == errc::timed_out);
    failure const reason = std::move(f).error();
    CHECK(reason.code() == errc::timed_out);
}

TEST_CASE("a result accepts a move-only value")
{
    result<move_only> r = std::make_unique<int>(7);
    result<move_only> moved = std::move(r);
    REQUIRE(moved.has_value());
    CHECK(**moved == 7);
    moved = result<move_only>(std::make_unique<int>(8));
    auto const sum = std::move(moved).and_then([](move_only p) { return result<int>(*p + 1); });
    CHECK(*sum == 9);
    auto const twice = result<move_only>(std::make_unique<int>(4)).transform([](move_only p) { return 2 * *p; });
    CHECK(*twice == 8);
    auto const kept = result<move_only>(bad_callback()).or_else([](failure const&) {
        return result<move_only>(std::make_unique<int>(3));
    });
    CHECK(**kept == 3);
    auto const passed =
        result<move_only>(std::make_unique<int>(2)).or_else([](failure f) { return result<move_only>(std::move(f)); });
    CHECK(**passed == 2);
    CHECK(*result<move_only>(std::make_unique<int>(5)).value_or(nullptr) == 5);
    move_only const out = *result<move_only>(std::make_unique<int>(6));
    CHECK(*out == 6);
}

TEST_CASE("and_then and transform stop at the first failure and keep the value category")
{
    int calls = 0;
    auto const half_of = [&](int n) {
        ++calls;
        return half(n);
    };
    CHECK(*half(16).and_then(half_of).and_then(half_of) == 2);
    CHECK(calls == 2);
    auto const stopped =
        half(16).and_then(half_of).transform([](int n) { return n + 1; }).and_then(half_of).and_then(half_of);
    CHECK(stopped.error().message() == "odd");
    CHECK(calls == 4); // the fifth step was not called
    CHECK(half(3).or_else([](failure const& f) -> result<int> { return static_cast<int>(*f.offset()) + 41; }).value() ==
          42);
    CHECK(lasting(half(3).or_else([](failure f) -> result<int> { return f; }).error()).message() == "odd");

    result<int> r = 1;
    result<int> const& c = r;
    CHECK(*c.transform(ref_qualified()) == 2);
    CHECK(*std::move(r).transform(ref_qualified()) == 3);

    // To another type, and to void.
    result<std::string> const text = half(4).transform([](int n) { return std::to_string(n); });
    CHECK(*text == "2");
    int seen = 0;
    result<void> const done = half(4).transform([&](int n) { seen = n; });
    CHECK(done.has_value());
    CHECK(seen == 2);
    result<void> const not_done = half(3).transform([&](int n) { seen = n; });
    CHECK(not_done.error().field() == "n");
    CHECK(seen == 2);
    result<void> const checked = half(4).and_then([](int) { return result<void>(); });
    CHECK(checked.has_value());
    CHECK(half(3).and_then([](int) { return result<std::string>("x"); }).error().offset() == 1u);

    // An lvalue keeps its value and its failure.
    result<std::string> const kept = "kept";
    CHECK(*kept.and_then([](std::string const& s) { return result<std::size_t>(s.size()); }) == 4);
    CHECK(*kept.or_else([](failure const&) { return result<std::string>("other"); }) == "kept");
    CHECK(*kept == "kept");
    result<std::string> const failed = full_failure();
    CHECK(failed.transform([](std::string const& s) { return s.size(); }).error().twilio_code() == 20404);
    CHECK(failed.error().twilio_code() == 20404);
}

TEST_CASE("a result<void> is success or a failure")
{
    result<void> done;
    CHECK(done.has_value());
    CHECK(bool(done));
    done.value();
    *done;
    CHECK(*done.transform([] { return 3; }) == 3);
    CHECK(done.transform([] {}).has_value());
    CHECK(*done.and_then([] { return result<int>(4); }) == 4);
    CHECK(done.or_else([](failure const& f) { return result<void>(f); }).has_value());

    result<void> failed = full_failure();
    CHECK(!failed);
    CHECK(failed.error().http_status() == 404);
    CHECK(failed.transform([] { return 3; }).error().http_status() == 404);
    CHECK(failed.and_then([] { return result<int>(4); }).error().http_status() == 404);
    CHECK(failed.or_else([](failure const&) { return result<void>(); }).has_value());
    result<void> const copy = failed;
    CHECK(copy.error().twilio_code() == 20404);
    failed = done;
    CHECK(failed.has_value());
    failed = bad_callback();
    CHECK(std::move(failed).error().field() == "Callback");
}

// A failed result does not convert to a bool value.
static_assert(!std::is_constructible_v<sidecall::result<bool>, sidecall::result<int>>);
static_assert(std::is_constructible_v<sidecall::result<bool>, bool>);

TEST_CASE("a message cannot forge a log line, even with Unicode separators")
{
    for (std::string_view separator : {"\n", "\r", "\x1b", "\x7f", "\xC2\x85", "\xC2\x9B", "\xE2\x80\xA8",
                                       "\xE2\x80\xA9", "\xE2\x80\xAE", "\xE2\x81\xA6", "\x9B", "\xFF", "\xC3"}) {
        sidecall::answer_details details;
        details.message = "a" + std::string(separator) + "b";
        CHECK(sidecall::failure(sidecall::errc::api_error, 400, details).to_string() == "api_error: HTTP 400: a b");
    }
    sidecall::answer_details details;
    details.message = "caf\xC3\xA9 \xE2\x80\x94 \xC2\xA0";
    CHECK(sidecall::failure(sidecall::errc::api_error, 400, details).to_string() ==
          "api_error: HTTP 400: caf\xC3\xA9 \xE2\x80\x94 \xC2\xA0");
}

#if CAN_FORK
TEST_CASE("accessing an absent value or failure aborts the program")
{
    result<std::string> const failed = bad_callback();
    result<std::string> const good = "text";
    CHECK(aborts([&] { static_cast<void>(failed.value()); }));
    CHECK(aborts([&] { static_cast<void>(*failed); }));
    CHECK(aborts([&] { static_cast<void>(failed->size()); }));
    CHECK(aborts([&] { static_cast<void>(good.error()); }));
    CHECK(aborts([&] { static_cast<void>(*result<std::string>(bad_callback())); }));
    CHECK(aborts([&] { result<void>(bad_callback()).value(); }));
    CHECK(aborts([&] { *result<void>(bad_callback()); }));
    CHECK(aborts([&] { static_cast<void>(result<void>().error()); }));
    CHECK_FALSE(aborts([&] { static_cast<void>(*good); }));
}

TEST_CASE("writing beyond a buffer's capacity aborts the program")
{
    sidecall::detail::buffer room(4);
    sidecall::detail::inline_text<4> text;
    text.append("ab");
    CHECK(aborts([&] { room.resize(5); }));
    CHECK(aborts([&] { text.append("cde"); }));
    CHECK_FALSE(aborts([&] { room.resize(4); }));
    CHECK_FALSE(aborts([&] { text.append("cd"); }));
}
#endif

TEST_CASE("or_else recovers from the failure of an lvalue and leaves a value unchanged")
{
    auto const recover = [](failure const& reason) { return result<int>(static_cast<int>(reason.code())); };
    result<int> const bad = failure(errc::timed_out);
    result<int> const good = 7;
    CHECK(*bad.or_else(recover) == static_cast<int>(errc::timed_out));
    CHECK(*good.or_else(recover) == 7);
}

TEST_CASE("prints three-byte characters other than line separators and bidirectional controls")
{
    failure const reason(errc::transport_failure, "\xE2\x82\xAC 5 \xE2\x81\xA9.");
    CHECK(reason.to_string() == "transport_failure: \xE2\x82\xAC 5  .");
    for (std::string_view printed : {"\xE2\x80\xA7", "\xE2\x80\xAF", "\xE2\x81\xA5", "\xE2\x81\xAA"})
        CHECK(failure(errc::timed_out, printed).to_string() == "timed_out: " + std::string(printed));
    for (std::string_view steering : {"\xE2\x80\xA8", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x81\xA9"})
        CHECK(failure(errc::timed_out, steering).to_string() == "timed_out:  ");
}

TEST_CASE("a failure keeps each text of a response, whichever of them are present")
{
    using sidecall::answer_details;
    answer_details message, page, request;
    message.message = "m";
    page.more_info = "p";
    request.request_id = "r";
    CHECK(lasting(failure(errc::api_error).with(message)).message() == "m");
    CHECK(lasting(failure(errc::api_error).with(page)).more_info() == "p");
    CHECK(lasting(failure(errc::api_error).with(request)).request_id() == "r");
}

TEST_CASE("details of a response are added to those that the failure already has")
{
    sidecall::answer_details request;
    request.request_id = "r";
    sidecall::answer_details rest;
    rest.message = "n";
    rest.more_info = "p";
    failure twice = failure(errc::transport_failure, "m", 7).with(request);
    CHECK(twice.to_string() == "transport_failure: m (code 7, request r)");
    twice = failure(errc::transport_failure, "m").with(request).with(rest);
    CHECK(twice.to_string() == "transport_failure: n (p, request r)");
    twice = std::move(twice).with({});
    CHECK(twice.to_string() == "transport_failure: n (p, request r)");
}

TEST_CASE("default values are zero, and the first code is 1, since 0 means no error")
{
    CHECK(static_cast<int>(errc::invalid_argument) == 1);
    CHECK(sidecall::retry_time{}.seconds == 0);
}

TEST_CASE("retry times are equal if number and kind are equal")
{
    sidecall::retry_time const soon{.seconds = 5};
    CHECK(soon == sidecall::retry_time{.seconds = 5});
    CHECK(soon != sidecall::retry_time{.seconds = 6});
    CHECK(soon != sidecall::retry_time{.seconds = 5, .is_unix_time = true});
}

} // namespace result_test
