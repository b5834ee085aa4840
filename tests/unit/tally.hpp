#pragma once

// For tests that compare two implementations on thousands of texts.

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

/// A block of exactly this size, so that a sanitizer sees an out-of-bounds read on either side. Uses malloc, since
/// another test replaces `operator new` with one that puts a header before the block.
class exact_block {
public:
    explicit exact_block(std::string_view text) : size_(text.size()), data_(static_cast<char*>(std::malloc(size_)))
    {
        if (size_ != 0) std::memcpy(data_, text.data(), size_);
    }
    exact_block(exact_block const&) = delete;
    exact_block& operator=(exact_block const&) = delete;
    ~exact_block() { std::free(data_); }

    char& operator[](std::size_t i) { return data_[i]; }
    char* data() { return data_; }
    std::size_t size() const { return size_; }
    std::string_view view() const { return {data_, size_}; }

private:
    std::size_t size_;
    char* data_;
};

inline std::string shown(std::string_view text)
{
    std::string hex;
    for (char c : text) {
        hex += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        hex += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return hex;
}

/// Counts the failed checks and keeps the first one.
struct tally {
    int checked = 0;
    int wrong = 0;
    std::string first;

    void add(std::string_view what, std::string_view text, std::size_t at = 0)
    {
        ++checked;
        if (what.empty() || ++wrong != 1) return;
        first = std::string(what) + " from " + std::to_string(at) + " in " + shown(text);
    }
    void check_all(int least) const
    {
        INFO(first);
        CHECK(wrong == 0);
        CHECK(checked >= least);
    }
};
