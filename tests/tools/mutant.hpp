#pragma once

#include <cstdio>
#include <cstdlib>
#include <type_traits>
#include <utility>

// The switches that tests/mutate writes into a copy of the headers, so that one program contains all changes. The
// environment variable MUTANT selects the active change by its number. No change is active in constant expressions.
namespace mutant {

inline char reached[10000];

inline int const active = [] {
    char const* const number = std::getenv("MUTANT");
    return number ? std::atoi(number) : -1;
}();

/// At exit, appends the numbers of the changes that the program reached to the file that MUTANT_REACHED names.
struct log {
    ~log()
    {
        char const* const name = std::getenv("MUTANT_REACHED");
        std::FILE* const file = name ? std::fopen(name, "a") : nullptr;
        if (!file) return;
        for (int i = 0; i != sizeof reached; ++i)
            if (reached[i]) std::fprintf(file, "%d\n", i);
        std::fclose(file);
    }
};
inline log const at_the_end;

template <int N>
constexpr bool on() noexcept
{
    if (std::is_constant_evaluated()) return false;
    reached[N] = 1;
    return active == N;
}

template <int N, class T>
constexpr T pick(T usual, T changed) noexcept
{
    return on<N>() ? changed : usual;
}

template <int N, class T>
constexpr bool flip(T&& condition) noexcept
{
    return static_cast<bool>(std::forward<T>(condition)) != on<N>();
}

// `a < b` becomes `a < less<N> < b`. This needs no parser: because both operators have the same precedence and group
// from left to right, the operands stay the same. The first operator stores the left operand; the second does the
// operation, changed or not.
template <class Kind, int N>
struct between {};
template <class Kind, int N, class Left>
struct half {
    Left&& left;
};

#define MUTANT(kind, usual, changed)                                                                                   \
    struct kind##_kind {};                                                                                             \
    template <int N>                                                                                                   \
    inline constexpr between<kind##_kind, N> kind;                                                                     \
    template <int N, class Left>                                                                                       \
    constexpr half<kind##_kind, N, Left> operator usual(Left && left, between<kind##_kind, N>) noexcept                \
    {                                                                                                                  \
        return {std::forward<Left>(left)};                                                                             \
    }                                                                                                                  \
    template <int N, class Left, class Right>                                                                          \
    constexpr decltype(auto) operator usual(half<kind##_kind, N, Left> kept, Right&& right)                            \
    {                                                                                                                  \
        using type = decltype(std::forward<Left>(kept.left) usual std::forward<Right>(right));                         \
        if (on<N>()) return static_cast<type>(std::forward<Left>(kept.left) changed std::forward<Right>(right));       \
        return static_cast<type>(std::forward<Left>(kept.left) usual std::forward<Right>(right));                      \
    }
MUTANT(less, <, <=)
MUTANT(less_equal, <=, <)
MUTANT(greater, >, >=)
MUTANT(greater_equal, >=, >)
MUTANT(equal, ==, !=)
MUTANT(not_equal, !=, ==)
MUTANT(plus, +, -)
MUTANT(minus, -, +)
MUTANT(times, *, +)
MUTANT(divide, /, *)
MUTANT(modulo, %, /)
MUTANT(shift_left, <<, >>)
MUTANT(shift_right, >>, <<)
MUTANT(bit_and, &, |)
MUTANT(bit_or, |, &)
#undef MUTANT

// `a += b` becomes `a += add<N> += b`: assignments group from right to left.
#define MUTANT(kind, usual, changed)                                                                                   \
    struct kind##_kind {};                                                                                             \
    template <int N>                                                                                                   \
    inline constexpr between<kind##_kind, N> kind;                                                                     \
    template <int N, class Right>                                                                                      \
    constexpr half<kind##_kind, N, Right> operator usual(between<kind##_kind, N>, Right && right) noexcept             \
    {                                                                                                                  \
        return {std::forward<Right>(right)};                                                                           \
    }                                                                                                                  \
    template <int N, class Left, class Right>                                                                          \
    constexpr decltype(auto) operator usual(Left& left, half<kind##_kind, N, Right> kept)                              \
    {                                                                                                                  \
        if (on<N>()) return left changed std::forward<Right>(kept.left);                                               \
        return left usual std::forward<Right>(kept.left);                                                              \
    }
MUTANT(add, +=, -=)
MUTANT(subtract, -=, +=)
#undef MUTANT

// `++x` becomes `increment<N> ->* x`: no binary operator has a higher precedence than `->*`.
#define MUTANT(kind, type, usual, changed)                                                                             \
    struct kind##_kind {};                                                                                             \
    template <int N>                                                                                                   \
    inline constexpr between<kind##_kind, N> kind;                                                                     \
    template <int N, class T>                                                                                          \
    constexpr type operator->*(between<kind##_kind, N>, T&& x) noexcept                                                \
    {                                                                                                                  \
        if (on<N>()) return changed x;                                                                                 \
        return usual x;                                                                                                \
    }
MUTANT(increment, decltype(auto), ++, --)
MUTANT(decrement, decltype(auto), --, ++)
MUTANT(negation, bool, !, !!)
#undef MUTANT

} // namespace mutant
