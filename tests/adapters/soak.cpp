// Calls that converse in both directions at once over TLS, for minutes or hours, while everything around them fails and
// restarts. See tests/soak. Three processes: the program under test (soak/application.hpp), nginx, and this one, which
// has the stand-in for Twilio, the clients of the calls and the checks.

#include "soak.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "../../examples/program.hpp"
#include "loopback_server.hpp"
#include "soak/application.hpp"
#include "soak/checks.hpp"
#include "soak/clients.hpp"
#include "soak/processes.hpp"

#include <sidecall/standin.hpp>

namespace soak_test {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

struct arguments {
    double minutes = 1;
    std::size_t calls = 1000;
    double rate = 100;
    double fault_rate = 0.05;
    std::uint64_t seed = 1;
    std::string mistake;

    double seconds() const { return minutes * 60; }
    /// From then on, memory and descriptors must be level.
    double warm_up() const { return std::min(60.0, seconds() / 2); }
};

/// A folder for nginx, removed at the end.
class scratch_folder {
public:
    scratch_folder()
    {
        std::string path = (std::filesystem::temp_directory_path() / "sidecall-soak-XXXXXX").string();
        if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        path_ = path;
        std::filesystem::permissions(path_, std::filesystem::perms(0755)); // for the workers of nginx
    }
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;
    ~scratch_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::filesystem::path const& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// The application as a process, and what it reports.
class remote_application {
public:
    /// What the application has counted.
    struct counts {
        std::uint64_t delivered = 0, lost = 0, doubled = 0, reordered = 0, retries = 0, resent = 0, duplicates = 0,
                      waited = 0;
        std::uint64_t restarts = 0;
        std::uint64_t other_mistakes = 0;
    };

    explicit remote_application(application_arguments const& given)
    {
        int commands[2], reports[2];
        if (::pipe2(commands, O_CLOEXEC) != 0 || ::pipe2(reports, O_CLOEXEC) != 0)
            throw std::runtime_error("pipe2 failed");
        std::vector<std::string> arguments{std::filesystem::read_symlink("/proc/self/exe").string(),
                                           "soak-application"};
        for (auto const& one : given.list()) arguments.push_back(one);
        process_ = std::make_unique<child_process>(arguments, commands[0], reports[1], SIGKILL);
        ::close(commands[0]);
        ::close(reports[1]);
        commands_ = commands[1];
        reports_ = ::fdopen(reports[0], "r");
    }
    remote_application(remote_application const&) = delete;
    remote_application& operator=(remote_application const&) = delete;
    ~remote_application()
    {
        process_.reset();
        if (reader_.joinable()) reader_.join();
        ::close(commands_);
        std::fclose(reports_);
    }

