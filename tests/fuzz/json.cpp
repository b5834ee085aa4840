// nlohmann-json agrees on which texts are JSON, on the values of strings, and on the members of an object. A reported
// mistake is the first one in the text.

#include "fuzz.hpp"
#include "other_json.hpp"

#include <sidecall/detail/text/json.hpp>
#include <sidecall/json.hpp>
#include <sidecall/paging.hpp>

#include <algorithm>

using fuzz::inside;
using fuzz::require;
using namespace sidecall::detail;

namespace {

/// Whether a raw text lies within the input. The reader returns a constant for `null`, `true` and `false`.
bool lies_in(json_value const& value, std::string_view input)
{
    bool const is_word = value.kind == json_kind::null || value.kind == json_kind::boolean;
    return (is_word || inside(value.raw, input)) && input.substr(value.offset, value.raw.size()) == value.raw;
}

std::string characters_of(json_value const& value)
{
    std::string text;
    json_append(text, value);
    return text;
}

void check_member(json_value const& name, json_value const& value, fuzz::other_member const& other)
{
    std::string const text = characters_of(name);
    require(name.is_string() && text == other.name, "the names are the same");
    require(json_equal(name, other.name) && !json_equal(name, other.name + "x") && !json_equal(name, "x" + other.name),
            "a name compares equal only to itself");
    require(value.is_string() == (other.kind == other.string), "both readers see a string, or neither");
    if (value.is_string()) require(characters_of(value) == other.string_value, "the strings are the same");
    if (value.is_string()) return;
    int number = 0;
    bool const is_int = other.kind == other.whole_number && other.number <= 2147483647;
    require(json_int(value, number) == is_int, "an integer that fits is read");
    if (is_int) require(static_cast<std::uint64_t>(number) == other.number, "the numbers are the same");
    json_reader again(value.raw);
    json_value same;
    require(again.read_text(same) && same.raw == value.raw && same.kind == value.kind,
            "the raw text of a value parses to the same value");
}

void try_members(std::string_view input, fuzz::other_json const& other)
{
    json_reader reader(input);
    json_reader knowing(input); // called for the expected kind of value
    json_value name, value;
    bool done = false;
    std::size_t count = 0;
    if (reader.open_object()) knowing.open_object();
    while (reader.read_member(name, value, done)) {
        require(lies_in(name, input) && lies_in(value, input), "a member lies within the text");
        if (other.is_json) {
            require(count < other.members.size(), "there are no extra members");
            check_member(name, value, other.members[count]);
        }
        json_value same;
        bool was_read = !name.escaped && knowing.try_read_string_member(name.raw, value.raw.size(), same);
        if (was_read)
            require(value.is_string() && !value.escaped, "try_read_string_member accepts only strings without escapes");
        bool knowing_done = false;
        json_value same_name;
        if (!was_read) was_read = knowing.read_member(same_name, same, knowing_done);
        require(was_read && same.offset == value.offset && same.raw == value.raw,
                "an expected value is the value that is there");
        ++count;
    }
    bool const whole = done && reader.read_end();
    require(whole == !reader.fault(), "an object that cannot be read is a fault");
    if (other.is_unsure) return;
    require(whole == (other.is_json && other.is_object), "both readers accept the object, or neither");
    if (whole) require(count == other.members.size(), "no member is missing");
}

/// The public reader finds the same members, by name and in order.
void try_object(std::string_view input, fuzz::other_json const& other)
{
    auto const object = sidecall::json_object::parse(input);
    if (other.is_unsure) return;
    require(object.has_value() == (other.is_json && other.is_object), "json_object accepts objects, and nothing else");
    if (!object) return;
    std::size_t count = 0;
    for (auto const [name, member] : *object) {
        require(count < other.members.size(), "json_object has no extra members");
        fuzz::other_member const& same = other.members[count++];
        require(name.to_string() == same.name && name == same.name, "the names are the same");
        require(input.substr(member.offset(), member.raw().size()) == member.raw(), "the offset is that of the value");
        auto const times = std::count_if(other.members.begin(), other.members.end(),
                                         [&](fuzz::other_member const& one) { return one.name == same.name; });
        sidecall::json_value const found = object->find(same.name);
        require(found.exists(), "a member is found by its name");
        auto const text = found.string();
        require(text.has_value() == (times == 1 && member.type() == sidecall::json_type::string),
                "a member is read if its name is there once");
        if (text) require(text->to_string() == same.string_value, "the strings are the same");
        if (member.type() != sidecall::json_type::array) continue;
        auto const array = member.array().value();
        std::size_t end = member.offset();
        for (auto const element : array) {
            require(element.offset() > end, "elements follow each other");
            require(input.substr(element.offset(), element.raw().size()) == element.raw(),
                    "the offset is the element's");
            end = element.offset() + element.raw().size();
        }
        require(end < member.offset() + member.raw().size() || array.empty(), "elements lie within the array");
    }
    require(count == other.members.size(), "json_object misses no member");
}

/// The target of a GET request.
struct fetch_uri {
    std::string uri;

    static constexpr auto request_method = sidecall::http_method::get;
    static constexpr std::string_view product = "voice";

    template <class Request>
    void write(Request& request) const
    {
        request.uri(uri);
    }
};

/// Reads the next page of a list. Whatever the response says, the next request must go to the same host.
void try_next_page(std::string_view input)
{
    auto const next = sidecall::next_page(input, "voice");
    if (!next || !*next) return;
    auto const request = sidecall::make_request(fetch_uri{**next});
    require(request.has_value(), "the next page is a URI that an operation can write");
    require(request->host() == "voice.twilio.com" && request->target() == **next, "the next page is at the same host");
}

} // namespace

FUZZ_TARGET(json)
{
    try_next_page(input);
    auto const other = fuzz::read_by_nlohmann(input);
    json_reader reader(input);
    json_value value;
    bool const is_json = reader.read_text(value);
    if (!other.is_unsure && input.size() <= json_depth)
        require(is_json == other.is_json, "both readers accept the text, or neither");
    if (is_json) {
        require(lies_in(value, input), "the value lies within the text");
        if (value.is_string())
            require(characters_of(value) == fuzz::string_by_nlohmann(value.raw), "the strings are the same");
    } else {
        std::size_t const at = reader.fault().offset;
        require(at <= input.size(), "the offset is within the text or at its end");
        json_reader before(input.substr(0, at));
        require(before.read_text(value) || before.fault().offset == at, "there is no mistake before the reported one");
    }
    if (input.size() <= json_depth) {
        try_members(input, other);
        try_object(input, other);
    }
}
