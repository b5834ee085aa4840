// A typo in a SID literal does not compile, and the message says so.
// expect: this_literal_is_not_a_valid_account_sid
#include <sidecall/sid.hpp>
using namespace sidecall::literals;
#ifdef MISTAKE
inline constexpr auto account = "AC0000000000000000000000000000000g"_account_sid;
#else
inline constexpr auto account = "AC0000000000000000000000000000000f"_account_sid;
#endif
