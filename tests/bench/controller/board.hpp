#pragma once

#include <cstddef>
#include <string_view>

/// What a board gives a program: a line of output, an end, and how much of the stack has been used.
namespace board {

void print(std::string_view text) noexcept;
void print(std::size_t number) noexcept;
[[noreturn]] void end(int status) noexcept;
std::size_t most_stack() noexcept;

} // namespace board

/// What it runs: the status that the program ends with.
int job() noexcept;
