#pragma once

/// An in-process Twilio for tests, over cpp-httplib's server and nlohmann-json. It includes nothing of sidecall: every
/// rule is checked here a second time, in other words, so that a fault of the library cannot hide behind itself.
///
/// The rules are those of Twilio's OpenAPI document and documentation; where Twilio leaves a choice open, the stand-in
/// takes the stricter side. No answer of it was compared with the live service.
///
/// Signatures are OpenSSL's: link with `-lcrypto`. To call https callbacks, cpp-httplib must have its
/// `CPPHTTPLIB_OPENSSL_SUPPORT`, which pkg-config's flags define, and then `-lssl` too.

#include <sidecall/detail/standin_body.hpp>
#include <sidecall/detail/standin_date.hpp>
#include <sidecall/detail/standin_faulty_server.hpp>
#include <sidecall/detail/standin_form.hpp>
#include <sidecall/detail/standin_httplib.hpp>
#include <sidecall/detail/standin_signing.hpp>
#include <sidecall/detail/standin_text.hpp>
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

/// A Twilio of one account on a loopback port, in a thread of its own, from its construction to its destruction.
///
/// It serves create and delete of user defined message subscriptions, and create of user defined messages, and refuses
/// in Twilio's error format what they do not allow, in this order: 401 credentials, 404 path, 405 method, 400 query or
/// body where there must be none, 415 content type, 400 form, 404 call or subscription, 400 parameters, 409 an
/// `IdempotencyKey` with other parameters than before. A key belongs to its call and its endpoint, and outlives the
/// subscription that it made.
///
/// It is the call's client, too: `client_sends` calls the callback of each of the call's subscriptions over HTTP,
/// signed as Twilio signs; `client_message` and `deliver` do it in two steps, so that messages can come late, twice,
/// and in any order. `client_received` and `on_client_message` have what the server creates.
///
/// Every member function can be called from any thread. At most 16 connections are served at once; more wait. A body
/// is 1 MiB at most (413), a request target 8 KiB (414).
class twilio_standin {
public:
    /// A stand-in with the default options. Throws `std::runtime_error` where no loopback port can be had.
    twilio_standin() : twilio_standin(standin_options{}) {}

