#include <sidecall/webhook_signer.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace webhook_signer_test {

namespace {

using namespace sidecall::literals;
using sidecall::client_message;
using sidecall::errc;
using sidecall::http_method;
using sidecall::named_value;
using sidecall::secret;
using sidecall::signed_webhook;
using sidecall::signing_options;
using sidecall::webhook_forgery;
using sidecall::webhook_request;
using sidecall::webhook_signer;
using sidecall::webhook_verifier;

client_message const message{.account_sid = "AC00000000000000000000000000000001"_account_sid,
                             .call_sid = "CA00000000000000000000000000000002"_call_sid,
                             .sid = "KX00000000000000000000000000000003"_message_sid,
                             .content = R"({"say":"1 + 1 = 2 & more"})",
                             .sequence_number = 7,
                             .timestamp = {.unix_seconds = 1'576'699'321}};

signing_options const each_way[] = {
    {}, {.method = http_method::put}, {.json_body = true}, {.method = http_method::get}, {.method = http_method::head}};

char const* const urls[] = {"https://example.com/udm",
                            "https://example.com",
                            "http://example.com:8080/a?b=c%20d",
                            "https://user:p%40ss@example.com:443/udm?x&",
                            "https://user@[::1]/?",
                            "https://example.com/udm#rc=2&rp=all"};

} // namespace

TEST_CASE("a signed message is received unchanged, whatever its URL and encoding")
{
    webhook_signer const signer{secret{"token"}};
    webhook_verifier const verifier{secret{"token"}};
    for (auto const& options : each_way)
        for (char const* url : urls) {
            CAPTURE(url);
            auto const webhook = signer.sign(url, message, options);
            auto const received = verifier.receive(webhook);
            REQUIRE(received);
            CHECK(received->content() == message.content);
            CHECK(received->content_type() == "application/json");
            CHECK(received->sequence_number() == 7);
            CHECK(received->sid() == message.sid);
            CHECK(received->call_sid() == message.call_sid);
            CHECK(received->account_sid() == message.account_sid);
            CHECK(received->timestamp() == message.timestamp);
        }
}

TEST_CASE("the requests have the method, URL, type and body that Twilio documents")
{
    webhook_signer const signer{secret{"token"}};
    std::vector<named_value> const parameters{{"b", "1 ~\xC3\xA9"}, {"a", "&"}};

    auto const form = signer.sign("https://u:p@example.com/udm?x=1#f", parameters);
    CHECK(form.method == "POST");
    CHECK(form.url == "https://u:p@example.com/udm?x=1");
    CHECK(form.content_type == "application/x-www-form-urlencoded; charset=UTF-8");
    CHECK(form.body == "b=1+~%C3%A9&a=%26");

    auto const json = signer.sign("https://example.com/udm?x=1", parameters, {.json_body = true});
    CHECK(json.method == "POST");
    CHECK(json.content_type == "application/json");
    CHECK(json.body == "{\"b\":\"1 ~\xC3\xA9\",\"a\":\"&\"}");
    CHECK(json.url == "https://example.com/udm?x=1&bodySHA256="
                      "f267416590b6066f10fae92787713e97453a4f35f1c29cefad5fe1945e070554");

    auto const query = signer.sign("https://example.com/udm", parameters, {.method = http_method::get});
    CHECK(query.method == "GET");
    CHECK(query.url == "https://example.com/udm?b=1+~%C3%A9&a=%26");
    CHECK(query.content_type == "");
    CHECK(query.body == "");
    CHECK(signer.sign("https://example.com/udm", std::vector<named_value>{}, {.method = http_method::get}).url ==
          "https://example.com/udm");
}

TEST_CASE("signs a published example with its signature")
{
    // An earlier version of Twilio's page "Security": the token 12345 and the parameters of a call.
    webhook_signer const signer{secret{"12345"}};
    auto const webhook = signer.sign("https://mycompany.com/myapp.php?foo=1&bar=2",
                                     std::vector<named_value>{{"Digits", "1234"},
                                                              {"To", "+18005551212"},
                                                              {"From", "+14158675310"},
                                                              {"Caller", "+14158675310"},
                                                              {"CallSid", "CA1234567890ABCDE"}});
    CHECK(webhook.signature == "GvWf1cFY/Q7PnoempGyD5oXAezc=");
}

TEST_CASE("every forgery is refused, and nothing else is wrong with it")
{
    webhook_signer const signer{secret{"token"}};
    webhook_verifier const verifier{secret{"token"}};
    std::vector<named_value> const lists[] = {
        message.parameters(), {}, {{"Tampered", "1"}}, {{"Tampered1", "1"}, {"Tampered", "1"}}};
    for (auto forgery : {webhook_forgery::other_token, webhook_forgery::other_url, webhook_forgery::tampered})
        for (auto options : each_way)
            for (char const* url : urls)
                for (auto const& list : lists) {
                    CAPTURE(url);
                    options.forgery = webhook_forgery::none;
                    auto const valid = signer.sign(url, list, options);
                    REQUIRE((verifier.verify)(valid));
                    options.forgery = forgery;
                    auto const forged = signer.sign(url, list, options);
                    auto const verified = (verifier.verify)(forged);
                    REQUIRE(!verified);
                    CHECK(verified.error().code() == errc::invalid_signature);
                    if (forgery != webhook_forgery::tampered) {
                        CHECK(forged.url == valid.url);
                        CHECK(forged.body == valid.body);
                        CHECK(forged.signature != valid.signature);
                    } else {
                        CHECK(forged.signature == valid.signature);
                    }
                }
}

TEST_CASE("any parameters are verified and read as they were signed")
{
    std::mt19937_64 random(1);
    auto const text = [&](bool ascii) {
        std::string bytes(random() % 6, '\0');
        for (char& c : bytes) c = static_cast<char>(ascii ? random() % 0x80 : random() % 0x100);
        return bytes;
    };
    for (int round = 0; round != 3000; ++round) {
        std::string const token = "t" + text(false);
        webhook_signer const signer{secret{token}};
        webhook_verifier const verifier{secret{token}};
        signing_options const& options = each_way[random() % 5];
        std::vector<named_value> list;
        // A name is not empty and does not begin a second time, since the verifier sorts equal names.
        for (std::size_t i = 0, size = random() % 5; i != size; ++i)
            list.push_back({std::to_string(i) + text(options.json_body), text(options.json_body)});
        auto const webhook = signer.sign(urls[random() % 2], list, options);
        auto const read = verifier.parameters(webhook);
        REQUIRE(read);
        REQUIRE(read->size() == list.size());
        for (auto const& [name, value] : list) REQUIRE(read->find(name) == value);
    }
}

TEST_CASE("bytes that are not UTF-8 become U+FFFD in a JSON body")
{
    webhook_signer const signer{secret{"token"}};
    auto const webhook = signer.sign("https://example.com", std::vector<named_value>{{"a\x01\"\\", "\xFF\n\x1F\x7F"}},
                                     {.json_body = true});
    CHECK(webhook.body == "{\"a\\u0001\\\"\\\\\":\"\xEF\xBF\xBD\\n\\u001f\x7F\"}");
    CHECK(webhook_verifier{secret{"token"}}.parameters(webhook));
}

TEST_CASE("the user-info and the fragment of a callback are not signed")
{
    webhook_signer const signer{secret{"token"}};
    auto const plain = signer.sign("https://example.com:8443/udm?a=@", message);
    for (char const* url : {"https://user:p@example.com:8443/udm?a=@", "https://u@v@example.com:8443/udm?a=@#@"})
        CHECK(signer.sign(url, message).signature == plain.signature);
}

TEST_CASE("a repeated parameter is signed once")
{
    webhook_signer const signer{secret{"token"}};
    std::vector<named_value> const once{{"a", "1"}}, twice{{"a", "1"}, {"a", "1"}};
    CHECK(signer.sign("https://example.com", once).signature == signer.sign("https://example.com", twice).signature);
}

TEST_CASE("an empty token signs nothing, as it verifies nothing")
{
    webhook_signer const signer{secret{""}};
    CHECK(signer.sign("https://example.com", message).signature == "");
    CHECK(signer.sign("https://example.com", message, {.forgery = webhook_forgery::other_token}).signature == "");
}

TEST_CASE("only a signed webhook that lasts is a webhook request")
{
    CHECK(std::is_convertible_v<signed_webhook&, webhook_request>);
    CHECK(std::is_convertible_v<signed_webhook const&, webhook_request>);
    CHECK(!std::is_convertible_v<signed_webhook, webhook_request>);
    CHECK(!std::is_convertible_v<signed_webhook const, webhook_request>);
}

TEST_CASE("writes every timestamp so that it is read as the same instant and offset")
{
    auto const written = [](std::int64_t seconds, std::int32_t offset = 0) {
        return sidecall::detail::to_rfc2822({.unix_seconds = seconds, .offset_minutes = offset});
    };
    CHECK(written(1'576'699'321) == "Wed, 18 Dec 2019 20:02:01 +0000");
    CHECK(written(1'576'699'321, -90) == "Wed, 18 Dec 2019 18:32:01 -0130");
    CHECK(written(0, 60) == "Thu, 01 Jan 1970 01:00:00 +0100");
    CHECK(written(951'782'400) == "Tue, 29 Feb 2000 00:00:00 +0000");
    CHECK(written(INT64_MIN) == "Mon, 01 Jan 1900 00:00:00 +0000");
    CHECK(written(INT64_MIN, -60) == "Mon, 01 Jan 1900 00:00:00 +0000");
    CHECK(written(INT64_MAX) == "Fri, 31 Dec 9999 23:59:59 +0000");
    CHECK(written(INT64_MAX, 60) == "Fri, 31 Dec 9999 23:59:59 +0000");
    std::mt19937_64 random(1);
    for (int round = 0; round != 20'000; ++round) {
        auto const seconds = -2'208'902'400 + static_cast<std::int64_t>(random() % 255'611'116'000);
        auto const offset = static_cast<std::int32_t>(random() % 1600) - 800;
        REQUIRE(sidecall::detail::parse_rfc2822(written(seconds, offset)) ==
                sidecall::date_time{.unix_seconds = seconds, .offset_minutes = offset});
    }
}

} // namespace webhook_signer_test
