// Values made in the caller's buffer equal those made on the heap, use only that buffer, and report the size they need.
// Operations of non-owning views give the same results as those that own their texts.

#include <sidecall/storage.hpp>

#include <sidecall/sidecall.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <map>
#include <memory_resource>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "lasting.hpp"

namespace storage_test {

namespace {

using namespace sidecall::literals;
using sidecall::authorized_request;
using sidecall::credentials;
using sidecall::endpoint;
using sidecall::errc;
using sidecall::http_response;
using sidecall::http_response_view;
using sidecall::result;
using sidecall::secret;
using sidecall::storage;

constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
constexpr auto key_sid = "SK00000000000000000000000000000003"_api_key_sid;
constexpr auto subscription_sid = "ZY00000000000000000000000000000004"_subscription_sid;
constexpr std::string_view token = "0123456789abcdef0123456789ABCDEF";

/// A buffer of exactly `size` bytes between two guard areas, in an allocation that ends with the second guard.
class guarded {
public:
    static constexpr std::size_t guard = 64;

    explicit guarded(std::size_t size) : size_(size), bytes_(2 * guard + size, mark) {}

    sidecall::storage storage() { return {bytes_.data() + guard, size_}; }
    std::string_view inside() const { return std::string_view(bytes_).substr(guard, size_); }
    bool contains(std::string_view text) const
    {
        return text.data() >= bytes_.data() + guard && text.data() + text.size() <= bytes_.data() + guard + size_;
    }
    bool intact() const
    {
        std::string_view const all(bytes_);
        return all.substr(0, guard).find_first_not_of(mark) == all.npos &&
               all.substr(guard + size_).find_first_not_of(mark) == all.npos;
    }
    bool untouched() const { return bytes_.find_first_not_of(mark) == bytes_.npos; }

private:
    static constexpr char mark = '\xA5';

