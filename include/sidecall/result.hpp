#pragma once

#include <optional> // brings std::construct_at, too: <memory>, its own header, would double what this file costs
#include <type_traits>
#include <utility>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/failure.hpp>

namespace sidecall {

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
    constexpr explicit(!std::is_convertible_v<U, T>) result(U&& value) : value_(std::forward<U>(value))
    {
    }
    /// No value, and why: `return failure(…);`, `return other.error();`.
    constexpr result(failure reason) noexcept : failure_(std::move(reason)), has_value_(false) {}

    /// A copy, if `T` can be copied.
    constexpr result(result const& other)
        requires std::is_copy_constructible_v<T>
        : has_value_(other.has_value_)
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
