// The members that `result` shares with std::expected and that result_test.cpp does not cover.
#include <sidecall/result.hpp>

#include <array>
#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

namespace expected_test {

namespace {

using sidecall::errc;
using sidecall::failure;
using sidecall::result;

failure timed_out()
{
    return failure(errc::timed_out, "after five seconds");
}

} // namespace

TEST_CASE("compares results by value, or by failure")
{
    result<int> const one = 1;
    result<int> const failed = timed_out();
    CHECK(one == result<int>(1));
    CHECK(one != result<int>(2));
    CHECK(one != failed);
    CHECK(failed == result<int>(timed_out()));
    CHECK(failed != result<int>(failure(errc::timed_out)));
    CHECK(one == 1);
    CHECK(2 != one);
    CHECK(failed != 1);
    CHECK(failed == timed_out());
    CHECK(one != timed_out());
    CHECK(result<void>() == result<void>());
    CHECK(result<void>() != result<void>(timed_out()));
    CHECK(result<void>(timed_out()) == timed_out());
}

TEST_CASE("tells failures apart by every fact and text")
{
    failure const plain(errc::api_error);
    std::array const all = {
        plain,
        failure(errc::timed_out),
        failure(errc::api_error, "Callback", "no host"),
        failure(errc::api_error, "Callback", "no host", 0),
        failure(errc::api_error, "Callback", "no host", 1),
        failure(errc::api_error, "Url", "no host", 1),
        failure(errc::api_error, "a text"),
        failure(errc::api_error, "a text", 7),
        failure(plain).with_http_status(0),
        failure(plain).with_http_status(404),
        failure(plain).with_twilio_code(20404),
        failure(plain).with_retry_after({.seconds = 1}),
        failure(plain).with({.more_info = "https://www.twilio.com/docs/errors/20404"}),
        failure(plain).with({.request_id = "RQ1"}),
    };
    for (auto const& a : all)
        for (auto const& b : all) CHECK((a == b) == (&a == &b));
}

TEST_CASE("sets the facts of a failure that is not a temporary")
{
    failure error(errc::api_error);
    error.with_http_status(429).with_twilio_code(20429).with_retry_after({.seconds = 2}).with({.request_id = "RQ1"});
    CHECK(error ==
          failure(errc::api_error, 429,
                  {.twilio_code = 20429, .request_id = "RQ1", .retry_after = sidecall::retry_time{.seconds = 2}}));
}

TEST_CASE("replaces a value or a failure in place")
{
    result<std::pair<int, int>> both = timed_out();
    CHECK(both.emplace(1, 2).second == 2);
    CHECK(both == std::pair(1, 2));
    both.emplace(3, 4);
    CHECK(both->first == 3);
    result<void> done = timed_out();
    done.emplace();
    CHECK(done.has_value());
}

TEST_CASE("swaps every pair of states")
{
    result<std::string> value = std::string(100, 'v');
    result<std::string> failed = timed_out();
    result<std::string> other = std::string("other");
    swap(value, failed);
    CHECK(value == timed_out());
    CHECK(failed == std::string(100, 'v'));
    failed.swap(other);
    CHECK(failed == "other");
    CHECK(other == std::string(100, 'v'));
    value.swap(value);
    CHECK(value == timed_out());
    result<void> done;
    result<void> undone = timed_out();
    swap(done, undone);
    CHECK(undone.has_value());
    CHECK(done == timed_out());
}

TEST_CASE("returns the failure or another one")
{
    result<int> const value = 1;
    result<int> failed = timed_out();
    CHECK(value.error_or(failure(errc::cancelled)).code() == errc::cancelled);
    CHECK(std::as_const(failed).error_or(failure(errc::cancelled)) == timed_out());
    CHECK(std::move(failed).error_or(failure(errc::cancelled)) == timed_out());
    CHECK(result<void>().error_or(timed_out()) == timed_out());
    CHECK(result<void>(timed_out()).error_or(failure(errc::cancelled)) == timed_out());
}

TEST_CASE("transforms the failure, and keeps a value")
{
    auto const describe = [](failure error) { return std::move(error).in("Callback"); };
    CHECK(result<int>(1).transform_error(describe) == 1);
    CHECK(result<int>(timed_out()).transform_error(describe).error().field() == "Callback");
    result<std::unique_ptr<int>> owner = std::make_unique<int>(3);
    CHECK(*std::move(owner).transform_error(describe).value() == 3);
    result<void> const undone = timed_out();
    CHECK(undone.transform_error(describe).error().field() == "Callback");
    CHECK(result<void>(timed_out()).transform_error(describe).error().field() == "Callback");
    CHECK(result<void>().transform_error(describe).has_value());
}

TEST_CASE("passes a value that can be changed to and_then and transform")
{
    result<int> number = 1;
    CHECK(number.transform([](int& value) { return ++value; }) == 2);
    CHECK(number.and_then([](int& value) { return result<int>(++value); }) == 3);
    CHECK(number == 3);
    result<void> undone = timed_out();
    CHECK(std::move(undone).and_then([] { return result<int>(1); }) == timed_out());
    CHECK(result<void>().transform([] { return 5; }) == 5);
    CHECK(result<void>(timed_out()).or_else([](failure&&) { return result<void>(); }).has_value());
}

} // namespace expected_test
