#pragma once

// The server of live_check for the callbacks, and what their signatures were computed from.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <httplib.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "../program.hpp"
#include "session.hpp"

#include <sidecall/callback_url.hpp>
#include <sidecall/json.hpp>

namespace live_check {

/// The value of a hexadecimal digit, or -1.
inline int hexadecimal_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Decodes a form or a query. This is not the library's decoder, so that an error of that one cannot hide.
inline fields decode_form(std::string_view text)
{
    auto const decode = [](std::string_view encoded) {
        std::string plain;
        for (std::size_t i = 0; i != encoded.size(); ++i) {
            if (encoded[i] == '%' && i + 2 < encoded.size() && hexadecimal_value(encoded[i + 1]) >= 0 &&
                hexadecimal_value(encoded[i + 2]) >= 0) {
                plain += static_cast<char>(hexadecimal_value(encoded[i + 1]) * 16 + hexadecimal_value(encoded[i + 2]));
                i += 2;
            } else {
                plain += encoded[i] == '+' ? ' ' : encoded[i];
            }
        }
        return plain;
    };
    fields decoded;
    while (!text.empty()) {
        std::string_view const pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        std::size_t const mark = std::min(pair.find('='), pair.size());
        if (!pair.empty())
            decoded.emplace_back(decode(pair.substr(0, mark)), decode(pair.substr(std::min(pair.size(), mark + 1))));
    }
    return decoded;
}

/// A request that arrived.
struct delivery {
    std::string method;
    std::string target;
    std::string content_type;
    std::string signature;
    std::string authorization; ///< The scheme only; empty without the field.
    std::string body;

    /// The mark that the callback has in its query.
    std::string mark() const
    {
        for (auto const& [name, value] : decode_form(query()))
            if (name == "live_check") return value;
        return "";
    }
    std::string_view query() const
    {
        return std::string_view(target).substr(std::min(target.size(), target.find('?')));
    }
    bool is_form() const { return content_type.rfind("application/x-www-form-urlencoded", 0) == 0; }
    bool is_json() const { return content_type.rfind("application/json", 0) == 0; }

    /// The parameters of the message: from the body, or else from the query.
    fields parameters() const
    {
        if (body.empty()) return decode_form(query());
        if (!is_json()) return decode_form(body);
        fields members;
        auto const object = sidecall::json_object::parse(body);
        if (!object) return members;
        for (sidecall::json_member const member : *object) {
            auto const text = member.value.optional_string();
            members.emplace_back(member.name.to_string(), text ? *text : std::string(member.value.raw()));
        }
        return members;
    }
    std::string parameter(std::string_view name) const
    {
        for (auto const& [key, value] : parameters())
            if (key == name) return value;
        return "";
    }
};

/// A callback URL, cut into the pieces that Twilio may or may not sign.
struct callback_pieces {
    std::string scheme;    ///< with "://"
    std::string user_info; ///< with "@"
    std::string host;
    std::string port; ///< with ":"
    std::string path;
    std::string query; ///< with "?"

    explicit callback_pieces(sidecall::callback_url const& url)
    {
        std::string_view const text = url.view();
        std::size_t const begin = url.scheme().size() + 3;
        std::size_t const end = std::min(text.find_first_of("/?#", begin), text.size());
        std::string_view const authority = text.substr(begin, end - begin);
        std::size_t const at = authority.rfind('@') == authority.npos ? 0 : authority.rfind('@') + 1;
        scheme = text.substr(0, begin);
        user_info = authority.substr(0, at);
        host = url.host();
        port = authority.substr(at + host.size());
        std::string_view const target = url.target();
        path = target.substr(0, target.find('?'));
        query = target.substr(path.size());
    }

    std::string default_port() const { return scheme == "https://" || scheme == "HTTPS://" ? ":443" : ":80"; }

