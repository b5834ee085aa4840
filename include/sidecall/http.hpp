#pragma once

// Includes everything about HTTP that a transport needs.
#include <sidecall/authorized_request.hpp> // IWYU pragma: export
#include <sidecall/error_response.hpp>     // IWYU pragma: export
#include <sidecall/header.hpp>             // IWYU pragma: export
#include <sidecall/http_method.hpp>        // IWYU pragma: export
#include <sidecall/http_request.hpp>       // IWYU pragma: export
#include <sidecall/http_response.hpp>      // IWYU pragma: export
#include <sidecall/request_writer.hpp>     // IWYU pragma: export
