#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sidecall/credentials.hpp>
#include <sidecall/detail/text/ascii.hpp>
#include <sidecall/detail/text/literal.hpp>
#include <sidecall/detail/text/uri.hpp>
#include <sidecall/detail/wire/names.hpp>
#include <sidecall/endpoint.hpp>
#include <sidecall/http_method.hpp>
#include <sidecall/http_request.hpp>
#include <sidecall/http_response.hpp>
#include <sidecall/json.hpp>
#include <sidecall/result.hpp>
#include <sidecall/text_view.hpp>
#include <sidecall/transport.hpp>

// Follows the pages of a list: `next_page_uri` of the API 2010-04-01, and `meta.next_page_url` of newer products.
namespace sidecall {

namespace detail {

/// Whether a host is that of a product at Twilio, with any edge and region.
constexpr bool is_twilio_host(std::string_view host, std::string_view product) noexcept
{
    return host.size() >= product.size() + twilio_domain.size() &&
           equal_ignoring_case(host.substr(0, product.size()), product) && host[product.size()] == '.' &&
           equal_ignoring_case(host.substr(host.size() - twilio_domain.size()), twilio_domain);
}

/// Returns what is wrong with the URL of the next page. If nothing is, sets `target` to its path and query.
constexpr violation check_page_url(std::string_view url, std::string_view product, endpoint const& destination,
                                   std::string_view& target) noexcept
{
    detail::uri parts;
    if (auto const wrong = parse_uri(url, parts)) return wrong;
    std::string_view const authority = slice(url, parts.authority, parts.target);
    bool const is_same_server = !destination.is_twilio() && parts.https == destination.https() &&
                                equal_ignoring_case(authority, destination.host());
    if (parts.host != parts.authority) return {"user-info is not allowed here", parts.authority};
    if (!is_same_server && !(parts.https && is_twilio_host(authority, product)))
        return {"the URL of another host", parts.authority};
    target = url.substr(parts.target);
    return {};
}

/// Passes only the header fields of a request on to `request`.
template <class Request>
struct header_writer {
    Request* request;

    constexpr header_writer& path(path_literal) noexcept { return *this; }
    template <class T>
    constexpr header_writer& segment(T const&, literal = "segment") noexcept
    {
        return *this;
    }
    template <class T>
    constexpr header_writer& query(parameter_name const&, T const&) noexcept
    {
        return *this;
    }
    template <class T>
    constexpr header_writer& header(header_name const& name, T const& value) noexcept
    {
        request->header(name, value);
        return *this;
    }
    constexpr header_writer& uri(text_view) noexcept { return *this; }
};

} // namespace detail

/// Returns the path and query of the next page of a list, for `request_writer::uri`. Empty after the last page, that
/// is, if the member is `null` or absent.
///
/// In the API 2010-04-01 the member is `next_page_uri`; in newer products it is `meta.next_page_url`, a whole URL. Its
/// host must be that of `product` at Twilio, or of `endpoint`. Only its path and query are used, so the next request
/// goes to the same host as this one. Fails with `malformed_response` if the response is not a JSON object, if the
/// member is neither a string nor `null`, if it is not a valid URL or path, and if it names another host. Allocates for
/// the text.
///
/// @code
/// auto const next = sidecall::next_page(response.body, "voice");
/// @endcode
inline result<std::optional<std::string>> next_page(text_view body, text_view product = "api",
                                                    endpoint const& endpoint = endpoint::twilio())
{
    auto const list = json_object::parse(std::string_view(body));
    if (!list) return list.error();

    auto member = (*list)["next_page_uri"];
    bool const is_url = !member.exists();
    if (is_url) {
        auto const meta = (*list)["meta"];
        if (meta.is_null()) return std::optional<std::string>();
        auto const object = meta.object();
        if (!object) return object.error();
        member = (*object)["next_page_url"];
    }
    if (member.is_null()) return std::optional<std::string>();
    auto const text = member.string();
    if (!text) return text.error();

    std::string next = text->to_string();
    std::string_view target = next;
    auto wrong = is_url ? detail::check_page_url(next, product, endpoint, target) : detail::violation();
    if (!wrong) wrong = detail::check_path_and_query(target);
    if (wrong)
        return failure(errc::malformed_response,
                       is_url ? detail::literal("next_page_url") : detail::literal("next_page_uri"), wrong.rule,
                       member.offset());
    next.erase(0, next.size() - target.size());
    return std::optional<std::string>(std::move(next));
}

/// One page of a list.
template <class Resource>
struct page {
    static_assert(!std::is_void_v<Resource>, "the resource of a list is its items; it cannot be void");

