// A text does not convert to a SID without a check.
// expect: (could not convert|cannot convert|no viable conversion|conversion from)
#include <sidecall/sid.hpp>
sidecall::result<sidecall::account_sid> account(char const* text)
{
#ifdef MISTAKE
    sidecall::account_sid const account = text;
    return account;
#else
    return sidecall::account_sid::parse(text);
#endif
}
