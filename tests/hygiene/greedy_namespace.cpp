// The library's own calls must not find functions in a user's namespace by argument-dependent lookup, although
// transports, timers, fields and operations have types from there. A call that finds one does not compile, since the
// function is deleted or the call is ambiguous.
#include <sidecall/http1.hpp>
#include <sidecall/ordered.hpp>
#include <sidecall/sidecall.hpp>
#include <sidecall/testing.hpp>

#include <string_view>

namespace greedy {

struct field {
    std::string_view name;
    std::string_view value;
};

struct transport {
    sidecall::result<sidecall::http_response_view> operator()(sidecall::authorized_request const&) const
    {
        static constexpr field headers[] = {{"Content-Type", "application/json"}};
        return sidecall::http_response_view{.status = 200, .headers = headers, .body = "{}"};
    }
};

struct asynchronous_transport {
    template <class Handler>
    void operator()(sidecall::authorized_request request, Handler handler) const
    {
        handler(transport()(request));
    }
};

struct timer {
    void operator()(sidecall::milliseconds) const {}
    template <class Next>
    void operator()(sidecall::milliseconds, Next next) const
    {
        next();
    }
};

struct operation {
    struct resource {
        int status = 0;
    };

    static constexpr auto request_method = sidecall::http_method::get;

    template <class Request>
    void write(Request& request) const
    {
        request.path("/2010-04-01/Accounts.json");
    }
    sidecall::result<resource> parse(sidecall::http_response_view const& response) const
    {
        return resource{response.status};
    }
};

struct handler {
    int* sum;
    void operator()(sidecall::result<operation::resource> outcome) const { *sum += outcome ? outcome->status : 0; }
};

struct owning_transport {
    sidecall::result<sidecall::http_response> operator()(sidecall::authorized_request const&) const
    {
        return sidecall::http_response{.status = 200};
    }
};

struct predicate {
    bool operator()(sidecall::recorded_request const&) const { return true; }
};

// A better match than the library's own functions, or an equal one.
bool send_once(operation const&, auto&, sidecall::authorized_request const&) = delete;
bool is_idempotent(operation const&) = delete;
bool sleep_and_continue(timer&, sidecall::milliseconds) = delete;
bool to_header(field const&) = delete;
template <class, class What, class Answer>
bool outcome_of(What const&, Answer&) = delete;

} // namespace greedy

int main()
{
    auto const account = sidecall::account_sid::parse("AC00000000000000000000000000000001");
    auto const who = sidecall::credentials::auth_token(*account, sidecall::secret("token"));
    sidecall::retry_policy const policy;
    greedy::operation const asked;
    greedy::asynchronous_transport asynchronous;

    int sum = 0;
    greedy::handler const add{&sum};
    add(sidecall::send(asked, who, greedy::transport()));
    add(sidecall::send_with_retry(asked, who, greedy::transport(), policy, greedy::timer()));
    sidecall::send(asked, who, asynchronous, add);
    sidecall::send_with_retry(asked, who, asynchronous, policy, greedy::timer(), add);
    sidecall::ordered_sender ordered(who, asynchronous, greedy::timer());
    ordered.send("key", asked, add);

    sidecall::fake_twilio twilio(*account, sidecall::secret("token"));
    twilio.next_if(greedy::predicate(), sidecall::fake_outcome::answer({.status = 200}), 2);
    sidecall::send(asked, who, twilio, add);
    twilio.hold_answers();
    sidecall::send(asked, who, twilio, add);
    twilio.answer_all();

    sidecall::recording_transport recorder{greedy::owning_transport()};
    add(sidecall::send(asked, who, recorder));
    auto replay = sidecall::replay_transport::parse(recorder.text());
    sidecall::send(asked, who, *replay, add);
    return sum == 9 * 200 && replay->done() ? 0 : 1;
}
