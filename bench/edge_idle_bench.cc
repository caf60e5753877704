// What idle connections cost an edge: opens them over TLS from another process, lets each make one request,
// and reads the edge's anonymous memory. Where one process may not open as many files, several edges share
// the connections. edge_idle_bench [CONNECTIONS] [h1|h2]
#include "edge/edge.h"
#include "http/upstream.h"
#include "net/open_files.h"
#include "support/certificates.h"
#include "support/child.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>

namespace {

using Stream = std::unique_ptr<net::Stream>;

constexpr std::string_view site = "shop.test";

feed::Change certificate(test::Authority& ca, const base::Clock& clock)
{
    const auto key = test::new_key(model::KeyType::ecdsa_p256);
    test::CertificateShape shape;
    shape.names = {std::string(site)};
    feed::CertificateEntry entry;
    entry.certificate = "crt_a";
    entry.endpoint = "ep_a";
    entry.identifiers = shape.names;
    entry.not_after = clock.now() + std::chrono::days(30);
    entry.chain_pem = ca.issue(key, shape);
    entry.key_pkcs8 = key.to_pkcs8();
    return {model::RevisionKind::certificate, "crt_a", entry};
}

// The edge's process: writes its port, serves until it is killed.
int serve(const std::filesystem::path& folder, int port_to)
{
    base::SystemClock clock;
    boost::asio::io_context loop(1);
    edge::EdgeOptions options;
    options.folder = folder;
    options.https = {net::parse_endpoint("0.0.0.0:0").value()};
    options.threads = 1;
    options.loop.server.idle_time = std::chrono::hours(1);
    auto edge = edge::Edge::start(std::move(options), clock).value();
    auto ca = test::Authority::root("Bench CA");
    feed::RouteEntry route;
    route.endpoint = "ep_a";
    route.names = {std::string(site)};
    route.certificates = {"crt_a"};
    auto batch = std::make_shared<feed::Batch>();
    batch->position = {"e", 1};
    batch->changes = {certificate(ca, clock), {model::RevisionKind::route, "ep_a", route}};
    const bool applied = test::run(loop, edge->sink().apply(batch)).has_value();
    const auto port = edge->https().front().port();
    if (!applied || ::write(port_to, &port, sizeof port) != sizeof port) {
        return 1;
    }
    for (;;) {
        ::pause();
    }
}

base::Task<Stream> open_one(std::string address, std::uint16_t port, bool h2)
{
    net::TlsClientOptions tls;
    tls.server_name = site;
    tls.verify = false;
    tls.alpn = {h2 ? "h2" : "http/1.1"};
    CO_TRY(stream,
           co_await net::connect_tls(std::move(address), port, std::move(tls), std::chrono::seconds(30)));
    // Without upstream the answer is a page of the edge's own. In HTTP/2: preface, SETTINGS, and a GET.
    constexpr std::string_view h1_request = "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n";
    constexpr std::string_view h2_request(
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
        "\0\0\x0E\1\5\0\0\0\1\x82\x87\x84\x01\x09shop.test",
        56);
    const std::string request(h2 ? h2_request : h1_request);
    CO_CHECKED(co_await stream->write(std::span<const char>(request)));
    std::string received;
    std::array<char, 4096> buffer;
    while (!received.contains("has no upstream here.")) {
        CO_TRY(count, co_await stream->read_some(buffer));
        if (count == 0) {
            co_return base::fail(base::Errc::unavailable, "the edge ended the connection");
        }
        received.append(buffer.data(), count);
    }
    co_return std::move(stream);
}

std::size_t anonymous_kib(pid_t process)
{
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:")) {
            return std::stoul(line.substr(8));
        }
    }
    return 0;
}