    /// The callback with a mark in its query.
    std::string marked(std::string_view mark, std::string_view more = "") const
    {
        return scheme + user_info + host + port + path + query + (query.empty() ? "?" : "&") +
               "live_check=" + std::string(mark) + std::string(more);
    }
};

/// What Twilio signed, as far as it can be found out.
struct signed_form {
    bool is_valid = false;
    bool user_info = false;
    bool port = false;
};

/// Tries the forms of the URL, and tells which one the signature fits. Uses OpenSSL in place of the library, so that an
/// error of the library cannot hide. Source: Twilio's page "Security".
inline signed_form find_signed_form(delivery const& request, callback_pieces const& callback, std::string const& token)
{
    std::string form;
    if (!request.body.empty() && !request.is_json()) {
        auto const parameters = decode_form(request.body);
        for (auto const& [name, value] : std::set(parameters.begin(), parameters.end())) form += name + value;
    }
    for (bool const user_info : {false, true}) {
        if (user_info && callback.user_info.empty()) continue;
        for (bool const port : {callback.port.empty(), !callback.port.empty()}) {
            std::string const shown = !port ? "" : callback.port.empty() ? callback.default_port() : callback.port;
            std::string const text = callback.scheme + (user_info ? callback.user_info : "") + callback.host + shown +
                                     callback.path + std::string(request.query()) + form;
            unsigned char code[EVP_MAX_MD_SIZE];
            unsigned size = 0;
            HMAC(EVP_sha1(), token.data(), static_cast<int>(token.size()),
                 reinterpret_cast<unsigned char const*>(text.data()), text.size(), code, &size);
            unsigned char encoded[2 * EVP_MAX_MD_SIZE];
            int const length = EVP_EncodeBlock(encoded, code, static_cast<int>(size));
            if (request.signature ==
                std::string_view(reinterpret_cast<char*>(encoded), static_cast<std::size_t>(length)))
                return {.is_valid = true, .user_info = user_info, .port = port};
        }
    }
    return {};
}

/// Receives the callbacks. It answers 401 to a callback marked "user_info" that has no Authorization, 500 to one marked
/// "refused", and 204 to the others.
class listener {
public:
    listener(std::string const& address, int port)
    {
        auto const without_body = [this](httplib::Request const& request, httplib::Response& response) {
            receive(request, response, request.body);
        };
        // The handler reads the body itself, because cpp-httplib refuses forms of more than 8 KiB.
        auto const with_body = [this](httplib::Request const& request, httplib::Response& response,
                                      httplib::ContentReader const& reader) {
            std::string body;
            reader([&](char const* data, std::size_t size) {
                body.append(data, size);
                return body.size() < max_body;
            });
            receive(request, response, body);
        };
        char const* const anything = R"([\s\S]*)";
        server_.Get(anything, without_body);
        server_.Options(anything, without_body);
        server_.Post(anything, with_body);
        server_.Put(anything, with_body);
        server_.Patch(anything, with_body);
        server_.Delete(anything, with_body);
        server_.set_read_timeout(5, 0);
        server_.set_payload_max_length(max_body);
        server_.set_keep_alive_timeout(1); // an idle connection holds up the end
        port_ = port == 0 ? server_.bind_to_any_port(address) : server_.bind_to_port(address, port) ? port : -1;
        if (port_ < 0) throw stop{"cannot listen on " + address + ":" + std::to_string(port), 1};
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield(); // cpp-httplib ignores a stop() before that
    }
    listener(listener const&) = delete;
    listener& operator=(listener const&) = delete;
    ~listener()
    {
        server_.stop();
        thread_.join();
    }

    int port() const { return port_; }

    /// The requests so far, by mark and in the order of arrival.
    std::map<std::string, std::vector<delivery>> deliveries() const
    {
        std::lock_guard const lock(mutex_);
        std::map<std::string, std::vector<delivery>> sorted;
        for (delivery const& one : deliveries_) sorted[one.mark()].push_back(one);
        return sorted;
    }

    /// Waits until `is_enough` of the deliveries, or for that time.
    template <class Condition>
    bool wait(std::chrono::milliseconds limit, Condition is_enough) const
    {
        auto const end = std::chrono::steady_clock::now() + limit;
        while (!is_enough(deliveries())) {
            if (std::chrono::steady_clock::now() >= end) return false;
            sleep(std::chrono::milliseconds(20));
            stop_if_interrupted();
        }
        return true;
    }

private:
    static constexpr std::size_t max_body = std::size_t{256} << 10;

    void receive(httplib::Request const& request, httplib::Response& response, std::string const& body)
    {
        std::string const authorization = request.get_header_value("Authorization");
        delivery arrived{.method = request.method,
                         .target = request.target,
                         .content_type = request.get_header_value("Content-Type"),
                         .signature = request.get_header_value("X-Twilio-Signature"),
                         .authorization = authorization.substr(0, authorization.find(' ')),
                         .body = body};
        std::string const mark = arrived.mark();
        response.status = mark == "refused" ? 500 : 204;
        if (mark == "user_info" && authorization.empty()) {
            response.status = 401;
            response.set_header("WWW-Authenticate", "Basic realm=\"live check\"");
        }
        std::lock_guard const lock(mutex_);
        if (deliveries_.size() < 1000) deliveries_.push_back(std::move(arrived));
    }

    mutable std::mutex mutex_;
    std::vector<delivery> deliveries_;
    httplib::Server server_;
    int port_ = -1;
    std::thread thread_;
};

} // namespace live_check
