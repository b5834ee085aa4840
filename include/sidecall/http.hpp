#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/credentials.hpp>
#include <sidecall/detail/ascii.hpp>
#include <sidecall/detail/json.hpp>
#include <sidecall/detail/request.hpp>
#include <sidecall/detail/rfc2822.hpp>
#include <sidecall/detail/storage.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/result.hpp>
#include <sidecall/storage.hpp>
#include <sidecall/text_view.hpp>

namespace sidecall {

/// The six methods that the API page's enum has for `Method`, and that a request can be made with: `head`, `get`,
/// `post`, `patch`, `put`, and `delete_`, since `delete` is a keyword.
enum class http_method : unsigned char { head, get, post, patch, put, delete_ };

/// The method as HTTP spells it: `"POST"`. Empty for a value that is none.
constexpr std::string_view to_string_view(http_method method) noexcept
{
    constexpr std::string_view names[] = {"HEAD", "GET", "POST", "PATCH", "PUT", "DELETE"};
    auto const index = static_cast<std::size_t>(method);
    return index < sizeof names / sizeof *names ? names[index] : std::string_view();
}

/// Reads a method, in capitals as RFC 9110, section 9.1, has them. A failure is `invalid_argument` in `"Method"`.
constexpr result<http_method> parse_http_method(text_view text) noexcept
{
    for (auto method : {http_method::head, http_method::get, http_method::post, http_method::patch, http_method::put,
                        http_method::delete_})
        if (text == to_string_view(method)) return method;
    return failure(errc::invalid_argument, "Method", "none of HEAD, GET, POST, PATCH, PUT and DELETE", 0);
}

/// Whether the API page's prose names the method for a callback ("Either GET or POST"); its enum has the others, too.
constexpr bool is_documented(http_method method) noexcept
{
    return method == http_method::get || method == http_method::post;
}

/// A header field. Both are views into whatever it was taken from.
struct header {
    text_view name;  ///< Compared without regard to case (RFC 9110, section 5.1).
    text_view value; ///< Without the white space around it.

    /// Byte for byte, the names too.
    friend constexpr bool operator==(header const&, header const&) = default;
};

/// Header fields as a range over the lines they are kept in, `Name: value` and CR LF each.
class header_lines {
public:
    /// A forward iterator that reads the line it stands on.
    class iterator {
    public:
        using value_type = header;              ///< A field.
        using difference_type = std::ptrdiff_t; ///< What `std::forward_iterator` asks for.

        constexpr iterator() noexcept = default;

        /// The field of this line, read anew by each call.
        constexpr header operator*() const noexcept
        {
            std::size_t const colon = rest_.find(':');
            return {rest_.substr(0, colon), detail::trim(rest_.substr(colon + 1, line() - colon - 1))};
        }
        /// Goes to the next line.
        constexpr iterator& operator++() noexcept
        {
            rest_.remove_prefix(line() + 2);
            return *this;
        }
        /// The same, and gives back where it was.
        constexpr iterator operator++(int) noexcept
        {
            iterator const before = *this;
            ++*this;
            return before;
        }
        /// Whether both stand on the same line; they must be of the same fields.
        friend constexpr bool operator==(iterator const& a, iterator const& b) noexcept
        {
            return a.rest_.size() == b.rest_.size();
        }

    private:
        friend class header_lines;
        constexpr explicit iterator(std::string_view rest) noexcept : rest_(rest) {}
        constexpr std::size_t line() const noexcept { return rest_.find("\r\n"); }

        std::string_view rest_;
    };

    constexpr header_lines() noexcept = default;

    constexpr iterator begin() const noexcept { return iterator(text_); }                    ///< The first field.
    constexpr iterator end() const noexcept { return iterator(text_.substr(text_.size())); } ///< Behind the last one.
    constexpr bool empty() const noexcept { return text_.empty(); }                          ///< Whether there is none.