// Loopback has many addresses, and each as many ports as the kernel hands out.
std::string address_of(std::size_t connection)
{
    return "127.0.0." + std::to_string(1 + connection / 20'000);
}

constexpr std::size_t first = 200;  // what the edge makes once
// What a client process and this one tell each other, an octet each.
constexpr char warmed = 'w';
constexpr char go_on = 'g';
constexpr char opened_all = 'o';

bool tell(int to, char word)
{
    return ::write(to, &word, 1) == 1;
}

bool hear(int from, char word)
{
    char heard = 0;
    return ::read(from, &heard, 1) == 1 && heard == word;
}

// A client's process: opens its connections and keeps them until it is killed.
int hold(int talk, std::uint16_t port, std::size_t connections, bool h2)
{
    boost::asio::io_context loop(1);
    std::vector<Stream> open;
    while (open.size() < first + connections) {
        auto opened = test::run(loop, open_one(address_of(open.size()), port, h2));
        if (!opened) {
            std::fprintf(stderr, "connection %zu: %s\n", open.size(), opened.error().message().c_str());
            return 1;
        }
        open.push_back(std::move(*opened));
        if (open.size() == first && !(tell(talk, warmed) && hear(talk, go_on))) {
            return 1;
        }
    }
    tell(talk, opened_all);
    for (;;) {
        ::pause();
    }
}

// An edge and its clients, each a process.
struct Share {
    std::size_t connections = 0;
    pid_t edge = 0;
    pid_t clients = 0;
    int talk = -1;
    std::uint16_t port = 0;
    std::size_t before = 0;  // KiB
};

bool start_edge(Share& share, const std::filesystem::path& folder)
{
    std::array<int, 2> port_pipe{};
    if (::pipe2(port_pipe.data(), O_CLOEXEC) != 0) {
        return false;
    }
    share.edge = ::fork();
    if (share.edge == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::_exit(serve(folder, port_pipe[1]));
    }
    ::close(port_pipe[1]);
    const bool started = ::read(port_pipe[0], &share.port, sizeof share.port) == sizeof share.port;
    ::close(port_pipe[0]);
    return started;
}

bool start_clients(Share& share, bool h2)
{
    std::array<int, 2> talk{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk.data()) != 0) {
        return false;
    }
    share.clients = ::fork();
    if (share.clients == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(talk[0]);
        ::_exit(hold(talk[1], share.port, share.connections, h2));
    }
    ::close(talk[1]);
    share.talk = talk[0];
    return true;
}

int measure(std::vector<Share>& shares, bool h2)
{
    std::size_t connections = 0;
    std::size_t grown = 0;
    for (auto& each : shares) {
        if (!hear(each.talk, warmed)) {
            return 1;
        }
        each.before = anonymous_kib(each.edge);
        connections += each.connections;
    }
    for (const auto& each : shares) {
        tell(each.talk, go_on);
    }
    for (const auto& each : shares) {
        if (!hear(each.talk, opened_all)) {
            return 1;
        }
    }
    for (const auto& each : shares) {  // All are open now.
        grown += anonymous_kib(each.edge) - each.before;
    }
    std::printf("%zu idle %s connections over TLS at %zu processes: %zu MiB, %.1f KiB each\n", connections,
                h2 ? "h2" : "h1", shares.size(), grown / 1024,
                static_cast<double>(grown) / static_cast<double>(connections));
    return 0;
}

// How many connections one process may have. Each is a file at both ends, and the edge keeps as many for
// upstreams; root may raise the hard limit where its container lets it.
std::size_t most_of_one_process(std::size_t wanted)
{
    constexpr std::size_t others = 1'000;
    const rlimit limit{.rlim_cur = 2 * wanted + others, .rlim_max = 2 * wanted + others};
    if (net::allow_open_files() < limit.rlim_cur) {
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    return (net::allow_open_files() - others) / 2;
}

}  // namespace

int main(int argc, char** argv)
{
    const std::size_t connections = argc > 1 ? std::stoul(argv[1]) : 50'000;
    const bool h2 = argc > 2 && std::string_view(argv[2]) == "h2";
    const auto most = most_of_one_process(connections);
    std::vector<Share> shares((connections + most - 1) / most);
    const test::TempDir folder;
    bool started = true;
    for (std::size_t i = 0; i < shares.size() && started; ++i) {
        shares[i].connections = connections / shares.size();
        started = start_edge(shares[i], folder.path() / std::to_string(i));
    }
    // After the edges, so that none of them holds an end of a client's socket open.
    for (auto& each : shares) {
        started = started && start_clients(each, h2);
    }
    const int result = started ? measure(shares, h2) : 1;
    for (const auto& each : shares) {
        int ended = 0;
        ::close(each.talk);
        if (each.clients > 0) {
            ::kill(each.clients, SIGKILL);
            ::waitpid(each.clients, &ended, 0);
        }
        if (each.edge > 0) {
            ::kill(each.edge, SIGKILL);
            ::waitpid(each.edge, &ended, 0);
        }
    }
    return result;
}
