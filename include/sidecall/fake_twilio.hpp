#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sidecall/authorized_request.hpp>
#include <sidecall/credentials.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/detail/crypto/hmac.hpp>
#include <sidecall/detail/memory/callable.hpp>
#include <sidecall/detail/testing/answers.hpp>
#include <sidecall/detail/testing/form_reader.hpp>
#include <sidecall/detail/testing/held_answers.hpp>
#include <sidecall/detail/testing/route.hpp>
#include <sidecall/detail/testing/text.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/uri.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/message.hpp>
#include <sidecall/named_value.hpp>
#include <sidecall/recorded_request.hpp>
#include <sidecall/result.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/text_view.hpp>
#include <sidecall/webhook_signer.hpp>

// A Twilio without a network, for unit tests. Part of testing.hpp.
namespace sidecall {

/// What happens to a request of a test instead of what Twilio would do.
///
/// @code
/// twilio.next(sidecall::fake_outcome::error(429, {{"Retry-After", "2"}}));
/// twilio.next(sidecall::fake_outcome::lose_answer());
/// @endcode
class fake_outcome {
public:
    /// Twilio does nothing and returns this response, unchanged.
    static fake_outcome answer(http_response response) { return fake_outcome(std::move(response)); }

    /// Twilio does nothing and returns an error in its format, with the usual code and message for the status.
    static fake_outcome error(int status, header_list const& fields = {})
    {
        http_response response = detail::error_answer(status);
        for (header const field : fields) response.headers.add(field.name, field.value);
        return fake_outcome(std::move(response));
    }

    /// The request does not reach Twilio, and the transport fails.
    static fake_outcome fail(failure reason) { return fake_outcome(std::move(reason)); }
    /// The same with the default message of `code`.
    static fake_outcome fail(errc code) { return fake_outcome(failure(code)); }

    /// Twilio carries out the request, but its response is lost: `answer_lost`.
    static fake_outcome lose_answer() { return fail(errc::answer_lost).after_effect(); }

    /// The same outcome, but Twilio first carries out the request as usual: `fail(errc::timed_out).after_effect()`.
    fake_outcome after_effect() const
    {
        fake_outcome changed = *this;
        changed.takes_effect_ = true;
        return changed;
    }

private:
    friend class fake_twilio;
    explicit fake_outcome(result<http_response> answer) : answer_(std::move(answer)) {}

    result<http_response> answer_;
    bool takes_effect_ = false;
};

/// Options of a `fake_twilio`. Every member has a default.
struct fake_twilio_options {
    /// The only endpoint that it answers for. A request to another origin fails with `not_connected`.
    sidecall::endpoint endpoint{};
    /// The number in the first SID of each kind, in decimal digits: `ZY…01` is the first subscription, `KX…01` the
    /// first message in either direction.
    std::uint64_t first_number = 1;
    /// The `SequenceNumber` of the first client message in each call. Twilio's documentation says 0, but its example
    /// shows 1.
    std::uint64_t first_sequence_number = 0;
    /// The time at the beginning, since 1970-01-01T00:00:00Z; by default 2020-01-01T00:00:00Z.
    milliseconds unix_time{1'577'836'800'000};
    /// The seed of the random numbers of `fake_twilio::machine`.
    std::uint64_t seed = 0;
};

class fake_machine;

/// A Twilio for unit tests, as a value: a `transport` and an `async_transport` that needs no network, thread or clock.
/// The same calls always have the same results. It has one account, and the calls that the test starts.
///
/// It creates and deletes user defined message subscriptions and creates user defined messages. It refuses invalid
/// requests in Twilio's error format and checks in this order: 414 URL, 413 body, 401 credentials, 404 path, 405
/// method, 400 query or unexpected body, 415 content type, 400 form, 404 call or subscription, 400 parameters, 409 an
/// `IdempotencyKey` that was used with other parameters. A key belongs to its call and endpoint. These are the rules of
/// `twilio_standin`, which does the same over HTTP. Responses have not been compared with the live service.
///
/// A copy is independent: it has its own calls, subscriptions, script and time. Only the answers that are held stay
/// with the original. A moved-from object may only be assigned to or destroyed. Not thread-safe. Every function
/// allocates, unless it says otherwise.
///
/// @code
/// sidecall::fake_twilio twilio(account, sidecall::secret("test token"));
/// twilio.start_call(call);
/// auto subscription = sidecall::send(operation, credentials, twilio);
/// for (auto const& webhook : twilio.client_sends(call, R"({"n":1})")) auto message = verifier.receive(webhook);
/// twilio.next(sidecall::fake_outcome::lose_answer());
/// auto clock = twilio.machine();
/// auto sent = sidecall::send_with_retry(reply, credentials, twilio, {}, clock, sidecall::endpoint::twilio(), clock);
/// @endcode
class fake_twilio {
public:
    /// A subscription that exists: created and not yet deleted.
    struct subscription {
        sidecall::call_sid call_sid;                  ///< The call whose messages the callback gets.
        subscription_sid sid;                         ///< Identifies the subscription.
        std::string callback;                         ///< `Callback`, as it was sent.
        http_method method;                           ///< `Method`, or POST if there was none.
        std::optional<std::string> idempotency_key{}; ///< `IdempotencyKey`.
    };

