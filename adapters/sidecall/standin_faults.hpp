#pragma once

/// Faults of a network, of a gateway and of Twilio, on demand and repeatable: what `standin_options::faults` switches
/// on. It is a part of `standin.hpp`; include that.
///
/// The sockets are those of POSIX 2024 (`accept4`, `pipe2`), which Linux and the BSDs have.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

namespace sidecall {

/// What can befall a request, or its answer. "Carried out" means that the request is judged, and has its effect if it
/// is right, as without a fault. Behind all but `too_many_requests…`, `error_…` and `slow_accept` the connection ends.
///
/// No fault makes a success of what is none, in a way that no client could tell. An answer without a body, such as that
/// to a DELETE, has its faults in its header section.
enum class standin_fault {
    /// 429 without a `Retry-After`; not carried out.
    too_many_requests,
    /// 429 with a `Retry-After` in seconds; not carried out.
    too_many_requests_for_seconds,
    /// 429 with a `Retry-After` that is an HTTP date; not carried out.
    too_many_requests_until_date,
    /// 500, 502, 503 or 504, in Twilio's format or as a gateway's HTML page; not carried out.
    error_before_effect,
    /// The same, but carried out.
    error_after_effect,
    /// An RST when the first bytes of the request come, which are not read. Not in the ledger.
    reset_before_request,
    /// Carried out, then an RST instead of an answer.
    reset_before_answer,
    /// Carried out, then at least a byte of the answer, but not all of it, and an RST.
    reset_during_answer,
    /// The whole answer, then an RST. What the client's system had no room for is lost.
    reset_after_answer,
    /// Carried out, then nothing for `standin_faults::stall`, or until the client goes.
    stall_before_answer,
    /// Carried out, then a part of the answer, and nothing for as long.
    stall_during_answer,
    /// Carried out, then a part of the answer, and an orderly end.
    truncated_answer,
    /// Carried out, then what is no HTTP; or the true status with a body that is no JSON, or with JSON of another
    /// shape.
    garbage_answer,
    /// Carried out, then an answer whose header section lies or is ill-formed: a `Content-Length` too large, or too
    /// small (with the rest of the body behind it, at once or a little later), or two of them; a body that is said to
    /// be chunked and is not; a header line that is none.
    wrong_headers,
    /// Answered as usual, but the next connection has to wait for `standin_faults::slow_accept` until it is taken.
    slow_accept,
};

/// Every fault, in the order in which they are declared.
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

/// The enumerator's name, such as `reset_before_answer`; empty for a value that is no enumerator.
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

/// How often which faults come. Every member has a default, by which none comes.
struct standin_faults {
    /// How likely a request meets a fault: 0 to 1. One that is refused unread (400, 413, 414, 431, 501) meets none.
    double rate = 0;
    /// The same seed gives the n-th request the same fault, as they begin to arrive, with every standard library.
    std::uint64_t seed = 0;
    /// Those that are drawn from, each as likely; one that is named twice is twice as likely. Empty: all.
    std::vector<standin_fault> kinds = {};
    /// How long a stall lasts: 0 to an hour.
    std::chrono::milliseconds stall = std::chrono::seconds{10};
    /// How long `standin_fault::slow_accept` lasts: 0 to an hour.
    std::chrono::milliseconds slow_accept = std::chrono::milliseconds{50};
    /// What a `Retry-After` asks for, in seconds: 0 or more.
    int retry_after = 1;
};

} // namespace sidecall
