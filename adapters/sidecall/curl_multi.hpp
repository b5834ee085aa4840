#pragma once

/// A transport for many concurrent requests over libcurl 7.85 or later. See `curl.hpp` for its requirements.

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

/// The version of HTTP that a `curl_multi_transport` uses over TLS. Without TLS it always uses HTTP/1.1.
///
/// Over HTTP/2 a server can refuse requests of a connection that it closes or that has too many, and promise that it
/// did not process them (RFC 9113, section 8.7). Servers do that in normal operation, such as nginx after every 1,000
/// requests of a connection, or when it loads its configuration again. Most versions of libcurl cannot tell all of
/// these requests from lost ones.
enum class http_version {
    /// `http2` if the libcurl in use is known to report every refusal, otherwise `http1_1`. Only libcurl 8.14.1, that
    /// of Debian 13, is known to, if built with RTSP.
    automatic,
    /// HTTP/1.1: each request in flight has a connection of its own, so at most `max_connections` are in flight. A
    /// request ends in `answer_lost` only if its own connection ends.
    http1_1,
    /// HTTP/2 if the server supports it, otherwise `http1_1`. Requests share connections. If one ends, all its requests
    /// without a response end in `answer_lost`. With libcurl 8.14.1, those that the server refused are sent again, and
    /// end in `not_connected` if it refuses them each time. With every other version they end in `answer_lost`, too. No
    /// version sends a request again that the server may have processed.
    http2,
};

/// Limits of a `curl_multi_transport`.
struct curl_multi_limits {
    /// The maximum number of connections, at least 1. Over HTTP/1.1 this also limits the requests in flight: to send
    /// more at once, raise it.
    std::size_t max_connections = 8;
    /// The maximum number of requests in flight, at least 1. It matters over HTTP/2. Other requests wait in an
    /// unbounded queue.
    std::size_t max_in_flight = 1000;
    /// The version of HTTP, which decides whether requests share connections.
    http_version protocol = http_version::automatic;
};

/// A non-blocking transport over libcurl's multi interface, for many requests in one thread. It uses HTTP/1.1 on
/// several kept connections, or HTTP/2, see `http_version`. It models `async_transport`.
///
///     while (transport.poll() != 0) transport.wait(std::chrono::milliseconds(100));
///
/// What `curl_transport` documents about TLS, redirects, proxies, credentials, the initialisation of libcurl and
/// sending each request once applies here too. The one exception are requests that a server refused over HTTP/2: it did
/// not process them, so they are sent again, at most 24 times and within their time limit. A kept HTTP/1.1 connection
/// that received unsolicited bytes is not used again, because they would be parsed as the next response.
///
/// Requests beyond the limits wait in a first-come, first-served queue. The number of requests in flight adapts to the
/// server, up to `max_in_flight`: a 429 halves it, every other response increases it a little ("additive increase,
/// multiplicative decrease").
///
/// **Each handler is called exactly once**, from `poll`, `cancel`, `cancel_all` or the destructor, and never from the
/// call that it was passed to. A handler may send requests, set timers, cancel, and read the progress. It must
/// not destroy the transport. `poll` does nothing but return its count, and `wait` returns at once, when a handler
/// calls them. The stack does not grow with the number of requests, whatever handlers cancel.
///
/// An exception from a handler propagates out of the `poll`, `cancel` or `cancel_all` that called it. The handler
/// counts as called and nothing else is lost: the next call continues with the rest. The destructor drops such
/// exceptions. The rules for handlers apply to timer continuations too.
///
/// Only one thread at a time may use a transport, except for `wakeup`. It has no global state of its own.
///
/// Allocates for every request and timer, and inside libcurl. **If memory runs out** while a transport, a request or a
/// timer is created, that call throws `std::bad_alloc`, takes nothing and never calls its handler. A request
/// that was already taken completes with `transport_failure` ("out of memory"). `poll`, `wait` and the other members
/// throw only what a handler throws, and the transport stays usable.
class curl_multi_transport {
public:
    /// The options type. `total_timeout` starts when a request leaves the queue.
    using options = transport_options;
    /// Identifies a request, for `cancel`. Ids are never reused.
    using request_id = std::uint64_t;