    /// A message that the server created for the client of a call.
    struct message {
        sidecall::call_sid call_sid; ///< The call.
        message_sid sid;             ///< Identifies the message.
        std::string content;         ///< `Content`, a JSON text.
    };

    /// A Twilio with this account, whose auth token is `token`: it is accepted as a credential and signs the webhooks.
    /// Stores only HMACs, neither the token nor a credential.
    fake_twilio(account_sid const& account, secret const& token, fake_twilio_options const& options = {})
        : account_(account), options_(options), signer_(token), unix_time_(options.unix_time), random_(options.seed),
          subscription_number_(options.first_number), message_number_(options.first_number)
    {
        allow(credentials::auth_token(account, token));
    }

    /// Also accepts these credentials: an API key, a bearer token, or the second token of a rotation.
    void allow(credentials const& other) { allowed_.push_back(digest_of(other.authorization().reveal())); }

    /// Starts a call, which is then in progress. A call that has ended cannot start again.
    void start_call(sidecall::call_sid const& call)
    {
        if (find_call(call.view()) == nullptr) calls_.push_back({call, options_.first_sequence_number});
    }

    /// Ends a call. Its subscriptions are removed, and later requests for its subscriptions and messages get 404.
    void end_call(sidecall::call_sid const& call)
    {
        start_call(call); // a call that was not known cannot start later
        find_call(call.view())->has_ended = true;
        for (std::size_t i = subscriptions_.size(); i != 0; --i)
            if (subscriptions_[i - 1].call_sid == call) remove_subscription(i - 1);
    }

    /// The existing subscriptions, oldest first. Valid until the object changes. Does not allocate.
    std::vector<subscription> const& subscriptions() const& noexcept { return subscriptions_; }
    std::vector<subscription> const& subscriptions() const&& = delete;

    /// The messages that the server created for the client of a call, oldest first.
    std::vector<message> messages(sidecall::call_sid const& call) const
    {
        std::vector<message> found;
        for (auto const& one : messages_)
            if (one.call_sid == call) found.push_back(one);
        return found;
    }

    /// The client of the call sends a message: returns the signed requests that Twilio makes, one for each subscription
    /// of the call, oldest first. Deliver them as you like: late, twice, or in another order; see `shuffled`.
    ///
    /// Returns nothing if the call is not in progress or has no subscription, or if the Voice SDKs would refuse the
    /// content: not JSON, or larger than 10,240 bytes. Each accepted message increases the `SequenceNumber`, also
    /// without a subscription; that is our reading of the documentation. `options.method` is ignored: it is that of the
    /// subscription.
    std::vector<signed_webhook> client_sends(sidecall::call_sid const& call, text_view content,
                                             signing_options options = {})
    {
        call_state* const state = find_call(call.view());
        if (state == nullptr || state->has_ended || !message_content_view::parse(std::string_view(content))) return {};
        client_message const sent{.account_sid = account_,
                                  .call_sid = call,
                                  .sid = next_message_sid(),
                                  .content = std::string(content),
                                  .sequence_number = state->next_sequence_number++,
                                  .timestamp = now()};
        std::vector<signed_webhook> webhooks;
        for (auto const& one : subscriptions_) {
            if (one.call_sid != call) continue;
            options.method = one.method;
            webhooks.push_back(signer_.sign(one.callback, sent, options));
        }
        return webhooks;
    }

