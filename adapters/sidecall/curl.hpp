#pragma once

/// A transport over libcurl, 7.85 or later (`libcurl4-openssl-dev`, `pkg-config libcurl`). The system must have the
/// certificates of the public authorities (`ca-certificates`), or every https request is a `tls_failure`.

#include <curl/curl.h>

#ifndef _WIN32
#include <poll.h>
#endif

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sidecall/detail/storage.hpp>
#include <sidecall/http.hpp>
#include <sidecall/result.hpp>
#include <sidecall/transport_options.hpp>

#if LIBCURL_VERSION_NUM < 0x075500
#error "sidecall/curl.hpp needs libcurl 7.85.0 or later"
#endif

namespace sidecall {

/// Carries requests by libcurl: blocking, over HTTP/1.1, on a connection that it keeps for the next one. A model of
/// `transport`.
///
/// The peer is verified, certificate and host name, with TLS 1.2 or later. No redirect is followed, no cookie kept, no
/// .netrc read, no compression asked for, no signal raised or handled.
///
/// **A request is sent once.** If a kept connection turns out to be dead, libcurl by itself would send a request again
/// on a new one, though the server may have acted on the first: that is prevented (`CURLOPT_PREREQFUNCTION`), and the
/// failure is `answer_lost`. A connection whose end is seen before anything is sent is replaced silently.
///
/// The line with the credential is wiped after use; the copies that libcurl, TLS and the kernel make of it in between
/// are not within reach.
///
/// One transport per thread: it may be moved to another one, but not used by two at once. It has no global state of
/// its own; libcurl initialises itself when the first transport is made, which is safe from any thread where
/// `curl_version_info` reports `CURL_VERSION_THREADSAFE` (Debian does). Where it does not, call `curl_global_init`
/// yourself before you start a thread.
///
/// Allocates for the answer and for libcurl's needs. Throws nothing but `std::bad_alloc`.
class curl_transport {
public:
    /// The type of its options. The connect timeout bounds name look-up, TCP and TLS together; headers may take 256 KiB
    /// of the largest answer.
    using options = transport_options;

    /// Makes a transport; it connects when the first request is made.
    explicit curl_transport(transport_options settings = {}) : settings_(std::move(settings)), handle_(curl_easy_init())
    {
    }

    /// Sends the request and waits for the whole answer, whatever its status. `native_code()` of a failure is the
    /// `CURLcode`:
    /// - `not_connected`: no address, refused, no proxy, or not connected in time;
    /// - `tls_failure`: no TLS, or the certificate does not hold, or `ca_file` cannot be read;
    /// - `timed_out`: connected, but no whole answer within `total_timeout`;
    /// - `answer_lost`: the connection ended before the whole answer had come;
    /// - `answer_too_large`: more than `max_answer`;
    /// - `transport_failure`: anything else, an answer that is no HTTP say.
    result<http_response> operator()(authorized_request const& request)
    {
        if (!handle_) return failure(errc::transport_failure, "libcurl could not be initialised", CURLE_FAILED_INIT);
        if (request.method() == http_method::head && !request.body().empty())
            return failure(errc::transport_failure, "libcurl cannot send a HEAD with a body");

        exchange current{.max_answer = settings_.max_answer};
        std::string const url(request.url());
        header_strings const lines(request.headers());
        bool const keep = is_good_ && is_quiet();
        is_good_ = false;
        CURLcode code = lines.get() ? prepare(request, url.c_str(), lines.get(), keep, current) : CURLE_OUT_OF_MEMORY;
        if (code == CURLE_OK) code = curl_easy_perform(handle_.get());

        long status = 0;
        if (code == CURLE_OK) code = curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
        curl_easy_reset(handle_.get()); // keeps the connection, but no pointer into this call

        // The connection's end within the headers, or after an interim answer, is no error to libcurl.
        if (code == CURLE_OK && (current.in_headers || status < 200)) code = CURLE_PARTIAL_FILE;
        is_good_ = code == CURLE_OK;
        if (!is_good_) return failed(code, current);
        return http_response{static_cast<int>(status), current.fields(), std::move(current.body)};
    }

private:
    static constexpr std::size_t max_headers = std::size_t{256} << 10; // libcurl's own limit is 300 KiB

    /// What comes of one request.
    struct exchange {
        std::size_t max_answer;
        std::size_t received = 0;
        bool sending = false;   // connected: from here on Twilio may have acted
        bool replaying = false; // libcurl was about to send it once more
        bool too_large = false;
        bool in_headers = false;
        bool has_headers = false;
        std::string lines{}; // the header lines of the last answer, each with its CR LF
        std::string body{};
        char error[CURL_ERROR_SIZE]{};

