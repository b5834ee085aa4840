#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional> // brings std::construct_at, too: <memory>, its own header, would double what this file costs
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <sidecall/detail/literal.hpp>
#include <sidecall/detail/storage.hpp>
#include <sidecall/detail/utf8.hpp>
#include <sidecall/text_view.hpp>

/// For what a program and its shared libraries must have one of, whatever -fvisibility says.
#if defined(__GNUC__) && !defined(_WIN32)
#define SIDECALL_DETAIL_SHARED __attribute__((visibility("default")))
#else
#define SIDECALL_DETAIL_SHARED
#endif

namespace sidecall {

/// What went wrong, grouped by who must act.
enum class errc {
    // The caller.
    invalid_argument = 1, ///< Nothing was sent: an argument breaks a rule of the API; see `field()`, `offset()`.

    // The transport.
    transport_failure, ///< Twilio may have acted: what fits none of the finer kinds.
    not_connected,     ///< Nothing was sent: no address, refused, or not connected in time.
    tls_failure,       ///< Nothing was sent: no TLS, or the peer's certificate does not hold.
    timed_out,         ///< Twilio may have acted: no whole answer in time.
    answer_lost,       ///< Twilio may have acted: the connection ended before the whole answer had come.
    answer_too_large,  ///< Twilio has acted: the answer is larger than the transport's limit.
    cancelled,         ///< Twilio may have acted: you took it back before the answer had come.

    // Twilio.
    api_error,          ///< Refused, in a body that was understood: see `twilio_code()` and `message()`.
    unexpected_status,  ///< Any other status than the documented one: a redirect, a gateway's page, an empty 429.
    malformed_response, ///< The documented status, but a body that is not the documented resource.

    // Whoever called the webhook.
    invalid_signature, ///< Not signed by Twilio, or not with these tokens.
    malformed_webhook, ///< Signed, but not a user defined message.
};

namespace detail {

/// A code's name, and the sentence for one that comes with none of its own.
struct code_text {
    std::string_view name;
    std::string_view sentence;
};

/// In the order of the enumerators.
inline constexpr code_text code_texts[] = {
    {"invalid_argument", "an argument breaks a rule of the API"},
    {"transport_failure", "the request could not be carried out"},
    {"not_connected", "no connection; nothing was sent"},
    {"tls_failure", "no trusted TLS connection; nothing was sent"},
    {"timed_out", "no whole answer in time; the request may have been carried out"},
    {"answer_lost", "the connection ended before the whole answer; the request may have been carried out"},
    {"answer_too_large", "the answer is larger than the transport's limit"},
    {"cancelled", "cancelled before an answer came; the request may have been carried out"},
    {"api_error", "Twilio refused the request"},
    {"unexpected_status", "the status is not the documented one"},
    {"malformed_response", "the body is not the documented resource"},
    {"invalid_signature", "the signature does not hold"},
    {"malformed_webhook", "not a user defined message"},
};
static_assert(sizeof code_texts / sizeof *code_texts == static_cast<std::size_t>(errc::malformed_webhook));

constexpr code_text text_of(errc code) noexcept
{
    auto const index = static_cast<std::size_t>(code) - 1;
    return index < sizeof code_texts / sizeof *code_texts ? code_texts[index] : code_text{"", "no such code"};
}

} // namespace detail

/// The enumerator's own name, `"invalid_argument"`: stable, for logs and metrics. Empty for a value that is none.
constexpr std::string_view to_string_view(errc code) noexcept
{
    return detail::text_of(code).name;
}

namespace detail {

constexpr std::string_view explain(errc code) noexcept
{
    return text_of(code).sentence;
}

/// Appends a foreign text to a line, with a blank for all that could forge another line or steer a terminal: control
/// characters, line and paragraph separators, what changes the direction of writing (U+2028 to U+202E, U+2066 to
/// U+2069), and bytes that are no UTF-8.
inline void append_printable(std::string& line, std::string_view text)
{
    while (!text.empty()) {
        std::size_t const size = utf8_sequence(text, 0);
        std::string_view const one = text.substr(0, size);
        bool const control = size == 0 ||
                             (size == 1 && (static_cast<unsigned char>(one[0]) < 0x20 || one[0] == 0x7F)) ||
                             (size == 2 && one < "\xC2\xA0");
        bool const steering = size == 3 && ((one > "\xE2\x80\xA7" && one < "\xE2\x80\xAF") ||
                                            (one > "\xE2\x81\xA5" && one < "\xE2\x81\xAA"));
        line.append(control || steering ? std::string_view(" ") : one);
        text.remove_prefix(size == 0 ? 1 : size);
    }
}

/// Whether a category is that of `errc`, by its name, since a shared library may have one of its own.
inline bool is_our_category(std::error_category const& other) noexcept
{
    return std::string_view(other.name()) == "sidecall";
}

class SIDECALL_DETAIL_SHARED category final : public std::error_category {
public:
    char const* name() const noexcept override { return "sidecall"; }
    std::string message(int code) const override { return std::string(explain(static_cast<errc>(code))); }
    bool equivalent(int code, std::error_condition const& condition) const noexcept override
    {
        return code == condition.value() && is_our_category(condition.category());
    }
    bool equivalent(std::error_code const& code, int condition) const noexcept override
    {
        return code.value() == condition && is_our_category(code.category());
    }
};

} // namespace detail

/// The `std::error_category` of `errc`: one for a program and the shared libraries that it is linked with, also if they
/// are built with `-fvisibility=hidden`. A library that is loaded with `dlopen` may have its own, so compare an error
/// code with an `errc`, which then works, too. Its messages allocate; nothing else here does.
SIDECALL_DETAIL_SHARED inline std::error_category const& sidecall_category() noexcept
{
    static detail::category const instance;
    return instance;
}

/// Makes `std::error_code code = errc::timed_out` work.
inline std::error_code make_error_code(errc code) noexcept
{
    return {static_cast<int>(code), sidecall_category()};
}

/// Makes `code == errc::timed_out` true also for an error code of a shared library with a category of its own.
inline bool operator==(std::error_code const& code, errc value) noexcept
{
    return code.value() == static_cast<int>(value) && detail::is_our_category(code.category());
}

/// When to come back, as `Retry-After` says it (RFC 9110, section 10.2.3).
struct retry_time {
    std::int64_t seconds = 0;  ///< After the answer came; or, of a date, since 1970-01-01T00:00:00Z.
    bool is_unix_time = false; ///< Whether it was a date.