    /// The next `count` requests have this outcome, whatever they are and even if their credentials are wrong. Further
    /// calls queue.
    void next(fake_outcome const& outcome, unsigned count = 1)
    {
        next_if([](recorded_request const&) { return true; }, outcome, count);
    }

    /// The next `count` requests for which `predicate(recorded_request const&)` is true have this outcome. If several
    /// outcomes apply to a request, it has the one that was added first. The predicate must be copyable, must not throw
    /// and must not use this object.
    ///
    /// @code
    /// twilio.next_if([](auto& request) { return request.method == sidecall::http_method::delete_; },
    ///                sidecall::fake_outcome::lose_answer());
    /// @endcode
    template <std::predicate<recorded_request const&> Predicate>
        requires std::copy_constructible<Predicate>
    void next_if(Predicate predicate, fake_outcome const& outcome, unsigned count = 1)
    {
        if (count != 0) script_.push_back({detail::callable<bool, recorded_request const&>(predicate), outcome, count});
    }

    /// Answers a request: the blocking transport.
    result<http_response> operator()(authorized_request const& request) { return receive(request); }

    /// Answers a request through `handler`: the asynchronous transport. The request takes effect at once. The handler
    /// is called before the return, or later if answers are held.
    template <class Handler>
        requires std::invocable<Handler&, result<http_response>>
    void operator()(authorized_request request, Handler handler)
    {
        auto response = receive(request);
        if (holds_answers_)
            held_.add(std::move(handler), std::move(response));
        else
            handler(std::move(response));
    }

    /// Whether the asynchronous transport holds its answers from now on, until `answer_held` or `answer_all`. Those
    /// still held when this object is destroyed or assigned to are answered with `cancelled`.
    void hold_answers(bool hold = true) noexcept { holds_answers_ = hold; }

    /// The number of answers held.
    std::size_t held_answers() const noexcept { return held_.size(); }

    /// Passes the held answer at `index` to its handler; 0 is that of the oldest request. Returns false if there is no
    /// such answer. The handler may send further requests through this object.
    bool answer_held(std::size_t index = 0) { return held_.answer(index); }

    /// Passes the answers that are held now to their handlers, oldest first.
    void answer_all()
    {
        for (std::size_t count = held_.size(); count != 0; --count) held_.answer(0);
    }

    /// Every request so far, oldest first. Valid until the next request. Does not allocate.
    std::vector<recorded_request> const& requests() const& noexcept { return requests_; }
    std::vector<recorded_request> const& requests() const&& = delete;

    /// Forgets the requests so far, but nothing that they have done.
    void clear_requests() noexcept { requests_.clear(); }

    /// The time since 1970-01-01T00:00:00Z.
    milliseconds unix_time() const noexcept { return unix_time_; }
    /// Sets that time, as if somebody had set the clock.
    void set_time(milliseconds unix_time) noexcept { unix_time_ = unix_time; }
    /// Lets time pass. A negative duration counts as 0.
    void advance(milliseconds duration) noexcept
    {
        if (duration.count <= 0) return;
        unix_time_.count = sum(unix_time_.count, duration.count);
        uptime_.count = sum(uptime_.count, duration.count);
    }

    /// The clocks and the waiting of `send_with_retry` in the time of this object, which must outlive it and must not
    /// be moved.
    fake_machine machine() & noexcept;

private:
    friend class fake_machine;

    static constexpr std::size_t max_target = 8192;
    static constexpr std::size_t max_body = std::size_t{1} << 20;

    using digest = detail::hmac_sha1::value;
    using kind = detail::route::kind;

    struct call_state {
        sidecall::call_sid sid;
        std::uint64_t next_sequence_number = 0;
        bool has_ended = false;
    };
    struct used_key {
        kind resource;
        sidecall::call_sid call_sid;
        std::string key;
        std::vector<named_value> parameters;
        std::string body;
    };
    struct scripted {
        detail::callable<bool, recorded_request const&> predicate;
        fake_outcome outcome;
        unsigned count;
    };

