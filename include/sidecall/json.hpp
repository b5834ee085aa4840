#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/json.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/failure.hpp>
#include <sidecall/result.hpp>
#include <sidecall/storage.hpp>
#include <sidecall/text_view.hpp>

// Reads a JSON text (RFC 8259) without another library: what `parse` of your own operation needs. All types are
// non-owning views of the text, which must outlive them. Only functions that return a `std::string` allocate.
namespace sidecall {

/// What a JSON value is: `null`, a `boolean`, a `number`, a `string`, an `array` or an `object`.
enum class json_type : unsigned char { null, boolean, number, string, array, object };

/// A string of a JSON text, with its escapes.
class json_string {
public:
    /// This is a view: an operation with this resource needs a transport that keeps the response.
    static constexpr bool refers_to_answer = true;

    /// The text between the quotation marks, with its escapes.
    constexpr std::string_view raw() const noexcept { return raw_; }

    /// Whether there are escapes. Without escapes, `raw` is the string.
    constexpr bool has_escapes() const noexcept { return has_escapes_; }

    /// The string in UTF-8, with its escapes decoded. Allocates if it is longer than a `std::string` stores inline.
    std::string to_string() const
    {
        std::string text;
        text.reserve(raw_.size());
        detail::json_append(text, value());
        return text;
    }

    /// The string in UTF-8, with its escapes decoded into the caller's buffer; without escapes, a view of the text.
    /// Does not allocate. Fails with `invalid_argument` in `"storage"` if the buffer is too small; the offset is a size
    /// that is enough.
    constexpr result<std::string_view> decode(storage buffer) const noexcept
    {
        if (!has_escapes_) return raw_;
        char* out = buffer.data();
        std::size_t left = buffer.size();
        detail::json_characters characters(raw_);
        for (auto piece = characters.next(); !piece.empty(); piece = characters.next()) {
            if (piece.size() > left) return failure(errc::invalid_argument, "storage", detail::too_small, raw_.size());
            out = detail::put(out, piece);
            left -= piece.size();
        }
        return std::string_view(buffer.data(), buffer.size() - left);
    }

    /// Compares the string, with its escapes decoded, with `text`. Does not allocate.
    friend constexpr bool operator==(json_string const& string, std::string_view text) noexcept
    {
        return detail::json_equal(string.value(), text);
    }

private:
    friend class json_object;
    friend class json_value;
    constexpr explicit json_string(detail::json_value const& value) noexcept
        : raw_(value.raw), has_escapes_(value.escaped)
    {
    }
    constexpr detail::json_value value() const noexcept { return {detail::json_kind::string, has_escapes_, raw_, 0}; }

    std::string_view raw_;
    bool has_escapes_;
};

class json_array;
class json_object;

/// A value of a JSON text, or the absence of a member. Every reading function fails with `malformed_response`: the
/// field is the member's name, and the offset is that of the value in the text that was parsed.
class json_value {
public:
    /// This is a view: an operation with this resource needs a transport that keeps the response.
    static constexpr bool refers_to_answer = true;

    /// Whether there is a value. A member that is not in its object has none.
    constexpr bool exists() const noexcept { return exists_; }

    /// Whether the value is `null` or absent; Twilio uses both for "no value". False for a member that is present
    /// twice.
    constexpr bool is_null() const noexcept
    {
        return !is_ambiguous_ && (!exists_ || value_.kind == detail::json_kind::null);
    }

    /// What the value is; `null` if it is absent.
    constexpr json_type type() const noexcept
    {
        return exists_ ? static_cast<json_type>(value_.kind) : json_type::null;
    }

    /// Where the value begins in the text that was parsed, in bytes. Of a string: after its quotation mark.
    constexpr std::size_t offset() const noexcept { return value_.offset; }

    /// The JSON text of the value. Of a string: without its quotation marks.
    constexpr std::string_view raw() const noexcept { return value_.raw; }

    /// The string.
    constexpr result<json_string> string() const noexcept
    {
        if (auto const wrong = find_fault(detail::json_kind::string, "not a string")) return *wrong;
        return json_string(value_);
    }

    /// The string with its escapes decoded, as `string()` and then `json_string::to_string` return it. Allocates if it
    /// is longer than a `std::string` stores inline.
    result<std::string> to_string() const
    {
        if (auto const wrong = find_fault(detail::json_kind::string, "not a string")) return *wrong;
        return json_string(value_).to_string();
    }

    /// The string of an optional member: empty if it is absent, `null`, not a string or present twice. Use this where a
    /// member that cannot be read must not make the whole response fail. Allocates like `to_string`.
    std::optional<std::string> optional_string() const
    {
        auto text = to_string();
        return text ? std::optional(*std::move(text)) : std::nullopt;
    }

