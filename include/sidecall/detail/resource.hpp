#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/date_time.hpp>
#include <sidecall/detail/json.hpp>
#include <sidecall/detail/rfc2822.hpp>
#include <sidecall/http.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>

// Reading the object of a successful answer into typed members.
namespace sidecall::detail {

/// A member of the object: its name, and where its value goes. `null` and absence leave that empty, as the OpenAPI
/// schema has every property nullable and none required.
template <class T>
struct member {
    literal name;
    std::optional<T>& value;
    bool seen = false;
};
template <class T>
member(literal, std::optional<T>&) -> member<T>;

template <char A, char B>
std::optional<violation> read_member_value(json_value const& string, std::optional<basic_sid<A, B>>& sid)
{
    auto parsed = basic_sid<A, B>::parse(string.escaped ? to_string(string) : string.raw);
    if (!parsed) return violation{"not a SID of this kind", string.offset};
    sid = *parsed;
    return {};
}

inline std::optional<violation> read_member_value(json_value const& string, std::optional<date_time>& date)
{
    date = parse_rfc2822(string.escaped ? to_string(string) : string.raw);
    if (!date) return violation{"not an RFC 2822 date", string.offset};
    return {};
}

inline std::optional<violation> read_member_value(json_value const& string, std::optional<std::string>& text)
{
    text = to_string(string);
    return {};
}

/// A failure in the body of an answer that had the documented status.
inline failure malformed(http_response_view const& response, literal field, violation const& what)
{
    return failure(errc::malformed_response, response.status, field, what.rule, what.offset, details_of(response));
}

/// Reads the body of an answer, a JSON object, into these members. Unknown ones are checked and passed over; a known
/// one that comes twice is a fault, since either value could be the wrong one. Nothing if all is well.
template <class... T>
std::optional<failure> read_resource(http_response_view const& response, member<T>... members)
{
    json_reader reader(response.body);
    json_value name, value;
    std::optional<failure> fault;
    auto const take = [&](auto& wanted) {
        if (!json_equal(name, wanted.name.view())) return false;
        if (std::exchange(wanted.seen, true))
            fault = malformed(response, wanted.name, {"comes twice", name.offset});
        else if (value.kind != json_kind::null && !value.is_string())
            fault = malformed(response, wanted.name, {"neither a string nor null", value.offset});
        else if (value.is_string())
            if (auto const wrong = read_member_value(value, wanted.value))
                fault = malformed(response, wanted.name, *wrong);
        return true;
    };

    bool done = false;
    reader.open_object();
    while (!fault && reader.read_member(name, value, done)) static_cast<void>((take(members) || ...));
    if (!fault && !reader.read_end()) fault = malformed(response, "", *reader.fault());
    return fault;
}

} // namespace sidecall::detail
