// Tests examples/bulk_subscribe and examples/unsubscribe as programs against a stand-in in this process: killed, with a
// silent server, with rejected credentials. The environment variables BULK_SUBSCRIBE and UNSUBSCRIBE have their paths.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <sidecall/standin.hpp>

#include "loopback_server.hpp"

namespace bulk_subscribe_test {

using namespace std::chrono_literals;
using sidecall::twilio_standin;

/// cpp-httplib's first request runs alone. Debian's library is built without the thread sanitizer, which therefore does
/// not see how its static locals are guarded, and reports their initialization and use as a race.
bool warm_up()
{
    twilio_standin const twilio;
    httplib::Client client("127.0.0.1", twilio.port());
    return static_cast<bool>(client.Get("/"));
}

/// A temporary folder for the program's input and output, removed by the destructor.
class workplace {
public:
    workplace()
    {
        char path[] = "/tmp/sidecall-bulk-XXXXXX";
        REQUIRE(::mkdtemp(path));
        path_ = path;
    }
    workplace(workplace const&) = delete;
    workplace& operator=(workplace const&) = delete;
    ~workplace()
    {
        for (char const* name : {"calls", "out", "err"}) std::remove(in(name).c_str());
        ::rmdir(path_.c_str());
    }

    std::string in(char const* name) const { return path_ + "/" + name; }

    void write(std::string const& text) const { std::ofstream(in("calls")) << text; }
    std::string read(char const* name) const
    {
        std::ifstream file(in(name));
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }

private:
    std::string path_;
};

struct ending {
    int status; // the exit status, or 128 plus the number of the signal that ended it
    std::string out;
    std::string err;
};

/// One run of the program.
class program {
public:
    /// Runs bulk_subscribe. Its standard error goes to a file of the workplace, or to the given terminal.
    program(workplace const& files, std::string const& url, std::vector<std::string> arguments = {},
            std::string const& terminal = {})
        : files_(files)
    {
        arguments.insert(arguments.begin(), {files.in("calls"), "--callback", "https://example.com/udm", "--endpoint",
                                             url, "--connections", "4"});
        start("BULK_SUBSCRIBE", std::move(arguments), terminal);
    }
    program(program const&) = delete;
    program& operator=(program const&) = delete;

    void send(int signal) const { ::kill(id_, signal); }

    ending wait() const
    {
        int status = 0;
        REQUIRE(::waitpid(id_, &status, 0) == id_);
        return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), files_.read("out"),
                files_.read("err")};
    }

protected:
    explicit program(workplace const& files) : files_(files) {}

    void start(char const* variable, std::vector<std::string> arguments, std::string const& terminal = {})
    {
        char const* const path = std::getenv(variable);
        REQUIRE(path);
        arguments.insert(arguments.begin(), path);
        std::vector<std::string> variables = {"TWILIO_ACCOUNT_SID=AC00000000000000000000000000000001",
                                              "TWILIO_AUTH_TOKEN=stand-in-auth-token"};
        std::vector<char*> argv, envp;
        for (auto& one : arguments) argv.push_back(one.data());
        for (auto& one : variables) envp.push_back(one.data());
        argv.push_back(nullptr);
        envp.push_back(nullptr);

        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        int const fresh = O_WRONLY | O_CREAT | O_TRUNC;
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, files_.in("out").c_str(), fresh, 0600);
        std::string const err = terminal.empty() ? files_.in("err") : terminal;
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), fresh, 0600);
        REQUIRE(::posix_spawn(&id_, path, &actions, nullptr, argv.data(), envp.data()) == 0);
        posix_spawn_file_actions_destroy(&actions);
    }

private:
    workplace const& files_;
    pid_t id_ = 0;
};

/// One run of unsubscribe, for the result lines in the file "calls".
class unsubscribing : public program {
public:
    unsubscribing(workplace const& files, std::string const& url) : unsubscribing(files, url, {files.in("calls")}) {}
    unsubscribing(workplace const& files, std::string const& url, std::vector<std::string> arguments) : program(files)
    {
        arguments.insert(arguments.end(), {"--endpoint", url, "--connections", "4"});
        start("UNSUBSCRIBE", std::move(arguments));
    }
};

std::string call_sid(std::size_t which)
{
    char text[35];
    std::snprintf(text, sizeof text, "CA%032zx", which);
    return text;
}

std::string file_of(std::size_t calls)
{
    std::string text = "# calls of a test\n\n";
    for (std::size_t i = 0; i != calls; ++i) text += call_sid(i) + "\n";
    return text;
}