    /// The lines themselves, ready for the wire.
    constexpr std::string_view text() const noexcept { return text_; }

private:
    friend class header_list;
    friend class http_request;
    constexpr explicit header_lines(std::string_view text) noexcept : text_(text) {}

    std::string_view text_;
};

/// The header fields of an answer, in the order in which they came, owned in one buffer.
class header_list {
public:
    header_list() noexcept = default;

    /// `{{"Content-Type", "application/json"}, …}`. Allocates.
    header_list(std::initializer_list<header> fields)
    {
        for (auto const& field : fields) add(field.name, field.value);
    }

    /// Adds a field. A colon or a blank in the name and a line break in the value, which HTTP does not allow, become
    /// "_" and a blank, so that one field cannot be read as two (RFC 9110, section 5.5). May allocate.
    void add(text_view name, text_view value)
    {
        for (char c : name) lines_ += c == ':' || static_cast<unsigned char>(c) <= ' ' ? '_' : c;
        lines_ += ": ";
        for (char c : detail::trim(value)) lines_ += c == '\r' || c == '\n' ? ' ' : c;
        lines_ += "\r\n";
    }

    header_lines::iterator begin() const noexcept { return lines().begin(); } ///< The first field, until `add`.
    header_lines::iterator end() const noexcept { return lines().end(); }     ///< Behind the last one.
    bool empty() const noexcept { return lines_.empty(); }                    ///< Whether there is none.

private:
    header_lines lines() const noexcept { return header_lines(lines_); }

    std::string lines_;
};

namespace detail {

template <class Field>
    requires requires(Field const& field)
    {
        header{field.name, field.value};
    }
constexpr header to_header(Field const& field) noexcept
{
    return {field.name, field.value};
}
template <class Field>
    requires requires(Field const& field)
    {
        header{field.first, field.second};
    }
constexpr header to_header(Field const& field) noexcept
{
    return {field.first, field.second};
}

/// A range whose elements are fields, and stay where they are while they are looked at.
template <class Range>
concept header_range = requires(Range const& range)
{
    std::begin(range) != std::end(range);
    detail::to_header(*std::begin(range));
    requires std::is_lvalue_reference_v<decltype(*std::begin(range))> ||
        std::is_same_v<decltype(*std::begin(range)), header>;
};

} // namespace detail

/// Refers to the header fields of an answer in whatever range they are kept: a `header_list`, an array of `header`, a
/// `std::multimap` of strings; anything with elements that have `name` and `value`, or `first` and `second`. It copies
/// nothing and allocates nothing, so the range must outlive it.
class headers_view {
public:
    constexpr headers_view() noexcept = default;

    /// Of this range.
    template <detail::header_range Range>
    constexpr headers_view(Range const& fields) noexcept : fields_(&fields), find_(&find_in<Range>)
    {
    }
    template <detail::header_range Range>
    headers_view(Range const&&) = delete; ///< Not of a temporary: the view would dangle.

    /// The value of the first field of that name, in whatever case, without the white space around it.
    constexpr std::optional<std::string_view> find(text_view name) const noexcept
    {
        return find_ ? find_(fields_, name) : std::nullopt;
    }

private:
    template <class Range>
    static std::optional<std::string_view> find_in(void const* fields, std::string_view name) noexcept
    {
        for (auto&& element : *static_cast<Range const*>(fields)) {
            header const field = detail::to_header(element);
            if (detail::equal_ignoring_case(field.name, name)) return detail::trim(field.value);
        }
        return {};
    }

