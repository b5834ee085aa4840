#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <sidecall/detail/memory/callable.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/result.hpp>

namespace sidecall::detail {

/// Answers that wait for their delivery, each with its handler. A copy has none. The destructor answers those that are
/// left with `cancelled`, since a handler must be called exactly once.
class held_answers {
public:
    held_answers() noexcept = default;
    held_answers(held_answers const&) noexcept {}
    held_answers(held_answers&& other) noexcept : list_(std::exchange(other.list_, {})) {}
    held_answers& operator=(held_answers other) noexcept
    {
        list_.swap(other.list_);
        return *this;
    }
    ~held_answers()
    {
        for (auto const& one : std::exchange(list_, {})) one.handler(failure(errc::cancelled));
    }

    std::size_t size() const noexcept { return list_.size(); }

    template <class Handler>
    void add(Handler handler, result<http_response> answer)
    {
        list_.push_back({callable<void, result<http_response>>(std::move(handler)), std::move(answer)});
    }

    /// Answers the one at `index`. False if there is none. Removes it first, since its handler may add others.
    bool answer(std::size_t index)
    {
        if (index >= list_.size()) return false;
        held one = std::move(list_[index]);
        for (; index + 1 != list_.size(); ++index) list_[index] = std::move(list_[index + 1]);
        list_.pop_back();
        one.handler(std::move(one.answer));
        return true;
    }

private:
    struct held {
        callable<void, result<http_response>> handler;
        result<http_response> answer;
    };

    std::vector<held> list_{};
};

} // namespace sidecall::detail
