// Tests what curl_multi_transport says about requests that a server refuses over HTTP/2. Sends requests without an
// idempotency key to a server that the program scripts, and to nginx, nghttpx and nghttpd. Compares the outcomes with
// what the server processed. See tests/http2.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../examples/program.hpp"
#include "loopback_server.hpp"

#include <sidecall/curl_multi.hpp>
#include <sidecall/sidecall.hpp>

namespace {

using namespace sidecall::literals;
using namespace std::chrono_literals;
using sidecall::errc;
using sidecall::http_version;

/// The value of a request's X-Marker field. HPACK never compresses it: Huffman's code is longer for these characters,
/// and the scripted server forbids the dynamic table. So it is found in the bytes of a HEADERS frame, without decoding.
std::string marker_of(std::size_t which)
{
    std::string marker = "!!!--------";
    for (std::size_t i = 3; i != marker.size(); ++i, which /= 6) marker[i] = "&*,;XZ"[which % 6];
    return marker;
}
std::optional<std::size_t> find_marker(std::string_view bytes)
{
    auto const begin = bytes.find("!!!");
    if (begin == bytes.npos || begin + 11 > bytes.size()) return {};
    std::size_t which = 0;
    for (std::size_t i = begin + 11; i-- != begin + 3;) {
        auto const digit = std::string_view("&*,;XZ").find(bytes[i]);
        if (digit == std::string_view::npos) return {};
        which = which * 6 + digit;
    }
    return which;
}

/// A request that is not safe to repeat.
struct marked_post {
    std::string marker;
    static constexpr sidecall::http_method request_method = sidecall::http_method::post;

    template <class Request>
    constexpr void write(Request& request) const
    {
        request.path("/2010-04-01/marked").header("X-Marker", marker).field("Name", "value");
    }
};

/// What became of each request: on the server, and according to the transport.
class journal {
public:
    explicit journal(std::size_t operations) : entries_(operations) {}

    std::size_t size() const { return entries_.size(); }

    void process(std::optional<std::size_t> which) { add(which, &entry::processed); }
    void refuse(std::optional<std::size_t> which) { add(which, &entry::refused); }
    void drop(std::optional<std::size_t> which) { add(which, &entry::dropped); }
    void end(std::size_t which, sidecall::result<sidecall::http_response> const& outcome)
    {
        entries_[which].ends += 1;
        if (!outcome) entries_[which].outcome = outcome.error().code();
        if (!outcome) entries_[which].text = outcome.error().to_string();
    }

    struct verdict {
        std::size_t operations = 0, responses = 0, not_connected = 0, answer_lost = 0, other = 0;
        std::size_t processed = 0;
        std::size_t doubled = 0;        ///< Processed more than once.
        std::size_t falsely_unsent = 0; ///< `not_connected`, but processed.
        std::size_t falsely_lost = 0;   ///< `answer_lost`, but not processed.
        std::size_t wrong = 0;          ///< No outcome or several, or a response without being processed.

        verdict& operator+=(verdict const& more)
        {
            for (auto member : {&verdict::operations, &verdict::responses, &verdict::not_connected,
                                &verdict::answer_lost, &verdict::other, &verdict::processed, &verdict::doubled,
                                &verdict::falsely_unsent, &verdict::falsely_lost, &verdict::wrong})
                this->*member += more.*member;
            return *this;
        }
        bool is_safe() const { return doubled + falsely_unsent + wrong == 0; }
    };

    /// If `only_announced`, a request counts as falsely lost only if the server refused it each time that it arrived.
    verdict judge(bool only_announced) const
    {
        verdict found;
        found.operations = entries_.size();
        for (auto const& one : entries_) {
            found.responses += one.outcome == errc{};
            found.not_connected += one.outcome == errc::not_connected;
            found.answer_lost += one.outcome == errc::answer_lost;
            found.other +=
                one.outcome != errc{} && one.outcome != errc::not_connected && one.outcome != errc::answer_lost;
            found.processed += one.processed != 0;
            found.doubled += one.processed > 1;
            found.falsely_unsent += one.outcome == errc::not_connected && one.processed != 0;
            bool const was_announced = !only_announced || (one.refused != 0 && one.dropped == 0);
            found.falsely_lost += one.outcome == errc::answer_lost && one.processed == 0 && was_announced;
            found.wrong += one.ends != 1 || (one.outcome == errc{} && one.processed == 0);
        }
        return found;
    }