    /// Constructs a transport. It connects on the first request.
    explicit curl_multi_transport(transport_options settings = {}, curl_multi_limits limits = {})
        : settings_(std::move(settings)), multi_(detail::throw_if_null(curl_multi_init())),
          max_connections_(std::clamp<std::size_t>(limits.max_connections, 1, INT_MAX)),
          max_in_flight_(std::clamp<std::size_t>(limits.max_in_flight, 1, INT_MAX)),
          reports_refusals_(detail::reports_refusals(*curl_version_info(CURLVERSION_NOW))),
          is_http2_(limits.protocol == http_version::automatic ? reports_refusals_
                                                               : limits.protocol == http_version::http2),
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

    /// Calls `cancel_all` and drops exceptions that handlers throw.
    ~curl_multi_transport()
    {
#ifdef __cpp_exceptions
        while (unfinished() != 0) {
            try {
                cancel_all();
            } catch (...) { // that handler was called; the remaining ones still have to be
            }
        }
#else
        cancel_all();
#endif
        handles_.clear();
        curl_multi_cleanup(multi_); // closes the connections, which calls on_close
    }

    /// Queues a request and calls `handler(result<http_response>)` when it completes or fails. The handler may be
    /// move-only. Failures are those of `curl_transport`, and `cancelled`.
    template <std::invocable<result<http_response>> Handler>
    request_id operator()(authorized_request request, Handler handler)
    {
        return add(std::move(request), std::move(handler), (time::max)());
    }

    /// Also limits the request to `time_limit` from now, including its time in the queue. Fails with `not_connected` if
    /// it is still queued then.
    template <std::invocable<result<http_response>> Handler>
    request_id operator()(authorized_request request, Handler handler, std::chrono::milliseconds time_limit)
    {
        return add(std::move(request), std::move(handler), from_now(time_limit));
    }

    /// Starts a timer. `poll` calls `next(true)` once `delay` is over; `next(false)` is called if the timer is
    /// cancelled first. The timer for `send_with_retry` is `[&](std::chrono::milliseconds delay, auto next) {
    /// transport.after(delay, std::move(next)); }`.
    template <std::invocable<bool> Continuation>
    void after(std::chrono::milliseconds delay, Continuation next)
    {
        auto added = std::make_unique<continued_timer<Continuation>>(std::move(next));
        timers_.emplace(time_key(from_now(delay), ++last_id_), std::move(added));
    }

    /// Does all work that is possible without waiting: starts requests, transfers bytes, and calls the handlers of
    /// completed requests and the due timers. Requests that handlers add are started by the next call. Returns
    /// the number of unfinished requests and timers.
    std::size_t poll()
    {
        if (in_handler_ == 0) {
            complete_cancelled(); // left over if a handler threw
            expire_waiting();
            start_waiting();
            transfer();
            call_due_timers();
        }
        return unfinished();
    }

    /// Waits until `poll` has work, `wakeup` is called, or `time_limit` is over. If `descriptor` is given, also returns
    /// when it becomes readable: pass the descriptor of your own event loop, such as an `epoll` descriptor, so that one
    /// thread serves both.
    void wait(std::chrono::milliseconds time_limit, curl_socket_t descriptor = CURL_SOCKET_BAD)
    {
        if (in_handler_ != 0 || can_start() || !cancelled_.empty() || !cancelled_timers_.empty()) return;
        auto until = from_now(time_limit);
        if (!timers_.empty()) until = (std::min)(until, timers_.begin()->first.first);
        if (!deadlines_.empty()) until = (std::min)(until, deadlines_.begin()->first);
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
        curl_waitfd extra{descriptor, CURL_WAIT_POLLIN, 0};
        curl_multi_poll(multi_, &extra, descriptor == CURL_SOCKET_BAD ? 0 : 1,
                        static_cast<int>(std::clamp<decltype(left)>(left, 0, INT_MAX)), nullptr);
    }

    /// Makes the current `wait` return, or the next one if none is running. The only member that any thread may
    /// call.
    void wakeup() noexcept { curl_multi_wakeup(multi_); }

    /// Cancels a request. Its handler is called with `cancelled` before this returns. The server may have acted on the
    /// request, unless the failure says that nothing was sent. Returns false if the request is already complete or
    /// unknown.
    ///
    /// If a handler that `cancel` or `cancel_all` is calling calls this, the request is cancelled at once, but its
    /// handler runs after the current handler returns and before the outermost call returns.
    bool cancel(request_id id)
    {
        if (auto const in_queue = waiting_.find(id); in_queue != waiting_.end())
            cancel_waiting(in_queue);
        else if (auto const in_flight = in_flight_.find(id); in_flight != in_flight_.end())
            cancel_in_flight(in_flight);
        else
            return false;
        complete_cancelled();
        return true;
    }

