#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sidecall/authorized_request.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/detail/testing/recording.hpp>
#include <sidecall/detail/testing/request_difference.hpp>
#include <sidecall/errc.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/result.hpp>
#include <sidecall/text_view.hpp>
#include <sidecall/transport.hpp>

// Records what a transport sends and receives, and replays it in a test. Part of testing.hpp.
namespace sidecall {

namespace detail {

/// A transport whose responses can be recorded. A `http_response_view` cannot: its header fields cannot be listed.
template <class T, class... TimeLeft>
concept recordable = requires(T& transport, authorized_request const& request, TimeLeft... time_left) {
    { transport(request, time_left...) } -> std::convertible_to<result<http_response>>;
};

template <class T, class Handler, class... TimeLeft>
concept recordable_async = std::invocable<Handler&, result<http_response>> &&
                           std::invocable<T&, authorized_request, handler_archetype, TimeLeft...>;

} // namespace detail

/// Options of a `recording_transport`. Every member has a default.
struct recording_options {
    /// The names of further header fields whose values are not recorded, ignoring case.
    std::vector<std::string> secret_headers{};
};

/// Forwards each request once to another transport and records the exchange as text, without credentials. Store the
/// text in a file; a `replay_transport` answers from it in a test.
///
/// It is a `transport` or an `async_transport`, or both, if the wrapped one is, and takes the remaining time if that
/// does. It refers to a transport that is an lvalue, which must outlive it, and owns one that is a temporary. The
/// wrapped transport must return responses that own their bytes, not a `http_response_view`.
///
/// The values of these header fields are not recorded: `Authorization` and `Proxy-Authorization` (except for the scheme
/// `Basic` or `Bearer`), `Cookie`, `Set-Cookie`, `Authentication-Info`, `Proxy-Authentication-Info`, `X-API-Key`,
/// `X-Auth-Token`, and `recording_options::secret_headers`. URLs, bodies and the messages of failures are recorded as
/// they are: look for confidential data before you publish a recording.
///
/// An exchange is recorded when it is complete. The exchanges are in the order of their requests. A moved-from object
/// may only be assigned to or destroyed. Not thread-safe. Every function allocates.
///
/// A recording is a text in UTF-8. This one has two exchanges:
///
///     sidecall recording 1
///
///     request POST https://api.twilio.com/2010-04-01/Accounts/AC…01/Calls/CA…02/UserDefinedMessages.json
///     header Accept: application/json
///     header Content-Type: application/x-www-form-urlencoded
///     header Authorization: Basic (not recorded)
///     body Content=%7B%22say%22%3A%22hello%22%7D
///     response 201
///     header Content-Type: application/json
///     body {
///     body   "sid": "KX00000000000000000000000000000003"
///     body }
///
///     request DELETE https://api.twilio.com/2010-04-01/Accounts/AC…01/Calls/CA…02/…/ZY…04.json
///     header Authorization: Basic (not recorded)
///     failure timed_out: no response in 5 s
///
///     end
///
/// - The first line has the version of the format. An empty line comes before each exchange and before `end`.
/// - Each line ends in LF. A CR before it is ignored, since version control systems may add it.
/// - A body has one line for each of its own lines. Parsing joins them with LF, so a body that ends in LF has an empty
///   last line. An empty body has no line.
/// - `failure` is followed by the name of an `errc` and the message. Without a message, it is the default message.
/// - A byte is escaped as a backslash, an x and two hexadecimal digits, a backslash as two. Escaped are control
///   characters, line and paragraph separators, characters that change the writing direction, bytes that are not UTF-8,
///   and a space at the end of a line. So every body is restored byte for byte.
///
/// @code
/// sidecall::recording_transport recorder(curl);
/// auto message = sidecall::send(operation, credentials, recorder);
/// std::ofstream("greeting.recording", std::ios::binary) << recorder.text();
/// @endcode
template <class Transport>
class recording_transport {
public:
    /// Records what this transport does.
    explicit recording_transport(Transport&& transport, recording_options options = {})
        : transport_(std::forward<Transport>(transport)), options_(std::move(options))
    {
    }

    /// Forwards a request: the blocking transport. If the wrapped transport throws, nothing is recorded.
    result<http_response> operator()(authorized_request const& request)
        requires detail::recordable<Transport>
    {
        std::size_t const number = begin(request);
        return end(number, transport_(request));
    }

    /// The same for a wrapped transport that takes the remaining time.
    result<http_response> operator()(authorized_request const& request, milliseconds time_left)
        requires detail::recordable<Transport, milliseconds>
    {
        std::size_t const number = begin(request);
        return end(number, transport_(request, time_left));
    }

    /// Forwards a request: the asynchronous transport. Until the handler is called, this object must not be moved or
    /// destroyed. Two handlers must not be called at the same time.
    template <class Handler>
        requires detail::recordable_async<Transport, Handler>
    decltype(auto) operator()(authorized_request request, Handler handler)
    {
        std::size_t const number = begin(request);
        return transport_(std::move(request), completion(number, std::move(handler)));
    }

    /// The same for a wrapped transport that takes the remaining time.
    template <class Handler>
        requires detail::recordable_async<Transport, Handler, milliseconds>
    decltype(auto) operator()(authorized_request request, Handler handler, milliseconds time_left)
    {
        std::size_t const number = begin(request);
        return transport_(std::move(request), completion(number, std::move(handler)), time_left);
    }

