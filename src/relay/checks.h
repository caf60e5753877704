// The three challenges and CAA, from one perspective. None: met. What they are given outlives them. Internal
// to relay/.
#pragma once

#include "relay/network_validator.h"

namespace relay {

boost::asio::awaitable<Problem> check_http_01(dns::Resolver& resolver, const ValidatorOptions& options,
                                              const ValidationRequest& request);
boost::asio::awaitable<Problem> check_dns_01(dns::Resolver& resolver, const ValidationRequest& request);
boost::asio::awaitable<Problem> check_tls_alpn_01(dns::Resolver& resolver, const ValidatorOptions& options,
                                                  const ValidationRequest& request);
boost::asio::awaitable<Problem> check_caa_records(dns::Resolver& resolver,
                                                  const std::vector<std::string>& identities,
                                                  const ValidationRequest& request);

using Addresses = std::vector<boost::asio::ip::address>;
// IPv6 first. An address stands for itself. Problem: type dns.
boost::asio::awaitable<Checked<Addresses>> addresses_of(dns::Resolver& resolver, std::string host);
// A failed look-up; none when it said something.
Problem dns_problem(const base::Result<dns::Lookup>& lookup, dns::RecordType type, const std::string& name);
// What a failed connection is to a CA: type connection, or tls.
Problem connection_problem(const base::Error& error, const std::string& what);

}  // namespace relay
