#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <sidecall/detail/testing/text.hpp>
#include <sidecall/detail/text/form.hpp>
#include <sidecall/detail/text/utf8.hpp>
#include <sidecall/named_value.hpp>

// Reads the form of a request, which the library has encoded.
namespace sidecall::detail {

/// The parameters of a form up to the first fault, and the fault; empty if there is none.
struct read_form {
    std::vector<named_value> parameters{};
    std::string_view fault{};
};

/// Accepts what Twilio must accept, not everything that is possible: each part is `name=value`, in UTF-8. The escapes
/// are not checked, since only the library writes them.
inline read_form read_form_of(std::string_view body)
{
    read_form form;
    while (!body.empty()) {
        std::string_view const pair = pop_pair(body);
        std::size_t const equals = pair.find('=');
        if (equals == pair.npos || equals == 0) {
            form.fault = "The body has a part that is not name=value";
            return form;
        }
        named_value one{decode_form(pair.substr(0, equals)), decode_form(pair.substr(equals + 1))};
        if (find_invalid_utf8(one.name) != pair.npos || find_invalid_utf8(one.value) != pair.npos) {
            form.fault = "The body is not UTF-8";
            return form;
        }
        form.parameters.push_back(one);
    }
    return form;
}

} // namespace sidecall::detail
