#pragma once

// The HTTP/1.1 server behind `standin_options::faults`, which misbehaves on demand. Its sockets need POSIX 2024
// (`accept4`, `pipe2`), as Linux and the BSDs have it.

#include <sidecall/detail/standin_connection.hpp>
#include <sidecall/standin_faults.hpp>

#include <httplib.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace sidecall::standin_detail {

/// The fault of one request, with its random numbers.
struct drawn_fault {
    standin_fault kind = {};
    /// Selects a variant of the fault.
    std::uint32_t form = 0;
    /// Selects a position or a text within that variant.
    std::uint32_t detail = 0;
    std::chrono::milliseconds stall = {};
    int retry_after = 0;
};

/// Parses a request line and its header lines (RFC 9112, sections 3 and 5). Returns false if they are malformed.
inline bool parse_head(std::string const& head, httplib::Request& request)
{
    auto const line_end = (std::min)(head.find("\r\n"), head.size());
    auto const first = head.find(' ');
    auto const second = head.rfind(' ', line_end);
    if (first == 0 || first >= line_end || second <= first + 1) return false;
    std::string const version = head.substr(second + 1, line_end - second - 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
    request.method = head.substr(0, first);
    request.target = head.substr(first + 1, second - first - 1);
    request.version = version;
    if (request.target.find(' ') != std::string::npos) return false;

    for (auto begin = line_end + 2; begin < head.size();) {
        auto const end = (std::min)(head.find("\r\n", begin), head.size());
        auto const colon = head.find(':', begin);
        if (colon == begin || colon >= end) return false;
        std::string const name = head.substr(begin, colon - begin);
        if (name.find_first_of(" \t") != std::string::npos) return false;
        std::string value = head.substr(colon + 1, end - colon - 1);
        value.erase(0, value.find_first_not_of(" \t"));
        value.erase(value.find_last_not_of(" \t") + 1);
        request.headers.emplace(name, value);
        begin = end + 2;
    }
    return true;
}

/// The length of the request body: 0 if there is no Content-Length, nothing if it is malformed.
inline std::optional<std::size_t> content_length(httplib::Request const& request)
{
    if (!request.has_header("Content-Length")) return 0;
    std::string const& text = request.headers.find("Content-Length")->second;
    std::size_t length = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (request.headers.count("Content-Length") != 1 || error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return length;
}

inline std::string length_line(std::size_t length)
{
    return "Content-Length: " + std::to_string(length) + "\r\n";
}

/// Builds the status line and header section of a response. `extra_lines` are added to the header section.
inline std::string response_head(httplib::Response const& answer, std::string_view extra_lines)
{
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + ' ' + answer.reason + "\r\n";
    for (auto const& [name, value] : answer.headers) head.append(name).append(": ").append(value).append("\r\n");
    return head.append(extra_lines).append("\r\n");
}

/// Builds the bytes that `standin_fault::garbage_answer` sends.
inline std::string garbage_response(httplib::Response const& answer, bool has_body, drawn_fault const& fault)
{
    using namespace std::string_literals;
    std::vector<std::string> const not_http{"SSH-2.0-OpenSSH_9.2\r\n", "220 mail.example.com ESMTP\r\n",
                                            "\x15\x03\x01\x00\x02\x02\x28"s, "\r\n\r\n\r\n", "\0\xff\x80\0"s};
    std::vector<std::string> const not_json{"", "<html><body>It works!</body></html>", "upstream connect error",
                                            R"({"sid":"ZY)", "{\"sid\":\"\xff\"}"};
    // None contains the SID of a resource that could have been created.
    std::vector<std::string> const other_shape{"null",
                                               "[]",
                                               "{}",
                                               "201",
                                               R"("sid")",
                                               R"({"sid":null})",
                                               R"({"sid":42})",
                                               R"({"sid":"ZY"})",
                                               R"({"sid":"CA00000000000000000000000000000002"})",
                                               std::string(10'000, '[') + std::string(10'000, ']')};
    auto const one_of = [&](auto const& texts) -> std::string const& { return texts[fault.detail % texts.size()]; };
    auto const form = fault.form % 3;
    if (!has_body || form == 0) return one_of(not_http);
    std::string const& body = one_of(form == 1 ? not_json : other_shape);
    return response_head(answer, length_line(body.size())) + body;
}

/// Sends the response with the errors of `standin_fault::wrong_headers`.
inline void send_with_wrong_headers(connection& peer, httplib::Response const& answer, bool has_body,
                                    drawn_fault const& fault)
{
    std::string const& body = answer.body;
    std::string const right_length = has_body ? length_line(body.size()) : "";
    std::string const longer = length_line(body.size() + 1 + fault.detail % 100);
    bool const uses_variant = fault.form / 5 % 2 != 0;
    switch (fault.form % (body.empty() ? 4 : 5)) {
    case 0: peer.send(response_head(answer, longer) + body); break;
    case 1: {
        std::string const right = length_line(body.size());
        peer.send(response_head(answer, uses_variant ? longer + right : right + longer) + body);
        break;
    }
    case 2: peer.send(response_head(answer, "Transfer-Encoding: chunked\r\n") + body); break;
    case 3: {
        using namespace std::string_literals;
        std::array<std::string, 5> const lines{"no colon", "Not A Token: 1", ": nameless", "X-Space : 1",
                                               "X-Nul: a\0b"s};
        peer.send(response_head(answer, right_length + lines[fault.detail % lines.size()] + "\r\n") + body);
        break;
    }
    default: {
        auto const shorter = fault.detail % body.size();
        std::string const bytes = response_head(answer, length_line(shorter)) + body;
        auto const declared_end = bytes.size() - body.size() + shorter;
        peer.send(std::string_view{bytes}.substr(0, uses_variant ? declared_end : bytes.size()));
        if (!uses_variant) break;
        peer.pause(std::chrono::milliseconds{20});
        peer.send(std::string_view{bytes}.substr(declared_end));
    }
    }
}

/// An HTTP/1.1 server on a loopback port that injects faults. Its handler decides the correct response.
class faulty_server {
public:
    /// Returns the response to a request. It is called from many threads. If `refusal` is not 0, it is the status for a
    /// request that was not understood or not read to its end; such a request has no fault. If there is a fault, the
    /// handler decides the status and whether the request is processed.
    using handler =
        std::function<httplib::Response(httplib::Request const&, int refusal, std::optional<drawn_fault> const& fault)>;

    /// Throws `std::invalid_argument` if the faults are invalid, and `std::runtime_error` if no loopback port is
    /// available.
    faulty_server(standin_faults faults, handler answer) : answer_{std::move(answer)}
    {
        set(std::move(faults));
        std::array<int, 2> ends{-1, -1};
        bool const has_pipe = ::pipe2(ends.data(), O_CLOEXEC) == 0;
        stopped_.reset(ends[0]);
        stop_.reset(ends[1]);

        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        if (!has_pipe || ::bind(listener_.number(), any, size) != 0 || ::listen(listener_.number(), 1024) != 0 ||
            ::getsockname(listener_.number(), any, &size) != 0)
            throw std::runtime_error{"twilio_standin: no loopback port to listen on"};
        port_ = ntohs(address.sin_port);
        thread_ = std::thread{[this] { accept(); }};
    }
    faulty_server(faulty_server const&) = delete;
    faulty_server& operator=(faulty_server const&) = delete;
    ~faulty_server()
    {
        stop_.reset();
        thread_.join();
    }

    int port() const { return port_; }

    void set(standin_faults faults)
    {
        auto const is_time = [](std::chrono::milliseconds time) {
            return time >= std::chrono::milliseconds{0} && time <= std::chrono::hours{1};
        };
        if (!(faults.rate >= 0 && faults.rate <= 1)) // also rejects NaN
            throw std::invalid_argument{"twilio_standin: the fault rate is not in the range 0 to 1"};
        if (!is_time(faults.stall) || !is_time(faults.slow_accept) || faults.retry_after < 0)
            throw std::invalid_argument{
                "twilio_standin: a fault has a negative time, or a duration of more than an hour"};
        if (faults.kinds.empty()) faults.kinds.assign(standin_all_faults.begin(), standin_all_faults.end());
        std::lock_guard<std::mutex> const lock{mutex_};
        faults_ = std::move(faults);
        draws_.seed(faults_.seed);
    }

    void set_next(standin_fault fault, int times)
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        for (int i = 0; i < times; ++i) next_.push_back(fault);
    }

    std::map<standin_fault, std::size_t> committed() const
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        return committed_;
    }

private:
    static constexpr std::size_t max_head = std::size_t{64} * 1024;
    static constexpr std::size_t max_target = std::size_t{8} * 1024;
    static constexpr std::size_t max_body = std::size_t{1024} * 1024;

    struct worker {
        std::atomic<bool> done{false};
        std::thread thread{};
    };

    static wait_clock::time_point deadline() { return wait_clock::now() + std::chrono::seconds{5}; }

    void accept()
    {
        std::list<worker> workers;
        while (wait_for(listener_.number(), POLLIN, stopped_.number(), (wait_clock::time_point::max)())) {
            pause(take_accept_delay());
            int const socket = ::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (socket < 0) {
                pause(std::chrono::milliseconds{10}); // there may be no descriptor left
                continue;
            }
            workers.remove_if([](worker& one) {
                if (one.done) one.thread.join();
                return !one.thread.joinable();
            });
            worker& added = workers.emplace_back();
            added.thread = std::thread{[this, socket, &added] {
                serve(socket);
                added.done = true;
            }};
        }
        for (worker& one : workers) one.thread.join();
    }

    void pause(std::chrono::milliseconds time) const { wait_for(-1, 0, stopped_.number(), wait_clock::now() + time); }

    void serve(int socket)
    {
        connection peer{socket, stopped_.number()};
        std::string unread; // starts with the next request
        for (bool stays = true; stays && (!unread.empty() || peer.has_more(deadline()));) {
            auto fault = draw();
            if (fault && fault->kind == standin_fault::reset_before_request) {
                count_fault(fault->kind);
                return peer.reset();
            }
            httplib::Request request;
            auto const refusal = read(peer, unread, request);
            if (!refusal) return;
            if (*refusal != 0) fault.reset();
            if (fault) count_fault(fault->kind);

            httplib::Response answer = answer_(request, *refusal, fault);
            stays = *refusal == 0 && request.version == "HTTP/1.1" && request.get_header_value("Connection") != "close";
            if (!stays && !answer.has_header("Connection")) answer.set_header("Connection", "close");
            bool const has_body = request.method != "HEAD" && answer.status != 204 && answer.status != 304;
            if (!has_body) answer.body.clear();
            stays = send(peer, answer, has_body, fault) && stays;
        }
    }

    /// Reads the next request. Returns the status to refuse it with, 0 if it is valid, or nothing if it does not arrive
    /// completely.
    static std::optional<int> read(connection& peer, std::string& unread, httplib::Request& request)
    {
        std::size_t end = 0;
        while ((end = unread.find("\r\n\r\n")) == std::string::npos) {
            if (unread.size() > max_head) return 431;
            if (!peer.receive(unread, deadline())) return std::nullopt;
        }
        if (!parse_head(unread.substr(0, end), request)) return 400;
        unread.erase(0, end + 4);
        if (request.target.size() > max_target) return 414;
        if (request.has_header("Transfer-Encoding")) return 501;
        auto const length = content_length(request);
        if (!length) return 400;
        if (*length > max_body) return 413;
        if (unread.size() < *length && request.get_header_value("Expect") == "100-continue")
            peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        while (unread.size() < *length)
            if (!peer.receive(unread, deadline())) return std::nullopt;
        request.body = unread.substr(0, *length);
        unread.erase(0, *length);
        return 0;
    }

    /// Sends a response, with its fault. Returns whether the connection stays open.
    static bool send(connection& peer, httplib::Response const& answer, bool has_body,
                     std::optional<drawn_fault> const& fault)
    {
        std::string const whole = response_head(answer, has_body ? length_line(answer.body.size()) : "") + answer.body;
        if (!fault) return peer.send(whole);
        std::string_view const part = std::string_view{whole}.substr(0, 1 + fault->detail % (whole.size() - 1));
        standin_fault const kind = fault->kind;
        if (kind == standin_fault::garbage_answer) {
            peer.send(garbage_response(answer, has_body, *fault));
            return false;
        }
        if (kind == standin_fault::wrong_headers) {
            send_with_wrong_headers(peer, answer, has_body, *fault);
            return false;
        }
        bool const sends_nothing = kind == standin_fault::reset_before_request ||
                                   kind == standin_fault::reset_before_answer ||
                                   kind == standin_fault::stall_before_answer;
        bool const sends_part = kind == standin_fault::reset_during_answer ||
                                kind == standin_fault::stall_during_answer || kind == standin_fault::truncated_answer;
        bool const stalls = kind == standin_fault::stall_before_answer || kind == standin_fault::stall_during_answer;
        bool const resets = kind == standin_fault::reset_after_answer ||
                            ((sends_nothing || sends_part) && !stalls && kind != standin_fault::truncated_answer);
        bool const is_sent = sends_nothing || peer.send(sends_part ? part : std::string_view(whole));
        if (stalls) peer.discard(fault->stall);
        if (resets) peer.reset();
        return is_sent && !sends_nothing && !sends_part && !resets;
    }

    /// Draws the fault of the next request. Every request uses the same number of random values, so one request does
    /// not shift the next.
    std::optional<drawn_fault> draw()
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        auto const chance = static_cast<double>(draws_() >> 11) * 0x1p-53;
        auto const choice = static_cast<unsigned>(draws_() % faults_.kinds.size());
        auto const bits = draws_();
        bool const is_queued = !next_.empty();
        if (!is_queued && chance >= faults_.rate) return std::nullopt;
        standin_fault const kind = is_queued ? next_.front() : faults_.kinds[choice];
        if (is_queued) next_.pop_front();
        return drawn_fault{.kind = kind,
                           .form = static_cast<std::uint32_t>(bits),
                           .detail = static_cast<std::uint32_t>(bits >> 32),
                           .stall = faults_.stall,
                           .retry_after = faults_.retry_after};
    }

    void count_fault(standin_fault fault)
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        ++committed_[fault];
        if (fault == standin_fault::slow_accept) ++slow_accepts_;
    }

    /// The delay before the next connection is accepted.
    std::chrono::milliseconds take_accept_delay()
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        if (slow_accepts_ == 0) return {};
        --slow_accepts_;
        return faults_.slow_accept;
    }

    handler answer_;
    mutable std::mutex mutex_; // guards the members below, up to the sockets
    standin_faults faults_;
    std::mt19937_64 draws_{faults_.seed};
    std::deque<standin_fault> next_;
    std::map<standin_fault, std::size_t> committed_;
    std::size_t slow_accepts_ = 0;

    descriptor listener_{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    descriptor stopped_; // the read end of a pipe to poll; closing its write end wakes every thread
    descriptor stop_;
    int port_ = 0;
    std::thread thread_;
};

} // namespace sidecall::standin_detail
