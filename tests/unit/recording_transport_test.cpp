#include <sidecall/testing.hpp>

#include <sidecall/sidecall.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace recording_transport_test {

namespace {

using namespace sidecall::literals;
using sidecall::authorized_request;
using sidecall::credentials;
using sidecall::errc;
using sidecall::failure;
using sidecall::fake_outcome;
using sidecall::fake_twilio;
using sidecall::http_method;
using sidecall::http_response;
using sidecall::milliseconds;
using sidecall::recording_transport;
using sidecall::replay_transport;
using sidecall::result;
using sidecall::secret;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
constexpr char token[] = "0123456789abcdef0123456789abcdef";

credentials some_credentials()
{
    return credentials::auth_token(account, secret(token));
}

fake_twilio twilio_with_call()
{
    fake_twilio twilio(account, secret(token));
    twilio.start_call(call);
    return twilio;
}

sidecall::create_user_defined_message message(std::string_view content = R"({"say":"hello"})",
                                              std::optional<std::string_view> key = {})
{
    sidecall::create_user_defined_message operation{account, call, *sidecall::message_content::parse(content)};
    if (key) operation.idempotency_key = *sidecall::idempotency_key::parse(*key);
    return operation;
}

/// An operation with any request, whose resource is the body of the response.
template <http_method Method>
struct any_request {
    std::string_view target = "/any";
    std::vector<std::pair<std::string, std::string>> headers{};
    std::vector<std::pair<std::string, std::string>> form{};

    using resource = std::string;
    static constexpr auto request_method = Method;

    template <class Request>
    void write(Request& request) const
    {
        request.uri(target);
        for (auto const& [name, value] : headers) request.header(name, value);
        if constexpr (Method == http_method::post)
            for (auto const& [name, value] : form) request.field(name, value);
    }
    static result<resource> parse(sidecall::http_response_view const& response) { return std::string(response.body); }
};
using any_get = any_request<http_method::get>;
using any_post = any_request<http_method::post>;

template <class Operation>
authorized_request authorized(Operation const& operation)
{
    return *sidecall::authorize(operation, some_credentials());
}

using answers = std::vector<result<http_response>>;

/// Records these answers, each to the same request, and returns the recording.
template <class Operation>
std::string record(Operation const& operation, answers list, sidecall::recording_options const& options = {})
{
    std::size_t next = 0;
    recording_transport recorder([&](authorized_request const&) { return list[next++]; }, options);
    while (next != list.size()) static_cast<void>(recorder(authorized(operation)));
    return recorder.text();
}

bool equal(result<http_response> const& a, result<http_response> const& b)
{
    if (a.has_value() != b.has_value()) return false;
    if (!a) return a.error().code() == b.error().code() && a.error().message() == b.error().message();
    auto i = a->headers.begin();
    for (sidecall::header const field : b->headers) {
        if (i == a->headers.end() || *i != field) return false;
        ++i;
    }
    return i == a->headers.end() && a->status == b->status && a->body == b->body;
}

int status_of(result<http_response> const& answer)
{
    return answer ? answer->status : 0;
}

/// The number of exchanges of a recording.
std::size_t count_of(std::string const& recording)
{
    auto const replay = replay_transport::parse(recording);
    REQUIRE(replay);
    return replay->remaining();
}

std::string field_of(result<http_response> const& refused)
{
    return refused ? "none" : std::string(refused.error().field());
}

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != text.npos;
}

std::string replaced(std::string text, std::string_view part, std::string_view by)
{
    std::size_t const at = text.find(part);
    REQUIRE(at != text.npos);
    return text.replace(at, part.size(), by);
}

/// A linear congruential generator, so that a failure can be repeated.
class random_bytes {
public:
    unsigned next(unsigned end)
    {
        state_ = state_ * 6364136223846793005 + 1442695040888963407;
        return static_cast<unsigned>(state_ >> 33) % end;
    }
    std::string text(unsigned most)
    {
        static constexpr std::string_view frequent = "\n\n\r \t\\x:0aé";
        std::string bytes;
        for (unsigned size = next(most + 1); size != 0; --size)
            bytes += next(2) == 0 ? frequent[next(frequent.size())] : static_cast<char>(next(256));
        return bytes;
    }

private:
    std::uint64_t state_ = 1;
};

