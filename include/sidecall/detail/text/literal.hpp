#pragma once

#include <cstddef>
#include <string_view>

/// Defines the user-defined literal `"…"_name`, which makes a `type` with its `parse` at compile time. The operator is
/// `consteval`. For a text that does not parse it calls a function that is declared but not defined, and that
/// function's name is the error message.
///
/// Clang before version 15 would call a consteval function at run time from a template, so there the check is a
/// `diagnose_if` attribute.
#if defined(__clang__) && __clang_major__ < 15
#define SIDECALL_DETAIL_LITERAL(type, name)                                                                            \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wgcc-compat\"") constexpr type               \
    operator""_##name(char const* text, std::size_t size)                                                              \
        __attribute__((diagnose_if(!type::parse({text, size}), "this_literal_is_not_a_valid_" #name, "error")))        \
    {                                                                                                                  \
        return *type::parse({text, size});                                                                             \
    }                                                                                                                  \
    _Pragma("clang diagnostic pop")
#else
#define SIDECALL_DETAIL_LITERAL(type, name)                                                                            \
    void this_literal_is_not_a_valid_##name();                                                                         \
    consteval type operator""_##name(char const* text, std::size_t size)                                               \
    {                                                                                                                  \
        auto const parsed = type::parse({text, size});                                                                 \
        if (!parsed) this_literal_is_not_a_valid_##name();                                                             \
        return *parsed;                                                                                                \
    }
#endif

namespace sidecall::detail {

/// A string with static storage duration. Only a constant expression converts to it, so a pointer to it never dangles.
/// That is how a failure names its field and its rule without allocating.
class literal {
public:
    template <std::size_t N>
    consteval literal(char const (&text)[N]) noexcept : data_(text), size_(N - 1)
    {
    }
    constexpr std::string_view view() const noexcept { return {data_, size_}; }

private:
    char const* data_;
    std::size_t size_;
};

/// The rule for a `storage` that is too small; the offset of the failure is the number of bytes needed.
inline constexpr literal too_small = "too small; the offset is the size that is needed";

/// A rule that a text breaks, and the offset of the first byte that breaks it. Converts to false if there is none.
struct violation {
    literal rule = "";
    std::size_t offset = 0;

    constexpr explicit operator bool() const noexcept { return !rule.view().empty(); }
};

/// A violation and the field that has it. The field is empty if the violation is of the whole text. Converts to false
/// if there is no violation.
struct named_violation {
    literal field = "";
    violation cause{};

    constexpr explicit operator bool() const noexcept { return static_cast<bool>(cause); }
};

} // namespace sidecall::detail
