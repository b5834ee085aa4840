// Subscribes to the messages of many calls at once. It reads a file of call SIDs and prints a line for each call. You
// can stop it at any time and run it again: it derives each idempotency key from the request, so nothing is created
// twice. With --standin it uses a stand-in for Twilio inside this process.

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <unistd.h>

#include "program.hpp"

#include <sidecall/curl.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/standin.hpp>

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using subscription_result = sidecall::result<sidecall::user_defined_message_subscription>;

struct arguments {
    std::string file;
    std::string callback;
    std::string method;
    std::string batch;
    server_arguments server;
    std::size_t connections = 8;
    std::size_t in_flight = 1000;
    double deadline = 3600;
};

/// The exit status after Ctrl-C: 128 + SIGINT.
constexpr int interrupted_status = 130;

std::sig_atomic_t volatile interrupted = 0;

/// Reads the call SIDs of a file, one per line. Skips empty lines and lines that begin with '#'. Reports a duplicate
/// and skips it. Checks the whole file, so that nothing is sent if one SID is invalid.
std::vector<sidecall::call_sid> read_calls(std::string const& file)
{
    std::ifstream input_file;
    if (file != "-") {
        input_file.open(file);
        if (!input_file) throw stop{"cannot read " + file, wrong_usage};
    }
    std::istream& in = file == "-" ? std::cin : input_file;

    std::vector<sidecall::call_sid> calls;
    std::map<std::string, std::size_t> first_lines;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.empty() || line.front() == '#') continue;
        std::string const place = file + ":" + std::to_string(number) + ": ";
        auto const call = sidecall::call_sid::parse(line);
        if (!call) throw stop{place + call.error().to_string(), wrong_usage};
        auto const [first, is_new] = first_lines.emplace(line, number);
        if (is_new)
            calls.push_back(*call);
        else
            std::cerr << place << line << " is a duplicate of line " << first->second << '\n';
    }
    if (in.bad()) throw stop{"cannot read " + file, wrong_usage};
    return calls;
}

/// Derives a UUID from all parts of the request and the batch name, and from nothing else (RFC 9562, version 8: a
/// hash).
sidecall::idempotency_key key_of(sidecall::create_user_defined_message_subscription const& operation,
                                 std::string const& batch)
{
    std::string text = "bulk_subscribe";
    for (std::string_view part :
         {operation.account_sid.view(), operation.call_sid.view(), operation.callback.view(),
          operation.method ? to_string_view(*operation.method) : std::string_view(), std::string_view(batch)})
        text.append(1, '\n').append(part); // unambiguous: only the batch name can contain a line break
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    if (EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw stop{"OpenSSL has no SHA-256", 1};
    hash[6] = static_cast<unsigned char>((hash[6] & 0x0F) | 0x80);
    hash[8] = static_cast<unsigned char>((hash[8] & 0x3F) | 0x80);
    std::string key;
    for (std::size_t i = 0; i != 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) key += '-';
        key += "0123456789abcdef"[hash[i] >> 4];
        key += "0123456789abcdef"[hash[i] & 15];
    }
    return value_or_stop(sidecall::idempotency_key::parse(key));
}

/// Prints the result of each call on standard output, one line per call. If standard error is a terminal, also shows a
/// progress line there and updates it in place.
class report {
public:
    explicit report(std::size_t calls) : calls_(calls), is_terminal_(::isatty(STDERR_FILENO) == 1) {}

    void subscribe(sidecall::call_sid const& call, sidecall::subscription_sid const& subscription)
    {
        hide();
        std::cout << call.view() << " subscribed " << subscription.view() << std::endl;
        ++subscribed_;
    }
    void fail(sidecall::call_sid const& call, sidecall::failure const& reason)
    {
        hide();
        std::cout << call.view() << " failed " << reason.to_string() << std::endl;
        ++failed_;
    }
    void retry() { ++retried_; }

    std::size_t subscribed() const { return subscribed_; }
    std::size_t failed() const { return failed_; }
    std::size_t left() const { return calls_ - subscribed_ - failed_; }

    /// Updates the progress line, at most five times a second. `limit` is the current limit for parallel requests.
    void show(std::size_t limit)
    {
        auto const now = clock::now();
        if (!is_terminal_ || now < next_update_) return;
        next_update_ = now + 200ms;
        double const seconds = std::chrono::duration<double>(now - start_).count();
        auto const done = calls_ - left();
        double const rate = static_cast<double>(done) / seconds;
        std::cerr << "\r\033[K" << done << " of " << calls_ << ", " << static_cast<long>(rate) << " a second, "
                  << retried_ << " retries, " << failed_ << " failed, at most " << limit << " at a time";
        if (done != 0) std::cerr << ", " << static_cast<long>(static_cast<double>(left()) / rate) + 1 << " s left";
        std::cerr << std::flush;
    }

    /// Clears the progress line.
    void hide()
    {
        if (is_terminal_ && next_update_ != clock::time_point{}) std::cerr << "\r\033[K" << std::flush;
    }

