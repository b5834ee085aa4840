#pragma once

/// A transport for many requests at a time over libcurl, 7.85 or later; see `curl.hpp` for what it needs.

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <sidecall/detail/curl_exchange.hpp>
#include <sidecall/http.hpp>
#include <sidecall/result.hpp>
#include <sidecall/transport_options.hpp>

#ifndef _WIN32
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

namespace sidecall {

/// How much a `curl_multi_transport` does at a time.
struct curl_multi_limits {
    /// Connections, at least 1. Over HTTP/1.1 that many requests are on their way at a time.
    std::size_t max_connections = 8;
    /// Requests that are on their way at a time, at least 1, which matters over HTTP/2. The others wait in a queue
    /// without a limit.
    std::size_t max_in_flight = 1000;
};

/// Carries many requests at a time by libcurl's multi interface, in one thread and without blocking: over HTTP/2 where
/// the server has it, else over HTTP/1.1 on several kept connections. A model of `async_transport`.
///
///     while (transport.poll() != 0) transport.wait(std::chrono::milliseconds(100));
///
/// What `curl_transport` says of TLS, redirects, proxies, credentials, libcurl's initialisation and of sending a
/// request once holds here, too. Over HTTP/1.1, a kept connection on which something has come that nobody asked for is
/// not used again: it would be read as the next request's answer.
///
/// Requests that libcurl has no room for wait in a queue, first come, first served. How many are on their way adapts to
/// the server: a 429 halves it, every other answer adds a little, up to `max_in_flight` ("additive increase,
/// multiplicative decrease").
///
/// **A handler is called exactly once**, from `poll`, `cancel`, `cancel_all` or the destructor, never from the call
/// that it was given to. It may make requests, set timers, cancel, and ask for the progress; `poll` and `wait` do
/// nothing when a handler calls them, and it must not end the transport. The stack does not grow with the number of
/// requests, whatever handlers cancel.
///
/// An exception that a handler throws leaves the `poll`, `cancel` or `cancel_all` that called it. The handler counts as
/// called, and nothing else is lost: the next call goes on with the rest. The destructor drops such exceptions, since
/// it has nowhere to pass them to. What is said of handlers goes for the continuations of timers, too.
///
/// One transport per thread at a time, but for `wakeup`. It has no global state of its own.
///
/// Allocates for each request and timer, and for libcurl's needs. **Where there is no memory**, making a transport, a
/// request and a timer throws `std::bad_alloc`, and then nothing was taken: no handler of that call is called. A
/// request that was taken completes with `transport_failure` ("out of memory"). `poll`, `wait` and the others throw
/// nothing but what a handler throws, and the transport can be used again.
class curl_multi_transport {
public:
    /// The type of its options. `total_timeout` begins when a request leaves the queue.
    using options = transport_options;
    /// Names a request, to cancel it. Never used twice.
    using request_id = std::uint64_t;

    /// Makes a transport; it connects when the first request is made.
    explicit curl_multi_transport(transport_options settings = {}, curl_multi_limits limits = {})
        : settings_(std::move(settings)), multi_(detail::made_or_throws(curl_multi_init())),
          max_connections_(std::clamp<std::size_t>(limits.max_connections, 1, INT_MAX)),
          max_in_flight_(std::clamp<std::size_t>(limits.max_in_flight, 1, INT_MAX)),
          limit_(static_cast<double>(max_in_flight_))
    {
        if (!multi_) return;
        auto const connections = static_cast<long>(max_connections_);
        constexpr long multiplexed = CURLPIPE_MULTIPLEX;
        curl_multi_setopt(multi_, CURLMOPT_PIPELINING, multiplexed);
        curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
        curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections);
    }
    curl_multi_transport(curl_multi_transport const&) = delete;
    curl_multi_transport& operator=(curl_multi_transport const&) = delete;

    /// As `cancel_all`, but an exception that a handler throws is dropped.
    ~curl_multi_transport()
    {
#ifdef __cpp_exceptions
        while (unfinished() != 0) {
            try {
                cancel_all();
            } catch (...) { // that handler was called; the others still have to be
            }
        }
#else
        cancel_all();
#endif
        handles_.clear();
        curl_multi_cleanup(multi_); // closes the connections, which calls back
    }