    /// What `seconds` is if the number that came does not fit it.
    static constexpr std::int64_t too_long = INT64_MAX;

    /// Member by member.
    friend constexpr bool operator==(retry_time const&, retry_time const&) = default;
};

/// What an answer of Twilio's says of a failure; each member is empty where it says nothing.
struct answer_details {
    std::optional<int> twilio_code{};        ///< Twilio's error code, 20404 say.
    std::optional<std::string> message{};    ///< Twilio's text, as it came.
    std::string more_info{};                 ///< The page on that code.
    std::string request_id{};                ///< `Twilio-Request-Id`: the handle that Twilio's support asks for.
    std::optional<retry_time> retry_after{}; ///< `Retry-After`.
};

/// Why there is no value: all that a person needs to act, and nothing that must stay secret. It never holds a
/// credential, nor the text that the caller passed in, only where in it the mistake is.
///
/// Copying one that has somebody else's words allocates; all others are plain values.
class failure {
public:
    /// A failure with the sentence that `code` stands for. Does not allocate.
    constexpr explicit failure(errc code) noexcept { facts_.code = code; }

    /// A failure with a text of its own, a transport's say: a copy, so this allocates. The text must hold no
    /// credential.
    failure(errc code, text_view message) : failure(code) { words().message = std::string(message); }
    /// The same with the number by which the underlying library knows the error (a `CURLcode`, an `errno`).
    failure(errc code, text_view message, int native_code) : failure(code, message)
    {
        facts_.native_code = native_code;
        facts_.has |= has_native_code;
    }

