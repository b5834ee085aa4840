// Of a number with a sign that the compiler does not know, nobody can tell that it is not negative.
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
