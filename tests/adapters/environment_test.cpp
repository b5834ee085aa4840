#include <sidecall/environment.hpp>

#include <sidecall/transport.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace environment_test {

using variables = std::map<std::string, std::string, std::less<>>;

std::string const account = "AC00000000000000000000000000000001";
std::string const key = "SK00000000000000000000000000000002";

struct lookup {
    variables const& values;
    char const* operator()(std::string_view name) const
    {
        auto const found = values.find(name);
        return found == values.end() ? nullptr : found->second.c_str();
    }
};

sidecall::result<sidecall::environment_settings> read(variables const& values)
{
    return sidecall::read_environment(lookup{values});
}

/// The failure, in one line.
std::string refusal(variables const& values)
{
    auto const settings = read(values);
    if (settings) return "accepted";
    std::string const text = settings.error().to_string();
    for (auto const& variable : values)
        if (!variable.second.empty()) CHECK_MESSAGE(text.find(variable.second) == text.npos, variable.first);
    return text;
}

std::string authorization(sidecall::environment_settings const& settings)
{
    return std::string(settings.credentials.authorization().reveal());
}

variables with(variables values, std::string const& name, std::string const& value)
{
    values[name] = value;
    return values;
}

variables const with_token = {{"TWILIO_ACCOUNT_SID", account}, {"TWILIO_AUTH_TOKEN", "tok3n"}};
variables const with_key = {{"TWILIO_ACCOUNT_SID", account}, {"TWILIO_API_KEY", key}, {"TWILIO_API_SECRET", "s3cret"}};

TEST_CASE("the environment gives account, credentials and endpoint")
{
    auto const settings = read(with_token);
    REQUIRE(settings);
    CHECK(settings->account_sid.view() == account);
    auto const expected = sidecall::credentials::auth_token(settings->account_sid, sidecall::secret("tok3n"));
    CHECK(authorization(*settings) == expected.authorization().reveal());
    CHECK(settings->endpoint == sidecall::endpoint::twilio());
    REQUIRE(settings->signing_token);
    CHECK(settings->signing_token->reveal() == "tok3n");
}

TEST_CASE("an API key is preferred to the auth token, which then only verifies webhooks")
{
    auto const settings = read(with_key);
    REQUIRE(settings);
    auto const expected =
        sidecall::credentials::api_key(*sidecall::api_key_sid::parse(key), sidecall::secret("s3cret"));
    CHECK(authorization(*settings) == expected.authorization().reveal());
    CHECK(!settings->signing_token);

    auto const both = read(with(with_key, "TWILIO_AUTH_TOKEN", "tok3n"));
    REQUIRE(both);
    CHECK(authorization(*both) == authorization(*settings));
    REQUIRE(both->signing_token);
    CHECK(both->signing_token->reveal() == "tok3n");
}

TEST_CASE("edge and region select the host as in Twilio's own libraries")
{
    auto const host = [](std::string const& edge, std::string const& region) {
        auto const settings = read(with(with(with_token, "TWILIO_EDGE", edge), "TWILIO_REGION", region));
        REQUIRE(settings);
        return std::string(settings->endpoint.host());
    };
    CHECK(host("", "") == "api.twilio.com");
    CHECK(host("", "ie1") == "api.ie1.twilio.com");
    CHECK(host("dublin", "") == "api.dublin.us1.twilio.com");
    CHECK(host("dublin", "ie1") == "api.dublin.ie1.twilio.com");
}

TEST_CASE("a missing variable is named, and an empty one counts as missing")
{
    CHECK(refusal({}) == "invalid_argument: TWILIO_ACCOUNT_SID: not set");
    CHECK(refusal({{"TWILIO_EDGE", "dublin"}}) == "invalid_argument: TWILIO_ACCOUNT_SID: not set");
    CHECK(refusal({{"TWILIO_ACCOUNT_SID", ""}, {"TWILIO_AUTH_TOKEN", ""}}) ==
          "invalid_argument: TWILIO_ACCOUNT_SID: not set");
    CHECK(refusal({{"TWILIO_AUTH_TOKEN", "tok3n"}}) ==
          "invalid_argument: TWILIO_ACCOUNT_SID: not set, but TWILIO_AUTH_TOKEN is");
    CHECK(refusal(with(with_token, "TWILIO_ACCOUNT_SID", "")) ==
          "invalid_argument: TWILIO_ACCOUNT_SID: not set, but TWILIO_AUTH_TOKEN is");
    CHECK(refusal(with(with_key, "TWILIO_ACCOUNT_SID", "")) ==
          "invalid_argument: TWILIO_ACCOUNT_SID: not set, but TWILIO_API_KEY is");
    CHECK(refusal({{"TWILIO_ACCOUNT_SID", account}}) ==
          "invalid_argument: TWILIO_AUTH_TOKEN: not set, and no TWILIO_API_KEY and TWILIO_API_SECRET either");
    CHECK(refusal(with(with_token, "TWILIO_AUTH_TOKEN", "")) ==
          "invalid_argument: TWILIO_AUTH_TOKEN: not set, and no TWILIO_API_KEY and TWILIO_API_SECRET either");
}

