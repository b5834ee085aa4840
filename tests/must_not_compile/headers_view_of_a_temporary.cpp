// A view of header fields needs a range that outlives it.
// expect: deleted (member )?(function|operator|constructor)
#include <sidecall/sidecall.hpp>

#include <vector>

bool has_id(std::vector<sidecall::header> const& fields)
{
#ifdef MISTAKE
    sidecall::headers_view const view = std::vector<sidecall::header>(fields);
#else
    sidecall::headers_view const view = fields;
#endif
    return view.find("Twilio-Request-Id").has_value();
}
