#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/errc.hpp>

// The queues of `ordered_sender`, one for each key, without the types of the operations. For one thread.
namespace sidecall::detail {

struct ordered_lane;

/// An object that counts its owners. The last `owner` deletes it.
struct counted {
    counted() noexcept = default;
    counted(counted const&) = delete;
    counted& operator=(counted const&) = delete;
    virtual ~counted() = default;

    std::size_t owners = 0;
};

/// A pointer that keeps a `counted` object alive.
template <class T>
class owner {
public:
    owner() noexcept = default;
    explicit owner(T* object) noexcept : object_(object) { ++object_->owners; }
    owner(owner const& other) noexcept : object_(other.object_)
    {
        if (object_ != nullptr) ++object_->owners;
    }
    owner(owner&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    owner& operator=(owner other) noexcept
    {
        std::swap(object_, other.object_);
        return *this;
    }
    ~owner()
    {
        if (object_ != nullptr && --object_->owners == 0) delete object_;
    }

    explicit operator bool() const noexcept { return object_ != nullptr; }
    T& operator*() const noexcept { return *object_; }
    T* operator->() const noexcept { return object_; }

private:
    T* object_ = nullptr;
};

/// An operation, from `send` until its handler has been called.
class ordered_operation : public counted {
public:
    /// Sends it, because its turn has come. The lane exists until its handler is called or the queues are closed.
    virtual void start(ordered_lane& lane) = 0;
    /// Calls its handler with a failure, because it will not be sent.
    virtual void refuse() = 0;
    /// Calls its handler, because the sender is being destroyed while it is being sent.
    virtual void abandon() = 0;

    owner<ordered_operation> behind{}; // the one behind it in its list
    literal refusal = "";              // why it will not be sent
};

/// A list of operations: first in, first out.
class operation_list {
public:
    operation_list() noexcept = default;
    operation_list(operation_list const&) = delete;
    operation_list& operator=(operation_list const&) = delete;
    ~operation_list()
    {
        while (pop()) { // one by one, since the destructors of a chain would recurse
        }
    }

    std::size_t size() const noexcept { return size_; }

    void push(owner<ordered_operation> added) noexcept
    {
        ordered_operation* const last = &*added;
        (last_ != nullptr ? last_->behind : first_) = std::move(added);
        last_ = last;
        ++size_;
    }

    /// Removes the first one. Returns null if there is none.
    owner<ordered_operation> pop() noexcept
    {
        auto taken = std::move(first_);
        if (!taken) return taken;
        first_ = std::move(taken->behind);
        if (!first_) last_ = nullptr;
        --size_;
        return taken;
    }

private:
    owner<ordered_operation> first_{};
    ordered_operation* last_ = nullptr;
    std::size_t size_ = 0;
};

/// The bytes of a key; a SID fits without an allocation.
using key_text = short_text<34>;

/// The operations with one key.
struct ordered_lane {
    explicit ordered_lane(key_text&& text) noexcept : key(std::move(text)) {}

    /// How many operations have not been completed.
    std::size_t size() const noexcept { return waiting.size() + (in_flight ? 1 : 0); }

    key_text key;
    ordered_lane* children[2] = {};
    ordered_lane* next_ready = nullptr;
    operation_list waiting{};
    owner<ordered_operation> in_flight{}; // empty from the call of its handler on
    literal stop = "";                    // why further operations are refused; empty if they are not
    bool is_busy = false;                 // an operation is being sent or its handler is running
    bool is_ready = false;                // it is in the list of lanes to be looked at
    bool fails_waiting = false;           // when the running handler returns, the waiting operations are refused
};

/// All lanes by key: a splay tree (Sleator and Tarjan, 1985). Every operation takes amortised logarithmic time,
/// whatever the keys are and in whatever order they come. Nothing recurses.
class lane_tree {
public:
    /// Any lane; null if there is none.
    ordered_lane* any() const noexcept { return root_; }
    std::size_t size() const noexcept { return size_; }

    /// The lane of a key; null if there is none.
    ordered_lane* find(std::string_view key) noexcept
    {
        splay(key);
        return root_ != nullptr && std::string_view(root_->key) == key ? root_ : nullptr;
    }

    /// Adds a lane right after `find` has not found its key.
    void insert(ordered_lane& added) noexcept
    {
        if (root_ != nullptr) {
            bool const is_after = std::string_view(added.key) > std::string_view(root_->key);
            added.children[is_after] = std::exchange(root_->children[is_after], nullptr);
            added.children[!is_after] = root_;
        }
        root_ = &added;
        ++size_;
    }

