#pragma once

/// Runs an operation again and again, and lets another allocation of it fail each time, after the torture tests of curl
/// and SQLite.

#include "faulty_memory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <new>

namespace torture {

/// Where an operation stands after an attempt.
struct report {
    std::uint64_t number = 0; ///< Which allocation failed; 0: none.
    bool goes_on = false;     ///< Whether all after it failed, too.
    bool has_thrown = false;  ///< The attempt ended by `std::bad_alloc`.
};

/// Runs `attempt` of a new `Scenario` for each allocation that it makes, which fails: that one alone, and then all from
/// it on. A scenario has three members:
/// - `attempt()` does it, and may throw `std::bad_alloc`;
/// - `check(report)` looks at what came of it;
/// - `again()` does it once more, with memory enough, on the same object, and checks that it succeeds.
/// When the scenario has ended, nothing may be left that was allocated in between. Gives back how many allocations it
/// were.
template <class Make>
std::uint64_t run(Make&& make, unsigned sources = faulty_memory::cpp | faulty_memory::libcurl, std::uint64_t first = 1,
                  std::uint64_t step = 1)
{
    std::uint64_t total = 0;
    // First as it is, twice: what the libraries keep for good is there then.
    for (int i = 0; i != 2; ++i) {
        auto const scenario = make();
        {
            faulty_memory::trial const trial({.sources = sources});
            scenario->attempt();
            total = trial.count();
        }
        scenario->check(report{});
        scenario->again();
    }
    REQUIRE(total != 0);
    for (bool const goes_on : {false, true}) {
        bool reached = true;
        for (std::uint64_t number = first; reached; number += step) {
            report is{.number = number, .goes_on = goes_on};
            CAPTURE(number);
            CAPTURE(goes_on);
            std::size_t const before = faulty_memory::live();
            {
                auto const scenario = make();
                {
                    faulty_memory::trial const trial({.sources = sources, .first_failing = number, .goes_on = goes_on});
                    try {
                        scenario->attempt();
                    } catch (std::bad_alloc const&) {
                        is.has_thrown = true;
                    }
                    reached = trial.count() >= number;
                }
                scenario->check(is);
                scenario->again();
            }
            REQUIRE(faulty_memory::live() == before); // else something leaks
            REQUIRE(number < 100'000);
        }
    }
    return total;
}

/// A scenario that is one call of `call`, which returns whether all is as it should be: it does so, or throws.
template <class Call>
struct single_call {
    Call call;
    bool is_right = false;

    void attempt() { is_right = call(); }
    void check(report const& is) const { CHECK(is_right != is.has_thrown); }
    void again() { CHECK(call()); }
};

/// Runs `single_call` of what `prepare()` gives back.
template <class Prepare>
void run_call(Prepare&& prepare)
{
    run([&] {
        return std::make_unique<single_call<decltype(prepare())>>(single_call<decltype(prepare())>{prepare()});
    });
}

} // namespace torture