TEST_CASE("half of an API key is refused, even if the auth token is set")
{
    variables const whole = with(with_key, "TWILIO_AUTH_TOKEN", "tok3n");
    CHECK(refusal(with(whole, "TWILIO_API_KEY", "")) ==
          "invalid_argument: TWILIO_API_KEY: not set, but TWILIO_API_SECRET is");
    CHECK(refusal(with(whole, "TWILIO_API_SECRET", "")) ==
          "invalid_argument: TWILIO_API_SECRET: not set, but TWILIO_API_KEY is");
}

TEST_CASE("a wrong value is refused with the variable, the rule and the byte, and without the value")
{
    std::string const text = "a space, a line break or another byte that is not visible ASCII";
    CHECK(refusal(with(with_token, "TWILIO_ACCOUNT_SID", "AC1")) ==
          "invalid_argument: TWILIO_ACCOUNT_SID: shorter than 34 characters (byte 3)");
    CHECK(refusal(with(with_token, "TWILIO_ACCOUNT_SID", key)).find("TWILIO_ACCOUNT_SID: ") != std::string::npos);
    CHECK(refusal(with(with_token, "TWILIO_AUTH_TOKEN", "tok3n\n")) ==
          "invalid_argument: TWILIO_AUTH_TOKEN: " + text + " (byte 5)");
    CHECK(refusal(with(with_token, "TWILIO_AUTH_TOKEN", "to k3n")) ==
          "invalid_argument: TWILIO_AUTH_TOKEN: " + text + " (byte 2)");
    CHECK(refusal(with(with_token, "TWILIO_AUTH_TOKEN", "\xC3\xA9tok3n")) ==
          "invalid_argument: TWILIO_AUTH_TOKEN: " + text + " (byte 0)");
    CHECK(refusal(with(with_token, "TWILIO_AUTH_TOKEN", "\x7F")) ==
          "invalid_argument: TWILIO_AUTH_TOKEN: " + text + " (byte 0)");
    CHECK(refusal(with(with_key, "TWILIO_API_KEY", "SK1")) ==
          "invalid_argument: TWILIO_API_KEY: shorter than 34 characters (byte 3)");
    CHECK(refusal(with(with_key, "TWILIO_API_SECRET", "s3cret\r")) ==
          "invalid_argument: TWILIO_API_SECRET: " + text + " (byte 6)");
    CHECK(refusal(with(with_key, "TWILIO_AUTH_TOKEN", "tok3n ")) ==
          "invalid_argument: TWILIO_AUTH_TOKEN: " + text + " (byte 5)");
    CHECK(refusal(with(with_token, "TWILIO_EDGE", "dub_lin")) ==
          "invalid_argument: TWILIO_EDGE: '_' is not allowed in a hostname (byte 3)");
    CHECK(refusal(with(with_token, "TWILIO_REGION", "ie1.evil")) ==
          "invalid_argument: TWILIO_REGION: a '.' is not allowed (byte 3)");
    CHECK(refusal(with(with(with_token, "TWILIO_EDGE", "dublin"), "TWILIO_REGION", "IE_1")) ==
          "invalid_argument: TWILIO_REGION: '_' is not allowed in a hostname (byte 2)");
}

TEST_CASE("the lookup may return a string or a view")
{
    auto const strings = sidecall::read_environment([](char const* name) {
        auto const found = with_key.find(std::string_view(name));
        return found == with_key.end() ? std::string() : found->second;
    });
    REQUIRE(strings);
    CHECK(authorization(*strings) == authorization(*read(with_key)));
    auto const views = sidecall::read_environment([](char const* name) {
        auto const found = with_token.find(std::string_view(name));
        return found == with_token.end() ? std::string_view() : std::string_view(found->second);
    });
    REQUIRE(views);
    CHECK(authorization(*views) == authorization(*read(with_token)));
}

TEST_CASE("the settings of this process come from getenv")
{
    // Without setenv, because other tests run in threads: the result only has to agree with getenv.
    CHECK(static_cast<bool>(sidecall::read_environment()) ==
          static_cast<bool>(sidecall::read_environment([](char const* name) { return std::getenv(name); })));
    CHECK(static_cast<bool>(sidecall::read_signing_token()) ==
          static_cast<bool>(sidecall::read_signing_token([](char const* name) { return std::getenv(name); })));
}

TEST_CASE("a program that only receives webhooks needs nothing but the auth token")
{
    auto const token = [](variables const& values) { return sidecall::read_signing_token(lookup{values}); };
    variables const alone = {{"TWILIO_AUTH_TOKEN", "tok3n"}};
    auto const right = token(alone);
    REQUIRE(right);
    CHECK(right->reveal() == "tok3n");
    CHECK(token(with_key).error().to_string() == "invalid_argument: TWILIO_AUTH_TOKEN: not set");
    CHECK(token({{"TWILIO_AUTH_TOKEN", ""}}).error().to_string() == "invalid_argument: TWILIO_AUTH_TOKEN: not set");
    auto const wrong = token({{"TWILIO_AUTH_TOKEN", "tok3n\n"}});
    REQUIRE(!wrong);
    CHECK(wrong.error().field() == "TWILIO_AUTH_TOKEN");
    CHECK(wrong.error().offset() == 5);
}

} // namespace environment_test
