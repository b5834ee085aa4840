#pragma once

// How the stand-in uses cpp-httplib: the client of its callbacks, and differences between the versions of cpp-httplib.

#include <sidecall/detail/standin_text.hpp>
#include <sidecall/detail/standin_url.hpp>

#include <httplib.h>

#include <memory>
#include <string>

namespace sidecall::standin_detail {

/// Makes a client. Returns null for https if cpp-httplib was built without CPPHTTPLIB_OPENSSL_SUPPORT.
inline std::unique_ptr<httplib::ClientImpl> make_client(url_parts const& destination, std::string const& ca_file)
{
    if (!destination.https) return std::make_unique<httplib::ClientImpl>(destination.host, destination.port);
#ifdef CPPHTTPLIB_OPENSSL_SUPPORT
    auto client = std::make_unique<httplib::SSLClient>(destination.host, destination.port);
    if (!ca_file.empty()) client->set_ca_cert_path(ca_file);
    client->enable_server_certificate_verification(true);
    return client;
#else
    (void)ca_file;
    return nullptr;
#endif
}

/// Keeps cpp-httplib from encoding the path again. Its versions have two names for the setting.
template <class Client>
void send_path_unchanged(Client& client)
{
    if constexpr (requires { client.set_path_encode(false); })
        client.set_path_encode(false);
    else
        client.set_url_encode(false);
}

/// Sends the request target unchanged. cpp-httplib 0.29 and later decode and encode the query again, whatever the
/// setting for the path. The header writer can replace the request line, which is already in the buffer.
template <class Client>
void send_target_unchanged(Client& client, std::string const& method, std::string const& target)
{
    standin_detail::send_path_unchanged(client);
    auto const write = [line = method + ' ' + target + " HTTP/1.1\r\n"](httplib::Stream& stream,
                                                                        httplib::Headers& fields) -> ssize_t {
        auto* const buffer = dynamic_cast<httplib::detail::BufferStream*>(&stream);
        // The buffer is a non-const object of cpp-httplib.
        if (buffer != nullptr) const_cast<std::string&>(buffer->get_buffer()) = line;
        std::string text;
        for (auto const& [name, value] : fields) text += name + ": " + value + "\r\n";
        text += "\r\n";
        return stream.write(text.data(), text.size());
    };
    if constexpr (requires { client.set_header_writer(write); }) client.set_header_writer(write);
}

/// Enables Digest authentication, if cpp-httplib supports it.
template <class Client>
void answer_digest(Client& client, std::string const& user, std::string const& password)
{
    if constexpr (requires { client.set_digest_auth(user, password); }) client.set_digest_auth(user, password);
}

/// Keeps some versions of cpp-httplib, such as 0.41, from reading the next request as the rest of one without a body.
/// `request` must refer to a non-const object of cpp-httplib.
template <class Request>
void mark_body_consumed(Request& request)
{
    if constexpr (requires { request.body_consumed_ = true; }) request.body_consumed_ = true;
}

/// Whether this is a 401 that asks for Basic authentication (RFC 9110, section 11.6.1).
inline bool asks_for_basic(httplib::Response const& answer)
{
    if (answer.status != 401) return false;
    for (auto const& [name, value] : answer.headers)
        if (to_lower(name) == "www-authenticate" && to_lower(value.substr(0, value.find(' '))) == "basic") return true;
    return false;
}

} // namespace sidecall::standin_detail
