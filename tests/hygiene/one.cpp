// Linked with another translation unit that includes the same headers, to check that nothing is defined twice.
#include <sidecall/curl.hpp>
#include <sidecall/environment.hpp>
#include <sidecall/httplib.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/standin.hpp>

std::string_view version_there();

int main()
{
    return sidecall::version == version_there() ? 0 : 1;
}