    /// Cancels everything: requests complete with `cancelled`, timers with `next(false)`. This includes what their
    /// handlers add meanwhile, so nothing is left on return. It never returns if handlers answer every `cancelled` with
    /// another request.
    ///
    /// If a handler that `cancel` or `cancel_all` is calling calls this, everything is cancelled at once, but the
    /// handlers run after the current handler returns and before the outermost call returns. That outermost
    /// call then leaves nothing behind.
    void cancel_all()
    {
        cancels_all_ = true;
        cancel_everything();
        complete_cancelled();
    }

    /// The current counts.
    struct progress_report {
        std::size_t waiting = 0;     ///< Requests in the queue.
        std::size_t in_flight = 0;   ///< Requests in flight.
        std::size_t timers = 0;      ///< Timers that have not fired.
        std::uint64_t started = 0;   ///< Requests that left the queue to be sent.
        std::uint64_t succeeded = 0; ///< Requests that got a response, whatever its status.
        std::uint64_t failed = 0;    ///< Requests that failed, including cancelled ones.
        std::uint64_t throttled = 0; ///< Responses with status 429.
        std::size_t limit = 0;       ///< The current adaptive limit on requests in flight.
        bool multiplexed = false; ///< Whether the last response came over HTTP/2, so that requests share connections.
    };
    /// Returns the current counts. Does not allocate or communicate.
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
    static constexpr int max_restarts = 3;           // libcurl sends a refused request up to 6 times before each
    using time_key = std::pair<time, std::uint64_t>; // equal times keep their order of arrival

    /// A request, from the call to its handler.
    struct pending {
        pending(curl_multi_transport& transport, request_id request_number, authorized_request&& authorized, time until)
            : owner(transport), id(request_number), request(std::move(authorized)), deadline(until)
        {
        }
        pending(pending const&) = delete;
        pending& operator=(pending const&) = delete;
        virtual ~pending() = default;
        virtual void complete(result<http_response> response) = 0;

        curl_multi_transport& owner;
        request_id id;
        authorized_request request;
        time deadline;
        bool was_sent = false;   // whether sending had begun when it was cancelled
        std::uint64_t start = 0; // the number of requests started before it
        detail::curl_handle handle{};
        std::optional<detail::curl_exchange> exchange{};
        int restarts = 0;        // because the server refused it
        bool is_fresh = false;   // must use a new connection
        bool is_refused = false; // the kept connection that libcurl chose must not be used
    };
    template <class Handler>
    struct pending_with_handler final : pending {
        pending_with_handler(curl_multi_transport& transport, request_id request_number,
                             authorized_request&& authorized, time until, Handler&& completion)
            : pending(transport, request_number, std::move(authorized), until), handler(std::move(completion))
        {
        }
        void complete(result<http_response> response) override { handler(std::move(response)); }

        Handler handler;
    };
    /// Requests move between these maps as nodes, which does not allocate.
    using requests = std::map<request_id, std::unique_ptr<pending>>; // ids increase, so this is the order of arrival

    /// Counts a running handler for as long as it exists.
    class handler_scope {
    public:
        explicit handler_scope(std::size_t& count) noexcept : count_(count) { ++count_; }
        handler_scope(handler_scope const&) = delete;
        handler_scope& operator=(handler_scope const&) = delete;
        ~handler_scope() { --count_; }

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
        explicit continued_timer(Continuation&& continuation) : next(std::move(continuation)) {}
        void end(bool is_due) override { next(is_due); }

        Continuation next;
    };

    using timers = std::map<time_key, std::unique_ptr<timer>>;

    static time from_now(std::chrono::milliseconds span) noexcept
    {
        using std::chrono::milliseconds;
        return clock::now() + std::clamp<milliseconds>(span, milliseconds(0), std::chrono::hours(24 * 36500));
    }

    template <class Handler>
    request_id add(authorized_request request, Handler handler, time deadline)
    {
        request_id const id = ++last_id_;
        // Everything that can throw comes first; linking the nodes in cannot.
        auto added = std::make_unique<pending_with_handler<Handler>>(*this, id, std::move(request), deadline,
                                                                     std::move(handler));
        requests nodes;
        nodes.emplace(id, std::move(added));
        std::set<time_key> deadlines;
        if (deadline != (time::max)()) deadlines.emplace(deadline, id);
        waiting_.merge(nodes);
        deadlines_.merge(deadlines);
        return id;
    }

