// An `errc` in a std::error_code compares equal across a program and its shared libraries, all built with
// -fvisibility=hidden. If LINKED is defined, the program is linked with one library. It loads others at run time, by
// the paths in its arguments.

#include "hidden.hpp"

#include <sidecall/result.hpp>

#include <cstdio>
#include <cstring>
#include <system_error>

#include <dlfcn.h>

namespace {

int failed = 0;

void expect(bool right, char const* what)
{
    if (right) return;
    std::printf("not so: %s\n", what);
    failed = 1;
}

void expect_the_same(hidden_library const& one, hidden_library const& other, bool one_category)
{
    std::error_code const code = one.code();
    std::error_code const mine = make_error_code(sidecall::errc::timed_out);
    expect(other.is_timed_out(code), "a library recognises the code of another library");
    expect(other.is_timed_out(mine), "a library recognises the code of the program");
    expect(!other.is_timed_out(make_error_code(sidecall::errc::cancelled)), "a library distinguishes two codes");
    expect(!other.is_timed_out({static_cast<int>(sidecall::errc::timed_out), std::generic_category()}),
           "a library distinguishes two categories");
    expect(code == sidecall::errc::timed_out && sidecall::errc::timed_out == code, "code == errc");
    expect(code != sidecall::errc::cancelled, "code != another errc");
    expect(other.code() == mine.default_error_condition(), "code == condition");
    expect(code.default_error_condition() == other.code(), "condition == code");
    expect(!(other.code() == make_error_code(sidecall::errc::cancelled).default_error_condition()),
           "code == another condition");
    expect(std::strcmp(code.category().name(), "sidecall") == 0, "the category's name");
    if (!one_category) return;
    expect(code == other.code(), "code == code of a library");
    expect(code == mine, "code == code of the program");
    expect(code.category() == sidecall::sidecall_category(), "category == category");
}

} // namespace

int main(int count, char** arguments)
{
    // A loaded library may have its own category. Then only the error codes of the two differ.
#ifdef LINKED
    bool const one_category = true;
#else
    bool const one_category = false;
#endif
    hidden_library const* libraries[3]{};
    int loaded = 0;
#ifdef LINKED
    libraries[loaded++] = hidden_library_here();
#endif
    for (int i = 1; i != count; ++i) {
        void* const opened = dlopen(arguments[i], RTLD_NOW | RTLD_LOCAL);
        void* const found = opened ? dlsym(opened, "hidden_library_here") : nullptr;
        if (!found) {
            std::puts(dlerror());
            return 1;
        }
        libraries[loaded++] = reinterpret_cast<decltype(&hidden_library_here)>(found)();
    }
    for (int one = 0; one != loaded; ++one)
        for (int other = 0; other != loaded; ++other) expect_the_same(*libraries[one], *libraries[other], one_category);
    return loaded == 2 ? failed : 1;
}
