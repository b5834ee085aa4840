// A negative first number is rejected: -1 would be the largest 64-bit number, and no message would ever be in order.
// expect: (first_sequence_number_must_not_be_negative|not a constant expression)
#include <sidecall/sequencer.hpp>
auto sequencer()
{
#ifdef MISTAKE
    return sidecall::message_sequencer({.first = -1});
#else
    return sidecall::message_sequencer({.first = 1});
#endif
}
