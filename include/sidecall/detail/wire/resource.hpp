#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/date_time.hpp>
#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/json.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/detail/text/rfc2822.hpp>
#include <sidecall/error_response.hpp>
#include <sidecall/failure.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/unreadable_members.hpp>

// Reading the object of a successful answer into typed members.
namespace sidecall::detail {

/// What is wrong with a member, or with the whole text if it names none; or nothing, which is false.
struct resource_fault {
    literal member = "";
    violation what{};

    constexpr explicit operator bool() const noexcept { return static_cast<bool>(what); }
};

/// A member that is looked for, and what was found: null where there is none, as the OpenAPI schema has every property
/// nullable and none required.
struct resource_member {
    literal name = "";
    json_value value{};
    bool seen = false;
};

/// The name of a member, and how long its value usually is.
template <std::size_t Size>
struct usual {
    literal name;
    std::size_t size;

    consteval usual(char const (&name_)[Size], std::size_t size_) noexcept : name(name_), size(size_) {}
};
template <std::size_t Size>
usual(char const (&)[Size], std::size_t) -> usual<Size>;

/// Parses a string that should be a SID or a date, escapes resolved. A string with escapes of more than 256 bytes is
/// neither: a SID written in escapes alone has 204 bytes, a date of Twilio's 186.
template <class Parse>
constexpr auto parse_plain(json_value const& string, Parse parse) noexcept
{
    if (!string.escaped) return parse(string.raw);
    inline_text<256> plain;
    if (string.raw.size() <= 256) json_append(plain, string);
    return parse(plain.view());
}

// What a string is read as, by the type that is asked for.
template <char A, char B>
constexpr std::optional<basic_sid<A, B>> read_as(std::type_identity<basic_sid<A, B>>, json_value const& string) noexcept
{
    return detail::parse_plain(string, [](std::string_view text) -> std::optional<basic_sid<A, B>> {
        if (check_sid(text, A, B)) return {};
        return checked_sid::make<basic_sid<A, B>>(text);
    });
}
constexpr std::optional<date_time> read_as(std::type_identity<date_time>, json_value const& string) noexcept
{
    return parse_plain(string, [](std::string_view text) { return parse_rfc2822(text); });
}
inline std::optional<std::string> read_as(std::type_identity<std::string>, json_value const& string)
{
    return to_string(string);
}
constexpr std::optional<std::string_view> read_as(std::type_identity<std::string_view>,
                                                  json_value const& string) noexcept
{
    return string.raw;
}

/// Reads the members of a successful response's object. The first fault stays.
///
/// Twilio has acted by the time a 201 arrives, so only what makes the whole object doubtful is a fault: text that is
/// not JSON, a member that comes twice, a required member that is missing or wrong, a date that is well-formed and
/// impossible. An optional member that cannot be read is empty and listed in `unreadable`.
template <std::size_t Count>
class resource_reader {
public:
    /// Names the members. Each is looked for as it usually is, in whatever order they come, and read in the general way
    /// where there is something else.
    template <std::size_t... Size>
    SIDECALL_DETAIL_INLINE constexpr resource_reader(std::string_view body, usual<Size> const&... expected) noexcept
        : members_{resource_member{expected.name}...}, size_(body.size())
    {
        json_reader reader(body);
        reader.open_object();
        while (read_usual(reader, std::index_sequence_for<usual<Size>...>(), expected...) || read_any(reader)) {
        }
        if (!fault_ && !reader.read_end()) fault_ = resource_fault{"", reader.fault()};
    }

    /// An optional member: empty if it is null, absent or unreadable.
    template <class T>
    constexpr std::optional<T> optional_member(std::size_t index)
    {
        auto read = read_string<T>(index);
        auto const& [name, value, seen] = members_[index];
        if (read || value.kind == json_kind::null) return read;
        unreadable_.insert(name.view());
        if (std::is_same_v<T, date_time> && value.is_string() && detail::parse_plain(value, is_after_year_9999))
            fault_ = resource_fault{name, {"a date after the year 9999", value.offset}};
        return read;
    }

    /// A member that must be there; if it is not, or cannot be read, that is the fault.
    template <class T>
    constexpr std::optional<T> required_member(std::size_t index)
    {
        auto read = read_string<T>(index);
        if (read || fault_) return read;
        json_value const& value = members_[index].value;
        bool const missing = value.kind == json_kind::null;
        fault_ = resource_fault{members_[index].name,
                                {missing             ? literal("missing or null")
                                 : value.is_string() ? literal("not a SID of this kind")
                                                     : literal("not a string"),
                                 missing ? size_ : value.offset}};
        return read;
    }

    constexpr resource_fault const& fault() const noexcept { return fault_; }
    constexpr unreadable_members const& unreadable() const noexcept { return unreadable_; }

private:
    template <std::size_t... Index, std::size_t... Size>
    SIDECALL_DETAIL_INLINE constexpr bool read_usual(json_reader& reader, std::index_sequence<Index...>,
                                                     usual<Size> const&... expected) noexcept
    {
        if constexpr (prefers_size) return false;
        return ((!members_[Index].seen &&
                 (members_[Index].seen = reader.read_expected({expected.name.view().data(), Size - 1}, expected.size,
                                                              members_[Index].value))) ||
                ...);
    }

    template <class T>
    constexpr std::optional<T> read_string(std::size_t index) const
    {
        json_value const& value = members_[index].value;
        if (fault_ || !value.is_string()) return {};
        return detail::read_as(std::type_identity<T>(), value);
    }

    /// Reads one member, whichever it is. Others than these are checked and passed over; one of these that comes twice
    /// is a fault, since either value could be the wrong one. False at the end, and at a fault.
    constexpr bool read_any(json_reader& reader) noexcept
    {
        json_value name, value;
        bool done = false;
        if (!reader.read_member(name, value, done)) return false;
        for (auto& member : members_) {
            if (!detail::json_equal(name, member.name.view())) continue;
            if (member.seen) fault_ = resource_fault{member.name, {"comes twice", name.offset}};
            member.value = value;
            member.seen = true;
            break;
        }
        return !fault_;
    }

    resource_member members_[Count];
    resource_fault fault_{};
    unreadable_members unreadable_{};
    std::size_t size_;
};
template <std::size_t... Size>
resource_reader(std::string_view, usual<Size> const&...) -> resource_reader<sizeof...(Size)>;

/// The failure of an answer that had the documented status and another body; with what the headers say in words, if
/// `Text` owns what it holds.
template <class Text>
constexpr failure malformed(http_response_view const& response, resource_fault const& fault)
{
    failure reason(errc::malformed_response, fault.member, fault.what.rule, fault.what.offset);
    add_status_and_retry_after(response, reason);
    if constexpr (!std::is_same_v<Text, std::string_view>) reason.with(details_in_headers(response));
    return reason;
}

} // namespace sidecall::detail
