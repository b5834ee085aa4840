#pragma once

// Checks that a misuse aborts the program, which the library does where no failure can be returned. Runs in a child
// process.

#if __has_include(<sys/wait.h>)
#include <csignal>
#include <cstddef>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#define CAN_FORK 1

/// What a function writes to standard error before it aborts, or "no abort" if it does not abort.
template <class F>
std::string message_at_abort(F const& function)
{
    int ends[2];
    if (::pipe(ends) != 0) return "no pipe";
    pid_t const child = ::fork();
    if (child == 0) {
        rlimit const none{0, 0};
        ::setrlimit(RLIMIT_CORE, &none);
        std::signal(SIGABRT, SIG_DFL);
        ::dup2(ends[1], 2);
        function();
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string text;
    char some[256];
    for (ssize_t size = 0; (size = ::read(ends[0], some, sizeof some)) > 0;)
        text.append(some, static_cast<std::size_t>(size));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? text : "no abort";
}

template <class F>
bool aborts(F const& function)
{
    return message_at_abort(function) != "no abort";
}
#else
#define CAN_FORK 0
#endif
