#pragma once

/// The processes that the soak starts: any program, and nginx.

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace soak_test {

/// A socket of the loopback interface, closed by its destructor.
class loopback_socket {
public:
    loopback_socket() : number_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    loopback_socket(loopback_socket const&) = delete;
    loopback_socket& operator=(loopback_socket const&) = delete;
    ~loopback_socket() { ::close(number_); }

    bool connects_to(int port) const { return ::connect(number_, address(port), sizeof(sockaddr_in)) == 0; }
    bool binds_to(int port) const { return ::bind(number_, address(port), sizeof(sockaddr_in)) == 0; }

private:
    sockaddr const* address(int port) const
    {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address_.sin_port = htons(static_cast<std::uint16_t>(port));
        return reinterpret_cast<sockaddr const*>(&address_);
    }

    mutable sockaddr_in address_{};
    int number_;
};

/// A free port below those that the system gives away, so that no other program gets it during a restart.
inline int choose_port()
{
    std::random_device random;
    for (int tries = 0; tries != 1000; ++tries) {
        int const port = 15000 + static_cast<int>(random() % 17000u);
        if (loopback_socket().binds_to(port)) return port;
    }
    throw std::runtime_error("no free port");
}

/// A child process. It gets a signal if this process ends first. Its destructor ends it.
class child_process {
public:
    /// Starts a program. `input` and `output` replace its standard input and output; -1: none.
    child_process(std::vector<std::string> arguments, int input, int output, int signal_at_end)
        : signal_at_end_(signal_at_end)
    {
        std::vector<char*> texts;
        for (auto& one : arguments) texts.push_back(one.data());
        texts.push_back(nullptr);
        id_ = ::fork();
        if (id_ < 0) throw std::runtime_error("fork failed");
        if (id_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, signal_at_end);
        if (input >= 0) ::dup2(input, 0);
        if (output >= 0) ::dup2(output, 1);
        ::execvp(texts[0], texts.data());
        ::_exit(127);
    }
    child_process(child_process const&) = delete;
    child_process& operator=(child_process const&) = delete;
    ~child_process()
    {
        send(signal_at_end_);
        wait();
    }

    void send(int signal) const
    {
        if (!ended_) ::kill(id_, signal);
    }

    /// How it ended, for a person; nothing if it is running.
    std::optional<std::string> end()
    {
        if (!ended_) note(::waitpid(id_, &status_, WNOHANG));
        if (!ended_) return std::nullopt;
        if (WIFSIGNALED(status_)) return "ended by signal " + std::to_string(WTERMSIG(status_));
        return "ended with exit status " + std::to_string(WEXITSTATUS(status_));
    }

    /// Waits until it has ended. Returns whether its exit status was 0.
    bool wait()
    {
        while (!ended_) note(::waitpid(id_, &status_, 0));
        return WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
    }

private:
    void note(pid_t found) { ended_ = found == id_ || (found < 0 && errno != EINTR); }

    pid_t id_ = -1;
    int signal_at_end_;
    int status_ = 0;
    bool ended_ = false;
};

/// An nginx that ends TLS. Requests to `/udm` go to the webhook server, all others to the stand-in.
class nginx_proxy {
public:
    /// `folder` has the files `key.pem` and `certificate.pem`, and gets the configuration and the log.
    nginx_proxy(std::filesystem::path folder, int port, int standin_port, int webhook_port)
        : folder_(std::move(folder)), port_(port)
    {
        std::ofstream file(folder_ / "nginx.conf");
        file << "daemon off;\nworker_processes 1;\npid nginx.pid;\nerror_log error.log crit;\n"
                "events { worker_connections 2048; }\n"
                "http {\n"
                "    access_log off;\n";
        for (auto const* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
            file << "    " << kind << "_temp_path " << kind << ";\n";
        file << "    server {\n"
                "        listen 127.0.0.1:"
             << port
             << " ssl http2 backlog=1024;\n"
                "        ssl_certificate certificate.pem;\n"
                "        ssl_certificate_key key.pem;\n"
                "        location / { proxy_pass http://127.0.0.1:"
             << standin_port
             << "; }\n"
                "        location /udm { proxy_pass http://127.0.0.1:"
             << webhook_port << "; }\n    }\n}\n";
        file.close();
        start();
    }

    /// The configuration is read again: new workers serve new connections, and the old workers end when they can.
    void reload() { process_->send(SIGHUP); }

    /// Ends at once, with all connections, and starts again after a pause.
    void restart(std::chrono::milliseconds pause)
    {
        process_.reset();
        std::this_thread::sleep_for(pause);
        start();
    }

    std::optional<std::string> end() { return process_->end(); }

private:
    void start()
    {
        auto const folder = folder_.string() + "/";
        process_.emplace(std::vector<std::string>{program(), "-p", folder, "-c", "nginx.conf", "-e", "error.log"}, -1,
                         -1, SIGTERM);
        for (int tries = 0; !loopback_socket().connects_to(port_); ++tries) {
            if (auto const reason = process_->end()) throw std::runtime_error("nginx " + *reason + log());
            if (tries == 3000) throw std::runtime_error("nginx does not listen");
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }

    std::string log() const
    {
        std::ifstream file(folder_ / "error.log");
        std::string text, line;
        while (std::getline(file, line)) text += "\n    " + line;
        return text;
    }

    /// Debian has it in a folder that PATH often lacks.
    static std::string program() { return std::filesystem::exists("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx"; }

    std::filesystem::path folder_;
    int port_;
    std::optional<child_process> process_;
};

} // namespace soak_test
