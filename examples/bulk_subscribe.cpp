// Subscribes to the messages of many calls at once. It reads a file of call SIDs and prints a line for each call. You
// can stop it at any time and run it again: it derives each idempotency key from the request, so nothing is created
// twice. With --standin it uses a stand-in for Twilio inside this process.

#include <array>
#include <cstddef>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/evp.h>

#include "bulk.hpp"
#include "program.hpp"

#include <sidecall/sidecall.hpp>
#include <sidecall/standin.hpp>

namespace {

struct arguments {
    std::string file;
    std::string callback;
    std::string method;
    std::string batch;
    bulk_arguments bulk;
};

/// Reads the call SIDs of a file, one per line. Reports a duplicate and skips it. Checks the whole file, so that
/// nothing is sent if one SID is invalid.
std::vector<sidecall::call_sid> read_calls(std::string const& file)
{
    std::vector<sidecall::call_sid> calls;
    std::map<std::string, std::size_t> first_lines;
    read_lines(file, [&](std::string const& line, std::size_t number, std::string const& place) {
        auto const call = sidecall::call_sid::parse(line);
        if (!call) throw stop{place + call.error().to_string(), wrong_usage};
        auto const [first, is_new] = first_lines.emplace(line, number);
        if (is_new)
            calls.push_back(*call);
        else
            std::cerr << place << line << " is a duplicate of line " << first->second << '\n';
    });
    return calls;
}

/// Derives a UUID from all parts of the request and the batch name, and from nothing else (RFC 9562, version 8: a
/// hash).
sidecall::idempotency_key key_of(sidecall::create_user_defined_message_subscription const& operation,
                                 std::string const& batch)
{
    std::string text = "bulk_subscribe";
    for (std::string_view part :
         {operation.account_sid.view(), operation.call_sid.view(), operation.callback.view(),
          operation.method ? to_string_view(*operation.method) : std::string_view(), std::string_view(batch)})
        text.append(1, '\n').append(part); // unambiguous: only the batch name can contain a line break
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    if (EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw stop{"OpenSSL has no SHA-256", 1};
    hash[6] = static_cast<unsigned char>((hash[6] & 0x0F) | 0x80);
    hash[8] = static_cast<unsigned char>((hash[8] & 0x3F) | 0x80);
    std::string key;
    for (std::size_t i = 0; i != 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) key += '-';
        key += "0123456789abcdef"[hash[i] >> 4];
        key += "0123456789abcdef"[hash[i] & 15];
    }
    return value_or_stop(sidecall::idempotency_key::parse(key));
}

void run(arguments const& options)
{
    std::optional<sidecall::twilio_standin> standin;
    auto const user = settings_or_standin(options.bulk.server, standin);
    auto const callback = value_or_stop(sidecall::callback_url::parse(options.callback));
    std::optional<sidecall::http_method> method;
    if (!options.method.empty()) method = value_or_stop(sidecall::parse_http_method(options.method));
    auto const calls = read_calls(options.file);
    if (standin) std::cerr << "bulk_subscribe: using a stand-in for Twilio inside this process\n";

    send_in_bulk(
        "bulk_subscribe", "subscribed", calls, user, options.bulk,
        [&](sidecall::call_sid const& call) {
            sidecall::create_user_defined_message_subscription operation{
                .account_sid = user.account_sid, .call_sid = call, .callback = callback, .method = method};
            operation.idempotency_key = key_of(operation, options.batch);
            return operation;
        },
        [&](sidecall::call_sid const& call,
            sidecall::result<sidecall::user_defined_message_subscription> const& subscription) {
            std::string line(call.view());
            json_object object{{"call_sid", call.view()}, {"status", subscription ? "subscribed" : "failed"}};
            if (subscription) {
                line.append(" subscribed ").append(subscription->sid.view());
                object["subscription_sid"] = subscription->sid.view();
            } else {
                line.append(" failed ").append(subscription.error().to_string());
                object.update(json_of(subscription.error()));
            }
            options.bulk.out.print(std::move(line), object);
            return subscription.has_value();
        });
}

} // namespace

int main(int argc, char** argv)
{
    arguments options;
    CLI::App app(
        "Subscribes to the User Defined Messages of many calls and prints a line for each call.\n"
        "You can stop it at any time and run it again: nothing is created twice.\n"
        "Needs TWILIO_ACCOUNT_SID, and TWILIO_AUTH_TOKEN or TWILIO_API_KEY and TWILIO_API_SECRET; or --standin.",
        "bulk_subscribe");
    app.add_option("file", options.file, "file of call SIDs (CA…), one per line; - for standard input")->required();
    app.add_option("--callback", options.callback, "http or https URL to which Twilio sends the messages")->required();
    app.add_option("--method", options.method, "HTTP method of the callback: POST (Twilio's default) or GET");
    app.add_option("--batch", options.batch, "any text; a different text subscribes the same calls again");
    options.bulk.add_to(app, "every call is subscribed");
    options.bulk.server.add_standin_to(app);
    return run_program(app, argc, argv, [&] { run(options); });
}
