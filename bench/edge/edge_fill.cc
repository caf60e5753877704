// What the benchmarks of the edge serve: an edge's cache with COUNT names, each with a certificate and a key
// of its own below one intermediate CA, and the same as PEM files for other servers.
//     edge_fill COUNT UPSTREAM FOLDER [PEM_COUNT]
// Names are n0.bench.test and so on. FOLDER/edge is the cache, FOLDER/root.pem the root, FOLDER/pem/NAME.pem
// the chain and key of the first PEM_COUNT names.
#include "crypto/certificate.h"
#include "edge/certificate_store.h"
#include "support/certificates.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <future>
#include <thread>

namespace {

constexpr std::size_t names_per_batch = 2000;
constexpr int life_days = 90;

struct Made {
    std::string name;
    std::string chain;
    crypto::PrivateKey key;
};

std::string name_of(std::size_t number)
{
    return fmt::format("n{}.bench.test", number);
}

std::vector<Made> make_some(const test::Authority& ca, std::size_t from, std::size_t to)
{
    std::vector<Made> made;
    for (auto i = from; i < to; ++i) {
        auto key = test::new_key();
        test::CertificateShape shape;
        shape.names = {name_of(i)};
        shape.to_days = life_days;
        auto chain = ca.issue(key, shape) + ca.pem();
        made.push_back({name_of(i), std::move(chain), std::move(key)});
    }
    return made;
}

// Names `from` up to `to`, made by every core.
std::vector<Made> make(const test::Authority& ca, std::size_t from, std::size_t to)
{
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::future<std::vector<Made>>> parts;
    for (std::size_t i = 0; i < cores; ++i) {
        const auto begin = from + (to - from) * i / cores;
        const auto end = from + (to - from) * (i + 1) / cores;
        parts.push_back(std::async(std::launch::async, make_some, std::cref(ca), begin, end));
    }
    std::vector<Made> all;
    for (auto& part : parts) {
        std::ranges::move(part.get(), std::back_inserter(all));
    }
    return all;
}

feed::Batch batch_of(const std::vector<Made>& names, const std::string& upstream, std::int64_t number)
{
    feed::Batch batch;
    batch.position = {"bench", number};
    for (const auto& each : names) {
        feed::CertificateEntry certificate;
        certificate.certificate = "crt_" + each.name;
        certificate.endpoint = "ep_" + each.name;
        certificate.identifiers = {each.name};
        certificate.not_after = base::SystemClock().now() + std::chrono::days(life_days);
        certificate.chain_pem = each.chain;
        certificate.key_pkcs8 = each.key.to_pkcs8();
        feed::RouteEntry route;
        route.endpoint = certificate.endpoint;
        route.names = {each.name};
        route.upstream = upstream;
        route.certificates = {certificate.certificate};
        batch.changes.push_back({model::RevisionKind::certificate, certificate.certificate, certificate});
        batch.changes.push_back({model::RevisionKind::route, route.endpoint, route});
    }
    return batch;
}

void write(const std::filesystem::path& file, const std::string& text)
{
    std::ofstream(file) << text;
}

int fill(std::size_t count, const std::string& upstream, const std::filesystem::path& folder,
         std::size_t pems)
{
    const auto root = test::Authority::root("Bench Root");
    const auto ca = root.subordinate("Bench Intermediate");
    std::filesystem::create_directories(folder / "pem");
    write(folder / "root.pem", root.pem());
    auto store = edge::CertificateStore::open(folder / "edge");
    if (!store) {
        fmt::print(stderr, "{}\n", store.error().message());
        return 1;
    }
    for (std::size_t from = 0; from < count; from += names_per_batch) {
        const auto names = make(ca, from, std::min(count, from + names_per_batch));
        const auto number = static_cast<std::int64_t>(from + names.size());
        if (const auto applied = (*store)->apply(batch_of(names, upstream, number)); !applied) {
            fmt::print(stderr, "{}\n", applied.error().message());
            return 1;
        }
        for (std::size_t i = 0; i < names.size() && from + i < pems; ++i) {
            write(folder / "pem" / (names[i].name + ".pem"), names[i].chain + names[i].key.to_pem());
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 4 && argc != 5) {
        fmt::print(stderr, "usage: edge_fill COUNT UPSTREAM FOLDER [PEM_COUNT]\n");
        return 2;
    }
    return fill(std::stoul(argv[1]), argv[2], argv[3], argc == 5 ? std::stoul(argv[4]) : 0);
}
