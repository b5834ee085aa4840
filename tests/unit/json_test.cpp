#include <sidecall/detail/text/json.hpp>
#include <sidecall/http.hpp> // detail::to_string
#include <sidecall/subscription.hpp>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <doctest/doctest.h>

#include "lasting.hpp"

namespace json_test {

namespace {

using namespace sidecall::literals;
using sidecall::detail::json_depth;
using sidecall::detail::json_kind;
using sidecall::detail::json_reader;
using sidecall::detail::json_value;

/// The offset of the first mistake, or -1.
constexpr int mistake(std::string_view text)
{
    json_reader reader(text);
    json_value value;
    if (reader.read_text(value)) return -1;
    return reader.fault() ? static_cast<int>(reader.fault().offset) : -2;
}

std::string rule(std::string_view text)
{
    json_reader reader(text);
    json_value value;
    if (reader.read_text(value)) return "";
    return std::string(reader.fault().rule.view());
}

/// The decoded characters of a text that is a JSON string, or "(none)".
std::string string_of(std::string_view text)
{
    json_reader reader(text);
    json_value value;
    if (!reader.read_text(value) || !value.is_string()) return "(none)";
    return sidecall::detail::to_string(value);
}

std::string repeat(std::string_view text, std::size_t times)
{
    std::string all;
    all.reserve(text.size() * times);
    for (; times != 0; --times) all += text;
    return all;
}

std::string utf8(std::uint32_t point)
{
    auto const byte = [](std::uint32_t n) { return static_cast<char>(n); };
    if (point < 0x80) return {byte(point)};
    if (point < 0x800) return {byte(0xC0 | point >> 6), byte(0x80 | (point & 63))};
    if (point < 0x10000) return {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63))};
    return {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 63)), byte(0x80 | (point >> 6 & 63)),
            byte(0x80 | (point & 63))};
}

std::string escape(std::uint32_t unit, char const* digits = "0123456789abcdef")
{
    return {'\\', 'u', digits[unit >> 12 & 15], digits[unit >> 8 & 15], digits[unit >> 4 & 15], digits[unit & 15]};
}

/// Whether three digits follow an "e", so that the number may be out of range for a double.
bool has_long_exponent(std::string_view text)
{
    for (std::size_t at = 0; (at = text.find_first_of("eE", at)) != text.npos;) {
        ++at;
        if (at != text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        if (text.find_first_not_of("0123456789", at) - at >= 3 && text.size() - at >= 3) return true;
    }
    return false;
}

std::vector<std::string> const samples = {
    R"({"a":[1,-0,2.5e-3,1E+2,0.0],"b":{"":null,"\u00fc":true,"c":false},"d":"x\"\\\/\b\f\n\r\t\ud83d\ude00"})",
    " [ [ ] , { } , [ { \"k\" : [ null ] } ] ,\t\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80\" ]\r\n",
    R"("a string by itself, \u0041\u00e9\u20ac")",
    "-12.75e1",
    "true",
    "null",
    R"([{"sid":"ZY","n":[[[[1]]]]},{},[],"",0])",
};

// It works at compile time.
static_assert(mistake(R"({"a":[1,2,{"b":null}],"c":"\u00e9"})") == -1);
static_assert(mistake("[1,]") == 3);

} // namespace

TEST_CASE("reports a value's kind, its raw text and its offset")
{
    struct row {
        std::string_view text;
        json_kind kind;
        std::string_view raw;
        std::size_t offset;
        bool escaped;
    };
    for (auto const& [text, kind, raw, offset, escaped] : {
             row{" null ", json_kind::null, "null", 1, false},
             row{"true", json_kind::boolean, "true", 0, false},
             row{"\tfalse", json_kind::boolean, "false", 1, false},
             row{"\r\n-1.5e+7 ", json_kind::number, "-1.5e+7", 2, false},
             row{"0", json_kind::number, "0", 0, false},
             row{" \"a b\" ", json_kind::string, "a b", 2, false},
             row{"\"\"", json_kind::string, "", 1, false},
             row{"\"a\\n\"", json_kind::string, "a\\n", 1, true},
             row{" [1, [2]] ", json_kind::array, "[1, [2]]", 1, false},
             row{" {\"a\": {}} ", json_kind::object, "{\"a\": {}}", 1, false},
         }) {
        auto const shown = text; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        json_reader reader(text);
        json_value value;
        CHECK(reader.read_text(value));
        CHECK(value.kind == kind);
        CHECK(value.raw == raw);
        CHECK(value.offset == offset);
        CHECK(value.escaped == escaped);
        CHECK(value.is_string() == (kind == json_kind::string));
        CHECK(!reader.fault());
    }
}