    std::size_t size_;
    std::string bytes_;
};

/// Calls `check` with credentials of every kind, short and long.
template <class Check>
void for_each_credentials(Check check)
{
    check(credentials::auth_token(account, secret(token)));
    check(credentials::auth_token(account, secret("")));
    check(credentials::api_key(key_sid, secret(token)));
    check(credentials::api_key(key_sid, secret(std::string(500, '\xFF'))));
    check(*credentials::bearer(secret("x")));
    check(*credentials::bearer(secret(std::string(1000, 'b') + "==")));
    char memory[98];
    check(*credentials::auth_token(account, secret(token), memory));
    check(*credentials::api_key(key_sid, secret(token), memory));
}

std::vector<endpoint> endpoints()
{
    return {endpoint::twilio(), *endpoint::edge("dublin", "ie1"), *endpoint::parse("http://[::1]:8080"),
            *endpoint::twilio().with_product("a-product/1.2.3 (of a name that is not short)")};
}

/// Texts whose encoded forms end in every way: with a run as long as a chunk, just shorter or just longer, in an escape
/// or a space, or in a run after one.
std::vector<std::string> texts()
{
    std::vector<std::string> all;
    for (std::size_t run : {0u, 1u, 14u, 15u, 16u, 17u, 31u, 32u, 33u})
        for (std::string_view odd : {"", "&", " ", "\xC3\xBC", "&&&&&&&&&&&&&&&&", " & &"})
            for (std::size_t behind : {0u, 1u, 15u, 16u, 17u})
                all.push_back(std::string(run, 'r').append(odd).append(behind, 'b'));
    return all;
}

/// How an operation's request in the caller's buffer differs from the expected one; empty if it does not.
template <class Operation>
std::string storage_fault(Operation const& what, credentials const& who, endpoint const& where)
{
    authorized_request const expected = authorize(what.request(where), who);
    std::string const all = std::string(expected.url()).append(expected.body()).append(expected.headers().text());
    std::size_t const size = all.size() + (expected.body().empty() ? 0 : 1); // an "&" is written before the headers
    auto const same = [&](authorized_request const& got) {
        return got.method() == expected.method() && got.url() == expected.url() && got.target() == expected.target() &&
               got.host() == expected.host() && got.body() == expected.body() &&
               got.headers().text() == expected.headers().text() &&
               lasting(got.to_http1()).reveal() == lasting(expected.to_http1()).reveal();
    };

    guarded probe(0);
    auto const refused = authorize(what, who, where, probe.storage());
    if (refused) return "made in an empty storage";
    if (refused.error().code() != errc::invalid_argument || refused.error().field() != "storage") return "failure";
    if (!refused.error().offset() || *refused.error().offset() < all.size() || *refused.error().offset() > size)
        return "the size in the failure";
    std::size_t const needed = *refused.error().offset();

    guarded short_by_one(needed - 1);
    auto const failed = authorize(what, who, where, short_by_one.storage());
    if (failed || failed.error().offset() != needed || failed.error().field() != "storage") return "one byte too small";
    if (!short_by_one.untouched()) return "written to despite the failure";

    for (std::size_t more : {0u, 1u, 7u, 200u}) {
        guarded memory(needed + more);
        {
            auto const made = authorize(what, who, where, memory.storage());
            if (!made) return "the exact size does not suffice";
            if (!same(*made)) return "another request";
            if (!memory.contains(made->url()) || !memory.contains(made->body()) ||
                !memory.contains(made->headers().text()))
                return "not in the storage";
            if (!memory.intact()) return "written outside";
        }
        if (!memory.intact()) return "wiped outside";
        if (memory.inside().find("Authorization") != memory.inside().npos ||
            memory.inside().find(who.authorization().reveal()) != memory.inside().npos)
            return "not wiped";
    }
    return "";
}

struct operations {
    sidecall::create_user_defined_message_subscription create{
        account, call, *sidecall::callback_url::parse("https://example.com/udm?tenant=1&x=%20#f"),
        *sidecall::idempotency_key::parse("a key of more than thirty-six bytes: \xC3\xBC"), sidecall::http_method::get};
    sidecall::create_user_defined_message_subscription_view create_view{
        account, call, "https://example.com/udm?tenant=1&x=%20#f"_callback_url,
        *sidecall::idempotency_key_view::parse("a key of more than thirty-six bytes: \xC3\xBC"),
        sidecall::http_method::get};
    sidecall::delete_user_defined_message_subscription end{account, call, subscription_sid};
    sidecall::delete_user_defined_message_subscription_view end_view{account, call, subscription_sid};
    sidecall::create_user_defined_message send{account, call,
                                               *sidecall::message_content::parse(R"({"text":"a message & more"})"),
                                               *sidecall::idempotency_key::parse("k")};
    sidecall::create_user_defined_message_view send_view{
        account, call, *sidecall::message_content_view::parse(R"({"text":"a message & more"})"),
        *sidecall::idempotency_key_view::parse("k")};
};

/// Calls `check` with each operation and its counterpart that consists of views.
template <class Check>
void for_each_pair(Check check)
{
    operations const all;
    check(all.create, all.create_view);
    check(all.end, all.end_view);
    check(all.send, all.send_view);
}

/// Reads the bytes as they are in memory, whatever the compiler assumes about them.
bool shows(char const* data, std::size_t size, std::string_view text)
{
    char const volatile* const bytes = data;
    std::string seen;
    for (std::size_t i = 0; i != size; ++i) seen += bytes[i];
    return seen.find(text) != seen.npos;
}

} // namespace

TEST_CASE("a storage is made from an array, a writable range, or a pointer and a size")
{
    char array[7];
    std::array<char, 8> standard{};
    std::string text(9, ' ');
    std::vector<char> bytes(10);
    std::span<char> const span(array, 3);
    auto const is = [](storage where, char const* data, std::size_t size) {
        return where.data() == data && where.size() == size;
    };
    CHECK(is(array, array, 7));
    CHECK(is(standard, standard.data(), 8));
    CHECK(is(text, text.data(), 9));
    CHECK(is(bytes, bytes.data(), 10));
    CHECK(is(span, array, 3));
    CHECK(is({array, 5}, array, 5));
    storage where(array);
    CHECK(is(where, array, 7)); // a copy, not a storage made of a storage
    static_assert(!std::is_constructible_v<storage, std::string const&>);
    static_assert(!std::is_constructible_v<storage, std::string_view&>);
    static_assert(!std::is_constructible_v<storage, std::string>, "its memory would be freed");
    static_assert(!std::is_constructible_v<storage, char const(&)[7]>);
}

TEST_CASE(
    "a request in the caller's buffer equals the one on the heap byte for byte, for all credentials and endpoints")
{
    for_each_pair([](auto const& owning, auto const& view) {
        for (auto const& where : endpoints())
            for_each_credentials([&](credentials const& who) {
                CHECK(storage_fault(owning, who, where) == "");
                CHECK(storage_fault(view, who, where) == "");
                CHECK(lasting(authorize(owning.request(where), who).to_http1()).reveal() ==
                      lasting(authorize(view.request(where), who).to_http1()).reveal());
            });
    });
}

TEST_CASE("writing into a buffer of exactly the needed size writes nothing after its end")
{
    credentials const usual = credentials::auth_token(account, secret(token));
    credentials const shortest = *credentials::bearer(secret("x"));
    for (auto const& text : texts()) {
        CAPTURE(text);
        auto const content = sidecall::message_content::parse("\"" + text + "\"");
        auto const content_view = sidecall::message_content_view::parse(content->view());
        for (auto const* who : {&usual, &shortest}) {
            CHECK(storage_fault(sidecall::create_user_defined_message{account, call, *content}, *who,
                                endpoint::twilio()) == "");
            CHECK(storage_fault(sidecall::create_user_defined_message_view{account, call, *content_view}, *who,
                                endpoint::twilio()) == "");
        }
        if (text.empty()) continue;
        auto const key = sidecall::idempotency_key::parse(text);
        CHECK(storage_fault(sidecall::create_user_defined_message_view{account, call, *content_view,
                                                                       sidecall::idempotency_key_view(*key)},
                            usual, endpoint::twilio()) == "");
    }
    for (std::size_t size = 0; size != 70; ++size) { // a long message that ends with this many plain or special bytes
        std::string const plain(size, 'x'), odd(size, '&');
        for (auto const& text : {"\"" + plain + odd + "\"", "\"" + odd + plain + "\"", "1" + std::string(size, '0')}) {
            auto const content = sidecall::message_content_view::parse(text);
            CHECK(storage_fault(sidecall::create_user_defined_message_view{account, call, *content}, shortest,
                                endpoint::twilio()) == "");
        }
    }
}

TEST_CASE(
    "the credential in the buffer is wiped when the request is destroyed, and stays in place when the request is moved")
{
    sidecall::delete_user_defined_message_subscription const what{account, call, subscription_sid};
    credentials const who = credentials::auth_token(account, secret(token));
    std::string_view const header = who.authorization().reveal();
    std::string_view const basic = header.substr(6, 40);
    char one[600];
    char other[600];
    std::memset(one, 0, sizeof one);
    std::memset(other, 0, sizeof other);
    {
        auto first = *authorize(what, who, endpoint::twilio(), one);
        CHECK(shows(one, sizeof one, basic));
        {
            authorized_request const second = std::move(first);
            CHECK(shows(one, sizeof one, basic));
            CHECK(second.url().data() == one);
            CHECK(first.headers().text().empty());
        }
        CHECK_FALSE(shows(one, sizeof one, basic));

        first = *authorize(what, who, endpoint::twilio(), one);
        CHECK(shows(one, sizeof one, basic));
        first = *authorize(what, who, endpoint::twilio(), other);
        CHECK_FALSE(shows(one, sizeof one, basic));
        CHECK(shows(other, sizeof other, basic));
        CHECK(first.url().data() == other);

        first = authorize(what.request(), who); // on the heap
        CHECK_FALSE(shows(other, sizeof other, basic));
        auto third = authorize(what.request(), who);
        third = *authorize(what, who, endpoint::twilio(), other);
        CHECK(shows(other, sizeof other, basic));
        auto& same = third;
        third = std::move(same);
        CHECK(third.headers().text().find(header) != std::string_view::npos);
    }
    CHECK_FALSE(shows(one, sizeof one, basic));
    CHECK_FALSE(shows(other, sizeof other, basic));
}

TEST_CASE("a secret in the caller's buffer stays there and is wiped there")
{
    for (std::size_t size : {0u, 1u, 32u, 103u, 104u, 105u, 5000u}) {
        CAPTURE(size);
        std::string const text(size, 's');
        guarded memory(size);
        {
            auto made = secret::in(memory.storage(), text);
            REQUIRE(made.has_value());
            CHECK(made->reveal() == text);
            if (size != 0) CHECK(memory.contains(made->reveal()));
            secret moved = *std::move(made);
            CHECK(moved.reveal() == text);
            CHECK(made->empty());
            if (size != 0) CHECK(memory.contains(moved.reveal()));
            secret assigned("another");
            assigned = std::move(moved);
            CHECK(assigned.reveal() == text);
            CHECK(moved.empty());
            if (size != 0) CHECK(memory.inside() == text);
            secret in_place("yet another");
            in_place = std::move(assigned);
            CHECK(in_place.reveal() == text);
            in_place = secret("the last"); // wipes the buffer
            CHECK(in_place.reveal() == "the last");
            CHECK(memory.inside() == std::string(size, '\0'));
        }
        CHECK(memory.intact());
        {
            auto const again = secret::in(memory.storage(), text);
            CHECK(memory.inside() == text);
        }
        CHECK(memory.inside() == std::string(size, '\0'));
        CHECK(memory.intact());
        if (size == 0) continue;
        guarded smaller(size - 1);
        auto const failed = secret::in(smaller.storage(), text);
        REQUIRE_FALSE(failed.has_value());
        CHECK(failed.error().code() == errc::invalid_argument);
        CHECK(failed.error().field() == "storage");
        CHECK(failed.error().offset() == size);
        CHECK(smaller.untouched());
    }
}

TEST_CASE("credentials in the caller's buffer give the same header, stay there and are wiped there")
{
    for (std::size_t size : {0u, 1u, 2u, 3u, 31u, 32u, 33u, 500u}) {
        CAPTURE(size);
        secret const text(std::string(size, 't'));
        auto const check = [&](credentials const& expected, auto const& make) {
            std::string_view const header = expected.authorization().reveal();
            guarded memory(header.size());
            {
                auto made = make(memory.storage());
                REQUIRE(made.has_value());
                CHECK(made->authorization().reveal() == header);
                CHECK(memory.contains(made->authorization().reveal()));
                credentials moved = *std::move(made);
                CHECK(moved.authorization().reveal() == header);
                CHECK(memory.contains(moved.authorization().reveal()));
                CHECK(made->authorization().empty());
                moved = credentials::auth_token(account, secret("another"));
                CHECK(memory.inside() == std::string(header.size(), '\0'));
                auto const again = make(memory.storage());
                CHECK(memory.inside() == header);
            }
            CHECK(memory.inside() == std::string(header.size(), '\0'));
            CHECK(memory.intact());
            guarded smaller(header.size() - 1);
            auto const failed = make(smaller.storage());
            REQUIRE_FALSE(failed.has_value());
            CHECK(failed.error().code() == errc::invalid_argument);
            CHECK(failed.error().field() == "storage");
            CHECK(failed.error().offset() == header.size());
            CHECK(smaller.untouched());
        };
        check(credentials::auth_token(account, text),
              [&](storage memory) { return credentials::auth_token(account, text, memory); });
        check(credentials::api_key(key_sid, text),
              [&](storage memory) { return credentials::api_key(key_sid, text, memory); });
    }
    CHECK(lasting(credentials::auth_token(account, secret(token))).authorization().reveal().size() ==
          98); // the documented size
}

namespace {

/// Signs as Twilio's documentation describes. The tests of the webhook verify that it is right.
std::string sign(std::string_view signed_text, std::string_view with = token)
{
    auto const code = sidecall::detail::hmac_sha1(with).code([&](auto put) { put(signed_text); });
    std::string text(sidecall::detail::base64_size(code.size()), '\0');
    sidecall::detail::base64_encode({reinterpret_cast<char const*>(code.data()), code.size()}, {}, text.data());
    return text;
}

std::string sha256_of(std::string_view text)
{
    sidecall::detail::sha256 hash;
    hash.update(text);
    std::string hex;
    for (unsigned char byte : hash.finish())
        for (int digit : {byte >> 4, byte & 15}) hex += "0123456789abcdef"[digit];
    return hex;
}

constexpr char url[] = "https://example.com/udm";

using fields = std::map<std::string, std::string>;

fields good_message(std::string const& content)
{
    return {{"AccountSid", std::string(account.view())},
            {"CallSid", std::string(call.view())},
            {"Content", content},
            {"ContentType", "application/json"},
            {"Sid", "KX00000000000000000000000000000005"},
            {"SequenceNumber", "18446744073709551615"},
            {"Timestamp", "Wed, 18 Dec 2019 20:02:01 +0000"}};
}

/// Escapes every byte, every second byte, or only the bytes that need it.
std::string form_of(fields const& parameters, unsigned every)
{
    std::string form;
    unsigned count = 0;
    auto const add = [&](std::string_view text) {
        for (char c : text) {
            bool const plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            if (plain && (every == 0 || ++count % every != 0))
                form += c;
            else if (c == ' ' && every == 0)
                form += '+';
            else {
                char out[3];
                sidecall::detail::percent_encode_byte(out, c);
                form.append(out, 3);
            }
        }
    };
    for (auto const& [name, value] : parameters) {
        if (!form.empty()) form += '&';
        add(name);
        form += '=';
        add(value);
    }
    return form;
}

/// A signed request together with the texts that it refers to.
struct hook {
    std::string method, address, content_type, body, signature;

