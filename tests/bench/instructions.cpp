// Runs each work of the library and each floor under `valgrind --tool=callgrind`. Between two client requests the
// counters contain the instructions of that work only. Prints a line for each: name, operations, allocations, and 1 if
// it is the library's. Compiled once for each work, with BENCH_WORK as its name, and once without; see
// tests/bench/instructions.

#ifndef BENCH_WORK

void count_build();
void count_own_operation();
void count_callback_url();
void count_base64();
void count_parse();
void count_http1();
void count_webhook();
void count_digests();

int main()
{
    count_build();
    count_own_operation();
    count_callback_url();
    count_base64();
    count_parse();
    count_http1();
    count_webhook();
    count_digests();
}

#else

#include <cstddef>
#include <cstdio>
#include <string>

#include <valgrind/callgrind.h>

#include "allocations.hpp"
#include "works.hpp"

namespace {

/// Makes the compiler assume that `value` is used and changed.
template <class T>
void keep(T& value)
{
    asm volatile("" : : "r"(&value) : "memory");
}

template <class Inputs, class Function>
[[gnu::noinline]] void operate(Inputs const& inputs, std::size_t count, std::size_t times, Function const& function)
{
    for (std::size_t at = 0; times != 0; --times) {
        auto const* input = &inputs[at];
        if (++at == count) at = 0;
        keep(input);
        auto result = function(*input);
        keep(result);
    }
}

struct {
    void operator()(std::string const& group, std::string const& name, bench::role what, auto const& inputs,
                    auto function) const
    {
        for (bool is_varied : {false, true}) {
            bool const is_digest = group[0] == 's'; // has no branch on its input, and is slow to emulate
            if (is_varied && (inputs.size() == 1 || is_digest)) continue;
            std::string const row = bench::row_name(group, name, what, is_varied);
            std::size_t const used = is_varied ? inputs.size() : 1;
            std::size_t const times = is_varied ? inputs.size() : is_digest ? 2 : 16;
            operate(inputs, used, used, function); // warm-up: what is done only once
            std::size_t const before = bench::allocation_count;
            CALLGRIND_ZERO_STATS;
            operate(inputs, used, times, function);
            CALLGRIND_DUMP_STATS_AT(row.c_str());
            std::printf("%s\t%zu\t%zu\t%d\n", row.c_str(), times, bench::allocation_count - before,
                        what == bench::role::ours);
        }
    }
} const count;

} // namespace

// valgrind has no SHA instructions, so works that hash are measured without them.
#define COUNT_(work) count_##work
#define COUNT(work) COUNT_(work)
#define ADD_(work) bench::add_##work
#define ADD(work) ADD_(work)

void COUNT(BENCH_WORK)();

void COUNT(BENCH_WORK)()
{
    [](auto const& put) {
        if constexpr (requires { ADD(BENCH_WORK)(put, "/portable"); })
            ADD(BENCH_WORK)(put, "/portable");
        else
            ADD(BENCH_WORK)(put);
    }(count);
}

#endif
