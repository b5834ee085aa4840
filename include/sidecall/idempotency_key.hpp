#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/detail/crypto/entropy.hpp>
#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/utf8.hpp>
#include <sidecall/result.hpp>

namespace sidecall {

/// The key by which Twilio knows a request again: a request that is repeated with its key creates nothing twice. Any
/// UTF-8 text that is not empty, "unique per API call" (the API page, `IdempotencyKey`). Sent as it is, form-encoded.
///
/// `Text` says who holds it: `idempotency_key` owns its text (an allocation if it is longer than a UUID),
/// `idempotency_key_view` refers to a text that outlives it; temporaries are rejected. A moved-from key is
/// empty, and to make a request of it ends the program.
template <class Text>
class basic_idempotency_key {
    static constexpr bool is_view = std::is_same_v<Text, std::string_view>;
    using text = std::conditional_t<is_view, std::string_view, detail::short_text<36>>; // a UUID stays in place

public:
    /// Checks a text. A failure is `invalid_argument` in `"IdempotencyKey"`: empty, or not UTF-8 at that byte.
    static constexpr result<basic_idempotency_key> parse(detail::text_parameter<Text> key)
    {
        if (key.empty()) return failure(errc::invalid_argument, "IdempotencyKey", "empty", 0);
        if (auto const offset = detail::find_invalid_utf8(key); offset != key.npos)
            return failure(errc::invalid_argument, "IdempotencyKey", "not UTF-8", offset);
        return basic_idempotency_key(text(key));
    }

    /// A view of a key that is kept elsewhere, and must be for as long as it is used.
    template <class Other>
        requires(is_view && !std::is_same_v<Other, Text>)
    constexpr basic_idempotency_key(basic_idempotency_key<Other> const& other) noexcept : text_(other.view())
    {
    }
    /// There is none of a key that is about to end.
    template <class Other>
        requires(is_view && !std::is_same_v<Other, Text>)
    basic_idempotency_key(basic_idempotency_key<Other> const&& other) = delete;

    /// A new random UUID (RFC 9562, version 4) from the operating system's source of random bytes. Ends the program
    /// if that fails: a key that can be guessed or comes twice would lose a message without a word.
    static basic_idempotency_key random()
        requires(!is_view)
    {
        std::array<unsigned char, 16> bytes;
        detail::fill_with_entropy(bytes.data(), bytes.size());
        return uuid(bytes);
    }

    /// The same from a generator of yours (a uniform random bit generator, as `<random>` has them; its range must hold
    /// 256 values at least). The key is as hard to guess, and as unique, as the generator makes it.
    template <class Generator>
    static constexpr basic_idempotency_key random(Generator& generator)
        requires(!is_view)
    {
        // The largest multiple of 256 that fits the generator's range: numbers above it are thrown away, so that each
        // byte is as likely as any other.
        constexpr auto range = (Generator::max)() - (Generator::min)();
        static_assert(range >= 255, "the generator must give at least 256 different values");
        constexpr auto rest = static_cast<decltype(range)>(range % 256 == 255 ? 0 : range % 256 + 1);

        std::array<unsigned char, 16> bytes{};
        for (auto& byte : bytes) {
            auto number = generator() - (Generator::min)();
            while (number > range - rest) number = generator() - (Generator::min)();
            byte = static_cast<unsigned char>(number % 256);
        }
        return uuid(bytes);
    }

    /// The key; valid as long as this object is, so there is none of a temporary that owns its text.
    constexpr std::string_view view() const& noexcept { return std::string_view(text_); }
    std::string_view view() const&&
        requires(!is_view)
    = delete;

    /// Byte for byte.
    friend constexpr bool operator==(basic_idempotency_key const& a, basic_idempotency_key const& b) noexcept
    {
        return a.view() == b.view();
    }

private:
    constexpr explicit basic_idempotency_key(text key) noexcept : text_(std::move(key)) {}

    static constexpr basic_idempotency_key uuid(std::array<unsigned char, 16> bytes)
    {
        bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40); // version 4
        bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80); // variant of RFC 9562
        char key[36]{};
        std::size_t at = 0;
        for (std::size_t i = 0; i != bytes.size(); ++i) {
            if (i == 4 || i == 6 || i == 8 || i == 10) key[at++] = '-';
            key[at++] = "0123456789abcdef"[bytes[i] >> 4];
            key[at++] = "0123456789abcdef"[bytes[i] & 15];
        }
        return basic_idempotency_key(text(key));
    }

    text text_;
};

using idempotency_key = basic_idempotency_key<std::string>;           ///< Owns its text.
using idempotency_key_view = basic_idempotency_key<std::string_view>; ///< For a text that outlives it.

} // namespace sidecall