    /// The recording of all exchanges that are complete.
    std::string text() const
    {
        std::string recording(detail::recording_begin);
        recording += "\n\n";
        for (auto const& one : exchanges_)
            if (!one.answer.empty()) recording.append(one.request).append(one.answer).append("\n");
        return recording.append(detail::recording_end).append("\n");
    }

private:
    struct exchange {
        std::string request{};
        std::string answer{};
    };

    std::size_t begin(authorized_request const& request)
    {
        std::string& text = exchanges_.emplace_back().request;
        detail::append_request(text, request.method(), request.url());
        detail::append_message(text, request.headers(), request.body(), options_.secret_headers);
        return exchanges_.size() - 1;
    }

    result<http_response> end(std::size_t number, result<http_response> answer)
    {
        detail::append_answer(exchanges_[number].answer, answer, options_.secret_headers);
        return answer;
    }

    template <class Handler>
    auto completion(std::size_t number, Handler handler)
    {
        return [this, number, handler = std::move(handler)](result<http_response> answer) mutable {
            handler(end(number, std::move(answer)));
        };
    }

    Transport transport_;
    recording_options options_;
    std::vector<exchange> exchanges_{};
};

/// Refers to an lvalue, owns a temporary.
template <class Transport>
recording_transport(Transport&&, recording_options = {}) -> recording_transport<Transport>;

/// Options of a `replay_transport`: what may differ from the recording. Every member has a default.
struct replay_options {
    /// The decoded names of parameters of a form whose values are not compared; case-sensitive. By default the
    /// `IdempotencyKey`, which is usually random.
    std::vector<std::string> ignored_parameters{"IdempotencyKey"};
    /// The names of header fields that are not compared, ignoring case. By default the `User-Agent`, which contains the
    /// version of this library, and Twilio's header field for an idempotency key.
    std::vector<std::string> ignored_headers{"User-Agent", "I-Twilio-Idempotency-Token"};
};

/// Answers requests from a recording, in order and without a network. The responses and failures are those recorded; of
/// a failure, `code()` and `message()`.
///
/// A request must have the method, URL, header fields and body of the next exchange, except for what `replay_options`
/// says. Where the recording says `(not recorded)`, any value is accepted. The order of header fields with different
/// names does not matter. A request that differs fails with `invalid_argument`, which is never retried, and does not
/// use up the exchange. The failure's `field()` is `"method"`, `"url"`, `"headers"` or `"body"`, its `offset()` is the
/// first byte that differs, and its `message()` names the exchange and the header field. It contains no part of a
/// value. A request after the last exchange fails in `"exchange"`.
///
/// It is a `transport` and an `async_transport`, which calls the handler before it returns. A copy is independent. A
/// moved-from object has no exchanges. Not thread-safe. Every function allocates, unless it says otherwise.
///
/// @code
/// auto replay = sidecall::replay_transport::parse(text_of_file);
/// if (!replay) std::puts(replay.error().to_string().c_str());
/// auto message = sidecall::send(operation, credentials, *replay);
/// assert(replay->done());
/// @endcode
class replay_transport {
public:
    /// Parses a recording. Fails with `invalid_argument` in `"recording"` at the first byte that is not in the format;
    /// the message also names the line. A truncated recording fails.
    static result<replay_transport> parse(text_view recording, replay_options options = {})
    {
        auto exchanges = detail::recording_parser(recording).parse();
        if (!exchanges) return exchanges.error();
        return replay_transport(*std::move(exchanges), std::move(options));
    }

    /// Answers a request: the blocking transport.
    result<http_response> operator()(authorized_request const& request)
    {
        if (remaining() == 0)
            return refuse(
                failure(errc::invalid_argument, "exchange", "not recorded")
                    .with({.message = "the recording has only " + std::to_string(exchanges_.size()) + " exchanges"}));
        auto const& next = exchanges_[used_];
        auto difference =
            detail::find_difference(request, next, used_ + 1, options_.ignored_parameters, options_.ignored_headers);
        if (difference) return refuse(*std::move(difference));
        ++used_;
        return next.answer;
    }

    /// Answers a request through `handler`: the asynchronous transport.
    template <class Handler>
        requires std::invocable<Handler&, result<http_response>>
    void operator()(authorized_request request, Handler handler)
    {
        handler((*this)(request));
    }

    /// The number of exchanges that are not used yet. Does not allocate.
    std::size_t remaining() const noexcept { return exchanges_.size() > used_ ? exchanges_.size() - used_ : 0; }

    /// The failure of the first request that differed from the recording or came after its end. Nothing if there was
    /// none. Does not allocate.
    std::optional<failure> const& difference() const& noexcept { return difference_; }
    std::optional<failure> const& difference() const&& = delete;

    /// Whether all exchanges were used and no request differed. Does not allocate.
    bool done() const noexcept { return remaining() == 0 && !difference_; }

private:
    replay_transport(std::vector<detail::recorded_exchange> exchanges, replay_options options) noexcept
        : exchanges_(std::move(exchanges)), options_(std::move(options))
    {
    }

    failure refuse(failure reason)
    {
        if (!difference_) difference_ = reason;
        return reason;
    }

    std::vector<detail::recorded_exchange> exchanges_;
    replay_options options_;
    std::size_t used_ = 0;
    std::optional<failure> difference_{};
};

} // namespace sidecall
