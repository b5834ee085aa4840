#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall {

/// A header field. Both are views into whatever it was taken from.
struct header {
    text_view name;  ///< Compared without regard to case (RFC 9110, section 5.1).
    text_view value; ///< Without the white space around it.

    /// Byte for byte, the names too.
    friend constexpr bool operator==(header const&, header const&) = default;
};

/// Header fields as a range over the lines they are kept in, `Name: value` and CR LF each.
class header_lines {
public:
    /// A forward iterator that reads the line it stands on.
    class iterator {
    public:
        using value_type = header;              ///< A field.
        using difference_type = std::ptrdiff_t; ///< What `std::forward_iterator` asks for.

        constexpr iterator() noexcept = default;

        /// The field of this line, read anew by each call.
        constexpr header operator*() const noexcept
        {
            std::size_t const colon = rest_.find(':');
            return {rest_.substr(0, colon), detail::trim(rest_.substr(colon + 1, line() - colon - 1))};
        }
        /// Goes to the next line.
        constexpr iterator& operator++() noexcept
        {
            rest_.remove_prefix(line() + 2);
            return *this;
        }
        /// The same, and gives back where it was.
        constexpr iterator operator++(int) noexcept
        {
            iterator const before = *this;
            ++*this;
            return before;
        }
        /// Whether both stand on the same line; they must be of the same fields.
        friend constexpr bool operator==(iterator const& a, iterator const& b) noexcept
        {
            return a.rest_.size() == b.rest_.size();
        }

    private:
        friend class header_lines;
        constexpr explicit iterator(std::string_view rest) noexcept : rest_(rest) {}
        constexpr std::size_t line() const noexcept { return rest_.find("\r\n"); }

        std::string_view rest_;
    };

    constexpr header_lines() noexcept = default;

    constexpr iterator begin() const noexcept { return iterator(text_); }                    ///< The first field.
    constexpr iterator end() const noexcept { return iterator(text_.substr(text_.size())); } ///< Behind the last one.
    constexpr bool empty() const noexcept { return text_.empty(); }                          ///< Whether there is none.

    /// The lines themselves, ready for the wire.
    constexpr std::string_view text() const noexcept { return text_; }

private:
    friend class header_list;
    friend class http_request;
    constexpr explicit header_lines(std::string_view text) noexcept : text_(text) {}

    std::string_view text_;
};

/// The header fields of an answer, in the order in which they came, owned in one buffer.
class header_list {
public:
    header_list() noexcept = default;

    /// `{{"Content-Type", "application/json"}, …}`. Allocates.
    header_list(std::initializer_list<header> fields)
    {
        for (auto const& field : fields) add(field.name, field.value);
    }

    /// Adds a field. A colon or a blank in the name and a line break in the value, which HTTP does not allow, become
    /// "_" and a blank, so that one field cannot be read as two (RFC 9110, section 5.5). May allocate.
    void add(text_view name, text_view value)
    {
        for (char c : name) lines_ += c == ':' || static_cast<unsigned char>(c) <= ' ' ? '_' : c;
        lines_ += ": ";
        for (char c : detail::trim(value)) lines_ += c == '\r' || c == '\n' ? ' ' : c;
        lines_ += "\r\n";
    }

    header_lines::iterator begin() const noexcept { return lines().begin(); } ///< The first field, until `add`.
    header_lines::iterator end() const noexcept { return lines().end(); }     ///< Behind the last one.
    bool empty() const noexcept { return lines_.empty(); }                    ///< Whether there is none.

private:
    header_lines lines() const noexcept { return header_lines(lines_); }

    std::string lines_;
};

namespace detail {

template <class Field>
    requires requires(Field const& field) { header{field.name, field.value}; }
constexpr header to_header(Field const& field) noexcept
{
    return {field.name, field.value};
}
template <class Field>
    requires requires(Field const& field) { header{field.first, field.second}; }
constexpr header to_header(Field const& field) noexcept
{
    return {field.first, field.second};
}

/// A range whose elements are fields, and stay where they are while they are looked at.
template <class Range>
concept header_range = requires(Range const& range) {
    std::begin(range) != std::end(range);
    detail::to_header(*std::begin(range));
    requires std::is_lvalue_reference_v<decltype(*std::begin(range))> ||
                 std::is_same_v<decltype(*std::begin(range)), header>;
};

} // namespace detail

/// Refers to the header fields of an answer in whatever range they are kept: a `header_list`, an array of `header`, a
/// `std::multimap` of strings; anything with elements that have `name` and `value`, or `first` and `second`. It copies
/// nothing and allocates nothing, so the range must outlive it.
class headers_view {
public:
    constexpr headers_view() noexcept = default;

    /// Of this range.
    template <detail::header_range Range>
    constexpr headers_view(Range const& fields) noexcept : fields_(&fields), find_(&find_in<Range>)
    {
    }
    template <detail::header_range Range>
    headers_view(Range const&&) = delete; ///< Not of a temporary: the view would dangle.

    /// The value of the first field of that name, in whatever case, without the white space around it.
    constexpr std::optional<std::string_view> find(text_view name) const noexcept
    {
        return find_ ? find_(fields_, name) : std::nullopt;
    }

private:
    template <class Range>
    static std::optional<std::string_view> find_in(void const* fields, std::string_view name) noexcept
    {
        for (auto&& element : *static_cast<Range const*>(fields)) {
            header const field = detail::to_header(element);
            if (detail::equal_ignoring_case(field.name, name)) return detail::trim(field.value);
        }
        return {};
    }

    void const* fields_ = nullptr;
    std::optional<std::string_view> (*find_)(void const*, std::string_view) noexcept = nullptr;
};

} // namespace sidecall
