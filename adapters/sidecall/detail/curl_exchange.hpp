#pragma once

/// The part that both transports over libcurl share: one request on one easy handle, and its outcome.

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/detail/memory/storage.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/http.hpp>
#include <sidecall/result.hpp>
#include <sidecall/transport_options.hpp>

#ifndef _WIN32
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

#if LIBCURL_VERSION_NUM < 0x075500
#error "sidecall/curl.hpp needs libcurl 7.85.0 or later"
#endif

namespace sidecall::detail {

/// Returns `work()`, or `rescue()` if `work` runs out of memory. Without exceptions, running out of memory ends the
/// program.
template <class Work, class Rescue>
auto unless_out_of_memory(Work&& work, Rescue&& rescue) -> decltype(work())
{
#ifdef __cpp_exceptions
    try {
        return work();
    } catch (std::bad_alloc const&) {
        return rescue();
    } catch (std::length_error const&) { // larger than the maximum size of a string
        return rescue();
    }
#else
    static_cast<void>(rescue);
    return work();
#endif
}

/// Allocates nothing.
inline failure out_of_memory() noexcept
{
    return failure(errc::transport_failure, "", "out of memory");
}

struct curl_cleanup {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using curl_handle = std::unique_ptr<CURL, curl_cleanup>;

/// Returns `handle`. If it is null, throws `std::bad_alloc`; without exceptions, returns the null pointer.
template <class T>
T* throw_if_null(T* handle)
{
#ifdef __cpp_exceptions
    if (!handle) throw std::bad_alloc();
#endif
    return handle;
}

/// Whether the socket has no input: neither bytes nor the end of the connection. Unsolicited bytes on a kept HTTP/1.1
/// connection would be parsed as the next response. libcurl checks too, but 7.88 takes unsolicited bytes and the
/// `close_notify` of TLS for signs of life.
///
/// This cannot see bytes that TLS has decrypted but libcurl has not read: the end of a record that began with the end
/// of a body. That takes a server that sends a wrong Content-Length and puts the header section into a TLS record of
/// its own.
inline bool has_no_input(curl_socket_t socket) noexcept
{
#ifdef _WIN32
    WSAPOLLFD polled{socket, POLLIN, 0};
    return WSAPoll(&polled, 1, 0) == 0;
#else
    pollfd polled{socket, POLLIN, 0};
    return ::poll(&polled, 1, 0) == 0;
#endif
}

/// Opens a socket for libcurl that programs started by this one do not inherit.
inline curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) noexcept
{
#ifdef _WIN32
    return ::WSASocketW(address->family, address->socktype, address->protocol, nullptr, 0,
                        WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
#elif defined(SOCK_CLOEXEC)
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
    int const socket = ::socket(address->family, address->socktype, address->protocol);
    if (socket >= 0) ::fcntl(socket, F_SETFD, FD_CLOEXEC); // a program started between the two calls does inherit it
    return socket;
#endif
}

/// An open connection.
struct curl_connection {
    curl_socket_t socket = CURL_SOCKET_BAD;
    int port = 0;                // the local port; 0: not yet known
    bool answered_http1 = false; // so it carries one request at a time, and may have received unsolicited bytes

    /// Whether the next bytes received will be the response to the next request.
    bool is_usable() const noexcept { return !answered_http1 || has_no_input(socket); }
};

/// The header lines in the form that libcurl takes, wiped on destruction.
class curl_header_strings {
public:
    explicit curl_header_strings(header_lines fields)
    {
        std::string line;
        line.reserve(fields.text().size() + 1); // growing would leave a copy behind, and nothing below may throw
        // Removes header fields that libcurl adds by default.
        bool complete = add("Expect:");
        bool has_type = false;
        for (header const field : fields) {
            // libcurl omits a field that ends in ":" and sends one that ends in ";" with an empty value.
            line.clear();
            line.append(field.name).append(field.value.empty() ? ";" : ": ").append(field.value);
            complete = complete && add(line.c_str());
            has_type = has_type || equal_ignoring_case(field.name, "Content-Type");
        }
        wipe(line);
        if (!has_type) complete = complete && add("Content-Type:");
        if (!complete) clear();
    }
    curl_header_strings(curl_header_strings const&) = delete;
    curl_header_strings& operator=(curl_header_strings const&) = delete;
    ~curl_header_strings() { clear(); }

    /// Null if memory ran out.
    curl_slist* get() const noexcept { return list_; }

private:
    bool add(char const* line) noexcept
    {
        curl_slist* const longer = curl_slist_append(list_, line);
        if (longer) list_ = longer;
        return longer != nullptr;
    }
    void clear() noexcept
    {
        for (auto* node = list_; node; node = node->next) wipe(node->data, std::strlen(node->data));
        curl_slist_free_all(list_);
        list_ = nullptr;
    }

    curl_slist* list_ = nullptr;
};

/// Returns the failure for a request that has nothing to send. Does not allocate.
inline std::optional<failure> check_request(authorized_request const& request) noexcept
{
    if (request.url().empty()) return failure(errc::invalid_argument, "", "the request was moved from");
    return {};
}

/// Whether this libcurl reports exactly the requests that a server refused over HTTP/2, see `curl_exchange::use_http2`:
/// only 8.14.1, that of Debian 13. Measured with `tests/http2`: 7.88.1 and 8.23.0 report too few, because they lose
/// refusals if the connection ends soon after, and also report requests whose response has begun.
inline bool reports_refusals(curl_version_info_data const& libcurl) noexcept
{
    if (libcurl.version_num != 0x080e01 || (libcurl.features & CURL_VERSION_HTTP2) == 0) return false;
    auto const* name = libcurl.protocols;
    while (*name && std::string_view(*name) != "rtsp") ++name; // `use_http2` needs its option
    return *name != nullptr;
}

/// One request in progress: sets up a handle for it, collects the response and returns the outcome. The handle, the
/// request and the options must outlive it. Afterwards the handle keeps its connection and its options, which the next
/// request of the same transport overwrites, but no pointer to this object.
class curl_exchange {
public:
    /// Sets the options that both transports share; use `set` for the others. The request takes at most `time_limit`,
    /// and at most the total timeout of the options.
    curl_exchange(CURL* handle, authorized_request const& request, transport_options const& options,
                  std::chrono::milliseconds time_limit)
        : handle_(handle), options_(options), url_(request.url()), lines_(request.headers())
    {
        if (!lines_.get()) code_ = CURLE_OUT_OF_MEMORY;
        prepare(request, (std::min)(time_limit, options.total_timeout));
    }
    curl_exchange(curl_exchange const&) = delete;
    curl_exchange& operator=(curl_exchange const&) = delete;
    /// Clears every pointer to this object. It does not call curl_easy_reset, which allocates: if that runs out of
    /// memory, it reports nothing and leaves a handle that is partly set up. With libcurl 7.88 such a handle reads no
    /// response.
    ~curl_exchange()
    {
        for (CURLoption option :
             {CURLOPT_ERRORBUFFER, CURLOPT_URL, CURLOPT_HTTPHEADER, CURLOPT_POSTFIELDS, CURLOPT_PREREQDATA,
              CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_PRIVATE, CURLOPT_DEBUGDATA})
            curl_easy_setopt(handle_, option, static_cast<void*>(nullptr));
    }

    /// Sets one more option. After the first that libcurl rejects, later calls do nothing and the request fails,
    /// because no option may be missing.
    template <class T>
    void set(CURLoption option, T value) noexcept
    {
        if (code_ == CURLE_OK) code_ = curl_easy_setopt(handle_, option, value);
    }

    /// Makes libcurl read the certificate authorities again. libcurl 7.87 and later cache them for a day. If memory ran
    /// out while it read them, the cache is incomplete and no certificate is accepted any more.
    void reload_authorities() noexcept
    {
#if LIBCURL_VERSION_NUM >= 0x075700
        curl_easy_setopt(handle_, CURLOPT_CA_CACHE_TIMEOUT, 0L); // TLS backends without a cache ignore this
#endif
    }

    /// Lets libcurl use HTTP/2. If this libcurl `reports` refusals, recognises when the server refuses the request:
    /// with RST_STREAM and REFUSED_STREAM, or with a GOAWAY whose last stream is lower. The server did not process such
    /// a request (RFC 9113, section 8.7), so libcurl may send it again.
    ///
    /// libcurl reports a refusal only in its log, when it sends the request again. Without that line, for whatever
    /// reason, the request counts as sent. On a kept connection libcurl sends a request again for any reason and writes
    /// another line. An RTSP option that has no other effect over HTTP turns that off. Both are known from libcurl's
    /// source (`Curl_retry_request`).
    void use_http2(bool reports) noexcept
    {
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
        if (!reports) return;
        set(CURLOPT_RTSP_REQUEST, static_cast<long>(CURL_RTSPREQ_RECEIVE));
        set(CURLOPT_DEBUGFUNCTION, &on_log);
        set(CURLOPT_DEBUGDATA, this);
        set(CURLOPT_VERBOSE, 1L);
    }

    /// `CURLE_OK` if libcurl accepted every option so far, otherwise the first error.
    CURLcode code() const noexcept { return code_; }

    /// Whether sending has begun and the server has not refused the request since. If so, Twilio may have acted on the
    /// request.
    bool is_sending() const noexcept { return sending_; }

    /// Whether the request ended because the server refused it each time, without processing it.
    bool was_refused(CURLcode code) const noexcept
    {
        return is_refused_ && !sending_ && (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR);
    }

    /// Whether the response came over HTTP/2.
    bool is_http2() const noexcept { return is_http2_; }

    /// Call this before the request is written to a new or a kept connection. Returns false if the request was already
    /// written once. If `connection` is not null, the protocol of the response is recorded in it.
    bool may_send(std::shared_ptr<curl_connection> connection = {}) noexcept
    {
        replaying_ = sending_;
        sending_ = true;
        connection_ = std::move(connection);
        return !replaying_;
    }

    /// The outcome. Call it once, when libcurl is done with the request. If there is no memory for the response,
    /// returns `out_of_memory()`. If there is none for the text of a failure, returns the failure without its text.
    result<http_response> outcome(CURLcode code) noexcept
    {
        if (out_of_memory_) return out_of_memory();
        long status = 0;
        if (code == CURLE_OK) code = curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
        // libcurl reports no error if the connection ends within the header section or after an interim response.
        if (code == CURLE_OK && (in_headers_ || status < 200)) code = CURLE_PARTIAL_FILE;
        if (code != CURLE_OK) return to_failure(code);
        return unless_out_of_memory(
            [&]() -> result<http_response> {
                return http_response{static_cast<int>(status), fields(), std::move(body_)};
            },
            []() -> result<http_response> { return out_of_memory(); });
    }

private:
    static constexpr std::size_t max_headers = std::size_t{256} << 10; // libcurl has a limit of 300 KiB

    bool count_bytes(std::size_t size, std::size_t limit) noexcept
    {
        too_large_ = received_ > limit || size > limit - received_;
        received_ += size;
        return !too_large_;
    }

    /// libcurl calls this before it writes the request to a new or a kept connection.
    static int on_request(void* self, char*, char*, int, int) noexcept
    {
        return static_cast<curl_exchange*>(self)->may_send() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
    }

    /// libcurl calls this for every line of its log, and with all bytes sent and received. Some lines contain the
    /// credential. Nothing is kept.
    static int on_log(CURL*, curl_infotype kind, char* data, std::size_t size, void* self) noexcept
    {
        constexpr std::string_view refused = "REFUSED_STREAM, retrying a fresh connect";
        if (self && kind == CURLINFO_TEXT && std::string_view(data, size).substr(0, refused.size()) == refused)
            static_cast<curl_exchange*>(self)->on_refusal();
        return 0;
    }
    void on_refusal() noexcept
    {
        if (received_ != 0) return; // part of a response shows that the request was processed
        is_refused_ = true;
        sending_ = false;
        connection_.reset();
    }

    /// Appends received bytes. Returns false if memory runs out; libcurl must then stop.
    bool append(std::string& destination, std::string_view bytes) noexcept
    {
        out_of_memory_ = !unless_out_of_memory(
            [&] {
                destination.append(bytes);
                return true;
            },
            [] { return false; });
        return !out_of_memory_;
    }

    /// libcurl calls this for every header line, including those of interim responses, and for trailers.
    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept
    {
        auto& exchange = *static_cast<curl_exchange*>(self);
        if (!exchange.count_bytes(size, (std::min)(exchange.options_.max_answer, max_headers))) return 0;
        std::string_view const line(data, size);
        if (!exchange.in_headers_ && line.substr(0, 5) == "HTTP/") {
            exchange.begin_headers(line);
        } else if (exchange.in_headers_ && (line == "\r\n" || line == "\n")) {
            exchange.in_headers_ = false;
            exchange.has_headers_ = true;
        } else if (exchange.in_headers_) {
            // A line that begins with whitespace continues the previous one (RFC 9112, section 5.2).
            bool const folded = line.front() == ' ' || line.front() == '\t';
            while (folded && !exchange.fields_.empty() &&
                   (exchange.fields_.back() == '\n' || exchange.fields_.back() == '\r'))
                exchange.fields_.pop_back();
            if (!exchange.append(exchange.fields_, line)) return 0;
        }
        return size;
    }

    void begin_headers(std::string_view status_line) noexcept
    {
        fields_.clear();
        in_headers_ = true;
        is_http2_ = status_line.substr(0, 6) == "HTTP/2";
        if (connection_) connection_->answered_http1 = !is_http2_;
    }

    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept
    {
        auto& exchange = *static_cast<curl_exchange*>(self);
        if (!exchange.count_bytes(size, exchange.options_.max_answer)) return 0;
        return exchange.append(exchange.body_, {data, size}) ? size : 0;
    }

    header_list fields() const
    {
        header_list list;
        for (std::string_view rest = fields_; !rest.empty();) {
            std::string_view const line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix((std::min)(line.size() + 1, rest.size()));
            std::size_t const colon = line.find(':');
            if (colon != line.npos)
                list.add(line.substr(0, colon), line.substr(colon + 1, line.find('\r') - colon - 1));
        }
        return list;
    }

    static long to_long(std::chrono::milliseconds time) noexcept
    {
        return static_cast<long>(std::clamp<std::chrono::milliseconds::rep>(time.count(), 1, INT_MAX));
    }

    void prepare(authorized_request const& request, std::chrono::milliseconds time_limit) noexcept
    {
        set(CURLOPT_ERRORBUFFER, error_);
        set(CURLOPT_URL, url_.c_str());
        set(CURLOPT_PATH_AS_IS, 1L);
        set(CURLOPT_PROTOCOLS_STR, request.https() ? "https" : "http");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
        set(CURLOPT_HTTP09_ALLOWED, 0L);

        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        if (!options_.ca_file.empty()) {
            set(CURLOPT_CAINFO, options_.ca_file.c_str());
            set(CURLOPT_CAPATH, static_cast<char const*>(nullptr)); // otherwise libcurl also trusts those of the system
        }

        // Empty strings, because libcurl reads the environment if they are null.
        set(CURLOPT_PROXY, request.https() ? options_.proxy.c_str() : "");
        set(CURLOPT_NOPROXY, "");
        set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE)); // keeps the credential from the proxy
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);

