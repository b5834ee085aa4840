// Includes the single header twice, and is linked with main.cpp: nothing is defined twice.
#include "sidecall.hpp"

#include "sidecall.hpp"

static_assert(!sidecall::version.empty());
