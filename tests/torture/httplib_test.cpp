#include "torture.hpp"