/// Each call's subscription, according to the program's output.
std::map<std::string, std::string> subscriptions_in(std::string const& out)
{
    std::map<std::string, std::string> subscriptions;
    std::istringstream lines(out);
    std::string call, word, sid;
    while (lines >> call >> word >> sid) {
        CHECK(word == "subscribed");
        subscriptions[call] = sid;
    }
    return subscriptions;
}

std::map<std::string, std::string> made_at(twilio_standin const& twilio)
{
    std::map<std::string, std::string> subscriptions;
    for (auto const& one : twilio.subscriptions()) {
        CHECK(subscriptions.count(one.call_sid) == 0);
        subscriptions[one.call_sid] = one.sid;
    }
    return subscriptions;
}

TEST_CASE("bulk_subscribe, killed ten times at random moments and restarted, subscribes each call exactly once")
{
    REQUIRE(warm_up());
    std::size_t const calls = 1500;
    twilio_standin twilio({.faults = sidecall::standin_faults{
                               .rate = 0.05, .seed = 11, .stall = 200ms, .slow_accept = 20ms, .retry_after = 1}});
    workplace files;
    files.write(file_of(calls));
    std::mt19937 engine(23);
    int killed = 0;
    std::size_t most = 0;
    for (int i = 0; i != 10; ++i) {
        program const run(files, twilio.base_url());
        std::this_thread::sleep_for(std::chrono::milliseconds(20 + engine() % 300));
        run.send(i % 2 == 0 ? SIGKILL : SIGINT);
        int const status = run.wait().status;
        killed += status == 128 + SIGKILL || status == 130;
        most = std::max(most, twilio.subscriptions().size());
    }
    MESSAGE("killed ", killed, " times, the last time with ", most, " of ", calls, " subscribed");
    CHECK(killed >= 5);
    CHECK(most > 0);

    auto const done = program(files, twilio.base_url()).wait();
    CHECK(done.status == 0);
    auto const made = made_at(twilio);
    CHECK(made.size() == calls);
    CHECK(subscriptions_in(done.out) == made);
    CHECK(done.err.find("1500 subscribed, 0 failed, 0 left") != std::string::npos);
}

TEST_CASE("a second run reports the same and creates nothing, and a run in another batch creates new subscriptions")
{
    twilio_standin twilio;
    workplace files;
    files.write(file_of(20));
    auto const first = program(files, twilio.base_url()).wait();
    CHECK(first.status == 0);
    CHECK(subscriptions_in(first.out) == made_at(twilio));
    CHECK(subscriptions_in(program(files, twilio.base_url()).wait().out) == subscriptions_in(first.out));
    CHECK(twilio.subscriptions().size() == 20);
    CHECK(program(files, twilio.base_url(), {"--batch", "2"}).wait().status == 0);
    CHECK(twilio.subscriptions().size() == 40);
}

TEST_CASE("a call that is listed twice is subscribed once, and reported")
{
    twilio_standin twilio;
    workplace files;
    files.write(call_sid(1) + "\r\n" + call_sid(2) + "\n" + call_sid(1));
    auto const done = program(files, twilio.base_url()).wait();
    CHECK(done.status == 0);
    CHECK(subscriptions_in(done.out).size() == 2);
    CHECK(twilio.subscriptions().size() == 2);
    CHECK(done.err.find(":3: " + call_sid(1) + " is a duplicate of line 1") != std::string::npos);
}

TEST_CASE("a line that is not a call SID is reported before anything is sent")
{
    twilio_standin twilio;
    workplace files;
    files.write(call_sid(1) + "\nCA12\n");
    auto const done = program(files, twilio.base_url()).wait();
    CHECK(done.status == 2);
    CHECK(done.err.find(":2: invalid_argument: CallSid: shorter than 34 characters (byte 4)") != std::string::npos);
    CHECK(twilio.ledger().empty());
}

TEST_CASE("a call that has ended is reported as failed, and the others are subscribed")
{
    twilio_standin twilio;
    twilio.end_call(call_sid(3));
    workplace files;
    files.write(file_of(10));
    auto const done = program(files, twilio.base_url()).wait();
    CHECK(done.status == 1);
    CHECK(done.out.find(call_sid(3) + " failed api_error: HTTP 404: ") != std::string::npos);
    CHECK(done.err.find("9 subscribed, 1 failed, 0 left") != std::string::npos);
    CHECK(twilio.subscriptions().size() == 9);
}

TEST_CASE("rejected credentials stop the program, which does not try them on every call")
{
    twilio_standin twilio({.auth_token = "another"});
    workplace files;
    files.write(file_of(5000));
    auto const done = program(files, twilio.base_url()).wait();
    CHECK(done.status == 1);
    CHECK(done.err.find("the credentials were rejected") != std::string::npos);
    CHECK(twilio.ledger().size() < 100);
}

