#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <sidecall/detail/entropy.hpp>
#include <sidecall/detail/storage.hpp>
#include <sidecall/detail/utf8.hpp>
#include <sidecall/result.hpp>

namespace sidecall {

/// The key by which Twilio knows a request again: a request that is repeated with its key creates nothing twice. Any
/// UTF-8 text that is not empty, "unique per API call" (the API page, `IdempotencyKey`). Sent as it is, form-encoded.
///
/// Owns its text: an allocation where that is longer than a small string. One that was moved from is empty.
class idempotency_key {
public:
    /// Checks a text. A failure is `invalid_argument` in `"IdempotencyKey"`: empty, or not UTF-8 at that byte.
    static constexpr result<idempotency_key> parse(std::string_view text)
    {
        if (text.empty()) return failure(errc::invalid_argument, "IdempotencyKey", "empty", 0);
        if (auto const offset = detail::find_invalid_utf8(text); offset != text.npos)
            return failure(errc::invalid_argument, "IdempotencyKey", "not UTF-8", offset);
        return idempotency_key(detail::buffer(text));
    }

    /// A new random UUID (RFC 9562, version 4) from the operating system's source of random bytes. Ends the program
    /// if that fails: a key that can be guessed or comes twice would lose a message without a word.
    static idempotency_key random()
    {
        std::array<unsigned char, 16> bytes;
        detail::fill_with_entropy(bytes.data(), bytes.size());
        return uuid(bytes);
    }

    /// The same from a generator of yours (a uniform random bit generator, as <random> has them; its range must hold
    /// 256 values at least). The key is as hard to guess, and as unique, as the generator makes it.
    template <class Generator>
    static constexpr idempotency_key random(Generator& generator)
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

    /// The key; valid as long as this object is.
    constexpr std::string_view view() const noexcept { return text_; }

    friend constexpr bool operator==(idempotency_key const& a, idempotency_key const& b) noexcept
    {
        return a.view() == b.view();
    }

private:
    constexpr explicit idempotency_key(detail::buffer text) noexcept : text_(std::move(text)) {}

    static constexpr idempotency_key uuid(std::array<unsigned char, 16> bytes)
    {
        bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40); // version 4
        bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80); // variant of RFC 9562
        char text[36]{};
        std::size_t at = 0;
        for (std::size_t i = 0; i != bytes.size(); ++i) {
            if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
            text[at++] = "0123456789abcdef"[bytes[i] >> 4];
            text[at++] = "0123456789abcdef"[bytes[i] & 15];
        }
        return idempotency_key(detail::buffer(text, at));
    }

    detail::buffer text_;
};

} // namespace sidecall