    void const* fields_ = nullptr;
    std::optional<std::string_view> (*find_)(void const*, std::string_view) noexcept = nullptr;
};

/// A parameter of a form: left out if it has no value.
struct form_field {
    text_view name;                 ///< Not encoded.
    std::optional<text_view> value; ///< Not encoded, either.
};

/// A request as a value: what is to be sent, and no credential in it, so that it can be logged, compared, stored and
/// held against a golden file. Written once, into one buffer, whose size is known before the first byte:
///
///     https://api.twilio.com/2010-04-01/Accounts/…  Callback=https%3A%2F%2F…  Accept: application/json…
///     |                     |                      |                         |
///     0                     target_                body_                     lines_
///
/// The header lines come last, because that is where `authorize` adds its own.
class http_request {
public:
    /// Makes a request to `where`: the pieces of the path put together, and the form as its body. Bytes that may not
    /// stand in a path or a form are percent-encoded, so nothing given here can end a line. A "/" or ".." in a piece is
    /// kept, so check a piece that comes from outside: it could name another resource. This is what an operation of
    /// your own calls. A path that does not begin with "/" is given one. One allocation.
    constexpr http_request(http_method method, endpoint const& where, std::initializer_list<std::string_view> path,
                           std::initializer_list<form_field> form = {});

    /// The request of one of the library's operations. One allocation.
    template <class Operation>
    constexpr http_request(Operation const& what, endpoint const& where)
        : http_request(Operation::request_method, where, what)
    {
    }

    /// A copy. One allocation.
    constexpr http_request(http_request const& other) = default;
    /// Takes the request over. `other` is then empty, and to authorize it ends the program.
    constexpr http_request(http_request&& other) noexcept
        : bytes_(std::move(other.bytes_)), target_(std::exchange(other.target_, 0)),
          body_(std::exchange(other.body_, 0)), lines_(std::exchange(other.lines_, 0)), method_(other.method_)
    {
    }
    /// Becomes `other`, copied or moved.
    constexpr http_request& operator=(http_request other) noexcept
    {
        bytes_ = std::move(other.bytes_);
        target_ = other.target_;
        body_ = other.body_;
        lines_ = other.lines_;
        method_ = other.method_;
        return *this;
    }
    constexpr ~http_request() = default;

    constexpr http_method method() const noexcept { return method_; } ///< How to ask.

    /// The whole URL. Every view is valid as long as this object is and not assigned to, so there are none of a
    /// temporary.
    constexpr std::string_view url() const& noexcept { return cut(0, body_); }
    std::string_view url() const&& = delete;

    /// The URL's path and query: what follows the method on HTTP's first line (RFC 9112, section 3.2.1).
    constexpr std::string_view target() const& noexcept { return cut(target_, body_); }
    std::string_view target() const&& = delete;

    /// `host[:port]`, as the `Host` header has it.
    constexpr std::string_view host() const& noexcept { return cut(https() ? 8 : 7, target_); }
    std::string_view host() const&& = delete;

    /// The host as a resolver and a certificate have it: without a port, and an IPv6 address without its brackets.
    constexpr std::string_view hostname() const& noexcept
    {
        std::string_view const all = host();
        return all.substr(0, 1) == "[" ? all.substr(1, all.find(']') - 1) : all.substr(0, all.find(':'));
    }
    std::string_view hostname() const&& = delete;

    /// The port to connect to: the endpoint's, else the scheme's, 80 or 443.
    constexpr std::uint16_t port() const noexcept
    {
        std::string_view const all = host();
        std::size_t const colon = all.rfind(':'); // one in an IPv6 address has a bracket behind it
        std::uint64_t given = 0;
        if (colon != all.npos && detail::parse_decimal(all.substr(colon + 1), 65535, given))
            return static_cast<std::uint16_t>(given);
        return https() ? 443 : 80;
    }

    /// Whether TLS is to be spoken; plain http only ever goes to a loopback host.
    constexpr bool https() const noexcept { return cut(4, 5) != ":"; }

    /// The header fields that your client cannot know by itself: `Accept`, `Accept-Charset`, `Content-Type`,
    /// `User-Agent`. `Host` and `Content-Length` are not among them, since every client adds those; `to_http1` does.
    constexpr header_lines headers() const& noexcept { return header_lines(cut(lines_, bytes_.size())); }
    header_lines headers() const&& = delete;

