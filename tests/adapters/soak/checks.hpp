#pragma once

/// What both processes of the soak use: the names of the calls, the check of the order of messages, the figures of a
/// process, and the line through these figures.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <malloc.h>
#include <unistd.h>

namespace soak_test {

/// One call. Each slot has a call at any time; when a call ends, the next generation takes its place.
struct call_name {
    unsigned slot = 0;
    unsigned generation = 0;

    std::string sid() const
    {
        char text[35];
        std::snprintf(text, sizeof text, "CA%016x%016x", generation, slot);
        return text;
    }
    /// The content of the message with this number, in either direction.
    std::string content(std::uint64_t number) const
    {
        return "{\"slot\":" + std::to_string(slot) + ",\"generation\":" + std::to_string(generation) +
               ",\"number\":" + std::to_string(number) + "}";
    }
    friend bool operator==(call_name const&, call_name const&) = default;
};

/// A message, as its content names it.
struct message_name {
    call_name call{};
    std::uint64_t number = 0;

    /// Returns false if the content is not that of a message of the soak.
    static bool parse(std::string_view content, message_name& name)
    {
        unsigned long long number = 0;
        bool const is_read = std::sscanf(std::string(content).c_str(), R"({"slot":%u,"generation":%u,"number":%llu})",
                                         &name.call.slot, &name.call.generation, &number) == 3;
        name.number = number;
        return is_read && name.call.content(name.number) == content;
    }
};

/// The mistakes in one direction.
struct mistakes {
    std::atomic<std::uint64_t> lost = 0;
    std::atomic<std::uint64_t> doubled = 0;
    std::atomic<std::uint64_t> reordered = 0;

    std::uint64_t all() const { return lost + doubled + reordered; }
};

/// Checks that the messages of a call in one direction arrive as 0, 1, 2… For one thread.
class order_check {
public:
    /// Counts the mistake, if this message is one. Returns a word for it, or an empty text.
    char const* add(std::uint64_t number, mistakes& found)
    {
        if (number < next_ || early_.contains(number)) {
            ++found.doubled;
            return "doubled";
        }
        if (number == next_) {
            for (++next_; early_.erase(next_) != 0;) ++next_;
            return "";
        }
        early_.insert(number);
        ++found.reordered;
        return "out of order";
    }

    /// The number of the first message that has not arrived.
    std::uint64_t next() const { return next_; }
    /// How many messages have arrived.
    std::uint64_t count() const { return next_ + early_.size(); }

private:
    std::uint64_t next_ = 0;
    std::set<std::uint64_t> early_{};
};

/// The figures of a process.
struct figures {
    double seconds = 0;          ///< Since the start of the run.
    std::size_t heap = 0;        ///< Bytes that are allocated and not freed.
    std::size_t rss = 0;         ///< Bytes of memory in use by the process.
    std::size_t descriptors = 0; ///< Open file descriptors.

    /// The figures of this process, without `seconds`. `heap` is 0 if malloc is not that of glibc, as under a
    /// sanitizer.
    static figures of_this_process()
    {
        figures now;
        struct mallinfo2 const heap = ::mallinfo2();
        now.heap = heap.uordblks + heap.hblkhd;
        if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
            unsigned long size = 0, resident = 0;
            if (std::fscanf(file, "%lu %lu", &size, &resident) == 2)
                now.rss = resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
            std::fclose(file);
        }
        if (DIR* const directory = ::opendir("/proc/self/fd")) {
            while (dirent const* const entry = ::readdir(directory)) now.descriptors += entry->d_name[0] != '.';
            ::closedir(directory);
            --now.descriptors; // that of the directory
        }
        return now;
    }
};

/// How much a figure grows between the first and the last sample, on the line with the least squares through all.
inline double growth(std::vector<figures> const& samples, std::size_t figures::* figure)
{
    if (samples.size() < 3) return 0;
    double const count = static_cast<double>(samples.size());
    double time = 0, value = 0;
    for (auto const& one : samples) {
        time += one.seconds / count;
        value += static_cast<double>(one.*figure) / count;
    }
    double covariance = 0, variance = 0;
    for (auto const& one : samples) {
        covariance += (one.seconds - time) * (static_cast<double>(one.*figure) - value);
        variance += (one.seconds - time) * (one.seconds - time);
    }
    return variance == 0 ? 0 : covariance / variance * (samples.back().seconds - samples.front().seconds);
}

} // namespace soak_test
