#include "peers.hpp"

#include <cstdlib>
#include <cstring>

#include <http_parser.h>

namespace bench::peers {

namespace {

struct reader {
    char memory[4096];
    char* end = memory;
    bool is_in_name = false;
    std::vector<std::pair<std::string_view, std::string_view>> fields{};
    std::string_view body{};
    bool is_complete = false;
};

/// Appends a part of a text that may arrive in several.
int append(http_parser* parser, std::string_view& text, char const* data, std::size_t size)
{
    auto& to = *static_cast<reader*>(parser->data);
    if (size > static_cast<std::size_t>(to.memory + sizeof to.memory - to.end)) return 1;
    std::memcpy(to.end, data, size);
    text = text.empty() ? std::string_view(to.end, size) : std::string_view(text.data(), text.size() + size);
    to.end += size;
    return 0;
}

http_parser_settings settings()
{
    http_parser_settings made;
    http_parser_settings_init(&made);
    made.on_header_field = [](http_parser* parser, char const* data, std::size_t size) {
        auto& to = *static_cast<reader*>(parser->data);
        if (!std::exchange(to.is_in_name, true)) to.fields.emplace_back();
        return append(parser, to.fields.back().first, data, size);
    };
    made.on_header_value = [](http_parser* parser, char const* data, std::size_t size) {
        auto& to = *static_cast<reader*>(parser->data);
        to.is_in_name = false;
        return append(parser, to.fields.back().second, data, size);
    };
    made.on_body = [](http_parser* parser, char const* data, std::size_t size) {
        return append(parser, static_cast<reader*>(parser->data)->body, data, size);
    };
    made.on_message_complete = [](http_parser* parser) {
        static_cast<reader*>(parser->data)->is_complete = true;
        return 0;
    };
    return made;
}

} // namespace

http1_response http1_with_http_parser(std::string_view message)
{
    static http_parser_settings const callbacks = settings();
    static reader to;
    to.end = to.memory;
    to.is_in_name = false;
    to.fields.clear();
    to.body = {};
    to.is_complete = false;
    http_parser parser;
    http_parser_init(&parser, HTTP_RESPONSE);
    parser.data = &to;
    std::size_t const consumed = http_parser_execute(&parser, &callbacks, message.data(), message.size());
    if (!to.is_complete || consumed != message.size()) std::abort();
    return {static_cast<int>(parser.status_code), &to.fields, to.body};
}

} // namespace bench::peers
