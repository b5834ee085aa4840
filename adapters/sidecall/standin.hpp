#pragma once

/// An in-process Twilio for tests, on the server of cpp-httplib and with nlohmann-json. It includes nothing of the core
/// of sidecall: every rule is implemented a second time, so that an error in the library cannot hide behind itself.
///
/// The rules are those of the OpenAPI document and the documentation of Twilio. If they leave a choice, the stand-in is
/// the stricter one. Its responses have not been compared with the live service.
///
/// Signing uses OpenSSL: link with `-lcrypto`. https callbacks need cpp-httplib with `CPPHTTPLIB_OPENSSL_SUPPORT`,
/// which the flags of pkg-config define, and then `-lssl` too.

#include <sidecall/detail/standin_body.hpp>
#include <sidecall/detail/standin_callback_queue.hpp>
#include <sidecall/detail/standin_calls.hpp>
#include <sidecall/detail/standin_date.hpp>
#include <sidecall/detail/standin_faulty_server.hpp>
#include <sidecall/detail/standin_form.hpp>
#include <sidecall/detail/standin_httplib.hpp>
#include <sidecall/detail/standin_knowledge.hpp>
#include <sidecall/detail/standin_parameters.hpp>
#include <sidecall/detail/standin_reply.hpp>
#include <sidecall/detail/standin_signing.hpp>
#include <sidecall/detail/standin_text.hpp>
#include <sidecall/detail/standin_trunks.hpp>
#include <sidecall/detail/standin_url.hpp>
#include <sidecall/standin_faults.hpp>
#include <sidecall/standin_types.hpp>

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace sidecall {

/// A Twilio with one account on a loopback port. It runs in its own thread from construction to destruction.
///
/// It creates and deletes user defined message subscriptions and creates user defined messages. It refuses invalid
/// requests in the error format of Twilio and checks in this order: 401 credentials, 404 path, 405 method, 400 query or
/// unexpected body, 415 content type, 400 form, 404 call or subscription, 400 parameters, 409 an `IdempotencyKey` that
/// was used with other parameters. A key belongs to its call and endpoint, and outlives the subscription that it
/// created.
///
/// It also has other resources, so that you can test your own operations. All services share its one host:
///
/// | service | requests |
/// |---|---|
/// | api | create, fetch, list, update and delete calls: `/2010-04-01/Accounts/{AC}/Calls.json`, `…/Calls/{CA}.json` |
/// | voice | create, fetch and list trunks: `/v1/ByocTrunks`, `/v1/ByocTrunks/{BY}` |
/// | knowledge | create and fetch knowledge sources: `/v1/Knowledge`, `/v1/Knowledge/{id}`; errors as in RFC 9457 |
///
/// A call that a request created is queued until `set_call_status` changes its status. Each change causes the status
/// callbacks that the request asked for, signed as Twilio signs them. Messages need such a call to be ringing or in
/// progress. For any other call SID they work as if its call were in progress.
///
/// It also plays the client of the call. `client_sends` calls the callback of every subscription of the call over HTTP,
/// signed like Twilio. `client_message` and `deliver` do the same in two steps, so that messages can arrive late,
/// twice, and in any order. `client_received` and `on_client_message` give access to the messages that the server
/// creates.
///
/// Every member function may be called from any thread. At most 16 connections are served at once; others wait. A body
/// may have 1 MiB (otherwise 413), a request target 8 KiB (otherwise 414).
class twilio_standin {
public:
    /// Starts a stand-in with the default options. Throws `std::runtime_error` if no loopback port is available.
    twilio_standin() : twilio_standin(standin_options{}) {}

    /// Starts a stand-in. Throws `std::invalid_argument` if an option is invalid, and `std::runtime_error` if no
    /// loopback port is available.
    explicit twilio_standin(standin_options options)
        : options_{std::move(options)}, sids_{options_.seed}, request_ids_{~options_.seed},
          message_sids_{options_.seed + 0x9e3779b97f4a7c15u}
    {
        check_options();
        if (options_.faults) {
            faulty_.emplace(*options_.faults, [this](auto const& request, int refusal, auto const& fault) {
                return answer(request, refusal, fault);
            });
            port_ = faulty_->port();
            return;
        }
        set_up_server();
        port_ = server_.bind_to_any_port("127.0.0.1");
        if (port_ <= 0) throw std::runtime_error{"twilio_standin: no loopback port to listen on"};
        thread_ = std::thread{[this] {
            server_.listen_after_bind();
            ended_ = true;
        }};
        // cpp-httplib 0.11 ignores a stop() before its loop has started.
        while (!server_.is_running() && !ended_) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }

    twilio_standin(twilio_standin const&) = delete;
    twilio_standin& operator=(twilio_standin const&) = delete;

    /// Stops and joins its thread. This takes at most about a second if a client still holds a connection.
    ~twilio_standin()
    {
        if (faulty_) return; // its destructor stops it
        server_.stop();
        thread_.join();
    }

    /// The base URL: `http://127.0.0.1:PORT`, without a trailing slash.
    std::string base_url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    /// The port, chosen by the system.
    int port() const { return port_; }
    /// The SID of the account.
    std::string const& account_sid() const { return options_.account_sid; }
    /// The auth token of the account.
    std::string const& auth_token() const { return options_.auth_token; }
    /// The second token of the account, or an empty string.
    std::string const& old_auth_token() const { return options_.old_auth_token; }

    /// Every request so far, in the order of the responses. A request is recorded before its response is sent. Bytes
    /// that are not an HTTP request line are not recorded.
    std::vector<standin_request> ledger() const
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        return ledger_;
    }

    /// The existing subscriptions, oldest first.
    std::vector<standin_subscription> subscriptions() const
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        return subscriptions_;
    }

    /// Ends a call. Its subscriptions are removed, so no message is delivered any more, and later requests for its
    /// subscriptions and messages get 404. If a request created the call and it has not ended, this also does what
    /// `set_call_status(call, "completed")` does.
    void end_call(std::string const& call)
    {
        std::unique_lock<std::mutex> lock{mutex_};
        ended_calls_.insert(call);
        remove_subscriptions(call);
        auto const* const created = calls_.find(call);
        if (created == nullptr || created->has_ended()) return;
        auto sent = queue(calls_.set_status(call, "completed"));
        lock.unlock();
        if (sent) sent->get();
    }

    /// The calls that requests created, oldest first.
    std::vector<standin_call> calls() const
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        return calls_.calls();
    }

    /// Changes the status of a call that a request created, sends the status callbacks that this causes, in order, and
    /// returns them with their results. Does not retry and follows no redirect.
    ///
    /// Each status causes an event: `ringing`, `answered` for `in-progress`, and `completed` for the five final ones.
    /// A change from `queued` to any status but `canceled` first causes the event `initiated`. A status callback is
    /// sent for each event that the request named, or only for `completed` if it named none. Status callbacks are
    /// numbered from 0. The end of a call removes its subscriptions.
    ///
    /// Throws `std::invalid_argument` if no request created the call, if there is no such status, or if the call
    /// already has it or cannot go back to it. Do not call this from the handler of a status callback: it waits for the
    /// handler.
    std::vector<standin_callback> set_call_status(std::string const& call, std::string const& status)
    {
        std::unique_lock<std::mutex> lock{mutex_};
        auto const due = calls_.set_status(call, status);
        if (calls_.find(call)->has_ended()) remove_subscriptions(call);
        auto sent = queue(due);
        lock.unlock();
        return sent ? sent->get() : std::vector<standin_callback>{};
    }

    /// Waits until every status callback so far has been sent. Use it after a request that ends a call, because the
    /// response does not wait for the status callback.
    void wait_for_status_callbacks() { status_callbacks_.push({}).get(); }

    /// Gives this response to the next request, whatever it is and even if its credentials are wrong. Further calls
    /// queue. Throws `std::invalid_argument` if the status is not in the range 200 to 599.
    void answer_next(standin_answer answer)
    {
        if (answer.status < 200 || answer.status > 599)
            throw std::invalid_argument{"twilio_standin: the status is not in the range 200 to 599"};
        std::lock_guard<std::mutex> const lock{mutex_};
        if (answer.times > 0) canned_.push_back(std::move(answer));
    }

    /// Fails the next request in the error format of Twilio, like `answer_next`: `fail_next(429, {.retry_after =
    /// "1"})`.
    void fail_next(int status, standin_error const& error = {})
    {
        standin_detail::reply failed = standin_detail::error_reply(
            status, error.message.empty() ? standin_detail::default_error_message(status) : error.message,
            error.code != 0 ? error.code : standin_detail::default_error_code(status));
        if (error.problem) failed = standin_detail::as_problem(std::move(failed));
        standin_answer answer{.status = status,
                              .body = std::move(failed.body),
                              .headers = std::move(failed.headers),
                              .times = error.times,
                              .processed = error.processed};
        if (!error.retry_after.empty()) answer.headers.emplace_back("Retry-After", error.retry_after);
        answer_next(std::move(answer));
    }

    /// Replaces the faults and restarts their random sequence from the seed. Throws `std::invalid_argument` if they are
    /// invalid, and `std::logic_error` if the options had no faults.
    void inject(standin_faults faults) { faulty().set(std::move(faults)); }

    /// Injects exactly this fault into the next `times` requests that arrive. Further calls queue. The random sequence
    /// still advances. Throws `std::logic_error` if the options had no faults.
    void inject_next(standin_fault fault, int times = 1) { faulty().set_next(fault, times); }

    /// The number of times that each fault was injected so far. Faults that never occurred have no entry.
    std::map<standin_fault, std::size_t> faults_committed() const
    {
        return faulty_ ? faulty_->committed() : std::map<standin_fault, std::size_t>{};
    }

    /// Sends a message from the client of a call and delivers it at once: `client_message`, then `deliver`.
    std::vector<standin_callback> client_sends(std::string const& call, std::string const& content,
                                               standin_delivery const& delivery = {})
    {
        return deliver(client_message(call, content), delivery);
    }

    /// Creates a message from the client of a call, with the next number of the call, that Twilio has not delivered
    /// yet. `deliver` it whenever and as often as you like. The number increases even without a subscription; that is
    /// our reading of the documentation. Throws `std::invalid_argument` if `call` is not a call SID or if the Voice
    /// SDKs would refuse the content: not JSON, or larger than 10,240 bytes.
    standin_message client_message(std::string const& call, std::string const& content)
    {
        if (!standin_detail::is_sid(call, "CA"))
            throw std::invalid_argument{"twilio_standin: a call SID is CA and 32 hexadecimal digits"};
        if (content.size() > max_content || !nlohmann::json::accept(content))
            throw std::invalid_argument{"twilio_standin: a message is JSON of at most 10240 bytes"};
        std::lock_guard<std::mutex> const lock{mutex_};
        std::string const sid = standin_detail::random_sid("KX", message_sids_);
        auto const number = numbers_.try_emplace(call, options_.first_sequence_number).first->second++;
        return {.call_sid = call,
                .sid = sid,
                .content = content,
                .parameters = {{"ContentType", "application/json"},
                               {"Content", content},
                               {"SequenceNumber", std::to_string(number)},
                               {"CallSid", call},
                               {"Timestamp", standin_detail::date_now()},
                               {"AccountSid", options_.account_sid},
                               {"Sid", sid}}};
    }

    /// Delivers a message to every existing subscription of its call, oldest first, in the calling thread. Returns
    /// every request with its result; nothing if the call has no subscription, for example after its end. Does not
    /// retry and follows no redirect.
    ///
    /// For GET and HEAD, the parameters are added to the query of the callback. For other methods they are a form in
    /// the body. A user name and password in the callback are not signed, and not sent at first. After a 401 with
    /// `WWW-Authenticate` the request is repeated with Basic authentication, or with Digest if cpp-httplib was built
    /// with OpenSSL and neither is empty.
    std::vector<standin_callback> deliver(standin_message const& message, standin_delivery const& delivery = {})
    {
        std::vector<standin_callback> made;
        for (standin_subscription const& subscription : subscriptions_of(message.call_sid)) {
            for (int i = 0; i < delivery.times; ++i) {
                standin_callback callback = describe(subscription, message, delivery);
                if (delivery.tamper) delivery.tamper(callback);
                send_callback(callback);
                made.push_back(callback);
                std::lock_guard<std::mutex> const lock{mutex_};
                callbacks_.push_back(std::move(callback));
            }
        }
        return made;
    }

    /// Every callback request so far, of messages and of calls, in the order in which they completed.
    std::vector<standin_callback> callbacks() const
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        return callbacks_;
    }

    /// The callback requests for which Twilio would log a warning.
    std::vector<standin_callback> warnings() const
    {
        std::vector<standin_callback> found = callbacks();
        found.erase(std::remove_if(found.begin(), found.end(), [](auto const& one) { return one.warning == 0; }),
                    found.end());
        return found;
    }

    /// The messages that the server created for the client of a call, oldest first.
    std::vector<standin_message> client_received(std::string const& call) const
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        std::vector<standin_message> found;
        std::copy_if(received_.begin(), received_.end(), std::back_inserter(found),
                     [&](auto const& one) { return one.call_sid == call; });
        return found;
    }

    /// Drops what the stand-in records of the past, except for the newest `kept` entries of each kind: the entries of
    /// `ledger` and `callbacks`, the messages of `client_received`, and the idempotency keys. Call it from time to time
    /// in a long test, whose records would fill the memory. A dropped key counts as new if it is used again.
    void forget_all_but(std::size_t kept)
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        drop_all_but(ledger_, kept);
        drop_all_but(callbacks_, kept);
        drop_all_but(received_, kept);
        std::erase_if(keys_, [&](auto const& one) { return used_keys_ - one.second.number > kept; });
    }

    /// Sets the function that is called with every message that the server creates from now on. It is called after the
    /// message is in `client_received` and before the server gets its response. It runs in a thread of the stand-in,
    /// and in several at once if the server creates several messages at once, so that these calls can overtake each
    /// other; `client_received` has the order of creation. It may use the stand-in and must not throw. Another
    /// function, or an empty one, replaces it.
    void on_client_message(std::function<void(standin_message const&)> callback)
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        client_ = std::move(callback);
    }

