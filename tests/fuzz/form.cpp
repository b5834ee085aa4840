// Independent decoders, among them the stand-in's, decode a request to the values that it was made from. libcurl
// encodes the same way.

#include "fuzz.hpp"

#include <memory>
#include <optional>
#include <vector>

#include <curl/curl.h>

#include <sidecall/authorized_request.hpp>
#include <sidecall/credentials.hpp>
#include <sidecall/detail/standin_form.hpp>
#include <sidecall/message.hpp>
#include <sidecall/subscription.hpp>

using fuzz::require;
using field = std::pair<std::string, std::string>;

namespace {

constexpr std::string_view raw_bytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

std::string decode(std::string_view text, bool plus_is_blank)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            decoded += plus_is_blank && text[at] == '+' ? ' ' : text[at];
            continue;
        }
        require(text.size() - at >= 3, "an escape is complete");
        std::size_t const high = digits.find(text[++at]);
        std::size_t const low = digits.find(text[++at]);
        require(high < 16 && low < 16, "an escape has two upper-case hexadecimal digits");
        char const c = static_cast<char>(high << 4 | low);
        require(raw_bytes.find(c) == raw_bytes.npos, "an unreserved byte is not escaped");
        decoded += c;
    }
    return decoded;
}

std::vector<field> decode_form(std::string_view body)
{
    std::vector<field> fields;
    if (body.empty()) return fields;
    for (;;) {
        std::string_view const pair = body.substr(0, body.find('&'));
        std::size_t const equals = pair.find('=');
        require(equals != pair.npos, "each field has a '='");
        for (char c : pair)
            require(raw_bytes.find(c) != raw_bytes.npos || c == '%' || c == '+' || c == '=',
                    "every other byte is escaped");
        fields.emplace_back(decode(pair.substr(0, equals), true), decode(pair.substr(equals + 1), true));
        if (pair.size() == body.size()) return fields;
        body.remove_prefix(pair.size() + 1);
    }
}

/// The stand-in is strict: it requires names, and UTF-8.
void compare_with_standin(std::string_view body, std::vector<field> const& wanted)
{
    namespace standin = sidecall::standin_detail;
    bool takes = true;
    for (auto const& [name, value] : wanted) takes = takes && !name.empty() && standin::is_utf8(name + '=' + value);
    auto const read = standin::decode_form(std::string(body));
    require(read.fault.empty() == takes, "the stand-in accepts the form if it is UTF-8 with names");
    if (takes) require(read.parameters == wanted, "the stand-in decodes the same fields");
}

/// Encodes with libcurl, and with "+" for a space.
std::string encode_by_curl(std::string_view text)
{
    if (text.empty()) return {};
    char* const escaped = curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()));
    std::string encoded(escaped);
    curl_free(escaped);
    for (std::size_t at = 0; (at = encoded.find("%20", at)) != encoded.npos;) encoded.replace(at, 3, "+");
    return encoded;
}

void check_wire(sidecall::http_request const& request)
{
    std::string const wire = request.to_http1();
    std::size_t const end = wire.find("\r\n\r\n");
    require(end != wire.npos && wire.substr(end + 4) == request.body(), "the body follows the empty line");
    std::string const head = wire.substr(0, end + 2);
    require(head.substr(0, head.find("\r\n")) ==
                std::string(to_string_view(request.method())) + ' ' + std::string(request.target()) + " HTTP/1.1",
            "the request line has the method and the target");
    require(request.body().empty() ||
                head.find("\r\nContent-Length: " + std::to_string(request.body().size()) + "\r\n") != head.npos,
            "Content-Length is the size of the body");
    std::size_t lines = 0;
    for (char c : head) {
        lines += c == '\n' ? 1 : 0;
        require(c == '\r' || c == '\n' || (c >= ' ' && c <= '~'), "header fields are printable");
    }
    std::size_t wanted = 3; // request line, Host, Content-Length
    for ([[maybe_unused]] auto const field_line : request.headers()) ++wanted;
    require(lines == wanted, "no argument adds a line");
    require(request.url().substr(request.url().size() - request.target().size()) == request.target(),
            "the URL ends with the target");
}

