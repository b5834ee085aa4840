// A result that is ignored is an error that goes unnoticed.
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
