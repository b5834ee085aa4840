#pragma once

// cpp-httplib.

#include <sidecall/detail/standin_text.hpp>
#include <sidecall/detail/standin_url.hpp>

#include <httplib.h>

#include <memory>
#include <string>

namespace sidecall::standin_detail {

inline std::unique_ptr<httplib::ClientImpl> make_client(address const& to, std::string const& ca_file)
{
    if (!to.https) return std::make_unique<httplib::ClientImpl>(to.host, to.port);
#ifdef CPPHTTPLIB_OPENSSL_SUPPORT
    auto client = std::make_unique<httplib::SSLClient>(to.host, to.port);
    if (!ca_file.empty()) client->set_ca_cert_path(ca_file);
    client->enable_server_certificate_verification(true);
    return client;
#else
    (void)ca_file;
    return nullptr;
#endif
}

/// The versions of cpp-httplib have two names for it.
template <class Client>
void send_path_unchanged(Client& client)
{
    if constexpr (requires { client.set_path_encode(false); })
        client.set_path_encode(false);
    else
        client.set_url_encode(false);
}

/// From 0.29 on, cpp-httplib decodes and encodes a query anew whatever it is told about the path. It lets us write the
/// header fields, though, into the buffer that has the request line already.
template <class Client>
void send_target_unchanged(Client& client, std::string const& method, std::string const& target)
{
    standin_detail::send_path_unchanged(client);
    auto const write = [line = method + ' ' + target + " HTTP/1.1\r\n"](httplib::Stream& stream,
                                                                        httplib::Headers& fields) -> ssize_t {
        auto* const buffer = dynamic_cast<httplib::detail::BufferStream*>(&stream);
        // The buffer is an object of cpp-httplib's that is no constant.
        if (buffer != nullptr) const_cast<std::string&>(buffer->get_buffer()) = line;
        std::string text;
        for (auto const& [name, value] : fields) text += name + ": " + value + "\r\n";
        text += "\r\n";
        return stream.write(text.data(), text.size());
    };
    if constexpr (requires { client.set_header_writer(write); }) client.set_header_writer(write);
}

/// Answers a 401 that asks for Digest, where cpp-httplib can.
template <class Client>
void answer_digest(Client& client, std::string const& user, std::string const& password)
{
    if constexpr (requires { client.set_digest_auth(user, password); }) client.set_digest_auth(user, password);
}

/// Keeps cpp-httplib 0.41 and its like from reading the next request as the rest of one without a body. The request is
/// cpp-httplib's own object, and no constant.
template <class Request>
void leave_the_rest(Request& request)
{
    if constexpr (requires { request.body_consumed_ = true; }) request.body_consumed_ = true;
}

/// Whether a 401 asks for Basic (RFC 9110, section 11.6.1).
inline bool asks_for_basic(httplib::Response const& answer)
{
    if (answer.status != 401) return false;
    for (auto const& [name, value] : answer.headers)
        if (lower(name) == "www-authenticate" && lower(value.substr(0, value.find(' '))) == "basic") return true;
    return false;
}

} // namespace sidecall::standin_detail
