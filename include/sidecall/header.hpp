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

/// A header field: two non-owning views.
struct header {
    text_view name;  ///< The name; case-insensitive in HTTP (RFC 9110, section 5.1).
    text_view value; ///< The value, without leading and trailing whitespace.

    /// Compares byte for byte, also the names.
    friend constexpr bool operator==(header const&, header const&) = default;
};

/// A range of header fields, a non-owning view of lines of the form `Name: value` CR LF.
///
/// @code
/// for (sidecall::header field : request.headers()) set_header(field.name, field.value);
/// @endcode
class header_lines {
public:
    /// A forward iterator. It parses the current line on each access.
    class iterator {
    public:
        using value_type = header;              ///< A header field.
        using difference_type = std::ptrdiff_t; ///< Required by `std::forward_iterator`.

        constexpr iterator() noexcept = default;

        /// The current field.
        constexpr header operator*() const noexcept
        {
            std::size_t const colon = rest_.find(':');
            return {rest_.substr(0, colon), detail::trim(rest_.substr(colon + 1, line() - colon - 1))};
        }
        /// Moves to the next field.
        constexpr iterator& operator++() noexcept
        {
            rest_.remove_prefix(line() + 2);
            return *this;
        }
        /// Moves to the next field and returns the old position.
        constexpr iterator operator++(int) noexcept
        {
            iterator const before = *this;
            ++*this;
            return before;
        }
        /// Whether both are at the same field; they must belong to the same range.
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
    constexpr iterator end() const noexcept { return iterator(text_.substr(text_.size())); } ///< Past the last field.
    constexpr bool empty() const noexcept { return text_.empty(); } ///< Whether there is no field.

    /// The lines, as they are sent.
    constexpr std::string_view text() const noexcept { return text_; }

private:
    friend class header_list;
    friend class http1_response_reader;
    friend class http_request;
    constexpr explicit header_lines(std::string_view text) noexcept : text_(text) {}

    std::string_view text_;
};

/// The header fields of a response, in the order received. Owns them in one buffer.
class header_list {
public:
    header_list() noexcept = default;

    /// From a list of fields: `{{"Content-Type", "application/json"}, …}`. Allocates.
    header_list(std::initializer_list<header> fields)
    {
        for (auto const& field : fields) add(field.name, field.value);
    }

    /// Appends a field. May allocate. In the name, a colon or a byte up to 0x20 becomes "_"; in the value, a CR or
    /// LF becomes a space. HTTP does not allow these (RFC 9110, section 5.5), and one field could be read as two.
    /// Invalidates iterators.
    void add(text_view name, text_view value)
    {
        for (char c : name) lines_ += c == ':' || static_cast<unsigned char>(c) <= ' ' ? '_' : c;
        lines_ += ": ";
        for (char c : detail::trim(value)) lines_ += c == '\r' || c == '\n' ? ' ' : c;
        lines_ += "\r\n";
    }

    header_lines::iterator begin() const noexcept { return lines().begin(); } ///< The first field. Valid until `add`.
    header_lines::iterator end() const noexcept { return lines().end(); }     ///< Past the last field.
    bool empty() const noexcept { return lines_.empty(); }                    ///< Whether there is no field.

    /// The value of the first field with this name, without leading and trailing whitespace. Names are case-insensitive
    /// (RFC 9110, section 5.1). Empty if there is no such field. Takes time proportional to the size of the list. Does
    /// not allocate. Valid until `add`; not available on a temporary, since the view would dangle.
    ///
    /// @code
    /// if (auto const id = response.headers.find("Twilio-Request-Id")) std::cout << sidecall::printable(*id) << '\n';
    /// @endcode
    std::optional<std::string_view> find(text_view name) const& noexcept
    {
        for (header const field : lines())
            if (detail::equal_ignoring_case(field.name, name)) return field.value;
        return {};
    }
    std::optional<std::string_view> find(text_view name) const&& = delete;

private:
    friend class http1_response_reader;
    explicit header_list(header_lines lines) : lines_(lines.text()) {}

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

/// A range whose elements are header fields. Elements that are not a `header` must be references, so that views of them
/// stay valid.
template <class Range>
concept header_range = requires(Range const& range) {
    std::begin(range) != std::end(range);
    detail::to_header(*std::begin(range));
    requires std::is_lvalue_reference_v<decltype(*std::begin(range))> ||
                 std::is_same_v<decltype(*std::begin(range)), header>;
};

} // namespace detail

/// A non-owning view of the header fields of a response, in any range: a `header_list`, an array of `header`, a
/// `std::multimap` of strings. The elements must have `name` and `value`, or `first` and `second`. Does not copy or
/// allocate, so the range must outlive the view.
///
/// @code
/// std::multimap<std::string, std::string> fields{{"Retry-After", "5"}};
/// auto resource = operation.parse({.status = 201, .headers = fields, .body = body});
/// @endcode
class headers_view {
public:
    constexpr headers_view() noexcept = default;

    /// A view of this range.
    template <detail::header_range Range>
    constexpr headers_view(Range const& fields) noexcept : fields_(&fields), find_(&find_in<Range>)
    {
    }
    template <detail::header_range Range>
    headers_view(Range const&&) = delete; ///< Deleted: a view of a temporary would dangle.

    /// The value of the first field with this name, without leading and trailing whitespace. Names are
    /// case-insensitive. Empty if there is no such field. Takes time proportional to the number of fields.
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
