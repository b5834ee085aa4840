// A storage is not made from constant memory.
// expect: (no matching function|cannot convert|no viable conversion)
#include <sidecall/credentials.hpp>
auto keep(char const* token)
{
#ifdef MISTAKE
    static constexpr char memory[64]{};
#else
    static char memory[64]{};
#endif
    return sidecall::secret::in(memory, token);
}