        bool take(std::size_t size, std::size_t limit) noexcept
        {
            too_large = received > limit || size > limit - received;
            received += size;
            return !too_large;
        }

        /// Called before a request is written to a connection, a new or a kept one.
        static int on_request(void* self, char*, char*, int, int) noexcept
        {
            auto& current = *static_cast<exchange*>(self);
            current.replaying = current.sending;
            current.sending = true;
            return current.replaying ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
        }

        /// Called for each line: the status lines of interim answers, the final one's, and trailers, too.
        static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept
        {
            auto& current = *static_cast<exchange*>(self);
            if (!current.take(size, std::min(current.max_answer, max_headers))) return 0;
            std::string_view const line(data, size);
            if (!current.in_headers && line.substr(0, 5) == "HTTP/") {
                current.lines.clear();
                current.in_headers = true;
            } else if (current.in_headers && (line == "\r\n" || line == "\n")) {
                current.in_headers = false;
                current.has_headers = true;
            } else if (current.in_headers) {
                // A line that begins with a blank continues the one before it (RFC 9112, section 5.2).
                bool const folded = line.front() == ' ' || line.front() == '\t';
                while (folded && !current.lines.empty() &&
                       (current.lines.back() == '\n' || current.lines.back() == '\r'))
                    current.lines.pop_back();
                current.lines.append(line);
            }
            return size;
        }

        static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept
        {
            auto& current = *static_cast<exchange*>(self);
            if (!current.take(size, current.max_answer)) return 0;
            current.body.append(data, size);
            return size;
        }

        header_list fields() const
        {
            header_list list;
            for (std::string_view rest = lines; !rest.empty();) {
                std::string_view const line = rest.substr(0, rest.find('\n'));
                rest.remove_prefix(std::min(line.size() + 1, rest.size()));
                std::size_t const colon = line.find(':');
                if (colon != line.npos)
                    list.add(line.substr(0, colon), line.substr(colon + 1, line.find('\r') - colon - 1));
            }
            return list;
        }
    };

    /// The header lines as libcurl wants them, wiped at the end.
    class header_strings {
    public:
        explicit header_strings(header_lines fields)
        {
            // Lines that libcurl would add by itself, taken away.
            bool complete = add("Expect:");
            bool has_type = false;
            std::string line;
            line.reserve(fields.text().size() + 1); // so that growing leaves no copy behind
            for (auto const& field : fields) {
                // libcurl leaves out a field that ends in ":", and writes one that ends in ";" as an empty one.
                line.clear();
                line.append(field.name).append(field.value.empty() ? ";" : ": ").append(field.value);
                complete = complete && add(line.c_str());
                has_type = has_type || detail::equal_ignoring_case(field.name, "Content-Type");
            }
            detail::wipe(line);
            if (!has_type) complete = complete && add("Content-Type:");
            if (!complete) clear();
        }
        header_strings(header_strings const&) = delete;
        header_strings& operator=(header_strings const&) = delete;
        ~header_strings() { clear(); }

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
            for (auto* node = list_; node; node = node->next) detail::wipe(node->data, std::strlen(node->data));
            curl_slist_free_all(list_);
            list_ = nullptr;
        }

        curl_slist* list_ = nullptr;
    };

    static long to_long(std::chrono::milliseconds time) noexcept
    {
        return static_cast<long>(std::clamp<std::chrono::milliseconds::rep>(time.count(), 1, INT_MAX));
    }

