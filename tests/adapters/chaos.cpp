// Creates many subscriptions at a misbehaving stand-in through each adapter. Compares what the program then believes
// with what the stand-in has. See tests/chaos.

#include "chaos.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "../../examples/program.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/httplib.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/standin.hpp>

namespace chaos_test {

using namespace std::chrono_literals;
using subscribed = sidecall::result<sidecall::user_defined_message_subscription>;

struct arguments {
    std::size_t operations = 1000;
    double fault_rate = 0.3;
    std::uint64_t seed = 1;
    std::vector<std::string> transports = {"curl", "curl_multi", "httplib"};
};

constexpr unsigned threads = 16; // for a blocking adapter; each thread has its own

// Short, since each fault that stalls costs this time.
sidecall::transport_options timeouts()
{
    return {.connect_timeout = 1s, .total_timeout = 400ms};
}
sidecall::retry_policy policy()
{
    return {.base_delay = 5ms, .max_delay = 200ms, .max_retry_after = 5s, .deadline = 1h, .max_attempts = 0};
}
/// The operations of a run, and what the program believes about each.
class journal {
public:
    journal(std::size_t operations, sidecall::twilio_standin const& twilio)
        : account_(*sidecall::account_sid::parse(twilio.account_sid())), beliefs_(operations)
    {
    }

    std::size_t size() const { return beliefs_.size(); }

    static std::string call_sid(std::size_t which)
    {
        char text[35];
        std::snprintf(text, sizeof text, "CA%032zx", which);
        return text;
    }

    sidecall::create_user_defined_message_subscription operation(std::size_t which) const
    {
        return {.account_sid = account_,
                .call_sid = *sidecall::call_sid::parse(call_sid(which)),
                .callback = *sidecall::callback_url::parse("https://example.com/udm/" + std::to_string(which)),
                .idempotency_key = *sidecall::idempotency_key::parse("chaos " + std::to_string(which))};
    }

    void retry() { ++retried_; }
    void end(std::size_t which, subscribed const& made)
    {
        if (made)
            beliefs_[which] = made->sid.view();
        else
            std::fprintf(stderr, "%s: %s\n", call_sid(which).c_str(), made.error().to_string().c_str());
        ++ended_;
    }

    std::size_t retried() const { return retried_; }
    std::size_t ended() const { return ended_; }

    /// The SID that the program has for an operation; empty if it has none.
    std::string const& belief(std::size_t which) const { return beliefs_[which]; }

private:
    sidecall::account_sid account_;
    std::vector<std::string> beliefs_; // each element is written only by the thread that runs the operation
    std::atomic<std::size_t> retried_ = 0;
    std::atomic<std::size_t> ended_ = 0;
};

/// The credentials and the endpoint of a run.
struct target {
    sidecall::credentials who;
    sidecall::endpoint where;
};

template <class Transport>
void carry_out_blocking(journal& work, target const& to)
{
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> workers;
    for (unsigned i = 0; i != threads; ++i)
        workers.emplace_back([&] {
            Transport transport(timeouts());
            auto const sleep = [&](std::chrono::milliseconds delay) {
                work.retry();
                std::this_thread::sleep_for(delay);
            };
            for (std::size_t which = next++; which < work.size(); which = next++)
                work.end(which, send_with_retry(work.operation(which), to.who, transport, policy(), sleep, to.where));
        });
    for (auto& worker : workers) worker.join();
}

void carry_out_at_once(journal& work, target const& to)
{
    sidecall::curl_multi_transport transport(timeouts(), {.max_connections = threads});
    auto const timer = [&](std::chrono::milliseconds delay, auto next) {
        work.retry();
        transport.after(delay, std::move(next));
    };
    for (std::size_t which = 0; which != work.size(); ++which)
        send_with_retry(
            work.operation(which), to.who, transport, policy(), timer,
            [&work, which](subscribed const& made) { work.end(which, made); }, to.where);
    while (transport.poll() != 0) transport.wait(100ms);
}

/// Shows the progress on a terminal until it is destroyed.
class progress_line {
public:
    explicit progress_line(journal const& work) : work_(work)
    {
        if (::isatty(STDERR_FILENO)) thread_ = std::thread([this] { run(); });
    }
    progress_line(progress_line const&) = delete;
    progress_line& operator=(progress_line const&) = delete;
    ~progress_line()
    {
        ended_ = true;
        if (thread_.joinable()) thread_.join();
    }

private:
    void run()
    {
        while (!ended_) {
            std::fprintf(stderr, "\r%zu of %zu, %zu retries ", work_.ended(), work_.size(), work_.retried());
            std::this_thread::sleep_for(200ms);
        }
        std::fprintf(stderr, "\r\033[K");
    }

