#pragma once

/// Includes the whole core: values, requests, responses. It has no sockets, threads or dependencies. The adapters are
/// separate: <sidecall/curl.hpp>, <sidecall/httplib.hpp> and, for tests, <sidecall/standin.hpp>.

#include <sidecall/authorized_request.hpp>
#include <sidecall/callback_url.hpp>
#include <sidecall/credentials.hpp>
#include <sidecall/date_time.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/errc.hpp>
#include <sidecall/error_response.hpp>
#include <sidecall/failure.hpp>
#include <sidecall/header.hpp>
#include <sidecall/http.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_request.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/idempotency_key.hpp>
#include <sidecall/message.hpp>
#include <sidecall/printable.hpp>
#include <sidecall/request_writer.hpp>
#include <sidecall/result.hpp>
#include <sidecall/retry.hpp>
#include <sidecall/retry_policy.hpp>
#include <sidecall/retry_time.hpp>
#include <sidecall/sequencer.hpp>
#include <sidecall/sid.hpp>
#include <sidecall/storage.hpp>
#include <sidecall/subscription.hpp>
#include <sidecall/text_view.hpp>
#include <sidecall/transport.hpp>
#include <sidecall/unreadable_members.hpp>
#include <sidecall/version.hpp>
#include <sidecall/webhook.hpp>
