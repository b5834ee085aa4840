#include <httplib.h>

#include <cstdlib>
#include <string>

#include <benchmark/benchmark.h>

#include "adapter.hpp"
#include "peers.hpp"

namespace bench::peers {

namespace {

httplib::Request build(build_input const& in)
{
    httplib::Request request;
    request.method = "POST";
    request.path = "/2010-04-01/Accounts/" + in.account + "/Calls/" + in.call + "/UserDefinedMessageSubscriptions.json";
    request.headers.emplace("Host", "api.twilio.com");
    request.headers.emplace("Accept", "application/json");
    request.headers.emplace("Accept-Charset", "utf-8");
    request.headers.emplace("Content-Type", "application/x-www-form-urlencoded");
    request.headers.emplace("User-Agent", std::string("sidecall/") + std::string(sidecall::version));
    request.headers.insert(httplib::make_basic_authentication_header(in.account, in.token));
    httplib::Params const form{{"Callback", in.callback}, {"IdempotencyKey", in.key}, {"Method", "POST"}};
    request.body = httplib::detail::params_to_query_str(form);
    request.headers.emplace("Content-Length", std::to_string(request.body.size()));
    return request;
}

httplib::Client& client(int port)
{
    static httplib::Client kept = [port] {
        httplib::Client made("127.0.0.1", port);
        made.set_keep_alive(true);
        made.set_tcp_nodelay(true);
        made.set_follow_location(false);
        return made;
    }();
    return kept;
}

} // namespace

std::size_t build_with_httplib(build_input const& in)
{
    auto request = build(in);
    benchmark::DoNotOptimize(request);
    return request.body.size();
}

bool httplib_holds(build_input const& in)
{
    auto const request = build(in);
    std::size_t size =
        request.method.size() + 1 + request.path.size() + sizeof " HTTP/1.1\r\n\r\n" - 1 + request.body.size();
    if (in.wire.find(" " + request.path + " ") == in.wire.npos || !in.wire.ends_with("\r\n\r\n" + request.body))
        return false;
    for (auto const& [name, value] : request.headers) {
        std::string const line = name + ": " + value + "\r\n";
        if (in.wire.find("\r\n" + line) == in.wire.npos) return false;
        size += line.size();
    }
    return size == in.wire.size();
}

std::string subscribe_with_httplib(int port, subscribe_input const& in)
{
    httplib::Headers headers;
    for (auto const& [name, value] : in.fields)
        if (name != "Content-Type") headers.emplace(name, value);
    auto answer = client(port).Post(in.target.c_str(), headers, in.body, "application/x-www-form-urlencoded");
    if (!answer || answer->status != 201) std::abort();
    return std::move(answer->body);
}

} // namespace bench::peers