    /// The string as a SID: `object["sid"].sid<sidecall::call_sid>()`. Fails also if it is not a SID of this kind. Does
    /// not allocate.
    template <class Sid>
    constexpr result<Sid> sid() const noexcept
    {
        if (auto const wrong = find_fault(detail::json_kind::string, "not a string")) return *wrong;
        char decoded[256]{}; // a SID written in escapes only has 204 bytes
        auto const text = json_string(value_).decode(decoded);
        auto const parsed = Sid::parse(text ? *text : std::string_view());
        if (!parsed) return malformed("not a SID of this kind");
        return *parsed;
    }

    /// The number as it is written, in any size and precision.
    constexpr result<std::string_view> number() const noexcept
    {
        if (auto const wrong = find_fault(detail::json_kind::number, "not a number")) return *wrong;
        return value_.raw;
    }

    /// The number as an integer. Fails also if it has a fraction or an exponent, or does not fit into 64 bits.
    constexpr result<std::int64_t> integer() const noexcept
    {
        if (auto const wrong = find_fault(detail::json_kind::number, "not a number")) return *wrong;
        bool const is_negative = value_.raw[0] == '-';
        std::uint64_t magnitude = 0;
        std::uint64_t const most = std::uint64_t{INT64_MAX} + (is_negative ? 1 : 0);
        if (!detail::parse_decimal(value_.raw.substr(is_negative ? 1 : 0), most, magnitude))
            return malformed("not an integer of 64 bits");
        // -2^63 has no positive counterpart, so the sign comes first.
        return is_negative && magnitude != 0 ? -static_cast<std::int64_t>(magnitude - 1) - 1
                                             : static_cast<std::int64_t>(magnitude);
    }

    /// The truth value.
    constexpr result<bool> boolean() const noexcept
    {
        if (auto const wrong = find_fault(detail::json_kind::boolean, "neither true nor false")) return *wrong;
        return value_.raw[0] == 't';
    }

    /// The integer of an optional member: empty if it is absent, `null`, not an integer of 64 bits or present twice.
    constexpr std::optional<std::int64_t> optional_integer() const noexcept
    {
        auto const number = integer();
        return number ? std::optional(*number) : std::nullopt;
    }

    /// The truth value of an optional member: empty if it is absent, `null`, neither true nor false or present twice.
    constexpr std::optional<bool> optional_boolean() const noexcept
    {
        auto const truth = boolean();
        return truth ? std::optional(*truth) : std::nullopt;
    }

    /// The object.
    constexpr result<json_object> object() const noexcept;

    /// The array.
    constexpr result<json_array> array() const noexcept;

private:
    friend class json_array;
    friend class json_object;

    constexpr explicit json_value(detail::literal name) noexcept : name_(name) {}
    constexpr json_value(detail::literal name, detail::json_value const& value, bool is_ambiguous = false) noexcept
        : name_(name), value_(value), exists_(true), is_ambiguous_(is_ambiguous)
    {
    }

    constexpr failure malformed(detail::literal rule) const noexcept
    {
        return failure(errc::malformed_response, name_, rule, value_.offset);
    }
    constexpr std::optional<failure> find_fault(detail::json_kind kind, detail::literal rule) const noexcept
    {
        if (!exists_) return failure(errc::malformed_response, name_, "missing");
        if (is_ambiguous_) return malformed("present twice");
        if (value_.kind != kind) return malformed(rule);
        return {};
    }

    detail::literal name_; // of the member; empty for an element, and for a member whose name is not a literal
    detail::json_value value_{};
    bool exists_ = false;
    bool is_ambiguous_ = false;
};

namespace detail {

/// Steps through the members or elements of a container whose text is known to be valid.
class json_cursor {
public:
    constexpr json_cursor() noexcept : reader_("") {}
    constexpr json_cursor(std::string_view text, std::size_t offset, bool is_object) noexcept
        : reader_(text), offset_(offset), is_object_(is_object), is_done_(false)
    {
        if (is_object)
            reader_.open_object();
        else
            reader_.open_array();
        step();
    }

    constexpr void step() noexcept
    {
        bool is_there =
            is_object_ ? reader_.read_member(name_, value_, is_done_) : reader_.read_element(value_, is_done_);
        if (!is_there) is_done_ = true;
        name_.offset += offset_;
        value_.offset += offset_;
        ++index_;
    }

    constexpr bool is_done() const noexcept { return is_done_; }
    constexpr json_value const& name() const noexcept { return name_; }
    constexpr json_value const& value() const noexcept { return value_; }

    /// Cursors of the same container: whether both are at the same place, or both at the end.
    friend constexpr bool operator==(json_cursor const& a, json_cursor const& b) noexcept
    {
        return a.is_done_ == b.is_done_ && (a.is_done_ || a.index_ == b.index_);
    }

private:
    json_reader reader_;
    json_value name_{};
    json_value value_{};
    std::size_t offset_ = 0;
    std::size_t index_ = 0;
    bool is_object_ = false;
    bool is_done_ = true;
};

/// The iterator of a `json_array` or a `json_object`, whose function `at` returns what a cursor points to.
template <class Container>
class json_iterator {
public:
    using value_type = typename Container::value_type;
    using difference_type = std::ptrdiff_t;

