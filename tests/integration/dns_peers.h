// Knot and NSD with one zone each on loopback, for tests that compare them with us.
#pragma once

#include "support/child.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

namespace test {

struct DnsPeer {
    std::string name;
    std::uint16_t port = 0;
    std::unique_ptr<Child> child;
};

// `folder` holds zone.txt and takes all else that the program writes.
inline DnsPeer start_knot(const std::filesystem::path& folder, std::string_view zone)
{
    DnsPeer peer{"knot", free_port(), nullptr};
    write_file(folder / "knot.conf", fmt::format(R"(server:
    rundir: "{0}"
    listen: 127.0.0.1@{1}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    udp-max-payload: 1232
    nsid: ""
    identity: ""
    version: ""
database:
    storage: "{0}"
log:
  - target: stderr
    any: warning
zone:
  - domain: {2}
    file: {0}/zone.txt
    zonefile-sync: -1
    journal-content: none
)",
                                                 folder.string(), peer.port, zone));
    peer.child = std::make_unique<Child>(
        std::vector<std::string>{"/usr/sbin/knotd", "-c", (folder / "knot.conf").string()},
        std::map<std::string, std::string>{}, folder / "knot.log");
    return peer;
}

inline DnsPeer start_nsd(const std::filesystem::path& folder, std::string_view zone)
{
    DnsPeer peer{"nsd", free_port(), nullptr};
    write_file(folder / "nsd.conf", fmt::format(R"(server:
    server-count: 1
    ip-address: 127.0.0.1@{1}
    username: ""
    zonesdir: "{0}"
    database: ""
    pidfile: "{0}/nsd.pid"
    xfrdfile: "{0}/xfrd.state"
    zonelistfile: "{0}/zone.list"
    xfrdir: "{0}"
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
    refuse-any: yes
    minimal-responses: yes
    ipv4-edns-size: 1232
remote-control:
    control-enable: no
zone:
    name: "{2}"
    zonefile: "{0}/zone.txt"
)",
                                                folder.string(), peer.port, zone));
    peer.child = std::make_unique<Child>(
        std::vector<std::string>{"/usr/sbin/nsd", "-d", "-c", (folder / "nsd.conf").string()},
        std::map<std::string, std::string>{}, folder / "nsd.log");
    return peer;
}

}  // namespace test