TEST_CASE("each mistake is reported with its rule and its byte offset")
{
    struct row {
        std::string_view text;
        int offset;
        std::string_view says;
    };
    for (auto const& [text, offset, says] : {
             row{"", 0, "ends too early"},
             row{" ", 1, "ends too early"},
             row{"[1", 2, "ends too early"},
             row{"\"abc", 4, "ends too early"},
             row{"x", 0, "not a JSON value"},
             row{"+1", 0, "not a JSON value"},
             row{"'a'", 0, "not a JSON value"},
             row{"nul", 3, "ends too early"},
             row{"nulL", 3, "not a JSON value"},
             row{"01", 1, "more text"},
             row{"-x", 1, "not a digit"},
             row{"1.x", 2, "not a digit"},
             row{"1ex", 2, "not a digit"},
             row{"1e+x", 3, "not a digit"},
             row{"[1.x]", 3, "not a digit"},
             row{"[1e+x]", 4, "not a digit"},
             row{"{\"a\nb\":1}", 3, "a control character"},
             row{"{\"a\\xb\":1}", 4, "not a JSON escape"},
             row{"[1,]", 3, "not a JSON value"},
             row{"[1 2]", 3, "no ',' or ']'"},
             row{"[1}", 2, "no ',' or ']'"},
             row{"{\"a\":1]", 6, "no ',' or '}'"},
             row{"{\"a\":1,}", 7, "not a member's name"},
             row{"{a:1}", 1, "not a member's name"},
             row{"{\"a\" 1}", 5, "no ':'"},
             row{"{\"a\":}", 5, "not a JSON value"},
             row{"[{\"a\":1 \"b\":2}]", 8, "no ',' or '}'"},
             row{"{} {}", 3, "more text"},
             row{"\"a\nb\"", 2, "a control character"},
             row{"\"a\\xb\"", 3, "not a JSON escape"},
             row{"\"\\u12g4\"", 5, "not a hexadecimal digit"},
             row{"\"\\u12g4\x01\"", 5, "not a hexadecimal digit"},
             row{"\"\\ud800\\u12g4\x01\"", 11, "not a hexadecimal digit"},
             row{"\"\\udc00\"", 1, "half of a surrogate pair"},
             row{"\"\\udc00\\udc00\"", 1, "half of a surrogate pair"},
             row{"\"\\ud800\"", 1, "half of a surrogate pair"},
             row{"\"\\ud800x\"", 1, "half of a surrogate pair"},
             row{"\"a\xFF\"", 2, "not UTF-8"},
             row{"\"\xED\xA0\x80\"", 1, "not UTF-8"},
             row{"\xEF\xBB\xBF{}", 0, "not a JSON value"},
         }) {
        auto const shown = text; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        CHECK(mistake(text) == offset);
        auto const said = rule(text);
        CAPTURE(said);
        CHECK(rule(text).find(says) != std::string::npos);
    }
    CHECK(mistake(std::string_view("1\0", 2)) == 1);
    CHECK(mistake(std::string_view("\0", 1)) == 0);
    CHECK(mistake(std::string_view("[\0]", 3)) == 1);
    CHECK(mistake(std::string_view("\"\0\"", 3)) == 1);
}

