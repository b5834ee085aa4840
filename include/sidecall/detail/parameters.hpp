#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <sidecall/detail/ascii.hpp>
#include <sidecall/detail/form.hpp>
#include <sidecall/detail/json.hpp>

namespace sidecall::detail {

/// The parameters of a webhook: names and values, decoded, sorted by name and then by value, bytes compared as bytes.
/// All of it is in one buffer, so that a message is one allocation however many parameters it has:
///
///     entry 0 | entry 1 | …   | unused     | ContentTypeapplication/jsonContent{}…
///     |                       |            |
///     0                       size_        text_
class parameters {
public:
    /// Which of the texts: where each begins and ends, counted from `text_`.
    struct entry {
        std::uint32_t name;
        std::uint32_t value;
        std::uint32_t end;
    };

    /// The most bytes of a body or a query, 64 MiB: all of it as entries can be counted in 32 bits.
    static constexpr std::size_t max_bytes = std::size_t{1} << 26;

    std::size_t size() const noexcept { return size_ / sizeof(entry); }
    std::string_view name(std::size_t i) const noexcept { return text(get(i).name, get(i).value); }
    std::string_view value(std::size_t i) const noexcept { return text(get(i).value, get(i).end); }

    /// How many parameters have this name; `first` becomes the index of the first of them.
    std::size_t count(std::string_view wanted, std::size_t& first) const noexcept
    {
        std::size_t found = 0;
        for (std::size_t i = 0; i != size(); ++i) {
            if (name(i) != wanted) continue;
            if (found++ == 0) first = i;
        }
        return found;
    }

    /// Reads a form or a query, `name=value&…`, as the WHATWG's URL standard has it (section 5.1): "+" is a blank, a
    /// "%" that begins no escape is itself, a name without "=" has an empty value, and an empty piece is nothing.
    static parameters from_form(std::string_view form)
    {
        std::size_t pieces = 1;
        for (char c : form) pieces += c == '&';
        parameters made(pieces, form.size());
        while (!form.empty()) {
            std::string_view const piece = take_pair(form);
            if (piece.empty()) continue;
            std::size_t const equals = find_or_end(piece, "=", 0);
            made.begin_name();
            made.append_decoded(piece.substr(0, equals));
            made.begin_value();
            made.append_decoded(piece.substr(equals == piece.size() ? equals : equals + 1));
            made.end_value();
        }
        made.sort();
        return made;
    }

    /// Reads a JSON object; a value that is no string is kept as its JSON text. False if it is none.
    static bool from_json(std::string_view object, parameters& made)
    {
        std::size_t members = 1;
        for (char c : object) members += c == ',';
        made = parameters(members, object.size());
        json_reader reader(object);
        json_value name, value;
        bool done = false;
        reader.open_object();
        while (reader.read_member(name, value, done)) {
            made.begin_name();
            json_append(made.bytes_, name);
            made.begin_value();
            json_append(made.bytes_, value);
            made.end_value();
        }
        made.sort();
        return reader.read_end();
    }

    parameters() noexcept = default;

private:
    parameters(std::size_t most, std::size_t bytes)
    {
        text_ = most * sizeof(entry);
        bytes_.reserve(text_ + bytes);
        bytes_.resize(text_);
    }

    /// All nought if there is none at `i`, as in what was moved from.
    entry get(std::size_t i) const noexcept
    {
        entry one{};
        if (i >= size() || bytes_.size() < size_) return one;
        std::memcpy(&one, bytes_.data() + i * sizeof one, sizeof one);
        return one;
    }
    void put(std::size_t i, entry const& one) noexcept
    {
        std::memcpy(bytes_.data() + i * sizeof one, &one, sizeof one);
    }
    std::string_view text(std::size_t begin, std::size_t end) const noexcept
    {
        return cut(bytes_, text_ + begin, text_ + end);
    }

    std::uint32_t here() const noexcept { return static_cast<std::uint32_t>(bytes_.size() - text_); }
    void begin_name() noexcept { written_.name = here(); }
    void begin_value() noexcept { written_.value = here(); }
    void end_value() noexcept
    {
        written_.end = here();
        size_ += sizeof(entry);
        put(size() - 1, written_);
    }

    void append_decoded(std::string_view text)
    {
        for (std::size_t at = 0; at != text.size();) {
            bool const blank = text[at] == '+';
            char const c = decode_next(text, at);
            bytes_ += blank ? ' ' : c;
        }
    }

    bool less(std::size_t i, std::size_t k) const noexcept
    {
        int const order = name(i).compare(name(k));
        return order != 0 ? order < 0 : value(i) < value(k);
    }
    void exchange(std::size_t i, std::size_t k) noexcept
    {
        entry const one = get(i);
        put(i, get(k));
        put(k, one);
    }

    /// Heapsort: no worst case that somebody could send, no recursion, and <algorithm> is dear to include.
    void sort() noexcept
    {
        auto const sift = [this](std::size_t root, std::size_t end) {
            for (std::size_t child = 2 * root + 1; child < end; child = 2 * root + 1) {
                if (child + 1 < end && less(child, child + 1)) ++child;
                if (!less(root, child)) return;
                exchange(root, child);
                root = child;
            }
        };
        for (std::size_t root = size() / 2; root-- != 0;) sift(root, size());
        for (std::size_t end = size(); end > 1;) {
            exchange(0, --end);
            sift(0, end);
        }
    }

    std::string bytes_;
    std::size_t size_ = 0;
    std::size_t text_ = 0;
    entry written_{};
};

} // namespace sidecall::detail
