// A SID is valid if it matches Twilio's pattern, and gives back the text it was read from.

#include "fuzz.hpp"

#include <sidecall/sid.hpp>

using fuzz::require;

namespace {

bool matches(std::string_view text, std::string_view letters)
{
    return text.size() == 34 && text.substr(0, 2) == letters &&
           text.find_first_not_of("0123456789abcdefABCDEF", 2) == text.npos;
}

template <class Sid>
void try_as(std::string_view input, std::string_view letters)
{
    auto const sid = Sid::parse(input);
    require(sid.has_value() == matches(input, letters), "a text is a SID if it matches the pattern");
    if (sid) {
        require(sid->view() == input, "a SID gives back the text it was read from");
        require(fuzz::inside(sid->view(), {reinterpret_cast<char const*>(&*sid), sizeof *sid}),
                "a SID owns its characters");
        auto const again = Sid::parse(sid->view());
        require(again && *again == *sid && std::hash<Sid>()(*again) == std::hash<Sid>()(*sid),
                "the text of a SID parses to an equal SID with the same hash");
        return;
    }
    require(sid.error().code() == sidecall::errc::invalid_argument && sid.error().offset().has_value(),
            "the failure has an offset");
    std::size_t const at = *sid.error().offset();
    require(at <= input.size() && at <= 34, "the offset is within the text or at its end");
    // The text before the mistake is valid: it can be completed to a SID.
    std::string filled(input.substr(0, at));
    if (filled.size() < 2) filled += letters.substr(filled.size());
    filled.resize(34, '0');
    require(Sid::parse(filled).has_value(), "there is no mistake before the reported one");
    if (at == input.size() || at == 34) return;
    filled[at] = input[at];
    require(!Sid::parse(filled).has_value(), "the reported byte is a mistake");
}

} // namespace

FUZZ_TARGET(sid)
{
    try_as<sidecall::account_sid>(input, "AC");
    try_as<sidecall::call_sid>(input, "CA");
    try_as<sidecall::subscription_sid>(input, "ZY");
    try_as<sidecall::message_sid>(input, "KX");
    try_as<sidecall::api_key_sid>(input, "SK");
}
