#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/platform/compiler.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/detail/text/printable.hpp>
#include <sidecall/errc.hpp>
#include <sidecall/retry_time.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall {

/// What a response of Twilio says about a failure. Each member is empty if the response does not have it.
struct answer_details {
    std::optional<int> twilio_code{};        ///< Twilio's error code, for example 20404.
    std::optional<std::string> message{};    ///< Twilio's error message, unchanged.
    std::string more_info{};                 ///< The URL of Twilio's page about the error.
    std::string request_id{};                ///< `Twilio-Request-Id`, which Twilio's support asks for.
    std::optional<retry_time> retry_after{}; ///< `Retry-After`.
};

/// Why an operation failed: what a person needs to act on it, and nothing secret. It never contains a credential or the
/// text that the caller passed in, only the position of the mistake in that text.
///
/// Copying allocates only if the failure has a text of Twilio or of a transport. Moving never allocates.
///
/// @code
/// if (!subscription) {
///     sidecall::failure const& failure = subscription.error();
///     if (failure.code() == sidecall::errc::invalid_argument) highlight(failure.field(), failure.offset());
///     log(failure.to_string());
/// }
/// @endcode
class failure {
public:
    /// A failure with the default message of `code`. Does not allocate.
    constexpr explicit failure(errc code) noexcept { facts_.code = code; }

    /// A failure with its own message, for a transport. Copies the message, which allocates. The message must not
    /// contain a credential.
    failure(errc code, text_view message) : failure(code) { ensure_texts().message = std::string(message); }
    /// The same with the error number of the underlying library (a `CURLcode`, an `errno`).
    failure(errc code, text_view message, int native_code) : failure(code, message)
    {
        facts_.native_code = native_code;
        facts_.has |= has_native_code;
    }

    /// A value that breaks `rule`. Does not allocate. `field` is the name of the value in the API (`"Callback"`). Both
    /// are string literals, or other constants that live as long as the program.
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

    /// What a response with this status says. Allocates only if `details` has a text.
    failure(errc code, int http_status, answer_details details) : failure(code)
    {
        with_http_status(http_status).with(std::move(details));
    }

    /// A response with this status, whose body breaks `rule` at byte `offset`. Allocates only if `details` has a text.
    failure(errc code, int http_status, detail::literal field, detail::literal rule, std::size_t offset,
            answer_details details)
        : failure(code, field, rule, offset)
    {
        with_http_status(http_status).with(std::move(details));
    }

    /// Moves the failure. Does not allocate.
    constexpr failure(failure&& other) noexcept { swap(other); }
    /// Copies the failure. Allocates only if it has a text of Twilio or of a transport.
    constexpr failure(failure const& other)
        : facts_(other.facts_), texts_(other.texts_ ? other.texts_->copy(*other.texts_) : nullptr)
    {
    }
    /// Copy- or move-assigns.
    constexpr failure& operator=(failure other) noexcept
    {
        swap(other);
        return *this;
    }
    constexpr ~failure()
    {
        if (texts_) texts_->destroy(texts_);
    }

    /// Whether both say the same: code, field, offset, numbers and texts.
    friend constexpr bool operator==(failure const& a, failure const& b) noexcept
    {
        return a.facts_ == b.facts_ && a.message() == b.message() && a.more_info() == b.more_info() &&
               a.request_id() == b.request_id();
    }

    /// Swaps two failures. Does not allocate.
    constexpr void swap(failure& other) noexcept
    {
        std::swap(facts_, other.facts_);
        std::swap(texts_, other.texts_);
    }

    /// Sets the status of the response. Does not allocate.
    constexpr failure& with_http_status(int status) & noexcept
    {
        facts_.http_status = status;
        facts_.has |= has_http_status;
        return *this;
    }
    /// The same for a temporary.
    constexpr failure&& with_http_status(int status) && noexcept { return std::move(with_http_status(status)); }
    /// Sets Twilio's error code. Does not allocate.
    constexpr failure& with_twilio_code(int code) & noexcept
    {
        facts_.twilio_code = code;
        facts_.has |= has_twilio_code;
        return *this;
    }
    /// The same for a temporary.
    constexpr failure&& with_twilio_code(int code) && noexcept { return std::move(with_twilio_code(code)); }
    /// Sets the response's `Retry-After`. Does not allocate.
    constexpr failure& with_retry_after(retry_time const& time) & noexcept
    {
        facts_.retry_after = time;
        facts_.has |= has_retry_after;
        return *this;
    }
    /// The same for a temporary.
    constexpr failure&& with_retry_after(retry_time const& time) && noexcept
    {
        return std::move(with_retry_after(time));
    }
    /// Sets everything that `details` has, and leaves the rest unchanged. Allocates only if `details` has a text.
    failure& with(answer_details details) &
    {
        if (details.twilio_code) with_twilio_code(*details.twilio_code);
        if (details.retry_after) with_retry_after(*details.retry_after);
        if (details.message) ensure_texts().message = std::move(details.message);
        if (!details.more_info.empty()) ensure_texts().more_info = std::move(details.more_info);
        if (!details.request_id.empty()) ensure_texts().request_id = std::move(details.request_id);
        return *this;
    }
    /// The same for a temporary.
    failure&& with(answer_details details) && { return std::move(with(std::move(details))); }

