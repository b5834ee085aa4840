// A message's content is JSON within the size limit, and is sent byte for byte in the request body.

#include "fuzz.hpp"
#include "other_json.hpp"

#include <sidecall/detail/standin_form.hpp>
#include <sidecall/message.hpp>

using fuzz::require;

FUZZ_TARGET(message_content)
{
    std::string text(input);
    // If the input starts with a capital letter, pad the rest with spaces to about the size limit, which no input
    // reaches otherwise.
    if (!input.empty() && input[0] >= 'A' && input[0] <= 'Z') {
        text = std::string(
            static_cast<std::size_t>(10'240 + input[0] - 'M') - (input.size() < 9'000 ? input.size() : 0), ' ');
        text += input.substr(1);
    }
    auto const other = fuzz::read_by_nlohmann(text);
    auto const content = sidecall::message_content::parse(text);
    auto const view = sidecall::message_content_view::parse(text);
    if (!other.is_unsure && input.size() <= 5'120)
        require(content.has_value() == (other.is_json && text.size() <= 10'240),
                "content is JSON within the size limit");
    require(content.has_value() == view.has_value(), "the owning type and the view accept the same texts");
    if (!content) {
        require(content.error().field() == "Content" && content.error().code() == sidecall::errc::invalid_argument,
                "the failure names the argument");
        require(content.error().offset() && *content.error().offset() <= text.size(), "the offset is within the text");
        require(content.error().to_string() == view.error().to_string(),
                "the owning type and the view give the same failure");
        return;
    }
    require(content->view() == text && view->view() == text, "the text is unchanged");
    require(view->view().data() == text.data(), "a view refers to its source");

    auto const account = sidecall::account_sid::parse("AC00000000000000000000000000000001");
    auto const call = sidecall::call_sid::parse("CA00000000000000000000000000000002");
    auto const request = sidecall::create_user_defined_message{*account, *call, *content}.request();
    require(request == sidecall::create_user_defined_message_view{*account, *call, *view}.request(),
            "the owning operation and the view make the same request");
    auto const read = sidecall::standin_detail::decode_form(std::string(request.body()));
    require(read.fault.empty() && read.parameters == sidecall::standin_detail::named_values{{"Content", text}},
            "the stand-in decodes the content, and nothing else");
}