    Resource items; ///< What the list operation's `parse` returns.

    /// The path and query of the next page; empty after the last page. A failure if they cannot be read; the items are
    /// valid in any case.
    result<std::optional<std::string>> next_uri;
};

/// An operation that fetches one page of a list: the page at `uri`, or the first page if `uri` is empty. Like any
/// operation it works with `send`, `send_with_retry` and every transport. `pages` does the loop for a blocking
/// transport. The list and the endpoint must outlive it.
///
/// @code
/// sidecall::fetch_page fetch{list, endpoint};
/// do {
///     auto page = sidecall::send(fetch, credentials, transport, endpoint);
///     if (!page) return page.error();
///     use(page->items);
///     if (!page->next_uri) return page->next_uri.error();
///     fetch.uri = *page->next_uri;
/// } while (fetch.uri);
/// @endcode
template <class List>
class fetch_page {
public:
    /// The page and where the next one is.
    using resource = sidecall::page<typename List::resource>;
    /// The method of a list.
    static constexpr http_method request_method = List::request_method;
    static_assert(request_method == http_method::get, "only an operation with the method GET has pages");
    /// The product of the list.
    static constexpr std::string_view product = [] {
        if constexpr (requires { List::product; })
            return std::string_view(List::product);
        else
            return std::string_view("api");
    }();

    /// Fetches the first page of `list` from `endpoint`. Both must outlive this object.
    constexpr explicit fetch_page(List const& list, endpoint const& endpoint = endpoint::twilio()) noexcept
        : list_(std::addressof(list)), endpoint_(&endpoint)
    {
    }
    fetch_page(List const&&, endpoint const& = endpoint::twilio()) = delete; ///< A temporary would dangle.
    fetch_page(List const&, endpoint const&&) = delete;                      ///< A temporary would dangle.

    /// Whether the items are views into the response, see `operation`.
    static constexpr bool refers_to_answer = detail::refers_to_answer<List>;

    std::optional<std::string> uri{}; ///< The path and query of the page to fetch; empty for the first page.

    /// Whether a retry is safe, as the list says.
    constexpr bool is_idempotent() const noexcept { return sidecall::is_idempotent(*list_); }

    /// Passes the parts of the list's request to `request`. For a later page, passes `uri` and the list's header
    /// fields.
    template <class Request>
    constexpr void(write)(Request& request) const
    {
        if (!uri) {
            (list_->write)(request);
            return;
        }
        request.uri(*uri);
        detail::header_writer<Request> headers{std::addressof(request)};
        (list_->write)(headers);
    }

    /// Reads the items with the list's `parse`, then `next_page`. `next_uri` is a failure if the next page is this one
    /// again, because the loop would not end.
    result<resource> parse(http_response_view const& response) const
    {
        auto items = list_->parse(response);
        if (!items) return std::move(items).error();
        auto next = next_page(response.body, product, *endpoint_);
        if (next && *next && *next == uri)
            next = failure(errc::malformed_response, "next_page_uri", "the next page is the same as this one");
        return resource{*std::move(items), std::move(next)};
    }

private:
    List const* list_;
    endpoint const* endpoint_;
};

/// The pages of a list, fetched one after another: an input range with one `result<List::resource>` for each page. A
/// failure is the last element. Made by `pages`.
template <class List, class Send>
class page_range {
    using element = result<typename List::resource>;

public:
    /// Where the iteration ends.
    struct sentinel {};

    /// An input iterator. Each step sends a request.
    class iterator {
    public:
        using value_type = element;             ///< The items of a page, or why it could not be fetched.
        using difference_type = std::ptrdiff_t; ///< Required by `std::input_iterator`.

        /// The current page. Its items may be moved out.
        element& operator*() const noexcept { return *range_->page_; }
        element* operator->() const noexcept { return &*range_->page_; } ///< A member of the current page.
        /// Fetches the next page.
        iterator& operator++()
        {
            range_->fetch();
            return *this;
        }
        void operator++(int) { ++*this; } ///< Fetches the next page.

        /// Whether there is no further page.
        friend bool operator==(iterator const& position, sentinel) noexcept { return position.is_at_end(); }

    private:
        friend class page_range;
        explicit iterator(page_range* range) noexcept : range_(range) {}
        bool is_at_end() const noexcept { return !range_->page_; }

        page_range* range_;
    };