        set(CURLOPT_CONNECTTIMEOUT_MS, to_long((std::min)(options_.connect_timeout, time_limit)));
        set(CURLOPT_TIMEOUT_MS, to_long(time_limit));
        set(CURLOPT_MAXAGE_CONN,
            static_cast<long>(std::clamp<std::chrono::seconds::rep>(options_.max_idle.count(), 0, INT_MAX)));
        set(CURLOPT_FORBID_REUSE, options_.max_idle.count() > 0 ? 0L : 1L);
        // The Content-Length in the response to a HEAD is that of the omitted body.
        bool const ignores_length = request.method() == http_method::head;
        set(CURLOPT_MAXFILESIZE_LARGE,
            ignores_length ? curl_off_t{0}
                           : static_cast<curl_off_t>((std::min)(options_.max_answer, std::size_t{INT_MAX})));

        set(CURLOPT_HTTPHEADER, lines_.get());
        set_method(request);

        set(CURLOPT_PREREQFUNCTION, &on_request);
        set(CURLOPT_PREREQDATA, this);
        set(CURLOPT_HEADERFUNCTION, &on_header);
        set(CURLOPT_HEADERDATA, this);
        set(CURLOPT_WRITEFUNCTION, &on_body);
        set(CURLOPT_WRITEDATA, this);
    }

    void set_method(authorized_request const& request) noexcept
    {
        auto const method = request.method();
        bool const has_body = !request.body().empty();
        set(CURLOPT_HTTPGET, 1L); // resets the method of the previous request
        set(CURLOPT_CUSTOMREQUEST, static_cast<char const*>(nullptr));
        if (method == http_method::head) return set(CURLOPT_NOBODY, 1L);
        if (has_body || method == http_method::post || method == http_method::put || method == http_method::patch) {
            set(CURLOPT_POST, 1L);
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body().size()));
            set(CURLOPT_POSTFIELDS, has_body ? request.body().data() : "");
        }
        // The names are string literals, so they are null-terminated.
        set(CURLOPT_CUSTOMREQUEST, to_string_view(method).data());
    }

    failure to_failure(CURLcode code) const noexcept
    {
        if (replaying_)
            return make_failure(errc::answer_lost,
                                "the kept connection closed before a response arrived; the request was not sent again",
                                code);
        // The text of libcurl can contain the address of the proxy and thus its password.
        bool const has_safe_text = error_[0] && options_.proxy.empty();
        std::string_view const text = has_safe_text ? error_ : curl_easy_strerror(code);
        if (was_refused(code))
            return make_failure(errc::not_connected, "the server refused the request each time and did not process it",
                                code);
        if (!sending_ && code == CURLE_OPERATION_TIMEDOUT)
            return make_failure(errc::not_connected, text, code, "connecting timed out: ");
        if (too_large_) return make_failure(errc::answer_too_large, explain(errc::answer_too_large), code);
        return make_failure(sending_ ? kind_once_sending(code) : kind_while_connecting(code), text, code);
    }

    static failure make_failure(errc kind, std::string_view text, CURLcode code, char const* prefix = "") noexcept
    {
        return unless_out_of_memory([&] { return failure(kind, std::string(prefix).append(text), code); },
                                    [&] { return failure(kind); });
    }

    static errc kind_while_connecting(CURLcode code) noexcept
    {
        switch (static_cast<int>(code)) { // newer versions have more enumerators
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_PROXY:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
        case CURLE_GOT_NOTHING: return errc::not_connected;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_ENGINE_NOTFOUND:
        case CURLE_SSL_ENGINE_SETFAILED:
        case CURLE_SSL_ENGINE_INITFAILED:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_USE_SSL_FAILED:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CRL_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        case CURLE_SSL_INVALIDCERTSTATUS:
        case CURLE_SSL_CLIENTCERT: return errc::tls_failure;
        default: return errc::transport_failure;
        }
    }

    errc kind_once_sending(CURLcode code) const noexcept
    {
        switch (static_cast<int>(code)) { // newer versions have more enumerators
        case CURLE_OPERATION_TIMEDOUT: return errc::timed_out;
        case CURLE_SEND_FAIL_REWIND:
        case CURLE_PARTIAL_FILE: return errc::answer_lost;
        case CURLE_FILESIZE_EXCEEDED: return errc::answer_too_large;
        // libcurl 7 reports a header line longer than its limit of 100 KiB this way.
        case CURLE_OUT_OF_MEMORY: return has_headers_ ? errc::transport_failure : errc::answer_too_large;
        case 100: return errc::answer_too_large; // CURLE_TOO_LARGE, which libcurl 8 reports instead
        default: break;
        }
        // The connection ended, or a kept one ended and libcurl could not connect to send the request again.
        bool const is_lost = kind_while_connecting(code) != errc::transport_failure;
        return is_lost ? errc::answer_lost : errc::transport_failure;
    }

    CURL* handle_;
    transport_options const& options_;
    std::string url_;
    curl_header_strings lines_;
    std::shared_ptr<curl_connection> connection_{};
    CURLcode code_ = CURLE_OK;
    std::size_t received_ = 0;
    bool is_refused_ = false; // by the server, at least once
    bool sending_ = false;
    bool replaying_ = false; // libcurl tried to send the request again
    bool too_large_ = false;
    bool out_of_memory_ = false; // for the response
    bool in_headers_ = false;
    bool has_headers_ = false;
    bool is_http2_ = false;
    std::string fields_{}; // the header lines of the latest response, each with its CR LF
    std::string body_{};
    char error_[CURL_ERROR_SIZE]{};
};

} // namespace sidecall::detail