    static digest digest_of(std::string_view authorization) noexcept
    {
        return detail::hmac_sha1("fake_twilio").code([&](auto put) { put(authorization); });
    }

    static std::int64_t sum(std::int64_t time, std::int64_t duration) noexcept
    {
        return time > INT64_MAX - duration ? INT64_MAX : time + duration;
    }

    date_time now() const noexcept
    {
        std::int64_t const time = unix_time_.count;
        return {.unix_seconds = time / 1000 - (time % 1000 < 0 ? 1 : 0)};
    }

    message_sid next_message_sid()
    {
        return detail::checked_sid::make<message_sid>(detail::numbered_sid("KX", message_number_++));
    }

    std::uint64_t next_random() noexcept
    {
        // SplitMix64: a counter and a mixing function.
        std::uint64_t number = random_ += 0x9E3779B97F4A7C15;
        number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9;
        number = (number ^ number >> 27) * 0x94D049BB133111EB;
        return number ^ number >> 31;
    }

    call_state* find_call(std::string_view sid) noexcept
    {
        for (auto& one : calls_)
            if (one.sid.view() == sid) return &one;
        return nullptr;
    }

    void remove_subscription(std::size_t index)
    {
        for (; index + 1 != subscriptions_.size(); ++index)
            subscriptions_[index] = std::move(subscriptions_[index + 1]);
        subscriptions_.pop_back();
    }

    recorded_request describe(authorized_request const& request) const
    {
        recorded_request entry{
            .method = request.method(), .url = std::string(request.url()), .body = std::string(request.body())};
        for (header const field : request.headers()) {
            if (field.name != "Authorization") {
                entry.headers.add(field.name, field.value);
                continue;
            }
            entry.credential_scheme = field.value.substr(0, field.value.find(' '));
            for (auto const& one : allowed_)
                if (one == digest_of(field.value)) entry.is_authenticated = true;
        }
        return entry;
    }

    std::optional<fake_outcome> take_outcome(recorded_request const& request)
    {
        for (std::size_t i = 0; i != script_.size(); ++i) {
            if (!script_[i].predicate(request)) continue;
            fake_outcome outcome = script_[i].outcome;
            if (--script_[i].count == 0) {
                for (; i + 1 != script_.size(); ++i) script_[i] = std::move(script_[i + 1]);
                script_.pop_back();
            }
            return outcome;
        }
        return {};
    }

    result<http_response> receive(authorized_request const& request)
    {
        recorded_request entry = describe(request);
        auto answer = answer_to(entry);
        if (answer)
            entry.status = answer->status;
        else
            entry.failure_code = answer.error().code();
        requests_.push_back(std::move(entry));
        return answer;
    }

    result<http_response> answer_to(recorded_request& request)
    {
        std::string_view const origin = options_.endpoint.origin();
        if (request.url.compare(0, origin.size(), origin) != 0 ||
            request.target().data() != &request.url[origin.size()])
            return failure(errc::not_connected, "", "not the endpoint of this fake_twilio");
        auto outcome = take_outcome(request);
        if (outcome && !outcome->takes_effect_) return std::move(outcome->answer_);
        http_response response = process(request);
        if (outcome) return std::move(outcome->answer_);
        std::string const number = detail::numbered_sid("RQ", requests_.size() + 1);
        response.headers.add("Twilio-Request-Id", number);
        if (request.method == http_method::head) response.body.clear();
        return response;
    }

    /// Checks a request by the rules and carries it out.
    http_response process(recorded_request& request)
    {
        using detail::error_answer;
        std::string_view const path = request.target().substr(0, request.target().find('?'));
        if (request.target().size() > max_target) return error_answer(414);
        if (request.body.size() > max_body) return error_answer(413);
        if (!request.is_authenticated) {
            auto response = error_answer(401);
            response.headers.add("WWW-Authenticate", "Basic realm=\"Twilio API\"");
            return response;
        }
        auto const route = detail::find_route(path, account_);
        if (route.resource == kind::unknown) return detail::not_found(path);
        auto const allowed = route.resource == kind::subscription ? http_method::delete_ : http_method::post;
        if (request.method != allowed) {
            auto response = error_answer(405);
            response.headers.add("Allow", to_string_view(allowed));
            return response;
        }
        if (path.size() != request.target().size()) return error_answer(400, "Query parameters are not supported");
        if (route.resource == kind::subscription) return delete_subscription(request, route, path);
        if (request.find_header("Content-Type") != "application/x-www-form-urlencoded") return error_answer(415);
        auto const form = detail::read_form_of(request.body);
        if (!form.fault.empty()) return error_answer(400, form.fault);
        call_state const* const call = find_call(route.call);
        if (call == nullptr || call->has_ended) return detail::not_found(path);
        return create(request, route.resource, call->sid, form.parameters);
    }

