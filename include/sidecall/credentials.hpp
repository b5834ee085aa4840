#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/detail/ascii.hpp>
#include <sidecall/detail/base64.hpp>
#include <sidecall/detail/storage.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>

namespace sidecall {

/// A text that must not get out: an auth token, an API key's secret. It cannot be copied, compared or printed; its
/// bytes leave through `reveal()` alone, so that a search for that word finds every place where they do. They are wiped
/// when it ends and when it is moved from.
class secret {
public:
    /// Takes a copy, which allocates if it is long; what you pass in is yours to wipe.
    explicit secret(std::string_view text) : text_(text) {}
    /// The same; a null pointer, as `std::getenv` gives for what is not set, makes an empty secret.
    explicit secret(char const* text) : text_(text ? text : "") {}

    /// Takes the text over and wipes what stays behind in yours.
    explicit secret(std::string&& text) : text_(std::move(text)) { detail::wipe(text); }

    secret(secret&& other) noexcept : text_(std::move(other.text_)) { detail::wipe(other.text_); }
    secret& operator=(secret&& other) noexcept
    {
        if (this != &other) {
            detail::wipe(text_);
            text_ = std::move(other.text_);
            detail::wipe(other.text_);
        }
        return *this;
    }
    secret(secret const&) = delete;
    secret& operator=(secret const&) = delete;
    ~secret() { detail::wipe(text_); }

    /// The bytes themselves, valid as long as this object is. Whatever they are copied into must be wiped, too.
    std::string_view reveal() const noexcept { return text_; }

    bool empty() const noexcept { return text_.empty(); }

private:
    detail::buffer text_;
};

/// Who asks: what `authorize` puts into the `Authorization` header. Made once and used for every request; like a
/// `secret` it can neither be copied nor printed and wipes itself.
class credentials {
public:
    /// HTTP Basic (RFC 7617) with the account's auth token: may do all that the account may. Any bytes are taken, none
    /// too: Twilio refuses them.
    static credentials auth_token(account_sid const& account, secret const& token)
    {
        return basic(account.view(), token);
    }

    /// HTTP Basic with an API key: can be revoked by itself, so prefer it. (The request's path still holds the
    /// account.)
    static credentials api_key(api_key_sid const& key, secret const& key_secret)
    {
        return basic(key.view(), key_secret);
    }

    /// A bearer token (RFC 6750), as Twilio's OAuth client-credentials grant gives it. It goes into the header as it
    /// is, so a byte outside that RFC's `b64token` is a failure, `invalid_argument` in `"Authorization"`: a line break
    /// in it could forge a header.
    static result<credentials> bearer(secret const& token)
    {
        std::string_view const text = token.reveal();
        std::size_t const end = text.find_last_not_of('=') + 1;
        if (end == 0) return failure(errc::invalid_argument, "Authorization", "the bearer token is empty", 0);
        for (std::size_t i = 0; i != end; ++i)
            if (!detail::is_alnum(text[i]) && std::string_view("-._~+/").find(text[i]) == text.npos)
                return failure(errc::invalid_argument, "Authorization", "not a character of a bearer token", i);
        detail::buffer header;
        header.append("Bearer ").append(text); // grows before the token is in it, so that no copy is left behind
        return credentials(secret(std::move(header)));
    }

    /// The value of the `Authorization` header. Ask it for `reveal()` only if `authorize` is not for you.
    secret const& authorization() const noexcept { return header_; }

private:
    explicit credentials(secret header) noexcept : header_(std::move(header)) {}

    static credentials basic(std::string_view user, secret const& password)
    {
        constexpr std::string_view scheme = "Basic ";
        char user_and_colon[account_sid::size + 1]{};
        user.copy(user_and_colon, user.size());
        user_and_colon[user.size()] = ':';
        std::string_view const first(user_and_colon, user.size() + 1);

        detail::buffer header(scheme);
        header.resize(scheme.size() + detail::base64_size(first.size() + password.reveal().size()));
        detail::base64_encode(first, password.reveal(), header.data() + scheme.size());
        return credentials(secret(std::move(header)));
    }

    secret header_;
};

} // namespace sidecall
