// A token in a static object is wiped when the program ends, also if the object is constant-initialized. clang++ omits
// a destructor whose constant evaluation touches no member.

#include "../unit/secrecy.hpp"

#include <sidecall/webhook.hpp>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace sidecall::literals;

constexpr std::string_view token = "0123456789abcdef0123456789abcdef";

/// Checks the other objects after their destruction. It is constructed first, so it is destroyed last. Calls _Exit with
/// an error if a secret is left.
struct witness {
    constexpr witness() = default;
    ~witness();
};
witness last;

sidecall::secret kept(token);
auto header =
    sidecall::credentials::auth_token("AC00000000000000000000000000000001"_account_sid, sidecall::secret(token));
sidecall::webhook_verifier verifier{sidecall::secret(token)};
auto hash = sidecall::detail::sha1(); // destroyed in its initial state, after hashing keys

template <class T>
std::string_view bytes_of(T const& object)
{
    look_at(&object, sizeof object);
    return {reinterpret_cast<char const*>(&object), sizeof object};
}

void expect_wiped(char const* what, bool wiped)
{
    std::printf("%s: %s\n", what, wiped ? "wiped" : "NOT WIPED");
    if (wiped) return;
    std::fflush(stdout);
    std::_Exit(1);
}

witness::~witness()
{
    expect_wiped("secret", bytes_of(kept).find("01234567") == std::string_view::npos);
    expect_wiped("credentials", bytes_of(header).find("Basic ") == std::string_view::npos);
    expect_wiped("webhook_verifier",
                 bytes_of(verifier).substr(0, 40).find_first_not_of('\0') == std::string_view::npos);
    expect_wiped("sha1", bytes_of(hash).find("01234567") == std::string_view::npos);
}

} // namespace

int main()
{
    hash.update(token);
    bool const all = bytes_of(kept).find("01234567") != std::string_view::npos &&
                     bytes_of(header).find("Basic ") != std::string_view::npos &&
                     bytes_of(hash).find("01234567") != std::string_view::npos;
    std::puts(all ? "all secrets were present" : "a secret was missing");
    return all ? 0 : 1;
}
