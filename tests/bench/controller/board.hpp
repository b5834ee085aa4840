#pragma once

#include <cstddef>
#include <string_view>

/// What the board offers to a program: output, exit, and the peak use of the stack in bytes.
namespace board {

void print(std::string_view text) noexcept;
void print(std::size_t number) noexcept;
[[noreturn]] void end(int status) noexcept;
std::size_t most_stack() noexcept;

} // namespace board

/// The program that the board runs. Returns its exit status.
int job() noexcept;