    /// Takes a request and calls `handler(result<http_response>)` when its answer has come, or none will. The handler
    /// may be move-only. Fails as `curl_transport` does, and with `cancelled`.
    template <std::invocable<result<http_response>> Handler>
    request_id operator()(authorized_request request, Handler handler)
    {
        return add(std::move(request), std::move(handler), (time::max)());
    }

    /// The same, but it may take no longer than `at_most` from now, the time in the queue included. `not_connected` if
    /// it was still there when that ended.
    template <std::invocable<result<http_response>> Handler>
    request_id operator()(authorized_request request, Handler handler, std::chrono::milliseconds at_most)
    {
        return add(std::move(request), std::move(handler), from_now(at_most));
    }

    /// Calls `next(true)` in `poll` once `delay` is over, or `next(false)` if it is cancelled before. With this the
    /// timer for `send_with_retry` is `[&](std::chrono::milliseconds delay, auto next) { transport.after(delay,
    /// std::move(next)); }`.
    template <std::invocable<bool> Continuation>
    void after(std::chrono::milliseconds delay, Continuation next)
    {
        auto made = std::make_unique<continued_timer<Continuation>>(std::move(next));
        timers_.emplace(turn(from_now(delay), ++last_id_), std::move(made));
    }

    /// Does what can be done without waiting: starts requests, moves bytes, calls the handlers of those that are done
    /// and the timers that are due. What a handler asks for is begun by the next call. Returns how many requests and
    /// timers are unfinished.
    std::size_t poll()
    {
        if (in_handler_ == 0) {
            complete_cancelled(); // where a handler threw before it was their turn
            give_up_waiting();
            start_waiting();
            move_bytes();
            call_due_timers();
        }
        return unfinished();
    }

    /// Sleeps until `poll` has something to do, or `wakeup` is called, or `at_most` is over; or until `other`, if it is
    /// given, can be read from: the descriptor of your own loop (an `epoll`'s, say), so that one thread serves both.
    void wait(std::chrono::milliseconds at_most, curl_socket_t other = CURL_SOCKET_BAD)
    {
        if (in_handler_ != 0 || can_start() || !cancelled_.empty() || !cancelled_timers_.empty()) return;
        auto until = from_now(at_most);
        if (!timers_.empty()) until = (std::min)(until, timers_.begin()->first.first);
        if (!deadlines_.empty()) until = (std::min)(until, deadlines_.begin()->first);
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
        curl_waitfd also{other, CURL_WAIT_POLLIN, 0};
        curl_multi_poll(multi_, &also, other == CURL_SOCKET_BAD ? 0 : 1,
                        static_cast<int>(std::clamp<decltype(left)>(left, 0, INT_MAX)), nullptr);
    }

    /// Ends a `wait`, the next one if there is none. The only member that any thread may call.
    void wakeup() noexcept { curl_multi_wakeup(multi_); }

    /// Takes a request back: its handler is called with `cancelled` before this returns. A server may have acted on it,
    /// unless the failure says that nothing was sent. False if the request is not there any more.
    ///
    /// From a handler that is itself being called by a `cancel` or `cancel_all`, the request is taken back at once, but
    /// its handler is called once the present one has returned, and before that outermost call returns.
    bool cancel(request_id id)
    {
        if (auto const in_queue = waiting_.find(id); in_queue != waiting_.end())
            take_back(in_queue);
        else if (auto const on_its_way = in_flight_.find(id); on_its_way != in_flight_.end())
            take_back_in_flight(on_its_way);
        else
            return false;
        complete_cancelled();
        return true;
    }

