#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

// What the targets share. A target is a function of bytes that checks a property which must be true for all inputs.
// Built with FUZZ_ALONE, one target is the function that libFuzzer calls. Otherwise, all targets are in one program,
// replay.cpp.
namespace fuzz {

/// A description of the input for messages; empty under libFuzzer, which writes the input to a file.
inline std::string described{};

/// Aborts the program, which libFuzzer reports as a crash, if the condition is false.
inline void require(bool condition, char const* property)
{
    if (condition) return;
    std::fprintf(stderr, "does not hold: %s\n%s\n", property, described.c_str());
    std::abort();
}

/// Whether a view lies within a text. An empty view lies within any text.
inline bool inside(std::string_view view, std::string_view text)
{
    std::less_equal<char const*> const not_behind;
    return view.empty() ||
           (not_behind(text.data(), view.data()) && not_behind(view.data() + view.size(), text.data() + text.size()));
}

/// Splits an input into arguments, in a format that is easy to write by hand.
class pieces {
public:
    explicit pieces(std::string_view input) : rest_(input) {}

    bool empty() const { return rest_.empty(); }

    /// The next byte, or 0 at the end.
    unsigned byte()
    {
        if (rest_.empty()) return 0;
        auto const first = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return first;
    }

    /// The text up to the next line feed, which is consumed, too.
    std::string_view line()
    {
        std::string_view const line = rest_.substr(0, rest_.find('\n'));
        rest_.remove_prefix(line.size() == rest_.size() ? line.size() : line.size() + 1);
        return line;
    }

    std::string_view rest() { return std::exchange(rest_, {}); }

    /// A text of at most this many letters of an alphabet, one per byte of input.
    std::string word(std::string_view alphabet, std::size_t most)
    {
        std::string word;
        for (std::size_t size = byte() % (most + 1); size != 0; --size) word += alphabet[byte() % alphabet.size()];
        return word;
    }

private:
    std::string_view rest_;
};

/// A target of replay.cpp, in a linked list of all targets.
struct target {
    target(char const* its_name, void (*its_run)(std::string_view)) : name(its_name), run(its_run), next(first)
    {
        first = this;
    }

    static inline target* first = nullptr;

    char const* name;
    void (*run)(std::string_view);
    target* next;
};

} // namespace fuzz

#ifdef FUZZ_ALONE
#define FUZZ_TARGET(name)                                                                                              \
    static void fuzz_##name(std::string_view input);                                                                   \
    extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)                                  \
    {                                                                                                                  \
        fuzz_##name({reinterpret_cast<char const*>(data), size});                                                      \
        return 0;                                                                                                      \
    }                                                                                                                  \
    static void fuzz_##name(std::string_view input)
#else
#define FUZZ_TARGET(name)                                                                                              \
    static void fuzz_##name(std::string_view input);                                                                   \
    static fuzz::target const target_##name(#name, &fuzz_##name);                                                      \
    static void fuzz_##name(std::string_view input)
#endif
