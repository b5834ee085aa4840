// The benchmark that tests/bench/run builds and starts. It writes its measurements as JSON for report.py. Each round
// runs every race, in random order. Within a race, Google Benchmark runs every contestant several times, in random
// order. So a whole race is measured within milliseconds, while the machine is equally fast for all. The shortest time
// of a round counts, because other processes disturbed it least. report.py computes the ratios.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include <benchmark/benchmark.h>

#include "harness.hpp"

namespace {

using seconds = std::chrono::duration<double>;

constexpr int repetitions = 21;

/// Collects the nanoseconds of each repetition.
class collector : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(Context const&) override { return true; }
    void ReportRuns(std::vector<Run> const& runs) override
    {
        for (auto const& run : runs) {
            if (run.run_type != Run::RT_Iteration) continue;
            auto const index = static_cast<std::size_t>(std::atoi(run.run_name.function_name.c_str() + 1));
            bool const is_wall = bench::contestants()[index].time == bench::clock::wall;
            double const time = is_wall ? run.real_accumulated_time : run.cpu_accumulated_time;
            taken[index].push_back(time / static_cast<double>(run.iterations) * 1e9);
        }
    }

    std::map<std::size_t, std::vector<double>> taken;
};

/// Returns how many operations of a contestant take about `wanted`.
std::size_t calibrate(bench::contestant& one, seconds wanted)
{
    for (std::size_t times = 1;; times *= 2) {
        auto const begin = std::chrono::steady_clock::now();
        one.operate(times);
        seconds const taken = std::chrono::steady_clock::now() - begin;
        if (taken * 4 < wanted) continue;
        return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(times) * (wanted / taken)));
    }
}

double count_allocations(bench::contestant& one)
{
    one.operate(bench::input_count); // warm-up: static objects and caches are created here
    std::size_t const before = bench::allocation_count;
    one.operate(bench::input_count);
    return static_cast<double>(bench::allocation_count - before) / static_cast<double>(bench::input_count);
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 4 && argc != 5) {
        std::fputs("usage: bench ROUNDS FILTER FILE [SUFFIX]; see tests/bench/run\n", stderr);
        return 2;
    }
    int const rounds = std::atoi(argv[1]);
    std::string_view const filter = argv[2];

    char const* const suffix = argc == 5 ? argv[4] : "";
#ifndef BENCH_HASHES_ONLY
    bench::add_builds();
    bench::add_own_operations();
    bench::add_callback_urls();
    bench::add_base64s();
    bench::add_parses();
    bench::add_http1s();
#endif
    bench::add_webhooks(suffix);
    bench::add_digest_works(suffix);
#ifndef BENCH_HASHES_ONLY
    bench::add_adapter();
#endif
    auto& all = bench::contestants();
    std::set<std::string> wanted;
    for (auto const& one : all)
        if (one.what != bench::role::peer && one.row.find(filter) != one.row.npos) wanted.insert(one.race);
    std::erase_if(all, [&](auto const& one) { return wanted.count(one.race) == 0; });

    std::map<std::string, std::string> races; // by race: the Google Benchmark filter for its contestants
    for (std::size_t i = 0; i != all.size(); ++i) {
        auto& one = all[i];
        one.allocations = count_allocations(one);
        bool const is_wall = one.time == bench::clock::wall;
        auto const times = calibrate(one, std::chrono::microseconds(is_wall ? 4000 : 500));
        std::string const name = "_" + std::to_string(i) + "_";
        benchmark::RegisterBenchmark(name.c_str(), one.run)->Iterations(static_cast<benchmark::IterationCount>(times));
        std::string& pattern = races[one.race];
        pattern += (pattern.empty() ? "" : "|") + name;
    }

    std::string arguments[] = {"bench", "--benchmark_enable_random_interleaving=true",
                               "--benchmark_repetitions=" + std::to_string(repetitions)};
    char* pointers[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
    int count = 3;
    benchmark::Initialize(&count, pointers);

    std::vector<std::vector<double>> least(all.size());
    std::vector<std::string> order;
    for (auto const& [race, pattern] : races) order.push_back(pattern);
    std::mt19937 random(std::random_device{}());
    for (int round = 1; round <= rounds; ++round) {
        if (isatty(STDERR_FILENO)) std::fprintf(stderr, "\rMeasuring: round %d of %d \x1b[K", round, rounds);
        std::shuffle(order.begin(), order.end(), random);
        collector results;
        for (auto const& pattern : order) benchmark::RunSpecifiedBenchmarks(&results, pattern);
        for (auto const& [index, taken] : results.taken)
            least[index].push_back(*std::min_element(taken.begin(), taken.end()));
    }
    if (isatty(STDERR_FILENO)) std::fputs("\r\x1b[K", stderr);

    FILE* const file = std::fopen(argv[3], "w");
    if (!file) {
        std::perror(argv[3]);
        return 1;
    }
    constexpr char const* roles[] = {"floor", "ours", "peer", "other"};
    std::fputs("[", file);
    for (std::size_t i = 0; i != all.size(); ++i) {
        std::fprintf(file, "%s\n{\"name\":\"%s\",\"race\":\"%s\",\"role\":\"%s\",\"allocations\":%.10g,\"rounds\":[",
                     i == 0 ? "" : ",", all[i].row.c_str(), all[i].race.c_str(), roles[static_cast<int>(all[i].what)],
                     all[i].allocations);
        for (std::size_t k = 0; k != least[i].size(); ++k) std::fprintf(file, "%s%.6g", k == 0 ? "" : ",", least[i][k]);
        std::fputs("]}", file);
    }
    std::fputs("\n]\n", file);
    return std::fclose(file) == 0 ? 0 : 1;
}
