// An unsigned time point would turn an instant before 1970 into one far in the future.
// expect: (static_assert|static assertion)
#include <chrono>
#include <sidecall/date_time.hpp>
auto convert(sidecall::date_time const& created)
{
#ifdef MISTAKE
    using seconds = std::chrono::duration<unsigned long long>;
#else
    using seconds = std::chrono::duration<long long>;
#endif
    return created.to<std::chrono::time_point<std::chrono::system_clock, seconds>>();
}