TEST_CASE("rejects a truncated text at its end, or at the character that is cut off")
{
    for (auto const& text : samples) {
        REQUIRE(mistake(text) == -1);
        if (text.find_first_of("{[\"") == text.npos) continue; // the start of a number or a word may be valid
        std::size_t const last = text.find_last_of("}]\"");
        for (std::size_t size = 0; size <= last; ++size) {
            CAPTURE(text.substr(0, size));
            int const offset = mistake(std::string_view(text).substr(0, size));
            bool const at_the_end = offset == static_cast<int>(size);
            bool const at_a_cut_character = offset >= 0 && offset < static_cast<int>(size) &&
                                            offset + 4 > static_cast<int>(size) &&
                                            static_cast<unsigned char>(text[static_cast<std::size_t>(offset)]) >= 0xC0;
            CHECK((at_the_end || at_a_cut_character));
        }
    }
}

TEST_CASE("agrees with nlohmann-json on thousands of texts, and text after a mistake does not change the offset")
{
    std::mt19937 random(8259);
    std::string const alphabet =
        "{}[]\",:\\/ \t\n\r0123456789+-.eEtruefalsn\"ubdDcC8\x01\x7F\xC3\xBC\x80\xED\xA0\xF0\xFF";
    auto const pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
    int accepted = 0;
    int differ = 0;
    int moved = 0;
    std::string first;
    for (int round = 0; round != 12000; ++round) {
        std::string text = samples[pick(samples.size())];
        for (std::size_t edits = 1 + pick(2); edits != 0; --edits) {
            std::size_t const at = pick(text.size() + 1);
            switch (pick(5)) {
            case 0: text.insert(at, 1, alphabet[pick(alphabet.size())]); break;
            case 1: text.erase(at, 1); break;
            case 2: text.erase(at, pick(8)); break;
            case 3: {
                std::size_t const from = pick(text.size() + 1);
                std::size_t const size = pick(8);
                text.insert(at, text.substr(from, size));
                break;
            }
            default: text.replace(at, 1, 1, alphabet[pick(alphabet.size())]); break;
            }
        }
        int const offset = mistake(text);
        bool const ours = offset == -1;
        bool theirs = nlohmann::json::accept(text);
        // nlohmann-json skips a byte order mark and rejects numbers that are out of range for a double.
        if (has_long_exponent(text)) continue;
        if (text.compare(0, 3, "\xEF\xBB\xBF") == 0) theirs = false;
        accepted += ours;
        if (ours != theirs && ++differ == 1) first = text;
        if (!ours && offset < static_cast<int>(text.size()) && mistake(text + "\x02") != offset) ++moved;
        if (ours && text.find('"') == text.find_first_not_of(" \t\r\n") && theirs)
            if (string_of(text) != nlohmann::json::parse(text).get<std::string>()) ++differ;
    }
    CAPTURE(first);
    CHECK(differ == 0);
    CHECK(moved == 0);
    CHECK(accepted > 500);
    CHECK(accepted < 11000);
}

TEST_CASE("the members of an object are read one by one, in order")
{
    json_reader reader(R"( { "a" : 1 , "\u0062":[{"x":"]}"}], "a":"\n" } )");
    json_value name, value;
    bool done = false;
    CHECK(reader.open_object());
    REQUIRE(reader.read_member(name, value, done));
    CHECK(name.raw == "a");
    CHECK(value.raw == "1");
    REQUIRE(reader.read_member(name, value, done));
    CHECK(sidecall::detail::json_equal(name, "b"));
    CHECK(value.raw == R"([{"x":"]}"}])");
    CHECK(!done);
    REQUIRE(reader.read_member(name, value, done));
    CHECK(name.raw == "a"); // both members with this name are reported; the caller decides what a repeated name means
    CHECK(value.escaped);
    CHECK(!reader.read_member(name, value, done));
    CHECK(done);
    CHECK(reader.read_end());
    CHECK(!reader.fault());

    json_reader empty("{}");
    done = false;
    CHECK(empty.open_object());
    CHECK(!empty.read_member(name, value, done));
    CHECK(done);
    CHECK(empty.read_end());
}