    /// The failures' texts, with their numbers, by whether the server processed the request.
    std::map<std::string, std::size_t> failures() const
    {
        std::map<std::string, std::size_t> counts;
        for (auto const& one : entries_)
            if (one.outcome != errc{})
                ++counts[(one.processed ? "processed " : one.refused ? "refused   " : "unseen    ") + one.text];
        return counts;
    }

private:
    struct entry {
        int processed = 0, refused = 0, dropped = 0, ends = 0;
        errc outcome{};
        std::string text{};
    };
    void add(std::optional<std::size_t> which, int entry::* count)
    {
        std::lock_guard const lock(mutex_);
        if (which && *which < entries_.size()) ++(entries_[*which].*count);
    }

    std::mutex mutex_{};
    std::vector<entry> entries_;
};

// The scripted server

enum class moment { accepted, settings, headers, complete, part_of_headers, response_headers, part_of_body, response };
constexpr std::pair<moment, char const*> moments[] = {
    {moment::accepted, "before SETTINGS"},
    {moment::settings, "after SETTINGS"},
    {moment::headers, "after the request's HEADERS"},
    {moment::complete, "after the request"},
    {moment::part_of_headers, "within the response's HEADERS"},
    {moment::response_headers, "after the response's HEADERS"},
    {moment::part_of_body, "within the response's DATA"},
    {moment::response, "after the response"},
};

enum class deed { reset_stream, go_away, go_away_and_close, go_away_and_reset, close, reset };
constexpr std::uint32_t no_error = 0, internal_error = 2, refused_stream = 7, cancel = 8, enhance_your_calm = 11;

/// What the scripted server does wrong, and when.
struct fault {
    moment when{};
    deed what{};
    std::uint32_t code = no_error;
    int last = 0;                ///< The last stream of a GOAWAY, relative to the stream of the fault: -2, 0, or 2.
    int request = 3;             ///< The number of the request, on its connection, that meets the fault.
    std::size_t connections = 1; ///< The number of connections, from the first one, with this fault.
};

std::string to_text(fault const& one)
{
    std::string text;
    for (auto const& [when, name] : moments)
        if (when == one.when) text = name;
    static constexpr char const* names[] = {"RST_STREAM",           "GOAWAY", "GOAWAY and close",
                                            "GOAWAY and TCP reset", "close",  "TCP reset"};
    text += std::string(": ") + names[static_cast<int>(one.what)];
    if (one.what <= deed::go_away_and_reset) text += ", code " + std::to_string(one.code);
    if (one.what != deed::reset_stream && one.what <= deed::go_away_and_reset)
        text += ", last stream " + std::string(one.last < 0 ? "below" : one.last == 0 ? "equal" : "above");
    return text + ", request " + std::to_string(one.request) + " of " + std::to_string(one.connections) +
           " connections";
}

/// All faults that make sense.
std::vector<fault> all_faults()
{
    std::vector<fault> all;
    for (auto const& [when, name] : moments) {
        bool const has_stream = when != moment::accepted && when != moment::settings;
        for (auto const what : {deed::close, deed::reset}) all.push_back({.when = when, .what = what});
        if (when == moment::part_of_headers) continue; // no other frame may follow
        for (auto const code : {refused_stream, internal_error, cancel, enhance_your_calm})
            if (has_stream) all.push_back({.when = when, .what = deed::reset_stream, .code = code});
        for (auto const what : {deed::go_away, deed::go_away_and_close, deed::go_away_and_reset})
            for (int const last : {-2, 0, 2})
                for (auto const code : {no_error, enhance_your_calm})
                    all.push_back({.when = when, .what = what, .code = code, .last = last});
    }
    return all;
}

/// The server's side of one HTTP/2 connection. Records what it processes, refuses and drops.
class http2_peer {
public:
    http2_peer(loopback::connection& peer, journal& record, fault const* plan, std::chrono::milliseconds delay)
        : peer_(peer), record_(record), plan_(plan), delay_(delay)
    {
    }

