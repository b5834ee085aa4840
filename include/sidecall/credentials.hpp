#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/base64.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/storage.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall {

/// A text that must not get out: an auth token, an API key's secret. It cannot be copied, compared or printed; its
/// bytes leave through `reveal()` alone, so that a search for that word finds every place where they do. They are wiped
/// when it ends and when it is moved from.
class secret {
public:
    /// Takes a copy, which allocates if it is long; what you pass in is yours to wipe.
    constexpr explicit secret(text_view text) : text_(text) {}
    /// The same; a null pointer, as `std::getenv` gives for what is not set, makes an empty secret.
    constexpr explicit secret(char const* text) : secret(text_view(text)) {}

    /// The same, and wipes the text that you gave.
    explicit secret(std::string&& text) : text_(text) { detail::wipe(text); }

    /// Keeps the copy in storage of yours, and allocates nothing. A failure is `invalid_argument` in `"storage"`: too
    /// small.
    static constexpr result<secret> in(storage memory, text_view text) noexcept
    {
        auto made = with_room(memory, text.size());
        if (made) detail::put(made->text_.data(), text);
        return made;
    }

    /// Takes the bytes over; `other` is then wiped and empty.
    constexpr secret(secret&& other) noexcept : text_(std::move(other.text_)) { other.text_.wipe(); }
    /// The same, and wipes those that were there.
    constexpr secret& operator=(secret&& other) noexcept
    {
        if (this != &other) {
            text_.wipe();
            text_ = std::move(other.text_);
            other.text_.wipe();
        }
        return *this;
    }
    secret(secret const&) = delete;
    secret& operator=(secret const&) = delete;
    constexpr ~secret() { text_.wipe(); }

    /// The bytes themselves, valid as long as this object is, so not to be had of a temporary. Whatever they are copied
    /// into must be wiped, too.
    constexpr std::string_view reveal() const& noexcept { return text_; }
    std::string_view reveal() const&& = delete;

    /// Whether there is no byte in it: a variable that was not set, or a secret that was moved from.
    constexpr bool empty() const noexcept { return reveal().empty(); }

private:
    friend class credentials;
    friend class authorized_request;

    static constexpr std::size_t in_place = 104; // the header of a credential with a token of 32 characters takes 98

    constexpr explicit secret(std::size_t size) : text_(size) {}
    constexpr explicit secret(detail::short_text<in_place> text) noexcept : text_(std::move(text))
    {
        text.wipe(); // NOLINT(bugprone-use-after-move): a short text is copied, so there is one left to wipe
    }

    /// Room for so many bytes in somebody's storage.
    static constexpr result<secret> with_room(storage memory, std::size_t size) noexcept
    {
        if (size > memory.size()) return failure(errc::invalid_argument, "storage", detail::too_small, size);
        detail::buffer bytes(memory);
        bytes.resize(size);
        return secret(detail::short_text<in_place>(std::move(bytes)));
    }

    detail::short_text<in_place> text_;
};

/// What `authorize` puts into the `Authorization` header. Made once and used for every request; like a `secret` it can
/// neither be copied nor printed and wipes itself. To authorize a request with moved-from credentials ends the program.
class credentials {
public:
    /// HTTP Basic (RFC 7617) with the account's auth token: may do all that the account may. Any bytes are taken, none
    /// too: Twilio refuses them.
    static constexpr credentials auth_token(account_sid const& account, secret const& token)
    {
        return basic(account.view(), token);
    }

    /// HTTP Basic with an API key: can be revoked by itself, so prefer it. (The request's path still holds the
    /// account.)
    static constexpr credentials api_key(api_key_sid const& key, secret const& key_secret)
    {
        return basic(key.view(), key_secret);
    }

    /// `auth_token`, kept in storage of yours without allocating: 98 bytes for a token of 32 characters. A failure is
    /// `invalid_argument` in `"storage"`: too small.
    static constexpr result<credentials> auth_token(account_sid const& account, secret const& token,
                                                    storage memory) noexcept
    {
        return basic(account.view(), token, memory);
    }
    /// `api_key`, kept in the same way.
    static constexpr result<credentials> api_key(api_key_sid const& key, secret const& key_secret,
                                                 storage memory) noexcept
    {
        return basic(key.view(), key_secret, memory);
    }

    /// A bearer token (RFC 6750), as Twilio's OAuth client-credentials grant gives it. It goes into the header as it
    /// is, so a byte outside that RFC's `b64token` is a failure, `invalid_argument` in `"Authorization"`: a line break
    /// in it could forge a header.
    static constexpr result<credentials> bearer(secret const& token)
    {
        std::string_view const text = token.reveal();
        std::size_t end = text.size();
        while (end != 0 && text[end - 1] == '=') --end;
        if (end == 0) return failure(errc::invalid_argument, "Authorization", "the bearer token is empty", 0);
        for (std::size_t i = 0; i != end; ++i)
            if (!detail::is_alnum(text[i]) && std::string_view("-._~+/").find(text[i]) == text.npos)
                return failure(errc::invalid_argument, "Authorization", "not a character of a bearer token", i);
        secret header(std::string_view("Bearer ").size() + text.size());
        detail::put(detail::put(header.text_.data(), "Bearer "), text);
        return credentials(std::move(header));
    }

    /// The value of the `Authorization` header. Ask it for `reveal()` only if `authorize` is not for you.
    constexpr secret const& authorization() const& noexcept { return header_; }
    secret const& authorization() const&& = delete; ///< Not of a temporary: it would dangle.

private:
    constexpr explicit credentials(std::size_t size) : header_(size) {}
    constexpr explicit credentials(secret header) noexcept : header_(std::move(header)) {}

    static constexpr std::string_view scheme = "Basic ";

    static constexpr std::size_t basic_size(std::string_view user, secret const& password) noexcept
    {
        return scheme.size() + detail::base64_size(user.size() + 1 + password.reveal().size());
    }
    static constexpr void write_basic(char* out, std::string_view user, secret const& password) noexcept
    {
        char user_and_colon[account_sid::size + 1]{};
        *detail::put(user_and_colon, user) = ':';
        detail::base64_encode({user_and_colon, user.size() + 1}, password.reveal(), detail::put(out, scheme));
    }

    static constexpr credentials basic(std::string_view user, secret const& password)
    {
        credentials made(basic_size(user, password));
        write_basic(made.header_.text_.data(), user, password);
        return made;
    }
    static constexpr result<credentials> basic(std::string_view user, secret const& password, storage memory) noexcept
    {
        auto header = secret::with_room(memory, basic_size(user, password));
        if (!header) return header.error();
        write_basic(header->text_.data(), user, password);
        return credentials(*std::move(header));
    }

    secret header_;
};

} // namespace sidecall
