#pragma once

/// The faults that `twilio_standin` injects on demand and repeatably if `standin_options::faults` is set: faults of a
/// network, of a gateway and of Twilio. Part of `standin.hpp`; include that.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

namespace sidecall {

/// A fault of a request or its response. "Processed" means that the request is checked and takes effect if it is valid,
/// as it does without a fault. The connection closes after every fault except `too_many_requests…`, `error_…` and
/// `slow_accept`.
///
/// No fault turns a failure into a success that a client could not tell from a real one. A response without a body,
/// such as that to a DELETE, gets its faults in its header section.
enum class standin_fault {
    /// 429 without a `Retry-After`; not processed.
    too_many_requests,
    /// 429 with a `Retry-After` in seconds; not processed.
    too_many_requests_for_seconds,
    /// 429 with a `Retry-After` that is an HTTP date; not processed.
    too_many_requests_until_date,
    /// 500, 502, 503 or 504, in the format of Twilio or as the HTML page of a gateway; not processed.
    error_before_effect,
    /// Like `error_before_effect`, but processed.
    error_after_effect,
    /// An RST when the first bytes of the request arrive. They are not read and not recorded in the ledger.
    reset_before_request,
    /// Processed, then an RST instead of a response.
    reset_before_answer,
    /// Processed, then at least one byte of the response, but not all, and an RST.
    reset_during_answer,
    /// Processed, then the whole response and an RST. Whatever the client's system could not buffer is lost.
    reset_after_answer,
    /// Processed, then no response for `standin_faults::stall`, or until the client closes the connection.
    stall_before_answer,
    /// Processed, then a part of the response and nothing more for that time.
    stall_during_answer,
    /// Processed, then a part of the response and an orderly close.
    truncated_answer,
    /// Processed, then bytes that are not HTTP, or the true status with a body that is not JSON or is JSON of another
    /// shape.
    garbage_answer,
    /// Processed, then a response with a wrong or malformed header section: a `Content-Length` that is too large, too
    /// small (the rest of the body follows, at once or a little later) or present twice; a chunked `Transfer-Encoding`
    /// with a body that is not chunked; an invalid header line.
    wrong_headers,
    /// Processed and answered as usual, but the next connection is accepted only after `standin_faults::slow_accept`.
    slow_accept,
};

/// Every fault, in order of declaration.
inline constexpr std::array<standin_fault, 15> standin_all_faults{
    standin_fault::too_many_requests,
    standin_fault::too_many_requests_for_seconds,
    standin_fault::too_many_requests_until_date,
    standin_fault::error_before_effect,
    standin_fault::error_after_effect,
    standin_fault::reset_before_request,
    standin_fault::reset_before_answer,
    standin_fault::reset_during_answer,
    standin_fault::reset_after_answer,
    standin_fault::stall_before_answer,
    standin_fault::stall_during_answer,
    standin_fault::truncated_answer,
    standin_fault::garbage_answer,
    standin_fault::wrong_headers,
    standin_fault::slow_accept,
};

/// The name of the enumerator, such as `reset_before_answer`. Empty for a value that is not an enumerator.
inline std::string_view to_string_view(standin_fault fault)
{
    constexpr std::string_view names[] = {"too_many_requests",
                                          "too_many_requests_for_seconds",
                                          "too_many_requests_until_date",
                                          "error_before_effect",
                                          "error_after_effect",
                                          "reset_before_request",
                                          "reset_before_answer",
                                          "reset_during_answer",
                                          "reset_after_answer",
                                          "stall_before_answer",
                                          "stall_during_answer",
                                          "truncated_answer",
                                          "garbage_answer",
                                          "wrong_headers",
                                          "slow_accept"};
    auto const index = static_cast<std::size_t>(fault);
    return index < std::size(names) ? names[index] : std::string_view();
}

/// Which faults occur, and how often. Every member has a default, and by default none occurs.
struct standin_faults {
    /// The probability that a request gets a fault: 0 to 1. Requests that are refused unread (400, 413, 414, 431, 501)
    /// get none.
    double rate = 0;
    /// The seed of the random sequence. The same seed gives the n-th arriving request the same fault, with every
    /// standard library.
    std::uint64_t seed = 0;
    /// The faults to choose from, with equal probability. A fault that is listed twice is twice as likely. Empty: all
    /// faults.
    std::vector<standin_fault> kinds = {};
    /// The duration of a stall: 0 to one hour.
    std::chrono::milliseconds stall = std::chrono::seconds{10};
    /// The duration of `standin_fault::slow_accept`: 0 to one hour.
    std::chrono::milliseconds slow_accept = std::chrono::milliseconds{50};
    /// The delay in `Retry-After`, in seconds: 0 or more.
    int retry_after = 1;
};

} // namespace sidecall