    sidecall::webhook_request view() const { return {method, address, content_type, signature, body}; }
};

hook form_hook(fields const& parameters, unsigned every)
{
    std::string signed_text = url;
    for (auto const& [name, value] : parameters) signed_text += name + value;
    return {"POST", url, "application/x-www-form-urlencoded; charset=utf-8", form_of(parameters, every),
            sign(signed_text)};
}
hook query_hook(fields const& parameters, unsigned every)
{
    std::string const address = std::string(url) + "?" + form_of(parameters, every);
    return {"GET", address, "", "", sign(address)};
}
hook json_hook(fields const& parameters, bool escaped)
{
    std::string body = "{";
    for (auto const& [name, value] : parameters) {
        body += body.size() == 1 ? "\"" : ",\"";
        body += name + "\":\"";
        for (char c : value) {
            if (c == '"' || c == '\\') body += '\\';
            if (escaped && c == 'a')
                body += "\\u0061";
            else
                body += c;
        }
        body += '"';
    }
    body += "}";
    std::string const address = std::string(url) + "?bodySHA256=" + sha256_of(body);
    return {"POST", address, "application/json", body, sign(address)};
}

std::string message_difference(sidecall::incoming_message const& a, sidecall::incoming_message const& b)
{
    if (a.content() != b.content()) return "content";
    if (a.content_type() != b.content_type()) return "content type";
    if (a.sequence_number() != b.sequence_number()) return "sequence number";
    if (a.sid() != b.sid() || a.call_sid() != b.call_sid() || a.account_sid() != b.account_sid()) return "sid";
    if (a.timestamp() != b.timestamp()) return "timestamp";
    if (a.parameters().size() != b.parameters().size()) return "count";
    for (std::size_t i = 0; i <= a.parameters().size(); ++i)
        if (a.parameters()[i].name != b.parameters()[i].name || a.parameters()[i].value != b.parameters()[i].value)
            return "parameter";
    return a.parameters().find("Content") == b.parameters().find("Content") ? "" : "look-up";
}

std::string receive_fault(hook const& request)
{
    sidecall::webhook_verifier const verifier{secret(token)};
    auto const expected = verifier.receive(request.view());
    if (!expected) return "rejected on the heap: " + expected.error().to_string();

    guarded nothing(0);
    auto const refused = verifier.receive(request.view(), nothing.storage());
    if (refused || refused.error().code() != errc::invalid_argument || refused.error().field() != "storage" ||
        !refused.error().offset())
        return "made in an empty storage";
    std::size_t const needed = *refused.error().offset();
    std::size_t const text =
        request.method == "GET" ? request.address.size() - std::strlen(url) - 1 : request.body.size();
    if (request.content_type.find("json") == std::string::npos &&
        needed != text + 16 * expected->parameters().size() + 16)
        return "not the documented size";

    guarded smaller(needed - 1);
    auto const failed = verifier.receive(request.view(), smaller.storage());
    if (failed || failed.error().offset() != needed || failed.error().field() != "storage") return "one byte too small";
    if (!smaller.untouched()) return "written to despite the failure";

    for (std::size_t more : {0u, 1u, 3u, 1000u}) { // also with a misaligned buffer
        guarded memory(needed + more);
        auto const made = verifier.receive(request.view(), memory.storage());
        if (!made) return "the exact size does not suffice";
        if (auto what = message_difference(*made, *expected); !what.empty()) return what;
        if (!memory.contains(made->content()) || !memory.contains(made->parameters()[0].name))
            return "not in the storage";
        if (!memory.intact()) return "written outside";

        sidecall::incoming_message copy = *made; // on the heap, so that the buffer can be reused
        if (memory.contains(copy.content())) return "a copy within the storage";
        sidecall::incoming_message const moved = std::move(copy);
        if (auto const what = message_difference(moved, *expected); !what.empty()) return "copy: " + what;
        if (copy.parameters().size() != 0 || copy.parameters().find("Sid")) return "moved-from and not empty";
    }
    return "";
}

} // namespace

TEST_CASE("a message is received in the caller's buffer as on the heap: from a form, a query and a JSON object")
{
    for (auto const& text : texts()) {
        CAPTURE(text);
        auto parameters = good_message("\"" + text + "\"");
        for (unsigned every : {0u, 1u, 2u}) {
            CHECK(receive_fault(form_hook(parameters, every)) == "");
            CHECK(receive_fault(query_hook(parameters, every)) == "");
        }
        CHECK(receive_fault(json_hook(parameters, false)) == "");
        CHECK(receive_fault(json_hook(parameters, true)) == "");
        parameters["z" + text] = "unknown & the last";
        CHECK(receive_fault(form_hook(parameters, 0)) == "");
        parameters["zz" + text] = text;
        CHECK(receive_fault(form_hook(parameters, 1)) == "");
    }
    fields many = good_message("{}");
    for (int i = 0; i != 40; ++i) many["p" + std::to_string(i)] = std::string(static_cast<std::size_t>(i), '%');
    CHECK(receive_fault(form_hook(many, 0)) == "");
    CHECK(receive_fault(query_hook(many, 2)) == "");
    CHECK(receive_fault(json_hook(many, true)) == "");
}

TEST_CASE("an invalid message is rejected in the caller's buffer as on the heap, and nothing is written outside")
{
    sidecall::webhook_verifier const verifier{secret(token)};
    std::vector<hook> bad;
    for (auto const& [name, value] : good_message("1")) {
        for (char const* wrong : {"", "x", "\"", "&", "%"}) {
            auto parameters = good_message("1");
            parameters[name] = wrong;
            bad.push_back(form_hook(parameters, 0));
            bad.push_back(query_hook(parameters, 0));
            bad.push_back(json_hook(parameters, false));
        }
        auto parameters = good_message("1");
        parameters.erase(name);
        bad.push_back(form_hook(parameters, 0));
        bad.push_back(query_hook(parameters, 1));
        bad.push_back(json_hook(parameters, true));
    }
    for (char const* body :
         {"", "{", "{}", "[]", "{\"a\":1,", "{\"a\":[1,2,{\"b\":\",,,\"}],\"c\":null}", ",,,,", "null"}) {
        std::string const address = std::string(url) + "?bodySHA256=" + sha256_of(body);
        bad.push_back({"POST", address, "application/json", body, sign(address)});
        bad.push_back({"POST", url, "application/x-www-form-urlencoded", body, sign(url)});
        bad.push_back({"GET", url, "", "", sign(url)});
    }
    auto forged = form_hook(good_message("1"), 0);
    forged.signature = sign("forged");
    bad.push_back(forged);
    for (auto const& request : bad) {
        CAPTURE(request.body);
        CAPTURE(request.address);
        auto const expected = verifier.receive(request.view());
        for (std::size_t size : {0u, 16u, 31u, 32u, 100u, 2000u}) {
            guarded memory(size);
            auto const got = verifier.receive(request.view(), memory.storage());
            CHECK(memory.intact());
            if (!got && got.error().field() == "storage") {
                CHECK(got.error().offset() > size);
                continue;
            }
            REQUIRE(got.has_value() == expected.has_value());
            if (got) continue; // a Content of "" is valid
            CHECK(got.error().code() == expected.error().code());
            CHECK(got.error().field() == expected.error().field());
            CHECK(got.error().offset() == expected.error().offset());
            CHECK(got.error().message() == expected.error().message());
        }
    }
}

namespace {

constexpr std::string_view documented =
    R"({"account_sid":"ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","call_sid":"CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",)"
    R"("sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","date_created":"Wed, 18 Dec 2019 20:02:01 +0000",)"
    R"("uri":"\/2010-04-01\/Accounts"})";

/// How two failures differ, apart from Twilio's texts, which the second one does not have. Empty if they do not.
std::string failure_difference(sidecall::failure const& owning, sidecall::failure const& view)
{
    if (view.code() != owning.code()) return "code";
    if (view.field() != owning.field()) return "field";
    if (view.offset() != owning.offset()) return "offset";
    if (view.http_status() != owning.http_status()) return "status";
    if (view.twilio_code() != owning.twilio_code()) return "Twilio's code";
    if (view.native_code() != owning.native_code()) return "native code";
    if (view.retry_after() != owning.retry_after()) return "Retry-After";
    if (!view.more_info().empty() || !view.request_id().empty()) return "foreign text";
    auto const ours = owning.code() == errc::malformed_response ? owning.message()
                                                                : lasting(sidecall::failure(owning.code())).message();
    return view.message() == ours ? "" : "message";
}

} // namespace

TEST_CASE("a view operation parses a response like the owning one, except for Twilio's texts in a failure")
{
    using headers = sidecall::header_list;
    headers const none;
    headers const some{{"Twilio-Request-Id", "RQ1"}, {"retry-after", "120"}};
    headers const date{{"Retry-After", "Wed, 18 Dec 2019 20:02:31 GMT"}};
    headers const odd{{"Retry-After", "soon"}};
    int failures = 0;
    int values = 0;
    for_each_pair([&](auto const& owning, auto const& view) {
        for (int status : {-1, 0, 100, 200, 201, 202, 204, 302, 399, 400, 401, 404, 409, 429, 500, 503, 599, 600})
            for (headers const* fields : {&none, &some, &date, &odd})
                for (std::string_view body :
                     {documented, std::string_view(), std::string_view("{}"), std::string_view("<html>"),
                      std::string_view(R"({"code":20404,"message":"gone","more_info":"https://x","status":404})"),
                      std::string_view(R"({"code":"20404","message":"a text, and no number"})"),
                      std::string_view(R"({"code":99999999999,"message":"too large"})"),
                      std::string_view(R"({"code":-1})"), std::string_view(R"({"code":7})"),
                      std::string_view(R"({"title":"t","detail":"d","type":"https://y"})"),
                      std::string_view(R"({"title":1,"detail":null})"),
                      std::string_view(R"({"\u0063ode":7,"code":8,"message":"\u0041"})"),
                      std::string_view(R"({"code":7,"message":"unfinished)"),
                      std::string_view(R"({"sid":"KXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})"),
                      std::string_view(R"({"sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","date_created":"yesterday"})"),
                      std::string_view(R"({"sid":7})"), std::string_view(R"({"sid":null})")}) {
                    CAPTURE(status);
                    CAPTURE(body);
                    http_response_view const answer{status, *fields, body};
                    auto const a = owning.parse(answer);
                    auto const b = view.parse(answer);
                    REQUIRE(a.has_value() == b.has_value());
                    a ? ++values : ++failures;
                    if (!a) CHECK(failure_difference(a.error(), b.error()) == "");
                }
    });
    CHECK(failures > 3000);
    CHECK(values > 20);
}

TEST_CASE("the view of a resource refers to the raw uri in the response")
{
    operations const all;
    std::string const body(documented);
    auto const owned = all.create.parse({.status = 201, .body = body});
    auto const view = all.create_view.parse({.status = 201, .body = body});
    REQUIRE(owned.has_value());
    REQUIRE(view.has_value());
    CHECK(view->sid == owned->sid);
    CHECK(view->account_sid == owned->account_sid);
    CHECK(view->call_sid == owned->call_sid);
    CHECK(view->date_created == owned->date_created);
    CHECK(owned->uri == "/2010-04-01/Accounts");
    CHECK(view->uri == R"(\/2010-04-01\/Accounts)");
    CHECK(view->uri->data() == body.data() + body.find("\\/2010"));
}

TEST_CASE("an operation is sent from the caller's buffer over a transport that returns a view of its response")
{
    credentials const who = credentials::auth_token(account, secret(token));
    char answer_of_mine[] = R"({"sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","uri":"\/x"})";
    guarded memory(1200);
    std::string wire;
    auto const transport = [&](authorized_request const& request) -> result<http_response_view> {
        wire = lasting(request.to_http1()).reveal();
        CHECK(memory.contains(request.url()));
        return http_response_view{201, {}, answer_of_mine};
    };
    operations const all;
    auto const got = send(all.create_view, who, transport, endpoint::twilio(), memory.storage());
    REQUIRE(got.has_value());
    CHECK(got->uri->data() > answer_of_mine);
    CHECK(got->uri->data() < answer_of_mine + sizeof answer_of_mine);
    CHECK(wire == lasting(authorize(all.create.request(), who).to_http1()).reveal());
    CHECK(memory.intact());
    CHECK(memory.inside().find("Authorization") == memory.inside().npos);

    auto const owned = send(all.create, who, transport, endpoint::twilio(), memory.storage());
    REQUIRE(owned.has_value());
    CHECK(owned->uri == "/x");
    CHECK(lasting(send(all.create_view, who, transport, endpoint::twilio(), memory.storage()))->sid == owned->sid);

    SUBCASE("passes on the transport's failures")
    {
        auto const none = [](authorized_request const&) -> result<http_response_view> {
            return sidecall::failure(errc::timed_out);
        };
        CHECK(send(all.end_view, who, none, endpoint::twilio(), memory.storage()).error().code() == errc::timed_out);
        CHECK(send(all.end_view, who, none).error().code() == errc::timed_out);
    }
    SUBCASE("reports a buffer that is too small before anything is sent")
    {
        wire.clear();
        guarded small(100);
        auto const failed = send(all.send_view, who, transport, endpoint::twilio(), small.storage());
        REQUIRE_FALSE(failed.has_value());
        CHECK(failed.error().code() == errc::invalid_argument);
        CHECK(failed.error().field() == "storage");
        CHECK(failed.error().offset() > 100u);
        CHECK(wire.empty());
        CHECK(small.untouched());
    }
    SUBCASE("accepts a transport that returns an owning response")
    {
        auto const owner = [](authorized_request const&) { return http_response{.status = 204}; };
        CHECK(send(all.end, who, owner, endpoint::twilio(), memory.storage()).has_value());
        CHECK(send(all.end_view, who, owner, endpoint::twilio(), memory.storage()).has_value());
    }
}

namespace {

template <class Answer>
using transport_returning = Answer (*)(authorized_request const&);

} // namespace

TEST_CASE("a transport returns an owning response, or a result with a response view")
{
    static_assert(sidecall::transport<transport_returning<http_response>>);
    static_assert(sidecall::transport<transport_returning<result<http_response>>>);
    static_assert(sidecall::transport<transport_returning<result<http_response_view>>>);
    static_assert(!sidecall::transport<transport_returning<http_response_view>>);
    static_assert(!sidecall::transport<transport_returning<result<int>>>);
    static_assert(!sidecall::transport<transport_returning<int>>);
}

TEST_CASE("copies and moves of a key keep its text, whether it is stored inline or not")
{
    using sidecall::idempotency_key;
    for (std::size_t size : {1u, 35u, 36u, 37u, 1000u}) {
        CAPTURE(size);
        std::string const text(size, 'k');
        for (std::size_t other_size : {1u, 36u, 37u, 500u}) {
            std::string const other_text(other_size, 'o');
            auto key = *idempotency_key::parse(text);
            idempotency_key copy = key;
            CHECK(copy == key);
            CHECK(copy.view() == text);
            CHECK(copy.view().data() != key.view().data());
            idempotency_key moved = std::move(copy);
            CHECK(moved.view() == text);
            CHECK(copy.view().empty());
            idempotency_key const copy_of_nothing = copy;
            CHECK(copy_of_nothing.view().empty());
            copy = moved; // a moved-from key can be assigned to
            CHECK(copy.view() == text);

            auto other = *idempotency_key::parse(other_text);
            other = key;
            CHECK(other.view() == text);
            CHECK(key.view() == text);
            other = *idempotency_key::parse(other_text);
            CHECK(other.view() == other_text);
            other = std::move(key);
            CHECK(other.view() == text);
            CHECK(key.view().empty());
            auto& same = other;
            other = same;
            CHECK(other.view() == text);
            other = std::move(same);
            CHECK(other.view() == text);
            CHECK_FALSE(other == *idempotency_key::parse(text + "x"));
        }
    }
}

TEST_CASE("a view of a key comes from an lvalue, not from a temporary")
{
    using sidecall::idempotency_key;
    using sidecall::idempotency_key_view;
    auto const key = idempotency_key::random();
    idempotency_key_view const view = key;
    CHECK(view.view() == key.view());
    CHECK(view.view().data() == key.view().data());
    idempotency_key_view copy = view;
    copy = *idempotency_key_view::parse("k");
    CHECK(copy.view() == "k");
    CHECK_FALSE(copy == view);
    static_assert(lasting(idempotency_key_view::parse("a constant"))->view() == "a constant");
    static_assert(idempotency_key_view::parse("").error().field() == "IdempotencyKey");
    static_assert(std::is_constructible_v<idempotency_key_view, idempotency_key&>);
    static_assert(std::is_constructible_v<idempotency_key_view, idempotency_key const&>);
    static_assert(!std::is_constructible_v<idempotency_key_view, idempotency_key>);
    static_assert(!std::is_constructible_v<idempotency_key_view, idempotency_key const>);
    static_assert(!std::is_constructible_v<idempotency_key, idempotency_key_view>);
    static_assert(std::is_trivially_copyable_v<idempotency_key_view>);
}

template <class T, class From>
constexpr bool parses = requires(From&& from) { T::parse(std::forward<From>(from)); };

TEST_CASE_TEMPLATE("a view is parsed from an lvalue, not from a temporary string", T, sidecall::callback_url_view,
                   sidecall::message_content_view, sidecall::idempotency_key_view)
{
    static_assert(parses<T, std::string&> && parses<T, std::string const&> && parses<T, std::pmr::string&>);
    static_assert(parses<T, std::string_view> && parses<T, char const(&)[2]> && parses<T, char const*>);
    static_assert(!parses<T, std::string> && !parses<T, std::string const> && !parses<T, std::pmr::string>);
}

TEST_CASE_TEMPLATE("an owning type is parsed from a temporary string, too", T, sidecall::callback_url,
                   sidecall::message_content, sidecall::idempotency_key)
{
    static_assert(parses<T, std::string> && parses<T, std::string const> && parses<T, std::string&>);
}

TEST_CASE("a copy of an empty buffer is empty and has the same capacity")
{
    sidecall::detail::buffer const room(16);
    auto const copy = room;
    CHECK(copy.size() == 0);
    CHECK(copy.capacity() == 16);
}

} // namespace storage_test