private:
    static constexpr std::size_t max_body = std::size_t{1024} * 1024;
    static constexpr std::size_t max_content = 10240;

    using reply = standin_detail::reply;

    enum class resource {
        none,
        subscriptions,
        subscription,
        messages,
        calls,
        call,
        trunks,
        trunk,
        knowledge_sources,
        knowledge_source,
    };

    /// The resource that a path names. `sid` is its own SID or ID, if it has one.
    struct route {
        resource kind = resource::none;
        std::string call_sid = {};
        std::string sid = {};
    };

    template <class Entry>
    static void drop_all_but(std::vector<Entry>& entries, std::size_t kept)
    {
        if (entries.size() <= kept) return;
        entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(kept));
        entries.shrink_to_fit();
    }

    struct first_use {
        std::uint64_t number = 0; // of the key, counted from 0 and in the order of first use
        standin_fields parameters = {};
        std::string body = {};
    };

    void check_options() const
    {
        using standin_detail::is_sid;
        if (!is_sid(options_.account_sid, "AC"))
            throw std::invalid_argument{"twilio_standin: account_sid is not AC and 32 hexadecimal digits"};
        if (options_.auth_token.empty()) throw std::invalid_argument{"twilio_standin: auth_token is empty"};
        for (auto const& [sid, secret] : options_.api_keys)
            if (!is_sid(sid, "SK") || secret.empty())
                throw std::invalid_argument{
                    "twilio_standin: an API key is SK and 32 hexadecimal digits, with a secret"};
        for (std::string const& call : options_.calls)
            if (!is_sid(call, "CA"))
                throw std::invalid_argument{"twilio_standin: a call SID is CA and 32 hexadecimal digits"};
        if (options_.callback_timeout < std::chrono::milliseconds{1})
            throw std::invalid_argument{"twilio_standin: callback_timeout is not positive"};
    }

    void set_up_server()
    {
        // An idle connection occupies a thread of the pool, and the destructor waits for it. The unit is whole seconds.
        server_.set_keep_alive_timeout(1);
        server_.set_read_timeout(1, 0);
        server_.set_write_timeout(1, 0);
        server_.new_task_queue = [] { return new httplib::ThreadPool(16); };
        server_.set_keep_alive_max_count(1000);
        server_.set_tcp_nodelay(true);
        server_.set_payload_max_length(max_body);
        // cpp-httplib would set SO_REUSEPORT, which would let another process bind this port too.
        server_.set_socket_options([](socket_t) {});

        auto const without_body = [this](httplib::Request const& request, httplib::Response& response) {
            serve(request, response, {});
        };
        // The handler reads the body itself, because cpp-httplib refuses forms of more than 8 KiB.
        auto const with_body = [this](httplib::Request const& request, httplib::Response& response,
                                      httplib::ContentReader const& reader) { read(request, response, reader); };
        char const* const anything = R"([\s\S]*)";
        server_.Get(anything, without_body); // also serves HEAD
        server_.Options(anything, without_body);
        server_.Post(anything, with_body);
        server_.Put(anything, with_body);
        server_.Patch(anything, with_body);
        server_.Delete(anything, with_body);

        server_.set_error_handler([this](httplib::Request const& request, httplib::Response& response) {
            if (!response.has_header("Twilio-Request-Id")) refuse(request, response);
        });
        server_.set_post_routing_handler([](httplib::Request const&, httplib::Response& response) {
            // RFC 9110, section 8.6: a 204 has no Content-Length.
            if (response.status == 204) response.headers.erase("Content-Length");
        });
    }

    void read(httplib::Request const& request, httplib::Response& response, httplib::ContentReader const& reader)
    {
        std::string body;
        bool too_large = false;
        if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding"))
            standin_detail::mark_body_consumed(const_cast<httplib::Request&>(request));
        bool const whole = request.is_multipart_form_data()
                               ? reader([](auto const&) { return true; }, [](char const*, std::size_t) { return true; })
                               : reader([&](char const* data, std::size_t size) {
                                     // Read to its end anyway, or the rest would be parsed as the next request.
                                     too_large = too_large || size > max_body - body.size();
                                     if (!too_large) body.append(data, size);
                                     return true;
                                 });
        if (whole && !too_large)
            serve(request, response, std::move(body));
        else if (response.status < 400 || too_large)
            response.status = too_large ? 413 : 400;
    }

    standin_detail::faulty_server& faulty()
    {
        if (!faulty_) throw std::logic_error{"twilio_standin: the options had no faults"};
        return *faulty_;
    }

    /// The handler of the faulty server.
    httplib::Response answer(httplib::Request const& request, int refusal,
                             std::optional<standin_detail::drawn_fault> const& fault)
    {
        httplib::Response response;
        response.status = refusal;
        if (refusal != 0)
            refuse(request, response);
        else if (fault)
            serve(request, response, request.body, fault->kind, canned_response(*fault));
        else
            serve(request, response, request.body);
        response.reason = response.status < 400 ? "OK" : standin_detail::default_error_message(response.status);
        return response;
    }

    /// The canned response of a fault, if it has one.
    static std::optional<standin_answer> canned_response(standin_detail::drawn_fault const& fault)
    {
        static constexpr std::array<int, 4> errors{500, 502, 503, 504};
        bool const is_error =
            fault.kind == standin_fault::error_before_effect || fault.kind == standin_fault::error_after_effect;
        bool const is_limit = fault.kind == standin_fault::too_many_requests ||
                              fault.kind == standin_fault::too_many_requests_for_seconds ||
                              fault.kind == standin_fault::too_many_requests_until_date;
        if (!is_error && !is_limit) return std::nullopt;

        int const status = is_limit ? 429 : errors[fault.form % errors.size()];
        std::string const message = standin_detail::default_error_message(status);
        standin_answer answer{
            .status = status,
            .body = standin_detail::error_body(status, standin_detail::default_error_code(status), message),
            .headers = {},
            .processed = fault.kind == standin_fault::error_after_effect};
        if (is_error && fault.detail % 2 != 0) {
            answer.headers.emplace_back("Content-Type", "text/html");
            answer.body = "<html><body><h1>" + std::to_string(status) + ' ' + message + "</h1></body></html>\n";
        }
        if (fault.kind == standin_fault::too_many_requests_for_seconds)
            answer.headers.emplace_back("Retry-After", std::to_string(fault.retry_after));
        if (fault.kind == standin_fault::too_many_requests_until_date) {
            auto const then = std::chrono::system_clock::now() + std::chrono::seconds{fault.retry_after};
            answer.headers.emplace_back("Retry-After", standin_detail::format_date(then, "GMT"));
        }
        return answer;
    }

    void serve(httplib::Request const& request, httplib::Response& response, std::string body,
               std::optional<standin_fault> fault = {}, std::optional<standin_answer> instead = {})
    {
        std::unique_lock<std::mutex> lock{mutex_};
        std::size_t const received = received_.size();
        standin_request entry = describe(request);
        entry.body = std::move(body);
        bool const is_form = request.headers.count("Content-Type") == 1 &&
                             standin_detail::is_form_type(request.get_header_value("Content-Type"));
        standin_detail::form const form = is_form ? standin_detail::decode_form(entry.body) : standin_detail::form{};
        entry.parameters = form.parameters;

        entry.fault = fault;
        if (!instead) {
            instead = take_canned();
            entry.canned = instead.has_value();
        }
        reply answer;
        if (!instead || instead->processed) answer = process(entry, is_form, form);
        if (instead)
            answer = {.status = instead->status,
                      .body = std::move(instead->body),
                      .headers = std::move(instead->headers),
                      .replay = answer.replay};
        send(answer, std::move(entry), response);
        if (received_.size() == received || !client_) return;
        auto const client = client_;
        auto const message = received_.back();
        lock.unlock();
        client(message);
    }

    /// Completes a response for a request that the server refused before or instead of calling a handler.
    void refuse(httplib::Request const& request, httplib::Response& response)
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        standin_request entry = describe(request);
        // Bytes after a request that was not understood or not read to its end are not a request.
        response.set_header("Connection", "close");
        // Recent versions of cpp-httplib limit the length of paths that they match with a pattern.
        reply answer =
            response.status == 404 ? process(entry, false, {}) : standin_detail::error_reply(response.status);
        send(answer, std::move(entry), response, request.version.rfind("HTTP/", 0) == 0);
    }

    void send(reply const& answer, standin_request entry, httplib::Response& response, bool is_request = true)
    {
        std::string content_type = answer.body.empty() ? "" : "application/json";
        for (auto const& [name, value] : answer.headers) {
            std::string const key = standin_detail::to_lower(name);
            if (key == "twilio-request-id")
                entry.request_id = value;
            else if (key == "content-type")
                content_type = value;
            else if (key != "content-length" && key != "transfer-encoding")
                response.set_header(name, value);
        }
        if (entry.request_id.empty()) entry.request_id = standin_detail::random_sid("RQ", request_ids_);
        response.set_header("Twilio-Request-Id", entry.request_id);
        response.status = answer.status;
        if (!answer.body.empty())
            response.set_content(answer.body, content_type);
        else if (!content_type.empty())
            response.set_header("Content-Type", content_type);
        entry.status = answer.status;
        entry.replay = answer.replay;
        if (is_request) ledger_.push_back(std::move(entry));
    }

    standin_request describe(httplib::Request const& request) const
    {
        static std::set<std::string> const added_by_httplib{"REMOTE_ADDR", "REMOTE_PORT", "LOCAL_ADDR", "LOCAL_PORT"};
        standin_request entry;
        entry.method = request.method;
        entry.target = request.target;
        for (auto const& [name, value] : request.headers) {
            if (added_by_httplib.contains(name)) continue;
            std::string const key = standin_detail::to_lower(name);
            bool const secret = key == "authorization" || key == "proxy-authorization";
            entry.headers.emplace_back(name, secret ? redact(value) : value);
        }
        std::sort(entry.headers.begin(), entry.headers.end(), [](auto const& a, auto const& b) {
            return std::pair{standin_detail::to_lower(a.first), a.second} <
                   std::pair{standin_detail::to_lower(b.first), b.second};
        });
        entry.authenticated = is_authenticated(request.headers);
        return entry;
    }

    static std::string redact(std::string const& value)
    {
        std::string const scheme = value.substr(0, value.find(' '));
        std::string const known = standin_detail::to_lower(scheme);
        return known == "basic" || known == "bearer" ? scheme + " [redacted]" : "[redacted]";
    }

    bool is_authenticated(httplib::Headers const& headers) const
    {
        if (headers.count("Authorization") != 1) return false;
        std::string const& value = headers.find("Authorization")->second;
        auto const space = value.find(' ');
        if (space == std::string::npos) return false;
        std::string const scheme = standin_detail::to_lower(value.substr(0, space));
        std::string const credential = value.substr(space + 1);
        if (scheme == "bearer")
            return std::find(options_.bearer_tokens.begin(), options_.bearer_tokens.end(), credential) !=
                   options_.bearer_tokens.end();
        if (scheme != "basic") return false;
        auto const decoded = standin_detail::decode_base64(credential);
        auto const colon = decoded ? decoded->find(':') : std::string::npos;
        if (colon == std::string::npos) return false;
        std::string const user = decoded->substr(0, colon);
        std::string const password = decoded->substr(colon + 1);
        if (user == options_.account_sid)
            return password == options_.auth_token ||
                   (!options_.old_auth_token.empty() && password == options_.old_auth_token);
        auto const key = options_.api_keys.find(user);
        return key != options_.api_keys.end() && password == key->second;
    }

    std::optional<standin_answer> take_canned()
    {
        if (canned_.empty()) return std::nullopt;
        standin_answer answer = canned_.front();
        if (--canned_.front().times == 0) canned_.pop_front();
        return answer;
    }

    /// Checks a request by the rules and processes it.
    reply process(standin_request const& request, bool is_form, standin_detail::form const& form)
    {
        std::string const path = request.target.substr(0, request.target.find('?'));
        route const target = find_route(path);
        reply answer = process(request, is_form, form, path, target);
        bool const is_knowledge = path == "/v1/Knowledge" || path.rfind("/v1/Knowledge/", 0) == 0;
        return is_knowledge && answer.status >= 400 ? standin_detail::as_problem(std::move(answer)) : answer;
    }

    reply process(standin_request const& request, bool is_form, standin_detail::form const& form,
                  std::string const& path, route const& target)
    {
        using standin_detail::bad_request;
        using standin_detail::error_reply;
        if (!request.authenticated) {
            reply answer = error_reply(401);
            answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"Twilio API\"");
            return answer;
        }
        if (target.kind == resource::none) return standin_detail::not_found(path);
        auto const allowed = methods_of(target.kind);
        if (std::find(allowed.begin(), allowed.end(), request.method) == allowed.end()) {
            reply answer = error_reply(405);
            std::string list;
            for (std::string const& method : allowed) list += (list.empty() ? "" : ", ") + method;
            answer.headers.emplace_back("Allow", list);
            return answer;
        }

        bool const is_post = request.method == "POST";
        bool const lists = !is_post && (target.kind == resource::calls || target.kind == resource::trunks);
        standin_detail::form query;
        if (path.size() != request.target.size()) {
            if (!lists) return bad_request("Query parameters are not supported");
            query = standin_detail::decode_form(request.target.substr(path.size() + 1), "The query");
            if (!query.fault.empty()) return bad_request(query.fault);
        }
        if (!is_post && !request.body.empty()) return bad_request("No body is expected");
        if (target.kind == resource::knowledge_sources) {
            if (!standin_detail::is_json_type(request.header("Content-Type").value_or(""))) return error_reply(415);
            return knowledge_.create(request.body, sids_);
        }
        if (is_post && !is_form) return error_reply(415);
        if (is_post && !form.fault.empty()) return bad_request(form.fault);
        return process(request.method, target, path, form.parameters, query.parameters);
    }

    /// Processes a request whose form is right.
    reply process(std::string const& method, route const& target, std::string const& path,
                  standin_fields const& parameters, standin_fields const& query)
    {
        bool const is_post = method == "POST";
        if (target.kind == resource::calls)
            return is_post ? calls_.create(parameters, sids_) : calls_.list(path, query);
        if (target.kind == resource::call) {
            if (method == "GET") return calls_.fetch(target.sid, path);
            return is_post ? update_call(target.sid, path, parameters) : calls_.remove(target.sid, path);
        }
        if (target.kind == resource::trunks)
            return is_post ? trunks_.create(parameters, voice_url(), sids_) : trunks_.list(path, query, voice_url());
        if (target.kind == resource::trunk) return trunks_.fetch(target.sid, path);
        if (target.kind == resource::knowledge_source) return knowledge_.fetch(target.sid, path);
        if (!is_in_progress(target.call_sid)) return standin_detail::not_found(path);
        if (target.kind == resource::subscription) return delete_subscription(target, path);
        return create(target, parameters);
    }

    static std::vector<std::string> methods_of(resource kind)
    {
        if (kind == resource::call) return {"GET", "POST", "DELETE"};
        if (kind == resource::calls || kind == resource::trunks) return {"GET", "POST"};
        if (kind == resource::trunk || kind == resource::knowledge_source) return {"GET"};
        if (kind == resource::subscription) return {"DELETE"};
        return {"POST"};
    }

    route find_route(std::string const& path) const
    {
        using standin_detail::is_sid;
        auto const parts = standin_detail::split(path, '/');
        if (!parts[0].empty() || parts.size() < 3) return {};
        if (parts[1] == "v1") return find_route_of_version_1(parts);
        if (parts.size() < 5 || parts.size() > 8 || parts[1] != "2010-04-01" || parts[2] != "Accounts" ||
            parts[3] != options_.account_sid)
            return {};
        if (parts.size() == 5 && parts[4] == "Calls.json") return {.kind = resource::calls};
        if (parts.size() == 5 || parts[4] != "Calls") return {};
        if (parts.size() == 6) {
            std::string const sid = parts[5].substr(0, 34);
            if (!is_sid(sid, "CA") || parts[5].substr(34) != ".json") return {};
            return {.kind = resource::call, .sid = sid};
        }
        if (!is_sid(parts[5], "CA")) return {};
        if (parts.size() == 7) {
            if (parts[6] == "UserDefinedMessageSubscriptions.json")
                return {.kind = resource::subscriptions, .call_sid = parts[5]};
            if (parts[6] == "UserDefinedMessages.json") return {.kind = resource::messages, .call_sid = parts[5]};
            return {};
        }
        std::string const sid = parts[7].substr(0, 34);
        if (parts[6] != "UserDefinedMessageSubscriptions" || !is_sid(sid, "ZY") || parts[7].substr(34) != ".json")
            return {};
        return {.kind = resource::subscription, .call_sid = parts[5], .sid = sid};
    }

    static route find_route_of_version_1(std::vector<std::string> const& parts)
    {
        if (parts.size() > 4) return {};
        bool const is_list = parts.size() == 3;
        if (parts[2] == "ByocTrunks") {
            if (is_list) return {.kind = resource::trunks};
            if (standin_detail::is_sid(parts[3], "BY")) return {.kind = resource::trunk, .sid = parts[3]};
        }
        if (parts[2] == "Knowledge") {
            if (is_list) return {.kind = resource::knowledge_sources};
            if (!parts[3].empty()) return {.kind = resource::knowledge_source, .sid = parts[3]};
        }
        return {};
    }

    /// What the URLs of voice.twilio.com begin with.
    std::string voice_url() const { return options_.voice_url.empty() ? base_url() : options_.voice_url; }

    reply update_call(std::string const& call, std::string const& path, standin_fields const& parameters)
    {
        standin_detail::due_status_callbacks due;
        reply answer = calls_.update(call, path, parameters, due);
        if (auto const* const updated = calls_.find(call); updated != nullptr && updated->has_ended())
            remove_subscriptions(call);
        queue(due);
        return answer;
    }

    /// The existing subscriptions of a call, oldest first.
    std::vector<standin_subscription> subscriptions_of(std::string const& call) const
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        std::vector<standin_subscription> found;
        std::copy_if(subscriptions_.begin(), subscriptions_.end(), std::back_inserter(found),
                     [&](auto const& one) { return one.call_sid == call; });
        return found;
    }

    void remove_subscriptions(std::string const& call)
    {
        subscriptions_.erase(std::remove_if(subscriptions_.begin(), subscriptions_.end(),
                                            [&](auto const& one) { return one.call_sid == call; }),
                             subscriptions_.end());
    }

    /// Queues the status callbacks. The future holds them with their results. Returns nothing if none is due.
    std::optional<std::future<std::vector<standin_callback>>> queue(standin_detail::due_status_callbacks const& due)
    {
        if (due.empty()) return std::nullopt;
        std::vector<standin_callback> callbacks;
        for (auto const& one : due) {
            callbacks.push_back(describe(one.url, one.method, one.parameters, {}));
            callbacks.back().call_sid = one.call_sid;
            callbacks.back().call_status = one.call_status;
        }
        return status_callbacks_.push(std::move(callbacks));
    }

    bool is_in_progress(std::string const& call) const
    {
        if (auto const* const created = calls_.find(call))
            return created->status == "ringing" || created->status == "in-progress";
        return !ended_calls_.contains(call) &&
               (options_.calls.empty() ||
                std::find(options_.calls.begin(), options_.calls.end(), call) != options_.calls.end());
    }

    reply delete_subscription(route const& target, std::string const& path)
    {
        auto const found = std::find_if(subscriptions_.begin(), subscriptions_.end(), [&](auto const& one) {
            return one.sid == target.sid && one.call_sid == target.call_sid;
        });
        if (found == subscriptions_.end()) return standin_detail::not_found(path);
        subscriptions_.erase(found);
        return {.status = 204};
    }

    reply create(route const& target, standin_fields parameters)
    {
        bool const subscribes = target.kind == resource::subscriptions;
        standin_detail::names const known = subscribes ? standin_detail::names{"Callback", "IdempotencyKey", "Method"}
                                                       : standin_detail::names{"Content", "IdempotencyKey"};
        if (auto const fault = standin_detail::check_names(parameters, known)) return *fault;
        std::map<std::string, std::string> const values{parameters.begin(), parameters.end()};
        if (auto const fault = subscribes ? subscription_fault(values) : message_fault(values)) return *fault;

        auto const key = values.find("IdempotencyKey");
        if (key == values.end()) return create_resource(target, values);
        if (key->second.empty()) return standin_detail::bad_request("Parameter 'IdempotencyKey' is empty");
        std::sort(parameters.begin(), parameters.end());
        auto const [used, is_new] = keys_.try_emplace({target.kind, target.call_sid, key->second});
        if (is_new)
            used->second = {.number = used_keys_++,
                            .parameters = std::move(parameters),
                            .body = create_resource(target, values).body};
        else if (used->second.parameters != parameters)
            return standin_detail::error_reply(409, "Parameter 'IdempotencyKey' was used before with other parameters");
        return {.status = 201, .body = used->second.body, .replay = !is_new};
    }

    static std::optional<reply> subscription_fault(std::map<std::string, std::string> const& values)
    {
        static std::set<std::string> const methods{"HEAD", "GET", "POST", "PATCH", "PUT", "DELETE"};
        using standin_detail::error_reply;
        auto const callback = values.find("Callback");
        if (callback == values.end()) return standin_detail::bad_request("Parameter 'Callback' is missing");
        if (auto const fault = standin_detail::callback_fault(callback->second); !fault.empty())
            return error_reply(400, "Parameter 'Callback' is not a valid URL: " + fault, 21205);
        auto const method = values.find("Method");
        if (method != values.end() && !methods.contains(method->second))
            return error_reply(400, "Parameter 'Method' is not an HTTP method", 21209);
        return std::nullopt;
    }

    static std::optional<reply> message_fault(std::map<std::string, std::string> const& values)
    {
        using standin_detail::bad_request;
        auto const content = values.find("Content");
        if (content == values.end()) return bad_request("Parameter 'Content' is missing");
        if (content->second.size() > max_content) return bad_request("Parameter 'Content' is larger than 10240 bytes");
        if (!nlohmann::json::accept(content->second)) return bad_request("Parameter 'Content' is not JSON");
        return std::nullopt;
    }

    /// Creates the resource that `target` names and returns the response.
    reply create_resource(route const& target, std::map<std::string, std::string> const& values)
    {
        bool const subscribes = target.kind == resource::subscriptions;
        std::string const sid = standin_detail::random_sid(subscribes ? "ZY" : "KX", sids_);
        nlohmann::ordered_json body{{"account_sid", options_.account_sid},
                                    {"call_sid", target.call_sid},
                                    {"sid", sid},
                                    {"date_created", standin_detail::date_now()}};
        if (subscribes) {
            body["uri"] = "/2010-04-01/Accounts/" + options_.account_sid + "/Calls/" + target.call_sid +
                          "/UserDefinedMessageSubscriptions/" + sid + ".json";
            auto const method = values.find("Method");
            auto const key = values.find("IdempotencyKey");
            subscriptions_.push_back(
                {.account_sid = options_.account_sid,
                 .call_sid = target.call_sid,
                 .sid = sid,
                 .callback = values.at("Callback"),
                 .method = method != values.end() ? method->second : "POST",
                 .idempotency_key = key != values.end() ? std::optional{key->second} : std::nullopt});
        } else {
            received_.push_back({.call_sid = target.call_sid, .sid = sid, .content = values.at("Content")});
        }
        return standin_detail::created(std::move(body), options_);
    }

    /// Builds the request that delivers a message to a subscription.
    standin_callback describe(standin_subscription const& subscription, standin_message const& message,
                              standin_delivery const& delivery) const
    {
        standin_callback callback = describe(subscription.callback, subscription.method, message.parameters, delivery);
        callback.subscription_sid = subscription.sid;
        callback.message_sid = message.sid;
        return callback;
    }

    /// Builds a signed request to a callback.
    standin_callback describe(std::string const& url, std::string const& method, standin_fields const& parameters,
                              standin_delivery const& delivery) const
    {
        standin_callback callback{.method = method, .url = url.substr(0, url.find('#'))};
        standin_fields form;
        if (callback.method == "GET" || callback.method == "HEAD") {
            callback.url = standin_detail::add_to_query(callback.url, standin_detail::encode_form(parameters));
        } else if (delivery.json_body) {
            callback.content_type = "application/json";
            callback.body = standin_detail::json_object(parameters);
            callback.url =
                standin_detail::add_to_query(callback.url, "bodySHA256=" + standin_detail::sha256_hex(callback.body));
        } else {
            callback.content_type = "application/x-www-form-urlencoded; charset=UTF-8";
            callback.body = standin_detail::encode_form(parameters);
            form = parameters;
            if (delivery.hash_of_form)
                callback.url = standin_detail::add_to_query(callback.url,
                                                            "bodySHA256=" + standin_detail::sha256_hex(callback.body));
        }
        callback.signed_url = standin_detail::url_to_sign(callback.url, delivery.sign_user_info, delivery.signed_port);
        callback.signature = standin_detail::sign(delivery.sign_with.empty() ? options_.auth_token : delivery.sign_with,
                                                  callback.signed_url, form);
        return callback;
    }

    /// Sends a status callback and records it.
    void send_status_callback(standin_callback& callback)
    {
        send_callback(callback);
        std::lock_guard<std::mutex> const lock{mutex_};
        callbacks_.push_back(callback);
    }

    void send_callback(standin_callback& callback) const
    {
        if (auto const fault = standin_detail::callback_fault(callback.url); !fault.empty()) {
            callback.error = "invalid URL: " + fault;
            return;
        }
        standin_detail::url_parts const destination = standin_detail::split_url(callback.url);
        auto const client = standin_detail::make_client(destination, options_.callback_ca_file);
        if (!client) {
            callback.error = "cpp-httplib was built without CPPHTTPLIB_OPENSSL_SUPPORT";
            return;
        }
        client->set_connection_timeout(options_.callback_timeout);
        client->set_read_timeout(options_.callback_timeout);
        client->set_write_timeout(options_.callback_timeout);
        client->set_tcp_nodelay(true); // headers and body are written separately
        standin_detail::send_target_unchanged(*client, callback.method, destination.target);

        httplib::Request request;
        request.method = callback.method;
        request.path = destination.target;
        request.body = callback.body;
        request.headers.emplace("User-Agent", "TwilioProxy/1.1");
        if (!callback.body.empty()) request.headers.emplace("Content-Type", callback.content_type);
        if (!callback.signature.empty()) request.headers.emplace("X-Twilio-Signature", callback.signature);
        std::string user, password;
        if (!destination.user_info.empty()) {
            auto const colon = (std::min)(destination.user_info.find(':'), destination.user_info.size());
            auto const decode = [](std::string const& text) {
                return standin_detail::decode_form_text(text, '+').value_or(text);
            };
            user = decode(destination.user_info.substr(0, colon));
            password = decode(destination.user_info.substr(std::min(colon + 1, destination.user_info.size())));
            standin_detail::answer_digest(*client, user, password);
        }

        auto answer = client->send(request);
        if (answer && !destination.user_info.empty() && standin_detail::asks_for_basic(*answer)) {
            request.headers.insert(httplib::make_basic_authentication_header(user, password));
            answer = client->send(request);
        }
        if (answer) {
            callback.status = answer->status;
            callback.answer = answer->body;
            if (callback.status >= 400) callback.warning = callback.call_sid.empty() ? 32711 : 15003;
        } else {
            callback.error = httplib::to_string(answer.error());
        }
    }

    standin_options options_;
    mutable std::mutex mutex_; // guards the members below, up to the server
    std::mt19937_64 sids_;
    std::mt19937_64 request_ids_;  // separate, so that the SIDs do not depend on failed requests
    std::mt19937_64 message_sids_; // separate, so that they do not depend on when clients send
    std::vector<standin_request> ledger_;
    std::vector<standin_subscription> subscriptions_;
    std::map<std::tuple<resource, std::string, std::string>, first_use> keys_;
    std::uint64_t used_keys_ = 0;
    standin_detail::call_store calls_{options_};
    standin_detail::trunk_store trunks_{options_};
    standin_detail::knowledge_store knowledge_{options_};
    std::set<std::string> ended_calls_;
    std::deque<standin_answer> canned_;
    std::map<std::string, std::uint64_t> numbers_;
    std::vector<standin_callback> callbacks_;
    std::vector<standin_message> received_;
    std::function<void(standin_message const&)> client_;

    standin_detail::callback_queue status_callbacks_{[this](standin_callback& one) { send_status_callback(one); }};
    httplib::Server server_;
    std::atomic<bool> ended_{false};
    int port_ = -1;
    std::thread thread_;
    std::optional<standin_detail::faulty_server> faulty_; // last, because its threads use the other members
};

} // namespace sidecall
