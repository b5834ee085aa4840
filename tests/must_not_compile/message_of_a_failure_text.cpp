// A rule's text must live for ever: only a literal will do, never a string that somebody owns.
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
