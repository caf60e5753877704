// What `make bench BENCH=dns` is made with.
//
//   dns_bench_server write DEVICES FOLDER   zone.txt for peers and questions.txt for dnsperf
//   dns_bench_server serve DEVICES PORT     our name server with that zone, one loop, until it is told to end
//   dns_bench_server echo PORT              sends every datagram back: the floor of any server
#include "dns/rdata.h"
#include "dns_fleet.h"
#include "nameserver/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <fstream>
#include <future>

namespace {

namespace asio = boost::asio;

constexpr std::uint64_t devices_a_batch = 5'000;

int write_files(std::uint64_t devices, const std::string& folder)
{
    std::ofstream zone(folder + "/zone.txt");
    zone << fmt::format(
        "$ORIGIN {0}.\n@ 3600 SOA ns1.{0}. hostmaster.{0}. 1 3600 600 604800 30\n"
        "@ 3600 NS ns1.{0}.\nns1 3600 A 192.0.2.53\n",
        fleet::apex);
    for (std::uint64_t i = 0; i < devices; ++i) {
        zone << fmt::format("{} 60 A {}\n", fleet::label(i), fleet::address(i));
        if (fleet::has_proof(i)) {
            zone << fmt::format("_acme-challenge.{} 1 TXT \"{}\"\n", fleet::label(i), fleet::proof(i));
        }
    }
    std::ofstream questions(folder + "/questions.txt");
    for (std::uint64_t i = 0; i < 200'000; ++i) {
        const std::uint64_t random = fleet::scramble(i ^ 0x5555555555555555);
        const std::uint64_t device = random % devices;
        const unsigned kind = random >> 40 & 127;
        if (kind < 96) {
            questions << fmt::format("{}.{} A\n", fleet::label(device), fleet::apex);
        } else if (kind < 109) {
            questions << fmt::format("_acme-challenge.{}.{} TXT\n", fleet::label(device / 45 * 45),
                                     fleet::apex);
        } else if (kind < 119) {
            questions << fmt::format("{}.{} AAAA\n", fleet::label(device), fleet::apex);
        } else {
            questions << fmt::format("{}.{} A\n", fleet::label(device + devices), fleet::apex);
        }
    }
    return zone && questions ? 0 : 1;
}

feed::Change change_of(const std::string& name, dns::RecordType type, std::uint32_t ttl,
                       const std::string& text)
{
    model::RecordSet set{
        fleet::apex, name, static_cast<std::uint16_t>(type), ttl, {dns::parse_data(type, text).value()}};
    return {model::RevisionKind::records, name, feed::RecordsEntry{{std::move(set)}}};
}

std::shared_ptr<feed::Batch> batch_from(std::uint64_t first, std::uint64_t devices)
{
    auto batch = std::make_shared<feed::Batch>();
    batch->position = {"bench", 1};
    batch->snapshot = true;
    batch->first = first == 0;
    if (first == 0) {
        model::Zone zone;
        zone.apex = fleet::apex;
        zone.kind = model::ZoneKind::fixed;
        zone.name_servers = {{fmt::format("ns1.{}", fleet::apex), {"192.0.2.53"}}};
        zone.hostmaster = fmt::format("hostmaster.{}", fleet::apex);
        batch->changes.push_back({model::RevisionKind::zone, zone.apex, zone});
    }
    const std::uint64_t end = std::min(devices, first + devices_a_batch);
    for (std::uint64_t i = first; i < end; ++i) {
        const auto name = fmt::format("{}.{}", fleet::label(i), fleet::apex);
        batch->changes.push_back(change_of(name, dns::RecordType::a, 60, fleet::address(i)));
        if (fleet::has_proof(i)) {
            batch->changes.push_back(
                change_of("_acme-challenge." + name, dns::RecordType::txt, 1, '"' + fleet::proof(i) + '"'));
        }
    }
    batch->last = end == devices;
    return batch;
}

asio::awaitable<bool> load(nameserver::Server& server, std::uint64_t devices)
{
    for (std::uint64_t first = 0; first < devices; first += devices_a_batch) {
        const auto applied = co_await server.sink().apply(batch_from(first, devices));
        if (!applied) {
            co_return false;
        }
    }
    co_return true;
}

int serve(std::uint64_t devices, std::uint16_t port)
{
    asio::io_context loop(1);
    const base::SystemClock clock;
    nameserver::Options options;
    options.listen = {{asio::ip::address_v4::loopback(), port}};
    options.threads = 1;
    options.rate_limit.per_second = 0;
    options.wait_for_data = true;
    auto server = nameserver::Server::start(options, clock);
    if (!server) {
        fmt::print(stderr, "{}\n", server.error().message());
        return 1;
    }
    bool loaded = false;
    asio::signal_set end(loop, SIGTERM, SIGINT);
    asio::co_spawn(loop, load(**server, devices),
                   [&loaded](std::exception_ptr failed, bool good) { loaded = !failed && good; });
    end.async_wait([&loop](boost::system::error_code, int) { loop.stop(); });
    loop.run();
    (*server)->stop();
    return loaded ? 0 : 1;
}

int echo(std::uint16_t port)
{
    constexpr unsigned batch = 64;
    static std::uint8_t buffers[batch][1'500];
    static sockaddr_in from[batch];
    iovec vectors[batch];
    mmsghdr messages[batch];
    const int file = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(file, reinterpret_cast<const sockaddr*>(&where), sizeof(where)) != 0) {
        return 1;
    }
    while (true) {
        for (unsigned i = 0; i < batch; ++i) {
            vectors[i] = {buffers[i], sizeof(buffers[i])};
            messages[i] = {};
            messages[i].msg_hdr.msg_name = &from[i];
            messages[i].msg_hdr.msg_namelen = sizeof(from[i]);
            messages[i].msg_hdr.msg_iov = &vectors[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        const int count = ::recvmmsg(file, messages, batch, MSG_WAITFORONE, nullptr);
        for (int i = 0; i < count; ++i) {
            buffers[i][2] |= 0x80;
            vectors[i].iov_len = messages[i].msg_len;
        }
        if (count > 0) {
            ::sendmmsg(file, messages, static_cast<unsigned>(count), 0);
        }
    }
}

}  // namespace

int main(int argc, char** argv)
{
    const std::string what = argc > 1 ? argv[1] : "";
    const auto number = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
    if (what == "write" && argc == 4) {
        return write_files(number(2), argv[3]);
    }
    if (what == "serve" && argc == 4) {
        return serve(number(2), static_cast<std::uint16_t>(number(3)));
    }
    if (what == "echo" && argc == 3) {
        return echo(static_cast<std::uint16_t>(number(2)));
    }
    fmt::print(stderr, "usage: dns_bench_server write DEVICES FOLDER | serve DEVICES PORT | echo PORT\n");
    return 2;
}