    constexpr json_iterator() noexcept = default;
    constexpr json_iterator(std::string_view text, std::size_t offset, bool is_object) noexcept
        : cursor_(text, offset, is_object)
    {
    }

    constexpr value_type operator*() const noexcept { return Container::at(cursor_); }
    constexpr json_iterator& operator++() noexcept
    {
        cursor_.step();
        return *this;
    }
    constexpr json_iterator operator++(int) noexcept
    {
        json_iterator const before = *this;
        ++*this;
        return before;
    }
    friend constexpr bool operator==(json_iterator const&, json_iterator const&) noexcept = default;

private:
    json_cursor cursor_{};
};

} // namespace detail

/// A member of an object, in a loop.
struct json_member {
    json_string name; ///< With its escapes.
    json_value value; ///< Its failures have an empty field.
};

/// An array of a JSON text: a range of `json_value`, in order.
///
/// @code
/// auto const calls = object["calls"].array();
/// if (!calls) return calls.error();
/// for (sidecall::json_value const call : *calls) use(call);
/// @endcode
class json_array {
public:
    /// This is a view: an operation with this resource needs a transport that keeps the response.
    static constexpr bool refers_to_answer = true;

    /// A forward iterator. Reads an element of the text for each step, in time linear in its size.
    using iterator = detail::json_iterator<json_array>;
    using value_type = json_value; ///< An element.

    /// The first element.
    constexpr iterator begin() const noexcept { return iterator(text_, offset_, false); }
    constexpr iterator end() const noexcept { return iterator(); } ///< After the last one.

    /// Whether there is no element.
    constexpr bool empty() const noexcept { return begin() == end(); }

private:
    friend class json_value;
    friend iterator;
    static constexpr json_value at(detail::json_cursor const& cursor) noexcept { return {"", cursor.value()}; }
    constexpr explicit json_array(detail::json_value const& value) noexcept : text_(value.raw), offset_(value.offset) {}

    std::string_view text_;
    std::size_t offset_;
};

/// An object of a JSON text: finds members by name, and is a range of `json_member`, in order.
///
/// @code
/// static sidecall::result<std::string> parse(sidecall::http_response_view const& response)
/// {
///     if (response.status != 200) return sidecall::failure_of(response);
///     auto const call = sidecall::json_object::parse(response.body);
///     if (!call) return call.error();
///     return (*call)["status"].to_string();
/// }
/// @endcode
class json_object {
public:
    /// This is a view: an operation with this resource needs a transport that keeps the response.
    static constexpr bool refers_to_answer = true;

    /// A forward iterator. Reads a member of the text for each step, in time linear in its size.
    using iterator = detail::json_iterator<json_object>;
    using value_type = json_member; ///< A member.

    /// Reads a text that is one JSON object in UTF-8, checked to its end. Fails with `malformed_response` at the first
    /// wrong byte. Linear time, no recursion, does not allocate.
    static constexpr result<json_object> parse(detail::non_temporary_text json) noexcept
    {
        detail::json_reader reader(json);
        detail::json_value value;
        if (!reader.read_text(value))
            return failure(errc::malformed_response, "", reader.fault().rule, reader.fault().offset);
        if (value.kind != detail::json_kind::object)
            return failure(errc::malformed_response, "", "not a JSON object", value.offset);
        return json_object(value);
    }

    /// The member of this name, whose failures then name it. If there is none, `exists` is false and reading fails; if
    /// there are two, reading fails, because either could be meant. Time linear in the size of the object.
    constexpr json_value operator[](detail::literal name) const noexcept { return find(name.view(), name); }

    /// The same for a name that is not a literal; failures have an empty field.
    constexpr json_value find(text_view name) const noexcept { return find(name, ""); }

    /// The first member.
    constexpr iterator begin() const noexcept { return iterator(text_, offset_, true); }
    constexpr iterator end() const noexcept { return iterator(); } ///< After the last one.

private:
    friend class json_value;
    friend iterator;
    static constexpr json_member at(detail::json_cursor const& cursor) noexcept
    {
        return {json_string(cursor.name()), json_value("", cursor.value())};
    }
    constexpr explicit json_object(detail::json_value const& value) noexcept : text_(value.raw), offset_(value.offset)
    {
    }

    constexpr json_value find(std::string_view name, detail::literal field) const noexcept
    {
        json_value found(field);
        for (detail::json_cursor cursor(text_, offset_, true); !cursor.is_done(); cursor.step()) {
            if (!detail::json_equal(cursor.name(), name)) continue;
            found = json_value(field, cursor.value(), found.exists());
        }
        return found;
    }

    std::string_view text_;
    std::size_t offset_;
};

constexpr result<json_object> json_value::object() const noexcept
{
    if (auto const wrong = find_fault(detail::json_kind::object, "not an object")) return *wrong;
    return json_object(value_);
}

constexpr result<json_array> json_value::array() const noexcept
{
    if (auto const wrong = find_fault(detail::json_kind::array, "not an array")) return *wrong;
    return json_array(value_);
}

} // namespace sidecall
