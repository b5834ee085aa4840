// json.hpp: values by name and in order, and agreement with nlohmann-json.
#include <sidecall/json.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sidecall/sid.hpp>

#include "ends_program.hpp"
#include "lasting.hpp"
#include "tally.hpp"

namespace json_object_test {

namespace {

using sidecall::errc;
using sidecall::json_array;
using sidecall::json_object;
using sidecall::json_type;
using sidecall::json_value;
using sidecall::result;

constexpr std::string_view call = R"( {
    "sid": "CA00000000000000000000000000000002", "price": -1.50e2, "duration": 12, "answered_by": null,
    "to": "caf\u00e9 \ud83d\ude00\n", "is_video": true, "is_held": false, "empty": "", "none": [], "no_members": {},
    "events": ["ringing", 7, {"at": {"second": -9223372036854775808}}, [["deep"]], null], "\u0061b": 3
} )";

constexpr json_object parsed()
{
    return json_object::parse(call).value();
}

/// The failure as text, or "".
template <class T>
std::string describe(result<T> const& outcome)
{
    return outcome ? "" : outcome.error().to_string();
}

/// What is different between a value and nlohmann's reading of the same text; "" if nothing is.
std::string difference(json_value const& ours, nlohmann::json const& theirs);

std::string difference(json_object const& ours, nlohmann::json const& theirs)
{
    std::size_t count = 0;
    for (auto const [name, value] : ours) {
        ++count;
        std::string const key = name.to_string();
        if (!theirs.contains(key)) return "a member that is not there: " + key;
        if (std::string const inner = difference(value, theirs[key]); !inner.empty()) return key + ": " + inner;
        if (std::string const inner = difference(ours.find(key), theirs[key]); !inner.empty())
            return "find " + key + ": " + inner;
    }
    return count == theirs.size() ? "" : "another number of members";
}

std::string difference(json_array const& ours, nlohmann::json const& theirs)
{
    std::size_t count = 0;
    for (json_value const value : ours) {
        if (count == theirs.size()) return "too many elements";
        if (std::string const inner = difference(value, theirs[count]); !inner.empty())
            return std::to_string(count) + ": " + inner;
        ++count;
    }
    return count == theirs.size() && ours.empty() == theirs.empty() ? "" : "another number of elements";
}

std::string difference(json_value const& ours, nlohmann::json const& theirs)
{
    switch (ours.type()) {
    case json_type::null: return theirs.is_null() && ours.is_null() ? "" : "null";
    case json_type::boolean: return theirs == ours.boolean().value() ? "" : "another truth value";
    case json_type::number:
        if (theirs.is_number_float()) return ours.integer() ? "an integer" : "";
        if (theirs.is_number_unsigned() && theirs.get<std::uint64_t>() > INT64_MAX)
            return ours.integer() ? "too large" : "";
        return ours.integer() == theirs.get<std::int64_t>() ? "" : "another integer";
    case json_type::string: {
        auto const text = ours.string().value();
        char room[4096];
        if (text.to_string() != theirs.get<std::string>() || !(text == theirs.get<std::string>()))
            return "another string";
        return text.decode(room) == std::string_view(theirs.get_ref<std::string const&>()) ? "" : "decoded otherwise";
    }
    case json_type::array: return theirs.is_array() ? difference(ours.array().value(), theirs) : "an array";
    case json_type::object: return theirs.is_object() ? difference(ours.object().value(), theirs) : "an object";
    }
    return "no type";
}

