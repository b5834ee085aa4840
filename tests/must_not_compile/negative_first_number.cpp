// A sequence number is never negative: -1 would be the last of 64 bits, and nothing would ever be in order.
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
