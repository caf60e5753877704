// Authorities: the name servers of a zone, asked one by one. A resolver picks one of them; a CA's vantage
// points pick several, so all must agree.
#pragma once

#include "diagnosis/probe_options.h"
#include "dns/message.h"
#include "dns/resolver.h"

#include <map>
#include <string>
#include <vector>

namespace diagnosis {

struct NameServerAddress {
    std::string name;
    boost::asio::ip::address address;
    bool operator==(const NameServerAddress&) const = default;
};

struct ServerAnswer {
    NameServerAddress server;
    base::Result<dns::Message> reply;
};

// "ns1.example.com (192.0.2.1)"
std::string to_text(const NameServerAddress& server);

// What is wrong with a server's answer: silence, SERVFAIL, REFUSED, or no authority for the zone. Empty when
// it answers properly.
std::string failure_of(const ServerAnswer& answer);

// Looks each zone up once. For one check; runs on one executor: no locks.
class Authorities {
public:
    // Both outlive it.
    Authorities(dns::Resolver& resolver, const ProbeOptions& options) : resolver_(resolver), options_(options)
    {
    }

    // The addresses of the name servers of the zone that `name` lies in, those that may be asked. Empty when
    // asking is off, or none is known.
    boost::asio::awaitable<std::vector<NameServerAddress>> servers_of(std::string name);
    // Every server's own answer: over UDP, over TCP when that is cut short or stays away.
    boost::asio::awaitable<std::vector<ServerAnswer>> ask_each(std::string name, dns::RecordType type);

private:
    boost::asio::awaitable<std::vector<NameServerAddress>> look_up(std::vector<std::string> names);

    dns::Resolver& resolver_;
    const ProbeOptions& options_;
    std::map<std::string, std::vector<NameServerAddress>> zones_;
};

}  // namespace diagnosis