    /// A value that breaks `rule`. Does not allocate. `field` is the API's name for it (`"Callback"`); both are string
    /// literals, or other constants that live as long as the program.
    SIDECALL_DETAIL_COLD constexpr failure(errc code, detail::literal field, detail::literal rule) noexcept
    {
        facts_.code = code;
        facts_.field = field.view();
        facts_.rule = rule.view();
    }
    /// A value that breaks `rule` at byte `offset`. Does not allocate.
    SIDECALL_DETAIL_COLD constexpr failure(errc code, detail::literal field, detail::literal rule,
                                           std::size_t offset) noexcept
        : failure(code, field, rule)
    {
        facts_.offset = offset;
        facts_.has |= has_offset;
    }

    /// What an answer with this status says. Allocates if it says something in words.
    failure(errc code, int http_status, answer_details details) : failure(code)
    {
        std::move(*this).with_http_status(http_status).with(std::move(details));
    }

    /// A body that breaks `rule` at byte `offset`, in an answer with this status. Allocates if that says something.
    failure(errc code, int http_status, detail::literal field, detail::literal rule, std::size_t offset,
            answer_details details)
        : failure(code, field, rule, offset)
    {
        std::move(*this).with_http_status(http_status).with(std::move(details));
    }

    /// Takes it over; does not allocate.
    constexpr failure(failure&& other) noexcept { swap(other); }
    /// A copy; allocates if there are words of somebody else's in it.
    constexpr failure(failure const& other)
        : facts_(other.facts_), texts_(other.texts_ ? other.texts_->copy(*other.texts_) : nullptr)
    {
    }
    /// Becomes `other`, copied or moved.
    constexpr failure& operator=(failure other) noexcept
    {
        swap(other);
        return *this;
    }
    constexpr ~failure()
    {
        if (texts_) texts_->end(texts_);
    }

    /// Exchanges the two; does not allocate.
    constexpr void swap(failure& other) noexcept
    {
        std::swap(facts_, other.facts_);
        std::swap(texts_, other.texts_);
    }

    /// The same failure with the status of the answer that it is about. Does not allocate.
    constexpr failure&& with_http_status(int status) && noexcept
    {
        facts_.http_status = status;
        facts_.has |= has_http_status;
        return std::move(*this);
    }
    /// The same failure with Twilio's error code. Does not allocate.
    constexpr failure&& with_twilio_code(int code) && noexcept
    {
        facts_.twilio_code = code;
        facts_.has |= has_twilio_code;
        return std::move(*this);
    }
    /// The same failure with the answer's `Retry-After`. Does not allocate.
    constexpr failure&& with_retry_after(retry_time const& when) && noexcept
    {
        facts_.retry_after = when;
        facts_.has |= has_retry_after;
        return std::move(*this);
    }
    /// The same failure with all that these say; of what they say nothing, what it said before. Allocates if they say
    /// something in words.
    failure&& with(answer_details details) &&
    {
        if (details.twilio_code) std::move(*this).with_twilio_code(*details.twilio_code);
        if (details.retry_after) std::move(*this).with_retry_after(*details.retry_after);
        if (details.message) words().message = std::move(details.message);
        if (!details.more_info.empty()) words().more_info = std::move(details.more_info);
        if (!details.request_id.empty()) words().request_id = std::move(details.request_id);
        return std::move(*this);
    }

    /// The same failure with the name of the field that it concerns, for what is parsed on behalf of another name.
    constexpr failure&& in(detail::literal field) && noexcept
    {
        facts_.field = field.view();
        return std::move(*this);
    }

    /// What kind of failure it is.
    constexpr errc code() const noexcept { return facts_.code; }

    /// The field at fault by its name in the API (`"Callback"`) or in the answer (`"date_created"`); empty if none is.
    constexpr std::string_view field() const noexcept { return facts_.field; }

    /// The first offending byte: of the value that was passed in, or of the answer's body. Of a storage that is too
    /// small: how many bytes it takes.
    constexpr std::optional<std::size_t> offset() const noexcept
    {
        return facts_.has & has_offset ? std::optional(facts_.offset) : std::nullopt;
    }

    /// The status that was received; never one that a body claims. Empty if no answer came.
    constexpr std::optional<int> http_status() const noexcept { return number(has_http_status, facts_.http_status); }

    /// Twilio's error code, see https://www.twilio.com/docs/api/errors.
    constexpr std::optional<int> twilio_code() const noexcept { return number(has_twilio_code, facts_.twilio_code); }

