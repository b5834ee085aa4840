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
        with_http_status(http_status).with(std::move(details));
    }

    /// A body that breaks `rule` at byte `offset`, in an answer with this status. Allocates if that says something.
    failure(errc code, int http_status, detail::literal field, detail::literal rule, std::size_t offset,
            answer_details details)
        : failure(code, field, rule, offset)
    {
        with_http_status(http_status).with(std::move(details));
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

    /// Whether both say the same: code, field, offset, numbers and texts.
    friend constexpr bool operator==(failure const& a, failure const& b) noexcept
    {
        return a.facts_ == b.facts_ && a.message() == b.message() && a.more_info() == b.more_info() &&
               a.request_id() == b.request_id();
    }

    /// Exchanges the two; does not allocate.
    constexpr void swap(failure& other) noexcept
    {
        std::swap(facts_, other.facts_);
        std::swap(texts_, other.texts_);
    }

    /// The same failure with the status of the answer that it is about. Does not allocate.
    constexpr failure& with_http_status(int status) & noexcept
    {
        facts_.http_status = status;
        facts_.has |= has_http_status;
        return *this;
    }
    /// The same for a temporary.
    constexpr failure&& with_http_status(int status) && noexcept { return std::move(with_http_status(status)); }
    /// The same failure with Twilio's error code. Does not allocate.
    constexpr failure& with_twilio_code(int code) & noexcept
    {
        facts_.twilio_code = code;
        facts_.has |= has_twilio_code;
        return *this;
    }
    /// The same for a temporary.
    constexpr failure&& with_twilio_code(int code) && noexcept { return std::move(with_twilio_code(code)); }
    /// The same failure with the answer's `Retry-After`. Does not allocate.
    constexpr failure& with_retry_after(retry_time const& when) & noexcept
    {
        facts_.retry_after = when;
        facts_.has |= has_retry_after;
        return *this;
    }
    /// The same for a temporary.
    constexpr failure&& with_retry_after(retry_time const& when) && noexcept
    {
        return std::move(with_retry_after(when));
    }
    /// The same failure with all that these say; of what they say nothing, what it said before. Allocates if they say
    /// something in words.
    failure& with(answer_details details) &
    {
        if (details.twilio_code) with_twilio_code(*details.twilio_code);
        if (details.retry_after) with_retry_after(*details.retry_after);
        if (details.message) words().message = std::move(details.message);
        if (!details.more_info.empty()) words().more_info = std::move(details.more_info);
        if (!details.request_id.empty()) words().request_id = std::move(details.request_id);
        return *this;
    }
    /// The same for a temporary.
    failure&& with(answer_details details) && { return std::move(with(std::move(details))); }

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

        friend constexpr bool operator==(facts const&, facts const&) = default;
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

} // namespace sidecall
