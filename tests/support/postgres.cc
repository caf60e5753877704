#include "support/postgres.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace test {

namespace {

namespace fs = std::filesystem;

// The newest installed version's programs.
fs::path programs()
{
    const fs::path root = "/usr/lib/postgresql";
    fs::path best;
    int best_version = 0;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(root, ignored)) {
        const int version = std::atoi(entry.path().filename().c_str());
        if (version > best_version && fs::exists(entry.path() / "bin" / "initdb")) {
            best = entry.path() / "bin";
            best_version = version;
        }
    }
    if (best.empty()) {
        throw std::runtime_error(
            "no initdb below /usr/lib/postgresql: install the package postgresql to run these tests");
    }
    return best;
}

const passwd* server_user()
{
    const passwd* user = getpwnam("postgres");
    if (user == nullptr) {
        throw std::runtime_error(
            "PostgreSQL refuses to run as root, and there is no user postgres to become");
    }
    return user;
}

// Runs in the child: nothing but system calls until exec.
[[noreturn]] void become_and_execute(const passwd* user, int log, char* const* arguments)
{
    if (user != nullptr) {
        if (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) {
            _exit(126);
        }
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);  // PostgreSQL's immediate shutdown; after setuid, which would clear it.
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(arguments[0], arguments);
    _exit(127);
}

pid_t start(const fs::path& folder, std::vector<std::string> arguments)
{
    const passwd* user = geteuid() == 0 ? server_user() : nullptr;
    std::vector<char*> pointers;
    for (auto& each : arguments) {
        pointers.push_back(each.data());
    }
    pointers.push_back(nullptr);
    const int log = open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const pid_t child = fork();
    if (child == 0) {
        become_and_execute(user, log, pointers.data());
    }
    close(log);
    if (child < 0) {
        throw std::runtime_error("fork failed");
    }
    return child;
}

using Session = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

}  // namespace

Postgres& Postgres::shared()
{
    static Postgres server;
    return server;
}

Postgres::Postgres()
{
    const auto bin = programs();
    const auto data = (folder_.path() / "data").string();
    if (geteuid() == 0) {
        const passwd* user = server_user();
        if (chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
            throw std::runtime_error("cannot give the cluster's folder to the user postgres");
        }
    }
    int status = 0;
    waitpid(start(folder_.path(), {bin / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                                   "--locale=C.UTF-8", "--no-sync"}),
            &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw std::runtime_error("initdb failed");
    }
    server_ = start(folder_.path(), {bin / "postgres", "-D", data, "-k", folder_.path().string(), "-c",
                                     "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
                                     "-c", "deadlock_timeout=100ms"});
    wait_until_ready();
}

Postgres::~Postgres()
{
    if (server_ > 0) {
        kill(server_, SIGQUIT);
        waitpid(server_, nullptr, 0);
    }
}

void Postgres::wait_until_ready()
{
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    const auto target = url("postgres");
    while (PQping(target.c_str()) != PQPING_OK) {
        if (std::chrono::steady_clock::now() > deadline || waitpid(server_, nullptr, WNOHANG) != 0) {
            throw std::runtime_error("PostgreSQL did not start");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

std::string Postgres::url(const std::string& database) const
{
    return "postgresql:///" + database + "?host=" + folder_.path().string() + "&user=postgres";
}

std::string Postgres::new_database()
{
    const auto name = "test_" + std::to_string(++databases_);
    query(url("postgres"), "CREATE DATABASE " + name);
    return url(name);
}

std::string Postgres::query(const std::string& url, const std::string& text)
{
    const Session session(PQconnectdb(url.c_str()), &PQfinish);
    const Answer answer(PQexec(session.get(), text.c_str()), &PQclear);
    const auto status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        throw std::runtime_error(text + ": " + PQerrorMessage(session.get()));
    }
    return PQntuples(answer.get()) > 0 ? PQgetvalue(answer.get(), 0, 0) : "";
}

}  // namespace test
