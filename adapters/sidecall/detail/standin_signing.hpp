#pragma once

// Signatures of callback requests, with OpenSSL.

#include <sidecall/detail/standin_url.hpp>
#include <sidecall/standin_types.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

namespace sidecall::standin_detail {

inline std::string sha256_hex(std::string const& text)
{
    std::array<unsigned char, 32> hash{};
    if (EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error{"twilio_standin: OpenSSL has no SHA-256"};
    std::string hex;
    for (unsigned char byte : hash) hex += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
    return hex;
}

/// Computes `X-Twilio-Signature` as Twilio's page "Security" describes it.
inline std::string sign(std::string const& token, std::string text, standin_fields const& form)
{
    // If a name occurs several times, each distinct value counts once.
    for (auto const& [name, value] : std::set<std::pair<std::string, std::string>>(form.begin(), form.end()))
        text += name + value;
    std::array<unsigned char, 20> code{};
    if (HMAC(EVP_sha1(), token.data(), static_cast<int>(token.size()),
             reinterpret_cast<unsigned char const*>(text.data()), text.size(), code.data(), nullptr) == nullptr)
        throw std::runtime_error{"twilio_standin: OpenSSL has no HMAC-SHA1"};
    std::array<unsigned char, 29> base64{};
    EVP_EncodeBlock(base64.data(), code.data(), static_cast<int>(code.size()));
    return reinterpret_cast<char const*>(base64.data());
}

/// The form of a URL that is signed. `callback_fault` must be empty for the URL.
inline std::string url_to_sign(std::string const& url, bool with_user_info, standin_port port)
{
    auto const begin = url.find("://") + 3;
    auto const end = (std::min)(url.find_first_of("/?#", begin), url.size());
    std::string host = url.substr(begin, end - begin);
    std::string user_info;
    if (auto const at = host.rfind('@'); at != std::string::npos) {
        if (with_user_info) user_info = host.substr(0, at + 1);
        host.erase(0, at + 1);
    }
    if (port != standin_port::as_registered) {
        auto const bracket = host.rfind(']');
        host.erase(std::min(host.find(':', bracket == std::string::npos ? 0 : bracket), host.size()));
    }
    if (port == standin_port::with) host += ':' + std::to_string(split_url(url).port);
    return url.substr(0, begin) + user_info + host + url.substr(end);
}

} // namespace sidecall::standin_detail
