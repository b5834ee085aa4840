#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional> // brings std::construct_at, too: <memory>, its own header, would double what this file costs
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/platform/compiler.hpp>
#include <sidecall/failure.hpp>

namespace sidecall {

template <class T>
class result;

namespace detail {

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

/// What `result<void>` stores in place of a value.
struct no_value {
    friend constexpr bool operator==(no_value, no_value) noexcept { return true; }
};

/// Ends the program because the value of a failed result was asked for. Writes a line with the code of the failure and
/// its field, but without any text from Twilio or a transport, which may be confidential.
[[noreturn]] SIDECALL_DETAIL_COLD inline void end_program_without_value(failure const& reason) noexcept
{
#ifndef SIDECALL_NO_STDIO
    std::string_view const parts[] = {
        "sidecall: the value of a failed result was asked for: ", to_string_view(reason.code()),
        reason.field().empty() ? "" : ": ", reason.field(), "\n"};
    for (auto part : parts) std::fwrite(part.data(), 1, part.size(), stderr);
#else
    static_cast<void>(reason);
#endif
    std::abort();
}

/// `std::expected<T, failure>` of the standard library, without including <expected>.
template <class Expected, class T>
concept expected_of =
    !is_result<Expected> && std::is_same_v<typename Expected::value_type, T> &&
    std::is_same_v<typename Expected::error_type, failure> && requires { typename Expected::unexpected_type; };

} // namespace detail

/// A value, or the `failure` that says why there is none. Has the members of C++23's `std::expected<T, failure>`, for
/// compilers that lack it, and converts to and from that type where the standard library has it.
///
/// Differences from `std::expected`:
/// - It never throws. Taking the value of a failure, or the failure of a value, by any member ends the program
///   (`std::abort`), in every build.
/// - There is no default constructor, and no `const&&` overload.
/// - `value` and `*` of a temporary return the value, not a reference to it, so that
///   `for (auto x : *function())` is safe.
/// - `transform_error` keeps the error type `failure`.
///
/// Allocates only if `T` does.
///
/// @code
/// auto const sid = sidecall::call_sid::parse(text);
/// if (!sid) std::cerr << sid.error().to_string() << '\n';
/// @endcode
template <class T>
class [[nodiscard]] result {
    static_assert(std::is_object_v<T> && !std::is_same_v<std::remove_cv_t<T>, failure>);
    static_assert(__is_nothrow_constructible(T, T), "assignment would lose both if a move could throw");

    template <class U>
    static constexpr bool is_other_state =
        std::is_same_v<U, result> || std::is_same_v<U, failure> ||
        (std::is_same_v<std::remove_cv_t<T>, bool> && detail::is_result<U>) || detail::expected_of<U, T>;

public:
    using value_type = T;       ///< The type of the value.
    using error_type = failure; ///< The type of the error.

    /// A result with a value made from `value`. Implicit if `U` converts to `T`.
    template <class U = T>
        requires(__is_constructible(T, U) && !is_other_state<std::remove_cvref_t<U>>)
    constexpr explicit(!std::is_convertible_v<U, T>) result(U&& value) : value_(std::forward<U>(value))
    {
    }
    /// A result with a value that is constructed in place from these arguments.
    template <class... Arguments>
    constexpr explicit result(std::in_place_t, Arguments&&... arguments) : value_(std::forward<Arguments>(arguments)...)
    {
    }
    /// A result with a failure: `return failure(…);`, `return other.error();`.
    constexpr result(failure error) noexcept : failure_(std::move(error)), has_value_(false) {}

    /// From a `std::expected<T, failure>`.
    template <detail::expected_of<T> Expected>
    constexpr result(Expected expected) : has_value_(expected.has_value())
    {
        if (has_value_)
            std::construct_at(&value_, std::move(*expected));
        else
            std::construct_at(&failure_, std::move(expected.error()));
    }
    /// To a `std::expected<T, failure>`: copies the value or the failure.
    template <detail::expected_of<T> Expected>
    constexpr operator Expected() const&
    {
        return to_expected<Expected>(*this);
    }
    /// To a `std::expected<T, failure>`: moves the value or the failure.
    template <detail::expected_of<T> Expected>
    constexpr operator Expected() &&
    {
        return to_expected<Expected>(std::move(*this));
    }