    void serve()
    {
        if (!fill(24)) return;
        read_.erase(0, 24);
        if (is_time(moment::accepted, 1) && !act(1)) return drop_open();
        std::string settings;
        add(settings, 0x1, 2); // no dynamic table
        add(settings, 0, 4);
        add(settings, 0x3, 2); // MAX_CONCURRENT_STREAMS
        add(settings, 100, 4);
        write(4, 0, 0, settings);
        if (is_time(moment::settings, 1) && !act(1)) return drop_open();
        while (step()) {
        }
        drop_open();
    }

private:
    struct stream {
        std::optional<std::size_t> marker;
        int number = 0; // on this connection, from 1
    };

    static void add(std::string& bytes, std::uint32_t value, int size)
    {
        while (size-- != 0) bytes += static_cast<char>(value >> (8 * size) & 0xff);
    }
    static std::uint32_t get(std::string_view bytes)
    {
        std::uint32_t value = 0;
        for (char const one : bytes) value = value << 8 | static_cast<unsigned char>(one);
        return value;
    }

    bool fill(std::size_t size)
    {
        while (read_.size() < size) {
            if (plan_ && delay_ != 0ms) std::this_thread::sleep_for(delay_);
            auto const more = peer_.read_some();
            if (more.empty()) return false;
            read_ += more;
        }
        return true;
    }
    bool write(std::uint32_t kind, std::uint32_t flags, std::uint32_t id, std::string_view payload)
    {
        std::string frame;
        add(frame, static_cast<std::uint32_t>(payload.size()), 3);
        add(frame, kind, 1);
        add(frame, flags, 1);
        add(frame, id, 4);
        return peer_.write(frame.append(payload));
    }

    /// Reads and handles one frame. Returns false at the end of the connection.
    bool step()
    {
        if (!fill(9)) return false;
        std::size_t const size = get(read_.substr(0, 3));
        auto const kind = get(read_.substr(3, 1)), flags = get(read_.substr(4, 1));
        auto const id = get(read_.substr(5, 4)) & 0x7fffffff;
        if (!fill(9 + size)) return false;
        std::string const payload = read_.substr(9, size);
        read_.erase(0, 9 + size);
        if (kind == 1) return begin(id, payload, (flags & 1) != 0);
        if (kind == 0 && (flags & 1) != 0) return complete(id);
        if (kind == 3) end(id, &journal::drop); // the client gave up before the request was processed
        if (kind == 4 && (flags & 1) == 0) return write(4, 1, 0, "");
        if (kind == 6 && (flags & 1) == 0) return write(6, 1, 0, payload);
        return true;
    }

    bool begin(std::uint32_t id, std::string const& payload, bool is_complete)
    {
        auto const marker = find_marker(payload);
        if (!marker) std::fprintf(stderr, "http2: a request without a marker\n");
        if (id > last_) {
            if (is_announced_)
                record_.refuse(marker);
            else
                record_.drop(marker);
            return true;
        }
        open_[id] = {marker, ++requests_};
        if (is_time(moment::headers, requests_) && !act(id)) return false;
        return !is_complete || complete(id);
    }

    bool complete(std::uint32_t id)
    {
        if (!open_.contains(id)) return true;
        int const number = open_[id].number;
        if (is_time(moment::complete, number) && !act(id)) return false;
        if (!open_.contains(id)) return true;
        end(id, &journal::process);
        if (is_time(moment::part_of_headers, number)) {
            write(1, 0, id, "\x88");
            return act(id);
        }
        write(1, 4, id, "\x88"); // 200
        if (is_time(moment::response_headers, number)) {
            bool const goes_on = act(id);
            if (!goes_on || plan_->what == deed::reset_stream) return goes_on;
        }
        write(0, 0, id, "{");
        if (is_time(moment::part_of_body, number)) {
            bool const goes_on = act(id);
            if (!goes_on || plan_->what == deed::reset_stream) return goes_on;
        }
        write(0, 1, id, "}");
        return !is_time(moment::response, number) || act(id);
    }

