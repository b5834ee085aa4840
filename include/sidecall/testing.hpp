#pragma once

/// Test doubles for unit tests of your own code: no network, no thread, no clock, no dependency, all deterministic. Not
/// included by sidecall.hpp, so that a program that does not test does not compile them.

#include <sidecall/fake_twilio.hpp>
#include <sidecall/named_value.hpp>
#include <sidecall/recorded_request.hpp>
#include <sidecall/recording_transport.hpp>
#include <sidecall/webhook_signer.hpp>
