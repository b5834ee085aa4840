// The account and the call cannot be swapped.
// expect: (could not convert|cannot convert|no viable conversion|no known conversion|no matching)
#include <sidecall/subscription.hpp>
using namespace sidecall::literals;
auto operation()
{
    constexpr auto account = "AC00000000000000000000000000000001"_account_sid;
    constexpr auto call = "CA00000000000000000000000000000002"_call_sid;
    constexpr auto sid = "ZY00000000000000000000000000000003"_subscription_sid;
#ifdef MISTAKE
    return sidecall::delete_user_defined_message_subscription{call, account, sid};
#else
    return sidecall::delete_user_defined_message_subscription{account, call, sid};
#endif
}
