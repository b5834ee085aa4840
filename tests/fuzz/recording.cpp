// A recording that is parsed and written again is parsed as the same text.

#include "fuzz.hpp"

#include <sidecall/testing.hpp>

using fuzz::require;

namespace {

std::string print(std::vector<sidecall::detail::recorded_exchange> const& exchanges)
{
    std::string text(sidecall::detail::recording_begin);
    text += "\n\n";
    for (auto const& one : exchanges) {
        sidecall::detail::append_request(text, one.method, one.url);
        sidecall::detail::append_message(text, one.headers, one.body, {});
        sidecall::detail::append_answer(text, one.answer, {});
        text += '\n';
    }
    return text.append(sidecall::detail::recording_end).append("\n");
}

} // namespace

FUZZ_TARGET(recording)
{
    auto const exchanges = sidecall::detail::recording_parser(input).parse();
    if (!exchanges) {
        require(exchanges.error().offset() <= input.size(), "the failure names a byte of the text");
        return;
    }
    std::string const text = print(*exchanges);
    auto const again = sidecall::detail::recording_parser(text).parse();
    require(again.has_value(), "what was parsed is written in the format");
    require(print(*again) == text, "the text is stable");
}
