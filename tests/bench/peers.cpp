#include "peers.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include <boost/url/encode.hpp>
#include <boost/url/encoding_opts.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <simdjson.h>

namespace bench::peers {

namespace {

CURL* handle()
{
    static CURL* const made = curl_easy_init();
    return made;
}

std::string authorization(build_input const& in)
{
    std::string const both = in.account + ":" + in.token;
    std::string text((both.size() + 2) / 3 * 4 + 1, '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<unsigned char const*>(both.data()),
                    static_cast<int>(both.size()));
    text.pop_back();
    return text;
}

std::string request(build_input const& in, std::string_view body)
{
    std::string wire;
    wire.reserve(512 + body.size());
    wire.append("POST /2010-04-01/Accounts/").append(in.account).append("/Calls/").append(in.call);
    wire.append("/UserDefinedMessageSubscriptions.json HTTP/1.1\r\nHost: api.twilio.com\r\n"
                "Accept: application/json\r\nAccept-Charset: utf-8\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\nUser-Agent: sidecall/");
    wire.append(sidecall::version).append("\r\nAuthorization: Basic ").append(authorization(in));
    wire.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    return wire;
}

std::string escaped(std::string_view text)
{
    char* const made = curl_easy_escape(handle(), text.data(), static_cast<int>(text.size()));
    std::string copy(made);
    curl_free(made);
    return copy;
}

std::string unescaped(std::string text)
{
    std::replace(text.begin(), text.end(), '+', ' ');
    int size = 0;
    char* const made = curl_easy_unescape(handle(), text.data(), static_cast<int>(text.size()), &size);
    std::string copy(made, static_cast<std::size_t>(size));
    curl_free(made);
    return copy;
}

std::map<std::string, std::string> form(std::string_view body)
{
    std::map<std::string, std::string> made;
    while (!body.empty()) {
        std::string_view const pair = body.substr(0, body.find('&'));
        body.remove_prefix(std::min(pair.size() + 1, body.size()));
        std::size_t const equals = pair.find('=');
        made[unescaped(std::string(pair.substr(0, equals)))] = unescaped(std::string(pair.substr(equals + 1)));
    }
    return made;
}

bool is_signed(webhook_input const& in, std::map<std::string, std::string> const& parameters)
{
    std::string text = in.url;
    for (auto const& [name, value] : parameters) text.append(name).append(value);
    unsigned char code[20];
    unsigned size = 0;
    HMAC(EVP_sha1(), in.token.data(), static_cast<int>(in.token.size()),
         reinterpret_cast<unsigned char const*>(text.data()), text.size(), code, &size);
    char encoded[29];
    int const length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded), code, static_cast<int>(size));
    return in.signature.size() == static_cast<std::size_t>(length) &&
           CRYPTO_memcmp(in.signature.data(), encoded, in.signature.size()) == 0;
}

simdjson::ondemand::parser& parser()
{
    static simdjson::ondemand::parser made;
    return made;
}

template <class Texts>
Texts read(simdjson::padded_string_view bytes)
{
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    if (parser().iterate(bytes).get(document) || document.get_object().get(object)) std::abort();
    Texts made;
    auto const get = [&](std::string_view name, auto& place) {
        std::string_view text;
        if (object.find_field_unordered(name).get_string().get(text)) std::abort();
        place = text;
    };
    get("account_sid", made.account);
    get("call_sid", made.call);
    get("sid", made.sid);
    get("date_created", made.date);
    get("uri", made.uri);
    return made;
}

} // namespace

std::string build_with_curl(build_input const& in)
{
    std::string body = "Callback=" + escaped(in.callback);
    body.append("&IdempotencyKey=").append(escaped(in.key)).append("&Method=POST");
    return request(in, body);
}

std::string build_with_boost(build_input const& in)
{
    // `params_ref` does not escape "/", ":" and "?", which a query may contain but Twilio's form must not.
    namespace urls = boost::urls;
    urls::encoding_opts options;
    options.space_as_plus = true;
    std::string body = "Callback=";
    auto const put = [&](std::string_view text) {
        urls::string_view const view(text.data(), text.size());
        std::size_t const size = urls::encoded_size(view, urls::unreserved_chars, options), at = body.size();
        body.resize(at + size);
        urls::encode(body.data() + at, size, view, urls::unreserved_chars, options);
    };
    body.reserve(256);
    put(in.callback);
    body += "&IdempotencyKey=";
    put(in.key);
    body += "&Method=POST";
    return request(in, body);
}

views parse_with_simdjson_views(std::string const& body)
{
    return read<views>(simdjson::padded_string_view(body.data(), body.size(), body.capacity()));
}

strings parse_with_simdjson(std::string_view body)
{
    simdjson::padded_string const copy(body);
    return read<strings>(copy);
}

bool url_with_curl(std::string const& url)
{
    static CURLU* const made = curl_url();
    return curl_url_set(made, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
}

bool url_with_boost(std::string_view url)
{
    auto const parsed = boost::urls::parse_uri({url.data(), url.size()});
    return parsed.has_value();
}

bool webhook(webhook_input const& in)
{
    return is_signed(in, form(in.body));
}

std::string webhook_content(webhook_input const& in)
{
    auto parameters = form(in.body);
    return is_signed(in, parameters) ? parameters["Content"] : "";
}

} // namespace bench::peers
