// A TLS 1.3 client that shakes hands with a server on loopback as often as it can, one connection after the
// other in each thread, and prints what it saw as JSON.
//     tls_load PORT COUNT THREADS one|uniform|zipf NAMES [resume]
// Each handshake asks for one of n0.bench.test ... by the pattern (Zipf with exponent 1). Full handshakes
// unless `resume`: then each thread takes one ticket from a first connection and resumes with it. The
// signature of the handshake is verified, the chain is not: what is measured is the server.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Plan {
    std::uint16_t port = 0;
    std::size_t count = 0;  // handshakes of each thread
    std::size_t threads = 1;
    std::string pattern;
    std::size_t names = 1;
    bool resume = false;
};

struct Seen {
    std::vector<double> micros;  // of each handshake
    std::size_t failures = 0;
    std::size_t resumed = 0;
    std::string trouble;
};

struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct FreeSession {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;
using Ssl = std::unique_ptr<SSL, FreeSsl>;
using Session = std::unique_ptr<SSL_SESSION, FreeSession>;

class Names {
public:
    Names(const Plan& plan, std::size_t seed) : plan_(plan), random_(seed)
    {
        if (plan.pattern == "zipf") {
            double sum = 0;
            for (std::size_t i = 0; i < plan.names; ++i) {
                cumulative_.push_back(sum += 1.0 / static_cast<double>(i + 1));
            }
        }
    }

    std::string next() { return "n" + std::to_string(number()) + ".bench.test"; }

private:
    std::size_t number()
    {
        if (plan_.pattern == "one") {
            return 0;
        }
        if (plan_.pattern == "uniform") {
            return std::uniform_int_distribution<std::size_t>(0, plan_.names - 1)(random_);
        }
        const auto at = std::uniform_real_distribution<double>(0, cumulative_.back())(random_);
        const auto found = std::ranges::lower_bound(cumulative_, at);
        return std::min(static_cast<std::size_t>(found - cumulative_.begin()), plan_.names - 1);
    }

    const Plan& plan_;
    std::mt19937_64 random_;
    std::vector<double> cumulative_;
};

// From one of many loopback addresses, so that ports never run out; -1 on failure.
int connect_to(std::uint16_t port, std::size_t number)
{
    const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const timeval limit{10, 0};
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(made, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(0x7F000002U + static_cast<std::uint32_t>(number % 200));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    if (bind(made, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 &&
        connect(made, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
        return made;
    }
    close(made);
    return -1;
}

// Tickets come with the answer: whoever has said goodbye reads none.
void ask(SSL* ssl, const std::string& name)
{
    const auto request = "GET / HTTP/1.1\r\nHost: " + name + "\r\nConnection: close\r\n\r\n";
    SSL_write(ssl, request.data(), static_cast<int>(request.size()));
    char answer[4096];
    while (SSL_read(ssl, answer, sizeof answer) > 0) {}
}

// Says goodbye and waits until the server has, so that it has done all that it does for a connection.
void end(SSL* ssl)
{
    SSL_shutdown(ssl);
    char rest[4096];
    while (SSL_read(ssl, rest, sizeof rest) > 0) {}
    while (read(SSL_get_fd(ssl), rest, sizeof rest) > 0) {}
}

class Client {
public:
    Client(const Plan& plan, std::size_t thread)
        : plan_(plan),
          thread_(thread),
          names_(plan, 1000 + thread),
          context_(SSL_CTX_new(TLS_client_method()))
    {
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
        SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
            static_cast<Client*>(SSL_get_app_data(ssl))->ticket_.reset(session);
            return 1;
        });
    }

    Seen run()
    {
        const auto name = names_.next();
        if (plan_.resume) {
            visit(name, nullptr);
        }
        const Session first = std::move(ticket_);
        // With a cache OpenSSL takes each ticket once.
        SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
        seen_ = Seen();
        for (std::size_t i = 0; i < plan_.count; ++i) {
            visit(plan_.resume ? name : names_.next(), first.get());
        }
        return std::move(seen_);
    }

private:
    void visit(const std::string& name, SSL_SESSION* session)
    {
        const auto began = std::chrono::steady_clock::now();
        const int socket = connect_to(plan_.port, thread_ * 50 + ++number_);
        if (socket < 0) {
            fail("connect");
            return;
        }
        const Ssl ssl(SSL_new(context_.get()));
        SSL_set_app_data(ssl.get(), this);
        SSL_set_fd(ssl.get(), socket);
        SSL_set_tlsext_host_name(ssl.get(), name.c_str());
        if (session != nullptr) {
            SSL_set_session(ssl.get(), session);
        }
        if (SSL_connect(ssl.get()) == 1) {
            const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
            seen_.micros.push_back(took.count());
            seen_.resumed += static_cast<std::size_t>(SSL_session_reused(ssl.get()));
            if (plan_.resume && session == nullptr) {
                ask(ssl.get(), name);
            }
            end(ssl.get());
        } else {
            const char* reason = ERR_reason_error_string(ERR_peek_last_error());
            fail(reason == nullptr ? "handshake" : reason);
        }
        ERR_clear_error();
        close(socket);
    }
    void fail(const std::string& reason)
    {
        ++seen_.failures;
        seen_.trouble = reason;
    }

    const Plan& plan_;
    std::size_t thread_;
    std::size_t number_ = 0;
    Names names_;
    Context context_;
    Session ticket_;
    Seen seen_;
};

double at_share(const std::vector<double>& sorted, double share)
{
    return sorted.empty() ? 0
                          : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void report(const std::vector<Seen>& all)
{
    Seen sum;
    for (const auto& seen : all) {
        sum.micros.insert(sum.micros.end(), seen.micros.begin(), seen.micros.end());
        sum.failures += seen.failures;
        sum.resumed += seen.resumed;
        sum.trouble = seen.trouble.empty() ? sum.trouble : seen.trouble;
    }
    std::ranges::sort(sum.micros);
    std::printf(
        "{\"done\": %zu, \"failures\": %zu, \"resumed\": %zu, \"p50_us\": %.0f, \"p99_us\": %.0f, "
        "\"worst_us\": %.0f, \"trouble\": \"%s\"}\n",
        sum.micros.size(), sum.failures, sum.resumed, at_share(sum.micros, 0.5), at_share(sum.micros, 0.99),
        at_share(sum.micros, 1), sum.trouble.c_str());
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 6 && argc != 7) {
        std::fputs("usage: tls_load PORT COUNT THREADS one|uniform|zipf NAMES [resume]\n", stderr);
        return 2;
    }
    Plan plan;
    plan.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    plan.threads = std::max<std::size_t>(1, std::strtoul(argv[3], nullptr, 10));
    plan.count = std::max<std::size_t>(1, std::strtoul(argv[2], nullptr, 10) / plan.threads);
    plan.pattern = argv[4];
    plan.names = std::max<std::size_t>(1, std::strtoul(argv[5], nullptr, 10));
    plan.resume = argc == 7;
    std::vector<Seen> seen(plan.threads);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < plan.threads; ++i) {
        threads.emplace_back([&, i] { seen[i] = Client(plan, i).run(); });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    report(seen);
    return 0;
}
