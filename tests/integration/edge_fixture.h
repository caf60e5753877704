// An edge on loopback with a real origin server behind it, for tests with real clients.
#pragma once

#include "crypto/certificate.h"
#include "edge/edge.h"
#include "support/certificates.h"
#include "support/child.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <cstdio>

namespace edge {

// The output of a shell command, and its exit status on a last line.
inline std::string shell(const std::string& command)
{
    std::string output;
    auto* pipe = popen((command + " 2>&1").c_str(), "r");
    std::array<char, 65536> piece;
    while (const auto count = std::fread(piece.data(), 1, piece.size(), pipe)) {
        output.append(piece.data(), count);
    }
    return output + fmt::format("\nexit {}", WEXITSTATUS(pclose(pipe)));
}

class EdgeTest : public testing::Test {
protected:
    EdgeTest() : origin({"python3", ORIGIN, std::to_string(origin_port)}, {}, folder.path() / "origin.log")
    {
        test::write_file(folder.path() / "ca.pem", ca.pem());
        start();
    }
    void SetUp() override { ASSERT_TRUE(test::wait_for_port(origin, origin_port)); }
    ~EdgeTest() override { stop(); }

    EdgeOptions options()
    {
        EdgeOptions made;
        made.folder = folder.path() / "edge";
        made.http = {net::parse_endpoint("127.0.0.1:0").value(), net::parse_endpoint("[::1]:0").value()};
        made.https = {net::parse_endpoint("127.0.0.1:0").value(), net::parse_endpoint("[::1]:0").value()};
        made.threads = 2;
        made.loop.forward.answer = std::chrono::milliseconds(1500);
        return made;
    }
    void start()
    {
        auto started = Edge::start(options(), clock);
        ASSERT_TRUE(started) << started.error().message();
        edge = std::move(*started);
    }
    void stop()
    {
        if (edge) {
            test::run(loop, edge->stop());
            edge.reset();
        }
    }

    void apply(std::vector<feed::Change> changes)
    {
        auto batch = std::make_shared<feed::Batch>();
        batch->position = {"e", ++number};
        batch->changes = std::move(changes);
        const auto applied = test::run(loop, edge->sink().apply(batch));
        ASSERT_TRUE(applied) << applied.error().message();
    }
    feed::Change route(const std::string& endpoint, std::vector<std::string> names,
                       std::vector<std::string> certificates = {})
    {
        feed::RouteEntry entry;
        entry.endpoint = endpoint;
        entry.names = std::move(names);
        entry.upstream = fmt::format("http://127.0.0.1:{}", origin_port);
        entry.certificates = std::move(certificates);
        return {model::RevisionKind::route, endpoint, entry};
    }
    feed::Change certificate(const std::string& id, const std::string& endpoint,
                             std::vector<std::string> names,
                             model::KeyType key_type = model::KeyType::ecdsa_p256, int days = 30)
    {
        const auto key = test::new_key(key_type);
        test::CertificateShape shape;
        shape.names = names;
        shape.from_days = std::min(days, 0) - 1;
        shape.to_days = days;
        feed::CertificateEntry entry;
        entry.certificate = id;
        entry.endpoint = endpoint;
        entry.identifiers = std::move(names);
        entry.key_type = key_type;
        entry.not_after = clock.now() + std::chrono::days(days);
        entry.chain_pem = ca.issue(key, shape);
        entry.key_pkcs8 = key.to_pkcs8();
        return {model::RevisionKind::certificate, id, entry};
    }
    static feed::Change group(const std::string& default_certificate)
    {
        const model::EdgeGroup entry{"default", {}, default_certificate, "the-default-thumbprint"};
        return {model::RevisionKind::group, "default", entry};
    }
    void serve_shop()
    {
        apply({certificate("crt_a", "ep_a", {"shop.test"}), route("ep_a", {"shop.test"}, {"crt_a"})});
    }

    std::uint16_t https() const { return edge->https().front().port(); }
    // curl for `host`, which resolves to the edge; `rest` has options and the path last.
    std::string https(const std::string& host, const std::string& path, const std::string& options = "")
    {
        return shell(fmt::format(
            "curl -s -S -m 20 --http1.1 --noproxy '*' --cacert {}/ca.pem --resolve '{}:{}:127.0.0.1' {} "
            "'https://{}:{}{}'",
            folder.path().string(), host, https(), options, host, https(), path));
    }
    std::string http(const std::string& host, const std::string& path, const std::string& options = "")
    {
        const auto port = edge->http().front().port();
        return shell(
            fmt::format("curl -s -S -m 20 --noproxy '*' --resolve '{}:{}:127.0.0.1' {} 'http://{}:{}{}'",
                        host, port, options, host, port, path));
    }

    test::TempDir folder;
    boost::asio::io_context loop{1};
    base::SystemClock clock;
    test::Authority ca = test::Authority::root("Edge Test CA");
    std::uint16_t origin_port = test::free_port();
    test::Child origin;
    std::unique_ptr<Edge> edge;
    std::int64_t number = 0;
};

}  // namespace edge
