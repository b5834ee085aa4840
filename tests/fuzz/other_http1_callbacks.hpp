#pragma once

#include "other_http1.hpp"

namespace fuzz {

/// Collects a message in the callbacks of http-parser or llhttp. The members of their parsers and settings have the
/// same names.
template <class Parser>
struct other_message {
    other_http1 read{};
    bool is_request = false;
    bool is_head = false;
    bool is_in_trailer = false;
    bool is_in_name = false;

    static other_message& of(Parser* parser) { return *static_cast<other_message*>(parser->data); }

    static int add_target(Parser* parser, char const* data, std::size_t size)
    {
        of(parser).read.target.append(data, size);
        return 0;
    }
    static int add_name(Parser* parser, char const* data, std::size_t size)
    {
        other_message& message = of(parser);
        auto& fields = message.is_in_trailer ? message.read.trailer : message.read.fields;
        if (!std::exchange(message.is_in_name, true)) fields.emplace_back();
        fields.back().first.append(data, size);
        return 0;
    }
    static int add_value(Parser* parser, char const* data, std::size_t size)
    {
        other_message& message = of(parser);
        auto& fields = message.is_in_trailer ? message.read.trailer : message.read.fields;
        message.is_in_name = false;
        fields.back().second.append(data, size);
        return 0;
    }
    /// Returns 1 if no body follows. The parsers know that only of the length: RFC 9112, section 6.3.
    static int end_head(Parser* parser)
    {
        other_message& message = of(parser);
        message.is_in_trailer = true;
        if (message.is_request) return 0;
        unsigned const status = parser->status_code;
        return message.is_head || status < 200 || status == 204 || status == 304 ? 1 : 0;
    }
    static int add_body(Parser* parser, char const* data, std::size_t size)
    {
        of(parser).read.body.append(data, size);
        return 0;
    }
    static void complete(Parser* parser, bool keep_alive, char const* method)
    {
        other_http1& read = of(parser).read;
        read.is_complete = true;
        read.is_http_1_1 = parser->http_major == 1 && parser->http_minor == 1;
        read.status = parser->status_code;
        read.keep_alive = keep_alive;
        if (of(parser).is_request) read.method = method;
    }

    template <class Settings>
    static void set_callbacks(Settings& to)
    {
        to.on_url = &add_target;
        to.on_header_field = &add_name;
        to.on_header_value = &add_value;
        to.on_headers_complete = &end_head;
        to.on_body = &add_body;
    }

    other_http1 finish()
    {
        for (auto* fields : {&read.fields, &read.trailer})
            for (auto& [name, value] : *fields) {
                std::size_t const begin = value.find_first_not_of(" \t");
                value = begin == value.npos ? "" : value.substr(begin, value.find_last_not_of(" \t") + 1 - begin);
            }
        return std::move(read);
    }
};

/// Skips the interim responses, which the parsers report as any other response.
template <class Read>
other_http1 skip_interim(std::string_view bytes, Read read)
{
    for (std::size_t skipped = 0;;) {
        other_http1 made = read(bytes.substr(skipped));
        made.consumed += skipped;
        if (!made.is_complete || made.status >= 200 || made.status == 101) return made;
        skipped = made.consumed;
    }
}

} // namespace fuzz
