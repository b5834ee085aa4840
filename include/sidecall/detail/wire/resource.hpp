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

// Reads the JSON object of a successful response into typed members.
namespace sidecall::detail {

/// An expected member and its value. The value is null if the member is absent, because in the OpenAPI schema every
/// property is nullable and none is required.
struct resource_member {
    literal name = "";
    json_value value{};
    bool seen = false;
};

/// The name of a member and the usual size of its value.
template <std::size_t Size>
struct expected_member {
    literal name;
    std::size_t size;

    consteval expected_member(char const (&name_)[Size], std::size_t size_) noexcept : name(name_), size(size_) {}
};
template <std::size_t Size>
expected_member(char const (&)[Size], std::size_t) -> expected_member<Size>;

/// Decodes the escapes of a string that should be a SID or a date, and parses the result. A string with escapes and
/// more than 256 bytes is neither: a SID written in escapes only has 204 bytes, a date of Twilio's has 186.
template <class Parse>
constexpr auto parse_unescaped(json_value const& string, Parse parse) noexcept
{
    if (!string.escaped) return parse(string.raw);
    inline_text<256> unescaped;
    if (string.raw.size() <= 256) json_append(unescaped, string);
    return parse(unescaped.view());
}

// Converts a JSON string to the type asked for.
template <char A, char B>
constexpr std::optional<basic_sid<A, B>> read_as(std::type_identity<basic_sid<A, B>>, json_value const& string) noexcept
{
    return detail::parse_unescaped(string, [](std::string_view text) -> std::optional<basic_sid<A, B>> {
        if (check_sid(text, A, B)) return {};
        return checked_sid::make<basic_sid<A, B>>(text);
    });
}
constexpr std::optional<date_time> read_as(std::type_identity<date_time>, json_value const& string) noexcept
{
    return parse_unescaped(string, [](std::string_view text) { return parse_rfc2822(text); });
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

/// Reads the members of the object in a successful response. Keeps the first fault.
///
/// Twilio has already acted when a 201 arrives, so only what makes the whole object doubtful is a fault: text that is
/// not JSON, a repeated member, a required member that is missing or invalid, a date after the year 9999. An optional
/// member that cannot be read is empty and listed in `unreadable`.
template <std::size_t Count>
class resource_reader {
public:
    /// Reads the body. Tries each member of the object as one of the expected ones first, in any order: with the usual
    /// size and without escapes. Reads any other member with the general parser.
    template <std::size_t... Size>
    SIDECALL_DETAIL_INLINE constexpr resource_reader(std::string_view body,
                                                     expected_member<Size> const&... expected) noexcept
        : members_{resource_member{expected.name}...}, size_(body.size())
    {
        json_reader reader(body);
        reader.open_object();
        while (try_read_expected_member(reader, std::index_sequence_for<expected_member<Size>...>(), expected...) ||
               read_any_member(reader)) {
        }
        if (!fault_ && !reader.read_end()) fault_ = named_violation{"", reader.fault()};
    }

    /// Returns an optional member: empty if it is null, absent or unreadable.
    template <class T>
    constexpr std::optional<T> optional_member(std::size_t index)
    {
        auto read = read_string<T>(index);
        auto const& [name, value, seen] = members_[index];
        if (read || value.kind == json_kind::null) return read;
        unreadable_.insert(name.view());
        if (std::is_same_v<T, date_time> && value.is_string() && detail::parse_unescaped(value, is_after_year_9999))
            fault_ = named_violation{name, {"a date after the year 9999", value.offset}};
        return read;
    }

    /// Returns a required member. Sets the fault if it is missing, null or unreadable.
    template <class T>
    constexpr std::optional<T> required_member(std::size_t index)
    {
        auto read = read_string<T>(index);
        if (read || fault_) return read;
        json_value const& value = members_[index].value;
        bool const missing = value.kind == json_kind::null;
        fault_ = named_violation{members_[index].name,
                                 {missing             ? literal("missing or null")
                                  : value.is_string() ? literal("not a SID of this kind")
                                                      : literal("not a string"),
                                  missing ? size_ : value.offset}};
        return read;
    }

    constexpr named_violation const& fault() const noexcept { return fault_; }
    constexpr unreadable_members const& unreadable() const noexcept { return unreadable_; }

private:
    template <std::size_t... Index, std::size_t... Size>
    SIDECALL_DETAIL_INLINE constexpr bool try_read_expected_member(json_reader& reader, std::index_sequence<Index...>,
                                                                   expected_member<Size> const&... expected) noexcept
    {
        if constexpr (prefers_size) return false;
        return ((!members_[Index].seen &&
                 (members_[Index].seen = reader.try_read_string_member({expected.name.view().data(), Size - 1},
                                                                       expected.size, members_[Index].value))) ||
                ...);
    }

    template <class T>
    constexpr std::optional<T> read_string(std::size_t index) const
    {
        json_value const& value = members_[index].value;
        if (fault_ || !value.is_string()) return {};
        return detail::read_as(std::type_identity<T>(), value);
    }

    /// Reads any member. Checks and ignores a member that is not expected. A repeated expected member is a fault,
    /// because either value could be the wrong one. Returns false at the end and on a fault.
    constexpr bool read_any_member(json_reader& reader) noexcept
    {
        json_value name, value;
        bool done = false;
        if (!reader.read_member(name, value, done)) return false;
        for (auto& member : members_) {
            if (!detail::json_equal(name, member.name.view())) continue;
            if (member.seen) fault_ = named_violation{member.name, {"comes twice", name.offset}};
            member.value = value;
            member.seen = true;
            break;
        }
        return !fault_;
    }

    resource_member members_[Count];
    named_violation fault_{};
    unreadable_members unreadable_{};
    std::size_t size_;
};
template <std::size_t... Size>
resource_reader(std::string_view, expected_member<Size> const&...) -> resource_reader<sizeof...(Size)>;

/// Makes the failure for a response that has the documented status but not the documented body. If `Text` owns its
/// bytes, the failure also has the texts of the header fields.
template <class Text>
constexpr failure malformed(http_response_view const& response, named_violation const& fault)
{
    failure reason(errc::malformed_response, fault.field, fault.cause.rule, fault.cause.offset);
    add_status_and_retry_after(response, reason);
    if constexpr (!std::is_same_v<Text, std::string_view>) reason.with(details_in_headers(response));
    return reason;
}

} // namespace sidecall::detail