TEST_CASE("reading an object member by member gives the same verdict as reading it whole")
{
    std::mt19937 random(17);
    int differ = 0;
    for (int round = 0; round != 4000; ++round) {
        std::string text = round % 2 ? samples[0] : R"({"a":{"b":[{}]},"c":null , "d" : "e"})";
        text.replace(random() % text.size(), random() % 3, 1, "{}[]\",:x1 \\"[random() % 11]);
        json_reader reader(text);
        json_value name, value;
        bool done = false;
        bool whole = reader.open_object();
        while (whole && reader.read_member(name, value, done)) {
        }
        whole = whole && done && reader.read_end();
        if (whole != (mistake(text) == -1 && text.find_first_not_of(' ') == text.find('{'))) ++differ;
        if (!whole && !reader.fault()) ++differ;
        if (!whole && text[0] == '{' && static_cast<int>(reader.fault().offset) != mistake(text)) ++differ;
        if (!whole && text[0] == '{' && reader.fault().rule.view() != rule(text)) ++differ;
        // After a failure, every further read fails.
        if (!whole && (reader.read_member(name, value, done) || reader.read_end())) ++differ;
    }
    CHECK(differ == 0);
    for (std::string_view text : {"", " ", "[]", "\"a\"", "1", "null", "x{}"}) {
        json_reader reader(text);
        json_value name, value;
        bool done = false;
        CHECK(!reader.open_object());
        CHECK(!reader.read_member(name, value, done));
        CHECK(!done);
        CHECK(!reader.read_end());
        CHECK(reader.fault());
    }
}

TEST_CASE("each code point of the basic multilingual plane can be escaped or written directly")
{
    int wrong = 0;
    for (std::uint32_t point = 0; point != 0x10000; ++point) {
        std::string const escaped = '"' + escape(point) + '"';
        if (point >= 0xD800 && point <= 0xDFFF) {
            wrong += mistake(escaped) == -1;
            wrong += mistake('"' + utf8(point) + '"') != 1;
            continue;
        }
        std::string const character = utf8(point);
        wrong += string_of(escaped) != character;
        wrong += string_of('"' + escape(point, "0123456789ABCDEF") + '"') != character;
        bool const must_be_escaped = point < 0x20 || point == '"' || point == '\\';
        wrong += string_of('"' + character + '"') != (must_be_escaped ? "(none)" : character);
    }
    CHECK(wrong == 0);
}

TEST_CASE("each supplementary code point can be written as a surrogate pair or directly")
{
    int wrong = 0;
    for (std::uint32_t point = 0x10000; point < 0x110000; point += point < 0x10400 ? 1 : 0x3FD) {
        std::string const pair =
            escape(0xD800 + ((point - 0x10000) >> 10)) + escape(0xDC00 + ((point - 0x10000) & 0x3FF));
        wrong += string_of('"' + pair + '"') != utf8(point);
        wrong += string_of('"' + utf8(point) + '"') != utf8(point);
        wrong += string_of("\"a" + pair + "b" + pair + '"') != "a" + utf8(point) + "b" + utf8(point);
    }
    CHECK(string_of(R"("\uD800\uDC00")") == utf8(0x10000));
    CHECK(string_of(R"("\uDBFF\uDFFF")") == utf8(0x10FFFF));
    CHECK(wrong == 0);
    for (std::string_view text :
         {R"("\ud800\ud800")", R"("\udc00\ud800")", R"("\ud800\u0041")", R"("\udbff\ue000")", R"("\ud800\n")",
          R"("\ud800 \udc00")", R"("\udfff")", R"("\ud83d)", R"("\ud83d\)", R"("\ud83d\ude0")"})
        CHECK(mistake(text) > 0);
}