    /// The form, encoded; empty if there is none.
    constexpr std::string_view body() const& noexcept { return cut(body_, lines_); }
    std::string_view body() const&& = delete;

    /// The request as the bytes of HTTP/1.1 (RFC 9112), for those who have a socket and nothing else. One allocation.
    /// Of a moved-from request it ends the program.
    std::string to_http1() const
    {
        expect_usable();
        std::string wire(http1_size(), '\0');
        write_http1(wire.data());
        return wire;
    }

    /// Byte for byte.
    friend constexpr bool operator==(http_request const& a, http_request const& b) noexcept
    {
        return a.method_ == b.method_ && a.target_ == b.target_ && a.body_ == b.body_ && a.lines_ == b.lines_ &&
               a.bytes_.view() == b.bytes_.view();
    }

private:
    friend class authorized_request;

    /// A request of somebody else's operation.
    struct lists {
        std::initializer_list<std::string_view> path;
        std::initializer_list<form_field> form;

        template <class Request>
        constexpr void(write)(Request& to) const
        {
            bool const begins_with_slash = path.size() != 0 && path.begin()->substr(0, 1) == "/";
            if (!begins_with_slash) to.path("/"); // or what follows could be read as part of the host
            for (auto piece : path) to.encoded_path(piece);
            for (auto const& field : form)
                if (field.value) to.encoded_field(field.name, *field.value);
        }
    };

    constexpr bool is_moved_from() const noexcept { return bytes_.size() == 0; }
    constexpr void expect_usable() const noexcept { detail::expect(!is_moved_from(), "the request was moved from"); }

    static constexpr std::size_t room_to_authorize = 128; // a Basic credential with a token of 32 characters takes 115

    template <class Parts>
    constexpr http_request(http_method method, endpoint const& where, Parts const& parts)
        : http_request(method, where, parts, detail::buffer(size_of(parts, where, false) + room_to_authorize))
    {
    }
    template <class Parts>
    constexpr http_request(http_method method, endpoint const& where, Parts const& parts, detail::buffer room)
        : bytes_(std::move(room)), method_(method)
    {
        detail::request_writer writer(bytes_.data(), where);
        (parts.write)(writer);
        writer.finish();
        target_ = writer.target();
        body_ = writer.body();
        lines_ = writer.lines();
        bytes_.resize(writer.size());
    }

    template <class Parts>
    static constexpr std::size_t size_of(Parts const& parts, endpoint const& where, bool to_the_byte) noexcept
    {
        detail::request_measure measure(where, to_the_byte);
        (parts.write)(measure);
        return measure.size();
    }

    constexpr std::string_view cut(std::size_t begin, std::size_t end) const noexcept
    {
        return detail::cut(bytes_.view(), begin, end);
    }

    /// A method that defines a meaning for a body says its length even if there is none (RFC 9110, section 8.6).
    bool has_length() const noexcept
    {
        return method_ == http_method::post || method_ == http_method::put || method_ == http_method::patch ||
               !body().empty();
    }

    std::size_t http1_size() const noexcept
    {
        std::size_t size = to_string_view(method_).size() + target().size() + host().size() + headers().text().size() +
                           body().size() + std::string_view("  HTTP/1.1\r\nHost: \r\n\r\n").size();
        if (has_length())
            size += std::string_view("Content-Length: \r\n").size() + std::to_string(body().size()).size();
        return size;
    }
    void write_http1(char* out) const noexcept
    {
        using detail::put;
        out = put(put(put(out, to_string_view(method_)), " "), target());
        out = put(put(put(out, " HTTP/1.1\r\nHost: "), host()), "\r\n");
        out = put(out, headers().text());
        if (has_length()) out = put(put(put(out, "Content-Length: "), std::to_string(body().size())), "\r\n");
        put(put(out, "\r\n"), body());
    }

