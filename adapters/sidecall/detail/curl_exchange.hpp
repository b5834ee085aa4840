#pragma once

/// What the transports over libcurl share: one request on one easy handle, and what comes of it.

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

/// What `work` returns, or what `rescue` returns if there is no memory for the work. A program that is built without
/// exceptions ends where there is no memory.
template <class Work, class Rescue>
auto unless_out_of_memory(Work&& work, Rescue&& rescue) -> decltype(work())
{
#ifdef __cpp_exceptions
    try {
        return work();
    } catch (std::bad_alloc const&) {
        return rescue();
    } catch (std::length_error const&) { // more than any memory could hold
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

/// What libcurl made; throws `std::bad_alloc` if that is nothing, or returns it where there are no exceptions.
template <class T>
T* made_or_throws(T* made)
{
#ifdef __cpp_exceptions
    if (!made) throw std::bad_alloc();
#endif
    return made;
}

/// Nothing is there to be read. On a kept connection of HTTP/1.1, then nothing has come since the last answer: no end,
/// and nothing that would be taken for the next answer. libcurl looks, too, but 7.88 takes bytes that nobody asked for
/// and the goodbye of TLS (close_notify) for signs of life.
///
/// What TLS has decrypted and libcurl not taken is out of sight: the end of a record whose beginning was the end of a
/// body. It takes a server that says a wrong Content-Length, and sends the headers in a record of their own.
inline bool is_quiet(curl_socket_t socket) noexcept
{
#ifdef _WIN32
    WSAPOLLFD what{socket, POLLIN, 0};
    return WSAPoll(&what, 1, 0) == 0;
#else
    pollfd what{socket, POLLIN, 0};
    return ::poll(&what, 1, 0) == 0;
#endif
}

/// Makes the sockets of a connection, and sees to it that a program which this one starts does not inherit them.
inline curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) noexcept
{
#ifdef _WIN32
    return ::WSASocketW(address->family, address->socktype, address->protocol, nullptr, 0,
                        WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
#elif defined(SOCK_CLOEXEC)
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
    int const socket = ::socket(address->family, address->socktype, address->protocol);
    if (socket >= 0) ::fcntl(socket, F_SETFD, FD_CLOEXEC); // a program that is started in between does inherit it
    return socket;
#endif
}

/// What is known of an open connection.
struct curl_connection {
    curl_socket_t socket = CURL_SOCKET_BAD;
    int port = 0;                // of this end; 0: not known yet
    bool answered_http1 = false; // and so has one request at a time, and may have said too much

    /// Whether what comes next on it is the answer to what is sent next.
    bool is_good() const noexcept { return !answered_http1 || is_quiet(socket); }
};

/// The header lines as libcurl wants them, wiped at the end.
class curl_header_strings {
public:
    explicit curl_header_strings(header_lines fields)
    {
        std::string line;
        line.reserve(fields.text().size() +
                     1); // so that growing leaves no copy behind, and from here on nothing throws
        // Lines that libcurl would add by itself, taken away.
        bool complete = add("Expect:");
        bool has_type = false;
        for (header const field : fields) {
            // libcurl leaves out a field that ends in ":", and writes one that ends in ";" as an empty one.
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

    /// Null if there was no memory for all of them.
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

/// Why a request cannot even be tried, if so. Allocates nothing.
inline std::optional<failure> why_not_sent(authorized_request const& request) noexcept
{
    if (request.method() == http_method::head && !request.body().empty())
        return failure(errc::invalid_argument, "", "libcurl cannot send a HEAD with a body");
    return {};
}

/// One request on its way: sets a handle up for it, takes what comes, and reads the outcome. Handle, request and
/// options must outlive it. When it ends the handle keeps a connection, no pointer, and options that the next one of
/// the same transport sets anew.
class curl_exchange {
public:
    /// Sets the options that all transports have in common; `set` the others. It may take `at_most`, and no longer than
    /// the options say.
    curl_exchange(CURL* handle, authorized_request const& request, transport_options const& settings,
                  std::chrono::milliseconds at_most)
        : handle_(handle), settings_(settings), url_(request.url()), lines_(request.headers())
    {
        if (!lines_.get()) code_ = CURLE_OUT_OF_MEMORY;
        prepare(request, (std::min)(at_most, settings.total_timeout));
    }
    curl_exchange(curl_exchange const&) = delete;
    curl_exchange& operator=(curl_exchange const&) = delete;
    /// Takes back whatever points here. Not by curl_easy_reset: that allocates, and where there is no memory it says
    /// nothing and leaves a handle behind that is half set up (one of libcurl 7.88 then reads no answer).
    ~curl_exchange()
    {
        for (CURLoption option : {CURLOPT_ERRORBUFFER, CURLOPT_URL, CURLOPT_HTTPHEADER, CURLOPT_POSTFIELDS,
                                  CURLOPT_PREREQDATA, CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_PRIVATE})
            curl_easy_setopt(handle_, option, static_cast<void*>(nullptr));
    }

    /// Sets another option. The first that libcurl does not take ends it, since none of them may be missing.
    template <class T>
    void set(CURLoption option, T value) noexcept
    {
        if (code_ == CURLE_OK) code_ = curl_easy_setopt(handle_, option, value);
    }

    /// Has the certificate authorities read anew. libcurl 7.87 and later remember them for a day, and also what they
    /// had read of them when there was no memory for more: then no certificate holds any more.
    void read_authorities() noexcept
    {
#if LIBCURL_VERSION_NUM >= 0x075700
        curl_easy_setopt(handle_, CURLOPT_CA_CACHE_TIMEOUT, 0L); // of no consequence to a TLS that does not remember
#endif
    }

    /// Whether every option was taken.
    CURLcode code() const noexcept { return code_; }

    /// Connected: from here on Twilio may have acted.
    bool is_sending() const noexcept { return sending_; }

    /// Whether the answer comes over HTTP/2.
    bool is_http2() const noexcept { return is_http2_; }

    /// To be asked before the request is written to a connection, a new or a kept one: false if it was before. What is
    /// learned of the connection is written to it, if it is given.
    bool may_send(std::shared_ptr<curl_connection> path = {}) noexcept
    {
        replaying_ = sending_;
        sending_ = true;
        path_ = std::move(path);
        return !replaying_;
    }

    /// What came of it, once, when libcurl is done with it. If there is no memory for the answer, `out_of_memory`; if
    /// there is none for the text of a failure, the failure without its text.
    result<http_response> outcome(CURLcode code) noexcept
    {
        if (out_of_memory_) return out_of_memory();
        long status = 0;
        if (code == CURLE_OK) code = curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
        // The connection's end within the headers, or after an interim answer, is no error to libcurl.
        if (code == CURLE_OK && (in_headers_ || status < 200)) code = CURLE_PARTIAL_FILE;
        if (code != CURLE_OK) return failed(code);
        return unless_out_of_memory(
            [&]() -> result<http_response> {
                return http_response{static_cast<int>(status), fields(), std::move(body_)};
            },
            []() -> result<http_response> { return out_of_memory(); });
    }

private:
    static constexpr std::size_t max_headers = std::size_t{256} << 10; // libcurl's own limit is 300 KiB

    bool take(std::size_t size, std::size_t limit) noexcept
    {
        too_large_ = received_ > limit || size > limit - received_;
        received_ += size;
        return !too_large_;
    }

    /// Called before a request is written to a connection, a new or a kept one.
    static int on_request(void* self, char*, char*, int, int) noexcept
    {
        return static_cast<curl_exchange*>(self)->may_send() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
    }

    /// Keeps what came; false if there is no memory for it, and then libcurl is to go no further.
    bool keep(std::string& where, std::string_view what) noexcept
    {
        out_of_memory_ = !unless_out_of_memory(
            [&] {
                where.append(what);
                return true;
            },
            [] { return false; });
        return !out_of_memory_;
    }

    /// Called for each line: the status lines of interim answers, the final one's, and trailers, too.
    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept
    {
        auto& current = *static_cast<curl_exchange*>(self);
        if (!current.take(size, (std::min)(current.settings_.max_answer, max_headers))) return 0;
        std::string_view const line(data, size);
        if (!current.in_headers_ && line.substr(0, 5) == "HTTP/") {
            current.begin_headers(line);
        } else if (current.in_headers_ && (line == "\r\n" || line == "\n")) {
            current.in_headers_ = false;
            current.has_headers_ = true;
        } else if (current.in_headers_) {
            // A line that begins with a blank continues the one before it (RFC 9112, section 5.2).
            bool const folded = line.front() == ' ' || line.front() == '\t';
            while (folded && !current.fields_.empty() &&
                   (current.fields_.back() == '\n' || current.fields_.back() == '\r'))
                current.fields_.pop_back();
            if (!current.keep(current.fields_, line)) return 0;
        }
        return size;
    }

    void begin_headers(std::string_view status_line) noexcept
    {
        fields_.clear();
        in_headers_ = true;
        is_http2_ = status_line.substr(0, 6) == "HTTP/2";
        if (path_) path_->answered_http1 = !is_http2_;
    }

    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept
    {
        auto& current = *static_cast<curl_exchange*>(self);
        if (!current.take(size, current.settings_.max_answer)) return 0;
        return current.keep(current.body_, {data, size}) ? size : 0;
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

    void prepare(authorized_request const& request, std::chrono::milliseconds at_most) noexcept
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
        if (!settings_.ca_file.empty()) {
            set(CURLOPT_CAINFO, settings_.ca_file.c_str());
            set(CURLOPT_CAPATH, static_cast<char const*>(nullptr)); // else the system's are trusted besides
        }

        // "" for both, since a null pointer would mean the environment's.
        set(CURLOPT_PROXY, request.https() ? settings_.proxy.c_str() : "");
        set(CURLOPT_NOPROXY, "");
        set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE)); // no credential to the proxy
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);

        set(CURLOPT_CONNECTTIMEOUT_MS, to_long((std::min)(settings_.connect_timeout, at_most)));
        set(CURLOPT_TIMEOUT_MS, to_long(at_most));
        set(CURLOPT_MAXAGE_CONN,
            static_cast<long>(std::clamp<std::chrono::seconds::rep>(settings_.max_idle.count(), 0, INT_MAX)));
        set(CURLOPT_FORBID_REUSE, settings_.max_idle.count() > 0 ? 0L : 1L);
        bool const has_no_size = request.method() == http_method::head; // it says that of the body that is not sent
        set(CURLOPT_MAXFILESIZE_LARGE,
            has_no_size ? curl_off_t{0}
                        : static_cast<curl_off_t>((std::min)(settings_.max_answer, std::size_t{INT_MAX})));

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
        set(CURLOPT_HTTPGET, 1L); // whatever the handle did before
        set(CURLOPT_CUSTOMREQUEST, static_cast<char const*>(nullptr));
        if (method == http_method::head) return set(CURLOPT_NOBODY, 1L);
        if (has_body || method == http_method::post || method == http_method::put || method == http_method::patch) {
            set(CURLOPT_POST, 1L);
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body().size()));
            set(CURLOPT_POSTFIELDS, has_body ? request.body().data() : "");
        }
        // The names come from literals, so a zero follows them.
        set(CURLOPT_CUSTOMREQUEST, to_string_view(method).data());
    }

    failure failed(CURLcode code) const noexcept
    {
        if (replaying_)
            return described(errc::answer_lost, "the kept connection ended before an answer came; not sent again",
                             code);
        // libcurl's own words can hold the proxy's address, and so its password.
        bool const in_its_words = error_[0] && settings_.proxy.empty();
        std::string_view const said = in_its_words ? error_ : curl_easy_strerror(code);
        if (!sending_ && code == CURLE_OPERATION_TIMEDOUT)
            return described(errc::not_connected, said, code, "connecting timed out: ");
        if (too_large_) return described(errc::answer_too_large, explain(errc::answer_too_large), code);
        return described(sending_ ? kind_once_sending(code) : kind_while_connecting(code), said, code);
    }

    static failure described(errc kind, std::string_view text, CURLcode code, char const* before = "") noexcept
    {
        return unless_out_of_memory([&] { return failure(kind, std::string(before).append(text), code); },
                                    [&] { return failure(kind); });
    }

    static errc kind_while_connecting(CURLcode code) noexcept
    {
        switch (static_cast<int>(code)) { // new versions add to the enumerators
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
        switch (static_cast<int>(code)) { // new versions add to the enumerators
        case CURLE_OPERATION_TIMEDOUT: return errc::timed_out;
        case CURLE_SEND_FAIL_REWIND:
        case CURLE_PARTIAL_FILE: return errc::answer_lost;
        case CURLE_FILESIZE_EXCEEDED: return errc::answer_too_large;
        // How libcurl 7 says that a single header line is longer than its limit of 100 KiB.
        case CURLE_OUT_OF_MEMORY: return has_headers_ ? errc::transport_failure : errc::answer_too_large;
        case 100: return errc::answer_too_large; // CURLE_TOO_LARGE, how libcurl 8 says it
        default: break;
        }
        // The connection ended; or did so on a kept one, and libcurl could not even connect to send it once more.
        bool const is_lost = kind_while_connecting(code) != errc::transport_failure;
        return is_lost ? errc::answer_lost : errc::transport_failure;
    }

    CURL* handle_;
    transport_options const& settings_;
    std::string url_;
    curl_header_strings lines_;
    std::shared_ptr<curl_connection> path_{};
    CURLcode code_ = CURLE_OK;
    std::size_t received_ = 0;
    bool sending_ = false;
    bool replaying_ = false; // libcurl was about to send it once more
    bool too_large_ = false;
    bool out_of_memory_ = false; // for what came
    bool in_headers_ = false;
    bool has_headers_ = false;
    bool is_http2_ = false;
    std::string fields_{}; // the header lines of the last answer, each with its CR LF
    std::string body_{};
    char error_[CURL_ERROR_SIZE]{};
};

} // namespace sidecall::detail