constexpr char two_exchanges[] = R"(sidecall recording 1

request POST https://api.twilio.com/any
header X-A: 1
header Accept: application/json
header Accept-Charset: utf-8
header Content-Type: application/x-www-form-urlencoded
header User-Agent: sidecall
header Authorization: Basic (not recorded)
body A=1
response 201
header Content-Type: application/json
body {
body   "a": "\\\x09é"
body }
body

request POST https://api.twilio.com/any
header X-A: 1
header Accept: application/json
header Accept-Charset: utf-8
header Content-Type: application/x-www-form-urlencoded
header User-Agent: sidecall
header Authorization: Basic (not recorded)
body A=1
failure timed_out: no response in 5 s

end
)";

std::string without_version(std::string text)
{
    for (std::size_t at = 0; (at = text.find("User-Agent: sidecall/", at)) != text.npos;) {
        at += std::string_view("User-Agent: sidecall").size();
        text.erase(at, text.find('\n', at) - at);
    }
    return text;
}

} // namespace

static_assert(sidecall::transport<replay_transport>);
static_assert(sidecall::async_transport<replay_transport>);

TEST_CASE("a recording is the documented text")
{
    std::string const recording = record(any_post{.headers = {{"X-A", "1"}}, .form = {{"A", "1"}}},
                                         {http_response{.status = 201,
                                                        .headers = {{"Content-Type", "application/json"}},
                                                        .body = "{\n  \"a\": \"\\\té\"\n}\n"},
                                          failure(errc::timed_out, "no response in 5 s")});
    CHECK(without_version(recording) == two_exchanges);
}

TEST_CASE("a recording without exchanges can be replayed")
{
    recording_transport recorder([](authorized_request const&) -> result<http_response> { return http_response{}; });
    CHECK(recorder.text() == "sidecall recording 1\n\nend\n");
    auto replay = replay_transport::parse(recorder.text());
    REQUIRE(replay);
    CHECK(replay->done());
}

TEST_CASE("a replay answers as the recorded transport, in order")
{
    auto twilio = twilio_with_call();
    recording_transport recorder(twilio);
    auto const sent = sidecall::send(message(), some_credentials(), recorder);
    twilio.next(fake_outcome::fail(errc::timed_out));
    auto const lost = sidecall::send(message(), some_credentials(), recorder);
    CHECK(twilio.messages(call).size() == 1);

    auto replay = *replay_transport::parse(recorder.text());
    CHECK(replay.remaining() == 2);
    auto const sent_again = sidecall::send(message(), some_credentials(), replay);
    REQUIRE(sent_again);
    CHECK(sent_again->sid == sent->sid);
    CHECK(replay.remaining() == 1);
    CHECK_FALSE(replay.done());
    auto const lost_again = sidecall::send(message(), some_credentials(), replay);
    REQUIRE_FALSE(lost_again);
    CHECK(lost_again.error() == lost.error());
    CHECK(replay.remaining() == 0);
    CHECK(replay.done());
    CHECK_FALSE(replay.difference());
}

