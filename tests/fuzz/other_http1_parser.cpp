#include "other_http1_callbacks.hpp"

#include <http_parser.h>

namespace {

using fuzz::other_http1;
using message = fuzz::other_message<http_parser>;

other_http1 read(bool is_request, std::string_view bytes, bool is_head, bool ends)
{
    http_parser_settings callbacks;
    http_parser_settings_init(&callbacks);
    message::set_callbacks(callbacks);
    callbacks.on_message_complete = [](http_parser* parser) {
        message::complete(parser, http_should_keep_alive(parser) != 0,
                          http_method_str(static_cast<enum http_method>(parser->method)));
        http_parser_pause(parser, 1);
        return 0;
    };

    message made{.is_request = is_request, .is_head = is_head};
    http_parser parser;
    http_parser_init(&parser, is_request ? HTTP_REQUEST : HTTP_RESPONSE);
    parser.data = &made;
    if (!bytes.empty()) // no bytes would mean the end of the connection
        made.read.consumed = http_parser_execute(&parser, &callbacks, bytes.data(), bytes.size());
    if (ends && HTTP_PARSER_ERRNO(&parser) == HPE_OK) http_parser_execute(&parser, &callbacks, nullptr, 0);
    auto const error = HTTP_PARSER_ERRNO(&parser);
    if (!made.read.is_complete && error != HPE_OK) made.read.error = http_errno_name(error);
    return made.finish();
}

other_http1 response(std::string_view bytes, bool is_head, bool ends)
{
    return fuzz::skip_interim(bytes, [&](std::string_view rest) { return read(false, rest, is_head, ends); });
}

other_http1 request(std::string_view bytes)
{
    return read(true, bytes, false, false);
}

} // namespace

fuzz::other_http1_reader const fuzz::http_parser_reader = {"http-parser", &response, &request};