    /// Nothing has come on the kept connection since the last answer: no end, and nothing that would be taken for the
    /// next answer. libcurl looks, too, but 7.88 takes the goodbye of TLS (close_notify) for a sign of life.
    bool is_quiet() const noexcept
    {
        curl_socket_t socket = CURL_SOCKET_BAD;
        if (curl_easy_getinfo(handle_.get(), CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK || socket == CURL_SOCKET_BAD)
            return false;
#ifdef _WIN32
        WSAPOLLFD what{socket, POLLIN, 0};
        return WSAPoll(&what, 1, 0) == 0;
#else
        pollfd what{socket, POLLIN, 0};
        return ::poll(&what, 1, 0) == 0;
#endif
    }

    /// Sets every option anew; the first that libcurl does not take ends it, since none of them may be missing.
    CURLcode prepare(authorized_request const& request, char const* url, curl_slist* lines, bool keep,
                     exchange& current) noexcept
    {
        CURLcode code = CURLE_OK;
        auto const set = [&](CURLoption option, auto value) {
            if (code == CURLE_OK) code = curl_easy_setopt(handle_.get(), option, value);
        };
        bool const https = request.url().substr(0, 6) == "https:";

        set(CURLOPT_ERRORBUFFER, current.error);
        set(CURLOPT_URL, url);
        set(CURLOPT_PATH_AS_IS, 1L);
        set(CURLOPT_PROTOCOLS_STR, https ? "https" : "http");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
        set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_HTTP09_ALLOWED, 0L);

        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        if (!settings_.ca_file.empty()) {
            set(CURLOPT_CAINFO, settings_.ca_file.c_str());
            set(CURLOPT_CAPATH, static_cast<char const*>(nullptr)); // else the system's are trusted besides
        }

        // "" for both, since a null pointer would mean the environment's.
        set(CURLOPT_PROXY, https ? settings_.proxy.c_str() : "");
        set(CURLOPT_NOPROXY, "");
        set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE)); // no credential to the proxy
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);

        set(CURLOPT_CONNECTTIMEOUT_MS, to_long(std::min(settings_.connect_timeout, settings_.total_timeout)));
        set(CURLOPT_TIMEOUT_MS, to_long(settings_.total_timeout));
        set(CURLOPT_MAXAGE_CONN,
            static_cast<long>(std::clamp<std::chrono::seconds::rep>(settings_.max_idle.count(), 0, INT_MAX)));
        set(CURLOPT_MAXCONNECTS, 1L);
        set(CURLOPT_FRESH_CONNECT, keep ? 0L : 1L);
        set(CURLOPT_FORBID_REUSE, settings_.max_idle.count() > 0 ? 0L : 1L);
        if (request.method() != http_method::head)
            set(CURLOPT_MAXFILESIZE_LARGE,
                static_cast<curl_off_t>(std::min(settings_.max_answer, std::size_t{INT_MAX})));

        set(CURLOPT_HTTPHEADER, lines);
        set_method(request, set);

        set(CURLOPT_PREREQFUNCTION, &exchange::on_request);
        set(CURLOPT_PREREQDATA, &current);
        set(CURLOPT_HEADERFUNCTION, &exchange::on_header);
        set(CURLOPT_HEADERDATA, &current);
        set(CURLOPT_WRITEFUNCTION, &exchange::on_body);
        set(CURLOPT_WRITEDATA, &current);
        return code;
    }

    static void set_method(authorized_request const& request, auto const& set) noexcept
    {
        auto const method = request.method();
        bool const has_body = !request.body().empty();
        if (method == http_method::head) return set(CURLOPT_NOBODY, 1L);
        if (has_body || method == http_method::post || method == http_method::put || method == http_method::patch) {
            set(CURLOPT_POST, 1L);
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body().size()));
            set(CURLOPT_POSTFIELDS, has_body ? request.body().data() : "");
        }
        // The names come from literals, so a zero follows them.
        set(CURLOPT_CUSTOMREQUEST, to_string_view(method).data());
    }

    failure failed(CURLcode code, exchange const& current) const
    {
        if (current.replaying)
            return failure(errc::answer_lost, "the kept connection ended before an answer came; not sent again", code);
        // libcurl's own words can hold the proxy's address, and so its password.
        bool const in_its_words = current.error[0] && settings_.proxy.empty();
        std::string_view const said = in_its_words ? current.error : curl_easy_strerror(code);
        if (!current.sending && code == CURLE_OPERATION_TIMEDOUT)
            return failure(errc::not_connected, std::string("connecting timed out: ").append(said), code);
        if (current.too_large) return failure(errc::answer_too_large, detail::explain(errc::answer_too_large), code);
        return failure(current.sending ? kind_once_sending(code, current) : kind_while_connecting(code), said, code);
    }

    static errc kind_while_connecting(CURLcode code) noexcept
    {
        switch (code) {
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_PROXY:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
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

    static errc kind_once_sending(CURLcode code, exchange const& current) noexcept
    {
        switch (code) {
        case CURLE_OPERATION_TIMEDOUT: return errc::timed_out;
        case CURLE_SEND_ERROR:
        case CURLE_SEND_FAIL_REWIND:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE: return errc::answer_lost;
        case CURLE_FILESIZE_EXCEEDED: return errc::answer_too_large;
        // How libcurl 7 says that a single header line is longer than its limit of 100 KiB.
        case CURLE_OUT_OF_MEMORY: return current.has_headers ? errc::transport_failure : errc::answer_too_large;
        default:
            // CURLE_TOO_LARGE, how libcurl 8 says it.
            return static_cast<int>(code) == 100 ? errc::answer_too_large : errc::transport_failure;
        }
    }

    struct cleanup {
        void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
    };

    transport_options settings_;
    std::unique_ptr<CURL, cleanup> handle_;
    bool is_good_ = false; // the last request left a connection behind that may be used again
};

} // namespace sidecall
