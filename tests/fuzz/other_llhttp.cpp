#include "other_http1_callbacks.hpp"

#include <llhttp.h>

namespace {

using fuzz::other_http1;
using message = fuzz::other_message<llhttp_t>;

other_http1 read(bool is_request, std::string_view bytes, bool is_head, bool ends)
{
    llhttp_settings_t callbacks;
    llhttp_settings_init(&callbacks);
    message::set_callbacks(callbacks);
    callbacks.on_message_complete = [](llhttp_t* parser) -> int {
        message::complete(parser, llhttp_should_keep_alive(parser) != 0,
                          llhttp_method_name(static_cast<llhttp_method_t>(parser->method)));
        return HPE_PAUSED;
    };

    message made{.is_request = is_request, .is_head = is_head};
    llhttp_t parser;
    llhttp_init(&parser, is_request ? HTTP_REQUEST : HTTP_RESPONSE, &callbacks);
    parser.data = &made;
    auto error = llhttp_execute(&parser, bytes.data(), bytes.size());
    made.read.consumed =
        made.read.is_complete ? static_cast<std::size_t>(llhttp_get_error_pos(&parser) - bytes.data()) : bytes.size();
    if (ends && error == HPE_OK) error = llhttp_finish(&parser);
    if (!made.read.is_complete && error != HPE_OK) made.read.error = llhttp_errno_name(error);
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

fuzz::other_http1_reader const fuzz::llhttp_reader = {"llhttp", &response, &request};
