#include <cstdlib>
#include <string>
#include <string_view>

#include <rapidjson/document.h>

#include "peers.hpp"

bench::peers::strings bench::peers::parse_with_rapidjson(std::string_view body)
{
    // All of its memory is in these buffers, so only the resulting strings allocate.
    char copy[1024], values[1024], stack[1024];
    if (body.size() >= sizeof copy) std::abort();
    copy[body.copy(copy, sizeof copy)] = '\0';
    rapidjson::MemoryPoolAllocator<> for_values(values, sizeof values), for_stack(stack, sizeof stack);
    rapidjson::GenericDocument<rapidjson::UTF8<>, rapidjson::MemoryPoolAllocator<>, rapidjson::MemoryPoolAllocator<>>
        document(&for_values, sizeof stack / 2, &for_stack);
    document.ParseInsitu<rapidjson::kParseValidateEncodingFlag>(copy);
    if (document.HasParseError() || !document.IsObject()) std::abort();
    auto const get = [&](char const* name) {
        auto const found = document.FindMember(name);
        if (found == document.MemberEnd() || !found->value.IsString()) std::abort();
        return std::string(found->value.GetString(), found->value.GetStringLength());
    };
    return {get("account_sid"), get("call_sid"), get("sid"), get("date_created"), get("uri")};
}