/// Not inlined, since g++ 12 at -O3 would warn about the null pointer without seeing that nothing is written there.
[[gnu::noinline]] sidecall::storage no_room()
{
    return {nullptr, 0};
}

/// Writes the same operation to the heap and to a buffer of exactly the needed size.
template <class Operation, class View>
void compare_storages(Operation const& operation, View const& view)
{
    auto const request = operation.request();
    require(request == view.request(), "the owning operation and the view make the same request");
    auto const token = sidecall::secret("a token");
    auto const who = sidecall::credentials::auth_token(operation.account_sid, token);
    auto const on_heap = authorize(request, who);
    auto const none = authorize(operation, who, sidecall::endpoint(), no_room());
    require(!none && none.error().field() == "storage" && none.error().offset(), "a null storage is too small");
    std::size_t const size = *none.error().offset();
    std::unique_ptr<char[]> const room(new char[size]); // not a vector: a sanitizer sees an access beyond it
    auto const smaller = authorize(view, who, sidecall::endpoint(), sidecall::storage(room.get(), size - 1));
    require(!smaller && smaller.error().offset() == size, "a storage that is one byte smaller is too small");
    auto const in_place = authorize(view, who, sidecall::endpoint(), sidecall::storage(room.get(), size));
    require(in_place.has_value(), "a storage of the reported size suffices");
    require(in_place->url() == on_heap.url() && in_place->body() == on_heap.body() &&
                in_place->headers().text() == on_heap.headers().text(),
            "the request in the storage equals the one on the heap");
    require(fuzz::inside(in_place->url(), {room.get(), size}) && fuzz::inside(in_place->body(), {room.get(), size}) &&
                fuzz::inside(in_place->headers().text(), {room.get(), size}),
            "the request lies within the storage");
    require(on_heap.headers().text().substr(0, request.headers().text().size()) == request.headers().text() &&
                on_heap.headers().text().find("Authorization: Basic ") != std::string_view::npos,
            "Authorization comes last");
    check_wire(request);
}

void try_operations(std::string_view input)
{
    fuzz::pieces bytes(input);
    unsigned const flags = bytes.byte();
    std::string_view const url = bytes.line();
    std::string_view const key = bytes.rest();
    auto const account = sidecall::account_sid::parse("AC00000000000000000000000000000001");
    auto const call = sidecall::call_sid::parse("CA00000000000000000000000000000002");

    using namespace sidecall;
    auto callback = callback_url::parse(url);
    if (!callback) callback = callback_url::parse("https://example.com/udm?a=b#c");
    auto const parsed_key = idempotency_key::parse(key);
    create_user_defined_message_subscription operation{*account, *call, *callback};
    std::vector<field> wanted{{"Callback", std::string(callback->view())}};
    if (parsed_key) {
        operation.idempotency_key = *parsed_key;
        wanted.emplace_back("IdempotencyKey", key);
    }
    if (flags & 1) {
        operation.method = static_cast<http_method>(flags / 2 % 6);
        wanted.emplace_back("Method", to_string_view(*operation.method));
    }
    auto const request = operation.request();
    require(decode_form(request.body()) == wanted, "the parameters of a subscription are decoded to their values");
    std::string by_curl;
    for (auto const& [name, value] : wanted)
        by_curl += (by_curl.empty() ? "" : "&") + encode_by_curl(name) + '=' + encode_by_curl(value);
    require(request.body() == by_curl, "libcurl encodes the parameters in the same way");
    compare_with_standin(request.body(), wanted);
    auto const view_of_callback = callback_url_view::parse(callback->view());
    create_user_defined_message_subscription_view view{*account, *call, *view_of_callback};
    if (operation.idempotency_key) view.idempotency_key = *operation.idempotency_key;
    view.method = operation.method;
    compare_storages(operation, view);
}

} // namespace

FUZZ_TARGET(form)
{
    try_operations(input);
}
