// An endpoint is an origin that a credential may be sent to, and its origin parses to the same endpoint.

#include "fuzz.hpp"

#include <sidecall/callback_url.hpp>
#include <sidecall/endpoint.hpp>

using fuzz::hold;
using sidecall::endpoint;

namespace {

bool is_label(std::string_view text)
{
    return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
           text.find_first_not_of("0123456789-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == text.npos;
}

void try_url(std::string_view input)
{
    auto const where = endpoint::parse(input);
    auto const url = sidecall::callback_url_view::parse(input);
    if (!where) {
        hold(where.error().offset() && *where.error().offset() <= input.size(), "the byte at fault is in the text");
        hold(where.error().field() == "endpoint", "it says which argument is wrong");
        bool const plain = url && url->scheme().size() == 5 && (url->target().empty() || url->target() == "/") &&
                           input.find_first_of("@#") == input.npos;
        hold(!plain, "any https URL without user-info, path and fragment is an endpoint");
        return;
    }
    hold(url.has_value(), "an endpoint is an absolute URI");
    hold(where->https() == (url->scheme().size() == 5), "https is https");
    hold(where->host().substr(0, url->host().size()) == url->host(), "the host is the one given");
    std::string const port = ":" + std::to_string(url->port());
    bool const own_port = url->port() == (where->https() ? 443 : 80);
    hold(where->host().substr(url->host().size()) == (own_port ? "" : port),
         "so is the port, if it is not the scheme's");
    hold(where->origin() == (where->https() ? "https://" : "http://") + std::string(where->host()),
         "that is the origin");
    auto const again = endpoint::parse(where->origin());
    hold(again && *again == *where, "it prints what is read as the same");
    auto const with_slash = endpoint::parse(std::string(where->origin()) + "/");
    hold(with_slash && *with_slash == *where, "a slash behind it changes nothing");
    if (where->https()) return;
    std::string_view const host = url->host();
    bool const localhost = host.size() == 9 && (host[0] | 32) == 'l' && (host[8] | 32) == 't';
    hold(localhost || host.substr(0, 4) == "127." || host.front() == '[', "http is for a loopback host");
    if (host.front() == '[')
        hold(host.find_first_not_of("[0:1]") == host.npos && host.rfind('1') == host.size() - 2, "::1");
}

void try_labels(std::string_view edge, std::string_view region)
{
    auto const in_region = endpoint::region(region);
    hold(in_region.has_value() == is_label(region), "a region is a DNS label");
    if (in_region) {
        hold(in_region->origin() == "https://api." + std::string(region) + ".twilio.com", "it stands in the host");
        auto const read = endpoint::parse(in_region->origin());
        hold(read && *read == *in_region, "which can be read");
    }
    auto const at_edge = endpoint::edge(edge, region);
    hold(at_edge.has_value() == (in_region.has_value() && endpoint::region(edge).has_value()), "so is an edge");
    if (at_edge)
        hold(at_edge->origin() == "https://api." + std::string(edge) + "." + std::string(region) + ".twilio.com",
             "edge and region stand in the host");
}

void try_product(std::string_view product)
{
    auto const named = endpoint().with_product(product);
    if (!named) {
        hold(named.error().offset() && *named.error().offset() <= product.size(), "the byte at fault is in the text");
        return;
    }
    hold(named->user_agent() == std::string(endpoint::twilio().user_agent()) + " " + std::string(product),
         "it is appended");
    for (char c : named->user_agent()) hold(c >= ' ' && c <= '~', "a header's value cannot end the line");
    hold(named->origin() == endpoint::twilio().origin(), "it goes where it went");
}

} // namespace

FUZZ_TARGET(endpoint)
{
    try_url(input);
    fuzz::pieces bytes(input);
    std::string_view const edge = bytes.line();
    try_labels(edge, edge);
    try_labels(edge, bytes.line());
    try_product(bytes.empty() ? input : bytes.rest());
}
