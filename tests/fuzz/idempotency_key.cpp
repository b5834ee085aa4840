// A key is valid if it is UTF-8 according to a decoder that follows the definition of code points.

#include "fuzz.hpp"

#include <sidecall/idempotency_key.hpp>

using fuzz::require;

namespace {

/// The length of the UTF-8 sequence at the start of a text, or 0 if it is ill-formed.
std::size_t sequence(std::string_view text)
{
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t size = 1;
    while (size <= 4 && byte(0) << size & 0x80) ++size; // one leading 1 bit for each byte
    if ((byte(0) & 0x80) == 0) return 1;
    if (size < 2 || size > 4 || text.size() < size || !(byte(0) & 0x40)) return 0;
    unsigned long point = byte(0) & (0x7Fu >> size);
    for (std::size_t i = 1; i != size; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
        point = point << 6 | (byte(i) & 0x3Fu);
    }
    bool const shortest = point >= (size == 2 ? 0x80u : size == 3 ? 0x800u : 0x10000u);
    return shortest && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF) ? size : 0;
}

/// A random generator that returns the bytes of the input.
struct from_bytes {
    fuzz::pieces bytes;

    static constexpr unsigned min() { return 3; }
    static constexpr unsigned max() { return 3 + 300; }
    unsigned operator()() { return 3 + bytes.byte(); }
};

} // namespace

FUZZ_TARGET(idempotency_key)
{
    std::size_t wrong = 0;
    while (wrong != input.size()) {
        std::size_t const size = sequence(input.substr(wrong));
        if (size == 0) break;
        wrong += size;
    }
    bool const is_key = wrong == input.size() && !input.empty();
    auto const key = sidecall::idempotency_key::parse(input);
    auto const view = sidecall::idempotency_key_view::parse(input);
    require(key.has_value() == is_key && view.has_value() == is_key, "a text is a key if it is UTF-8 and not empty");
    if (is_key) {
        require(key->view() == input && view->view() == input, "the text is unchanged");
        require(view->view().data() == input.data(), "a view refers to its source");
        sidecall::idempotency_key copy = *key;
        sidecall::idempotency_key const moved = std::move(copy);
        require(moved == *key && sidecall::idempotency_key_view(moved) == *view, "a copied and moved key is equal");
    } else {
        require(key.error().offset() == wrong && view.error().offset() == wrong,
                "the failure has the offset of the wrong byte");
        require(key.error().field() == "IdempotencyKey", "the failure names the argument");
    }

    from_bytes generator{fuzz::pieces(input)};
    auto const random = sidecall::idempotency_key::random(generator);
    std::string form(random.view());
    require(form.size() == 36 && form[14] == '4' && std::string_view("89ab").find(form[19]) != std::string_view::npos,
            "a random key is a UUID of version 4");
    for (std::size_t at = 0; at != form.size(); ++at)
        require((form[at] == '-') == (at == 8 || at == 13 || at == 18 || at == 23) &&
                    std::string_view("0123456789abcdef-").find(form[at]) != std::string_view::npos,
                "a random key has the form of a UUID");
    require(sidecall::idempotency_key::parse(form).has_value(), "a random key is accepted as a key");
}
