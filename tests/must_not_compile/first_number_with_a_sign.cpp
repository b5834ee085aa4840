// A signed number that is not a constant is rejected as a first number, since it could be negative.
// expect: not a constant expression
#include <sidecall/sequencer.hpp>
auto sequencer(int number)
{
#ifdef MISTAKE
    return sidecall::message_sequencer({.first = number});
#else
    return sidecall::message_sequencer({.first = static_cast<unsigned>(number)});
#endif
}
