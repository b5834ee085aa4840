// The single header twice in this translation unit, and linked with main.cpp: nothing is defined twice.
#include "sidecall.hpp"

#include "sidecall.hpp"

static_assert(!sidecall::version.empty());
