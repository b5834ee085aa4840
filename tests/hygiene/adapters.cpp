// The adapters compile without warnings under the strict warning options. Linked with one.cpp.
#include <sidecall/curl.hpp>
#include <sidecall/curl_multi.hpp>
#include <sidecall/environment.hpp>
#include <sidecall/httplib.hpp>
#include <sidecall/httplib_webhook.hpp>
#include <sidecall/standin.hpp>
#include <sidecall/standin_faults.hpp>
#include <sidecall/standin_types.hpp>

std::string_view version_there();

std::string_view version_there()
{
    return sidecall::version;
}
