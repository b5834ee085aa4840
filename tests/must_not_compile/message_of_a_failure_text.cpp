// A rule's text must have static storage duration, so only a literal is accepted, never a string.
// expect: (could not convert|no matching (function|constructor)|no viable|cannot convert)
#include <sidecall/result.hpp>
#include <string>
sidecall::failure refuse(std::string const& rule)
{
#ifdef MISTAKE
    return sidecall::failure(sidecall::errc::invalid_argument, "Callback", rule, 0);
#else
    return sidecall::failure(sidecall::errc::invalid_argument, rule);
#endif
}