    /// Throws `std::invalid_argument` where an option is not as described, and `std::runtime_error` where no loopback
    /// port can be had.
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
        // cpp-httplib 0.11 ignores a stop() that comes before its loop has begun.
        while (!server_.is_running() && !ended_) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }

    twilio_standin(twilio_standin const&) = delete;
    twilio_standin& operator=(twilio_standin const&) = delete;

    /// Stops and waits for the thread: at most about a second, where a client still holds a connection.
    ~twilio_standin()
    {
        if (faulty_) return; // it stops by itself
        server_.stop();
        thread_.join();
    }

    /// Where it listens: `http://127.0.0.1:PORT`, without a slash at its end.
    std::string base_url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    /// The port that the system picked.
    int port() const { return port_; }
    /// The account that it serves.
    std::string const& account_sid() const { return options_.account_sid; }
    /// That account's auth token.
    std::string const& auth_token() const { return options_.auth_token; }
    /// Its other token, or nothing.
    std::string const& old_auth_token() const { return options_.old_auth_token; }

    /// Every request so far, in the order in which they were answered. A request is in it before its answer is sent.
    /// Bytes that are no HTTP request line leave no entry.
    std::vector<standin_request> ledger() const
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        return ledger_;
    }

    /// The live subscriptions, oldest first.
    std::vector<standin_subscription> subscriptions() const
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        return subscriptions_;
    }

    /// Ends a call: its subscriptions go, so that no message is delivered any more, and requests for it get 404 from
    /// now on.
    void end_call(std::string const& call)
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        ended_calls_.insert(call);
        subscriptions_.erase(std::remove_if(subscriptions_.begin(), subscriptions_.end(),
                                            [&](auto const& one) { return one.call_sid == call; }),
                             subscriptions_.end());
    }

    /// Gives this answer to the next request, whatever it is and even where its credentials are wrong; a second call
    /// queues behind the first. Throws `std::invalid_argument` where the status is not of 200 to 599.
    void answer_next(standin_answer answer)
    {
        if (answer.status < 200 || answer.status > 599)
            throw std::invalid_argument{"twilio_standin: a status is of 200 to 599"};
        std::lock_guard<std::mutex> const lock{mutex_};
        if (answer.times > 0) canned_.push_back(std::move(answer));
    }

    /// Fails the next request in Twilio's error format, as `answer_next` does: `fail_next(429, {.retry_after = "1"})`.
    void fail_next(int status, standin_error const& error = {})
    {
        standin_answer answer{.status = status,
                              .body = standin_detail::error_body(
                                  status, error.code != 0 ? error.code : standin_detail::usual_code(status),
                                  error.message.empty() ? standin_detail::usual_message(status) : error.message),
                              .headers = {},
                              .times = error.times,
                              .processed = error.processed};
        if (!error.retry_after.empty()) answer.headers.emplace_back("Retry-After", error.retry_after);
        answer_next(std::move(answer));
    }

    /// Has these faults from now on instead of those before; the seed begins anew. Throws `std::invalid_argument` where
    /// they are not as described, and `std::logic_error` where the options had none.
    void inject(standin_faults faults) { faulty().set(std::move(faults)); }

    /// The next requests that begin to arrive meet exactly this fault; a second call queues behind the first. The draws
    /// go on beneath. Throws `std::logic_error` where the options had no faults.
    void inject_next(standin_fault fault, int times = 1) { faulty().set_next(fault, times); }

    /// How often each fault was committed so far; one that never was is not in it.
    std::map<standin_fault, std::size_t> faults_committed() const
    {
        return faulty_ ? faulty_->committed() : std::map<standin_fault, std::size_t>{};
    }

    /// The client of that call sends a message, and it is delivered at once: `client_message`, then `deliver`.
    std::vector<standin_callback> client_sends(std::string const& call, std::string const& json,
                                               standin_delivery const& how = {})
    {
        return deliver(client_message(call, json), how);
    }

    /// A message that the client of that call has sent, with the call's next number, and that Twilio has not yet
    /// delivered: `deliver` it whenever, and as often, as you like. The number counts whether anybody has subscribed or
    /// not, which is our reading. Throws `std::invalid_argument` where it is no call SID, or the content is more than
    /// the Voice SDKs let through: not JSON, or larger than 10,240 bytes.
    standin_message client_message(std::string const& call, std::string const& json)
    {
        if (!standin_detail::is_sid(call, "CA"))
            throw std::invalid_argument{"twilio_standin: a call is CA and 32 hexadecimal digits"};
        if (json.size() > max_content || !nlohmann::json::accept(json))
            throw std::invalid_argument{"twilio_standin: a message is JSON of at most 10240 bytes"};
        std::lock_guard<std::mutex> const lock{mutex_};
        std::string const sid = random_sid("KX", message_sids_);
        auto const number = numbers_.try_emplace(call, options_.first_sequence_number).first->second++;
        return {.call_sid = call,
                .sid = sid,
                .content = json,
                .parameters = {{"ContentType", "application/json"},
                               {"Content", json},
                               {"SequenceNumber", std::to_string(number)},
                               {"CallSid", call},
                               {"Timestamp", standin_detail::date_now()},
                               {"AccountSid", options_.account_sid},
                               {"Sid", sid}}};
    }

    /// Delivers a message to every live subscription of its call, oldest first, in the thread of the caller, and gives
    /// back each request with what came of it: nothing where there is no subscription, such as after the call's end.
    /// Nothing is repeated and no redirect followed.
    ///
    /// By the subscription's method: of GET and HEAD, the parameters are added to the callback's own query; of the
    /// others they are a form in the body. User name and password in the callback are not signed and not sent at first;
    /// after a 401 with `WWW-Authenticate` the request is repeated with Basic, or with Digest where cpp-httplib was
    /// built with OpenSSL and neither is empty.
    std::vector<standin_callback> deliver(standin_message const& message, standin_delivery const& how = {})
    {
        std::vector<standin_callback> made;
        for (standin_subscription const& subscription : subscriptions()) {
            if (subscription.call_sid != message.call_sid) continue;
            for (int i = 0; i < how.times; ++i) {
                standin_callback callback = describe(subscription, message, how);
                if (how.tamper) how.tamper(callback);
                carry_out(callback);
                made.push_back(callback);
                std::lock_guard<std::mutex> const lock{mutex_};
                callbacks_.push_back(std::move(callback));
            }
        }
        return made;
    }

    /// Every request to a callback so far, in the order in which they ended.
    std::vector<standin_callback> callbacks() const
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        return callbacks_;
    }

    /// Those of them that Twilio would log a warning of.
    std::vector<standin_callback> warnings() const
    {
        std::vector<standin_callback> found = callbacks();
        found.erase(std::remove_if(found.begin(), found.end(), [](auto const& one) { return one.warning == 0; }),
                    found.end());
        return found;
    }

    /// The messages that the server created for the client of that call, oldest first.
    std::vector<standin_message> client_received(std::string const& call) const
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        std::vector<standin_message> found;
        std::copy_if(received_.begin(), received_.end(), std::back_inserter(found),
                     [&](auto const& one) { return one.call_sid == call; });
        return found;
    }

    /// Calls this with each message that the server creates from now on, after it is in `client_received` and before
    /// the server has its answer. It runs in a thread of the stand-in's, in several at once if the server creates
    /// several at once; it may use the stand-in, must not throw, and can be replaced by another or by nothing.
    void on_client_message(std::function<void(standin_message const&)> client)
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        client_ = std::move(client);
    }

