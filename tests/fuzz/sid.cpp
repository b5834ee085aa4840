// A SID is valid if it matches Twilio's pattern, and gives back the text it was read from.

#include "fuzz.hpp"

#include <sidecall/sid.hpp>

using fuzz::hold;

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
    hold(sid.has_value() == matches(input, letters), "what matches the pattern is a SID, and nothing else");
    if (sid) {
        hold(sid->view() == input, "a SID prints what it was read from");
        hold(fuzz::inside(sid->view(), {reinterpret_cast<char const*>(&*sid), sizeof *sid}), "it owns its characters");
        auto const again = Sid::parse(sid->view());
        hold(again && *again == *sid && std::hash<Sid>()(*again) == std::hash<Sid>()(*sid), "and is read as the same");
        return;
    }
    hold(sid.error().code() == sidecall::errc::invalid_argument && sid.error().offset().has_value(), "it says where");
    std::size_t const at = *sid.error().offset();
    hold(at <= input.size() && at <= 34, "the byte at fault is in the text, or its end");
    // The text before the mistake is valid: it can be completed to a SID.
    std::string filled(input.substr(0, at));
    if (filled.size() < 2) filled += letters.substr(filled.size());
    filled.resize(34, '0');
    hold(Sid::parse(filled).has_value(), "nothing is wrong before the byte at fault");
    if (at == input.size() || at == 34) return;
    filled[at] = input[at];
    hold(!Sid::parse(filled).has_value(), "the byte at fault is wrong by itself");
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
