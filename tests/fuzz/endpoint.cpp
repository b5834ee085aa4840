// An endpoint is an origin that a credential may be sent to, and its origin parses to the same endpoint.

#include "fuzz.hpp"

#include <sidecall/callback_url.hpp>
#include <sidecall/endpoint.hpp>

using fuzz::require;
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
        require(where.error().offset() && *where.error().offset() <= input.size(), "the offset is within the text");
        require(where.error().field() == "endpoint", "the failure names the argument");
        bool const plain = url && url->scheme().size() == 5 && (url->target().empty() || url->target() == "/") &&
                           input.find_first_of("@#") == input.npos;
        require(!plain, "an https URL without user information, path and fragment is accepted");
        return;
    }
    require(url.has_value(), "an endpoint is an absolute URI");
    require(where->https() == (url->scheme().size() == 5), "https is reported for the scheme https");
    require(where->host().substr(0, url->host().size()) == url->host(), "the host is the one in the text");
    std::string const port = ":" + std::to_string(url->port());
    bool const own_port = url->port() == (where->https() ? 443 : 80);
    require(where->host().substr(url->host().size()) == (own_port ? "" : port),
            "the port is the one in the text, unless it is the default");
    require(where->origin() == (where->https() ? "https://" : "http://") + std::string(where->host()),
            "the origin is scheme, host and port");
    auto const again = endpoint::parse(where->origin());
    require(again && *again == *where, "the origin parses to the same endpoint");
    auto const with_slash = endpoint::parse(std::string(where->origin()) + "/");
    require(with_slash && *with_slash == *where, "a trailing slash changes nothing");
    if (where->https()) return;
    std::string_view const host = url->host();
    bool const localhost = host.size() == 9 && (host[0] | 32) == 'l' && (host[8] | 32) == 't';
    require(localhost || host.substr(0, 4) == "127." || host.front() == '[',
            "http is accepted only for a loopback host");
    if (host.front() == '[')
        require(host.find_first_not_of("[0:1]") == host.npos && host.rfind('1') == host.size() - 2,
                "an IPv6 loopback host is ::1");
}

void try_labels(std::string_view edge, std::string_view region)
{
    auto const in_region = endpoint::region(region);
    require(in_region.has_value() == is_label(region), "a region is accepted if it is a DNS label");
    if (in_region) {
        require(in_region->origin() == "https://api." + std::string(region) + ".twilio.com", "the host has the region");
        auto const read = endpoint::parse(in_region->origin());
        require(read && *read == *in_region, "the origin of a region parses to the same endpoint");
    }
    auto const at_edge = endpoint::edge(edge, region);
    require(at_edge.has_value() == (in_region.has_value() && endpoint::region(edge).has_value()),
            "an edge is accepted if edge and region are");
    if (at_edge)
        require(at_edge->origin() == "https://api." + std::string(edge) + "." + std::string(region) + ".twilio.com",
                "the host has edge and region");
}

void try_product(std::string_view product)
{
    auto const named = endpoint().with_product(product);
    if (!named) {
        require(named.error().offset() && *named.error().offset() <= product.size(), "the offset is within the text");
        return;
    }
    require(named->user_agent() == std::string(endpoint::twilio().user_agent()) + " " + std::string(product),
            "the product follows sidecall's");
    for (char c : named->user_agent()) require(c >= ' ' && c <= '~', "a User-Agent has only printable ASCII");
    require(named->origin() == endpoint::twilio().origin(), "a product does not change the origin");
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
