// `result` converts to and from std::expected, where the standard library has it. Exit 77 where it does not.
#include <sidecall/result.hpp>

#include <string>
#include <utility>
#include <version>

#ifdef __cpp_lib_expected
#include <expected>

using sidecall::errc;
using sidecall::failure;
using sidecall::result;

int main()
{
    std::expected<std::string, failure> text = result<std::string>(std::string(100, 't'));
    result<std::string> const value = std::move(text);
    std::expected<std::string, failure> const copy = value;
    if (value != std::string(100, 't') || *copy != *value) return 1;

    std::expected<std::string, failure> failed = result<std::string>(failure(errc::timed_out, "after five seconds"));
    if (failed || failed.error().message() != "after five seconds") return 2;
    result<std::string> const back = std::move(failed);
    if (back != failure(errc::timed_out, "after five seconds")) return 3;

    std::expected<void, failure> const done = result<void>();
    result<void> const undone = std::expected<void, failure>(std::unexpected(failure(errc::cancelled)));
    if (!done || undone != failure(errc::cancelled)) return 4;

    std::expected<bool, failure> const no = result<bool>(false);
    result<bool> const no_again = no;
    return *no || *no_again ? 5 : 0;
}
#else
int main()
{
    return 77; // which Meson takes for a skipped test
}
#endif