TEST_CASE("any answer is replayed byte for byte, and recording it again gives the same text")
{
    random_bytes random;
    answers list;
    std::string every_byte;
    for (int c = 0; c != 256; ++c) every_byte += static_cast<char>(c);
    for (auto const& body : {every_byte, std::string(), std::string("\n"), std::string("\n\n"), std::string("a\n"),
                             std::string(" "), std::string("a \n b \n"), std::string("\r\n"),
                             std::string("body\nend\n"), std::string("\\x41"), std::string("\xE2\x80\xA8\xC2\x85")})
        list.emplace_back(http_response{.status = 200, .body = body});
    for (int status : {0, -1, 999, INT32_MAX, INT32_MIN}) list.emplace_back(http_response{.status = status});
    for (int code = static_cast<int>(errc::invalid_argument); code <= static_cast<int>(errc::malformed_webhook);
         ++code) {
        list.emplace_back(failure(static_cast<errc>(code)));
        list.emplace_back(failure(static_cast<errc>(code), "message " + every_byte));
        list.emplace_back(failure(static_cast<errc>(code), ""));
        list.emplace_back(failure(static_cast<errc>(code), " "));
    }
    for (int i = 0; i != 2000; ++i) {
        http_response response{.status = static_cast<int>(random.next(1000)), .body = random.text(40)};
        for (unsigned count = random.next(4); count != 0; --count)
            response.headers.add("n" + random.text(5), random.text(10));
        if (random.next(4) == 0)
            list.emplace_back(failure(errc::answer_lost, random.text(20)));
        else
            list.emplace_back(std::move(response));
    }

    std::string const recording = record(any_get{}, list);
    auto replay = replay_transport::parse(recording);
    REQUIRE_MESSAGE(replay, replay.error().to_string());
    int wrong = 0;
    for (auto const& answer : list) wrong += equal((*replay)(authorized(any_get{})), answer) ? 0 : 1;
    CHECK(wrong == 0);
    CHECK(replay->done());

    auto again = *replay_transport::parse(recording);
    recording_transport recorder(again);
    for (std::size_t i = 0; i != list.size(); ++i) static_cast<void>(recorder(authorized(any_get{})));
    CHECK(recorder.text() == recording);
    for (char c : recording) wrong += (static_cast<unsigned char>(c) < ' ' && c != '\n') || c == 0x7F ? 1 : 0;
    CHECK(wrong == 0);
    CHECK_FALSE(contains(recording, " \n"));
    CHECK(sidecall::detail::find_invalid_utf8(recording) == recording.npos);
}

TEST_CASE("an unknown code is recorded as transport_failure")
{
    CHECK(contains(record(any_get{}, {failure(static_cast<errc>(99))}), "\nfailure transport_failure: no such code\n"));
}

TEST_CASE("a recording contains no credential")
{
    std::string const base64_of_token = [] {
        auto const basic = some_credentials();
        return std::string(basic.authorization().reveal().substr(6));
    }();
    auto const key = "SK00000000000000000000000000000005"_api_key_sid;
    credentials const all[] = {credentials::auth_token(account, secret(token)),
                               credentials::api_key(key, secret(token)), *credentials::bearer(secret(token))};
    for (auto const& one : all) {
        auto twilio = twilio_with_call();
        twilio.allow(one);
        recording_transport recorder(twilio);
        REQUIRE(sidecall::send(message(), one, recorder));
        std::string_view const value = one.authorization().reveal();
        std::string const scheme(value.substr(0, value.find(' ')));
        CHECK_FALSE(contains(recorder.text(), token));
        CHECK_FALSE(contains(recorder.text(), base64_of_token));
        CHECK_FALSE(contains(recorder.text(), value.substr(scheme.size() + 1)));
        CHECK(contains(recorder.text(), "\nheader Authorization: " + scheme + " (not recorded)\n"));
        auto replay = *replay_transport::parse(recorder.text());
        CHECK(sidecall::send(message(), one, replay));
    }
}

TEST_CASE("the values of secret header fields are not recorded")
{
    http_response response{.status = 200};
    for (auto name : {"Set-Cookie", "set-cookie", "Cookie", "Proxy-Authorization", "Authorization", "X-Mine",
                      "Authentication-Info", "Proxy-Authentication-Info", "X-API-Key", "X-Auth-Token"})
        response.headers.add(name, "hush");
    response.headers.add("Authorization", "hush hush");
    response.headers.add("Proxy-Authorization", "basic hush");
    response.headers.add("X-Public", "loud");
    std::string const recording = record(any_get{.headers = {{"cookie", "hush"}, {"x-mine", "hush"}}}, {response},
                                         {.secret_headers = {"X-MINE"}});
    CHECK_FALSE(contains(recording, "hush"));
    CHECK(contains(recording, "\nheader Set-Cookie: (not recorded)\nheader set-cookie: (not recorded)\n"));
    CHECK(contains(recording, "\nheader Proxy-Authorization: Basic (not recorded)\n"));
    CHECK(contains(recording, "\nheader X-Public: loud\n"));
    auto replay = *replay_transport::parse(recording);
    CHECK(replay(authorized(any_get{.headers = {{"cookie", "other"}, {"x-mine", "another"}}})));
}