private:
    static constexpr std::size_t max_body = std::size_t{1024} * 1024;
    static constexpr std::size_t max_content = 10240;

    enum class resource { none, subscriptions, subscription, messages };

    struct route {
        resource what = resource::none;
        std::string call_sid = {};
        std::string sid = {};
    };

    struct reply {
        int status = 500;
        std::string body = {};
        standin_fields headers = {};
        bool replay = false;
    };

    struct first_use {
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
                throw std::invalid_argument{"twilio_standin: an API key is SK and 32 hexadecimal digits, and a secret"};
        for (std::string const& call : options_.calls)
            if (!is_sid(call, "CA"))
                throw std::invalid_argument{"twilio_standin: a call is CA and 32 hexadecimal digits"};
        if (options_.callback_timeout < std::chrono::milliseconds{1})
            throw std::invalid_argument{"twilio_standin: callback_timeout is not positive"};
    }

    void set_up_server()
    {
        // An idle connection holds a thread of the pool, and the destructor waits for it; whole seconds are the unit.
        server_.set_keep_alive_timeout(1);
        server_.set_read_timeout(1, 0);
        server_.set_write_timeout(1, 0);
        server_.new_task_queue = [] { return new httplib::ThreadPool(16); };
        server_.set_keep_alive_max_count(1000);
        server_.set_tcp_nodelay(true);
        server_.set_payload_max_length(max_body);
        // cpp-httplib would set SO_REUSEPORT and so let another process have this port too.
        server_.set_socket_options([](socket_t) {});

        auto const without_body = [this](httplib::Request const& request, httplib::Response& response) {
            serve(request, response, {});
        };
        // Bodies are read by ourselves because cpp-httplib refuses forms of more than 8 KiB.
        auto const with_body = [this](httplib::Request const& request, httplib::Response& response,
                                      httplib::ContentReader const& reader) { read(request, response, reader); };
        char const* const anything = R"([\s\S]*)";
        server_.Get(anything, without_body); // HEAD too
        server_.Options(anything, without_body);
        server_.Post(anything, with_body);
        server_.Put(anything, with_body);
        server_.Patch(anything, with_body);
        server_.Delete(anything, with_body);

        server_.set_error_handler([this](httplib::Request const& request, httplib::Response& response) {
            if (!response.has_header("Twilio-Request-Id")) refuse(request, response);
        });
        server_.set_post_routing_handler([](httplib::Request const&, httplib::Response& response) {
            // RFC 9110, section 8.6.
            if (response.status == 204) response.headers.erase("Content-Length");
        });
    }

    void read(httplib::Request const& request, httplib::Response& response, httplib::ContentReader const& reader)
    {
        std::string body;
        bool too_large = false;
        if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding"))
            standin_detail::leave_the_rest(const_cast<httplib::Request&>(request));
        bool const whole = request.is_multipart_form_data()
                               ? reader([](auto const&) { return true; }, [](char const*, std::size_t) { return true; })
                               : reader([&](char const* data, std::size_t size) {
                                     // Read to its end all the same, or the rest would be taken for the next request.
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
        if (!faulty_) throw std::logic_error{"twilio_standin: its options have no faults"};
        return *faulty_;
    }

    /// For the server that can misbehave.
    httplib::Response answer(httplib::Request const& request, int refusal,
                             std::optional<standin_detail::drawn_fault> const& fault)
    {
        httplib::Response response;
        response.status = refusal;
        if (refusal != 0)
            refuse(request, response);
        else if (fault)
            serve(request, response, request.body, fault->kind, answer_of(*fault));
        else
            serve(request, response, request.body);
        response.reason = response.status < 400 ? "OK" : standin_detail::usual_message(response.status);
        return response;
    }

    /// What a fault has answered instead of the truth, if it does.
    static std::optional<standin_answer> answer_of(standin_detail::drawn_fault const& fault)
    {
        static constexpr std::array<int, 4> errors{500, 502, 503, 504};
        bool const is_error =
            fault.kind == standin_fault::error_before_effect || fault.kind == standin_fault::error_after_effect;
        bool const is_limit = fault.kind == standin_fault::too_many_requests ||
                              fault.kind == standin_fault::too_many_requests_for_seconds ||
                              fault.kind == standin_fault::too_many_requests_until_date;
        if (!is_error && !is_limit) return std::nullopt;

        int const status = is_limit ? 429 : errors[fault.form % errors.size()];
        std::string const message = standin_detail::usual_message(status);
        standin_answer answer{.status = status,
                              .body = standin_detail::error_body(status, standin_detail::usual_code(status), message),
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
            answer.headers.emplace_back("Retry-After", standin_detail::date_of(then, "GMT"));
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
        if (!instead || instead->processed) answer = judge(entry, is_form, form);
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

    /// For what a server refuses by itself, before or instead of a handler.
    void refuse(httplib::Request const& request, httplib::Response& response)
    {
        std::lock_guard<std::mutex> const lock{mutex_};
        standin_request entry = describe(request);
        // What follows a request that was not understood, or not read to its end, is no request.
        response.set_header("Connection", "close");
        // Today's cpp-httplib has a limit of its own to the paths that it matches with a pattern.
        reply answer = response.status == 404 ? judge(entry, false, {}) : error(response.status);
        send(answer, std::move(entry), response, request.version.rfind("HTTP/", 0) == 0);
    }

    void send(reply const& answer, standin_request entry, httplib::Response& response, bool is_request = true)
    {
        std::string content_type = answer.body.empty() ? "" : "application/json";
        for (auto const& [name, value] : answer.headers) {
            std::string const key = standin_detail::lower(name);
            if (key == "twilio-request-id")
                entry.request_id = value;
            else if (key == "content-type")
                content_type = value;
            else if (key != "content-length" && key != "transfer-encoding")
                response.set_header(name, value);
        }
        if (entry.request_id.empty()) entry.request_id = random_sid("RQ", request_ids_);
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
            std::string const key = standin_detail::lower(name);
            bool const secret = key == "authorization" || key == "proxy-authorization";
            entry.headers.emplace_back(name, secret ? redact(value) : value);
        }
        std::sort(entry.headers.begin(), entry.headers.end(), [](auto const& a, auto const& b) {
            return std::pair{standin_detail::lower(a.first), a.second} <
                   std::pair{standin_detail::lower(b.first), b.second};
        });
        entry.authenticated = is_authenticated(request.headers);
        return entry;
    }

    static std::string redact(std::string const& value)
    {
        std::string const scheme = value.substr(0, value.find(' '));
        std::string const known = standin_detail::lower(scheme);
        return known == "basic" || known == "bearer" ? scheme + " [redacted]" : "[redacted]";
    }

    bool is_authenticated(httplib::Headers const& headers) const
    {
        if (headers.count("Authorization") != 1) return false;
        std::string const& value = headers.find("Authorization")->second;
        auto const space = value.find(' ');
        if (space == std::string::npos) return false;
        std::string const scheme = standin_detail::lower(value.substr(0, space));
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

    /// Decides a request by the rules, and carries it out.
    reply judge(standin_request const& request, bool is_form, standin_detail::form const& form)
    {
        if (!request.authenticated) {
            reply answer = error(401);
            answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"Twilio API\"");
            return answer;
        }
        auto const question_mark = (std::min)(request.target.find('?'), request.target.size());
        std::string const path = request.target.substr(0, question_mark);
        route const to = find_route(path);
        if (to.what == resource::none) return not_found(path);
        std::string const allowed = to.what == resource::subscription ? "DELETE" : "POST";
        if (request.method != allowed) {
            reply answer = error(405);
            answer.headers.emplace_back("Allow", allowed);
            return answer;
        }
        if (question_mark != request.target.size()) return bad_request("No parameter is known in the query");

        bool const deletes = to.what == resource::subscription;
        if (deletes && !request.body.empty()) return bad_request("No body is expected");
        if (!deletes && !is_form) return error(415);
        if (!form.fault.empty() && !deletes) return bad_request(form.fault);
        if (!is_in_progress(to.call_sid)) return not_found(path);
        if (deletes) return delete_subscription(to, path);
        return create(to, form.parameters);
    }

    route find_route(std::string const& path) const
    {
        auto const parts = standin_detail::split(path, '/');
        if (parts.size() < 7 || parts.size() > 8 || !parts[0].empty() || parts[1] != "2010-04-01" ||
            parts[2] != "Accounts" || parts[3] != options_.account_sid || parts[4] != "Calls" ||
            !standin_detail::is_sid(parts[5], "CA"))
            return {};
        if (parts.size() == 7) {
            if (parts[6] == "UserDefinedMessageSubscriptions.json")
                return {.what = resource::subscriptions, .call_sid = parts[5]};
            if (parts[6] == "UserDefinedMessages.json") return {.what = resource::messages, .call_sid = parts[5]};
            return {};
        }
        std::string const sid = parts[7].substr(0, 34);
        if (parts[6] != "UserDefinedMessageSubscriptions" || !standin_detail::is_sid(sid, "ZY") ||
            parts[7].substr(34) != ".json")
            return {};
        return {.what = resource::subscription, .call_sid = parts[5], .sid = sid};
    }

    bool is_in_progress(std::string const& call) const
    {
        return !ended_calls_.contains(call) &&
               (options_.calls.empty() ||
                std::find(options_.calls.begin(), options_.calls.end(), call) != options_.calls.end());
    }

    reply delete_subscription(route const& to, std::string const& path)
    {
        auto const found = std::find_if(subscriptions_.begin(), subscriptions_.end(), [&](auto const& one) {
            return one.sid == to.sid && one.call_sid == to.call_sid;
        });
        if (found == subscriptions_.end()) return not_found(path);
        subscriptions_.erase(found);
        return {.status = 204};
    }

    reply create(route const& to, standin_fields parameters)
    {
        bool const subscribes = to.what == resource::subscriptions;
        std::set<std::string> const known = subscribes ? std::set<std::string>{"Callback", "IdempotencyKey", "Method"}
                                                       : std::set<std::string>{"Content", "IdempotencyKey"};
        std::map<std::string, std::string> given;
        for (auto const& [name, value] : parameters) {
            if (!known.contains(name)) return bad_request("Parameter '" + name + "' is not known");
            if (!given.emplace(name, value).second) return bad_request("Parameter '" + name + "' is given twice");
        }
        if (auto const fault = subscribes ? subscription_fault(given) : message_fault(given)) return *fault;

        auto const key = given.find("IdempotencyKey");
        if (key == given.end()) return {.status = 201, .body = make(to, given)};
        if (key->second.empty()) return bad_request("Parameter 'IdempotencyKey' is empty");
        std::sort(parameters.begin(), parameters.end());
        auto const [used, is_new] = keys_.try_emplace({to.what, to.call_sid, key->second});
        if (is_new)
            used->second = {.parameters = std::move(parameters), .body = make(to, given)};
        else if (used->second.parameters != parameters)
            return error(409, "Parameter 'IdempotencyKey' was used before with other parameters");
        return {.status = 201, .body = used->second.body, .replay = !is_new};
    }

    static std::optional<reply> subscription_fault(std::map<std::string, std::string> const& given)
    {
        static std::set<std::string> const methods{"HEAD", "GET", "POST", "PATCH", "PUT", "DELETE"};
        auto const callback = given.find("Callback");
        if (callback == given.end()) return bad_request("Parameter 'Callback' is missing");
        if (auto const fault = standin_detail::callback_fault(callback->second); !fault.empty())
            return error(400, "Parameter 'Callback' is not a valid URL: " + fault, 21205);
        auto const method = given.find("Method");
        if (method != given.end() && !methods.contains(method->second))
            return error(400, "Parameter 'Method' is not an HTTP method", 21209);
        return std::nullopt;
    }

    static std::optional<reply> message_fault(std::map<std::string, std::string> const& given)
    {
        auto const content = given.find("Content");
        if (content == given.end()) return bad_request("Parameter 'Content' is missing");
        if (content->second.size() > max_content) return bad_request("Parameter 'Content' is larger than 10240 bytes");
        if (!nlohmann::json::accept(content->second)) return bad_request("Parameter 'Content' is not JSON");
        return std::nullopt;
    }

    /// Creates what `to` names, and gives the body that says so.
    std::string make(route const& to, std::map<std::string, std::string> const& given)
    {
        bool const subscribes = to.what == resource::subscriptions;
        std::string const sid = random_sid(subscribes ? "ZY" : "KX", sids_);
        nlohmann::ordered_json body{{"account_sid", options_.account_sid},
                                    {"call_sid", to.call_sid},
                                    {"sid", sid},
                                    {"date_created", standin_detail::date_now()}};
        if (subscribes) {
            body["uri"] = "/2010-04-01/Accounts/" + options_.account_sid + "/Calls/" + to.call_sid +
                          "/UserDefinedMessageSubscriptions/" + sid + ".json";
            auto const method = given.find("Method");
            auto const key = given.find("IdempotencyKey");
            subscriptions_.push_back(
                {.account_sid = options_.account_sid,
                 .call_sid = to.call_sid,
                 .sid = sid,
                 .callback = given.at("Callback"),
                 .method = method != given.end() ? method->second : "POST",
                 .idempotency_key = key != given.end() ? std::optional{key->second} : std::nullopt});
        } else {
            received_.push_back({.call_sid = to.call_sid, .sid = sid, .content = given.at("Content")});
        }
        for (std::string const& name : options_.null_members)
            if (body.contains(name)) body[name] = nullptr;
        for (std::string const& name : options_.absent_members) body.erase(name);
        return standin_detail::to_text(body);
    }

    static reply error(int status, std::string const& message, int code)
    {
        return {.status = status, .body = standin_detail::error_body(status, code, message)};
    }
    static reply error(int status, std::string const& message)
    {
        return error(status, message, standin_detail::usual_code(status));
    }
    static reply error(int status) { return error(status, standin_detail::usual_message(status)); }
    static reply bad_request(std::string const& message) { return error(400, message); }
    static reply not_found(std::string const& path)
    {
        return error(404, "The requested resource " + path + " was not found");
    }

    /// The request that brings a message to a subscription.
    standin_callback describe(standin_subscription const& subscription, standin_message const& message,
                              standin_delivery const& how) const
    {
        standin_callback callback{.subscription_sid = subscription.sid,
                                  .message_sid = message.sid,
                                  .method = subscription.method,
                                  .url = subscription.callback.substr(0, subscription.callback.find('#'))};
        standin_fields form;
        if (callback.method == "GET" || callback.method == "HEAD") {
            callback.url = standin_detail::add_to_query(callback.url, standin_detail::encode_form(message.parameters));
        } else if (how.json_body) {
            callback.content_type = "application/json";
            callback.body = standin_detail::json_object(message.parameters);
            callback.url =
                standin_detail::add_to_query(callback.url, "bodySHA256=" + standin_detail::sha256_hex(callback.body));
        } else {
            callback.content_type = "application/x-www-form-urlencoded; charset=UTF-8";
            callback.body = standin_detail::encode_form(message.parameters);
            form = message.parameters;
            if (how.hash_of_form)
                callback.url = standin_detail::add_to_query(callback.url,
                                                            "bodySHA256=" + standin_detail::sha256_hex(callback.body));
        }
        callback.signed_url = standin_detail::url_to_sign(callback.url, how.sign_user_info, how.signed_port);
        callback.signature = standin_detail::sign(how.sign_with.empty() ? options_.auth_token : how.sign_with,
                                                  callback.signed_url, form);
        return callback;
    }

    void carry_out(standin_callback& callback) const
    {
        if (auto const fault = standin_detail::callback_fault(callback.url); !fault.empty()) {
            callback.error = "not a URL: " + fault;
            return;
        }
        standin_detail::address const to = standin_detail::find_address(callback.url);
        auto const client = standin_detail::make_client(to, options_.callback_ca_file);
        if (!client) {
            callback.error = "cpp-httplib was built without CPPHTTPLIB_OPENSSL_SUPPORT";
            return;
        }
        client->set_connection_timeout(options_.callback_timeout);
        client->set_read_timeout(options_.callback_timeout);
        client->set_write_timeout(options_.callback_timeout);
        client->set_tcp_nodelay(true); // headers and body are written apart
        standin_detail::send_target_unchanged(*client, callback.method, to.target);

        httplib::Request request;
        request.method = callback.method;
        request.path = to.target;
        request.body = callback.body;
        request.headers.emplace("User-Agent", "TwilioProxy/1.1");
        if (!callback.body.empty()) request.headers.emplace("Content-Type", callback.content_type);
        if (!callback.signature.empty()) request.headers.emplace("X-Twilio-Signature", callback.signature);
        std::string user, password;
        if (!to.user_info.empty()) {
            auto const colon = (std::min)(to.user_info.find(':'), to.user_info.size());
            auto const decode = [](std::string const& text) {
                return standin_detail::decode_form_text(text, '+').value_or(text);
            };
            user = decode(to.user_info.substr(0, colon));
            password = decode(to.user_info.substr(std::min(colon + 1, to.user_info.size())));
            standin_detail::answer_digest(*client, user, password);
        }

        auto answer = client->send(request);
        if (answer && !to.user_info.empty() && standin_detail::asks_for_basic(*answer)) {
            request.headers.insert(httplib::make_basic_authentication_header(user, password));
            answer = client->send(request);
        }
        if (answer) {
            callback.status = answer->status;
            callback.answer = answer->body;
            callback.warning = callback.status >= 400 ? 32711 : 0;
        } else {
            callback.error = httplib::to_string(answer.error());
        }
    }

    static std::string random_sid(char const* prefix, std::mt19937_64& engine)
    {
        std::string sid = prefix;
        for (int half = 0; half < 2; ++half) {
            std::uint64_t const bits = engine();
            for (int shift = 60; shift >= 0; shift -= 4) sid += "0123456789abcdef"[bits >> shift & 0xfu];
        }
        return sid;
    }

    standin_options options_;
    mutable std::mutex mutex_; // guards what follows, down to the server
    std::mt19937_64 sids_;
    std::mt19937_64 request_ids_;  // apart, so that the SIDs do not depend on requests that failed
    std::mt19937_64 message_sids_; // apart, so that they do not depend on when clients send
    std::vector<standin_request> ledger_;
    std::vector<standin_subscription> subscriptions_;
    std::map<std::tuple<resource, std::string, std::string>, first_use> keys_;
    std::set<std::string> ended_calls_;
    std::deque<standin_answer> canned_;
    std::map<std::string, std::uint64_t> numbers_;
    std::vector<standin_callback> callbacks_;
    std::vector<standin_message> received_;
    std::function<void(standin_message const&)> client_;

    httplib::Server server_;
    std::atomic<bool> ended_{false};
    int port_ = -1;
    std::thread thread_;
    std::optional<standin_detail::faulty_server> faulty_; // last, since its threads use the others
};

} // namespace sidecall