    /// The number by which the transport's library knows the error: a `CURLcode`, an `errno`.
    constexpr std::optional<int> native_code() const noexcept { return number(has_native_code, facts_.native_code); }

    /// Twilio's text where it sent one (its bytes as they came: do not print it without `to_string`), else ours.
    /// Valid as long as this object is, so not to be had of a temporary; `to_string` is.
    constexpr std::string_view message() const& noexcept
    {
        if (texts_ && texts_->message) return *texts_->message;
        return facts_.rule.empty() ? detail::explain(facts_.code) : facts_.rule;
    }
    std::string_view message() const&& = delete;

    /// The address of Twilio's page on the error; empty if it named none.
    constexpr std::string_view more_info() const& noexcept
    {
        return texts_ ? std::string_view(texts_->more_info) : std::string_view();
    }
    std::string_view more_info() const&& = delete;

    /// `Twilio-Request-Id`, which Twilio's support asks for; empty if there was none.
    constexpr std::string_view request_id() const& noexcept
    {
        return texts_ ? std::string_view(texts_->request_id) : std::string_view();
    }
    std::string_view request_id() const&& = delete;

    /// When Twilio asks to be asked again; empty if it did not say, or not in a form that RFC 9110 knows.
    constexpr std::optional<retry_time> retry_after() const noexcept
    {
        return facts_.has & has_retry_after ? std::optional(facts_.retry_after) : std::nullopt;
    }

    /// All of it in one line of text: `invalid_argument: Callback: '_' is not allowed in a hostname (byte 9)`.
    /// Control characters and their like in foreign text become blanks, so that nobody can forge a line of a log.
    /// Allocates.
    std::string to_string() const;

private:
    enum : unsigned char {
        has_offset = 1,
        has_http_status = 2,
        has_twilio_code = 4,
        has_native_code = 8,
        has_retry_after = 16,
    };

    /// All that every failure may have, copied as a whole.
    struct facts {
        std::string_view field{};
        std::string_view rule{};
        std::size_t offset = 0;
        retry_time retry_after{};
        int http_status = 0;
        int twilio_code = 0;
        int native_code = 0;
        errc code{};
        unsigned char has = 0;
    };

    /// What few have lives on the heap. It brings the functions that only then are needed, so that a program none of
    /// whose failures has such texts does not even link the heap.
    struct texts {
        std::optional<std::string> message{};
        std::string more_info{};
        std::string request_id{};
        texts* (*copy)(texts const&) = [](texts const& from) { return new texts(from); };
        void (*end)(texts*) noexcept = [](texts* which) noexcept { delete which; };
    };

    texts& words()
    {
        if (!texts_) texts_ = new texts;
        return *texts_;
    }

    constexpr std::optional<int> number(unsigned char which, int value) const noexcept
    {
        return (facts_.has & which) != 0 ? std::optional(value) : std::nullopt;
    }

    facts facts_{};
    texts* texts_ = nullptr; // owned
};

inline std::string failure::to_string() const
{
    std::string line(to_string_view(code()));
    auto const say = [&line](std::string_view before, std::string_view text) {
        line += before;
        detail::append_printable(line, text);
    };
    auto const say_number = [&line](std::string_view before, auto number) {
        line += before;
        line += std::to_string(number);
    };

    if (http_status()) say_number(": HTTP ", *http_status());
    if (!field().empty()) say(": ", field());
    say(": ", message());

    std::size_t const plain = line.size();
    if (offset()) say_number(", byte ", *offset());
    if (native_code()) say_number(", code ", *native_code());
    if (twilio_code()) say_number(", Twilio ", *twilio_code());
    if (!more_info().empty()) say(", ", more_info());
    if (!request_id().empty()) say(", request ", request_id());
    if (auto const when = retry_after())
        say_number(when->is_unix_time ? ", retry at Unix time " : ", retry after seconds ", when->seconds);
    if (line.size() != plain) {
        line.replace(plain, 2, " (");
        line += ')';
    }
    return line;
}

template <class T>
class result;

namespace detail {

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

/// What `result<void>` keeps in the place of a value.
struct nothing {};

} // namespace detail

/// A `T`, or the `failure` that says why there is none: `std::expected<T, failure>` of C++23 by the same member names,
/// for compilers that lack it. One difference: it never throws. To take the value of a failure, or the failure of a
/// value, by any of its members, ends the program (`std::abort`), in every build.
///
/// It allocates nothing beyond what `T` does.
template <class T>
class [[nodiscard]] result {
    static_assert(std::is_object_v<T> && !std::is_same_v<std::remove_cv_t<T>, failure>);
    static_assert(__is_nothrow_constructible(T, T), "assignment would lose both if a move could throw");

public:
    using value_type = T;       ///< What is there if all went well.
    using error_type = failure; ///< What is there if not.