    detail::buffer bytes_;
    std::size_t target_ = 0;
    std::size_t body_ = 0;
    std::size_t lines_ = 0;
    http_method method_;
};

// Out of its class, since in it clang would take this for no constant: it calls a template that stands further below.
constexpr http_request::http_request(http_method method, endpoint const& where,
                                     std::initializer_list<std::string_view> path,
                                     std::initializer_list<form_field> form)
    : http_request(method, where, lists{path, form})
{
}

/// A request together with its `Authorization` header: the one object that holds the credential. It can be moved and
/// nothing else: not compared or printed, nor copied but by the name of `clone`; the credential is wiped when it ends.
/// Only `authorize` makes one. To see what will be sent, look at the `http_request`.
class authorized_request {
public:
    /// Takes the request over. `other` is then empty: its URL, header fields and body are, and no transport of this
    /// library sends it.
    constexpr authorized_request(authorized_request&& other) noexcept : request_(std::move(other.request_)) {}
    /// The same, and wipes the credential that was there.
    constexpr authorized_request& operator=(authorized_request&& other) noexcept
    {
        if (this != &other) {
            wipe();
            request_ = std::move(other.request_);
        }
        return *this;
    }
    authorized_request(authorized_request const&) = delete;
    authorized_request& operator=(authorized_request const&) = delete;
    constexpr ~authorized_request() { wipe(); }

    /// Another one like this, for a transport that takes the request with it. One allocation.
    constexpr authorized_request clone() const { return authorized_request(request_); }

    constexpr http_method method() const noexcept { return request_.method(); }       ///< See `http_request::method`.
    constexpr std::string_view url() const& noexcept { return request_.url(); }       ///< See `http_request::url`.
    constexpr std::string_view target() const& noexcept { return request_.target(); } ///< See `http_request::target`.
    constexpr std::string_view host() const& noexcept { return request_.host(); }     ///< See `http_request::host`.
    /// See `http_request::hostname`.
    constexpr std::string_view hostname() const& noexcept { return request_.hostname(); }
    constexpr std::uint16_t port() const noexcept { return request_.port(); }     ///< See `http_request::port`.
    constexpr bool https() const noexcept { return request_.https(); }            ///< See `http_request::https`.
    constexpr std::string_view body() const& noexcept { return request_.body(); } ///< See `http_request::body`.

    /// Those of the `http_request`, and `Authorization` as the last: hand it to your client, and log none of it.
    constexpr header_lines headers() const& noexcept { return request_.headers(); }

    // None of a temporary: the view would dangle.
    std::string_view url() const&& = delete;
    std::string_view target() const&& = delete;
    std::string_view host() const&& = delete;
    std::string_view hostname() const&& = delete;
    std::string_view body() const&& = delete;
    header_lines headers() const&& = delete;

    /// The bytes of HTTP/1.1 with the credential in them; hence a `secret`. One allocation. Of a moved-from request it
    /// ends the program.
    secret to_http1() const
    {
        request_.expect_usable();
        secret wire(request_.http1_size());
        request_.write_http1(wire.text_.data());
        return wire;
    }

private:
    friend constexpr authorized_request authorize(http_request request, credentials const& who);
    template <class Operation>
    friend constexpr result<authorized_request> authorize(Operation const& what, credentials const& who,
                                                          endpoint const& where, storage memory);

    static constexpr std::string_view name = "Authorization: ";

    static constexpr std::size_t line_size(credentials const& who) noexcept
    {
        return name.size() + who.authorization().reveal().size() + 2;
    }

    // NOLINTNEXTLINE(modernize-pass-by-value): a copy on the way would leave the credential behind.
    constexpr explicit authorized_request(http_request const& authorized) : request_(authorized) {}

    /// Of a request that has room for it.
    constexpr authorized_request(http_request&& request, credentials const& who) noexcept : request_(std::move(request))
    {
        using detail::put;
        auto& bytes = request_.bytes_;
        char* const end = bytes.data() + bytes.size();
        std::size_t const size = line_size(who);
        bytes.resize(bytes.size() + size); // or it ends the program
        put(put(put(end, name), who.authorization().reveal()), "\r\n");
    }

