#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <sidecall/paging.hpp>
#include <sidecall/sidecall.hpp>

// Functions that check the generated operations; see operations.py.
namespace contract {

/// Compares an object of a response, read by another JSON library, with the members of a resource. A member that has
/// another type than its C++ type must be empty.
class expected_object {
public:
    expected_object(nlohmann::json const& object, std::string& problem);

    void check(char const* name, std::optional<std::string> const& member);
    void check(char const* name, std::optional<std::int64_t> member);
    void check(char const* name, std::optional<bool> member);
    void check_number(char const* name, std::optional<std::string> const& member);
    void check_json(char const* name, std::optional<std::string> const& member);
    template <char A, char B>
    void check(char const* name, std::optional<sidecall::basic_sid<A, B>> const& member)
    {
        std::optional<std::string> text;
        if (member) text = std::string(member->view());
        check_sid(name, text, std::string{A, B});
    }

    /// Checks how many elements the array has. `element` is one of them.
    void check_size(char const* name, std::size_t size);
    expected_object element(char const* name, std::size_t index) const;

private:
    void check_sid(char const* name, std::optional<std::string> const& member, std::string_view prefix);
    void report(char const* name);

    nlohmann::json const* object_;
    std::string* problem_;
};

/// Which parameters to send: the required ones, or all of them. `control` sends the required ones to a server that
/// requires all and must reject them. This shows that the server notices a parameter that is not sent.
enum class selection { required, all, control };

/// The expected properties of the request of an operation.
struct request_facts {
    std::string_view url;                   ///< The beginning of the URL at Twilio.
    std::vector<std::string_view> required; ///< The names of fields and query parameters that are always sent.
    std::vector<std::string_view> optional; ///< The names of those that are sent only with all parameters.
    bool can_lack;                          ///< There are optional parameters that Prism can require.
};

/// Sends operations to Prism and counts the results.
class checks {
public:
    checks(std::string const& url, selection selected);
    checks(checks const&) = delete;
    checks& operator=(checks const&) = delete;
    ~checks();

    /// Whether to send each operation with all its parameters, or with the required ones only.
    bool is_complete() const noexcept { return selected_ == selection::all; }

    /// Sends an operation. The response must be a success, without a violation, and `compare` must find its members in
    /// the resource.
    template <class Operation, class Compare>
    void send(char const* name, request_facts const& facts, Operation const& operation, Compare compare)
    {
        begin(facts, sidecall::make_request(operation));
        auto const made = sidecall::send(operation, credentials_, recorder{this}, endpoint_);
        if (!made) return end(name, made.error().to_string());
        if constexpr (!std::is_void_v<typename Operation::resource>) compare(*made, object());
        if constexpr (requires { typename Operation::item; }) {
            pager transport{this};
            int count = 0;
            for (auto& page : sidecall::pages(operation, credentials_, transport, 5)) {
                if (!page) return end(name, page.error().to_string());
                ++count;
            }
            if (count != 2) return end(name, "has " + std::to_string(count) + " pages instead of two");
        }
        end(name, "");
    }

    /// Prints the totals; returns the exit status.
    int report() const;

private:
    struct recorder {
        checks* self;
        sidecall::result<sidecall::http_response> operator()(sidecall::authorized_request const& request) const
        {
            return self->exchange(request);
        }
    };
    /// A transport that returns the response again as the first page, and then as the second and last one.
    struct pager {
        checks* self;
        int pages = 0;
        sidecall::result<sidecall::http_response> operator()(sidecall::authorized_request const& request)
        {
            return self->page(request, pages++ == 0);
        }
    };
    struct state;

    void begin(request_facts const& facts, sidecall::result<sidecall::http_request> const& request);
    sidecall::result<sidecall::http_response> exchange(sidecall::authorized_request const& request);
    sidecall::result<sidecall::http_response> page(sidecall::authorized_request const& request, bool is_first);
    expected_object object();
    void end(char const* name, std::string const& failure);

    sidecall::credentials credentials_;
    sidecall::endpoint endpoint_;
    selection selected_;
    std::unique_ptr<state> state_;
};

/// Sends all operations. operations.py writes this function.
void send_all(checks& checks);

/// A SID of any kind.
template <char A, char B>
sidecall::basic_sid<A, B> sid()
{
    return sidecall::basic_sid<A, B>::parse(std::string{A, B} + "0123456789abcdef0123456789abcdef").value();
}

inline sidecall::idempotency_key key()
{
    return sidecall::idempotency_key::parse("a key & more").value();
}

} // namespace contract
