// Measures how the cost grows with the input: nanoseconds per byte for inputs of 1 KiB to 1 MiB, ordinary and
// worst-case ones. If the numbers of a row stay level, the cost is linear. `tests/bench/run --growth` builds and runs
// it.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include <benchmark/benchmark.h>

#include "inputs.hpp"
#include "ours.hpp"

namespace {

using bench::random_source;
namespace ours = bench::ours;

/// Repeats `piece` until the text has at least `size` bytes.
std::string repeat(std::string_view piece, std::size_t size)
{
    std::string made;
    while (made.size() < size) made += piece;
    return made;
}

std::string numbered(std::string_view before, std::string_view after, std::string_view separator, std::size_t size)
{
    std::string made;
    for (std::size_t i = 0; made.size() < size; ++i)
        made.append(made.empty() ? "" : separator).append(before).append(std::to_string(i)).append(after);
    return made;
}

/// Returns the shortest time of several runs, in nanoseconds.
double least(std::function<void()> const& operate)
{
    using clock = std::chrono::steady_clock;
    double found = 1e18;
    auto const end = clock::now() + std::chrono::milliseconds(25);
    for (int runs = 0; runs != 3 || clock::now() < end;) {
        auto const begin = clock::now();
        operate();
        found = std::min(found, std::chrono::duration<double, std::nano>(clock::now() - begin).count());
        if (runs < 3) ++runs;
    }
    return found;
}

struct growing {
    char const* name;
    std::function<std::string(std::size_t)> text; ///< Returns a text of about the given number of bytes.
    std::function<bool(std::string const&)> operate;
    bool is_taken = true; ///< Whether the operation must succeed.
};

bool build(std::string const& callback, std::string const& key)
{
    static bench::build_input const texts = bench::build_inputs()[0];
    static ours::build_values values(texts);
    values.callback = callback;
    values.key = key;
    auto request = ours::build(values);
    benchmark::DoNotOptimize(request);
    return true;
}

bool parse(std::string const& body)
{
    auto resource = ours::parse(ours::asked(), body);
    benchmark::DoNotOptimize(resource);
    return resource.has_value();
}

std::string answer(std::string_view member)
{
    return "{\"sid\":\"ZY00000000000000000000000000000003\"," + std::string(member) + "}";
}

constexpr std::string_view webhook_url = "https://example.com/udm";

/// A message with additional parameters.
std::string webhook_body(std::string_view more)
{
    return "Sid=KX00000000000000000000000000000001&CallSid=CA00000000000000000000000000000002&AccountSid="
           "AC00000000000000000000000000000003&ContentType=application%2Fjson&SequenceNumber=1&Timestamp="
           "Wed%2C+18+Dec+2019+20%3A02%3A01+%2B0000&Content=%7B%7D&" +
           std::string(more);
}

bool receive(std::string const& body)
{
    static auto const verifier = ours::verifier("token");
    // Each body is signed once, outside of the measurement: in the first call, which checks the result.
    static std::string last, signature;
    if (body != last) {
        std::set<std::pair<std::string, std::string>> parameters;
        std::string_view rest = body;
        while (!rest.empty()) {
            std::string_view const pair = sidecall::detail::take_pair(rest);
            if (pair.empty()) continue;
            auto const decoded = [](std::string_view text) {
                std::string made;
                for (std::size_t at = 0; at != text.size();) {
                    bool const is_blank = text[at] == '+';
                    char const c = sidecall::detail::decode_next(text, at);
                    made += is_blank ? ' ' : c;
                }
                return made;
            };
            std::size_t const equals = std::min(pair.find('='), pair.size());
            parameters.emplace(decoded(pair.substr(0, equals)),
                               decoded(equals == pair.size() ? std::string_view() : pair.substr(equals + 1)));
        }
        signature = bench::signature_of("token", bench::signed_text(webhook_url, parameters));
        last = body;
    }
    auto message =
        verifier.receive({.url = webhook_url, .content_type = bench::form_type, .signature = signature, .body = body});
    benchmark::DoNotOptimize(message);
    return message.has_value();
}

std::vector<growing> all()
{
    auto const with_callback = [](std::string const& url) { return build(url, "key"); };
    auto const with_key = [](std::string const& key) { return build("https://example.com/", key); };
    auto const shuffled = [](std::size_t size) {
        random_source random(5);
        std::string made;
        while (made.size() < size) made += random.text(4, bench::lower) + "=" + random.text(3, bench::lower) + "&";
        return webhook_body(made);
    };
    return {
        {"build: a long path", [](auto size) { return "https://example.com/" + repeat("a", size); }, with_callback},
        {"build: every byte needs an escape", [](auto size) { return "https://example.com/" + repeat("/", size); },
         with_callback},
        {"build: only escapes", [](auto size) { return "https://example.com/" + repeat("%41", size); }, with_callback},
        {"build: long user-info", [](auto size) { return "https://" + repeat("a:", size) + "@example.com/"; },
         with_callback},
        {"build: a key of 4-byte characters", [](auto size) { return repeat("\xF0\x9F\x9A\x80", size); }, with_key},
        {"parse: a long uri", [](auto size) { return answer("\"uri\":\"/" + repeat("a", size) + "\""); }, parse},
        {"parse: a uri of escapes", [](auto size) { return answer("\"uri\":\"" + repeat("\\u00e9", size) + "\""); },
         parse},
        {"parse: a uri of surrogate pairs",
         [](auto size) { return answer("\"uri\":\"" + repeat("\\ud83d\\ude80", size) + "\""); }, parse},
        {"parse: a uri of 3-byte characters",
         [](auto size) { return answer("\"uri\":\"" + repeat("\xE2\x98\x83", size) + "\""); }, parse},
        {"parse: a long unknown text", [](auto size) { return answer("\"x\":\"" + repeat("a", size) + "\""); }, parse},
        {"parse: a long unknown name", [](auto size) { return answer("\"" + repeat("\\u0073", size) + "\":1"); },
         parse},
        {"parse: a long number", [](auto size) { return answer("\"x\":1" + repeat("1", size)); }, parse},
        {"parse: whitespace", [](auto size) { return answer(repeat(" \n", size) + "\"x\":1"); }, parse},
        {"parse: many members", [](auto size) { return answer(numbered("\"m", "\":1", ",", size)); }, parse},
        {"parse: one member, repeated", [](auto size) { return answer(repeat("\"x\":1,", size) + "\"x\":1"); }, parse},
        {"parse: many short arrays", [](auto size) { return answer("\"x\":[[]" + repeat(",[]", size) + "]"); }, parse},
        {"parse: arrays nested 5000 deep",
         [](auto size) {
             std::size_t const depth = std::min<std::size_t>(5000, size / 2);
             std::string const nest = std::string(depth, '[') + std::string(depth, ']');
             return answer("\"x\":[" + nest + repeat("," + nest, size > nest.size() ? size - nest.size() : 0) + "]");
         },
         parse},
        {"parse: objects nested 5000 deep",
         [](auto size) {
             std::size_t const depth = std::min<std::size_t>(5000, size / 7 + 1);
             std::string const nest = repeat("{\"x\":", depth * 5) + "1" + std::string(depth, '}');
             return answer("\"x\":[" + nest + repeat("," + nest, size > nest.size() ? size - nest.size() : 0) + "]");
         },
         parse},
        {"parse: cut short", [](auto size) { return "{\"x\":\"" + repeat("a", size); }, parse, false},
        {"parse: brackets that never close", [](auto size) { return "{\"x\":" + repeat("[", size); }, parse, false},
        {"webhook: a long parameter", [](auto size) { return webhook_body("x=" + repeat("a", size)); }, receive},
        {"webhook: a parameter of escapes", [](auto size) { return webhook_body("x=" + repeat("%C3%A9", size)); },
         receive},
        {"webhook: a&a&a&...", [](auto size) { return webhook_body(repeat("a&", size)); }, receive},
        {"webhook: &&&&...", [](auto size) { return webhook_body(repeat("&", size)); }, receive},
        {"webhook: sorted parameters", [](auto size) { return webhook_body(numbered("p1", "=1", "&", size)); },
         receive},
        {"webhook: shuffled parameters", shuffled, receive},
        {"webhook: one name, many values", [](auto size) { return webhook_body(numbered("a=", "", "&", size)); },
         receive},
    };
}

} // namespace

int main()
{
    constexpr std::size_t sizes[] = {1 << 10, 1 << 13, 1 << 16, 1 << 18, 1 << 20};
    std::printf("%-40s", "ns per byte at");
    for (std::size_t size : sizes) std::printf("%7zu KiB", size >> 10);
    std::printf("  last to 64 KiB\n");
    bool is_good = true;
    for (auto const& one : all()) {
        std::printf("%-40s", one.name);
        double at_64_kib = 0, last = 0;
        for (std::size_t size : sizes) {
            std::string const text = one.text(size);
            if (one.operate(text) != one.is_taken) {
                std::printf(one.is_taken ? " rejected\n" : " accepted\n");
                is_good = false;
                break;
            }
            last = least([&] { one.operate(text); }) / static_cast<double>(text.size());
            if (size == 1 << 16) at_64_kib = last;
            std::printf("%11.2f", last);
            std::fflush(stdout);
        }
        std::printf("%13.2f\n", at_64_kib > 0 ? last / at_64_kib : 0);
    }
    return is_good ? 0 : 1;
}