    /// Copies `other`, if `T` can be copied.
    constexpr result(result const& other)
        requires std::is_copy_constructible_v<T>
        : has_value_(other.has_value_)
    {
        if (has_value_)
            std::construct_at(&value_, other.value_);
        else
            std::construct_at(&failure_, other.failure_);
    }
    /// Moves the value or the failure out of `other`, which stays in the same state, moved-from.
    constexpr result(result&& other) noexcept : has_value_(other.has_value_) { construct_from(std::move(other)); }
    /// Destroys the present state and takes that of `other`, copied or moved.
    constexpr result& operator=(result other) noexcept
    {
        destroy();
        has_value_ = other.has_value_;
        construct_from(std::move(other));
        return *this;
    }
    constexpr ~result() { destroy(); }

    /// Replaces the present state with a value made from `arguments`, which must not throw. Returns the value.
    template <class... Arguments>
        requires(__is_nothrow_constructible(T, Arguments...))
    constexpr T& emplace(Arguments&&... arguments) noexcept
    {
        destroy();
        has_value_ = true;
        return *std::construct_at(&value_, std::forward<Arguments>(arguments)...);
    }

    /// Exchanges the two states.
    constexpr void swap(result& other) noexcept
    {
        result third(std::move(other));
        other = std::move(*this);
        *this = std::move(third);
    }
    /// Exchanges the states of two results.
    friend constexpr void swap(result& a, result& b) noexcept { a.swap(b); }

    constexpr bool has_value() const noexcept { return has_value_; }         ///< Whether there is a value.
    constexpr explicit operator bool() const noexcept { return has_value_; } ///< The same: `if (!parsed) …`.

    constexpr T& value() & noexcept { return checked(*this).value_; }            ///< The value.
    constexpr T const& value() const& noexcept { return checked(*this).value_; } ///< The value, read-only.
    /// The value, moved. It is not a reference, so a loop over the value of a temporary is safe.
    constexpr T value() && noexcept { return std::move(checked(*this).value_); }

    constexpr T& operator*() & noexcept { return value(); }                  ///< The value.
    constexpr T const& operator*() const& noexcept { return value(); }       ///< The value, read-only.
    constexpr T operator*() && noexcept { return std::move(*this).value(); } ///< The value, moved.

    constexpr T* operator->() & noexcept { return &value(); }            ///< A member of the value.
    constexpr T const* operator->() const& noexcept { return &value(); } ///< A member of the value, read-only.
    T const* operator->() const&& = delete; ///< Not of a temporary: the member would dangle.

    constexpr failure& error() & noexcept { return failed(*this).failure_; }            ///< The failure.
    constexpr failure const& error() const& noexcept { return failed(*this).failure_; } ///< The failure, read-only.
    /// The failure, to move from.
    constexpr failure&& error() && noexcept { return std::move(failed(*this).failure_); }

    /// A copy of the value; without one, `other` converted to `T`.
    template <class U>
    constexpr T value_or(U&& other) const&
    {
        return has_value_ ? value_ : static_cast<T>(std::forward<U>(other));
    }
    /// The value, moved; without one, `other` converted to `T`.
    template <class U>
    constexpr T value_or(U&& other) &&
    {
        return has_value_ ? std::move(value_) : static_cast<T>(std::forward<U>(other));
    }

    /// A copy of the failure; without one, `other`.
    constexpr failure error_or(failure other) const&
    {
        if (has_value_) return other;
        return failure_;
    }
    /// The failure, moved; without one, `other`.
    constexpr failure error_or(failure other) && { return std::move(has_value_ ? other : failure_); }

