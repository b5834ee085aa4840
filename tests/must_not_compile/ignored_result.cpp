// An ignored result would hide a failure.
// expect: (nodiscard|unused-result)
#include <sidecall/callback_url.hpp>
void check(std::string_view url)
{
#ifdef MISTAKE
    sidecall::callback_url::parse(url);
#else
    if (!sidecall::callback_url::parse(url)) return;
#endif
}
