#include <sidecall/sidecall.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <doctest/doctest.h>

#include "lasting.hpp"

namespace text_view_test {

namespace {

using sidecall::text_view;

// What std::getenv returns for an unset variable. volatile, so that no compiler warns about the null pointer.
char const* not_set()
{
    char const* volatile nothing = nullptr;
    return nothing;
}

static_assert(std::is_trivially_copyable_v<text_view> && sizeof(text_view) == sizeof(std::string_view));
static_assert(std::is_convertible_v<std::string, text_view> && std::is_convertible_v<std::string_view, text_view>);
static_assert(std::is_convertible_v<char const (&)[3], text_view> &&
              std::is_convertible_v<text_view, std::string_view>);
static_assert(!std::is_convertible_v<int, text_view> && !std::is_convertible_v<wchar_t const*, text_view>);
static_assert(text_view("a") == "a" && text_view(std::string_view("a\0b", 3)).size() == 3);
static_assert(text_view().empty() && text_view("abc", 2) == "ab");

/// The result of a parse as one line.
template <class Parsed>
std::string describe(Parsed const& parsed)
{
    return parsed ? "taken" : parsed.error().to_string();
}

} // namespace

TEST_CASE("a null pointer is an empty text wherever the library takes text")
{
    CHECK(text_view(not_set()).empty());
    CHECK(describe(sidecall::account_sid::parse(not_set())) == describe(sidecall::account_sid::parse("")));
    CHECK(describe(sidecall::call_sid::parse(not_set())) == describe(sidecall::call_sid::parse("")));
    CHECK(describe(sidecall::subscription_sid::parse(not_set())) == describe(sidecall::subscription_sid::parse("")));
    CHECK(describe(sidecall::message_sid::parse(not_set())) == describe(sidecall::message_sid::parse("")));
    CHECK(describe(sidecall::api_key_sid::parse(not_set())) == describe(sidecall::api_key_sid::parse("")));
    CHECK(describe(sidecall::callback_url::parse(not_set())) == describe(sidecall::callback_url::parse("")));
    CHECK(describe(sidecall::callback_url_view::parse(not_set())) == describe(sidecall::callback_url_view::parse("")));
    CHECK(describe(sidecall::idempotency_key::parse(not_set())) == describe(sidecall::idempotency_key::parse("")));
    CHECK(describe(sidecall::idempotency_key_view::parse(not_set())) ==
          describe(sidecall::idempotency_key_view::parse("")));
    CHECK(describe(sidecall::message_content::parse(not_set())) == describe(sidecall::message_content::parse("")));
    CHECK(describe(sidecall::message_content_view::parse(not_set())) ==
          describe(sidecall::message_content_view::parse("")));
    CHECK(describe(sidecall::endpoint::parse(not_set())) == describe(sidecall::endpoint::parse("")));
    CHECK(describe(sidecall::endpoint::region(not_set())) == describe(sidecall::endpoint::region("")));
    CHECK(describe(sidecall::endpoint::edge(not_set())) == describe(sidecall::endpoint::edge("")));
    CHECK(describe(sidecall::endpoint::edge("dublin", not_set())) == describe(sidecall::endpoint::edge("dublin", "")));
    CHECK(describe(sidecall::endpoint().with_product(not_set())) == describe(sidecall::endpoint().with_product("")));
    CHECK(describe(sidecall::parse_http_method(not_set())) == describe(sidecall::parse_http_method("")));

    CHECK(sidecall::secret(not_set()).empty());
    char room[1];
    CHECK(lasting(sidecall::secret::in(room, not_set()))->empty());
    CHECK(lasting(sidecall::failure(sidecall::errc::timed_out, not_set())).message().empty());
    CHECK(lasting(sidecall::failure(sidecall::errc::timed_out, not_set(), 7)).message().empty());
}

TEST_CASE("a null pointer in a webhook_request is an empty text")
{
    sidecall::webhook_verifier const verifier{sidecall::secret("token")};
    CHECK(verifier
              .verify({.method = not_set(),
                       .url = not_set(),
                       .content_type = not_set(),
                       .signature = not_set(),
                       .body = not_set()})
              .error()
              .to_string() == "invalid_signature: X-Twilio-Signature: there is no signature");

    sidecall::header_list fields{{"Name", not_set()}};
    fields.add(not_set(), not_set());
    CHECK(sidecall::headers_view(fields).find("name") == "");
    CHECK(sidecall::headers_view(fields).find(not_set()) == "");
    std::pair<char const*, char const*> const pairs[] = {{not_set(), "x"}, {"Retry-After", not_set()}};
    CHECK(sidecall::headers_view(pairs).find("retry-after") == "");

    sidecall::delete_user_defined_message_subscription const operation{
        *sidecall::account_sid::parse("AC00000000000000000000000000000001"),
        *sidecall::call_sid::parse("CA00000000000000000000000000000002"),
        *sidecall::subscription_sid::parse("ZY00000000000000000000000000000003")};
    CHECK(operation.parse({.status = 204, .headers = pairs, .body = not_set()}));
    CHECK(describe(operation.parse({.status = 500, .headers = pairs, .body = not_set()})) ==
          "unexpected_status: HTTP 500: the status is not the documented one");
}

TEST_CASE("text from outside becomes one line that neither forges a line nor controls a terminal")
{
    using sidecall::printable;
    for (std::string_view const kept : {"", " ", "a \"b\" \\ c", "\x7E", "\xC2\xA0", "\xE2\x80\xA7", "\xE2\x80\xAF",
                                        "\xE2\x81\xA5", "\xE2\x81\xAA", "\xF0\x9F\x98\x80", "gr\xC3\xBC\xC3\x9F"})
        CHECK(printable(kept) == kept);
    for (std::string_view const replaced :
         {std::string_view("\0", 1), std::string_view("\r"), std::string_view("\n"), std::string_view("\x1B"),
          std::string_view("\x1F"), std::string_view("\x7F"), std::string_view("\xC2\x80"),
          std::string_view("\xC2\x9F"), std::string_view("\xE2\x80\xA8"), std::string_view("\xE2\x80\xAE"),
          std::string_view("\xE2\x81\xA6"), std::string_view("\xE2\x81\xA9"), std::string_view("\xFF"),
          std::string_view("\xC3")})
        CHECK(printable("<" + std::string(replaced) + ">") == "< >");
    CHECK(printable("ok\r\n2026-01-01 forged: \x1B[31m\xC3") == "ok  2026-01-01 forged:  [31m ");
    CHECK(printable(not_set()).empty());
}

} // namespace text_view_test
