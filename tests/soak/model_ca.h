// A CA without network, as Let's Encrypt behaves: limits, reused authorizations, renewal information, pending
// orders that come back, answers that get lost, outages. It judges what it is asked for.
#pragma once

#include "acme/client.h"
#include "crypto/private_ca.h"
#include "relay/ca_limits.h"
#include "soak/simulated_dns.h"
#include "soak/virtual_clock.h"
#include "soak/world.h"

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace soak {

// Let's Encrypt's, whose limits ledger and pacer know.
inline constexpr const char* directory_url = "https://acme-v02.api.letsencrypt.org/directory";

struct CaOptions {
    std::uint64_t seed = 1;
    std::chrono::hours lifetime{90 * 24};
    std::chrono::seconds renewal_info_every{std::chrono::hours(6)};
    std::uint64_t one_lost_in = 200;           // orders and finalizations whose answer never arrives
    std::uint64_t one_busy_in = 300;           // requests that are answered 503
    std::int64_t orders_in_three_hours = 300;  // of an account
};

struct Issued {
    std::string key;  // set of identifiers and type of key
    base::Time when;
    base::Time not_after;
    std::string ari_id;
    bool replaced = false;
    std::optional<Interval> called_in;  // a window that the CA has moved
};

struct CaCounts {
    std::uint64_t requests = 0;
    std::uint64_t refused = 0;  // by a limit
    std::uint64_t failed_proofs = 0;
    std::uint64_t lost = 0;
    std::uint64_t ari_renewals = 0;
    std::uint64_t duplicates =
        0;  // issued again although more than half the life was left, and nobody called
};

// Runs on one executor: no locks. Its arguments outlive it, and it outlives its clients.
class ModelCa {
public:
    ModelCa(VirtualClock& clock, const SimulatedDns& dns, const World& world, CaOptions options);

    std::unique_ptr<acme::Client> connect(crypto::PrivateKey key);
    // Moves the windows of one certificate in three into the past (a mass revocation drill).
    void call_in();

    const CaCounts& counts() const { return counts_; }
    const relay::CaLimits& limits() const { return limits_; }
    // By set of identifiers and type of key, in order of time.
    const std::unordered_map<std::string, std::vector<std::size_t>>& by_key() const { return by_key_; }
    const std::deque<Issued>& issued() const { return issued_; }
    const std::vector<std::string>& duplicates() const { return duplicates_; }

private:
    friend class ModelClient;

    struct Authorization {
        std::string identifier;
        bool wildcard = false;
        std::string status = "pending";
        base::Time valid_until;
    };
    struct Order {
        std::string account;
        std::vector<std::string> identifiers;
        std::string status = "pending";
        std::vector<std::size_t> authorizations;
        std::string replaces;
        bool ari = false;
        base::Time expires;
        std::size_t certificate = 0;
        std::string chain;
    };

    // A request on its way: at the pace of our client's own pacer, by our clock; then judged by the CA's.
    base::Task<> arrive(relay::RequestKind kind);
    base::Result<> receive(relay::RequestKind kind);
    bool one_in(std::uint64_t count) { return dice_() % count == 0; }
    base::Result<std::size_t> new_order(const std::string& account, const acme::NewOrder& wanted);
    base::Result<bool> check_replaces(const acme::NewOrder& wanted);
    std::optional<std::size_t> pending_order(const std::string& account,
                                             const std::vector<std::string>& identifiers) const;
    std::size_t authorize(const std::string& account, const std::string& identifier);
    void validate(const std::string& account, std::size_t authorization, const std::string& type);
    void settle(Order& order);
    base::Result<> finalize(std::size_t order, base::ByteView csr_der);
    void judge(const std::string& key, base::Time now);
    Interval window_of(const Issued& certificate) const;
    acme::OrderResource resource_of(std::size_t order) const;
    acme::Authorization resource_of_authorization(std::size_t authorization) const;

    VirtualClock& clock_;
    const SimulatedDns& dns_;
    const World& world_;
    const CaOptions options_;
    std::mt19937_64 dice_;
    relay::CaLimits limits_;
    acme::Pacer pacer_;
    crypto::PrivateCa ca_;
    CaCounts counts_;
    std::deque<Order> orders_;
    std::deque<Authorization> authorizations_;
    std::unordered_map<std::string, std::size_t> newest_authorization_;  // by account and identifier
    std::unordered_map<std::string, std::size_t> newest_order_;          // by account and identifiers
    std::deque<Issued> issued_;
    std::unordered_map<std::string, std::vector<std::size_t>> by_key_;
    std::unordered_map<std::string, std::size_t> by_ari_id_;
    std::vector<std::string> duplicates_;
};

}  // namespace soak