TEST_CASE("the short escapes are those of RFC 8259, and no others are accepted")
{
    CHECK(string_of(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
    CHECK(string_of(R"("a\nb\\c")") == "a\nb\\c");
    CHECK(string_of("\"plain\"") == "plain");
    CHECK(string_of(R"("\u0000x")") == std::string("\0x", 2));
    int accepted = 0;
    for (int c = 0; c != 256; ++c) accepted += mistake({std::string("\"\\") + static_cast<char>(c) + '"'}) == -1;
    CHECK(accepted == 8); // "u" needs four digits
}

TEST_CASE("a string is compared by its decoded characters")
{
    auto const equal = [](std::string_view text, std::string_view with) {
        json_reader reader(text);
        json_value value;
        REQUIRE(reader.read_text(value));
        return sidecall::detail::json_equal(value, with);
    };
    for (std::string_view text :
         {"\"sid\"", R"("\u0073id")", R"("s\u0069d")", R"("si\u0064")", R"("\u0073\u0069\u0064")"}) {
        CHECK(equal(text, "sid"));
        CHECK_FALSE(equal(text, ""));
        CHECK_FALSE(equal(text, "si"));
        CHECK_FALSE(equal(text, "sidx"));
        CHECK_FALSE(equal(text, "Sid"));
        CHECK_FALSE(equal(text, "xid"));
    }
    CHECK(equal("\"\"", ""));
    CHECK_FALSE(equal("\"\"", "a"));
    CHECK_FALSE(equal(R"("\u0000")", ""));
    CHECK(equal(R"("\u0000")", std::string_view("\0", 1)));
    CHECK(equal(R"("\u00fc")", "\xC3\xBC"));
    CHECK_FALSE(equal(R"("\u00fc")", "\xC3"));
}

TEST_CASE("reads an integer if it fits")
{
    auto const number = [](std::string_view text) {
        json_reader reader(text);
        json_value value;
        REQUIRE(reader.read_text(value));
        int read = 0;
        return sidecall::detail::json_int(value, read) ? read : -1;
    };
    CHECK(number("0") == 0);
    CHECK(number("20404") == 20404);
    CHECK(number("2147483647") == 2147483647);
    for (std::string_view text : {"2147483648", "4294967296", "9999999999", "10000000000", "99999999999999999999999",
                                  "-1", "-0", "1.0", "1e2", "\"1\"", "null", "true", "[1]", "{}"})
        CHECK(number(text) == -1);
}

TEST_CASE("accepts values nested up to the depth limit, and no deeper")
{
    auto const nested = [](std::size_t depth) { return repeat("[", depth) + repeat("]", depth); };
    CHECK(mistake(nested(json_depth)) == -1);
    CHECK(mistake(nested(json_depth + 1)) == static_cast<int>(json_depth));
    CHECK(rule(nested(json_depth + 1)) == "nested too deeply");
    CHECK(mistake("[" + nested(json_depth - 1) + "," + nested(json_depth - 1) + "]") == -1);

    auto const objects = [](std::size_t depth) { return repeat("{\"\":", depth) + "1" + repeat("}", depth); };
    CHECK(mistake(objects(json_depth)) == -1);
    CHECK(mistake(objects(json_depth + 1)) == static_cast<int>(4 * json_depth));

    // The limit is the same inside a member of an object that is read member by member.
    auto const by_members = [](std::string const& text) {
        json_reader reader(text);
        json_value name, value;
        bool done = false;
        if (!reader.open_object()) return false;
        while (reader.read_member(name, value, done)) {
        }
        return done && reader.read_end();
    };
    CHECK(by_members(objects(json_depth)));
    CHECK(!by_members(objects(json_depth + 1)));
    CHECK(by_members("{\"a\":1,\"b\":" + nested(json_depth - 1) + "}"));
    CHECK(!by_members("{\"a\":1,\"b\":" + nested(json_depth) + "}"));

    // The reader tracks at every depth which bracket closes the value.
    std::string open, close;
    for (std::size_t i = 0; i != json_depth; ++i) {
        bool const object = i * 2654435761u >> 7 & 1;
        open += object ? "{\"\":" : "[";
        close.insert(close.begin(), object ? '}' : ']');
    }
    CHECK(mistake(open + "0" + close) == -1);
    for (std::size_t i = 0; i < json_depth; i += 61) {
        std::string crossed = close;
        crossed[i] = crossed[i] == '}' ? ']' : '}';
        CHECK(mistake(open + "0" + crossed) == static_cast<int>(open.size() + 1 + i));
    }
    // A depth that held an array and then an object, or the reverse, is not confused.
    CHECK(mistake("[[],{},[],{\"a\":[]},[{}]]") == -1);
    CHECK(mistake("[{},[}]") == 5);
    CHECK(mistake("[[1],{\"a\":1]]") == 11);
}

TEST_CASE("reads or rejects a hostile body of any size")
{
    constexpr std::size_t mib = 1 << 20;
    std::string const sid = R"("sid":"ZYaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")";
    sidecall::create_user_defined_message_subscription const operation{
        .account_sid = "AC00000000000000000000000000000001"_account_sid,
        .call_sid = "CA00000000000000000000000000000002"_call_sid,
        .callback = "https://example.com"_callback_url};
    struct row {
        std::string_view what;
        std::string body;
        bool good;
    };
    for (auto const& [what, body, good] : {
             row{"open arrays", repeat("[", 1'000'000), false},
             row{"open arrays in a member", "{\"a\":" + repeat("[", 1'000'000), false},
             row{"open objects", repeat("{\"a\":", 200'000), false},
             row{"deep and closed", "{\"a\":" + repeat("[", 500'000) + repeat("]", 500'000) + "," + sid + "}", false},
             row{"white space", repeat(" ", mib), false},
             row{"whitespace around the resource", repeat("\n", mib) + "{" + sid + "}" + repeat("\t", mib), true},
             row{"a long string", "{\"a\":\"" + repeat("x", mib) + "\"," + sid + "}", true},
             row{"an unterminated string", "{\"a\":\"" + repeat("x", mib), false},
             row{"escapes", "{\"a\":\"" + repeat("\\u0041", mib / 6) + "\"," + sid + "}", true},
             row{"backslashes", "{\"a\":\"" + repeat("\\", mib), false},
             row{"a long name", "{\"" + repeat("\\u0073", mib / 6) + "\":1," + sid + "}", true},
             row{"a long uri", "{\"uri\":\"" + repeat("\\/", mib / 2) + "\"," + sid + "}", true},
             row{"a long number", "{\"a\":" + repeat("9", mib) + "," + sid + "}", true},
             row{"many members", "{" + repeat("\"a\":[],", mib / 7) + sid + "}", true},
             row{"many numbers", "{\"a\":[" + repeat("1,", mib / 2) + "1]," + sid + "}", true},
             row{"a repeated member", "{" + sid + "," + sid + "}", false},
             row{"a long date", "{\"date_created\":\"" + repeat("(", mib) + "\"," + sid + "}", true}, // and unreadable
             row{"a long comment",
                 "{\"date_created\":\"Wed, 18 Dec 2019 20:02:01 +0000 " + repeat("(", mib / 2) + repeat(")", mib / 2) +
                     "\"," + sid + "}",
                 true},
             row{"a year of many digits",
                 "{\"date_created\":\"Wed, 18 Dec " + repeat("0", mib) + "2019 20:02:01 +0000\"," + sid + "}", true},
             row{"a long SID", "{\"sid\":\"ZY" + repeat("a", mib) + "\"}", false},
             row{"zero bytes", std::string(mib, '\0'), false},
             row{"UTF-8", "{\"a\":\"" + repeat("\xF0\x9F\x98\x80", mib / 4) + "\"," + sid + "}", true},
         }) {
        auto const shown = what; // clang 14 cannot capture a structured binding
        CAPTURE(shown);
        auto const subscription = operation.parse({.status = 201, .body = body});
        CHECK(subscription.has_value() == good);
        if (!subscription) CHECK(subscription.error().code() == sidecall::errc::malformed_response);
        if (good) continue;
        auto const refused = operation.parse({.status = 500, .body = body}); // the parser of error bodies reads it, too
        CHECK(refused.error().code() == sidecall::errc::unexpected_status);
    }
    std::string const long_message = "{\"message\":\"" + repeat("\\u0041", mib / 6) + "\"}";
    CHECK(lasting(operation.parse({.status = 500, .body = long_message}).error()).message() == repeat("A", mib / 6));
}

TEST_CASE("after a mistake nothing more is read, and the failure stays the same")
{
    json_reader reader(R"({"a":1 "b":2})");
    json_value name, value;
    bool done = false;
    REQUIRE(reader.open_object());
    REQUIRE(!reader.read_member(name, value, done));
    auto const offset = reader.fault().offset;
    CHECK(offset == 7);
    CHECK(!reader.read_member(name, value, done));
    CHECK(!reader.read_end());
    CHECK(!done);
    CHECK(reader.fault().offset == offset);
}

} // namespace json_test
