// A SID stores its characters inline, so a view of a temporary one would dangle.
// expect: deleted (member )?(function|operator|constructor)
#include <sidecall/sidecall.hpp>

std::size_t size(std::string_view text)
{
#ifdef MISTAKE
    return sidecall::account_sid::parse(text).value().view().size();
#else
    auto const sid = sidecall::account_sid::parse(text);
    return sid->view().size();
#endif
}
