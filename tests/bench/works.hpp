#pragma once

/// The library's works and their floors, for the benchmark and for the instruction count.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "floors.hpp"
#include "inputs.hpp"
#include "ours.hpp"

namespace bench {

enum class role { floor, ours, peer, other };

/// Ends the program with a message if a contestant's result is wrong.
inline void check(bool holds, char const* what)
{
    if (holds) return;
    std::fprintf(stderr, "bench: %s\n", what);
    std::exit(1);
}

inline std::vector<build_input> const& build_texts()
{
    static auto const inputs = build_inputs();
    return inputs;
}
inline std::deque<ours::build_values> const& build_all()
{
    static std::deque<ours::build_values> const values(build_texts().begin(), build_texts().end());
    return values;
}
inline std::vector<parse_input> const& parse_all()
{
    static auto const inputs = parse_inputs();
    return inputs;
}
inline std::vector<http1_input> const& http1_all()
{
    static auto const inputs = http1_inputs();
    return inputs;
}
inline std::vector<webhook_input> const& webhook_all()
{
    static auto const inputs = webhook_inputs();
    return inputs;
}

// For each work, a function adds the library's contestants and the floor. It calls `add` with the group (whose floor
// the contestant shares), name, role, inputs (anything with an index) and function. Each is called in a separate
// translation unit, because inlining depends on how much other code a unit has.

template <class Add>
void add_build(Add&& add)
{
    auto const& texts = build_texts();
    auto const& values = build_all();
    check(texts[0].callback.size() == 97 && texts[0].key.size() == 36, "the documented callback has the wrong length");
    for (std::size_t i = 0; i != input_count; ++i) {
        check(ours::wire(ours::build(values[i])) == texts[i].wire, "build: wrong bytes");
        check(ours::wire(ours::build_cached(values[i])) == texts[i].wire, "build_cached: wrong bytes");
        check(ours::wire(ours::build_into(values[i])) == texts[i].wire, "build_into: wrong bytes");
    }
    add("build", "floor", role::floor, texts, [](build_input const& in) { return floors::build(in); });
    add("build", "build", role::ours, values, [](ours::build_values const& in) { return ours::build(in); });
    add("build", "build_cached", role::ours, values,
        [](ours::build_values const& in) { return ours::build_cached(in); });
    add("build", "build_into", role::ours, values, [](ours::build_values const& in) { return ours::build_into(in); });
}

template <class Add>
void add_own_operation(Add&& add)
{
    auto const& texts = build_texts();
    auto const& values = build_all();
    for (std::size_t i = 0; i != input_count; ++i)
        check(ours::wire(ours::build_own(values[i])) == texts[i].wire, "own_operation: wrong bytes");
    add("own_operation", "floor", role::floor, texts, [](build_input const& in) { return floors::build(in); });
    add("own_operation", "own_operation", role::ours, values,
        [](ours::build_values const& in) { return ours::build_own(in); });
}

template <class Add>
void add_callback_url(Add&& add)
{
    auto const& texts = build_texts();
    for (auto const& in : texts) {
        check(ours::callback_url(in.callback).has_value(), "callback_url: rejected");
        check(floors::table_pass(in.callback) == 0, "the floor of callback_url finds an invalid character");
    }
    add("callback_url", "floor", role::floor, texts,
        [](build_input const& in) { return floors::table_pass(in.callback); });
    add("callback_url", "callback_url", role::ours, texts,
        [](build_input const& in) { return ours::callback_url(in.callback); });
}

template <class Add>
void add_base64(Add&& add)
{
    struct credential {
        std::string user;
        std::string password;
        std::string both;
    };
    static auto const credentials = [] {
        std::vector<credential> made;
        for (auto const& in : build_texts()) made.push_back({in.account + ":", in.token, in.account + ":" + in.token});
        return made;
    }();
    for (auto const& in : credentials)
        check(std::string_view(ours::base64(in.user, in.password).data(), 92) == base64(in.both), "base64: wrong text");
    add("base64", "floor", role::floor, credentials, [](credential const& in) { return floors::base64(in.both); });
    add("base64", "base64", role::ours, credentials,
        [](credential const& in) { return ours::base64(in.user, in.password); });
}

template <class Add>
void add_parse(Add&& add)
{
    auto const& bodies = parse_all();
    check(bodies[0].body.size() == 369, "the documented 201 has the wrong length");
    static std::vector<floors::parse_places> const places(bodies.begin(), bodies.end());
    for (auto const& in : bodies) {
        auto const resource = ours::parse(ours::asked(), in.body);
        check(resource && resource->sid.view() == in.sid && resource->account_sid->view() == in.account &&
                  resource->call_sid->view() == in.call && resource->uri == in.uri && resource->date_created,
              "parse: wrong resource");
        auto const floor = floors::parse(floors::parse_places(in));
        check(floor.is_ascii && std::string_view(floor.sid.data(), 34) == in.sid, "the floor of parse: wrong resource");
    }
    static auto const& operation = ours::asked();
    add("parse", "floor", role::floor, places, [](floors::parse_places const& in) { return floors::parse(in); });
    add("parse", "parse", role::ours, bodies, [](parse_input const& in) { return ours::parse(operation, in.body); });
}

template <class Add>
void add_http1(Add&& add)
{
    auto const& responses = http1_all();
    check(responses[0].body.size() == 400, "the body of http1 has the wrong length");
    auto const holds = [](sidecall::http1_response_reader const& reader, http1_input const& in) {
        auto const view = reader.view();
        return view.status == 201 && std::string_view(view.body) == in.body &&
               std::ranges::equal(reader.headers(), in.fields, [](auto const& a, auto const& b) {
                   return a.name == b.first && a.value == b.second;
               });
    };
    for (auto const& in : responses) {
        check(holds(ours::http1(in.message), in), "http1: wrong response");
        check(holds(ours::http1_heap(in.message), in), "http1_heap: wrong response");
        check(floors::http1(in.message).lines == in.fields.size() + 1, "the floor of http1: wrong number of lines");
    }
    add("http1", "floor", role::floor, responses, [](http1_input const& in) { return floors::http1(in.message); });
    add("http1", "http1", role::ours, responses, [](http1_input const& in) { return ours::http1(in.message); });
    add("http1", "http1_heap", role::ours, responses,
        [](http1_input const& in) { return ours::http1_heap(in.message); });
}

/// With a suffix, it measures a processor without SHA instructions, and the floor is one call of HMAC.
template <class Add>
void add_webhook(Add&& add, std::string const& suffix)
{
    auto const& requests = webhook_all();
    check(requests[0].body.size() == 556, "the documented form has the wrong length");
    static auto const verifier = ours::verifier(requests[0].token);
    for (auto const& in : requests) {
        auto const message = ours::webhook(verifier, in);
        check(message && message->content() == in.content && message->parameters().size() == 7,
              "webhook: wrong message");
        auto const code = floors::webhook_hmac(in);
        check(base64({reinterpret_cast<char const*>(code.data()), code.size()}) == in.signature, "HMAC: wrong code");
    }
    std::string const webhook = "webhook" + suffix;
    auto const hmac = [](webhook_input const& in) { return floors::webhook_hmac(in); };
    if (suffix.empty()) {
        add(webhook, "floor", role::floor, requests, [](webhook_input const& in) { return floors::webhook(in); });
        add(webhook, "HMAC", role::other, requests, hmac);
    } else {
        add(webhook, "floor", role::floor, requests, hmac);
    }
    add(webhook, webhook, role::ours, requests, [](webhook_input const& in) { return ours::webhook(verifier, in); });
}

template <class Add>
void add_digests(Add&& add, std::string const& suffix)
{
    static auto const short_texts = digest_inputs(1024, input_count);
    static auto const long_texts = digest_inputs(65536, 1);
    for (auto const* texts : {&short_texts, &long_texts}) {
        std::string const size = texts == &long_texts ? "/64 KiB" : "";
        std::string const sha1 = "sha1" + suffix + size, sha256 = "sha256" + suffix + size;
        for (std::size_t i = 0; i != texts->size() && i != 16; ++i) {
            auto const& in = (*texts)[i];
            check(std::ranges::equal(ours::sha1(in), floors::sha1(in)), "sha1: wrong digest");
            check(std::ranges::equal(ours::sha256(in), floors::sha256(in)), "sha256: wrong digest");
        }
        add(sha1, "floor", role::floor, *texts, [](std::string const& in) { return floors::sha1(in); });
        add(sha1, sha1, role::ours, *texts, [](std::string const& in) { return ours::sha1(in); });
        add(sha256, "floor", role::floor, *texts, [](std::string const& in) { return floors::sha256(in); });
        add(sha256, sha256, role::ours, *texts, [](std::string const& in) { return ours::sha256(in); });
    }
}

/// Returns the name of a row: `build`, `build/512 inputs`, `build/512 inputs/floor`.
inline std::string row_name(std::string const& group, std::string const& name, role what, bool is_varied)
{
    std::string const variant = is_varied ? "/512 inputs" : "";
    return what == role::ours ? name + variant : group + variant + "/" + name;
}

} // namespace bench
