#pragma once

// Sends the status callbacks of calls one after another, in a separate thread.

#include <sidecall/standin_types.hpp>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace sidecall::standin_detail {

/// A queue of callbacks and the thread that sends them. Its thread starts with the first callback. Every member
/// function may be called from any thread.
class callback_queue {
public:
    using send_function = std::function<void(standin_callback&)>;

    /// `send` sends one callback and stores its result in it.
    explicit callback_queue(send_function send) : send_{std::move(send)} {}
    callback_queue(callback_queue const&) = delete;
    callback_queue& operator=(callback_queue const&) = delete;

    /// Waits for the callback that is being sent. The later ones are not sent.
    ~callback_queue()
    {
        {
            std::lock_guard<std::mutex> const lock{mutex_};
            is_stopped_ = true;
        }
        changed_.notify_one();
        if (thread_.joinable()) thread_.join();
    }

    /// Adds callbacks, in order. The future becomes ready when they were sent, and holds them with their results.
    std::future<std::vector<standin_callback>> push(std::vector<standin_callback> callbacks)
    {
        job added{.callbacks = std::move(callbacks), .done = {}};
        auto result = added.done.get_future();
        {
            std::lock_guard<std::mutex> const lock{mutex_};
            if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
            jobs_.push_back(std::move(added));
        }
        changed_.notify_one();
        return result;
    }

private:
    struct job {
        std::vector<standin_callback> callbacks = {};
        std::promise<std::vector<standin_callback>> done = {};
    };

    void run()
    {
        for (std::unique_lock<std::mutex> lock{mutex_};; lock.lock()) {
            changed_.wait(lock, [this] { return is_stopped_ || !jobs_.empty(); });
            if (is_stopped_) return;
            job next = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            try {
                for (standin_callback& callback : next.callbacks) send_(callback);
                next.done.set_value(std::move(next.callbacks));
            } catch (...) {
                next.done.set_exception(std::current_exception());
            }
        }
    }

    send_function send_;
    std::mutex mutex_; // guards the members below
    std::condition_variable changed_;
    std::deque<job> jobs_;
    bool is_stopped_ = false;
    std::thread thread_;
};

} // namespace sidecall::standin_detail
