#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <sidecall/detail/memory/array.hpp>
#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/platform/bits.hpp>
#include <sidecall/detail/platform/compiler.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/form.hpp>
#include <sidecall/detail/text/json.hpp>

namespace sidecall::detail {

/// The separator between the parameters of a form.
struct is_ampersand : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return is(c, '&');
    }
};

/// Bytes that stand for themselves anywhere in a form.
struct is_plain_form_byte : byte_class {
    template <class Bytes>
    constexpr auto operator()(Bytes c) const noexcept
    {
        return (is(c, '%') | is(c, '+') | is(c, '&') | is(c, '=')) == 0;
    }
};

/// The parameters of a webhook: decoded names and values, sorted by name and then by value. Compares bytes as unsigned
/// numbers. Everything is in one buffer, so a message takes one allocation for any number of parameters:
///
///     entry 0 | entry 1 | …   | unused     | ContentTypeapplication/jsonContent{}…
///     |                       |            |
///     0                  size() entries    text_begin_
class parameters {
    /// The offsets of a name, of its value and of the end of the value. `key` contains the first four bytes of the name
    /// as a number, so most comparisons of names are comparisons of numbers.
    struct entry {
        std::uint32_t key = 0;
        std::uint32_t name = 0;
        std::uint32_t value = 0;
        std::uint32_t end = 0;
    };

public:
    constexpr parameters() noexcept = default;

    /// Zero for a moved-from object.
    constexpr std::size_t size() const noexcept { return bytes_.data() ? size_ : 0; }
    constexpr std::string_view name(std::size_t i) const noexcept
    {
        return i < size() ? name_of(get(i)) : std::string_view();
    }
    constexpr std::string_view value(std::size_t i) const noexcept
    {
        return i < size() ? value_of(get(i)) : std::string_view();
    }

    /// Returns the index of the first parameter with this name, or `size()`.
    constexpr std::size_t find(std::string_view wanted_name) const noexcept
    {
        std::uint32_t const key = key_of(wanted_name);
        std::size_t first = 0;
        for (std::size_t end = size(); first != end;) {
            std::size_t const middle = first + (end - first) / 2;
            entry const item = get(middle);
            bool const before = item.key != key ? item.key < key : name_of(item) < wanted_name;
            (before ? first : end) = before ? middle + 1 : middle;
        }
        return name(first) == wanted_name ? first : size();
    }

    /// Returns how many bytes of buffer are needed to read `count` parameters from a text.
    static constexpr std::size_t required_size(std::string_view text, std::size_t count) noexcept
    {
        return count * sizeof(entry) + text.size() + copy_slack;
    }

    /// Returns how many parameters a form has.
    static constexpr std::size_t count_form(std::string_view form) noexcept
    {
        return count_pieces(is_ampersand(), form);
    }

    /// Reads a form or a query, `name=value&…`, by the WHATWG URL standard (section 5.1): "+" is a space, a "%" that
    /// begins no escape stands for itself, a name without "=" has an empty value, and empty pieces are skipped. `bytes`
    /// must have at least `required_size` bytes.
    static constexpr parameters from_form(std::string_view form, buffer bytes) noexcept
    {
        parameters parsed(std::move(bytes), form.size());
        parsed.read_form(form);
        parsed.sort();
        return parsed;
    }

    /// Returns how many members a JSON object has, or nothing if the text is not a JSON object.
    static constexpr std::optional<std::size_t> count_json(std::string_view object) noexcept
    {
        json_reader reader(object);
        json_value name, value;
        bool done = false;
        std::size_t count = 0;
        reader.open_object();
        while (reader.read_member(name, value, done)) ++count;
        if (!reader.read_end()) return {};
        return count;
    }

    /// Reads a JSON object that `count_json` accepts. Keeps a value that is not a string as its JSON text. `bytes` must
    /// have at least `required_size` bytes.
    static constexpr parameters from_json(std::string_view object, buffer bytes) noexcept
    {
        parameters parsed(std::move(bytes), object.size());
        json_reader reader(object);
        json_value name, value;
        bool done = false;
        reader.open_object();
        while (reader.read_member(name, value, done)) {
            std::size_t const begin = parsed.decoded_size();
            json_append(parsed, name);
            std::size_t const middle = parsed.decoded_size();
            json_append(parsed, value);
            parsed.add(begin, middle, parsed.decoded_size());
        }
        parsed.sort();
        return parsed;
    }

    /// Appends to the decoded text. For `json_append`.
    constexpr void append(std::string_view text) noexcept
    {
        put(bytes_.data() + bytes_.size(), text);
        bytes_.resize(bytes_.size() + text.size());
    }

    /// Calls `visit` once for each parameter, in order, with the name and the value joined. Skips a parameter with the
    /// same name and value as the one before it.
    template <class Visit>
    constexpr void for_each_text(Visit visit) const noexcept
    {
        for (std::size_t i = 0; i != size(); ++i)
            if (!is_duplicate(i)) visit(text(get(i).name, get(i).end)); // the value directly follows the name
    }

private:
    constexpr parameters(buffer bytes, std::size_t input_size) noexcept
        : bytes_(std::move(bytes)), text_begin_(bytes_.capacity() - input_size - copy_slack)
    {
        bytes_.resize(text_begin_);
    }

