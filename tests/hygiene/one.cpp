// Linked with another translation unit that includes the same headers, adapters.cpp, to check that nothing is defined
// twice.
#include <sidecall/standin.hpp>

#include <sidecall/httplib.hpp>

#include <sidecall/environment.hpp>

#include <sidecall/curl_multi.hpp>

#include <sidecall/sidecall.hpp>

std::string_view version_there();

int main()
{
    return sidecall::version == version_there() ? 0 : 1;
}