    bool is_time(moment when, int number)
    {
        bool const before = when == moment::accepted || when == moment::settings;
        return plan_ && plan_->when == when && (before || plan_->request == number);
    }

    /// Does what the plan says to this stream. Returns false if the connection has ended.
    bool act(std::uint32_t id)
    {
        if (plan_->what == deed::reset_stream) {
            // Only this code promises that nothing was processed.
            end(id, plan_->code == refused_stream ? &journal::refuse : &journal::process);
            std::string payload;
            add(payload, plan_->code, 4);
            return write(3, 0, id, payload);
        }
        if (plan_->what <= deed::go_away_and_reset) {
            auto const last = static_cast<std::uint32_t>(std::max(0, static_cast<int>(id) + plan_->last));
            last_ = last;
            std::string payload;
            add(payload, last, 4);
            add(payload, plan_->code, 4);
            write(7, 0, 0, payload);
            // If a TCP reset follows, the GOAWAY may not arrive. SETTINGS must come first (RFC 9113, section 3.4).
            is_announced_ = plan_->what != deed::go_away_and_reset && plan_->when != moment::accepted;
            while (!open_.empty() && std::prev(open_.end())->first > last)
                end(std::prev(open_.end())->first, is_announced_ ? &journal::refuse : &journal::drop);
        }
        switch (plan_->what) {
        case deed::reset_stream:
        case deed::go_away: return true;
        case deed::go_away_and_close:
            // Reads what the client sends meanwhile, because the kernel would answer unread bytes with a reset.
            peer_.finish_writing();
            for (auto plan = std::exchange(plan_, nullptr); step();) static_cast<void>(plan);
            return false;
        case deed::close: peer_.close(); return false;
        case deed::go_away_and_reset:
        case deed::reset: peer_.reset(); return false;
        }
        return false;
    }

    void end(std::uint32_t id, void (journal::*how)(std::optional<std::size_t>))
    {
        auto const found = open_.extract(id);
        if (!found.empty()) (record_.*how)(found.mapped().marker);
    }
    /// Drops the requests that were not processed when the connection ended.
    void drop_open()
    {
        while (!open_.empty()) end(open_.begin()->first, &journal::drop);
    }