TEST_CASE("a request that differs from the recording fails and says where")
{
    any_post const recorded{.target = "/any?q=1",
                            .headers = {{"X-A", "1"}, {"X-B", "2"}, {"X-A", "3"}},
                            .form = {{"A", "first"}, {"IdempotencyKey", "hush"}, {"B", "last"}}};
    std::string const recording =
        record(recorded, {http_response{.status = 200, .body = "x"}, http_response{.status = 200, .body = "y"}});
    struct difference {
        authorized_request request;
        std::string_view field;
        std::optional<std::size_t> offset;
        std::string_view message;
    };
    auto const changed = [&](auto change) {
        any_post other = recorded;
        change(other);
        return authorized(other);
    };
    difference const table[] = {
        {authorized(any_get{.target = recorded.target, .headers = recorded.headers}), "method", 0,
         "the method differs from exchange 2"},
        {changed([](auto& other) { other.target = "/any?q=12"; }), "url", 30, "the URL differs from exchange 2"},
        {changed([](auto& other) { other.target = "/any?q="; }), "url", 29, "the URL differs from exchange 2"},
        {changed([](auto& other) { other.headers[0].second = "12"; }), "headers", 1,
         "header field X-A differs from exchange 2"},
        {changed([](auto& other) { other.headers[2].second = "hush"; }), "headers", 0,
         "header field X-A differs from exchange 2"},
        {changed([](auto& other) { other.headers.emplace_back("X-B", "hush"); }),
         "headers",
         {},
         "header field X-B is not in exchange 2"},
        {changed([](auto& other) { other.headers.erase(other.headers.begin() + 1); }),
         "headers",
         {},
         "header field X-B of exchange 2 is missing"},
        {changed([](auto& other) { other.form[0].second = "fist"; }), "body", 4, "the body differs from exchange 2"},
        {changed([](auto& other) { other.form[2].second = "least"; }), "body", 31, "the body differs from exchange 2"},
        {changed([](auto& other) { other.form[1].first = "IdempotencyKez"; }), "body", 21,
         "the body differs from exchange 2"},
        {changed([](auto& other) { other.form.erase(other.form.begin() + 1); }), "body", 8,
         "the body differs from exchange 2"},
        {changed([](auto& other) { other.form.pop_back(); }), "body", 27, "the body differs from exchange 2"},
        {changed([](auto& other) { other.form.emplace_back("C", ""); }), "body", 34,
         "the body differs from exchange 2"},
        {*sidecall::authorize(recorded, *credentials::bearer(secret("hush"))), "headers", 1,
         "header field Authorization differs from exchange 2"},
    };
    for (auto const& one : table) {
        INFO(one.message);
        auto replay = *replay_transport::parse(recording);
        CHECK(replay(authorized(recorded)));
        auto const refused = replay(one.request);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == errc::invalid_argument);
        CHECK(refused.error().field() == one.field);
        CHECK(refused.error().message() == one.message);
        CHECK(refused.error().offset() == one.offset);
        CHECK_FALSE(contains(refused.error().to_string(), "hush"));
        CHECK_FALSE(contains(refused.error().to_string(), token));
        REQUIRE(replay.difference());
        CHECK(*replay.difference() == refused.error());

        CHECK(field_of(replay(authorized(any_get{.target = "/other"}))) == "method");
        CHECK(*replay.difference() == refused.error());

        // The exchange is still there, but the difference is not forgotten.
        CHECK(replay.remaining() == 1);
        auto const answer = replay(authorized(recorded));
        REQUIRE(answer);
        CHECK(answer->body == "y");
        CHECK(replay.remaining() == 0);
        CHECK_FALSE(replay.done());
    }
}

