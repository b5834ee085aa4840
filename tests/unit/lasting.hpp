#pragma once

/// A temporary as an lvalue until the end of the full expression. The library gives no view of a temporary, since most
/// of them dangle; a test that looks at one and is done may say so.
template <class T>
constexpr T const& lasting(T const& temporary) noexcept
{
    return temporary;
}
