// An operation without its callback does not compile, since there is no empty callback.
// expect: (callback_url|default constructor|could not convert|no default)
#include <sidecall/subscription.hpp>
using namespace sidecall::literals;
auto operation()
{
    return sidecall::create_user_defined_message_subscription{.account_sid =
                                                                  "AC00000000000000000000000000000001"_account_sid,
                                                              .call_sid = "CA00000000000000000000000000000002"_call_sid,
#ifndef MISTAKE
                                                              .callback = "https://example.com"_callback_url,
#endif
                                                              .idempotency_key = sidecall::idempotency_key::random()};
}