    /// Takes everything back: requests complete with `cancelled`, timers with `next(false)`. That goes for what their
    /// handlers ask for meanwhile, too, so that nothing is left when this returns; a handler must not answer each
    /// `cancelled` by yet another request, or this does not end.
    ///
    /// From a handler that is itself being called by a `cancel` or `cancel_all`, everything is taken back at once, but
    /// the handlers are called once the present one has returned, and before that outermost call returns, which then
    /// leaves nothing behind.
    void cancel_all()
    {
        cancels_all_ = true;
        take_all_back();
        complete_cancelled();
    }

    /// Where things stand.
    struct progress_report {
        std::size_t waiting = 0;     ///< Requests in the queue.
        std::size_t in_flight = 0;   ///< Requests on their way.
        std::size_t timers = 0;      ///< Timers that are not due yet.
        std::uint64_t started = 0;   ///< Requests that have left the queue to be sent.
        std::uint64_t succeeded = 0; ///< Requests that got an answer, whatever its status.
        std::uint64_t failed = 0;    ///< Requests that got none, those that were taken back among them.
        std::uint64_t throttled = 0; ///< Answers with status 429.
        std::size_t limit = 0;       ///< How many may be on their way at a time, as far as the server is concerned.
        bool multiplexed = false;    ///< Whether the last answer came over HTTP/2, so that requests share connections.
    };
    /// Asks nobody, and allocates nothing.
    progress_report progress() const noexcept
    {
        auto report = counts_;
        report.waiting = waiting_.size();
        report.in_flight = in_flight_.size();
        report.timers = timers_.size();
        report.failed += cancelled_.size();
        report.limit = static_cast<std::size_t>(limit_);
        return report;
    }

private:
    using clock = std::chrono::steady_clock;
    using time = clock::time_point;
    using connection = detail::curl_connection;
    using turn = std::pair<time, std::uint64_t>; // those of the same time in the order in which they came

    /// A request on its way from call to handler.
    struct pending {
        pending(curl_multi_transport& transport, request_id number, authorized_request&& what, time until)
            : owner(transport), id(number), request(std::move(what)), deadline(until)
        {
        }
        pending(pending const&) = delete;
        pending& operator=(pending const&) = delete;
        virtual ~pending() = default;
        virtual void complete(result<http_response> answer) = 0;

        curl_multi_transport& owner;
        request_id id;
        authorized_request request;
        time deadline;
        bool was_sent = false;   // when it was taken back
        std::uint64_t start = 0; // how many were started before it
        detail::curl_handle handle{};
        std::optional<detail::curl_exchange> exchange{};
        bool is_fresh = false;   // goes on a new connection
        bool is_refused = false; // the kept connection that it was to go on must not be used
    };
    template <class Handler>
    struct handled final : pending {
        handled(curl_multi_transport& transport, request_id number, authorized_request&& what, time until,
                Handler&& to_call)
            : pending(transport, number, std::move(what), until), handler(std::move(to_call))
        {
        }
        void complete(result<http_response> answer) override { handler(std::move(answer)); }

        Handler handler;
    };
    /// Requests go from one of these to another by their nodes, which allocates nothing.
    using requests = std::map<request_id, std::unique_ptr<pending>>; // the ids grow, so this is the order of arrival

    /// A handler is being called, for as long as it lives.
    class call {
    public:
        explicit call(std::size_t& count) noexcept : count_(count) { ++count_; }
        call(call const&) = delete;
        call& operator=(call const&) = delete;
        ~call() { --count_; }

    private:
        std::size_t& count_;
    };

    struct timer {
        timer() = default;
        timer(timer const&) = delete;
        timer& operator=(timer const&) = delete;
        virtual ~timer() = default;
        virtual void end(bool is_due) = 0;
    };
    template <class Continuation>
    struct continued_timer final : timer {
        explicit continued_timer(Continuation&& to_call) : next(std::move(to_call)) {}
        void end(bool is_due) override { next(is_due); }

        Continuation next;
    };

    using timers = std::map<turn, std::unique_ptr<timer>>;

    static time from_now(std::chrono::milliseconds span) noexcept
    {
        using std::chrono::milliseconds;
        return clock::now() + std::clamp<milliseconds>(span, milliseconds(0), std::chrono::hours(24 * 36500));
    }

