#pragma once

/// Registers contestants with Google Benchmark.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sched.h>

#include <benchmark/benchmark.h>

#include "allocations.hpp"
#include "works.hpp"

namespace bench {

/// How a work's time is taken: the thread's own, which somebody else's process does not count in; or the clock on the
/// wall, where another thread does a part of the work.
enum class clock { thread, wall };

/// Keeps a thread on the first processor that the process may use, as long as it lives. Who talks to another thread is
/// measured on the same one: to wake a second processor takes longer than the work, and now more, now less.
class pinned {
public:
    pinned()
    {
        sched_getaffinity(0, sizeof before_, &before_);
        cpu_set_t one;
        CPU_ZERO(&one);
        for (std::size_t i = 0; i != CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
            if (CPU_ISSET(i, &before_)) CPU_SET(i, &one);
        sched_setaffinity(0, sizeof one, &one);
    }
    pinned(pinned const&) = delete;
    pinned& operator=(pinned const&) = delete;
    ~pinned() { sched_setaffinity(0, sizeof before_, &before_); }

private:
    cpu_set_t before_;
};

/// A row of the table.
struct contestant {
    std::string row;
    std::string race; ///< The group and the inputs: who is compared with whom.
    role what;
    clock time;
    std::function<void(std::size_t)> operate; ///< As often as it is told.
    std::function<void(benchmark::State&)> run;
    double allocations = 0;
};

inline std::vector<contestant>& contestants()
{
    static std::vector<contestant> all;
    return all;
}

/// Adds a contestant once with the first of its inputs and, if there are several, once with all of them in turn. The
/// inputs must stay where they are.
template <class Inputs, class Function>
void add(std::string const& group, std::string const& name, role what, Inputs const& inputs, Function function,
         clock time = clock::thread)
{
    for (bool is_varied : {false, true}) {
        if (is_varied && inputs.size() == 1) continue;
        std::size_t const count = is_varied ? inputs.size() : 1;
        std::vector<typename Inputs::value_type const*> pointers;
        for (std::size_t i = 0; i != count; ++i) pointers.push_back(&inputs[i]);
        // The pointer goes through DoNotOptimize, so the compiler knows nothing of the input, and the result does, so
        // that all of it must be made.
        auto next = [pointers, function, i = std::size_t{0}]() mutable {
            auto const* input = pointers[i];
            if (++i == pointers.size()) i = 0;
            benchmark::DoNotOptimize(input);
            auto result = function(*input);
            benchmark::DoNotOptimize(result);
        };
        contestants().push_back({row_name(group, name, what, is_varied), group + (is_varied ? "/512 inputs" : ""), what,
                                 time,
                                 [next](std::size_t times) mutable {
                                     for (; times != 0; --times) next();
                                 },
                                 [next, time](benchmark::State& state) mutable {
                                     std::optional<pinned> here;
                                     if (time == clock::wall) here.emplace();
                                     for (auto _ : state) next();
                                 }});
    }
}

// The contestants of each translation unit; those of hashes with a suffix at the end of the work's name.
void add_builds();
void add_callback_urls();
void add_base64s();
void add_parses();
void add_webhooks(char const* suffix);
void add_digest_works(char const* suffix);
void add_adapter();

} // namespace bench