/// A random value, written with random whitespace and escapes.
std::string random_json(std::mt19937& random, int depth)
{
    auto const space = [&] { return std::string(random() % 3, " \n\t\r"[random() % 4]); };
    auto const string = [&] {
        static constexpr char const* pieces[] = {"a",    "\\u00e9", "\\n", "\xC3\xA9", "\\ud83d\\ude00",
                                                 "\\\"", "zz",      "\\/", ""};
        std::string text = "\"";
        for (auto i = random() % 6; i != 0; --i) text += pieces[random() % std::size(pieces)];
        return text + "\"";
    };
    switch (random() % (depth > 4 ? 4 : 6)) {
    case 0: return string();
    case 1: return std::to_string(static_cast<std::int64_t>(random()) * (random() % 2 == 0 ? 1 : -4'000'000'000));
    case 2: return random() % 2 == 0 ? "-0.25e-3" : "18446744073709551615";
    case 3: return random() % 3 == 0 ? "null" : random() % 2 == 0 ? "true" : "false";
    case 4: {
        std::string text = "[" + space();
        for (auto i = random() % 5, first = i; i != 0; --i)
            text += (i == first ? "" : space() + ",") + space() + random_json(random, depth + 1);
        return text + space() + "]";
    }
    default: {
        std::string text = "{" + space();
        for (auto i = random() % 5, first = i; i != 0; --i)
            text += (i == first ? "" : ",") + space() + "\"" + std::to_string(i) + string().substr(1) + space() + ":" +
                    space() + random_json(random, depth + 1);
        return text + space() + "}";
    }
    }
}

} // namespace

TEST_CASE("reads members by name, of every type")
{
    constexpr json_object object = parsed();
    CHECK(object["sid"].string().value() == "CA00000000000000000000000000000002");
    CHECK(object["price"].number() == std::string_view("-1.50e2"));
    CHECK(object["duration"].integer() == 12);
    CHECK(object["is_video"].boolean() == true);
    CHECK(object["is_held"].boolean() == false);
    CHECK(object["to"].string().value().to_string() == "caf\xC3\xA9 \xF0\x9F\x98\x80\n");
    CHECK(object["to"].string().value().has_escapes());
    CHECK(object["empty"].string().value() == "");
    CHECK(object["ab"].integer() == 3); // its name has an escape
    CHECK(object.find(std::string("a") + "b").integer() == 3);
    CHECK(object["none"].array().value().empty());
    CHECK(object["no_members"].object().value().begin() == object["no_members"].object().value().end());
    CHECK(object["answered_by"].exists());
    CHECK(object["answered_by"].is_null());
    CHECK_FALSE(object["absent"].exists());
    CHECK(object["absent"].is_null());
    CHECK(object["absent"].type() == json_type::null);
    CHECK_FALSE(object["duration"].is_null());
}

TEST_CASE("reads elements and nested values in order")
{
    auto const events = parsed()["events"].array().value();
    auto at = events.begin();
    CHECK((*at++).string().value() == "ringing");
    CHECK((*at).integer() == 7);
    auto const second = (*++at).object().value()["at"].object().value()["second"];
    CHECK(second.integer() == INT64_MIN);
    CHECK(call.substr(second.offset(), second.raw().size()) == second.raw());
    CHECK((*++at).array().value().begin() != events.end());
    CHECK((*++at).is_null());
    CHECK(++at == events.end());
    CHECK(json_array::iterator() == events.end());
}

TEST_CASE("names the member and the byte of a value that is something else")
{
    auto const object = json_object::parse(R"({"a":{"b":"c","d":1.5},"e":1,"e":2,"f":9223372036854775808})").value();
    auto const a = object["a"].object().value();
    CHECK(describe(a["b"].integer()) == "malformed_response: b: not a number (byte 11)");
    CHECK(describe(a["d"].integer()) == "malformed_response: d: not an integer of 64 bits (byte 18)");
    CHECK(describe(a["d"].string()) == "malformed_response: d: not a string (byte 18)");
    CHECK(describe(a["d"].array()) == "malformed_response: d: not an array (byte 18)");
    CHECK(describe(a["d"].object()) == "malformed_response: d: not an object (byte 18)");
    CHECK(describe(a["d"].boolean()) == "malformed_response: d: neither true nor false (byte 18)");
    CHECK(describe(a["x"].number()) == "malformed_response: x: missing");
    CHECK(describe(object["e"].integer()) == "malformed_response: e: present twice (byte 33)");
    CHECK(describe(object["f"].integer()) == "malformed_response: f: not an integer of 64 bits (byte 39)");
    CHECK(describe(object.find("e").integer()) == "malformed_response: present twice (byte 33)");
}

TEST_CASE("rejects a text that is not one JSON object")
{
    struct row {
        std::string_view text;
        std::string_view failure;
    };
    for (auto const& [text, expected] : {
             row{"", "malformed_response: the text ends too early (byte 0)"},
             row{"[{}]", "malformed_response: not a JSON object (byte 0)"},
             row{" 1", "malformed_response: not a JSON object (byte 1)"},
             row{"{\"a\":1,}", "malformed_response: not a member's name (byte 7)"},
             row{"{} {}", "malformed_response: more text after the end of the value (byte 3)"},
         })
        CHECK(describe(json_object::parse(text)) == expected);
}

TEST_CASE("decodes a string into the caller's buffer, or says how much it needs")
{
    auto const object = json_object::parse(R"({"a":"x\u00e9y","b":"plain"})").value();
    auto const text = object["a"].string().value();
    char buffer[4];
    CHECK(text.decode(buffer) == std::string_view("x\xC3\xA9y"));
    CHECK(text.decode({buffer, 4}).value().data() == buffer);
    for (std::size_t size : {0u, 1u, 2u, 3u}) {
        auto const refused = text.decode({buffer, size});
        CHECK(refused.error().code() == errc::invalid_argument);
        CHECK(refused.error().offset() == text.raw().size());
    }
    CHECK(object["b"].string().value().decode({buffer, 0}) == std::string_view("plain"));
}

TEST_CASE("agrees with nlohmann-json about every value")
{
    std::mt19937 random(1);
    tally all;
    for (int i = 0; i != 5000; ++i) {
        std::string text = random_json(random, 0);
        if (text[0] != '{') text = "{\"0\": " + text + "}";
        auto const object = json_object::parse(std::string_view(text));
        all.add(object ? difference(*object, nlohmann::json::parse(text)) : "rejected", text);
    }
    all.check_all(5000);
}

TEST_CASE("reads JSON in a constant expression")
{
    static_assert(parsed()["duration"].integer().value() == 12);
    static_assert([] {
        int count = 0;
        json_object const object = parsed();
        for (auto const member : object) count += member.value.exists() ? 1 : 0;
        return count;
    }() == 12);
}

TEST_CASE("a string is read as a SID, whatever escapes it has, and an optional string never fails")
{
    std::string const text =
        R"({"sid":"CA00000000000000000000000000000002","escaped":"\u0043A0000000000000000000000000000000\u0032",)"
        R"("other":"CA2","number":2,"none":null,"long":")" +
        std::string(300, 'x') + R"(\n"})";
    auto const object = *json_object::parse(text);
    for (auto const* name : {"sid", "escaped"})
        CHECK(lasting(*object.find(name).sid<sidecall::call_sid>()).view() == "CA00000000000000000000000000000002");
    CHECK(describe(object["sid"].sid<sidecall::account_sid>()) ==
          "malformed_response: sid: not a SID of this kind (byte 8)");
    CHECK(object["other"].sid<sidecall::call_sid>().error().offset() == object["other"].offset());
    CHECK(object["long"].sid<sidecall::call_sid>().error().field() == "long");
    CHECK(describe(object["number"].sid<sidecall::call_sid>()).find("not a string") != std::string::npos);
    CHECK(describe(object["absent"].sid<sidecall::call_sid>()) == "malformed_response: absent: missing");

    CHECK(object["other"].optional_string() == "CA2");
    CHECK(object["escaped"].optional_string() == "CA00000000000000000000000000000002");
    for (auto const* name : {"absent", "number", "none"}) CHECK(!object.find(name).optional_string());
    CHECK(object["number"].optional_integer() == 2);
    for (auto const* name : {"absent", "other", "none"}) CHECK(!object.find(name).optional_integer());
    CHECK(parsed()["is_video"].optional_boolean() == true);
    CHECK(parsed()["is_held"].optional_boolean() == false);
    for (auto const* name : {"absent", "number", "none"}) CHECK(!object.find(name).optional_boolean());
}

TEST_CASE("a loop can read the elements of a container that a function returns")
{
    auto const object = sidecall::json_object::parse(R"({"calls":[1,2],"meta":{"page":3}})");
    REQUIRE(object);
    std::int64_t sum = 0;
    for (auto const element : *(*object)["calls"].array()) sum += *element.integer();
    for (auto const member : (*object)["meta"].object().value()) sum += *member.value.integer();
    CHECK(sum == 6);
}

} // namespace json_object_test
