// Literals in templates are checked and linked like any others. clang 14 would call a consteval operator at run time.
#include <sidecall/subscription.hpp>

using namespace sidecall::literals;

template <class T>
auto operation(T const&)
{
    return sidecall::create_user_defined_message_subscription{.account_sid =
                                                                  "AC00000000000000000000000000000001"_account_sid,
                                                              .call_sid = "CA00000000000000000000000000000002"_call_sid,
                                                              .callback = "https://example.com/udm"_callback_url};
}

int main()
{
    auto const made = operation(0);
    return made.callback.host() == "example.com" ? 0 : 1;
}
