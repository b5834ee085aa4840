#include <sidecall/standin.hpp>

#include <sidecall/environment.hpp>
#include <sidecall/httplib.hpp>

#include <sidecall/curl.hpp>

#include <sidecall/sidecall.hpp>

std::string_view version_there()
{
    return sidecall::version;
}