    constexpr entry get(std::size_t i) const noexcept
    {
        array<char, sizeof(entry)> bytes{};
        std::char_traits<char>::copy(bytes.data(), bytes_.data() + i * sizeof(entry), sizeof(entry));
        return detail::bit_cast<entry>(bytes);
    }
    constexpr void set(std::size_t i, entry const& item) noexcept
    {
        auto const bytes = detail::bit_cast<array<char, sizeof(entry)>>(item);
        std::char_traits<char>::copy(bytes_.data() + i * sizeof(entry), bytes.data(), sizeof(entry));
    }
    constexpr std::string_view text(std::size_t begin, std::size_t end) const noexcept
    {
        return {bytes_.data() + text_begin_ + begin, end - begin};
    }
    constexpr std::string_view name_of(entry const& item) const noexcept { return text(item.name, item.value); }
    constexpr std::string_view value_of(entry const& item) const noexcept { return text(item.value, item.end); }
    constexpr std::size_t decoded_size() const noexcept { return bytes_.size() - text_begin_; }

    /// Whether the parameter has the same name and value as the one before it.
    constexpr bool is_duplicate(std::size_t i) const noexcept
    {
        return i != 0 && get(i).key == get(i - 1).key && name(i) == name(i - 1) && value(i) == value(i - 1);
    }

    static constexpr std::uint32_t key_of(std::string_view name) noexcept
    {
        std::uint32_t key = 0;
        for (std::size_t i = 0; i != 4; ++i) key = key << 8 | (i < name.size() ? static_cast<octet>(name[i]) : 0u);
        return key;
    }

    constexpr void add(std::size_t name, std::size_t value, std::size_t end) noexcept
    {
        set(size_++, {key_of(text(name, value)), static_cast<std::uint32_t>(name), static_cast<std::uint32_t>(value),
                      static_cast<std::uint32_t>(end)});
    }

    constexpr void read_form(std::string_view form) noexcept
    {
        char* const begin = bytes_.data() + text_begin_;
        char* out = begin; // a local, because a member would be written to memory for each byte
        auto const length = [&] { return static_cast<std::size_t>(out - begin); };
        std::size_t piece = 0; // where the current name=value begins in the form
        std::size_t name = 0;
        std::size_t value = 0;
        bool in_name = true;
        for (std::size_t at = 0;; ++at) {
            at = copy_while(is_plain_form_byte(), form, at, out);
            while (form.size() - at >= 3 && form[at] == '%') { // escapes often come in a row
                int const c = decode_escape(form.data() + at);
                if (c < 0) break;
                *out++ = static_cast<char>(c);
                at += 3;
            }
            bool const end = at == form.size();
            if (end || form[at] == '&') {
                if (at != piece) add(name, in_name ? length() : value, length());
                if (end) break;
                piece = at + 1;
                name = length();
                in_name = true;
            } else if (form[at] == '=' && in_name) {
                value = length();
                in_name = false;
            } else if (form[at] == '+') {
                *out++ = ' ';
            } else {
                *out++ = form[at];
            }
        }
        bytes_.resize(static_cast<std::size_t>(out - bytes_.data()));
    }

    constexpr bool is_less(entry const& a, entry const& b) const noexcept
    {
        if (a.key != b.key) return a.key < b.key;
        int const order = name_of(a).compare(name_of(b));
        return order != 0 ? order < 0 : value_of(a) < value_of(b);
    }

    /// Insertion sort for up to 16 parameters; heapsort for more, and always in small code. A sender cannot trigger a
    /// bad worst case, there is no recursion, and <algorithm> is expensive to include.
    constexpr void sort() noexcept
    {
        if (prefers_size || size_ > 16) return heapsort();
        for (std::size_t i = 1; i < size_; ++i) {
            entry const item = get(i);
            std::size_t place = i;
            for (; place != 0 && is_less(item, get(place - 1)); --place) set(place, get(place - 1));
            set(place, item);
        }
    }

    constexpr void heapsort() noexcept
    {
        auto const sift = [this](entry const& item, std::size_t root, std::size_t end) {
            for (std::size_t child = 2 * root + 1; child < end; child = 2 * root + 1) {
                if (child + 1 < end && is_less(get(child), get(child + 1))) ++child;
                if (!is_less(item, get(child))) break;
                set(std::exchange(root, child), get(child));
            }
            set(root, item);
        };
        for (std::size_t root = size_ / 2; root != 0;) {
            --root;
            sift(get(root), root, size_);
        }
        for (std::size_t end = size_; end > 1;) {
            entry const last = get(--end);
            set(end, get(0));
            sift(last, 0, end);
        }
    }

    buffer bytes_;
    std::size_t text_begin_ = 0;
    std::size_t size_ = 0;
};

} // namespace sidecall::detail
