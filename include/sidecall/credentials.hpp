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

/// A text that must stay secret: an auth token, or the secret of an API key. It cannot be copied, compared or printed.
/// Only `reveal()` gives access to the bytes, so a text search for `reveal` finds every use. The bytes are wiped on
/// destruction and when the secret is moved from.
///
/// @code
/// sidecall::secret token{std::getenv("TWILIO_AUTH_TOKEN")};
/// if (token.empty()) return 1; // not set
/// @endcode
class secret {
public:
    /// Copies `text`. Allocates if it is longer than 104 bytes. Does not wipe the original.
    constexpr explicit secret(text_view text) : text_(text) {}
    /// The same; a null pointer, which `std::getenv` returns for a variable that is not set, gives an empty secret.
    constexpr explicit secret(char const* text) : secret(text_view(text)) {}

    /// Copies `text`, then wipes the original.
    explicit secret(std::string&& text) : text_(text) { detail::wipe(text); }

    /// Copies `text` into the caller's buffer, which must outlive the secret. Does not allocate. Fails with
    /// `invalid_argument` in `"storage"` if the buffer is too small; the offset of the failure is the size needed.
    static constexpr result<secret> in(storage buffer, text_view text) noexcept
    {
        auto created = with_capacity(buffer, text.size());
        if (created) detail::put(created->text_.data(), text);
        return created;
    }

    /// Moves the bytes. `other` is wiped and then empty.
    constexpr secret(secret&& other) noexcept : text_(std::move(other.text_)) { other.text_.wipe(); }
    /// Moves the bytes and wipes the previous ones.
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

    /// The bytes. The view is valid as long as this object; it is not available on a temporary. Wipe every copy that
    /// you make.
    constexpr std::string_view reveal() const& noexcept { return text_; }
    std::string_view reveal() const&& = delete;

    /// Whether the secret has no bytes: it is moved-from, or was made from an empty text or an unset variable.
    constexpr bool empty() const noexcept { return reveal().empty(); }

private:
    friend class credentials;
    friend class authorized_request;

    static constexpr std::size_t inline_capacity = 104; // a Basic header with a token of 32 characters takes 98 bytes

    constexpr explicit secret(std::size_t size) : text_(size) {}
    constexpr explicit secret(detail::short_text<inline_capacity> text) noexcept : text_(std::move(text))
    {
        text.wipe(); // NOLINT(bugprone-use-after-move): moving a short text copies it, so the original must be wiped
    }

    /// A secret of `size` bytes, not yet written, in the caller's buffer.
    static constexpr result<secret> with_capacity(storage buffer, std::size_t size) noexcept
    {
        if (size > buffer.size()) return failure(errc::invalid_argument, "storage", detail::too_small, size);
        detail::buffer contents(buffer);
        contents.resize(size);
        return secret(detail::short_text<inline_capacity>(std::move(contents)));
    }

    detail::short_text<inline_capacity> text_;
};

/// The value of the `Authorization` header field. Make it once and use it for every request. Like a `secret`, it cannot
/// be copied or printed, and is wiped on destruction. Authorizing a request with moved-from credentials aborts the
/// program; in the caller's buffer, it fails.
///
/// @code
/// auto credentials = sidecall::credentials::api_key(*key, sidecall::secret{std::getenv("TWILIO_API_SECRET")});
/// @endcode
class credentials {
public:
    /// HTTP Basic (RFC 7617) with the account's auth token, which has all rights of the account. Any bytes are
    /// accepted, also none; Twilio then refuses the request. Allocates if the token is longer than 37 bytes.
    static constexpr credentials auth_token(account_sid const& account, secret const& token)
    {
        return basic(account.view(), token);
    }

    /// HTTP Basic with an API key. Prefer it, since a key can be revoked on its own. The path of the request still
    /// contains the account SID. Allocates if the secret is longer than 37 bytes.
    static constexpr credentials api_key(api_key_sid const& key, secret const& key_secret)
    {
        return basic(key.view(), key_secret);
    }

    /// Like `auth_token`, in the caller's buffer, which must outlive the credentials: 98 bytes for a token of 32
    /// characters. Does not allocate. Fails with `invalid_argument` in `"storage"` if the buffer is too small; the
    /// offset of the failure is the size needed.
    static constexpr result<credentials> auth_token(account_sid const& account, secret const& token,
                                                    storage buffer) noexcept
    {
        return basic(account.view(), token, buffer);
    }
    /// Like `api_key`, in the caller's buffer in the same way.
    static constexpr result<credentials> api_key(api_key_sid const& key, secret const& key_secret,
                                                 storage buffer) noexcept
    {
        return basic(key.view(), key_secret, buffer);
    }

    /// A bearer token (RFC 6750), as returned by Twilio's OAuth client-credentials grant. The token is put into the
    /// header field unchanged. Fails with `invalid_argument` in `"Authorization"` if the token is empty or has a byte
    /// that is not allowed in `b64token` of that RFC: a line break could inject a header field. Allocates if the token
    /// is longer than 97 bytes.
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

    /// The value of the `Authorization` header field. You need `authorization().reveal()` only if you do not use
    /// `authorize`.
    constexpr secret const& authorization() const& noexcept { return header_; }
    secret const& authorization() const&& = delete; ///< Not available on a temporary: the reference would dangle.

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
        credentials created(basic_size(user, password));
        write_basic(created.header_.text_.data(), user, password);
        return created;
    }
    static constexpr result<credentials> basic(std::string_view user, secret const& password, storage buffer) noexcept
    {
        auto header = secret::with_capacity(buffer, basic_size(user, password));
        if (!header) return header.error();
        write_basic(header->text_.data(), user, password);
        return credentials(*std::move(header));
    }

    secret header_;
};

} // namespace sidecall