TEST_CASE("on a terminal, it shows the progress: the rate, the retries, the remaining time")
{
    twilio_standin twilio(
        {.faults = sidecall::standin_faults{
             .rate = 0.2, .seed = 2, .kinds = {sidecall::standin_fault::too_many_requests_for_seconds}}});
    workplace files;
    files.write(file_of(100));
    int const terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(::grantpt(terminal) == 0);
    REQUIRE(::unlockpt(terminal) == 0);
    char const* const name = ::ptsname(terminal);
    REQUIRE(name);
    auto const done = program(files, twilio.base_url(), {}, name).wait();
    CHECK(done.status == 0);
    CHECK(subscriptions_in(done.out).size() == 100);

    ::fcntl(terminal, F_SETFL, O_NONBLOCK);
    std::string shown;
    char bytes[4096];
    for (ssize_t size = 0; (size = ::read(terminal, bytes, sizeof bytes)) > 0;)
        shown.append(bytes, static_cast<std::size_t>(size));
    ::close(terminal);
    for (char const* text : {" of 100, ", " a second, ", " retries, ", " s left", "100 subscribed, 0 failed, 0 left"})
        CHECK(shown.find(text) != std::string::npos);
    CHECK(done.err.empty());
}

TEST_CASE("with a silent server, it stops by its deadline")
{
    loopback::server const silent(loopback::stall);
    workplace files;
    files.write(file_of(5000));
    auto const start = std::chrono::steady_clock::now();
    auto const done = program(files, silent.url(), {"--deadline", "1.5"}).wait();
    CHECK(std::chrono::steady_clock::now() - start < 6s); // tolerates slow machines
    CHECK(done.status == 1);
    CHECK(done.err.find("the deadline has passed") != std::string::npos);
    CHECK(done.err.find("0 subscribed") != std::string::npos);
}

/// Counts the lines whose second word is this one.
std::ptrdiff_t lines_with(std::string const& word, std::string const& out)
{
    std::istringstream lines(out);
    std::ptrdiff_t count = 0;
    for (std::string line; std::getline(lines, line);)
        count += line.compare(34, word.size() + 2, " " + word + " ") == 0;
    return count;
}

/// The number of subscriptions whose deletion the stand-in has answered with 204; for none of them twice.
std::size_t deletions_at(twilio_standin const& twilio)
{
    std::set<std::string> deleted;
    for (auto const& request : twilio.ledger())
        if (request.method == "DELETE" && request.status == 204)
            CHECK_MESSAGE(deleted.insert(request.target).second, request.target, " was deleted twice");
    return deleted.size();
}

TEST_CASE("unsubscribe, killed at random moments and restarted, deletes each subscription exactly once")
{
    REQUIRE(warm_up());
    std::size_t const calls = 800;
    twilio_standin twilio({.faults = sidecall::standin_faults{.rate = 0}}); // until all are subscribed
    workplace files;
    files.write(file_of(calls));
    files.write(program(files, twilio.base_url()).wait().out);
    REQUIRE(twilio.subscriptions().size() == calls);

    twilio.inject({.rate = 0.05, .seed = 12, .stall = 200ms, .slow_accept = 20ms, .retry_after = 1});
    std::mt19937 engine(24);
    int killed = 0;
    for (int i = 0; i != 6; ++i) {
        unsubscribing const run(files, twilio.base_url());
        std::this_thread::sleep_for(std::chrono::milliseconds(20 + engine() % 200));
        run.send(i % 2 == 0 ? SIGKILL : SIGINT);
        int const status = run.wait().status;
        killed += status == 128 + SIGKILL || status == 130;
    }
    auto const left = static_cast<std::ptrdiff_t>(twilio.subscriptions().size());
    MESSAGE("killed ", killed, " times, the last time with ", left, " of ", calls, " left");
    CHECK(killed >= 3);

    auto done = unsubscribing(files, twilio.base_url()).wait();
    CHECK(lines_with("deleted", done.out) >= left); // also those whose first answer was lost
    CHECK(twilio.subscriptions().empty());
    // A 404 with a damaged body does not show that the subscription is absent, so it is reported as failed. The user
    // runs the command again, as it says.
    CHECK((done.status != 0) == (lines_with("failed", done.out) != 0));
    twilio.inject({.rate = 0});
    done = unsubscribing(files, twilio.base_url()).wait();
    CHECK(done.status == 0);
    CHECK(deletions_at(twilio) <= calls); // some deletions take effect and are answered with a fault
    CHECK(lines_with("deleted", done.out) + lines_with("absent", done.out) == static_cast<std::ptrdiff_t>(calls));
    CHECK(done.err.find("800 unsubscribed, 0 failed, 0 left") != std::string::npos);
}