    /// The pages of `list`, at most `max_pages`. `send(fetch_page<List> const&)` sends an operation and returns its
    /// `result`.
    page_range(List list, Send send, std::size_t max_pages, endpoint const& endpoint)
        : list_(std::move(list)), endpoint_(endpoint), fetch_(list_, endpoint_), send_(std::move(send)),
          pages_left_(max_pages)
    {
    }
    page_range(page_range const&) = delete;
    page_range& operator=(page_range const&) = delete;

    /// Fetches the first page. Call it once.
    iterator begin()
    {
        fetch();
        return iterator(this);
    }
    sentinel end() const noexcept { return {}; } ///< After the last page.

    /// After the loop, also after a `break`: the path and query of the next page, or empty if there is none. Check it
    /// to see whether `max_pages` ended the loop early. After a failure it is the page that could not be fetched, or
    /// whose successor could not be read; empty if that is the first page.
    std::optional<std::string> const& next_uri() const noexcept { return fetch_.uri; }

private:
    void fetch()
    {
        if (failure_) {
            page_.emplace(*std::exchange(failure_, std::nullopt));
            pages_left_ = 0;
            return;
        }
        page_.reset();
        if (pages_left_ == 0) return;
        auto fetched = send_(std::as_const(fetch_));
        if (!fetched) {
            pages_left_ = 0;
            page_.emplace(std::move(fetched).error());
            return;
        }
        --pages_left_;
        page_.emplace(std::move(fetched->items));
        if (fetched->next_uri)
            fetch_.uri = *std::move(fetched->next_uri);
        else
            failure_ = std::move(fetched->next_uri).error();
        if (!failure_ && !fetch_.uri) pages_left_ = 0;
    }

    List list_;
    endpoint endpoint_;
    fetch_page<List> fetch_;
    Send send_;
    std::size_t pages_left_;
    std::optional<element> page_{};
    std::optional<failure> failure_{}; // the next element
};

/// The pages of a list, at most `max_pages`, sent by the caller's function. `send(operation)` returns the result of
/// `sidecall::send` or of `sidecall::send_with_retry`, and must send to `endpoint`.
///
/// @code
/// auto send = [&](auto const& page) { return sidecall::send_with_retry(page, credentials, transport, {}, sleep); };
/// for (auto& calls : sidecall::pages(list_calls{account}, send, 100)) { … }
/// @endcode
template <operation List, class Send>
    requires std::invocable<Send&, fetch_page<List> const&>
page_range<List, Send> pages(List list, Send send, std::size_t max_pages, endpoint const& endpoint = endpoint::twilio())
{
    return {std::move(list), std::move(send), max_pages, endpoint};
}

/// For a list that is not an `operation`: does not compile, and names the missing members.
template <class NotAnOperation, class... Arguments>
    requires(std::is_class_v<NotAnOperation> && !operation<NotAnOperation>)
auto pages(NotAnOperation const&, Arguments&&...)
{
    return typename detail::missing_members<NotAnOperation>::type(failure(errc::invalid_argument));
}

/// The pages of a list, at most `max_pages`, over a blocking transport. Each element is the `result` of `parse` for one
/// page; a failure is the last element. The pages are fetched one after another while you iterate. All requests go to
/// `endpoint`, or if that is Twilio, to the host of the list's product. A next page at another host is a failure.
/// `credentials` and `transport` must outlive the range. Items that are views into the response are valid until the
/// next step. Allocates for each request and for the path and query of the next page.
///
/// @code
/// for (auto& calls : sidecall::pages(list_calls{account}, credentials, transport, 100)) {
///     if (!calls) return calls.error();
///     for (auto const& call : *calls) use(call);
/// }
/// @endcode
template <operation List, class Transport>
    requires transport<Transport>
auto pages(List list, credentials const& credentials, Transport& transport, std::size_t max_pages,
           endpoint const& endpoint = endpoint::twilio())
{
    auto fetch = [&credentials, &transport, endpoint](fetch_page<List> const& page) {
        return (sidecall::send)(page, credentials, transport, endpoint);
    };
    return page_range<List, decltype(fetch)>(std::move(list), std::move(fetch), max_pages, endpoint);
}
template <operation List, class Transport>
    requires transport<Transport>
void pages(List list, credentials const&& credentials, Transport& transport, std::size_t max_pages,
           endpoint const& endpoint = endpoint::twilio()) = delete; ///< Deleted: temporary credentials would dangle.

} // namespace sidecall
