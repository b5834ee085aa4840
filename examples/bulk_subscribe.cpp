// Subscribes to the messages of many calls at once: a file of call SIDs in, a line for each call out. It can be ended
// at any moment and run again: the idempotency key of each subscription is derived from what is asked for, so nothing
// is created twice. Without the TWILIO_ variables it asks a stand-in within this process.

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
using subscribed = sidecall::result<sidecall::user_defined_message_subscription>;

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

/// The exit status of a program that Ctrl-C ended.
constexpr int interrupted_status = 130;

std::sig_atomic_t volatile interrupted = 0;

/// The call SIDs of a file, one a line; blank lines and those that begin with '#' do not count, and a call that comes
/// again counts once. All of them are checked before anything is sent.
std::vector<sidecall::call_sid> read_calls(std::string const& file)
{
    std::ifstream opened;
    if (file != "-") {
        opened.open(file);
        if (!opened) throw stop{"cannot read " + file, wrong_usage};
    }
    std::istream& in = file == "-" ? std::cin : opened;

    std::vector<sidecall::call_sid> calls;
    std::map<std::string, std::size_t> lines;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.empty() || line.front() == '#') continue;
        std::string const place = file + ":" + std::to_string(number) + ": ";
        auto const call = sidecall::call_sid::parse(line);
        if (!call) throw stop{place + call.error().to_string(), wrong_usage};
        auto const [first, is_new] = lines.emplace(line, number);
        if (is_new)
            calls.push_back(*call);
        else
            std::cerr << place << line << " again, as on line " << first->second << '\n';
    }
    if (in.bad()) throw stop{"cannot read " + file, wrong_usage};
    return calls;
}

/// A UUID (RFC 9562, version 8: a hash) that depends on all of a request, and on nothing else.
sidecall::idempotency_key key_of(sidecall::create_user_defined_message_subscription const& operation,
                                 std::string const& batch)
{
    std::string text = "bulk_subscribe";
    for (std::string_view part :
         {operation.account_sid.view(), operation.call_sid.view(), operation.callback.view(),
          operation.method ? to_string_view(*operation.method) : std::string_view(), std::string_view(batch)})
        text.append(1, '\n').append(part); // of which the last alone can have a line break
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

/// What has come of the calls, told as it comes: a line for each on standard output, and on standard error, if that is
/// a terminal, one that is written over and over.
class report {
public:
    explicit report(std::size_t calls) : calls_(calls), is_shown_(::isatty(STDERR_FILENO) == 1) {}

    void subscribe(sidecall::call_sid const& call, sidecall::subscription_sid const& made)
    {
        hide();
        std::cout << call.view() << " subscribed " << made.view() << std::endl;
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

    /// How far it is, at most five times a second.
    void show(std::size_t limit)
    {
        auto const now = clock::now();
        if (!is_shown_ || now < next_) return;
        next_ = now + 200ms;
        double const seconds = std::chrono::duration<double>(now - start_).count();
        auto const done = calls_ - left();
        double const rate = static_cast<double>(done) / seconds;
        std::cerr << "\r\033[K" << done << " of " << calls_ << ", " << static_cast<long>(rate) << " a second, "
                  << retried_ << " retries, " << failed_ << " failed, at most " << limit << " at a time";
        if (done != 0) std::cerr << ", " << static_cast<long>(static_cast<double>(left()) / rate) + 1 << " s left";
        std::cerr << std::flush;
    }

    /// Takes the line away.
    void hide()
    {
        if (is_shown_ && next_ != clock::time_point{}) std::cerr << "\r\033[K" << std::flush;
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
    bool is_shown_;
    clock::time_point start_ = clock::now();
    clock::time_point next_{};
};

void run(arguments given)
{
    auto who = identity_of_environment();
    std::optional<sidecall::twilio_standin> standin;
    if (!who) who = identity_at(standin, given.server);
    auto const credentials = who->credentials();
    auto const where = given.server.parse();
    auto const callback = value_or_stop(sidecall::callback_url::parse(given.callback));
    std::optional<sidecall::http_method> method;
    if (!given.method.empty()) method = value_or_stop(sidecall::parse_http_method(given.method));
    auto const calls = read_calls(given.file);
    if (standin) std::cerr << "bulk_subscribe: no TWILIO_ variables, so this asks a stand-in within this process\n";

    std::signal(SIGINT, [](int) {
        interrupted = 1;
        std::signal(SIGINT, SIG_DFL); // the next one ends the program at once
    });

    auto const end = clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(given.deadline * 1000));
    report told(calls.size());
    std::string refusal; // why it makes no sense to go on
    bool ending = false;
    std::size_t under_way = 0;
    sidecall::curl_multi_transport carrier({},
                                           {.max_connections = given.connections, .max_in_flight = given.in_flight});
    auto const timer = [&](std::chrono::milliseconds delay, auto next) {
        told.retry();
        carrier.after(delay, std::move(next));
    };
    auto const start = [&](sidecall::call_sid const& call) {
        sidecall::create_user_defined_message_subscription operation{
            .account_sid = who->account, .call_sid = call, .callback = callback, .method = method};
        operation.idempotency_key = key_of(operation, given.batch);
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock::now());
        ++under_way;
        send_with_retry(
            operation, credentials, carrier, {.deadline = left, .max_attempts = 0}, timer,
            [&, call](subscribed const& made) {
                --under_way;
                if (made)
                    told.subscribe(call, made->sid);
                else if (!ending)
                    told.fail(call, made.error());
                if (!made && made.error().http_status() == 401) refusal = "the credentials are refused";
            },
            where);
    };

    for (std::size_t next = 0; next != calls.size() || under_way != 0;) {
        if (interrupted) refusal = "interrupted; run the same again to go on with what is left";
        if (clock::now() >= end) refusal = "the deadline is over; run the same again to go on with what is left";
        if (!refusal.empty()) break;
        // As many ahead as keep the transport busy; the others would only age.
        while (next != calls.size() && under_way < 2 * given.in_flight) start(calls[next++]);
        carrier.poll();
        told.show(carrier.progress().limit);
        if (under_way != 0) carrier.wait(100ms);
    }
    ending = true; // what is given up is not failed, but left
    carrier.cancel_all();
    told.hide();

    std::cerr << "bulk_subscribe: " << told.summary() << '\n';
    if (!refusal.empty()) throw stop{refusal, interrupted ? interrupted_status : 1};
    if (told.failed() != 0) throw stop{"not all calls are subscribed; run the same again to try the others again", 1};
}

} // namespace

int main(int argc, char** argv)
{
    arguments given;
    CLI::App app(
        "Subscribes to the User Defined Messages of many calls. Prints a line for each call, and can be ended and\n"
        "run again at any moment: nothing is created twice.\n"
        "Asks Twilio if TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are set, else a stand-in in this process.",
        "bulk_subscribe");
    app.add_option("file", given.file, "the calls' SIDs, CA…, one a line; - for standard input")->required();
    app.add_option("--callback", given.callback, "where Twilio is to send the messages: an http or https URL")
        ->required();
    app.add_option("--method", given.method, "how Twilio calls it: POST (its default) or GET");
    app.add_option("--batch", given.batch, "any text: with another one, the same calls are subscribed once more");
    given.server.add_to(app);
    app.add_option("--connections", given.connections, "how many connections at most")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--in-flight", given.in_flight, "how many requests at a time at most")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    app.add_option("--deadline", given.deadline, "after how many seconds to end, whatever is left")
        ->check(CLI::Range(0.001, 1e6))
        ->capture_default_str();
    return run_program(app, argc, argv, [&] { run(given); });
}
