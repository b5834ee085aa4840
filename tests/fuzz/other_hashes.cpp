#include "other_hashes.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace {

unsigned char const* bytes_of(std::string_view text)
{
    return reinterpret_cast<unsigned char const*>(text.data());
}

std::string digest(EVP_MD const* which, std::string_view text)
{
    unsigned char value[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), value, &size, which, nullptr);
    return {reinterpret_cast<char const*>(value), size};
}

} // namespace

std::string fuzz::other_sha1(std::string_view text)
{
    return digest(EVP_sha1(), text);
}

std::string fuzz::other_sha256(std::string_view text)
{
    return digest(EVP_sha256(), text);
}

std::string fuzz::other_hmac_sha1(std::string_view key, std::string_view text)
{
    unsigned char value[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (key.data() == nullptr) key = ""; // a null pointer would tell OpenSSL to use the previous key
    HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), value, &size);
    return {reinterpret_cast<char const*>(value), size};
}

std::string fuzz::other_base64(std::string_view bytes)
{
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    int const size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}