TEST_CASE("unsubscribe reads what bulk_subscribe prints, as text and as JSON, and a second run finds all absent")
{
    for (bool const json : {false, true}) {
        CAPTURE(json);
        std::vector<std::string> const flag(json ? 1 : 0, "--json");
        twilio_standin twilio;
        twilio.end_call(call_sid(3));
        workplace files;
        files.write(file_of(10));
        auto const made = program(files, twilio.base_url(), flag).wait();
        CHECK(made.status == 1);
        files.write("# comment\r\n" + made.out + "\n" + made.out); // each line twice, and one call that has failed
        auto arguments = flag;
        arguments.push_back(files.in("calls"));
        for (std::string const status : {"deleted", "absent"}) {
            auto const done = unsubscribing(files, twilio.base_url(), arguments).wait();
            CHECK(done.status == 0);
            CHECK(done.err.find("9 unsubscribed, 0 failed, 0 left") != std::string::npos);
            CHECK(std::count(done.out.begin(), done.out.end(), '\n') == 9);
            if (!json) {
                CHECK(lines_with(status, done.out) == 9);
                continue;
            }
            std::istringstream lines(done.out);
            for (std::string line; std::getline(lines, line);) {
                auto const object = nlohmann::json::parse(line);
                CHECK(object.size() == 3);
                CHECK(object.at("status") == status);
                CHECK(object.at("call_sid").get<std::string>().substr(0, 2) == "CA");
                CHECK(object.at("subscription_sid").get<std::string>().substr(0, 2) == "ZY");
            }
        }
        CHECK(twilio.subscriptions().empty());
        CHECK(deletions_at(twilio) == 9);
    }
}

TEST_CASE("unsubscribe fails if a subscription may still exist: a 404 that is not Twilio's is no absence")
{
    twilio_standin twilio;
    workplace files;
    files.write(file_of(5));
    files.write(program(files, twilio.base_url()).wait().out);
    twilio.answer_next({.status = 404, .body = "<html>proxy</html>"});
    auto const done = unsubscribing(files, twilio.base_url(), {files.in("calls"), "--json"}).wait();
    CHECK(done.status == 1);
    CHECK(done.out.find(R"("error":"unexpected_status","reason":"unexpected_status: HTTP 404)") != std::string::npos);
    CHECK(done.out.find(R"("http_status":404)") != std::string::npos);
    CHECK(done.err.find("4 unsubscribed, 1 failed, 0 left") != std::string::npos);
    CHECK(twilio.subscriptions().size() == 1);
    CHECK(unsubscribing(files, twilio.base_url()).wait().status == 0);
    CHECK(twilio.subscriptions().empty());
}

TEST_CASE("unsubscribe deletes one subscription by its SID")
{
    twilio_standin twilio;
    workplace files;
    files.write(file_of(2));
    auto const made = subscriptions_in(program(files, twilio.base_url()).wait().out);
    auto const done = unsubscribing(files, twilio.base_url(), {"--call", call_sid(1), made.at(call_sid(1))}).wait();
    CHECK(done.status == 0);
    CHECK(done.out == call_sid(1) + " deleted " + made.at(call_sid(1)) + "\n");
    CHECK(twilio.subscriptions().size() == 1);
}

TEST_CASE("unsubscribe deletes nothing if one line is wrong")
{
    twilio_standin twilio;
    workplace files;
    files.write(file_of(2));
    std::string const good = program(files, twilio.base_url()).wait().out;
    std::string const sid = "ZY" + std::string(32, '1');
    for (std::string const& bad :
         {call_sid(1), call_sid(1) + " subscribed", call_sid(1) + " subscribed ZY1", "CA1 subscribed " + sid,
          call_sid(1) + " subscribed " + sid + " more", call_sid(1) + " deleted " + sid, std::string("{"),
          std::string("{}"), R"({"call_sid":")" + call_sid(1) + R"(","status":"subscribed"})"}) {
        CAPTURE(bad);
        files.write(good + bad + "\n");
        auto const done = unsubscribing(files, twilio.base_url()).wait();
        CHECK(done.status == 2);
        CHECK(done.err.find("calls:3: ") != std::string::npos);
    }
    CHECK(twilio.subscriptions().size() == 2);
}

TEST_CASE("rejected credentials stop unsubscribe")
{
    twilio_standin twilio({.auth_token = "another"});
    workplace files;
    std::string lines;
    for (std::size_t i = 0; i != 5000; ++i) lines += call_sid(i) + " subscribed ZY" + call_sid(i).substr(2) + "\n";
    files.write(lines);
    auto const done = unsubscribing(files, twilio.base_url()).wait();
    CHECK(done.status == 1);
    CHECK(done.err.find("the credentials were rejected") != std::string::npos);
    CHECK(twilio.ledger().size() < 100);
}

} // namespace bulk_subscribe_test
