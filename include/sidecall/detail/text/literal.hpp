#pragma once

#include <cstddef>
#include <string_view>

/// Defines the literal `"…"_name` that makes a `type` by its `parse`, checked by the compiler wherever it stands. It is
/// `consteval`, and a text that does not parse meets a function that is declared and never defined, whose name says so.
/// Clang before 15 would call a consteval function at run time from within a template, so it gets an attribute of its
/// own.
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

/// A string that lives as long as the program. Only a constant expression converts to it, so a pointer to it can be
/// kept for ever; that is how a failure names its field and its rule without allocating.
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

/// What is wrong with a `storage`; the failure's offset is how many bytes it takes.
inline constexpr literal too_small = "too small: it takes so many bytes";

/// A rule that a text breaks, and the first byte that does; or none, which is false.
struct violation {
    literal rule = "";
    std::size_t offset = 0;

    constexpr explicit operator bool() const noexcept { return !rule.view().empty(); }
};

} // namespace sidecall::detail
