// The messages of unit/http1_cases.hpp, read as constants: whole, and byte by byte.

#include <cstddef>
#include <iterator>
#include <utility>

#include "../unit/http1_cases.hpp"

namespace {

using namespace http1_cases;
using sidecall::http1_request_reader;
using sidecall::http1_response_reader;

/// One constant for each row, since compilers limit the work for a constant.
template <class Reader, auto& rows, std::size_t i>
constexpr bool row_holds = holds(reader_for<Reader>(rows[i]), rows[i], {}) &&
                           holds(reader_for<Reader>(rows[i]), rows[i], {1, 1});

template <class Reader, auto& rows>
constexpr bool rows_hold = []<std::size_t... i>(std::index_sequence<i...>)
{
    return (row_holds<Reader, rows, i> && ...);
}
(std::make_index_sequence<std::size(rows)>());

static_assert(rows_hold<http1_response_reader, good_responses>);
static_assert(rows_hold<http1_response_reader, bad_responses>);
static_assert(rows_hold<http1_request_reader, good_requests>);
static_assert(rows_hold<http1_request_reader, bad_requests>);

constexpr bool uses_the_buffer()
{
    char buffer[128]{};
    http1_response_reader reader(http_method::post, buffer);
    auto const progress = reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    return progress && progress->done && reader.view().body.data() == buffer + 19 && reader.view().body == "{}";
}
static_assert(uses_the_buffer());

constexpr bool writes_into_the_buffer()
{
    char buffer[128]{};
    return *sidecall::http1_response(404, "", {}, buffer) == "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
}
static_assert(writes_into_the_buffer());

} // namespace
