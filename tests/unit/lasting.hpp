#pragma once

/// Makes a temporary an lvalue until the end of the full expression. The library gives no view of a temporary, since
/// most would dangle. A test that uses the view within the expression may bypass that.
template <class T>
constexpr T const& lasting(T const& temporary) noexcept
{
    return temporary;
}
