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

/// How time is measured: CPU time of the thread, which excludes other processes, or wall-clock time, if another thread
/// does a part of the work.
enum class clock { thread, wall };

/// Pins the thread to the first processor that the process may use, for the lifetime of the object. A contestant that
/// talks to another thread is measured with both on one processor, because waking a second processor takes longer than
/// the work and varies.
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
    std::string race; ///< The group and the inputs. Contestants of the same race are compared.
    role what;
    clock time;
    std::function<void(std::size_t)> operate; ///< Does the work the given number of times.
    std::function<void(benchmark::State&)> run;
    double allocations = 0;
};

inline std::vector<contestant>& contestants()
{
    static std::vector<contestant> all;
    return all;
}

/// Adds a contestant with the first of its inputs and, if there are several, a second time with all of them in turn.
/// The inputs must outlive the contestants.
template <class Inputs, class Function>
void add(std::string const& group, std::string const& name, role what, Inputs const& inputs, Function function,
         clock time = clock::thread)
{
    for (bool is_varied : {false, true}) {
        if (is_varied && inputs.size() == 1) continue;
        std::size_t const count = is_varied ? inputs.size() : 1;
        std::vector<typename Inputs::value_type const*> pointers;
        for (std::size_t i = 0; i != count; ++i) pointers.push_back(&inputs[i]);
        // DoNotOptimize hides the input from the compiler, and forces it to compute the whole result.
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

// Each adds the contestants of one translation unit. `suffix` is appended to the names of works that hash.
void add_builds();
void add_own_operations();
void add_callback_urls();
void add_base64s();
void add_parses();
void add_http1s();
void add_webhooks(char const* suffix);
void add_digest_works(char const* suffix);
void add_adapter();

} // namespace bench