    /// Sets the name of the field, for a value that is parsed as part of something with another name.
    constexpr failure&& in(detail::literal field) && noexcept
    {
        facts_.field = field.view();
        return std::move(*this);
    }

    /// The kind of failure.
    constexpr errc code() const noexcept { return facts_.code; }

    /// The name of the wrong field in the API (`"Callback"`) or in the response (`"date_created"`); empty if there is
    /// none.
    constexpr std::string_view field() const noexcept { return facts_.field; }

    /// The offset of the first wrong byte in the value passed in or in the response body. If a buffer is too small, the
    /// size needed, in bytes. Empty if there is neither.
    constexpr std::optional<std::size_t> offset() const noexcept
    {
        return facts_.has & has_offset ? std::optional(facts_.offset) : std::nullopt;
    }

    /// The status received, never one that a body claims. Empty if there was no response.
    constexpr std::optional<int> http_status() const noexcept
    {
        return optional_number(has_http_status, facts_.http_status);
    }

    /// Twilio's error code, see https://www.twilio.com/docs/api/errors. Empty if Twilio sent none.
    constexpr std::optional<int> twilio_code() const noexcept
    {
        return optional_number(has_twilio_code, facts_.twilio_code);
    }

    /// The error number of the transport's library: a `CURLcode`, an `errno`. Empty if there is none.
    constexpr std::optional<int> native_code() const noexcept
    {
        return optional_number(has_native_code, facts_.native_code);
    }

    /// Twilio's error message or that of the transport, if there is one; otherwise the rule, or the default message of
    /// `code()`. Text of Twilio or of a transport is unchanged: use `to_string` to print it. The view is valid as long
    /// as this object, so it is not available on a temporary; `to_string` is.
    constexpr std::string_view message() const& noexcept
    {
        if (texts_ && texts_->message) return *texts_->message;
        return facts_.rule.empty() ? detail::explain(facts_.code) : facts_.rule;
    }
    std::string_view message() const&& = delete;

    /// The URL of Twilio's page about the error; empty if there is none.
    constexpr std::string_view more_info() const& noexcept
    {
        return texts_ ? std::string_view(texts_->more_info) : std::string_view();
    }
    std::string_view more_info() const&& = delete;

    /// `Twilio-Request-Id`, which Twilio's support asks for; empty if there is none.
    constexpr std::string_view request_id() const& noexcept
    {
        return texts_ ? std::string_view(texts_->request_id) : std::string_view();
    }
    std::string_view request_id() const&& = delete;

    /// When Twilio asks for a retry. Empty if there is no `Retry-After`, or not in a format of RFC 9110.
    constexpr std::optional<retry_time> retry_after() const noexcept
    {
        return facts_.has & has_retry_after ? std::optional(facts_.retry_after) : std::nullopt;
    }

    /// Everything in one line: `invalid_argument: Callback: '_' is not allowed in a hostname (byte 9)`. In text
    /// of Twilio or of a transport, control characters and the like become spaces, so that it cannot forge a line of a
    /// log. Allocates.
    std::string to_string() const;

private:
    enum : unsigned char {
        has_offset = 1,
        has_http_status = 2,
        has_twilio_code = 4,
        has_native_code = 8,
        has_retry_after = 16,
    };

    /// What every failure can have, copied as a whole.
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

        friend constexpr bool operator==(facts const&, facts const&) = default;
    };

    /// Rarely used text is allocated separately. The functions needed for it are stored as pointers, so that a program
    /// that never makes such a failure does not even link the heap.
    struct texts {
        std::optional<std::string> message{};
        std::string more_info{};
        std::string request_id{};
        texts* (*copy)(texts const&) = [](texts const& from) { return new texts(from); };
        void (*destroy)(texts*) noexcept = [](texts* self) noexcept { delete self; };
    };

    texts& ensure_texts()
    {
        if (!texts_) texts_ = new texts;
        return *texts_;
    }

    constexpr std::optional<int> optional_number(unsigned char flag, int value) const noexcept
    {
        return (facts_.has & flag) != 0 ? std::optional(value) : std::nullopt;
    }

    facts facts_{};
    texts* texts_ = nullptr; // owned
};

inline std::string failure::to_string() const
{
    std::string line(to_string_view(code()));
    auto const append = [&line](std::string_view before, std::string_view text) {
        line += before;
        detail::append_printable(line, text);
    };
    auto const append_number = [&line](std::string_view before, auto number) {
        line += before;
        line += std::to_string(number);
    };

    if (http_status()) append_number(": HTTP ", *http_status());
    if (!field().empty()) append(": ", field());
    append(": ", message());

    std::size_t const details_begin = line.size();
    if (offset()) append_number(", byte ", *offset());
    if (native_code()) append_number(", code ", *native_code());
    if (twilio_code()) append_number(", Twilio ", *twilio_code());
    if (!more_info().empty()) append(", ", more_info());
    if (!request_id().empty()) append(", request ", request_id());
    if (auto const when = retry_after())
        append_number(when->is_unix_time ? ", retry at Unix time " : ", retry after seconds ", when->seconds);
    if (line.size() != details_begin) {
        line.replace(details_begin, 2, " (");
        line += ')';
    }
    return line;
}

} // namespace sidecall
