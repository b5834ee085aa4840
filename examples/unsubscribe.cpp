// Deletes one subscription, or all those that bulk_subscribe has created: it reads the lines that bulk_subscribe
// prints. You can stop it at any time and run it again: a subscription that is already deleted is reported as absent.

#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bulk.hpp"
#include "program.hpp"

#include <sidecall/sidecall.hpp>

namespace {

struct arguments {
    std::string subscriptions; // a SID with --call, otherwise a file
    std::string call;
    bulk_arguments bulk;
};

struct subscription {
    sidecall::call_sid call;
    sidecall::subscription_sid sid;
};

/// What bulk_subscribe printed on one line. A member that is missing is empty.
struct result_line {
    std::string call;
    std::string status;
    std::string sid; // unless the call has failed
};

/// Reads a line that bulk_subscribe printed, with or without --json.
result_line read_result_line(std::string const& line)
{
    result_line read;
    if (line.front() == '{') {
        auto const object = nlohmann::json::parse(line, nullptr, false);
        auto const member = [&object](char const* name) {
            auto const found = object.find(name);
            return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
        };
        return {member("call_sid"), member("status"), member("subscription_sid")};
    }
    std::istringstream words(line);
    std::string surplus;
    words >> read.call >> read.status >> read.sid >> surplus;
    if (read.status == "subscribed" && !surplus.empty()) read.status.clear();
    return read;
}

/// Reads the lines that bulk_subscribe printed. A call that failed has no subscription, and a subscription can be
/// listed several times. Checks the whole file, so that nothing is deleted if one line is wrong.
std::vector<subscription> read_subscriptions(std::string const& file)
{
    std::vector<subscription> subscriptions;
    std::set<std::string> known;
    read_lines(file, [&](std::string const& line, std::size_t, std::string const& place) {
        auto const read = read_result_line(line);
        if (read.status != "subscribed" && read.status != "failed")
            throw stop{place + "not a line of bulk_subscribe, such as 'CA… subscribed ZY…'", wrong_usage};
        auto const call = sidecall::call_sid::parse(read.call);
        if (!call) throw stop{place + call.error().to_string(), wrong_usage};
        if (read.status == "failed") return;
        auto const sid = sidecall::subscription_sid::parse(read.sid);
        if (!sid) throw stop{place + sid.error().to_string(), wrong_usage};
        if (known.insert(read.call + read.sid).second) subscriptions.push_back({*call, *sid});
    });
    return subscriptions;
}

void run(arguments const& options)
{
    auto const user = options.bulk.server.read();
    std::vector<subscription> subscriptions;
    if (options.call.empty())
        subscriptions = read_subscriptions(options.subscriptions);
    else
        subscriptions.push_back({value_or_stop(sidecall::call_sid::parse(options.call)),
                                 value_or_stop(sidecall::subscription_sid::parse(options.subscriptions))});

    send_in_bulk(
        "unsubscribe", "unsubscribed", subscriptions, user, options.bulk,
        [&user](subscription const& one) {
            return sidecall::delete_user_defined_message_subscription{user.account_sid, one.call, one.sid};
        },
        [&options](subscription const& one, sidecall::result<void> const& deleted) {
            // Only Twilio can say that there is no such subscription. A 404 of a proxy is no api_error.
            bool const is_absent =
                !deleted && deleted.error().code() == sidecall::errc::api_error && deleted.error().http_status() == 404;
            std::string const status = deleted ? "deleted" : is_absent ? "absent" : "failed";
            std::string line = std::string(one.call.view()) + ' ' + status + ' ' + std::string(one.sid.view());
            json_object object{{"call_sid", one.call.view()}, {"status", status}, {"subscription_sid", one.sid.view()}};
            if (status == "failed") {
                line += ' ' + deleted.error().to_string();
                object.update(json_of(deleted.error()));
            }
            options.bulk.out.print(std::move(line), object);
            return status != "failed";
        });
}

} // namespace

int main(int argc, char** argv)
{
    arguments options;
    CLI::App app(
        "Deletes subscriptions to User Defined Messages and prints a line for each.\n"
        "With --call, the argument is the SID of one subscription. Otherwise it is a file with the lines that\n"
        "bulk_subscribe printed. You can stop it at any time and run it again.\n"
        "Needs TWILIO_ACCOUNT_SID, and TWILIO_AUTH_TOKEN or TWILIO_API_KEY and TWILIO_API_SECRET.",
        "unsubscribe");
    app.add_option("subscriptions", options.subscriptions,
                   "SID of a subscription (ZY…) with --call; otherwise a file, or - for standard input")
        ->required();
    app.add_option("--call", options.call, "SID of the call (CA…) of the subscription");
    options.bulk.add_to(app, "every subscription is deleted, or was absent");
    return run_program(app, argc, argv, [&] { run(options); });
}
