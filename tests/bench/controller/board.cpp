// Starts a Cortex-M4 and talks to the debugger (here qemu) by semihosting, without a C library or an operating system.

#include "board.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" {
extern std::uint32_t data_begin[], data_end[], data_from[], bss_begin[], bss_end[], stack_limit[], stack_top[];
extern void (*init_array_begin[])();
extern void (*init_array_end[])();
}

namespace {

constexpr std::uint32_t paint = 0x5AFE5AFE;

std::uint32_t call_debugger(std::uint32_t operation, void const* argument) noexcept
{
    register std::uint32_t r0 __asm__("r0") = operation;
    register void const* r1 __asm__("r1") = argument;
    __asm__ __volatile__("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void write(char const* text) noexcept
{
    call_debugger(0x04, text); // SYS_WRITE0
}

} // namespace

namespace board {

void print(std::string_view text) noexcept
{
    char part[32];
    for (std::size_t at = 0; at != text.size();) {
        std::size_t size = 0;
        while (size != sizeof part - 1 && at != text.size()) part[size++] = text[at++];
        part[size] = '\0';
        write(part);
    }
}

void print(std::size_t number) noexcept
{
    char digits[12];
    char* first = digits + sizeof digits - 1;
    *first = '\0';
    do *--first = static_cast<char>('0' + number % 10);
    while (number /= 10);
    write(first);
}

void end(int status) noexcept
{
    // SYS_EXIT_EXTENDED; the reason is ADP_Stopped_ApplicationExit
    std::uint32_t const arguments[] = {0x20026, static_cast<std::uint32_t>(status)};
    call_debugger(0x20, arguments);
    for (;;) {
    }
}

std::size_t most_stack() noexcept
{
    std::uint32_t const* lowest = stack_limit;
    while (lowest != stack_top && *lowest == paint) ++lowest;
    return static_cast<std::size_t>(stack_top - lowest) * sizeof *lowest;
}

} // namespace board

extern "C" {

[[noreturn]] void fault()
{
    write("fault\n");
    board::end(3);
}

[[noreturn]] void reset()
{
    std::uint32_t* from = data_from;
    for (std::uint32_t volatile* to = data_begin; to != data_end; ++to) *to = *from++;
    for (std::uint32_t volatile* to = bss_begin; to != bss_end; ++to) *to = 0;
    auto const here = static_cast<std::uint32_t*>(__builtin_frame_address(0));
    for (std::uint32_t volatile* to = stack_limit; to < here - 32; ++to) *to = paint; // the memory above is in use
    for (auto which = init_array_begin; which != init_array_end; ++which) (*which)();
    board::end(job());
}

// The library calls it where it must not go on. newlib's version would raise a signal and link the code for that.
[[noreturn]] void abort()
{
    write("abort\n");
    board::end(4);
}

// The initial stack pointer, and the handlers of reset, NMI and the four faults.
[[gnu::section(".vectors"), gnu::used]] void (*const vectors[])() = {
    reinterpret_cast<void (*)()>(stack_top), reset, fault, fault, fault, fault, fault};
}

// Called for a `substr` past the end of a text, which the library never does. libstdc++'s version throws, and an
// exception needs a heap.
[[noreturn]] void std::__throw_out_of_range_fmt(char const*, ...)
{
    std::abort();
}