    /// Returns `next(value)`, which must be a `result`; without a value, this failure.
    template <class F>
    constexpr auto and_then(F&& next) &
    {
        return chain(*this, std::forward<F>(next));
    }
    /// The same with a read-only value.
    template <class F>
    constexpr auto and_then(F&& next) const&
    {
        return chain(*this, std::forward<F>(next));
    }
    /// The same with the value to move from.
    template <class F>
    constexpr auto and_then(F&& next) &&
    {
        return chain(std::move(*this), std::forward<F>(next));
    }

    /// Returns a result with `function(value)`; without a value, this failure.
    template <class F>
    constexpr auto transform(F&& function) &
    {
        return map(*this, std::forward<F>(function));
    }
    /// The same with a read-only value.
    template <class F>
    constexpr auto transform(F&& function) const&
    {
        return map(*this, std::forward<F>(function));
    }
    /// The same with the value to move from.
    template <class F>
    constexpr auto transform(F&& function) &&
    {
        return map(std::move(*this), std::forward<F>(function));
    }

    /// Returns a copy of this value; without one, `recover(failure)`, which must be a `result<T>`.
    template <class F>
    constexpr result or_else(F&& recover) const&
    {
        if (has_value_) return *this;
        return std::forward<F>(recover)(failure_);
    }
    /// The same with the value or the failure to move from.
    template <class F>
    constexpr result or_else(F&& recover) &&
    {
        if (has_value_) return std::move(*this);
        return std::forward<F>(recover)(std::move(failure_));
    }

    /// Returns a copy of this value; without one, `function(failure)`, which must be a `failure`.
    template <class F>
    constexpr result transform_error(F&& function) const&
    {
        if (has_value_) return *this;
        return failure(std::forward<F>(function)(failure_));
    }
    /// The same with the value or the failure to move from.
    template <class F>
    constexpr result transform_error(F&& function) &&
    {
        if (has_value_) return std::move(*this);
        return failure(std::forward<F>(function)(std::move(failure_)));
    }

    /// Whether both have equal values, or equal failures.
    template <class U>
        requires std::is_same_v<U, T> && requires(U const& value) { static_cast<bool>(value == value); }
    friend constexpr bool operator==(result const& a, result<U> const& b)
    {
        if (a.has_value_ != b.has_value_) return false;
        return a.has_value_ ? static_cast<bool>(a.value_ == b.value_) : a.failure_ == b.failure_;
    }
    /// Whether there is a value equal to `value`.
    friend constexpr bool operator==(result const& a, T const& value)
        requires requires { static_cast<bool>(value == value); }
    {
        return a.has_value_ && static_cast<bool>(a.value_ == value);
    }
    /// Whether there is a failure equal to `error`.
    friend constexpr bool operator==(result const& a, failure const& error) noexcept
    {
        return !a.has_value_ && a.failure_ == error;
    }

private:
    template <class Self>
    static constexpr Self& checked(Self& self) noexcept
    {
        if (!self.has_value_) detail::end_program_without_value(self.failure_);
        return self;
    }
    template <class Self>
    static constexpr Self& failed(Self& self) noexcept
    {
        detail::expect(!self.has_value_, "the failure of a successful result was asked for");
        return self;
    }