TEST_CASE("a request after the last exchange fails")
{
    auto replay = *replay_transport::parse(record(any_get{}, {http_response{.status = 200}}));
    CHECK(replay(authorized(any_get{})));
    CHECK(replay.done());
    auto const refused = replay(authorized(any_get{}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().to_string() == "invalid_argument: exchange: the recording has only 1 exchanges");
    CHECK(replay.remaining() == 0);
    CHECK_FALSE(replay.done());
}

TEST_CASE("the idempotency key and the version of the library may differ by default")
{
    std::string const recording = record(message("{}", "the first key"), {http_response{.status = 201}});
    std::string const by_another_version = replaced(recording, "User-Agent: ", "User-Agent: other ");
    auto replay = *replay_transport::parse(by_another_version);
    CHECK(replay(authorized(message("{}", "a key & another=length"))));

    auto strict = *replay_transport::parse(recording, {.ignored_parameters = {}});
    CHECK(field_of(strict(authorized(message("{}", "another key")))) == "body");
    CHECK(strict(authorized(message("{}", "the first key"))));
    auto strict_headers = *replay_transport::parse(by_another_version, {.ignored_headers = {}});
    CHECK(field_of(strict_headers(authorized(message("{}", "the first key")))) == "headers");
}

TEST_CASE("ignored parameters and header fields are the caller's choice")
{
    any_post const recorded{.headers = {{"X-A", "1"}}, .form = {{"Ä b", "1"}, {"c", ""}, {"Ä b", "2"}}};
    std::string const recording = record(recorded, {http_response{.status = 200}});
    sidecall::replay_options const options{.ignored_parameters = {"Ä b"}, .ignored_headers = {"x-a", "user-agent"}};
    auto replay = *replay_transport::parse(recording, options);
    CHECK(replay(authorized(any_post{.headers = {}, .form = {{"Ä b", "x=y"}, {"c", ""}, {"Ä b", ""}}})));
    auto other = *replay_transport::parse(recording, options);
    CHECK_FALSE(other(authorized(any_post{.headers = {}, .form = {{"Ä b", "1"}, {"c", "1"}, {"Ä b", "2"}}})));
    CHECK_FALSE(other(authorized(any_post{.headers = {}, .form = {{"Ä b", "1"}, {"c", ""}}})));
}

TEST_CASE("a parameter whose name or value ends in an ignored name is compared")
{
    auto replay =
        *replay_transport::parse(record(any_post{.form = {{"MyIdempotencyKey", "1"}}}, {http_response{.status = 200}}));
    CHECK(field_of(replay(authorized(any_post{.form = {{"MyIdempotencyKey", "2"}}}))) == "body");
    CHECK(replay(authorized(any_post{.form = {{"MyIdempotencyKey", "1"}}})));
}

TEST_CASE("the order of header fields with different names does not matter")
{
    any_get const recorded{.headers = {{"X-A", "1"}, {"X-B", "2"}, {"X-A", "3"}}};
    std::string const recording = record(recorded, {http_response{.status = 200}});
    auto replay = *replay_transport::parse(recording);
    CHECK_FALSE(replay(authorized(any_get{.headers = {{"X-A", "3"}, {"X-B", "2"}, {"X-A", "1"}}})));
    CHECK(replay(authorized(any_get{.headers = {{"x-b", "2"}, {"X-A", "1"}, {"X-A", "3"}}})));
}

TEST_CASE("a truncated recording is refused, wherever it ends")
{
    std::string_view const whole = two_exchanges;
    for (std::size_t size = 0; size != whole.size(); ++size) {
        CAPTURE(size);
        auto const replay = replay_transport::parse(whole.substr(0, size));
        REQUIRE_FALSE(replay);
        CHECK(replay.error().code() == errc::invalid_argument);
        CHECK(replay.error().field() == "recording");
        CHECK(replay.error().offset() <= size);
    }
}

TEST_CASE("a recording with CR LF, without spaces that editors remove, or with upper-case digits is the same")
{
    any_post const operation{.headers = {{"X-A", "1"}}, .form = {{"A", "1"}}};
    std::string with_cr;
    for (char c : std::string_view(two_exchanges)) with_cr += c == '\n' ? "\r\n" : std::string(1, c);
    for (auto const& text : {std::string(two_exchanges), with_cr, replaced(two_exchanges, "body\n", "body \n"),
                             replaced(two_exchanges, "Accept: ", "Accept:"), replaced(two_exchanges, "\\x09", "\t"),
                             replaced(two_exchanges, "é", "\\xC3\\xA9")}) {
        auto replay = replay_transport::parse(text);
        REQUIRE_MESSAGE(replay, replay.error().to_string());
        auto const answer = (*replay)(authorized(operation));
        REQUIRE_MESSAGE(answer, answer.error().to_string());
        CHECK(answer->status == 201);
        CHECK(answer->body == "{\n  \"a\": \"\\\té\"\n}\n");
        auto const lost = (*replay)(authorized(operation));
        REQUIRE_FALSE(lost);
        CHECK(lost.error() == failure(errc::timed_out, "no response in 5 s"));
    }
}

TEST_CASE("a malformed recording is refused with its line and byte")
{
    struct {
        std::string_view part;
        std::string_view by;
        std::string_view reason;
    } const table[] = {
        {"recording 1", "recording 2", "line 1: expected 'sidecall recording 1' (byte 0)"},
        {"sidecall", "\xEF\xBB\xBFsidecall", "line 1: expected 'sidecall recording 1' (byte 0)"},
        {"1\n\nrequest", "1\nrequest", "line 2: expected an empty line (byte 21)"},
        {"1\n\nrequest", "1\n\n\nrequest", "line 3: expected 'request' or 'end' (byte 22)"},
        {"request", "requests", "line 3: expected 'request' or 'end' (byte 22)"},
        {"request POST", "request post", "line 3: not a method (byte 30)"},
        {"request POST https://api.twilio.com/any", "request", "line 3: not a method (byte 29)"},
        {"header X-A: 1", "header X-A", "line 4: expected a colon after the name (byte 72)"},
        {"header X-A: 1", "header X A: 1", "line 4: not a header field (byte 69)"},
        {"header X-A: 1", "header X\\x3aA: 1", "line 4: not a header field (byte 69)"},
        {"header X-A: 1", "header X-A:  1", "line 4: not a header field (byte 69)"},
        {"header X-A: 1", "header X-A: 1\\x0d\\x0a2", "line 4: not a header field (byte 69)"},
        {"header X-A: 1", "header X-A: \\y", "line 4: expected '\\\\' or '\\xNN' (byte 74)"},
        {"header X-A: 1", "header X-A: 1\\x1", "line 4: expected '\\\\' or '\\xNN' (byte 75)"},
        {"header X-A: 1", "header X-A: \\xg1", "line 4: expected '\\\\' or '\\xNN' (byte 74)"},
        {"header X-A: 1", "header X\\-A: 1", "line 4: expected '\\\\' or '\\xNN' (byte 70)"},
        {"body A", "bodyA", "line 10: expected 'header', 'body', 'response' or 'failure' (byte 263)"},
        {"body A", "body \\A", "line 10: expected '\\\\' or '\\xNN' (byte 268)"},
        {"header X-A", "body 1\nheader X-A", "line 5: expected 'header', 'body', 'response' or 'failure' (byte 69)"},
        {"response 201", "response", "line 11: not a status code (byte 280)"},
        {"response 201", "response 2 1", "line 11: not a status code (byte 281)"},
        {"response 201", "response -", "line 11: not a status code (byte 281)"},
        {"response 201", "response 2147483648", "line 11: not a status code (byte 281)"},
        {"response 201", "response -2147483649", "line 11: not a status code (byte 281)"},
        {"response 201\n", "response 201\n\n", "line 13: expected 'request' or 'end' (byte 286)"},
        {"failure timed_out", "failure late", "line 26: not the name of a failure (byte 624)"},
        {"failure timed_out: no", "failure", "line 26: not the name of a failure (byte 624)"},
        {"no response in 5 s", "\\", "line 26: expected '\\\\' or '\\xNN' (byte 635)"},
        {"5 s\n", "5 s\nbody\n", "line 27: expected an empty line (byte 654)"},
        {"end\n", "end\n\n", "line 29: text after the end (byte 659)"},
        {"end\n", "end of the recording\n", "line 28: expected 'request' or 'end' (byte 655)"},
        {"end\n", "", "line 28: the recording is truncated (byte 655)"},
        {"end\n", "end", "line 28: the recording is truncated (byte 658)"},
    };
    for (auto const& one : table) {
        auto const replay = replay_transport::parse(replaced(two_exchanges, one.part, one.by));
        INFO(one.by);
        REQUIRE_FALSE(replay);
        CHECK(replay.error().to_string() == "invalid_argument: recording: " + std::string(one.reason));
    }
    CHECK_FALSE(replay_transport::parse(nullptr));
}

TEST_CASE("a change of one byte is refused or changes only what the byte is part of")
{
    std::string const whole = two_exchanges;
    for (std::size_t at = 0; at != whole.size(); ++at)
        for (char c : std::string_view("\0\n\r :\\xZ1\xFF", 10)) {
            std::string text = whole;
            text[at] = c;
            auto const replay = replay_transport::parse(text);
            if (!replay)
                CHECK(replay.error().offset() <= text.size());
            else
                CHECK(replay->remaining() == 2);
        }
}

TEST_CASE("retries are recorded and replayed as single exchanges")
{
    auto twilio = twilio_with_call();
    twilio.next(fake_outcome::lose_answer());
    twilio.next(fake_outcome::error(503, {{"Retry-After", "2"}}));
    recording_transport recorder(twilio);
    auto clock = twilio.machine();
    auto const operation = message("{}", "key");
    auto const sent = sidecall::send_with_retry(operation, some_credentials(), recorder, {}, clock,
                                                sidecall::endpoint::twilio(), clock);
    REQUIRE(sent);

    auto replay = *replay_transport::parse(recorder.text());
    CHECK(replay.remaining() == 3);
    auto const again = sidecall::send_with_retry(message("{}", "new"), some_credentials(), replay, {}, clock,
                                                 sidecall::endpoint::twilio(), clock);
    REQUIRE(again);
    CHECK(again->sid == sent->sid);
    CHECK(replay.done());

    auto other = *replay_transport::parse(recorder.text());
    CHECK_FALSE(sidecall::send_with_retry(message("{ }", "new"), some_credentials(), other, {}, clock,
                                          sidecall::endpoint::twilio(), clock));
    CHECK(other.remaining() == 3); // a difference is not retried
}

TEST_CASE("a recorder takes the remaining time if its transport does")
{
    std::vector<std::int64_t> times;
    auto timed = [&](authorized_request const&, milliseconds time_left) -> result<http_response> {
        times.push_back(time_left.count);
        return http_response{.status = 201, .body = R"({"sid":"KX00000000000000000000000000000003"})"};
    };
    struct optional_time {
        std::vector<std::int64_t>* times;
        result<http_response> operator()(authorized_request const&, milliseconds time_left = milliseconds(7)) const
        {
            times->push_back(time_left.count);
            return http_response{.status = 201, .body = R"({"sid":"KX00000000000000000000000000000003"})"};
        }
    };
    recording_transport only_timed(timed);
    recording_transport both(optional_time{&times});
    static_assert(!sidecall::transport<decltype(only_timed)>);
    static_assert(sidecall::transport<decltype(both)>);
    static_assert(!std::invocable<recording_transport<fake_twilio>&, authorized_request const&, milliseconds>);
    CHECK(only_timed(authorized(message()), milliseconds(5)));
    CHECK(both(authorized(message())));
    auto twilio = twilio_with_call();
    auto clock = twilio.machine();
    CHECK(sidecall::send_with_retry(message(), some_credentials(), both,
                                    sidecall::retry_policy{.deadline = milliseconds(9)}, clock,
                                    sidecall::endpoint::twilio(), clock));
    CHECK(times == std::vector<std::int64_t>{5, 7, 9});
    CHECK(count_of(both.text()) == 2);
}

TEST_CASE("a recorder refers to an lvalue and owns a temporary")
{
    int count = 0;
    auto counting = [count = 0, &total = count](authorized_request const&) mutable -> result<http_response> {
        total = ++count;
        return http_response{};
    };
    static_assert(std::is_same_v<decltype(recording_transport(counting)), recording_transport<decltype(counting)&>>);
    static_assert(
        std::is_same_v<decltype(recording_transport(std::move(counting))), recording_transport<decltype(counting)>>);
    recording_transport first(counting);
    recording_transport second(counting);
    CHECK(first(authorized(any_get{})));
    CHECK(second(authorized(any_get{})));
    CHECK(count == 2);
    recording_transport owner(std::move(counting));
    recording_transport copy = owner;
    CHECK(owner(authorized(any_get{})));
    CHECK(copy(authorized(any_get{})));
    CHECK(count == 3);
}

TEST_CASE("asynchronous exchanges are recorded in the order of the requests, once complete")
{
    auto twilio = twilio_with_call();
    twilio.hold_answers();
    recording_transport recorder(twilio);
    static_assert(sidecall::async_transport<decltype(recorder)>);
    std::vector<std::string> order;
    for (auto content : {"1", "2", "3"})
        sidecall::send(message(content), some_credentials(), recorder,
                       [&order, content](result<sidecall::user_defined_message> sent) {
                           order.push_back(content + std::string(sent->sid.view().substr(32)));
                       });
    CHECK(recorder.text() == "sidecall recording 1\n\nend\n");
    CHECK(twilio.answer_held(2));
    CHECK(twilio.answer_held(0));
    CHECK(order == std::vector<std::string>{"303", "101"});

    auto replay = *replay_transport::parse(recorder.text());
    for (auto content : {"1", "3"})
        sidecall::send(message(content), some_credentials(), replay,
                       [&order, content](result<sidecall::user_defined_message> sent) {
                           order.push_back(content + std::string(sent->sid.view().substr(32)));
                       });
    CHECK(order == std::vector<std::string>{"303", "101", "101", "303"});
    CHECK(replay.done());
    twilio.answer_all();
    CHECK(count_of(recorder.text()) == 3);
}

TEST_CASE("an asynchronous recorder passes the remaining time and what its transport returns")
{
    recording_transport recorder([](authorized_request, auto handler, milliseconds time_left) {
        handler(result<http_response>(http_response{.status = 200, .body = std::to_string(time_left.count)}));
        return 42;
    });
    std::string body;
    int const ticket = recorder(
        authorized(any_get{}), [&](result<http_response> const& answer) { body = answer->body; }, milliseconds(5));
    CHECK(ticket == 42);
    CHECK(body == "5");
    CHECK(contains(recorder.text(), "\nbody 5\n"));
}

TEST_CASE("a moved-from replay has no exchanges, and a copy is independent")
{
    auto replay = *replay_transport::parse(
        record(any_get{}, {http_response{.status = 1}, http_response{.status = 2}, http_response{.status = 3}}));
    CHECK(replay(authorized(any_get{})));
    auto copy = replay;
    auto moved = std::move(replay);
    CHECK(moved.remaining() == 2);
    CHECK(status_of(moved(authorized(any_get{}))) == 2);
    CHECK(status_of(copy(authorized(any_get{}))) == 2);
    CHECK(replay.remaining() == 0); // NOLINT(bugprone-use-after-move)
    CHECK_FALSE(replay(authorized(any_get{})));
    replay = std::move(moved);
    CHECK(status_of(replay(authorized(any_get{}))) == 3);
}

TEST_CASE("a moved recorder keeps its recording")
{
    recording_transport recorder(
        +[](authorized_request const&) -> result<http_response> { return http_response{.status = 1}; });
    CHECK(recorder(authorized(any_get{})));
    auto moved = std::move(recorder);
    CHECK(count_of(moved.text()) == 1);
    recorder = moved;
    CHECK(recorder.text() == moved.text());
    recorder = std::move(moved);
    CHECK(recorder(authorized(any_get{})));
    CHECK(count_of(recorder.text()) == 2);
}

TEST_CASE("a moved-from request is forwarded and recorded")
{
    recording_transport recorder(
        [](authorized_request const&) -> result<http_response> { return failure(errc::transport_failure); });
    auto request = authorized(any_get{});
    auto const taken = std::move(request);
    CHECK_FALSE(recorder(request)); // NOLINT(bugprone-use-after-move)
    CHECK(recorder.text() == "sidecall recording 1\n\nrequest GET\nfailure transport_failure\n\nend\n");
    auto replay = *replay_transport::parse(recorder.text());
    CHECK(field_of(replay(taken)) == "url");
    CHECK(replay(request).error().code() == errc::transport_failure);
}

} // namespace recording_transport_test