    loopback::connection& peer_;
    journal& record_;
    fault const* plan_;
    std::chrono::milliseconds delay_;
    std::string read_{};
    std::map<std::uint32_t, stream> open_{}; // requests that were neither processed nor refused
    int requests_ = 0;
    std::uint32_t last_ = 0x7fffffff; // the last stream of a GOAWAY
    bool is_announced_ = false;       // in a GOAWAY that the client must understand
};

// Sending

sidecall::credentials who()
{
    return sidecall::credentials::auth_token("AC00000000000000000000000000000001"_account_sid,
                                             sidecall::secret("a-token-that-nobody-may-see"));
}

struct settings {
    http_version protocol = http_version::automatic;
    std::size_t connections = 8;
    std::size_t in_flight = 1000;
};

/// Sends the requests `first` to `last - 1` at once. Calls `progress(number of outcomes)` after each poll.
template <class Progress>
void send_all(sidecall::curl_multi_transport& transport, std::string const& url, journal& record, std::size_t first,
              std::size_t last, Progress&& progress)
{
    auto const endpoint = *sidecall::endpoint::parse(url);
    std::size_t ended = 0;
    for (std::size_t which = first; which != last; ++which)
        transport(authorize(*sidecall::make_request(marked_post{marker_of(which)}, endpoint), who()),
                  [&record, &ended, which](sidecall::result<sidecall::http_response> outcome) {
                      record.end(which, outcome);
                      ++ended;
                  });
    for (; transport.poll() != 0; progress(ended)) transport.wait(100ms);
}

/// One run against the scripted server.
struct scene {
    fault plan;
    std::size_t operations = 8;
    std::size_t warm_up = 1; ///< Requests that are sent before the others.
    std::size_t connections = 2;
    std::chrono::milliseconds delay = 2ms;
};

journal::verdict play(scene const& given, http_version protocol, loopback::tls_identity const& identity, bool explains)
{
    journal record(given.operations);
    fault const& plan = given.plan;
    journal::verdict found;
    {
        loopback::server server(
            [&](loopback::connection& peer) {
                http2_peer(peer, record, peer.number() < plan.connections ? &plan : nullptr, given.delay).serve();
            },
            &identity);
        sidecall::curl_multi_transport transport(
            {.connect_timeout = 5s, .total_timeout = 5s, .ca_file = identity.ca_file()},
            {.max_connections = given.connections, .protocol = protocol});
        auto const ignore = [](std::size_t) {};
        send_all(transport, server.url(), record, 0, given.warm_up, ignore);
        send_all(transport, server.url(), record, given.warm_up, given.operations, ignore);
    }
    found = record.judge(true);
    bool const reports = sidecall::detail::reports_refusals(*curl_version_info(CURLVERSION_NOW));
    if (explains || !found.is_safe() || (reports && found.falsely_lost != 0)) {
        std::printf("   %s; %zu operations, %zu first, %zu connections, %lld ms: responses %zu, not_connected %zu, "
                    "answer_lost %zu, other %zu; doubled %zu, falsely lost %zu, falsely unsent %zu, wrong %zu\n",
                    to_text(plan).c_str(), given.operations, given.warm_up, given.connections,
                    static_cast<long long>(given.delay.count()), found.responses, found.not_connected,
                    found.answer_lost, found.other, found.doubled, found.falsely_lost, found.falsely_unsent,
                    found.wrong);
        for (auto const& [text, count] : record.failures()) std::printf("      %zu %s\n", count, text.c_str());
    }
    return found;
}

int choose_http2(SSL*, unsigned char const** chosen, unsigned char* size, unsigned char const* offered,
                 unsigned int length, void*)
{
    for (unsigned int i = 0; i < length; i += offered[i] + 1u)
        if (offered[i] == 2 && std::memcmp(offered + i + 1, "h2", 2) == 0) {
            *chosen = offered + i + 1;
            *size = 2;
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_NOACK;
}

struct arguments {
    std::vector<std::string> servers = {"scripted", "nginx", "nghttpx", "nghttpd"};
    std::vector<std::string> protocols = {"automatic", "http2"};
    std::size_t operations = 20000;
    std::size_t scenes = 2000;
    std::size_t sample = 1;
    std::uint64_t seed = 1;
    std::size_t requests_per_connection = 50;
    std::size_t connections = 8;
    std::size_t in_flight = 1000;
    bool explains = false;
};

journal::verdict run_scripted(arguments const& given, http_version protocol)
{
    loopback::tls_identity const identity;
    SSL_CTX_set_alpn_select_cb(identity.context(), &choose_http2, nullptr);
    auto const faults = all_faults();
    journal::verdict total;
    auto show = [&, next = std::chrono::steady_clock::now() + 10s](std::size_t scene) mutable {
        if (std::chrono::steady_clock::now() < next) return;
        next = std::chrono::steady_clock::now() + 10s;
        std::fprintf(stderr, "scene %zu of %zu\n", scene, faults.size() / given.sample + given.scenes);
    };
    for (std::size_t i = given.sample - 1; i < faults.size(); i += given.sample, show(i / given.sample))
        total += play({.plan = faults[i]}, protocol, identity, given.explains);
    std::mt19937_64 random(given.seed);
    auto const draw = [&](std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random); };
    for (std::size_t i = 0; i != given.scenes; ++i) {
        scene one{.plan = faults[draw(faults.size() - 1)]};
        one.plan.request = static_cast<int>(1 + draw(7));
        one.plan.connections = draw(9) == 0 ? 1000 : 1 + draw(2);
        one.warm_up = draw(2);
        one.operations = 3 + draw(27);
        one.connections = 1 + draw(2);
        one.delay = std::chrono::milliseconds(draw(3));
        total += play(one, protocol, identity, given.explains);
        show(faults.size() / given.sample + i + 1);
    }
    return total;
}

// Real servers

int free_port()
{
    return loopback::listener().port();
}

bool is_open(int port)
{
    int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool const open = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return open;
}

/// A temporary folder with a key and a certificate.
class folder {
public:
    explicit folder(loopback::tls_identity const& identity)
    {
        char path[] = "/tmp/sidecall-http2-XXXXXX";
        loopback::require(::mkdtemp(path) != nullptr, "mkdtemp");
        path_ = path;
        ::chmod(path, 0755); // nginx reads it as another user
        identity.write(path_ + "/key", path_ + "/certificate");
    }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;
    ~folder() { std::filesystem::remove_all(path_); }