    template <class Expected, class Self>
    static constexpr Expected to_expected(Self&& self)
    {
        if (self.has_value_) return Expected(std::forward<Self>(self).value());
        return Expected(typename Expected::unexpected_type(std::forward<Self>(self).error()));
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

    constexpr void construct_from(result&& other) noexcept
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

/// Success, or the `failure` that says why not. Has the members of `std::expected<void, failure>`; see `result`.
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;    ///< There is no value.
    using error_type = failure; ///< The type of the error.

    constexpr result() noexcept : state_(detail::no_value{}) {}            ///< Success.
    constexpr result(failure error) noexcept : state_(std::move(error)) {} ///< A failure.

    /// From a `std::expected<void, failure>`.
    template <detail::expected_of<void> Expected>
    constexpr result(Expected expected) : result()
    {
        if (!expected.has_value()) state_ = std::move(expected.error());
    }
    /// To a `std::expected<void, failure>`: copies the failure.
    template <detail::expected_of<void> Expected>
    constexpr operator Expected() const&
    {
        return has_value() ? Expected() : Expected(typename Expected::unexpected_type(error()));
    }
    /// To a `std::expected<void, failure>`: moves the failure.
    template <detail::expected_of<void> Expected>
    constexpr operator Expected() &&
    {
        return has_value() ? Expected() : Expected(typename Expected::unexpected_type(std::move(*this).error()));
    }

    constexpr void emplace() noexcept { state_ = detail::no_value{}; }               ///< Sets success.
    constexpr void swap(result& other) noexcept { state_.swap(other.state_); }       ///< Exchanges the two.
    friend constexpr void swap(result& a, result& b) noexcept { a.swap(b); }         ///< Exchanges the two.
    constexpr bool has_value() const noexcept { return state_.has_value(); }         ///< Whether it succeeded.
    constexpr explicit operator bool() const noexcept { return state_.has_value(); } ///< The same.
    constexpr void value() const noexcept { static_cast<void>(state_.value()); }     ///< Aborts on a failure.
    constexpr void operator*() const noexcept { value(); }                           ///< The same.
    constexpr failure& error() & noexcept { return state_.error(); }                 ///< The failure.
    constexpr failure const& error() const& noexcept { return state_.error(); }      ///< Read-only.
    constexpr failure&& error() && noexcept { return std::move(state_).error(); }    ///< To move from.

    /// A copy of the failure; without one, `other`.
    constexpr failure error_or(failure other) const& { return state_.error_or(std::move(other)); }
    /// The failure, moved; without one, `other`.
    constexpr failure error_or(failure other) && { return std::move(state_).error_or(std::move(other)); }

    /// Returns `next()`, which must be a `result`; after a failure, this failure.
    template <class F>
    constexpr auto and_then(F&& next) const&
    {
        return state_.and_then([&](detail::no_value) { return std::forward<F>(next)(); });
    }
    /// The same with the failure to move from.
    template <class F>
    constexpr auto and_then(F&& next) &&
    {
        return std::move(state_).and_then([&](detail::no_value) { return std::forward<F>(next)(); });
    }
    /// Returns a result with `function()`; after a failure, this failure.
    template <class F>
    constexpr auto transform(F&& function) const&
    {
        return state_.transform([&](detail::no_value) { return std::forward<F>(function)(); });
    }
    /// The same with the failure to move from.
    template <class F>
    constexpr auto transform(F&& function) &&
    {
        return std::move(state_).transform([&](detail::no_value) { return std::forward<F>(function)(); });
    }
    /// Returns success; after a failure, `recover(failure)`, which must be a `result<void>`.
    template <class F>
    constexpr result or_else(F&& recover) const&
    {
        if (has_value()) return *this;
        return std::forward<F>(recover)(error());
    }
    /// The same with the failure to move from.
    template <class F>
    constexpr result or_else(F&& recover) &&
    {
        if (has_value()) return {};
        return std::forward<F>(recover)(std::move(*this).error());
    }
    /// Returns success; after a failure, `function(failure)`, which must be a `failure`.
    template <class F>
    constexpr result transform_error(F&& function) const&
    {
        if (has_value()) return *this;
        return failure(std::forward<F>(function)(error()));
    }
    /// The same with the failure to move from.
    template <class F>
    constexpr result transform_error(F&& function) &&
    {
        if (has_value()) return {};
        return failure(std::forward<F>(function)(std::move(*this).error()));
    }

    /// Whether both succeeded, or have equal failures.
    friend constexpr bool operator==(result const& a, result const& b) noexcept { return a.state_ == b.state_; }
    /// Whether there is a failure equal to `error`.
    friend constexpr bool operator==(result const& a, failure const& error) noexcept { return a.state_ == error; }

private:
    result<detail::no_value> state_;
};

} // namespace sidecall
