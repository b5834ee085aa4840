// One subscription over a kept connection to a server in this process: `send` with `curl_transport`, compared with the
// same bytes sent through plain libcurl.

#include "adapter.hpp"

#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include <sidecall/curl.hpp>

#include "harness.hpp"

namespace bench {

namespace {

/// Answers every complete request with the documented 201. It is cheaper than any client, so that the clients' cost
/// dominates. Its threads end with the process.
class server {
public:
    explicit server(std::string_view body) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        answer_ = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nTwilio-Request-Id: RQ" +
                  std::string(32, '0') + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                  std::string(body);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const raw = reinterpret_cast<sockaddr*>(&address);
        check(::bind(socket_, raw, size) == 0 && ::listen(socket_, 16) == 0 && ::getsockname(socket_, raw, &size) == 0,
              "the server cannot listen");
        port_ = ntohs(address.sin_port);
        std::thread([this] {
            pinned const here; // the threads that it starts inherit this
            for (;;) {
                int const one = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
                if (one >= 0) std::thread([this, one] { serve(one); }).detach();
            }
        }).detach();
    }

    int port() const { return port_; }

private:
    void serve(int one) const
    {
        int const yes = 1;
        ::setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        std::string read;
        for (char buffer[8192];;) {
            auto const size = ::recv(one, buffer, sizeof buffer, 0);
            if (size <= 0) break;
            read.append(buffer, static_cast<std::size_t>(size));
            std::size_t const end = read.find("\r\n\r\n"), length = read.find("Content-Length: ");
            if (end == read.npos || length == read.npos) continue;
            if (read.size() < end + 4 + std::strtoull(read.c_str() + length + 16, nullptr, 10)) continue;
            read.clear(); // a client sends no request before the response to the previous one
            if (::send(one, answer_.data(), answer_.size(), MSG_NOSIGNAL) < 0) break;
        }
        ::close(one);
    }

    int socket_;
    int port_ = 0;
    std::string answer_;
};

/// An easy handle with the options of `curl_transport`. Options that do not change are set once.
class plain_curl {
public:
    plain_curl()
    {
        set(CURLOPT_ERRORBUFFER, error_);
        set(CURLOPT_PATH_AS_IS, 1L);
        set(CURLOPT_PROTOCOLS_STR, "http");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_HTTP09_ALLOWED, 0L);
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        set(CURLOPT_PROXY, "");
        set(CURLOPT_NOPROXY, "");
        set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        set(CURLOPT_CONNECTTIMEOUT_MS, 10000L);
        set(CURLOPT_TIMEOUT_MS, 30000L);
        set(CURLOPT_MAXAGE_CONN, 30L);
        set(CURLOPT_MAXCONNECTS, 1L);
        set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(1 << 20));
        set(CURLOPT_POST, 1L);
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, &body_);
    }

    std::string const& subscribe(subscribe_input const& in, curl_slist* lines)
    {
        body_.clear();
        set(CURLOPT_URL, in.url.c_str());
        set(CURLOPT_HTTPHEADER, lines);
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(in.body.size()));
        set(CURLOPT_POSTFIELDS, in.body.data());
        long status = 0;
        if (curl_easy_perform(handle_) != CURLE_OK ||
            curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 201)
            std::abort();
        return body_;
    }

private:
    void set(CURLoption option, auto value)
    {
        if (curl_easy_setopt(handle_, option, value) != CURLE_OK) std::abort();
    }
    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* body)
    {
        static_cast<std::string*>(body)->append(data, size);
        return size;
    }

    CURL* handle_ = curl_easy_init();
    char error_[CURL_ERROR_SIZE]{};
    std::string body_;
};

} // namespace

void add_adapter()
{
    static server const* const twilio = new server(parse_all()[0].body);
    static auto const where =
        ours::need(sidecall::endpoint::parse("http://127.0.0.1:" + std::to_string(twilio->port())));

    static std::deque<sidecall::create_user_defined_message_subscription> operations;
    static std::vector<subscribe_input> requests;
    static std::vector<curl_slist*> lines;
    struct plain {
        subscribe_input const* request;
        curl_slist* lines;
    };
    struct asked {
        sidecall::create_user_defined_message_subscription const* operation;
        sidecall::credentials const* who;
    };
    static std::vector<plain> plains;
    static std::vector<asked> ours_all;
    for (auto const& in : build_all()) {
        operations.push_back({in.account, in.call, ours::need(sidecall::callback_url::parse(in.callback)),
                              ours::need(sidecall::idempotency_key::parse(in.key)), sidecall::http_method::post});
        auto const request = authorize(operations.back().request(where), in.who);
        subscribe_input& made = requests.emplace_back();
        made.url = request.url();
        made.target = request.target();
        made.body = request.body();
        curl_slist* list = curl_slist_append(nullptr, "Expect:");
        for (auto const& field : request.headers()) {
            made.fields.emplace_back(field.name, field.value);
            list = curl_slist_append(list, (made.fields.back().first + ": " + made.fields.back().second).c_str());
        }
        lines.push_back(list);
    }
    for (std::size_t i = 0; i != requests.size(); ++i) {
        plains.push_back({&requests[i], lines[i]});
        ours_all.push_back({&operations[i], &build_all()[i].who});
    }

    static plain_curl curl;
    static sidecall::curl_transport transport;
    auto const floor = [](plain const& in) { return curl.subscribe(*in.request, in.lines); };
    auto const send = [](asked const& in) { return sidecall::send(*in.operation, *in.who, transport, where); };
    auto const httplib = [](subscribe_input const& in) { return peers::subscribe_with_httplib(twilio->port(), in); };
    auto const& body = parse_all()[0].body;
    auto const resource = send(ours_all[0]);
    check(floor(plains[0]) == body, "the floor of adapter: wrong response");
    check(resource && resource->sid.view() == parse_all()[0].sid, "adapter: wrong resource");
    check(httplib(requests[0]) == body, "adapter/cpp-httplib: wrong response");
    add("adapter", "floor", role::floor, plains, floor, clock::wall);
    add("adapter", "adapter", role::ours, ours_all, send, clock::wall);
    add("adapter", "cpp-httplib", role::peer, requests, httplib, clock::wall);
}

} // namespace bench