    template <class Handler>
    request_id add(authorized_request request, Handler handler, time deadline)
    {
        request_id const id = ++last_id_;
        // All that may throw first; to link the nodes in does not.
        auto one = std::make_unique<handled<Handler>>(*this, id, std::move(request), deadline, std::move(handler));
        requests made;
        made.emplace(id, std::move(one));
        std::set<turn> deadlines;
        if (deadline != (time::max)()) deadlines.emplace(deadline, id);
        waiting_.merge(made);
        deadlines_.merge(deadlines);
        return id;
    }

    std::size_t unfinished() const noexcept
    {
        return waiting_.size() + in_flight_.size() + timers_.size() + cancelled_.size() + cancelled_timers_.size();
    }

    std::size_t room() const noexcept
    {
        return (std::min)(static_cast<std::size_t>(limit_), counts_.multiplexed ? max_in_flight_ : max_connections_);
    }
    bool can_start() const noexcept { return !waiting_.empty() && in_flight_.size() < room(); }

    void give_up_waiting()
    {
        for (time const now = clock::now(); !deadlines_.empty() && deadlines_.begin()->first <= now;)
            complete(take_waiting(waiting_.find(deadlines_.begin()->second)).mapped(),
                     failure(errc::not_connected, "", "nothing was sent: no turn in time"));
    }

    void start_waiting()
    {
        while (can_start()) {
            auto& one = *in_flight_.insert(take_waiting(waiting_.begin())).position->second;
            one.start = counts_.started++;
            one.deadline = (std::min)(one.deadline, from_now(settings_.total_timeout));
            start(one);
        }
    }

    /// Hands a request to libcurl.
    void start(pending& one)
    {
        if (auto why = detail::why_not_sent(one.request)) return finish(one, *std::move(why));
        if (!one.handle) one.handle = new_handle();
        bool const is_set_up = one.handle && detail::unless_out_of_memory(
                                                 [&] {
                                                     set_up(one);
                                                     return true;
                                                 },
                                                 [] { return false; });
        if (!is_set_up) return finish(one, detail::out_of_memory());
        CURLcode code = one.exchange->code();
        if (code == CURLE_OK && curl_multi_add_handle(multi_, one.handle.get()) != CURLM_OK) code = CURLE_FAILED_INIT;
        if (code != CURLE_OK) finish(one, one.exchange->outcome(code));
    }

