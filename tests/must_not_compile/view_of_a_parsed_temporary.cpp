// A view of a temporary callback would dangle.
// expect: deleted (member )?(function|operator|constructor)
#include <sidecall/sidecall.hpp>

std::string_view text(std::string_view url)
{
#ifdef MISTAKE
    return sidecall::callback_url::parse(url)->view();
#else
    return sidecall::callback_url_view::parse(url).value().view();
#endif
}
