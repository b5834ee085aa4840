// What users may ask a compiler to warn of finds nothing in the adapters.
#include <sidecall/curl.hpp>
#include <sidecall/curl_multi.hpp>
#include <sidecall/httplib.hpp>
#include <sidecall/httplib_webhook.hpp>
#include <sidecall/standin.hpp>
#include <sidecall/standin_faults.hpp>
#include <sidecall/standin_types.hpp>
