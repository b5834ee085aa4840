// A sequencer delivers messages as a model with simple containers does: in order, each once, none lost, none of another
// call. It keeps no more than the limits allow.

#include "fuzz.hpp"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include <sidecall/sequencer.hpp>

using fuzz::require;
using sidecall::arrival;

namespace {

struct plain {
    unsigned id;
    std::uint64_t number;
    unsigned call = 2;
};

struct handed {
    unsigned id;
    std::uint64_t number;
    std::uint64_t missing;
    bool late;

    friend bool operator==(handed const&, handed const&) = default;
};

class model {
public:
    explicit model(sidecall::sequencer_options options) : options_(options), next_(options.first.number())
    {
        if (options.call) call_ = 2;
    }

    arrival accept(plain message, std::vector<handed>& out)
    {
        if (call_.value_or(message.call) != message.call) return arrival::other_call;
        call_ = message.call;
        auto const same = [&](plain const& other) { return other.id == message.id; };
        if (std::count(remembered_.begin(), remembered_.end(), message.id)) return arrival::duplicate;
        if (std::any_of(waiting_.begin(), waiting_.end(), same)) return arrival::duplicate;
        if (!next_) next_ = message.number;
        auto const before = [](plain const& a, plain const& b) { return a.number < b.number; };
        waiting_.insert(std::upper_bound(waiting_.begin(), waiting_.end(), message, before), message);
        hand_out_in_order(out);
        while (waiting_.size() > options_.max_waiting) give_up(out);
        return std::any_of(waiting_.begin(), waiting_.end(), same) ? arrival::waiting : arrival::handed_out;
    }

    void give_up(std::vector<handed>& out)
    {
        if (waiting_.empty()) return;
        hand_out(out);
        hand_out_in_order(out);
    }

    std::size_t waiting() const { return waiting_.size(); }

private:
    void hand_out_in_order(std::vector<handed>& out)
    {
        while (!waiting_.empty() && waiting_.front().number <= *next_) hand_out(out);
    }

    void hand_out(std::vector<handed>& out)
    {
        plain const first = waiting_.front();
        waiting_.pop_front();
        remembered_.push_back(first.id);
        if (remembered_.size() > options_.max_remembered) remembered_.pop_front();
        bool const late = first.number < *next_;
        out.push_back({first.id, first.number, late ? 0 : first.number - *next_, late});
        if (!late) next_ = first.number + (first.number == UINT64_MAX ? 0 : 1);
    }

    sidecall::sequencer_options options_;
    std::optional<unsigned> call_{};
    std::optional<std::uint64_t> next_;
    std::deque<plain> waiting_{};
    std::deque<unsigned> remembered_{};
};

/// A message comes only from a signed request. Each distinct message is made once.
sidecall::incoming_message const& message_of(plain which)
{
    static sidecall::webhook_verifier const verifier{sidecall::secret("token")};
    static std::map<std::pair<unsigned, std::uint64_t>, sidecall::incoming_message> made; // a few thousand at most
    unsigned const key = which.id + 1000 * which.call;
    if (auto const found = made.find({key, which.number}); found != made.end()) return found->second;
    char url[400];
    std::snprintf(url, sizeof url,
                  "https://example.com/?Sid=KX%032x&CallSid=CA%032x&AccountSid=AC%032x&Content=%u&ContentType=a&"
                  "SequenceNumber=%llu&Timestamp=Wed,+18+Dec+2019+20:02:01+%%2B0000",
                  which.id, which.call, 1u, which.id, static_cast<unsigned long long>(which.number));
    auto const code = sidecall::detail::hmac_sha1("token").code([&](auto put) { put(url); });
    char signature[28];
    sidecall::detail::base64_encode({reinterpret_cast<char const*>(code.data()), code.size()}, {}, signature);
    auto message = verifier.receive({.method = "GET", .url = url, .signature = {signature, sizeof signature}});
    require(message.has_value(), "a message is received");
    return made.emplace(std::pair(key, which.number), *std::move(message)).first->second;
}

} // namespace

FUZZ_TARGET(sequencer)
{
    fuzz::pieces bytes(input);
    unsigned const flags = bytes.byte();
    std::uint64_t const base = flags & 1 ? UINT64_MAX - 20 : 0;
    sidecall::sequencer_options options{.max_waiting = flags >> 2 & 7, .max_remembered = flags >> 5};
    if (flags & 2) options.first = base + bytes.byte() % 8;
    if (flags >> 5 == 7) options.max_remembered = 40; // so that the list grows in between
    if (flags >> 5 == 6) options.call = sidecall::call_sid::parse("CA00000000000000000000000000000002").value();

    sidecall::message_sequencer sequencer(options);
    model plainly(options);
    std::vector<handed> out, wanted;
    auto const take = [&out](sidecall::sequenced_message&& next) {
        auto const id = static_cast<unsigned>(std::stoul(std::string(next.message.content())));
        out.push_back({id, next.message.sequence_number(), next.missing, next.late});
    };
    std::size_t arrived = 0;
    for (std::size_t steps = 0; !bytes.empty() && steps != 200; ++steps) {
        unsigned const what = bytes.byte();
        if (what == 255) {
            sequencer.give_up(take);
            plainly.give_up(wanted);
        } else if (what == 254) {
            sidecall::message_sequencer copy = sequencer; // continues from the same state
            if (steps % 2)
                sequencer = copy;
            else
                sequencer = std::move(copy);
        } else {
            unsigned const number = bytes.byte() % 21;
            plain const one{what % 64, base + number, what >> 6 == 3 ? 3u : 2u};
            sidecall::incoming_message message = message_of(one);
            bool const moves = steps % 3 == 0;
            arrival const became = moves ? sequencer.accept(std::move(message), take) : sequencer.accept(message, take);
            require(became == plainly.accept(one, wanted), "accept returns what the model returns");
            bool const taken = became == arrival::handed_out || became == arrival::waiting;
            // NOLINTNEXTLINE(bugprone-use-after-move): moved from only if it was accepted.
            require((moves && taken) || message.content() == std::to_string(one.id),
                    "a message that is not accepted is not moved from");
            arrived += taken ? 1 : 0;
        }
        require(sequencer.waiting() == plainly.waiting(), "as many messages wait as in the model");
        require(sequencer.waiting() <= options.max_waiting, "no more messages wait than allowed");
        require(out == wanted, "the sequencer delivers what the model delivers");
    }
    while (sequencer.waiting() != 0) sequencer.give_up(take);
    while (plainly.waiting() != 0) plainly.give_up(wanted);
    require(out == wanted && out.size() == arrived, "no message is lost");
    std::optional<std::uint64_t> next = options.first.number(); // the next number if none is missing
    for (auto const& one : out) {
        if (one.late) {
            require(next && one.number < *next, "a late message has a lower number than the next one");
            continue;
        }
        if (next)
            require(one.number == *next + one.missing,
                    "a message in order follows the previous one and the missing ones");
        next = one.number == UINT64_MAX ? UINT64_MAX : one.number + 1;
    }
}
