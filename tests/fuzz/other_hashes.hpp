#pragma once

#include <string>
#include <string_view>

// Hashes computed by OpenSSL.
namespace fuzz {

std::string other_sha1(std::string_view text);
std::string other_sha256(std::string_view text);
std::string other_hmac_sha1(std::string_view key, std::string_view text);
std::string other_base64(std::string_view bytes);

inline std::string hexadecimal(std::string_view bytes)
{
    std::string text;
    for (char c : bytes) {
        text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        text += "0123456789abcdef"[c & 15];
    }
    return text;
}

/// `X-Twilio-Signature` of a text.
inline std::string sign(std::string_view token, std::string_view text)
{
    return other_base64(other_hmac_sha1(token, text));
}

} // namespace fuzz
