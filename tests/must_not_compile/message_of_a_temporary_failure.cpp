// A failure owns its text, so a view of a temporary's text would dangle.
// expect: deleted (member )?(function|operator|constructor)
#include <sidecall/sidecall.hpp>

std::string text(std::string_view url)
{
#ifdef MISTAKE
    return std::string(sidecall::callback_url::parse(url).error().message());
#else
    return sidecall::callback_url::parse(url).error().to_string();
#endif
}