    /// A value, made of `value`; implicitly if that converts to `T`.
    template <class U = T>
        requires(__is_constructible(T, U) && !std::is_same_v<std::remove_cvref_t<U>, result> &&
                 !std::is_same_v<std::remove_cvref_t<U>, failure> &&
                 !(std::is_same_v<std::remove_cv_t<T>, bool> && detail::is_result<std::remove_cvref_t<U>>))
    constexpr explicit(!std::is_convertible_v<U, T>) result(U&& value) : value_(std::forward<U>(value)) {}
    /// No value, and why: `return failure(…);`, `return other.error();`.
    constexpr result(failure reason) noexcept : failure_(std::move(reason)), has_value_(false) {}

    /// A copy, if `T` can be copied.
    constexpr result(result const& other) requires std::is_copy_constructible_v<T> : has_value_(other.has_value_)
    {
        if (has_value_)
            std::construct_at(&value_, other.value_);
        else
            std::construct_at(&failure_, other.failure_);
    }
    /// Moves the value or the failure out of `other`, which goes on having one that was moved from.
    constexpr result(result&& other) noexcept : has_value_(other.has_value_) { take(std::move(other)); }
    /// The same, once what was here has ended.
    constexpr result& operator=(result other) noexcept
    {
        destroy();
        has_value_ = other.has_value_;
        take(std::move(other));
        return *this;
    }
    constexpr ~result() { destroy(); }

    constexpr bool has_value() const noexcept { return has_value_; }         ///< Whether there is a value.
    constexpr explicit operator bool() const noexcept { return has_value_; } ///< The same: `if (!made) …`.

    constexpr T& value() & noexcept { return checked(*this).value_; }              ///< The value.
    constexpr T const& value() const& noexcept { return checked(*this).value_; }   ///< The value, to read.
    constexpr T&& value() && noexcept { return std::move(checked(*this).value_); } ///< The value, to take.

    constexpr T& operator*() & noexcept { return value(); }                    ///< The value.
    constexpr T const& operator*() const& noexcept { return value(); }         ///< The value, to read.
    constexpr T&& operator*() && noexcept { return std::move(*this).value(); } ///< The value, to take.

    constexpr T* operator->() & noexcept { return &value(); }            ///< A member of the value.
    constexpr T const* operator->() const& noexcept { return &value(); } ///< A member of the value, to read.
    T const* operator->() const&& = delete; ///< Of a temporary result, what the member refers to would dangle.

    constexpr failure& error() & noexcept { return failed(*this).failure_; }              ///< The failure.
    constexpr failure const& error() const& noexcept { return failed(*this).failure_; }   ///< The failure, to read.
    constexpr failure&& error() && noexcept { return std::move(failed(*this).failure_); } ///< The failure, to take.

    /// A copy of the value, or `other` made a `T`.
    template <class U>
    constexpr T value_or(U&& other) const&
    {
        return has_value_ ? value_ : static_cast<T>(std::forward<U>(other));
    }
    /// The value, taken, or `other` made a `T`.
    template <class U>
    constexpr T value_or(U&& other) &&
    {
        return has_value_ ? std::move(value_) : static_cast<T>(std::forward<U>(other));
    }

    /// `next(value)`, a result itself, or this failure.
    template <class F>
    constexpr auto and_then(F&& next) const&
    {
        return chain(*this, std::forward<F>(next));
    }
    /// The same with the value to take.
    template <class F>
    constexpr auto and_then(F&& next) &&
    {
        return chain(std::move(*this), std::forward<F>(next));
    }

