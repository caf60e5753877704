// Checks against real DNS: two name servers (Knot), a validating resolver (Unbound), and nginx where
// something answers over HTTP.
#pragma once

#include "base/clock.h"
#include "diagnosis/dns_check.h"
#include "dns/ask.h"
#include "fakes/sample_endpoint.h"
#include "net/stream.h"
#include "support/child.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace test {

namespace asio = boost::asio;

// What one name server has: records by zone, without SOA, NS and the servers' own addresses. A zone with
// `broken` for records is configured but cannot be loaded: SERVFAIL.
using Zones = std::map<std::string, std::string>;
inline const std::string broken = "(broken)";

class DiagnosisFixture : public testing::Test {
protected:
    static constexpr const char* customer = "customer.test";

    DiagnosisFixture()
    {
        context_.addresses = {"127.0.0.4"};
        context_.cas = {{"default", {"ca.test"}, "https://ca.test/account/1"}};
        context_.thumbprint = "thumbprint-of-the-account";
        context_.probes.dns_port = free_port();
        context_.probes.ask = std::chrono::milliseconds(1'500);
        context_.probes.connect = std::chrono::milliseconds(3'000);
        context_.probes.granted = net::AddressSet::parse({"127.0.0.0/8"}).value();
    }

    // Both name servers have the same.
    void serve(const Zones& zones) { serve(zones, zones); }
    // `anchors` are trust anchors of the resolver: what does not verify by them is bogus.
    void serve(Zones first, Zones second, const std::string& anchors = "")
    {
        first.try_emplace("test", "");
        second.try_emplace("test", "");
        // Where the sample endpoints' targets lie.
        first["edge.example.net"] = second["edge.example.net"] = "* A 127.0.0.4";
        Zones all = first;
        all.insert(second.begin(), second.end());
        start_name_server(0, "127.0.0.2", first);
        start_name_server(1, "127.0.0.3", second);
        start_resolver(all, anchors);
    }
    // The second name server is an Unbound with these records ("shop.customer.test. CNAME a.test."), which
    // has what Knot refuses to load.
    void serve_beside(Zones first, const std::vector<std::string>& records)
    {
        first.try_emplace("test", "");
        first["edge.example.net"] = "* A 127.0.0.4";
        start_name_server(0, "127.0.0.2", first);
        start_unbound_with("127.0.0.3", first, records);
        start_resolver(first, "");
    }
    // Neither answers any more.
    void stop_name_servers()
    {
        children_.at(0).reset();
        children_.at(1).reset();
    }
    // New records for a zone that both name servers have, without a restart. What the resolver knew is
    // forgotten when this returns: it keeps an answer to the end of its second.
    void change(const std::string& zone, const std::string& records)
    {
        ++serial_;
        for (int number = 0; number < 2; ++number) {
            const auto folder = folder_.path() / fmt::format("knot{}", number);
            write_file(folder / (zone + ".zone"), zone_text(zone, records));
            Child reload(
                {"/usr/sbin/knotc", "-s", (folder / "knot.sock").string(), "-b", "zone-reload", zone}, {},
                folder_.path() / "knotc.log");
            wait_until_ended(reload);
        }
        const auto now = std::chrono::system_clock::now();
        const auto next = std::chrono::ceil<std::chrono::seconds>(now);
        run(loop_, base::sleep_for(std::chrono::duration_cast<std::chrono::milliseconds>(next - now) +
                                   std::chrono::milliseconds(1)));
    }
    // Directives for the server block of an nginx on 127.0.0.4. `tls`: certificate and key files.
    void serve_http(const std::string& directives)
    {
        context_.probes.http_port = free_port();
        http_directives_ +=
            fmt::format("server {{ listen 127.0.0.4:{}; {} }}\n", context_.probes.http_port, directives);
        start_nginx();
    }
    void serve_https(const std::string& certificate_pem, const std::string& key_pem,
                     const std::string& directives)
    {
        write_file(folder_.path() / "site.pem", certificate_pem);
        write_file(folder_.path() / "site.key", key_pem);
        context_.probes.https_port = free_port();
        http_directives_ += fmt::format(
            "server {{ listen 127.0.0.4:{} ssl; ssl_certificate {}; ssl_certificate_key {}; {} }}\n",
            context_.probes.https_port, (folder_.path() / "site.pem").string(),
            (folder_.path() / "site.key").string(), directives);
        start_nginx();
    }

    dns::Resolver& resolver()
    {
        if (!resolver_) {
            dns::ResolverOptions options;
            options.forward = fmt::format("127.0.0.1@{}", resolver_port_);
            options.limit = lookup_limit_;
            resolver_ = dns::make_resolver(loop_.get_executor(), options).value();
        }
        return *resolver_;
    }
    diagnosis::DnsFindings check(const model::Endpoint& endpoint)
    {
        return run(loop_, diagnosis::check_endpoint(resolver(), endpoint, context_, clock_.now()),
                   std::chrono::seconds(30));
    }
    // The condition of `type` for an endpoint of that name.
    model::Condition condition(const std::string& type, const std::string& name,
                               model::EndpointKind kind = model::EndpointKind::external)
    {
        found_ = check(sample_endpoint({name}, kind));
        return diagnosis::condition_of(found_.conditions, type);
    }
    // What sample_endpoint() wants for `name`, as a record relative to its zone.
    static std::string target(const std::string& name)
    {
        return sample_endpoint({name}).required_records.at(0).value + ".";
    }
    static std::string challenge_target(const std::string& name)
    {
        for (const auto& each : sample_endpoint({name}).required_records) {
            if (each.purpose == model::RecordPurpose::challenge) {
                return each.value + ".";
            }
        }
        return {};
    }
    // What our responder would say to any token.
    std::string our_answer() const
    {
        return fmt::format(
            "location ~ ^/.well-known/acme-challenge/([-_a-zA-Z0-9]+)$ {{ default_type text/plain; return "
            "200 "
            "\"$1.{}\"; }}",
            context_.thumbprint);
    }

    diagnosis::CheckContext context_;
    std::chrono::milliseconds lookup_limit_{8'000};
    diagnosis::DnsFindings found_;
    asio::io_context loop_{1};
    base::SystemClock clock_;
    TempDir folder_;

private:
    std::string zone_text(const std::string& zone, const std::string& records) const
    {
        return fmt::format(
            "$ORIGIN {0}.\n$TTL 5\n@ SOA ns1 hostmaster {2} 60 60 3600 1\n@ NS ns1\n@ NS ns2\nns1 A "
            "127.0.0.2\n"
            "ns2 A 127.0.0.3\n{1}\n",
            zone, records, serial_);
    }
    void wait_until_ended(Child& child)
    {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (child.running() && std::chrono::steady_clock::now() < deadline) {
            run(loop_, base::sleep_for(std::chrono::milliseconds(10)));
        }
    }
    void start_name_server(int number, const std::string& address, const Zones& zones)
    {
        const auto folder = folder_.path() / fmt::format("knot{}", number);
        std::filesystem::create_directory(folder);
        std::string config = fmt::format(
            "server:\n    rundir: \"{0}\"\n    listen: {1}@{2}\nlog:\n  - target: stdout\n    any: "
            "info\ndatabase:\n    storage: \"{0}\"\nzone:\n",
            folder.string(), address, context_.probes.dns_port);
        for (const auto& [zone, records] : zones) {
            config += fmt::format(
                "  - domain: {0}\n    storage: \"{1}\"\n    file: \"{0}.zone\"\n    zonefile-sync: -1\n",
                zone, folder.string());
            if (records != broken) {
                write_file(folder / (zone + ".zone"), zone_text(zone, records));
            }
        }
        write_file(folder / "knot.conf", config);
        const auto log = folder / "log";
        children_.push_back(std::make_unique<Child>(
            std::vector<std::string>{"/usr/sbin/knotd", "-c", (folder / "knot.conf").string()},
            std::map<std::string, std::string>{}, log));
        dns::Query query;
        query.name = dns::Name::parse("test").value();
        query.type = dns::RecordType::soa;
        wait_for_answer({asio::ip::make_address(address), context_.probes.dns_port}, query, log);
    }
    void start_unbound_with(const std::string& address, const Zones& zones,
                            const std::vector<std::string>& records)
    {
        std::string config = fmt::format(
            "server:\n interface: {}\n port: {}\n do-daemonize: no\n use-syslog: no\n logfile: \"\"\n "
            "username: \"\"\n"
            " chroot: \"\"\n directory: \"{}\"\n pidfile: \"\"\n num-threads: 1\n access-control: "
            "127.0.0.0/8 allow\n",
            address, context_.probes.dns_port, folder_.path().string());
        const auto add = [&config](const std::string& record) {
            config += fmt::format(" local-data: '{}'\n", record);
        };
        for (const auto& [zone, in_knot] : zones) {
            config += fmt::format(" local-zone: \"{}.\" static\n", zone);
            add(fmt::format("{0}. SOA ns1.{0}. hostmaster.{0}. 1 60 60 3600 1", zone));
            add(fmt::format("{0}. NS ns1.{0}.", zone));
            add(fmt::format("{0}. NS ns2.{0}.", zone));
            add(fmt::format("ns1.{}. A 127.0.0.2", zone));
            add(fmt::format("ns2.{}. A 127.0.0.3", zone));
        }
        std::ranges::for_each(records, add);
        config += "remote-control:\n control-enable: no\n";
        write_file(folder_.path() / "authority.conf", config);
        run_unbound("authority", {asio::ip::make_address(address), context_.probes.dns_port});
    }
    // By the configuration <name>.conf; answers at `where` when this returns.
    void run_unbound(const std::string& name, const asio::ip::tcp::endpoint& where)
    {
        const auto log = folder_.path() / (name + ".log");
        children_.push_back(
            std::make_unique<Child>(std::vector<std::string>{"/usr/sbin/unbound", "-d", "-c",
                                                             (folder_.path() / (name + ".conf")).string()},
                                    std::map<std::string, std::string>{}, log));
        dns::Query query;
        query.name = dns::Name::parse("test").value();
        query.type = dns::RecordType::soa;
        query.recursion_desired = true;
        wait_for_answer(where, query, log);
    }
    void start_resolver(const Zones& zones, const std::string& anchors)
    {
        resolver_port_ = free_port();
        std::string config = fmt::format(
            "server:\n interface: 127.0.0.1\n port: {}\n do-daemonize: no\n use-syslog: no\n logfile: \"\"\n "
            "username: \"\"\n"
            " chroot: \"\"\n directory: \"{}\"\n pidfile: \"\"\n num-threads: 1\n do-not-query-localhost: "
            "no\n"
            " access-control: 127.0.0.0/8 allow\n module-config: \"{}iterator\"\n use-caps-for-id: yes\n "
            "cache-max-ttl: 0\n"
            " cache-max-negative-ttl: 0\n infra-host-ttl: 1\n infra-keep-probing: yes\n local-zone: \".\" "
            "static\n"
            " local-zone: \"com.\" static\n{}",
            resolver_port_, folder_.path().string(), anchors.empty() ? "" : "validator ", anchors);
        for (const auto& [zone, records] : zones) {
            config += fmt::format(" local-zone: \"{}.\" transparent\n", zone);
        }
        for (const auto& [zone, records] : zones) {
            config += fmt::format(
                "stub-zone:\n name: \"{0}.\"\n stub-addr: 127.0.0.2@{1}\n stub-addr: 127.0.0.3@{1}\n", zone,
                context_.probes.dns_port);
        }
        config += "remote-control:\n control-enable: no\n";
        write_file(folder_.path() / "unbound.conf", config);
        run_unbound("unbound", {asio::ip::address_v4::loopback(), resolver_port_});
    }
    void wait_for_answer(const asio::ip::tcp::endpoint& where, dns::Query query,
                         const std::filesystem::path& log)
    {
        query.limit = std::chrono::milliseconds(500);
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < deadline && children_.back()->running()) {
            const auto reply = run(loop_, dns::ask(where, query));
            if (reply && reply->rcode == dns::Rcode::noerror) {
                return;
            }
            run(loop_, base::sleep_for(std::chrono::milliseconds(20)));
        }
        FAIL() << "no answer; its log: " << read_file(log);
    }
    void start_nginx()
    {
        nginx_.reset();
        const auto dir = folder_.path().string();
        write_file(
            folder_.path() / "nginx.conf",
            fmt::format("daemon off; master_process off; pid {0}/nginx.pid; error_log stderr; events "
                        "{{}}\nhttp {{ access_log "
                        "off; client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f; "
                        "uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;\n{1}}}\n",
                        dir, http_directives_));
        const auto log = folder_.path() / "nginx.log";
        nginx_ = std::make_unique<Child>(
            std::vector<std::string>{"/usr/sbin/nginx", "-e", "stderr", "-c", dir + "/nginx.conf"},
            std::map<std::string, std::string>{}, log);
        for (const auto port : {context_.probes.http_port, context_.probes.https_port}) {
            const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
            while (port != 0) {
                auto open = run(loop_, net::connect("127.0.0.4", port, std::chrono::seconds(1)));
                if (open) {
                    break;
                }
                ASSERT_TRUE(nginx_->running() && std::chrono::steady_clock::now() < deadline)
                    << read_file(log);
                run(loop_, base::sleep_for(std::chrono::milliseconds(20)));
            }
        }
    }

    std::vector<std::unique_ptr<Child>> children_;
    std::unique_ptr<Child> nginx_;
    std::string http_directives_;
    std::uint16_t resolver_port_ = 0;
    int serial_ = 1;
    std::unique_ptr<dns::Resolver> resolver_;
};

}  // namespace test
