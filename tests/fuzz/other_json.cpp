#include "other_json.hpp"

#include <cstdlib>

#include <nlohmann/json.hpp>

namespace {

using fuzz::other_member;

class reader final : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit reader(fuzz::other_json& read) : read_(read) {}

    bool null() override { return value(other_member::null); }
    bool boolean(bool) override { return value(other_member::something_else); }
    bool number_integer(number_integer_t) override { return value(other_member::something_else); }
    bool number_unsigned(number_unsigned_t number) override { return value(other_member::whole_number, {}, number); }
    bool number_float(number_float_t, string_t const&) override { return value(other_member::something_else); }
    bool string(string_t& text) override { return value(other_member::string, text); }
    bool binary(binary_t&) override { return value(other_member::something_else); }
    bool start_object(std::size_t) override
    {
        if (depth_ == 0) read_.is_object = true;
        return open();
    }
    bool key(string_t& name) override
    {
        if (depth_ == 1 && read_.is_object) read_.members.push_back({.name = name});
        return true;
    }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t, std::string const&, nlohmann::detail::exception const& error) override
    {
        constexpr int out_of_range = 406;
        read_.is_unsure = error.id == out_of_range;
        return false;
    }

private:
    bool open()
    {
        value(other_member::something_else);
        ++depth_;
        return true;
    }
    bool close()
    {
        --depth_;
        return true;
    }
    bool value(other_member::kinds kind, std::string text = {}, std::uint64_t number = 0)
    {
        if (depth_ != 1 || !read_.is_object) return true;
        read_.members.back().kind = kind;
        read_.members.back().string_value = std::move(text);
        read_.members.back().number = number;
        return true;
    }

    fuzz::other_json& read_;
    std::size_t depth_ = 0;
};

} // namespace

fuzz::other_json fuzz::read_by_nlohmann(std::string_view text)
{
    other_json read;
    if (text.find('\0') != text.npos || text.substr(0, 3) == "\xEF\xBB\xBF") return read;
    reader events(read);
    read.is_json = nlohmann::json::sax_parse(text.begin(), text.end(), &events);
    return read;
}

std::string fuzz::string_by_nlohmann(std::string_view raw)
{
    auto const value = nlohmann::json::parse('"' + std::string(raw) + '"', nullptr, false);
    if (!value.is_string()) std::abort();
    return value.get<std::string>();
}
