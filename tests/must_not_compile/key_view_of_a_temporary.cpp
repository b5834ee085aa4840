// A view of a key needs a key that outlives it.
// expect: (use of deleted function|deleted constructor|invokes a deleted function)
#include <sidecall/idempotency_key.hpp>
std::size_t size()
{
#ifdef MISTAKE
    sidecall::idempotency_key_view const view = sidecall::idempotency_key::random();
#else
    auto const key = sidecall::idempotency_key::random();
    sidecall::idempotency_key_view const view = key;
#endif
    return view.view().size();
}