    std::string operator/(std::string_view name) const { return (path_ + "/").append(name); }

private:
    std::string path_;
};

/// Another program. It writes its output to a file. The destructor ends it.
class child {
public:
    child(std::vector<std::string> words, std::string const& output)
    {
        std::vector<char*> arguments;
        for (auto& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        process_ = ::fork();
        if (process_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        int const file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        ::dup2(file, STDOUT_FILENO);
        ::dup2(file, STDERR_FILENO);
        ::execvp(arguments[0], arguments.data());
        ::_exit(127);
    }
    child(child const&) = delete;
    child& operator=(child const&) = delete;
    ~child()
    {
        signal(SIGTERM);
        ::waitpid(process_, nullptr, 0);
    }
    void signal(int number) const { ::kill(process_, number); }

private:
    pid_t process_;
};

bool is_installed(std::string const& name)
{
    return std::system(("command -v " + name + " >/dev/null 2>&1").c_str()) == 0;
}

void wait_for(int port)
{
    for (int i = 0; i != 500 && !is_open(port); ++i) std::this_thread::sleep_for(10ms);
    if (!is_open(port)) throw stop{"the server did not start", 1};
}

void add_lines(journal& record, std::string const& log, std::string_view status)
{
    std::ifstream file(log);
    for (std::string line; std::getline(file, line);)
        if (line.find(status) != line.npos) record.process(find_marker(line));
}

/// Sends requests while `disturb` is called every `operations / disturbances` outcomes.
journal::verdict run_load(arguments const& given, http_version protocol, std::string const& ca_file, int port,
                          std::size_t disturbances, std::function<void(std::size_t)> const& disturb,
                          std::function<void(journal&)> const& finish)
{
    journal record(given.operations);
    std::size_t done = 0;
    auto next = std::chrono::steady_clock::now() + 10s;
    {
        sidecall::curl_multi_transport transport(
            {.connect_timeout = 10s, .total_timeout = 30s, .ca_file = ca_file},
            {.max_connections = given.connections, .max_in_flight = given.in_flight, .protocol = protocol});
        send_all(transport, "https://127.0.0.1:" + std::to_string(port), record, 0, record.size(),
                 [&](std::size_t ended) {
                     if (std::chrono::steady_clock::now() >= next) {
                         std::fprintf(stderr, "%zu of %zu requests\n", ended, record.size());
                         next += 10s;
                     }
                     if (done == disturbances || ended * (disturbances + 1) < (done + 1) * record.size()) return;
                     disturb(done++);
                 });
    }
    finish(record);
    if (given.explains)
        for (auto const& [text, count] : record.failures()) std::printf("   %6zu %s\n", count, text.c_str());
    return record.judge(false);
}

/// nginx closes each connection after some requests, and is told to load its configuration again three times.
journal::verdict run_nginx(arguments const& given, http_version protocol)
{
    loopback::tls_identity const identity;
    folder const files(identity);
    int const port = free_port();
    std::ofstream(files / "nginx.conf") << "daemon off; worker_processes 1; pid " << files / "pid" << "; error_log "
                                        << files / "errors" << ";\nevents { worker_connections 4096; }\nhttp {\n"
                                        << "log_format marker escape=none 'status $status $http_x_marker';\naccess_log "
                                        << files / "log" << " marker;\nclient_body_temp_path " << files / "bodies"
                                        << ";\nproxy_temp_path " << files / "proxied" << ";\nfastcgi_temp_path "
                                        << files / "fast" << ";\nuwsgi_temp_path " << files / "uwsgi"
                                        << ";\nscgi_temp_path " << files / "scgi" << ";\nkeepalive_requests "
                                        << given.requests_per_connection << ";\nserver { listen 127.0.0.1:" << port
                                        << " ssl http2; ssl_certificate " << files / "certificate"
                                        << "; ssl_certificate_key " << files / "key"
                                        << ";\nlocation / { return 201 '{}'; } } }\n";
    auto server = std::make_unique<child>(
        std::vector<std::string>{"nginx", "-p", files / "", "-c", files / "nginx.conf"}, files / "output");
    wait_for(port);
    return run_load(
        given, protocol, identity.ca_file(), port, 3, [&](std::size_t) { server->signal(SIGHUP); },
        [&](journal& record) {
            server.reset();
            add_lines(record, files / "log", "status 201 ");
        });
}

/// nghttpx in front of a plain server. It refuses what exceeds its limit of concurrent streams, and is replaced.
journal::verdict run_nghttpx(arguments const& given, http_version protocol)
{
    loopback::tls_identity const identity;
    folder const files(identity);
    int const port = free_port();
    loopback::record seen;
    loopback::server const backend(loopback::always("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", &seen));
    std::vector<std::unique_ptr<child>> servers;
    auto const start = [&] {
        servers.push_back(std::make_unique<child>(
            std::vector<std::string>{
                "nghttpx", "--conf=/dev/null", "--workers=1", "--single-process", "--log-level=FATAL", "--no-ocsp",
                "--errorlog-file=/dev/null", "--frontend-http2-max-concurrent-streams=20",
                "--backend-connections-per-host=8", "-f127.0.0.1," + std::to_string(port),
                "-b127.0.0.1," + std::to_string(backend.port()), files / "key", files / "certificate"},
            files / "output"));
        wait_for(port);
    };
    start();
    return run_load(
        given, protocol, identity.ca_file(), port, 3,
        [&](std::size_t) {
            servers.back()->signal(SIGQUIT); // ends when its requests have ended
            std::this_thread::sleep_for(20ms);
            start();
        },
        [&](journal& record) {
            servers.clear();
            for (auto const& request : seen.all()) record.process(find_marker(request));
        });
}

/// nghttpd refuses what exceeds its limit of concurrent streams, and is killed and started again.
journal::verdict run_nghttpd(arguments const& given, http_version protocol)
{
    loopback::tls_identity const identity;
    folder const files(identity);
    int const port = free_port();
    std::vector<std::string> logs;
    std::unique_ptr<child> server;
    auto const start = [&] {
        logs.push_back(files / ("log" + std::to_string(logs.size())));
        server = std::make_unique<child>(std::vector<std::string>{"nghttpd", "-v", "--max-concurrent-streams=20", "-d",
                                                                  files / "", "-a", "127.0.0.1", std::to_string(port),
                                                                  files / "key", files / "certificate"},
                                         logs.back());
        wait_for(port);
    };
    start();
    return run_load(
        given, protocol, identity.ca_file(), port, 3,
        [&](std::size_t) {
            server.reset();
            start();
        },
        [&](journal& record) {
            server.reset();
            // "[id=1] [  0.010] recv (stream_id=1) x-marker: …", and "… send HEADERS frame <…, stream_id=1>" if it was
            // processed.
            for (auto const& log : logs) {
                std::map<std::string, std::size_t> markers;
                std::ifstream file(log);
                for (std::string line; std::getline(file, line);) {
                    auto const number = line.find("stream_id=");
                    if (number == line.npos) continue;
                    auto const key = line.substr(0, line.find(']')) +
                                     line.substr(number, line.find_first_not_of("0123456789", number + 10) - number);
                    if (auto const marker = find_marker(line); marker && line.find("x-marker") != line.npos)
                        markers[key] = *marker;
                    else if (line.find("send HEADERS") != line.npos && markers.contains(key))
                        record.process(markers[key]);
                }
            }
        });
}

void print(std::string const& server, http_version protocol, journal::verdict const& found, double seconds)
{
    static constexpr char const* names[] = {"automatic", "http1_1", "http2"};
    std::printf("%-9s %-10s %10zu %10zu %10zu %8zu %8zu %6zu %8zu %8zu %9zu %6zu %8.1f\n", server.c_str(),
                names[static_cast<int>(protocol)], found.operations, found.processed, found.responses,
                found.not_connected, found.answer_lost, found.other, found.doubled, found.falsely_lost,
                found.falsely_unsent, found.wrong, seconds);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv)
{
    CLI::App app("Compares what curl_multi_transport says about requests with what servers processed, over HTTP/2.",
                 "http2");
    arguments given;
    app.add_option("--server", given.servers, "server to run against; may be repeated")
        ->check(CLI::IsMember({"scripted", "nginx", "nghttpx", "nghttpd"}))
        ->capture_default_str();
    app.add_option("--protocol", given.protocols, "option of the transport; may be repeated")
        ->check(CLI::IsMember({"automatic", "http1_1", "http2"}))
        ->capture_default_str();
    app.add_option("--operations", given.operations, "requests to each of nginx, nghttpx and nghttpd")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--scenes", given.scenes, "random runs against the scripted server, after one with each fault")
        ->capture_default_str();
    app.add_option("--sample", given.sample, "run only one of so many faults before the random runs")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--seed", given.seed, "seed of the random runs")->capture_default_str();
    app.add_option("--requests-per-connection", given.requests_per_connection,
                   "number of requests after which nginx closes a connection")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--connections", given.connections, "connections to a real server")->capture_default_str();
    app.add_option("--in-flight", given.in_flight, "requests in flight to a real server")->capture_default_str();
    app.add_flag("--explain", given.explains, "print all failures");
    return run_program(app, argc, argv, [&] {
        auto const& libcurl = *curl_version_info(CURLVERSION_NOW);
        bool const reports = sidecall::detail::reports_refusals(libcurl);
        std::printf("libcurl %s: HTTP/%s by default\n", libcurl.version, reports ? "2" : "1.1");
        std::printf("%-9s %-10s %10s %10s %10s %8s %8s %6s %8s %8s %9s %6s %8s\n", "server", "protocol", "operations",
                    "processed", "responses", "unsent", "lost", "other", "doubled", "f. lost", "f. unsent", "wrong",
                    "seconds");
        bool good = true;
        std::vector<std::pair<std::string, http_version>> runs;
        for (auto const& protocol : given.protocols)
            for (auto const& name : given.servers)
                runs.emplace_back(name, protocol == "http2"     ? http_version::http2
                                        : protocol == "http1_1" ? http_version::http1_1
                                                                : http_version::automatic);
        if (reports && given.protocols.size() > 1) // 'automatic' is 'http2'
            std::erase_if(runs, [](auto const& one) { return one.second == http_version::http2; });
        for (auto const& [name, protocol] : runs) {
            if (name != "scripted" && !is_installed(name)) {
                std::printf("%-9s skipped: not installed (Debian: nginx, nghttp2-proxy, nghttp2-server)\n",
                            name.c_str());
                continue;
            }
            if ((name == "scripted" || name == "nghttpd") && protocol != http_version::http2 && !reports) {
                std::printf("%-9s skipped: speaks HTTP/2 only\n", name.c_str());
                continue;
            }
            auto const begin = std::chrono::steady_clock::now();
            auto const run = name == "scripted"  ? &run_scripted
                             : name == "nginx"   ? &run_nginx
                             : name == "nghttpx" ? &run_nghttpx
                                                 : &run_nghttpd;
            auto const found = run(given, protocol);
            print(name, protocol, found,
                  std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
            bool const must_tell = reports && protocol != http_version::http1_1;
            good = good && found.is_safe() && (found.falsely_lost == 0 || !must_tell);
        }
        if (!good) throw stop{"an outcome does not fit what the server processed", 1};
    });
}
