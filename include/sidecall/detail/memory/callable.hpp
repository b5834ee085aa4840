#pragma once

#include <type_traits>
#include <utility>

namespace sidecall::detail {

/// Owns any callable that takes an `Argument`. It can be copied if the callable can; a copy of one that cannot is empty
/// and must not be called. Replaces `std::function`, which cannot hold a move-only callable and is expensive to
/// include.
template <class Result, class Argument>
class callable {
public:
    callable() noexcept = default;

    template <class Callee>
    explicit callable(Callee function) : object_(new Callee(std::move(function))), functions_(&functions_of<Callee>)
    {
    }
    callable(callable const& other)
        : object_(other.object_ != nullptr ? other.functions_->copy(other.object_) : nullptr),
          functions_(other.functions_)
    {
    }
    callable(callable&& other) noexcept : object_(std::exchange(other.object_, nullptr)), functions_(other.functions_)
    {
    }
    callable& operator=(callable other) noexcept
    {
        std::swap(object_, other.object_);
        std::swap(functions_, other.functions_);
        return *this;
    }
    ~callable()
    {
        if (object_ != nullptr) functions_->destroy(object_);
    }

    /// Whether there is a callable.
    explicit operator bool() const noexcept { return object_ != nullptr; }

    Result operator()(Argument argument) const { return functions_->call(object_, std::forward<Argument>(argument)); }

private:
    struct functions {
        Result (*call)(void*, Argument);
        void* (*copy)(void const*);
        void (*destroy)(void*) noexcept;
    };

    template <class Callee>
    static Result call(void* object, Argument argument)
    {
        return (*static_cast<Callee*>(object))(std::forward<Argument>(argument));
    }
    template <class Callee>
    static void* copy(void const* object)
    {
        if constexpr (std::is_copy_constructible_v<Callee>)
            return new Callee(*static_cast<Callee const*>(object));
        else
            return nullptr;
    }
    template <class Callee>
    static void destroy(void* object) noexcept
    {
        delete static_cast<Callee*>(object);
    }
    template <class Callee>
    static constexpr functions functions_of{&call<Callee>, &copy<Callee>, &destroy<Callee>};

    void* object_ = nullptr; // owned
    functions const* functions_ = nullptr;
};

} // namespace sidecall::detail