    void erase(ordered_lane& removed) noexcept
    {
        splay(removed.key); // it is the root then
        ordered_lane* const after = removed.children[1];
        root_ = removed.children[0];
        splay(removed.key); // the last one before it is the root then, and has nothing after it
        (root_ != nullptr ? root_->children[1] : root_) = after;
        --size_;
    }

private:
    /// Makes the lane of this key the root. Without one, the root is then the lane before or after the place of the
    /// key.
    void splay(std::string_view key) noexcept
    {
        if (root_ == nullptr) return;
        ordered_lane* parts[2] = {}; // what is before the key, and what is after it
        ordered_lane** ends[2] = {&parts[0], &parts[1]};
        ordered_lane* at = root_;
        for (int order; (order = key.compare(at->key)) != 0;) {
            bool const is_after = order > 0;
            ordered_lane* child = at->children[is_after];
            if (child == nullptr) break;
            int const next = key.compare(child->key);
            if (next != 0 && (next > 0) == is_after) { // two steps to the same side: rotate
                at->children[is_after] = std::exchange(child->children[!is_after], at);
                at = child;
                child = at->children[is_after];
                if (child == nullptr) break;
            }
            *ends[!is_after] = at;
            ends[!is_after] = &at->children[is_after];
            at = child;
        }
        *ends[0] = at->children[0];
        *ends[1] = at->children[1];
        at->children[0] = parts[0];
        at->children[1] = parts[1];
        root_ = at;
    }

    ordered_lane* root_ = nullptr;
    std::size_t size_ = 0;
};

inline constexpr literal sender_destroyed = "nothing was sent: the sender was destroyed";
inline constexpr literal too_many_wait = "nothing was sent: too many operations with the same key are waiting";
inline constexpr literal earlier_one_refused =
    "nothing was sent: too many operations with the same key were waiting when an earlier one came";
inline constexpr literal cancelled_in_queue = "nothing was sent: cancelled while it was waiting";

/// Why operations are refused after one that failed with this code.
constexpr literal stopped_by(errc code) noexcept
{
#define SIDECALL_DETAIL_STOPPED_BY(code)                                                                               \
    literal("nothing was sent: an earlier operation with the same key failed with " code)
    constexpr literal reasons[] = {
        SIDECALL_DETAIL_STOPPED_BY("invalid_argument"),   SIDECALL_DETAIL_STOPPED_BY("transport_failure"),
        SIDECALL_DETAIL_STOPPED_BY("not_connected"),      SIDECALL_DETAIL_STOPPED_BY("tls_failure"),
        SIDECALL_DETAIL_STOPPED_BY("timed_out"),          SIDECALL_DETAIL_STOPPED_BY("answer_lost"),
        SIDECALL_DETAIL_STOPPED_BY("answer_too_large"),   SIDECALL_DETAIL_STOPPED_BY("cancelled"),
        SIDECALL_DETAIL_STOPPED_BY("api_error"),          SIDECALL_DETAIL_STOPPED_BY("unexpected_status"),
        SIDECALL_DETAIL_STOPPED_BY("malformed_response"), SIDECALL_DETAIL_STOPPED_BY("invalid_signature"),
        SIDECALL_DETAIL_STOPPED_BY("malformed_webhook"),  SIDECALL_DETAIL_STOPPED_BY("an unknown code"),
    };
#undef SIDECALL_DETAIL_STOPPED_BY
    static_assert(sizeof reasons / sizeof *reasons == sizeof code_texts / sizeof *code_texts + 1);
    auto const index = static_cast<std::size_t>(code) - 1;
    constexpr std::size_t unknown = sizeof reasons / sizeof *reasons - 1;
    return reasons[index < unknown ? index : unknown];
}

/// The queues of all keys. Calls `start` or `refuse` once for each operation, in the order of its key.
///
/// `run` is the only loop. What happens while it runs, in a handler or in a transport that completes at once, only adds
/// to its lists. So the stack does not grow with the number of operations, and no handler is called within another.
class ordered_queues : public counted {
    /// Defers `run` for as long as it exists.
    class running {
    public:
        explicit running(ordered_queues& queues) noexcept
            : queues_(queues), was_running_(std::exchange(queues.is_running_, true))
        {
        }
        running(running const&) = delete;
        running& operator=(running const&) = delete;
        ~running() { queues_.is_running_ = was_running_; }

    private:
        ordered_queues& queues_;
        bool was_running_;
    };

public:
    ordered_queues(bool stops_after_failure, std::size_t max_waiting) noexcept
        : max_waiting_(max_waiting), stops_after_failure_(stops_after_failure)
    {
    }

    bool is_closed() const noexcept { return is_closed_; }
    std::size_t waiting() const noexcept { return waiting_; }
    std::size_t keys() const noexcept { return lanes_.size(); }
    std::size_t waiting(std::string_view key) noexcept
    {
        ordered_lane const* const lane = lanes_.find(key);
        return lane != nullptr ? lane->waiting.size() : 0;
    }
    bool is_stopped(std::string_view key) noexcept
    {
        ordered_lane const* const lane = lanes_.find(key);
        return lane != nullptr && is_stopped(*lane);
    }

    /// Adds an operation to the queue of its key. Only this allocates: if that throws, nothing has changed.
    void add(key_text&& key, owner<ordered_operation> added)
    {
        if (is_closed_) {
            refuse(std::move(added), sender_destroyed);
        } else {
            ordered_lane& lane = find_or_insert(std::move(key));
            if (is_stopped(lane) && !lane.fails_waiting) {
                refuse(std::move(added), lane.stop);
            } else if (lane.size() > max_waiting_) {
                refuse(std::move(added), too_many_wait);
                if (stops_after_failure_ && !is_stopped(lane)) lane.stop = earlier_one_refused;
            } else {
                lane.waiting.push(std::move(added));
                ++waiting_;
                make_ready(lane);
            }
        }
        run();
    }