    std::string summary() const
    {
        return std::to_string(subscribed_) + " subscribed, " + std::to_string(failed_) + " failed, " +
               std::to_string(left()) + " left, " + std::to_string(retried_) + " retries";
    }

private:
    std::size_t calls_;
    std::size_t subscribed_ = 0;
    std::size_t failed_ = 0;
    std::size_t retried_ = 0;
    bool is_terminal_;
    clock::time_point start_ = clock::now();
    clock::time_point next_update_{};
};

void run(arguments options)
{
    std::optional<sidecall::twilio_standin> standin;
    auto const user = settings_or_standin(options.server, standin);
    auto const callback = value_or_stop(sidecall::callback_url::parse(options.callback));
    std::optional<sidecall::http_method> method;
    if (!options.method.empty()) method = value_or_stop(sidecall::parse_http_method(options.method));
    auto const calls = read_calls(options.file);
    if (standin) std::cerr << "bulk_subscribe: using a stand-in for Twilio inside this process\n";

    std::signal(SIGINT, [](int) {
        interrupted = 1;
        std::signal(SIGINT, SIG_DFL); // a second Ctrl-C ends the program at once
    });

    auto const deadline = clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(options.deadline * 1000));
    report progress(calls.size());
    std::string stop_reason; // not empty: stop before all calls are done
    bool stopping = false;
    std::size_t pending = 0;
    sidecall::curl_multi_transport transport(
        {}, {.max_connections = options.connections, .max_in_flight = options.in_flight});
    auto const timer = [&](std::chrono::milliseconds delay, auto continuation) {
        progress.retry();
        transport.after(delay, std::move(continuation));
    };
    auto const start = [&](sidecall::call_sid const& call) {
        sidecall::create_user_defined_message_subscription operation{
            .account_sid = user.account_sid, .call_sid = call, .callback = callback, .method = method};
        operation.idempotency_key = key_of(operation, options.batch);
        auto const time_left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
        ++pending;
        send_with_retry(
            operation, user.credentials, transport, {.deadline = time_left, .max_attempts = 0}, timer,
            [&, call](subscription_result const& subscription) {
                --pending;
                if (subscription)
                    progress.subscribe(call, subscription->sid);
                else if (!stopping)
                    progress.fail(call, subscription.error());
                if (!subscription && subscription.error().http_status() == 401)
                    stop_reason = "the credentials were rejected";
            },
            user.endpoint);
    };

    for (std::size_t next = 0; next != calls.size() || pending != 0;) {
        if (interrupted) stop_reason = "interrupted; run the same command again to continue";
        if (clock::now() >= deadline) stop_reason = "the deadline has passed; run the same command again to continue";
        if (!stop_reason.empty()) break;
        // Start enough calls to keep the transport busy. More would only wait in its queue.
        while (next != calls.size() && pending < 2 * options.in_flight) start(calls[next++]);
        transport.poll();
        progress.show(transport.progress().limit);
        if (pending != 0) transport.wait(100ms);
    }
    stopping = true; // requests that are cancelled here count as left, not as failed
    transport.cancel_all();
    progress.hide();

    std::cerr << "bulk_subscribe: " << progress.summary() << '\n';
    if (!stop_reason.empty()) throw stop{stop_reason, interrupted ? interrupted_status : 1};
    if (progress.failed() != 0) throw stop{"some calls failed; run the same command again to retry them", 1};
}

} // namespace

int main(int argc, char** argv)
{
    arguments options;
    CLI::App app(
        "Subscribes to the User Defined Messages of many calls and prints a line for each call.\n"
        "You can stop it at any time and run it again: nothing is created twice.\n"
        "Needs TWILIO_ACCOUNT_SID, and TWILIO_AUTH_TOKEN or TWILIO_API_KEY and TWILIO_API_SECRET; or --standin.",
        "bulk_subscribe");
    app.add_option("file", options.file, "file of call SIDs (CA…), one per line; - for standard input")->required();
    app.add_option("--callback", options.callback, "http or https URL to which Twilio sends the messages")->required();
    app.add_option("--method", options.method, "HTTP method of the callback: POST (Twilio's default) or GET");
    app.add_option("--batch", options.batch, "any text; a different text subscribes the same calls again");
    options.server.add_to(app);
    options.server.add_standin_to(app);
    app.add_option("--connections", options.connections, "maximum number of connections")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--in-flight", options.in_flight, "maximum number of requests in flight")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    app.add_option("--deadline", options.deadline, "stop after this many seconds, even if calls are left")
        ->check(CLI::Range(0.001, 1e6))
        ->capture_default_str();
    app.footer(
        "Exit status: 0 if every call is subscribed; 1 if some failed, the deadline has passed, or the credentials\n"
        "were rejected; 2 for wrong arguments or environment variables; 130 after Ctrl-C.");
    return run_program(app, argc, argv, [&] { run(options); });
}
