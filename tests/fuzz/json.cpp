// nlohmann-json agrees on which texts are JSON, on the values of strings, and on the members of an object. A reported
// mistake is the first one in the text.

#include "fuzz.hpp"
#include "other_json.hpp"

#include <sidecall/detail/text/json.hpp>

using fuzz::hold;
using fuzz::inside;
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
    hold(name.is_string() && text == other.name, "the names are the same");
    hold(json_equal(name, other.name) && !json_equal(name, other.name + "x") && !json_equal(name, "x" + other.name),
         "a name is equal to itself alone");
    hold(value.is_string() == (other.kind == other.string), "what is a string is one");
    if (value.is_string()) hold(characters_of(value) == other.string_value, "the strings are the same");
    if (value.is_string()) return;
    int number = 0;
    bool const is_int = other.kind == other.whole_number && other.number <= 2147483647;
    hold(json_int(value, number) == is_int, "a whole number that fits is one");
    if (is_int) hold(static_cast<std::uint64_t>(number) == other.number, "the numbers are the same");
    json_reader again(value.raw);
    json_value same;
    hold(again.read_text(same) && same.raw == value.raw && same.kind == value.kind, "a value is a text of its own");
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
        hold(lies_in(name, input) && lies_in(value, input), "a member lies inside the text");
        if (other.is_json) {
            hold(count < other.members.size(), "there are no more members");
            check_member(name, value, other.members[count]);
        }
        json_value same;
        bool told = !name.escaped && knowing.read_expected(name.raw, value.raw.size(), same);
        if (told) hold(value.is_string() && !value.escaped, "only what needs no second look is taken so");
        bool knowing_done = false;
        json_value same_name;
        if (!told) told = knowing.read_member(same_name, same, knowing_done);
        hold(told && same.offset == value.offset && same.raw == value.raw, "what is expected is what is there");
        ++count;
    }
    bool const whole = done && reader.read_end();
    hold(whole == !reader.fault(), "what is not read is a fault");
    if (other.is_unsure) return;
    hold(whole == (other.is_json && other.is_object), "what is an object is one");
    if (whole) hold(count == other.members.size(), "there are no fewer members");
}

} // namespace

FUZZ_TARGET(json)
{
    auto const other = fuzz::read_by_nlohmann(input);
    json_reader reader(input);
    json_value value;
    bool const is_json = reader.read_text(value);
    if (!other.is_unsure && input.size() <= json_depth) hold(is_json == other.is_json, "what is JSON is JSON");
    if (is_json) {
        hold(lies_in(value, input), "the value lies inside the text");
        if (value.is_string())
            hold(characters_of(value) == fuzz::string_by_nlohmann(value.raw), "the strings are the same");
    } else {
        std::size_t const at = reader.fault().offset;
        hold(at <= input.size(), "the byte at fault is in the text, or its end");
        json_reader before(input.substr(0, at));
        hold(before.read_text(value) || before.fault().offset == at, "nothing is wrong before the byte at fault");
    }
    if (input.size() <= json_depth) try_members(input, other);
}