    static constexpr void make_room(http_request& request, credentials const& who)
    {
        request.expect_usable();
        detail::expect(!who.authorization().empty(), "the credentials were moved from");
        auto& bytes = request.bytes_;
        std::size_t const size = bytes.size() + line_size(who);
        if (size <= bytes.capacity()) return;
        detail::buffer longer(size);
        detail::put(longer.data(), bytes.view());
        longer.resize(bytes.size());
        bytes = std::move(longer);
    }

    template <class Operation>
    static constexpr result<authorized_request> make_in(storage memory, Operation const& what, credentials const& who,
                                                        endpoint const& where)
    {
        if (who.authorization().empty())
            return failure(errc::invalid_argument, "Authorization", "the credentials were moved from");
        std::size_t const size = http_request::size_of(what, where, true) + line_size(who);
        if (size > memory.size()) return failure(errc::invalid_argument, "storage", detail::too_small, size);
        return authorized_request(http_request(Operation::request_method, where, what, detail::buffer(memory)), who);
    }

    /// The lines from the first on: few bytes more than the credential, wherever it stands among them.
    constexpr void wipe() noexcept
    {
        auto const lines = request_.headers().text();
        detail::wipe(const_cast<char*>(lines.data()), lines.size());
    }

    http_request request_;
};

/// Adds the `Authorization` header. Takes the request by value: move it in if you do not need it any more. Allocates
/// only for a copy, or for a credential of unusual length. Ends the program if the request or the credentials were
/// moved from: there is nothing that could be sent.
constexpr authorized_request authorize(http_request request, credentials const& who)
{
    authorized_request::make_room(request, who);
    return authorized_request(std::move(request), who);
}

/// Writes an operation's request and its `Authorization` header into storage of yours, and allocates nothing. For an
/// operation that says what its request consists of, by `request_method` and `write`, as the library's do. The storage
/// must outlive the request, and belongs to nothing else as long as that lives. A failure is `invalid_argument`
/// in `"storage"`: too small; its offset is how many bytes it takes; or in `"Authorization"`: the credentials were
/// moved from.
template <class Operation>
constexpr result<authorized_request> authorize(Operation const& what, credentials const& who, endpoint const& where,
                                               storage memory)
{
    return authorized_request::make_in(memory, what, who, where);
}

/// An answer that is somebody else's: what `parse` takes. Everything it refers to must outlive it.
struct http_response_view {
    int status = 0;            ///< The number of the status line, whatever it is.
    headers_view headers = {}; ///< The header fields, in the range in which you have them.
    text_view body = {};       ///< The body, whole and decoded (no chunks, no compression).
};

/// An answer that owns its bytes: what a transport gives back.
struct http_response {
    int status = 0;           ///< The number of the status line, whatever it is.
    header_list headers = {}; ///< The header fields, in the order in which they came.
    std::string body = {};    ///< The body, whole and decoded (no chunks, no compression).

