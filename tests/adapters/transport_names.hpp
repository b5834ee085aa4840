#pragma once

/// The names of the transports in the names of test cases that are templates.

#include <doctest/doctest.h>

#include <sidecall/curl.hpp>
#include <sidecall/httplib.hpp>

TYPE_TO_STRING(sidecall::curl_transport);
TYPE_TO_STRING(sidecall::httplib_transport);
