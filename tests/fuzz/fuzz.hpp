#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

// What the targets share. Each is a function of bytes that must not break a relation, however they are chosen. Built
// with FUZZ_ALONE, one target is the function that libFuzzer calls; else all of them are in one program, replay.cpp.
namespace fuzz {

/// The input as a person can find it again; empty under libFuzzer, which writes it to a file.
inline std::string described{};

/// Ends the program, which libFuzzer takes for a crash, if a relation does not hold.
inline void hold(bool truth, char const* what)
{
    if (truth) return;
    std::fprintf(stderr, "does not hold: %s\n%s\n", what, described.c_str());
    std::abort();
}

/// Whether a view is a part of a text; an empty one is a part of any.
inline bool inside(std::string_view view, std::string_view text)
{
    std::less_equal<char const*> const not_behind;
    return view.empty() ||
           (not_behind(text.data(), view.data()) && not_behind(view.data() + view.size(), text.data() + text.size()));
}

/// Splits an input into the arguments of what is called, so that a person can write one, too.
class pieces {
public:
    explicit pieces(std::string_view input) : rest_(input) {}

    bool empty() const { return rest_.empty(); }

    /// The next byte; nought at the end.
    unsigned byte()
    {
        if (rest_.empty()) return 0;
        auto const first = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return first;
    }

    /// What stands before the next line feed, which goes, too.
    std::string_view line()
    {
        std::string_view const line = rest_.substr(0, rest_.find('\n'));
        rest_.remove_prefix(line.size() == rest_.size() ? line.size() : line.size() + 1);
        return line;
    }

    std::string_view rest() { return std::exchange(rest_, {}); }

    /// A text of up to so many letters of an alphabet, a letter a byte.
    std::string word(std::string_view alphabet, std::size_t most)
    {
        std::string word;
        for (std::size_t size = byte() % (most + 1); size != 0; --size) word += alphabet[byte() % alphabet.size()];
        return word;
    }

private:
    std::string_view rest_;
};

/// A target of replay.cpp, in a list of all of them.
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