    std::size_t unfinished() const noexcept
    {
        return waiting_.size() + in_flight_.size() + timers_.size() + cancelled_.size() + cancelled_timers_.size();
    }

    std::size_t capacity() const noexcept
    {
        return (std::min)(static_cast<std::size_t>(limit_), counts_.multiplexed ? max_in_flight_ : max_connections_);
    }
    bool can_start() const noexcept { return !waiting_.empty() && in_flight_.size() < capacity(); }

    void expire_waiting()
    {
        for (time const now = clock::now(); !deadlines_.empty() && deadlines_.begin()->first <= now;)
            complete(
                take_waiting(waiting_.find(deadlines_.begin()->second)).mapped(),
                failure(errc::not_connected, "", "the request was still queued at its deadline; nothing was sent"));
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

    /// Hands the request to libcurl.
    void start(pending& one)
    {
        if (auto error = detail::check_request(one.request)) return finish(one, *std::move(error));
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
        if (had_tls_failure_) exchange.reload_authorities();
        if (is_http2_ && one.request.https())
            exchange.use_http2(reports_refusals_);
        else
            exchange.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        exchange.set(CURLOPT_PIPEWAIT, is_http2_ ? 1L : 0L); // prefer sharing a connection to opening one
        exchange.set(CURLOPT_FRESH_CONNECT, one.is_fresh ? 1L : 0L);
        exchange.set(CURLOPT_PREREQFUNCTION, &on_request);
        exchange.set(CURLOPT_PREREQDATA, &one);
        exchange.set(CURLOPT_OPENSOCKETFUNCTION, &on_open);
        exchange.set(CURLOPT_OPENSOCKETDATA, this);
        exchange.set(CURLOPT_CLOSESOCKETFUNCTION, &on_close);
        exchange.set(CURLOPT_CLOSESOCKETDATA, this);
    }

    void transfer()
    {
        int ignored = 0;
        CURLMcode const state = curl_multi_perform(multi_, &ignored);
        while (CURLMsg const* const message = curl_multi_info_read(multi_, &ignored)) {
            CURLcode const code = message->data.result; // removing the handle may free the message
            pending* one = nullptr;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &one);
            if (one->is_refused)
                restart(*one, true);
            else if (one->exchange->was_refused(code) && one->restarts++ != max_restarts)
                restart(*one, false);
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

    /// Nothing was sent, or the server refused the request, so this does not repeat it.
    void restart(pending& one, bool on_new_connection)
    {
        detach(one);
        one.is_refused = false;
        one.is_fresh = on_new_connection;
        start(one);
    }

    /// Ends a request in flight.
    void finish(pending& one, result<http_response> response)
    {
        if (response) adapt(one, response->status == 429);
        if (!response && response.error().code() == errc::tls_failure) had_tls_failure_ = true;
        complete(take_in_flight(in_flight_.find(one.id)).mapped(), std::move(response));
    }

    void adapt(pending const& one, bool is_throttled) noexcept
    {
        counts_.multiplexed = one.exchange->is_http2();
        counts_.throttled += is_throttled;
        if (!is_throttled) {
            limit_ = (std::min)(limit_ + 1 / limit_, static_cast<double>(max_in_flight_));
        } else if (one.start >= round_) { // earlier requests were sent under the previous limit
            limit_ = (std::max)(1.0, (std::min)(limit_, static_cast<double>(in_flight_.size())) / 2);
            round_ = counts_.started;
        }
    }

    requests::node_type take_waiting(requests::const_iterator position) noexcept
    {
        auto taken = waiting_.extract(position);
        deadlines_.erase({taken.mapped()->deadline, taken.mapped()->id});
        return taken;
    }
    requests::node_type take_in_flight(requests::const_iterator position) noexcept
    {
        auto taken = in_flight_.extract(position);
        auto& one = *taken.mapped();
        detach(one);
        if (!one.handle) return taken;
        // If memory runs out, the handle is destroyed with the request.
        detail::unless_out_of_memory([&] { handles_.push_back(std::move(one.handle)); }, [] {});
        return taken;
    }

    void cancel_waiting(requests::const_iterator waiting) noexcept { cancelled_.insert(take_waiting(waiting)); }
    void cancel_in_flight(requests::const_iterator in_flight) noexcept
    {
        auto& one = *in_flight->second;
        one.was_sent = one.exchange && one.exchange->is_sending();
        cancelled_.insert(take_in_flight(in_flight));
    }
    void cancel_everything() noexcept
    {
        while (!waiting_.empty()) cancel_waiting(waiting_.begin());
        while (!in_flight_.empty()) cancel_in_flight(in_flight_.begin());
        cancelled_timers_.merge(timers_);
    }

    /// Calls the handlers of cancelled requests and timers, one after the other. A nested call leaves the work to the
    /// outermost call, so that the stack does not grow.
    void complete_cancelled()
    {
        if (is_cancelling_) return;
        struct outermost {
            explicit outermost(curl_multi_transport& transport) noexcept : owner(transport)
            {
                owner.is_cancelling_ = true;
            }
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
            if (cancels_all_) cancel_everything();
        }
    }
    void complete_first_cancelled()
    {
        auto const taken = cancelled_.extract(cancelled_.begin());
        complete(taken.mapped(), taken.mapped()->was_sent
                                     ? failure(errc::cancelled)
                                     : failure(errc::cancelled, "", "cancelled before anything was sent"));
    }

    /// Removes the request from libcurl and drops the pointers to it.
    void detach(pending& one) noexcept
    {
        if (one.handle) curl_multi_remove_handle(multi_, one.handle.get());
        one.exchange.reset();
    }

    void complete(std::unique_ptr<pending> const& one, result<http_response> response)
    {
        ++(response ? counts_.succeeded : counts_.failed);
        handler_scope const mark(in_handler_);
        one->complete(std::move(response));
    }

    void call_due_timers()
    {
        for (time const now = clock::now(); !timers_.empty() && timers_.begin()->first.first <= now;)
            call_first(timers_, true);
    }
    void call_first(timers& from, bool is_due)
    {
        auto const node = from.extract(from.begin());
        handler_scope const mark(in_handler_);
        node.mapped()->end(is_due);
    }

    detail::curl_handle new_handle()
    {
        if (handles_.empty()) return detail::curl_handle(curl_easy_init());
        auto handle = std::move(handles_.back());
        handles_.pop_back();
        return handle;
    }

    /// libcurl calls this before it writes a request to a new or a kept connection.
    static int on_request(void* self, char*, char*, int, int port) noexcept
    {
        auto& one = *static_cast<pending*>(self);
        auto found = one.owner.find_connection(port);
        // If the connection cannot be identified, only a new one is safe.
        one.is_refused = !one.exchange->is_sending() && !one.is_fresh && !(found && found->is_usable());
        if (one.is_refused) return CURL_PREREQFUNC_ABORT; // which closes the connection
        return one.exchange->may_send(std::move(found)) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
    }

    /// Opens a socket and records it. If there is no memory for the record, opens none, because unsolicited bytes on it
    /// would go unnoticed; the request then fails with nothing sent.
    static curl_socket_t on_open(void* self, curlsocktype kind, curl_sockaddr* address) noexcept
    {
        auto& owner = *static_cast<curl_multi_transport*>(self);
        return detail::unless_out_of_memory(
            [&] {
                auto const added = std::make_shared<connection>();
                owner.connections_.push_back(added);
                added->socket = detail::open_socket(nullptr, kind, address);
                // An older record with this number is of a socket whose closing was not reported.
                bool const failed = added->socket == CURL_SOCKET_BAD;
                std::erase_if(owner.connections_,
                              [&](auto const& one) { return one == added ? failed : one->socket == added->socket; });
                return added->socket;
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

    /// The connection with this local port. Null if several have it, to different servers.
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
    bool reports_refusals_;
    bool is_http2_;
    double limit_;
    std::uint64_t round_ = 0; // the number of requests started when the limit fell
    progress_report counts_{};
    std::size_t in_handler_ = 0;
    bool had_tls_failure_ = false; // the certificate authorities that libcurl caches may be incomplete
    bool is_cancelling_ = false;
    bool cancels_all_ = false; // also cancel what handlers add meanwhile
    request_id last_id_ = 0;
    requests waiting_{};
    requests in_flight_{};
    requests cancelled_{};           // their handlers have yet to be called
    timers cancelled_timers_{};      // likewise
    std::set<time_key> deadlines_{}; // of the requests in the queue
    timers timers_{};
    std::vector<std::shared_ptr<connection>> connections_{};
    std::vector<detail::curl_handle> handles_{}; // for reuse
};

} // namespace sidecall