    http_response delete_subscription(recorded_request& request, detail::route const& route, std::string_view path)
    {
        for (std::size_t i = 0; i != subscriptions_.size(); ++i) {
            if (subscriptions_[i].sid.view() != route.sid || subscriptions_[i].call_sid.view() != route.call) continue;
            remove_subscription(i);
            request.took_effect = true;
            return {.status = 204};
        }
        return detail::not_found(path);
    }

    http_response create(recorded_request& request, kind resource, sidecall::call_sid const& call,
                         std::vector<named_value> const& parameters)
    {
        using detail::error_answer;
        bool const subscribes = resource == kind::subscriptions;
        if (auto fault = check_names(parameters, subscribes)) return *std::move(fault);
        if (auto fault = subscribes ? check_subscription(parameters) : check_message(parameters))
            return *std::move(fault);

        auto const key = find_value(parameters, "IdempotencyKey");
        if (!key) {
            request.took_effect = true;
            return detail::json_answer(201, create_resource(subscribes, call, parameters));
        }
        if (key->empty()) return error_answer(400, "Parameter 'IdempotencyKey' is empty");
        for (auto const& used : keys_) {
            if (used.resource != resource || used.call_sid != call || used.key != *key) continue;
            if (is_same(used.parameters, parameters)) return detail::json_answer(201, used.body);
            return error_answer(409, "Parameter 'IdempotencyKey' was used before with other parameters");
        }
        request.took_effect = true;
        keys_.push_back({resource, call, std::string(*key), parameters, create_resource(subscribes, call, parameters)});
        return detail::json_answer(201, keys_.back().body);
    }

    static std::optional<http_response> check_names(std::vector<named_value> const& parameters, bool subscribes)
    {
        for (auto const& one : parameters) {
            bool const is_known = one.name == "IdempotencyKey" ||
                                  (subscribes ? one.name == "Callback" || one.name == "Method" : one.name == "Content");
            if (!is_known) return detail::error_answer(400, "Parameter '" + one.name + "' is not known");
            for (auto const* earlier = parameters.data(); earlier != &one; ++earlier)
                if (earlier->name == one.name)
                    return detail::error_answer(400, "Parameter '" + one.name + "' is given twice");
        }
        return {};
    }

    static std::optional<http_response> check_subscription(std::vector<named_value> const& parameters)
    {
        using detail::error_answer;
        auto const callback = find_value(parameters, "Callback");
        if (!callback) return error_answer(400, "Parameter 'Callback' is missing");
        detail::uri parts;
        if (auto const wrong = detail::parse_uri(*callback, parts))
            return error_answer(400, "Parameter 'Callback' is not a valid URL: " + std::string(wrong.rule.view()),
                                21205);
        auto const method = find_value(parameters, "Method");
        if (method && !parse_http_method(*method))
            return error_answer(400, "Parameter 'Method' is not an HTTP method", 21209);
        return {};
    }

    static std::optional<http_response> check_message(std::vector<named_value> const& parameters)
    {
        using detail::error_answer;
        auto const content = find_value(parameters, "Content");
        if (!content) return error_answer(400, "Parameter 'Content' is missing");
        if (content->size() > message_content::max_size)
            return error_answer(400, "Parameter 'Content' is larger than 10240 bytes");
        if (!message_content_view::parse(*content)) return error_answer(400, "Parameter 'Content' is not JSON");
        return {};
    }

