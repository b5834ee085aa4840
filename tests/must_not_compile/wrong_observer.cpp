// An observer must take a report, and the compiler says which.
// expect: an observer is a callable that takes a 'sidecall::attempt_report const&'
#include <sidecall/observer.hpp>

#ifdef MISTAKE
auto const observer = [](int) {};
#else
auto const observer = [](sidecall::attempt_report const&) {};
#endif

using transport = sidecall::result<sidecall::http_response> (*)(sidecall::authorized_request const&);
using observed = sidecall::observed_transport<transport, decltype(observer)>;
auto observe(transport client)
{
    return observed(std::move(client), std::move(observer));
}
