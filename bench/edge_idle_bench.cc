// What idle connections cost an edge: opens them over TLS from another process, lets each make one request,
// and reads the edge's anonymous memory. edge_idle_bench [CONNECTIONS] [h1|h2]
#include "edge/edge.h"
#include "http/upstream.h"
#include "net/open_files.h"
#include "support/certificates.h"
#include "support/child.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

// The edge's process: writes its port, serves until the pipe's other end closes.
int serve(const std::filesystem::path& folder, int port_to, int end_from)
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
    char nothing = 0;
    if (!applied || ::write(port_to, &port, sizeof port) != sizeof port) {
        return 1;
    }
    return ::read(end_from, &nothing, 1) == 0 ? 0 : 1;
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

int measure(pid_t edge, std::uint16_t port, std::size_t connections, bool h2)
{
    boost::asio::io_context loop(1);
    std::vector<Stream> open;
    constexpr std::size_t first = 200;  // what the edge makes once
    std::size_t before = 0;
    while (open.size() < first + connections) {
        auto opened = test::run(loop, open_one(address_of(open.size()), port, h2));
        if (!opened) {
            std::fprintf(stderr, "connection %zu: %s\n", open.size(), opened.error().message().c_str());
            return 1;
        }
        open.push_back(std::move(*opened));
        if (open.size() == first) {
            before = anonymous_kib(edge);
        }
    }
    const auto grown = anonymous_kib(edge) - before;
    std::printf("%zu idle %s connections over TLS: %zu MiB, %.1f KiB each\n", connections, h2 ? "h2" : "h1",
                grown / 1024, static_cast<double>(grown) / static_cast<double>(connections));
    return 0;
}

// Each end of a connection is a file of its process; root may raise the hard limit too.
bool have_files(std::size_t count)
{
    const rlimit limit{.rlim_cur = count, .rlim_max = count};
    return net::allow_open_files() >= count || ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

}  // namespace

int main(int argc, char** argv)
{
    const std::size_t connections = argc > 1 ? std::stoul(argv[1]) : 50'000;
    const bool h2 = argc > 2 && std::string_view(argv[2]) == "h2";
    const std::size_t files = 2 * connections + 2'000;  // The edge keeps half of them for upstreams.
    if (!have_files(files)) {
        std::fprintf(stderr, "this needs %zu open files (ulimit -n)\n", files);
        return 1;
    }
    const test::TempDir folder;
    std::array<int, 2> port_pipe{};
    std::array<int, 2> end_pipe{};
    if (::pipe(port_pipe.data()) != 0 || ::pipe(end_pipe.data()) != 0) {
        return 1;
    }
    const pid_t edge = ::fork();
    if (edge == 0) {
        ::close(end_pipe[1]);
        ::_exit(serve(folder.path() / "edge", port_pipe[1], end_pipe[0]));
    }
    std::uint16_t port = 0;
    ::close(port_pipe[1]);
    const bool started = ::read(port_pipe[0], &port, sizeof port) == sizeof port;
    const int result = started ? measure(edge, port, connections, h2) : 1;
    ::close(end_pipe[1]);
    int ended = 0;
    ::waitpid(edge, &ended, 0);
    return result;
}