    /// Whether both have the same parameters, in any order. No name may occur twice in one of them.
    static bool is_same(std::vector<named_value> const& a, std::vector<named_value> const& b) noexcept
    {
        for (auto const& one : a)
            if (find_value(b, one.name) != one.value) return false;
        return a.size() == b.size();
    }

    /// Creates a subscription or a message. Returns its JSON object.
    std::string create_resource(bool subscribes, sidecall::call_sid const& call,
                                std::vector<named_value> const& parameters)
    {
        std::string const account(account_.view()), call_text(call.view());
        std::string sid;
        if (subscribes) {
            sid = detail::numbered_sid("ZY", subscription_number_++);
            auto const method = find_value(parameters, "Method");
            auto const key = find_value(parameters, "IdempotencyKey");
            subscriptions_.push_back({.call_sid = call,
                                      .sid = detail::checked_sid::make<subscription_sid>(sid),
                                      .callback = std::string(*find_value(parameters, "Callback")),
                                      .method = method ? *parse_http_method(*method) : http_method::post,
                                      .idempotency_key = key ? std::optional(std::string(*key)) : std::nullopt});
        } else {
            messages_.push_back({call, next_message_sid(), std::string(*find_value(parameters, "Content"))});
            sid = messages_.back().sid.view();
        }
        std::string body = R"({"account_sid":")" + account + R"(","call_sid":")" + call_text + R"(","sid":")" + sid +
                           R"(","date_created":")" + detail::to_rfc2822(now());
        if (subscribes)
            body += R"(","uri":"/2010-04-01/Accounts/)" + account + "/Calls/" + call_text +
                    "/UserDefinedMessageSubscriptions/" + sid + ".json";
        return body += "\"}";
    }

    account_sid account_;
    fake_twilio_options options_;
    webhook_signer signer_;
    milliseconds unix_time_;
    milliseconds uptime_{};
    std::uint64_t random_;
    std::uint64_t subscription_number_;
    std::uint64_t message_number_;
    bool holds_answers_ = false;
    std::vector<digest> allowed_{};
    std::vector<call_state> calls_{};
    std::vector<subscription> subscriptions_{};
    std::vector<message> messages_{};
    std::vector<used_key> keys_{};
    std::vector<scripted> script_{};
    std::vector<recorded_request> requests_{};
    detail::held_answers held_{};
};

/// The machine of a `fake_twilio`, for `send_with_retry`: its clocks and random numbers, and, as a callable, its
/// `sleep` and its `timer`, which wait by letting the time of the `fake_twilio` pass. A retried conversation so takes
/// no real time. Does not allocate.
///
/// @code
/// auto clock = twilio.machine();
/// auto sent = sidecall::send_with_retry(operation, credentials, twilio, policy, clock,
///                                       sidecall::endpoint::twilio(), clock);
/// @endcode
class fake_machine {
public:
    milliseconds uptime() const noexcept { return twilio_->uptime_; }        ///< The time since the beginning.
    milliseconds unix_time() const noexcept { return twilio_->unix_time_; }  ///< See `fake_twilio::unix_time`.
    std::uint64_t random() const noexcept { return twilio_->next_random(); } ///< 64 bits, determined by the seed.

    /// Waits: lets that time pass.
    void operator()(milliseconds delay) const noexcept { twilio_->advance(delay); }
    /// Waits, then calls `next()`.
    template <class Next>
    void operator()(milliseconds delay, Next next) const
    {
        twilio_->advance(delay);
        next();
    }

private:
    friend class fake_twilio;
    explicit fake_machine(fake_twilio& twilio) noexcept : twilio_(&twilio) {}

    fake_twilio* twilio_;
};

inline fake_machine fake_twilio::machine() & noexcept
{
    return fake_machine(*this);
}

/// The same requests in another order, which the seed decides.
inline std::vector<signed_webhook> shuffled(std::vector<signed_webhook> webhooks, std::uint64_t seed)
{
    for (std::size_t left = webhooks.size(); left > 1; --left) {
        seed = seed * 6364136223846793005 + 1442695040888963407; // Knuth's MMIX generator, whose upper bits are good
        std::swap(webhooks[left - 1], webhooks[static_cast<std::uint32_t>(seed >> 33) % left]);
    }
    return webhooks;
}

} // namespace sidecall
