#pragma once

/// Runs an operation repeatedly and lets another allocation of it fail each time, like the torture tests of curl and
/// SQLite.

#include "faulty_memory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <new>

namespace torture {

/// What happened in an attempt.
struct report {
    std::uint64_t number = 0; ///< The number of the failed allocation; 0 for none.
    bool goes_on = false;     ///< Whether all later ones failed, too.
    bool has_thrown = false;  ///< Whether the attempt ended with `std::bad_alloc`.
};

/// Runs `attempt` of a new `Scenario` for each allocation that it makes, and lets that allocation fail: first only that
/// one, then all from it on. A scenario has three members:
/// - `attempt()` runs the operation, and may throw `std::bad_alloc`;
/// - `check(report)` checks the outcome;
/// - `again()` runs the operation again on the same object with enough memory, and checks that it succeeds.
/// When the scenario is destroyed, everything allocated in between must have been freed. Returns the number of
/// allocations.
template <class Make>
std::uint64_t run(Make&& make, unsigned sources = faulty_memory::cpp | faulty_memory::libcurl, std::uint64_t first = 1,
                  std::uint64_t step = 1)
{
    std::uint64_t total = 0;
    // First run twice without failures, so that the libraries have allocated what they keep until the program ends.
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
            REQUIRE(faulty_memory::live() == before); // no leak
            REQUIRE(number < 100'000);
        }
    }
    return total;
}

/// A scenario of one call, which returns whether its outcome is right, or throws.
template <class Call>
struct single_call {
    Call call;
    bool is_right = false;

    void attempt() { is_right = call(); }
    void check(report const& is) const { CHECK(is_right != is.has_thrown); }
    void again() { CHECK(call()); }
};

/// Runs a `single_call` of the callable that `prepare()` returns.
template <class Prepare>
void run_call(Prepare&& prepare)
{
    run([&] {
        return std::make_unique<single_call<decltype(prepare())>>(single_call<decltype(prepare())>{prepare()});
    });
}

} // namespace torture