    /// The result of `function(value)`, or this failure.
    template <class F>
    constexpr auto transform(F&& function) const&
    {
        return map(*this, std::forward<F>(function));
    }
    /// The same with the value to take.
    template <class F>
    constexpr auto transform(F&& function) &&
    {
        return map(std::move(*this), std::forward<F>(function));
    }

    /// This value, or `recover(failure)`, a `result<T>` itself.
    template <class F>
    constexpr result or_else(F&& recover) const&
    {
        if (has_value_) return *this;
        return std::forward<F>(recover)(failure_);
    }
    /// The same with the failure to take.
    template <class F>
    constexpr result or_else(F&& recover) &&
    {
        if (has_value_) return std::move(*this);
        return std::forward<F>(recover)(std::move(failure_));
    }

private:
    template <class Self>
    static constexpr Self& checked(Self& self) noexcept
    {
        detail::expect(self.has_value_, "the value of a failed result was asked for");
        return self;
    }
    template <class Self>
    static constexpr Self& failed(Self& self) noexcept
    {
        detail::expect(!self.has_value_, "the failure of a successful result was asked for");
        return self;
    }

    template <class Self, class F>
    static constexpr auto chain(Self&& self, F&& next)
    {
        using next_result = std::remove_cvref_t<decltype(std::forward<F>(next)(*std::forward<Self>(self)))>;
        static_assert(detail::is_result<next_result>, "and_then takes a function that returns a result");
        if (!self) return next_result(std::forward<Self>(self).error());
        return std::forward<F>(next)(*std::forward<Self>(self));
    }
    template <class Self, class F>
    static constexpr auto map(Self&& self, F&& function)
    {
        using value = std::remove_cv_t<decltype(std::forward<F>(function)(*std::forward<Self>(self)))>;
        if (!self) return result<value>(std::forward<Self>(self).error());
        if constexpr (std::is_void_v<value>) {
            std::forward<F>(function)(*std::forward<Self>(self));
            return result<value>();
        } else {
            return result<value>(std::forward<F>(function)(*std::forward<Self>(self)));
        }
    }

    constexpr void take(result&& other) noexcept
    {
        if (has_value_)
            std::construct_at(&value_, std::move(other.value_));
        else
            std::construct_at(&failure_, std::move(other.failure_));
    }
    constexpr void destroy() noexcept
    {
        if (has_value_)
            std::destroy_at(&value_);
        else
            std::destroy_at(&failure_);
    }

    union {
        T value_;
        failure failure_;
    };
    bool has_value_ = true;
};

/// Done, or the `failure` that says why not.
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;    ///< There is nothing to give back.
    using error_type = failure; ///< What is there if it was not done.

    constexpr result() noexcept : state_(detail::nothing{}) {}               ///< Done.
    constexpr result(failure reason) noexcept : state_(std::move(reason)) {} ///< Not done, and why.

    constexpr bool has_value() const noexcept { return state_.has_value(); }         ///< Whether it was done.
    constexpr explicit operator bool() const noexcept { return state_.has_value(); } ///< The same: `if (!done) …`.

    constexpr void value() const noexcept { static_cast<void>(state_.value()); } ///< Nothing, if it was done.
    constexpr void operator*() const noexcept { value(); }                       ///< The same.

    constexpr failure const& error() const& noexcept { return state_.error(); }   ///< The failure, to read.
    constexpr failure&& error() && noexcept { return std::move(state_).error(); } ///< The failure, to take.

    /// `next()`, a result itself, or this failure.
    template <class F>
    constexpr auto and_then(F&& next) const
    {
        return state_.and_then([&](detail::nothing) { return std::forward<F>(next)(); });
    }
    /// The result of `function()`, or this failure.
    template <class F>
    constexpr auto transform(F&& function) const
    {
        return state_.transform([&](detail::nothing) { return std::forward<F>(function)(); });
    }
    /// Done, or `recover(failure)`, a `result<void>` itself.
    template <class F>
    constexpr result or_else(F&& recover) const
    {
        if (has_value()) return *this;
        return std::forward<F>(recover)(error());
    }

private:
    result<detail::nothing> state_;
};

} // namespace sidecall

/// Lets an `errc` become a `std::error_code`.
template <>
struct std::is_error_code_enum<sidecall::errc> : std::true_type {
};