    void command(std::string const& text) const
    {
        std::string const line = text + '\n';
        if (::write(commands_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
            std::fprintf(stderr, "soak: the application takes no commands\n");
    }

    /// Reads its reports from now on. `start` is the time that samples count from.
    void listen(clients& calls, clock_type::time_point start)
    {
        reader_ = std::thread([this, &calls, start] { read(calls, start); });
    }

    /// How it ended; nothing if it is running.
    std::optional<std::string> end() { return process_->end(); }

    /// Lets it end when it has sent everything. Returns whether it succeeded.
    bool quit()
    {
        command("quit");
        bool const is_good = process_->wait();
        reader_.join();
        return is_good;
    }

    std::vector<figures> samples() const
    {
        std::lock_guard const lock(mutex_);
        return samples_;
    }
    counts counted() const
    {
        std::lock_guard const lock(mutex_);
        return counts_;
    }
    /// What it had allocated and open at its very end; `seconds` is 0 if it has not reported that.
    figures rest() const { return rest_; }

private:
    void read(clients& calls, clock_type::time_point start)
    {
        char* bytes = nullptr;
        std::size_t capacity = 0;
        while (::getline(&bytes, &capacity, reports_) > 0) {
            std::istringstream line(bytes);
            std::string kind;
            line >> kind;
            std::lock_guard const lock(mutex_);
            call_name call;
            figures now;
            if (kind == "stat") {
                auto& to = counts_;
                line >> now.heap >> now.rss >> now.descriptors >> to.delivered >> to.lost >> to.doubled >>
                    to.reordered >> to.retries >> to.resent >> to.duplicates >> to.waited;
                now.seconds = std::chrono::duration<double>(clock_type::now() - start).count();
                samples_.push_back(now);
            } else if (kind == "subscribed" && line >> call.slot >> call.generation) {
                calls.subscribed(call);
            } else if (kind == "closed" && line >> call.slot >> call.generation) {
                calls.closed(call);
            } else if (kind == "restarted") {
                ++counts_.restarts;
            } else if (kind == "rest") {
                line >> rest_.heap >> rest_.descriptors;
                rest_.seconds = 1;
            } else {
                std::fprintf(stderr, "soak: application: %s", bytes);
                ++counts_.other_mistakes; // those of `mistakes` are reported here, too
            }
        }
        std::free(bytes);
    }

    std::unique_ptr<child_process> process_;
    int commands_ = -1;
    std::FILE* reports_ = nullptr;
    mutable std::mutex mutex_; // guards the members below
    std::vector<figures> samples_;
    counts counts_;
    figures rest_;
    std::thread reader_;
};

/// An event that happens again and again, at random times.
class recurring {
public:
    recurring(double period, std::mt19937_64& random) : period_(period), random_(random) { schedule(0); }

    bool is_due(double now)
    {
        if (now < next_) return false;
        schedule(now);
        ++count_;
        return true;
    }
    unsigned count() const { return count_; }

private:
    void schedule(double now) { next_ = now + period_ * (0.5 + static_cast<double>(random_() % 1000) / 1000); }

    double period_;
    std::mt19937_64& random_;
    double next_ = 0;
    unsigned count_ = 0;
};

class run {
public:
    explicit run(arguments const& given)
        : given_(given), random_(given.seed), webhook_port_(choose_port()), port_(choose_port()),
          twilio_({.seed = given.seed,
                   .callback_timeout = 5s,
                   .callback_ca_file = identity_.ca_file(),
                   .faults = sidecall::standin_faults{.rate = given.fault_rate,
                                                      .seed = given.seed,
                                                      .stall = 4s,
                                                      .slow_accept = 5ms,
                                                      .retry_after = 1}}),
          nginx_(prepare(folder_.path()), port_, twilio_.port(), webhook_port_), application_(application_options()),
          clients_(twilio_, given.calls, given.seed, [this](std::string const& line) { application_.command(line); })
    {
    }

    /// Returns whether no check failed.
    bool operator()()
    {
        application_.listen(clients_, start_);
        clients_.begin();
        wait("the subscriptions", 120, [&] { return clients_.open_calls() == given_.calls; });
        converse();
        wait("the last answers", given_.mistake.empty() ? 60 : 10,
             [&] { return clients_.unanswered() == 0 && clients_.undelivered() == 0; });
        clients_.end_calls();
        wait("the end of the calls", 60, [&] { return twilio_.subscriptions().empty(); });
        bool const ended_well = is_alive_ && application_.quit();
        return judge(ended_well);
    }

private:
    std::filesystem::path const& prepare(std::filesystem::path const& folder) const
    {
        identity_.write((folder / "key.pem").string(), (folder / "certificate.pem").string());
        return folder;
    }

    std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }

    application_arguments application_options() const
    {
        application_arguments options;
        options.port = webhook_port_;
        options.callback = url() + "/udm";
        options.endpoint = url();
        options.ca_file = identity_.ca_file();
        options.account = twilio_.account_sid();
        options.token = twilio_.auth_token();
        options.mistake = given_.mistake;
        return options;
    }

    double now() const { return std::chrono::duration<double>(clock_type::now() - start_).count(); }

    /// Waits until something is true, for some seconds at most, while the application is alive.
    template <class Condition>
    void wait(char const* event, double limit, Condition is_over)
    {
        auto const begin = now();
        while (is_alive() && !is_over()) {
            if (now() - begin > limit) {
                std::fprintf(stderr, "soak: waited %g s in vain for %s\n", limit, event);
                is_in_time_ = false;
                return;
            }
            show_progress();
            std::this_thread::sleep_for(20ms);
        }
    }

    bool is_alive()
    {
        if (!is_alive_) return false;
        if (auto const reason = application_.end()) {
            std::fprintf(stderr, "soak: the application %s\n", reason->c_str());
            is_alive_ = false;
        } else if (auto const end = nginx_.end()) {
            std::fprintf(stderr, "soak: nginx %s\n", end->c_str());
            is_alive_ = false;
        }
        return is_alive_;
    }

    /// The clients send, and everything restarts.
    void converse()
    {
        conversing_since_ = now();
        double const end = conversing_since_ + given_.seconds();
        std::thread sender([this, end] {
            double sent = 0;
            for (double const begin = now(); is_alive_ && now() < end; std::this_thread::sleep_for(20ms)) {
                double const due = (now() - begin) * given_.rate;
                if (due - sent < 1) continue;
                bool const is_behind = clients_.unanswered() >= std::max<std::size_t>(given_.calls, 100);
                if (!is_behind) sent += static_cast<double>(clients_.send(static_cast<std::size_t>(due - sent)));
                sent = std::max(sent, due - 2 * given_.rate); // what could not be sent is not made up for later
            }
        });
        double const duration = given_.seconds();
        recurring server_restarts(std::min(30.0, duration / 4), random_),
            reloads(std::min(20.0, duration / 5), random_), restarts(std::min(60.0, duration / 3), random_),
            jumps(std::min(15.0, duration / 6), random_), forgets(5, random_);
        double correction = 0; // when the clock is set right again; 0: it is right
        while (is_alive() && now() < end) {
            double const time = now() - conversing_since_;
            if (server_restarts.is_due(time)) application_.command("restart " + std::to_string(random_() % 500));
            if (reloads.is_due(time)) nginx_.reload();
            if (restarts.is_due(time)) nginx_.restart(std::chrono::milliseconds(random_() % 500));
            if (jumps.is_due(time)) correction = jump(time);
            if (correction != 0 && time >= correction) {
                set_clock(0);
                correction = 0;
            }
            if (forgets.is_due(time)) twilio_.forget_all_but(20'000);
            show_progress();
            std::this_thread::sleep_for(20ms);
        }
        sender.join();
        set_clock(0);
        ended_ = now();
        reloads_ = reloads.count();
        restarts_ = restarts.count();
        jumps_ = jumps.count();
    }

    /// Lets the clock of the application jump. Returns when to correct it; 0: never.
    double jump(double time)
    {
        static constexpr std::int64_t minute = 60'000;
        double const wrong_for = std::min(2.0, given_.seconds() / 20);
        switch (jump_++ % 5) {
        case 0: return set_clock(10 * minute), time + 2;       // webhooks are too old
        case 1: return uptime_ += 7 * minute, set_clock(0), 0; // the machine slept: deadlines have passed
        case 2:
            return set_clock(-10 * minute),
                   time + wrong_for; // webhooks are too new, and dates in Retry-After too far away
        case 3: return set_clock(2'000), 0;
        default: return set_clock(-2'000), 0;
        }
    }
    void set_clock(std::int64_t ahead)
    {
        application_.command("clock " + std::to_string(ahead) + ' ' + std::to_string(uptime_));
    }

    std::uint64_t faults() const
    {
        std::uint64_t sum = 0;
        for (auto const& [fault, count] : twilio_.faults_committed()) sum += count;
        return sum;
    }

    void show_progress()
    {
        if (now() < next_progress_) return;
        next_progress_ += 10;
        auto const calls = clients_.counted();
        auto const application = application_.counted();
        auto const samples = application_.samples();
        figures const last = samples.empty() ? figures() : samples.back();
        std::fprintf(
            stderr,
            "soak: %4.0f s: %llu messages, %llu answers, %zu unanswered, %llu faults, %llu retries, heap %.1f MB, "
            "RSS %.1f MB, %zu descriptors, %llu mistakes\n",
            now(), static_cast<unsigned long long>(calls.sent), static_cast<unsigned long long>(calls.answered),
            clients_.unanswered(), static_cast<unsigned long long>(faults()),
            static_cast<unsigned long long>(application.retries), megabytes(last.heap), megabytes(last.rss),
            last.descriptors, static_cast<unsigned long long>(clients_.found().all() + application.other_mistakes));
    }

    static double megabytes(double bytes) { return bytes / 1e6; }
    static double megabytes(std::size_t bytes) { return megabytes(static_cast<double>(bytes)); }

    static void print(char const* name, double number) { std::printf("%-44s %12.0f\n", name, number); }
    static void print(char const* name, std::uint64_t number) { print(name, static_cast<double>(number)); }

    void print_growth(char const* name, std::size_t figures::* figure, std::vector<figures> const& samples, double unit,
                      double limit, char const* unit_name)
    {
        double const grown = growth(samples, figure) / unit;
        bool const is_level = grown <= limit;
        double const first = samples.empty() ? 0 : static_cast<double>(samples.front().*figure) / unit;
        double const last = samples.empty() ? 0 : static_cast<double>(samples.back().*figure) / unit;
        std::printf("%-12s %8.2f after warm-up, %8.2f at the end, fitted growth %6.2f %s, limit %g%s\n", name, first,
                    last, grown, unit_name, limit, is_level ? "" : ": NOT LEVEL");
        is_level_ = is_level_ && is_level;
    }

    bool judge(bool ended_well)
    {
        auto const calls = clients_.counted();
        auto const application = application_.counted();
        std::printf("== %g minutes, %zu calls, %g messages a second each way, faults at a rate of %g, seed %llu\n",
                    given_.minutes, given_.calls, given_.rate, given_.fault_rate,
                    static_cast<unsigned long long>(given_.seed));
        print("messages from the clients", calls.sent);
        print("  delivered twice on purpose", calls.delivered_twice);
        for (auto const& [reason, count] : calls.repeated) print(("  repeated: " + reason).c_str(), count);
        print("  recognized as duplicates", application.duplicates);
        print("  waited for an earlier one", application.waited);
        print("answers that the clients received", calls.answered);
        print("  attempts after the first", application.retries);
        print("  sent again by the application", application.resent);
        print("  reported by the stand-in in another order", calls.overtaken);
        print("calls that ended", calls.calls_ended);
        for (auto const& [fault, count] : twilio_.faults_committed())
            print(("fault: " + std::string(to_string_view(fault))).c_str(), std::uint64_t{count});
        print("restarts of the webhook server", application.restarts);
        print("reloads of nginx", std::uint64_t{reloads_});
        print("restarts of nginx", std::uint64_t{restarts_});
        print("jumps of the clock", std::uint64_t{jumps_});

        auto samples = application_.samples();
        std::erase_if(samples, [&](figures const& one) {
            return one.seconds < conversing_since_ + given_.warm_up() || one.seconds > ended_;
        });
        bool const is_sanitized = samples.empty() || samples.front().heap == 0; // a sanitizer needs memory of its own
        print_growth("heap", &figures::heap, samples, 1e6, 1, "MB");
        print_growth("RSS", &figures::rss, samples, 1e6, is_sanitized ? 1e9 : 8, "MB");
        print_growth("descriptors", &figures::descriptors, samples, 1, 20, "descriptors");
        auto const rest = application_.rest();
        std::printf("the application ended with %.2f MB of heap and %zu descriptors\n", megabytes(rest.heap),
                    rest.descriptors);
        auto const here = figures::of_this_process();
        std::printf("the process with the stand-in: heap %.1f MB, RSS %.1f MB\n", megabytes(here.heap),
                    megabytes(here.rss));

        auto const& found = clients_.found();
        // A message that did not reach the application has no answer either.
        auto const lost_answers = found.lost - std::min<std::uint64_t>(found.lost, application.lost);
        std::printf("to the server:  lost %llu, doubled %llu, out of order %llu\n",
                    static_cast<unsigned long long>(application.lost),
                    static_cast<unsigned long long>(application.doubled),
                    static_cast<unsigned long long>(application.reordered));
        std::printf("to the clients: lost %llu, doubled %llu, out of order %llu\n",
                    static_cast<unsigned long long>(lost_answers), static_cast<unsigned long long>(found.doubled),
                    static_cast<unsigned long long>(found.reordered));
        std::string verdict;
        auto const add = [&](bool is_wrong, char const* text) {
            if (is_wrong) verdict += (verdict.empty() ? "" : ", ") + std::string(text);
        };
        add(application.lost != 0 || found.lost != 0, "lost");
        add(application.doubled != 0 || found.doubled != 0, "doubled");
        add(application.reordered != 0 || found.reordered != 0, "out of order");
        add(!is_level_, "not level");
        add(rest.descriptors > 8, "descriptors left open");
        add(!is_in_time_, "not in time");
        add(application.other_mistakes != 0, "mistakes reported by the application");
        add(calls.sent == 0 || calls.answered != calls.sent, "not all answered");
        add(!ended_well, "the application or nginx ended early");
        std::printf("verdict: %s\n", verdict.empty() ? "good" : verdict.c_str());
        std::fflush(stdout);
        return verdict.empty();
    }

    arguments given_;
    std::mt19937_64 random_;
    clock_type::time_point start_ = clock_type::now();
    loopback::tls_identity identity_{};
    scratch_folder folder_{};
    int webhook_port_;
    int port_;
    sidecall::twilio_standin twilio_;
    nginx_proxy nginx_;
    remote_application application_;
    clients clients_;
    std::atomic<bool> is_alive_ = true;
    bool is_in_time_ = true;
    bool is_level_ = true;
    double conversing_since_ = 0;
    double ended_ = 0;
    double next_progress_ = 10;
    unsigned reloads_ = 0, restarts_ = 0, jumps_ = 0, jump_ = 0;
    std::int64_t uptime_ = 0;
};

int main(int argc, char** argv)
{
    CLI::App app("Calls that converse in both directions at once over TLS, while everything around them fails and\n"
                 "restarts. Nothing may be lost, doubled or out of order, and memory must be level.",
                 "soak");
    arguments given;
    app.add_option("minutes", given.minutes, "how long the clients send")
        ->check(CLI::Range(0.01, 100'000.0))
        ->required();
    app.add_option("--calls", given.calls, "number of calls at a time")
        ->check(CLI::Range(2, 10'000))
        ->capture_default_str();
    app.add_option("--rate", given.rate, "messages a second from all clients; each is answered")
        ->check(CLI::Range(0.1, 10'000.0))
        ->capture_default_str();
    app.add_option("--fault-rate", given.fault_rate, "probability that a request meets a fault, from 0 to 0.9")
        ->check(CLI::Range(0.0, 0.9))
        ->capture_default_str();
    app.add_option("--seed", given.seed, "seed of the faults, the bursts and the restarts")->capture_default_str();
    app.add_option("--break", given.mistake, "make a mistake on purpose, which the checks must notice")
        ->check(CLI::IsMember({"lose", "double", "reorder", "leak", "descriptors"}));
    return run_program(app, argc, argv, [&] {
        if (!run(given)()) throw stop{"a check failed", 1};
    });
}

int application_main(int argc, char** argv)
{
    {
        application process(application_arguments(std::vector<std::string>(argv + 1, argv + argc)));
        process.run();
    }
    application::report_rest();
    return 0;
}

} // namespace soak_test