    journal const& work_;
    std::atomic<bool> ended_ = false;
    std::thread thread_{};
};

/// What the stand-in has, compared with what the program believes.
struct verdict {
    std::size_t created = 0;  ///< Operations for which the stand-in has a subscription.
    std::size_t doubled = 0;  ///< Of these, operations for which it has more than one.
    std::size_t lost = 0;     ///< Operations for which it has none, or the program knows none.
    std::size_t believed = 0; ///< Operations whose subscription the stand-in does not have.
};

verdict compare(journal const& work, sidecall::twilio_standin const& twilio)
{
    std::map<std::string, std::set<std::string>> ledger;
    for (auto const& one : twilio.subscriptions()) ledger[one.call_sid].insert(one.sid);
    verdict found;
    for (std::size_t which = 0; which != work.size(); ++which) {
        auto const& made = ledger[journal::call_sid(which)];
        auto const& belief = work.belief(which);
        found.created += !made.empty();
        found.doubled += made.size() > 1;
        found.lost += made.empty() || belief.empty();
        found.believed += !belief.empty() && !made.contains(belief);
    }
    return found;
}

/// Returns whether the run found no mistake.
bool run(arguments const& given, std::string const& name)
{
    sidecall::twilio_standin twilio(
        {.seed = given.seed,
         .faults = sidecall::standin_faults{
             .rate = given.fault_rate, .seed = given.seed, .stall = 1s, .slow_accept = 5ms, .retry_after = 1}});
    journal work(given.operations, twilio);
    target const to{sidecall::credentials::auth_token(*sidecall::account_sid::parse(twilio.account_sid()),
                                                      sidecall::secret(twilio.auth_token())),
                    *sidecall::endpoint::parse(twilio.base_url())};
    auto const start = std::chrono::steady_clock::now();
    {
        progress_line const line(work);
        if (name == "curl")
            carry_out_blocking<sidecall::curl_transport>(work, to);
        else if (name == "httplib")
            carry_out_blocking<sidecall::httplib_transport>(work, to);
        else
            carry_out_at_once(work, to);
    }
    std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - start;

    auto const found = compare(work, twilio);
    std::printf("== %s: %zu operations, faults at a rate of %g, seed %llu\n", name.c_str(), work.size(),
                given.fault_rate, static_cast<unsigned long long>(given.seed));
    for (auto const& [fault, count] : twilio.faults_committed())
        std::printf("%8zu  %s\n", count, std::string(to_string_view(fault)).c_str());
    std::printf("created %zu, doubled %zu, lost %zu, believed %zu, retried %zu, %.1f s\n", found.created, found.doubled,
                found.lost, found.believed, work.retried(), seconds.count());
    std::fflush(stdout);
    return found.doubled == 0 && found.lost == 0 && found.believed == 0 && work.ended() == work.size();
}

int main(int argc, char** argv)
{
    CLI::App app(
        "Creates subscriptions at a misbehaving stand-in through each adapter. Compares what the program then believes "
        "with what the stand-in has.",
        "chaos");
    arguments given;
    app.add_option("--operations", given.operations, "number of subscriptions for each adapter")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    app.add_option("--fault-rate", given.fault_rate, "probability that a request meets a fault, from 0 to 0.95")
        ->check(CLI::Range(0.0, 0.95))
        ->capture_default_str();
    app.add_option("--seed", given.seed, "seed of the faults")->capture_default_str();
    app.add_option("--transport", given.transports, "adapter to run; may be repeated")
        ->check(CLI::IsMember({"curl", "curl_multi", "httplib"}))
        ->capture_default_str();
    return run_program(app, argc, argv, [&] {
        bool good = true;
        for (auto const& name : given.transports) good = run(given, name) && good;
        if (!good) throw stop{"subscriptions were doubled, lost, or wrongly believed", 1};
    });
}

} // namespace chaos_test