    /// A non-owning view, as `parse` takes it; not of a temporary, since it would dangle.
    operator http_response_view() const& noexcept { return {status, headers, body}; }
    operator http_response_view() const&& = delete;
};

namespace detail {

inline std::string to_string(json_value const& value)
{
    std::string text;
    text.reserve(value.raw.size());
    json_append(text, value);
    return text;
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3). What is neither is as good as absent. A number of more
/// than 63 bits is `retry_time::too_long`.
constexpr std::optional<retry_time> parse_retry_after(std::string_view text) noexcept
{
    std::uint64_t seconds = 0;
    std::int64_t date = 0;
    if (parse_decimal(text, INT64_MAX, seconds)) return retry_time{.seconds = static_cast<std::int64_t>(seconds)};
    if (!text.empty() && text.find_first_not_of("0123456789") == text.npos)
        return retry_time{.seconds = retry_time::too_long};
    if (parse_http_date(text, date)) return retry_time{.seconds = date, .is_unix_time = true};
    return {};
}

/// Adds the numbers of an answer.
constexpr void add_numbers(http_response_view const& response, failure& reason) noexcept
{
    std::move(reason).with_http_status(response.status);
    auto const text = response.headers.find("Retry-After");
    if (!text) return;
    // NOLINTNEXTLINE(bugprone-use-after-move): what was called on the rvalue took nothing from it.
    if (auto const when = parse_retry_after(*text)) std::move(reason).with_retry_after(*when);
}

/// The words of its headers.
inline answer_details words_of(http_response_view const& response)
{
    answer_details details;
    if (auto const id = response.headers.find("Twilio-Request-Id")) details.request_id = *id;
    return details;
}

/// What an answer says of an error in words, where it stands in the body: Twilio's own object (`code`, `message`,
/// `more_info`) or RFC 9457's (`title`, `detail`, `type`). What is not there, or no string, is null.
struct api_error {
    json_value code{}, message{}, more_info{}, title{}, detail{}, type{};
};

/// False if the body is neither of these.
constexpr bool read_api_error(std::string_view body, api_error& error) noexcept
{
    json_reader reader(body);
    json_value name, value;
    bool done = false;
    if (!reader.open_object()) return false;
    while (reader.read_member(name, value, done)) {
        if (json_equal(name, "code")) error.code = value;
        if (!value.is_string()) continue;
        if (json_equal(name, "message")) error.message = value;
        if (json_equal(name, "more_info")) error.more_info = value;
        if (json_equal(name, "title")) error.title = value;
        if (json_equal(name, "detail")) error.detail = value;
        if (json_equal(name, "type")) error.type = value;
    }
    int code = 0;
    return done && reader.read_end() &&
           (json_int(error.code, code) || error.message.is_string() || error.title.is_string() ||
            error.detail.is_string());
}

/// The failure that an answer is, with its numbers; its words are in `error`.
constexpr failure numbers_of(http_response_view const& response, api_error& error) noexcept
{
    bool const understood = response.status >= 400 && response.status <= 599 && read_api_error(response.body, error);
    failure reason(understood ? errc::api_error : errc::unexpected_status);
    int code = 0;
    if (understood && json_int(error.code, code)) std::move(reason).with_twilio_code(code);
    add_numbers(response, reason);
    return reason;
}

} // namespace detail

/// The failure that an answer is whose status is not the documented one: `api_error` if it is a 4xx or 5xx with a body
/// in Twilio's or RFC 9457's format, else `unexpected_status`. With whatever the answer says: Twilio's code and
/// message, `Retry-After`, `Twilio-Request-Id`. For operations of your own. Allocates.
inline failure failure_of(http_response_view const& response)
{
    detail::api_error error;
    failure reason = detail::numbers_of(response, error);
    answer_details details = detail::words_of(response);
    if (reason.code() == errc::api_error) {
        using detail::to_string;
        if (error.message.is_string())
            details.message = to_string(error.message);
        else if (error.title.is_string() && error.detail.is_string())
            details.message = to_string(error.title) + ": " + to_string(error.detail);
        else if (error.title.is_string() || error.detail.is_string())
            details.message = to_string(error.title.is_string() ? error.title : error.detail);
        if (error.more_info.is_string())
            details.more_info = to_string(error.more_info);
        else if (error.type.is_string() && !json_equal(error.type, "about:blank")) // that type says nothing
            details.more_info = to_string(error.type);
    }
    return std::move(reason).with(std::move(details));
}

namespace detail {

/// `failure_of`, for an operation that keeps its texts in `Text`: one that owns nothing gets the numbers alone.
template <class Text>
constexpr failure refusal(http_response_view const& response)
{
    if constexpr (std::is_same_v<Text, std::string_view>) {
        api_error error;
        return numbers_of(response, error);
    } else {
        return failure_of(response);
    }
}

} // namespace detail

} // namespace sidecall