    void set_up(pending& one)
    {
        CURL* const handle = one.handle.get();

        auto const left = std::chrono::ceil<std::chrono::milliseconds>(one.deadline - clock::now());
        auto& exchange = one.exchange.emplace(handle, one.request, settings_, left);
        exchange.set(CURLOPT_PRIVATE, &one);
        if (had_tls_failure_) exchange.read_authorities();
        exchange.set(CURLOPT_HTTP_VERSION,
                     static_cast<long>(one.request.https() ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
        exchange.set(CURLOPT_PIPEWAIT, 1L); // rather share a connection than make one
        exchange.set(CURLOPT_FRESH_CONNECT, one.is_fresh ? 1L : 0L);
        exchange.set(CURLOPT_PREREQFUNCTION, &on_request);
        exchange.set(CURLOPT_PREREQDATA, &one);
        exchange.set(CURLOPT_OPENSOCKETFUNCTION, &on_open);
        exchange.set(CURLOPT_OPENSOCKETDATA, this);
        exchange.set(CURLOPT_CLOSESOCKETFUNCTION, &on_close);
        exchange.set(CURLOPT_CLOSESOCKETDATA, this);
    }

    void move_bytes()
    {
        int ignored = 0;
        CURLMcode const state = curl_multi_perform(multi_, &ignored);
        while (CURLMsg const* const message = curl_multi_info_read(multi_, &ignored)) {
            CURLcode const code = message->data.result; // the message may go with its handle
            pending* one = nullptr;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &one);
            if (one->is_refused)
                start_afresh(*one);
            else
                finish(*one, one->exchange->outcome(code));
        }
        while (state != CURLM_OK && !in_flight_.empty()) {
            auto& one = *in_flight_.begin()->second;
            if (state == CURLM_OUT_OF_MEMORY)
                finish(one, detail::out_of_memory());
            else
                finish(one, one.exchange->outcome(CURLE_FAILED_INIT));
        }
    }

    /// Nothing was sent, so this is no repetition.
    void start_afresh(pending& one)
    {
        detach(one);
        one.is_refused = false;
        one.is_fresh = true;
        start(one);
    }

    /// Ends a request that is on its way.
    void finish(pending& one, result<http_response> answer)
    {
        if (answer) adapt(one, answer->status == 429);
        if (!answer && answer.error().code() == errc::tls_failure) had_tls_failure_ = true;
        complete(take_in_flight(in_flight_.find(one.id)).mapped(), std::move(answer));
    }

    void adapt(pending const& one, bool is_throttled) noexcept
    {
        counts_.multiplexed = one.exchange->is_http2();
        counts_.throttled += is_throttled;
        if (!is_throttled) {
            limit_ = (std::min)(limit_ + 1 / limit_, static_cast<double>(max_in_flight_));
        } else if (one.start >= round_) { // those before were sent when the limit was still what it is no more
            limit_ = (std::max)(1.0, (std::min)(limit_, static_cast<double>(in_flight_.size())) / 2);
            round_ = counts_.started;
        }
    }

    requests::node_type take_waiting(requests::const_iterator where) noexcept
    {
        auto taken = waiting_.extract(where);
        deadlines_.erase({taken.mapped()->deadline, taken.mapped()->id});
        return taken;
    }
    requests::node_type take_in_flight(requests::const_iterator where) noexcept
    {
        auto taken = in_flight_.extract(where);
        auto& one = *taken.mapped();
        detach(one);
        if (!one.handle) return taken;
        // A handle that there is no room to keep ends with the request.
        detail::unless_out_of_memory([&] { handles_.push_back(std::move(one.handle)); }, [] {});
        return taken;
    }

    void take_back(requests::const_iterator waiting) noexcept { cancelled_.insert(take_waiting(waiting)); }
    void take_back_in_flight(requests::const_iterator on_its_way) noexcept
    {
        auto& one = *on_its_way->second;
        one.was_sent = one.exchange && one.exchange->is_sending();
        cancelled_.insert(take_in_flight(on_its_way));
    }
    void take_all_back() noexcept
    {
        while (!waiting_.empty()) take_back(waiting_.begin());
        while (!in_flight_.empty()) take_back_in_flight(in_flight_.begin());
        cancelled_timers_.merge(timers_);
    }

    /// Calls the handlers of what was taken back, one after the other: those that call this meanwhile leave it to the
    /// outermost call, so that the stack does not grow.
    void complete_cancelled()
    {
        if (is_cancelling_) return;
        struct outermost {
            explicit outermost(curl_multi_transport& which) noexcept : owner(which) { owner.is_cancelling_ = true; }
            outermost(outermost const&) = delete;
            outermost& operator=(outermost const&) = delete;
            ~outermost() { owner.is_cancelling_ = owner.cancels_all_ = false; }

            curl_multi_transport& owner;
        } const mark(*this);
        while (!cancelled_.empty() || !cancelled_timers_.empty()) {
            if (!cancelled_.empty())
                complete_first_cancelled();
            else
                call_first(cancelled_timers_, false);
            if (cancels_all_) take_all_back();
        }
    }
    void complete_first_cancelled()
    {
        auto const taken = cancelled_.extract(cancelled_.begin());
        complete(taken.mapped(), taken.mapped()->was_sent
                                     ? failure(errc::cancelled)
                                     : failure(errc::cancelled, "", "cancelled before anything was sent"));
    }

    /// Ends what libcurl does for a request, and its look at it.
    void detach(pending& one) noexcept
    {
        if (one.handle) curl_multi_remove_handle(multi_, one.handle.get());
        one.exchange.reset();
    }

    void complete(std::unique_ptr<pending> const& one, result<http_response> answer)
    {
        ++(answer ? counts_.succeeded : counts_.failed);
        call const mark(in_handler_);
        one->complete(std::move(answer));
    }

    void call_due_timers()
    {
        for (time const now = clock::now(); !timers_.empty() && timers_.begin()->first.first <= now;)
            call_first(timers_, true);
    }
    void call_first(timers& from, bool is_due)
    {
        auto const node = from.extract(from.begin());
        call const mark(in_handler_);
        node.mapped()->end(is_due);
    }

    detail::curl_handle new_handle()
    {
        if (handles_.empty()) return detail::curl_handle(curl_easy_init());
        auto handle = std::move(handles_.back());
        handles_.pop_back();
        return handle;
    }

    /// Called before a request is written to a connection, a new or a kept one.
    static int on_request(void* self, char*, char*, int, int port) noexcept
    {
        auto& one = *static_cast<pending*>(self);
        auto path = one.owner.find_connection(port);
        // Where it cannot be told which one it is, only a new one is safe.
        one.is_refused = !one.exchange->is_sending() && !one.is_fresh && !(path && path->is_good());
        if (one.is_refused) return CURL_PREREQFUNC_ABORT; // which closes it
        return one.exchange->may_send(std::move(path)) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
    }

    /// A socket of which there is no memory to keep a note is not opened: what comes on it could not be told from what
    /// comes on another. Then the request fails with nothing sent.
    static curl_socket_t on_open(void* self, curlsocktype kind, curl_sockaddr* address) noexcept
    {
        auto& owner = *static_cast<curl_multi_transport*>(self);
        return detail::unless_out_of_memory(
            [&] {
                auto const made = std::make_shared<connection>();
                owner.connections_.push_back(made);
                made->socket = detail::open_socket(nullptr, kind, address);
                // An older one of that number is one of which nobody has told that it was closed.
                bool const failed = made->socket == CURL_SOCKET_BAD;
                std::erase_if(owner.connections_,
                              [&](auto const& one) { return one == made ? failed : one->socket == made->socket; });
                return made->socket;
            },
            []() -> curl_socket_t { return CURL_SOCKET_BAD; });
    }

    static int on_close(void* self, curl_socket_t socket) noexcept
    {
        static_cast<curl_multi_transport*>(self)->forget_connection(socket);
#ifdef _WIN32
        return ::closesocket(socket);
#else
        return ::close(socket);
#endif
    }

    /// The one with that port on this end; null if there are several, to several servers.
    std::shared_ptr<connection> find_connection(int port) const noexcept
    {
        std::shared_ptr<connection> found;
        for (auto const& one : connections_) {
            if (one->port == 0) one->port = port_of(one->socket);
            if (one->port != port) continue;
            if (found) return {};
            found = one;
        }
        return found;
    }

    void forget_connection(curl_socket_t socket) noexcept
    {
        std::erase_if(connections_, [socket](auto const& one) { return one->socket == socket; });
    }

    static int port_of(curl_socket_t socket) noexcept
    {
        union {
            sockaddr any;
            sockaddr_in v4;
            sockaddr_in6 v6;
        } address{};
        socklen_t size = sizeof address;
        if (::getsockname(socket, &address.any, &size) != 0) return 0;
        return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
    }

    transport_options settings_;
    CURLM* multi_;
    std::size_t max_connections_;
    std::size_t max_in_flight_;
    double limit_;
    std::uint64_t round_ = 0; // how many had been started when the limit fell
    progress_report counts_{};
    std::size_t in_handler_ = 0;
    bool had_tls_failure_ = false; // what libcurl remembers of the authorities may be at fault
    bool is_cancelling_ = false;
    bool cancels_all_ = false; // what handlers ask for meanwhile, too
    request_id last_id_ = 0;
    requests waiting_{};
    requests in_flight_{};
    requests cancelled_{};       // taken back; their handlers are to be called
    timers cancelled_timers_{};  // the same
    std::set<turn> deadlines_{}; // of those that wait
    timers timers_{};
    std::vector<std::shared_ptr<connection>> connections_{};
    std::vector<detail::curl_handle> handles_{}; // to be used again
};

} // namespace sidecall