    /// Accepts operations with this key again. False if it was not stopped.
    bool resume(std::string_view key)
    {
        ordered_lane* const lane = lanes_.find(key);
        if (lane == nullptr || !is_stopped(*lane)) return false;
        lane->stop = "";
        lane->fails_waiting = false;
        make_ready(*lane);
        run();
        return true;
    }

    /// Refuses the waiting operations with this key. Returns how many there were.
    std::size_t cancel(std::string_view key)
    {
        ordered_lane* const lane = lanes_.find(key);
        if (lane == nullptr) return 0;
        std::size_t const count = lane->waiting.size();
        refuse_waiting(*lane, cancelled_in_queue);
        make_ready(*lane);
        run();
        return count;
    }

    /// Calls the handlers of all operations. Nothing is started after this.
    void shut_down()
    {
        owner<ordered_queues> const alive(this);
        running const scope(*this);
        is_closed_ = true;
        first_ready_ = last_ready_ = nullptr;
        while (ordered_lane* const lane = lanes_.any()) {
            lanes_.erase(*lane);
            refuse_waiting(*lane, sender_destroyed);
            auto const in_flight = std::move(lane->in_flight);
            delete lane;
            if (in_flight) in_flight->abandon();
        }
        while (auto const first = refused_.pop()) first->refuse();
    }

    /// The call of the handler of an operation that was started. Call `run` afterwards; the lane then goes on.
    class handler_call {
    public:
        /// `failure_code` is null if the operation succeeded.
        handler_call(ordered_queues& queues, ordered_lane& lane, errc const* failure_code) noexcept
            : queues_(queues), lane_(lane), scope_(queues)
        {
            lane.in_flight = {};
            if (failure_code == nullptr || !queues.stops_after_failure_) return;
            lane.stop = stopped_by(*failure_code);
            lane.fails_waiting = true;
        }
        handler_call(handler_call const&) = delete;
        handler_call& operator=(handler_call const&) = delete;
        ~handler_call()
        {
            if (queues_.is_closed_) return; // the lane is gone
            if (std::exchange(lane_.fails_waiting, false)) queues_.refuse_waiting(lane_, lane_.stop);
            lane_.is_busy = false;
            queues_.make_ready(lane_);
        }

    private:
        ordered_queues& queues_;
        ordered_lane& lane_;
        running scope_;
    };

    /// Starts and refuses operations until none is left that can be. Returns at once if it is already running.
    void run()
    {
        if (is_running_) return;
        owner<ordered_queues> const alive(this);
        running const scope(*this);
        for (;;) {
            if (auto const first = refused_.pop())
                first->refuse();
            else if (ordered_lane* const lane = pop_ready())
                advance(*lane);
            else
                return;
        }
    }

private:
    static bool is_stopped(ordered_lane const& lane) noexcept { return !lane.stop.view().empty(); }

    ordered_lane& find_or_insert(key_text&& key)
    {
        if (ordered_lane* const found = lanes_.find(key)) return *found;
        auto* const added = new ordered_lane(std::move(key));
        lanes_.insert(*added);
        return *added;
    }

    void refuse(owner<ordered_operation> refused, literal reason) noexcept
    {
        refused->refusal = reason;
        refused_.push(std::move(refused));
    }

    void refuse_waiting(ordered_lane& lane, literal reason) noexcept
    {
        while (auto first = lane.waiting.pop()) {
            --waiting_;
            refuse(std::move(first), reason);
        }
    }

    void make_ready(ordered_lane& lane) noexcept
    {
        if (lane.is_ready) return;
        lane.is_ready = true;
        lane.next_ready = nullptr;
        (last_ready_ != nullptr ? last_ready_->next_ready : first_ready_) = &lane;
        last_ready_ = &lane;
    }

    ordered_lane* pop_ready() noexcept
    {
        ordered_lane* const lane = first_ready_;
        if (lane == nullptr) return nullptr;
        first_ready_ = lane->next_ready;
        if (first_ready_ == nullptr) last_ready_ = nullptr;
        lane->is_ready = false;
        return lane;
    }

    /// Starts the next operation of a lane, or removes the lane if it is empty.
    void advance(ordered_lane& lane)
    {
        if (lane.is_busy) return;
        if (auto first = lane.waiting.pop()) {
            --waiting_;
            lane.is_busy = true;
            lane.in_flight = first;
            first->start(lane);
        } else if (!is_stopped(lane)) {
            lanes_.erase(lane);
            delete &lane;
        }
    }

    lane_tree lanes_{};
    operation_list refused_{}; // their handlers are to be called
    ordered_lane* first_ready_ = nullptr;
    ordered_lane* last_ready_ = nullptr;
    std::size_t waiting_ = 0;
    std::size_t max_waiting_;
    bool stops_after_failure_;
    bool is_running_ = false;
    bool is_closed_ = false;
};

} // namespace sidecall::detail
