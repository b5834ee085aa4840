#pragma once

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

/// The key by which Twilio recognizes a repeated request: repeating a request with the same key creates nothing twice.
/// Any UTF-8 text that is not empty, "unique per API call" (Twilio's API page, `IdempotencyKey`). It is sent unchanged,
/// form-encoded.
///
/// `idempotency_key` owns its text and allocates if the text is longer than a UUID (36 bytes). `idempotency_key_view`
/// is a non-owning view of a text that must outlive it; temporaries are rejected at compile time. A moved-from key is
/// empty; making a request from it aborts the program.
///
/// @code
/// auto key = sidecall::idempotency_key::random();
/// auto own = sidecall::idempotency_key::parse("order-4711");
/// @endcode
template <class Text>
class basic_idempotency_key {
    static constexpr bool is_view = std::is_same_v<Text, std::string_view>;
    using text = std::conditional_t<is_view, std::string_view, detail::short_text<36>>; // a UUID is stored inline

public:
    /// Checks that the whole text is a valid key. Fails with `invalid_argument` in `"IdempotencyKey"` if it is empty,
    /// or not UTF-8; the offset is then that of the first wrong byte.
    static constexpr result<basic_idempotency_key> parse(detail::text_parameter<Text> key)
    {
        if (key.empty()) return failure(errc::invalid_argument, "IdempotencyKey", "empty", 0);
        if (auto const offset = detail::find_invalid_utf8(key); offset != key.npos)
            return failure(errc::invalid_argument, "IdempotencyKey", "not UTF-8", offset);
        return basic_idempotency_key(text(key));
    }

    /// A view of another key, which must outlive it.
    template <class Other>
        requires(is_view && !std::is_same_v<Other, Text>)
    constexpr basic_idempotency_key(basic_idempotency_key<Other> const& other) noexcept : text_(other.view())
    {
    }
    /// Deleted: a view of a temporary would dangle.
    template <class Other>
        requires(is_view && !std::is_same_v<Other, Text>)
    basic_idempotency_key(basic_idempotency_key<Other> const&& other) = delete;

    /// A new random UUID (RFC 9562, version 4) from the operating system's random source. Aborts the program if the
    /// source fails: a key that can be guessed or repeats could lose a message silently.
    static basic_idempotency_key random()
        requires(!is_view)
    {
        unsigned char bytes[16];
        detail::fill_with_entropy(bytes, sizeof bytes);
        return uuid(bytes);
    }

    /// A new random UUID from your generator: a uniform random bit generator, as in `<random>`, with at least 256
    /// different values. The key is as unique, and as hard to guess, as the generator makes it.
    template <class Generator>
    static constexpr basic_idempotency_key random(Generator& generator)
        requires(!is_view)
    {
        // Numbers above the largest multiple of 256 that fits the generator's range are discarded, so that all values
        // of a byte are equally likely.
        constexpr auto range = (Generator::max)() - (Generator::min)();
        static_assert(range >= 255, "the generator must give at least 256 different values");
        constexpr auto rest = static_cast<decltype(range)>(range % 256 == 255 ? 0 : range % 256 + 1);

        unsigned char bytes[16]{};
        for (auto& byte : bytes) {
            auto number = generator() - (Generator::min)();
            while (number > range - rest) number = generator() - (Generator::min)();
            byte = static_cast<unsigned char>(number % 256);
        }
        return uuid(bytes);
    }

    /// The key. The view is valid as long as this object; it is not available on a temporary that owns its text.
    constexpr std::string_view view() const& noexcept { return std::string_view(text_); }
    std::string_view view() const&&
        requires(!is_view)
    = delete;

    /// Compares byte for byte.
    friend constexpr bool operator==(basic_idempotency_key const& a, basic_idempotency_key const& b) noexcept
    {
        return a.view() == b.view();
    }

private:
    constexpr explicit basic_idempotency_key(text key) noexcept : text_(std::move(key)) {}

    static constexpr basic_idempotency_key uuid(unsigned char (&bytes)[16])
    {
        bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40); // version 4
        bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80); // variant of RFC 9562
        char key[36]{};
        std::size_t at = 0;
        for (std::size_t i = 0; i != sizeof bytes; ++i) {
            if (i == 4 || i == 6 || i == 8 || i == 10) key[at++] = '-';
            key[at++] = "0123456789abcdef"[bytes[i] >> 4];
            key[at++] = "0123456789abcdef"[bytes[i] & 15];
        }
        return basic_idempotency_key(text(key));
    }

    text text_;
};

/// A `basic_idempotency_key` that owns its text.
using idempotency_key = basic_idempotency_key<std::string>;
/// A `basic_idempotency_key` that is a view of a text that must outlive it.
using idempotency_key_view = basic_idempotency_key<std::string_view>;

} // namespace sidecall
