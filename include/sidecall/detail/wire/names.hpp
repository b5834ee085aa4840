#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/chunk.hpp>
#include <sidecall/detail/text/form.hpp>
#include <sidecall/detail/text/header_field.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/detail/text/uri.hpp>
#include <sidecall/text_view.hpp>

// The parameter types for names and fixed texts of a request. A literal is checked at compile time. If it breaks a
// rule, the constructor calls a function that is not `constexpr`, so the program does not compile; the function's name
// is the error message. A failure at run time can name a literal as its field.
namespace sidecall::detail {

[[noreturn]] inline void this_is_not_part_of_a_path() noexcept
{
    end_program("a part of a path is not valid"); // reached only from clang++ before version 15
}
[[noreturn]] inline void this_is_not_the_name_of_a_header_field_that_an_operation_may_set() noexcept
{
    end_program("a name of a header field is not valid"); // reached only from clang++ before version 15
}

[[noreturn]] inline void this_name_contains_a_NUL() noexcept
{
    end_program("a name of a parameter is not valid"); // reached only from clang++ before version 15
}

/// The field of a failure of a parameter or a header field whose name was made at run time.
inline constexpr literal unnamed_parameter = "a parameter";
inline constexpr literal unnamed_header = "a header field";

/// Text that is not a string literal.
template <class T>
concept run_time_text =
    std::is_convertible_v<T const&, std::string_view> && !std::is_array_v<std::remove_reference_t<T>>;

/// A fixed part of a path.
class path_literal {
public:
    template <std::size_t N>
    consteval path_literal(char const (&text)[N]) noexcept : text_(text)
    {
        if (detail::check_path({text, N - 1}, false)) this_is_not_part_of_a_path();
    }
    constexpr std::string_view view() const noexcept { return text_.view(); }

private:
    literal text_;
};

/// The name of a query parameter or of a form field.
class parameter_name {
public:
    template <std::size_t N>
    consteval parameter_name(char const (&name)[N]) noexcept
        : name_(name, N - 1), field_(name), needs_encoding_(detail::count_in(is_unreserved(), {name, N - 1}) != N - 1)
    {
        if (name_.find('\0') != name_.npos) this_name_contains_a_NUL();
    }
    template <run_time_text String>
    constexpr parameter_name(String const& name) noexcept
        : name_(text_view(name)), field_(unnamed_parameter), needs_encoding_(true)
    {
    }

    constexpr std::string_view view() const noexcept { return name_; }
    constexpr literal field() const noexcept { return field_; }
    constexpr bool needs_encoding() const noexcept { return needs_encoding_; }
    constexpr std::size_t encoded_size() const noexcept
    {
        return needs_encoding_ ? encoded_form_size(name_) : name_.size();
    }

private:
    std::string_view name_;
    literal field_;
    bool needs_encoding_;
};

/// The name of a header field.
class header_name {
public:
    template <std::size_t N>
    consteval header_name(char const (&name)[N]) noexcept : name_(name, N - 1), field_(name)
    {
        if (detail::check_header_name(name_)) this_is_not_the_name_of_a_header_field_that_an_operation_may_set();
    }
    template <run_time_text String>
    constexpr header_name(String const& name) noexcept
        : name_(text_view(name)), field_(unnamed_header), fault_(detail::check_header_name(name_))
    {
    }

    constexpr std::string_view view() const noexcept { return name_; }
    constexpr literal field() const noexcept { return field_; }
    constexpr violation const& fault() const noexcept { return fault_; }
    constexpr bool is_accept() const noexcept { return equal_ignoring_case(name_, "accept"); }

private:
    std::string_view name_;
    literal field_;
    violation fault_{};
};

} // namespace sidecall::detail
