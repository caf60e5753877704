#include "edge/identity_cache.h"

#include "base/log.h"
#include "edge/alpn_01.h"

#include <algorithm>

namespace edge {

namespace asio = boost::asio;

namespace {

using Identity = std::shared_ptr<const net::TlsIdentity>;

// A handshake selects again when a certificate cannot be used or has gone since; more often than this is not
// believable.
constexpr int most_selections = 16;
constexpr std::size_t per_identifier = 64;  // octets of memory

// Null when the certificate is not there or cannot be used: both are known until the feed changes it.
base::Result<Identity> read_identity(const CertificateStore& store, const std::string& certificate)
{
    auto found = store.material(certificate);
    if (!found && found.error().kind() == base::Errc::invalid) {
        base::log::error("edge_certificate_unusable",
                         {{"certificate", certificate}, {"error", found.error().message()}});
        return Identity();
    }
    TRY(material, std::move(found));
    if (!material) {
        return Identity();
    }
    auto made = net::make_identity(certificate, material->leaf_der, material->issuers, material->key_pkcs8);
    if (!made) {
        base::log::error("edge_certificate_unusable",
                         {{"certificate", certificate}, {"error", made.error().message()}});
        return Identity();
    }
    return std::move(*made);
}

base::Result<std::shared_ptr<const Route>> read_route(const CertificateStore& store, const std::string& host)
{
    TRY(found, store.find(host));
    return found ? make_route(std::move(*found)) : std::shared_ptr<const Route>();
}

std::size_t weight_of_route(const std::shared_ptr<const Route>& route)
{
    std::size_t weight = sizeof(Route);
    for (std::size_t i = 0; route && i < route->certificates.size(); ++i) {
        weight += sizeof(CertificateFacts) + route->certificates[i].identifiers.size() * per_identifier;
    }
    return weight;
}

std::size_t weight_of_identity(const Identity& identity)
{
    return identity ? identity->memory() : 0;
}

}  // namespace

IdentityCache::IdentityCache(const CertificateStore& store, boost::asio::thread_pool& workers,
                             const base::Clock& clock, Options options)
    : store_(store),
      workers_(workers),
      clock_(clock),
      options_(std::move(options)),
      routes_(store, workers, {read_route, weight_of_route}, options_.route_bytes),
      identities_(store, workers, {read_identity, weight_of_identity}, options_.identity_bytes),
      on_demand_(options_.ask, options_.on_demand)
{
}

IdentityCache::Choice IdentityCache::choose(const net::ClientHello& hello)
{
    if (hello.acme) {
        return {hello.server_name.empty() ? Verdict::refuse : Verdict::wait, nullptr};
    }
    if (hello.server_name.empty()) {
        return select(nullptr, hello).choice;
    }
    const auto* route = routes_.hot(hello.server_name);
    if (route == nullptr) {
        return {Verdict::wait, nullptr};
    }
    auto selection = select(route->get(), hello);
    if (!selection.own && !selection.missing.empty()) {
        return selection.choice;
    }
    return !selection.own && may_come(route->get(), hello) ? Choice{Verdict::wait, nullptr}
                                                           : std::move(selection.choice);
}

// Nothing of its own is there; that could change while the handshake waits.
bool IdentityCache::may_come(const Route* route, const net::ClientHello& hello)
{
    if (hello.server_name.empty() || default_covers(hello.server_name)) {
        return false;
    }
    return route == nullptr ? on_demand_.may_wish(group_.pool, hello.server_name) == OnDemand::May::yes
                            : on_demand_.may_wait(group_.pool, *route, hello.server_name);
}

IdentityCache::Selection IdentityCache::select(const Route* route, const net::ClientHello& hello)
{
    static const std::vector<CertificateFacts> none;
    const auto& candidates = route == nullptr ? none : route->certificates;
    // A valid one whose key the client seems not to know goes before the default, which the client would not
    // accept for this name anyway; one that does not suit at all goes before nothing.
    for (const auto wanted : {Fit::well, Fit::other_key, Fit::badly}) {
        if (auto found = wanted == Fit::badly ? use_default(route, hello) : Choice(); found.identity) {
            return {std::move(found), "", false};
        }
        for (const auto& certificate : candidates) {
            if (fit(certificate, hello) != wanted) {
                continue;
            }
            const auto* identity = identities_.hot(certificate.certificate);
            if (identity == nullptr) {
                return {{Verdict::wait, nullptr}, certificate.certificate, false};
            }
            if (*identity) {
                return {{Verdict::ready, *identity}, "", true};
            }
        }
    }
    return {{Verdict::refuse, nullptr}, "", false};
}

IdentityCache::Choice IdentityCache::use_default(const Route* route, const net::ClientHello& hello) const
{
    const bool allowed = route != nullptr || hello.server_name.empty() || default_covers(hello.server_name);
    return allowed && default_.identity ? Choice{Verdict::ready, default_.identity} : Choice();
}

IdentityCache::Fit IdentityCache::fit(const CertificateFacts& certificate,
                                      const net::ClientHello& hello) const
{
    if (certificate.not_after <= clock_.now() || !covers(certificate, hello.server_name)) {
        return Fit::badly;
    }
    const bool known = certificate.key_type == model::KeyType::rsa_2048 ? hello.rsa : hello.ecdsa;
    return known ? Fit::well : Fit::other_key;
}

base::Task<Identity> IdentityCache::load_challenge(std::string name)
{
    auto work = [&store = store_, name = std::move(name)] { return make_challenge_identity(store, name); };
    co_return co_await base::blocking(workers_, std::move(work));
}

base::Task<Identity> IdentityCache::load(net::ClientHello hello)
{
    if (hello.acme) {
        co_return co_await load_challenge(hello.server_name);
    }
    const auto deadline = on_demand_.deadline();
    bool wished = false;
    for (int i = 0; i < most_selections; ++i) {
        std::shared_ptr<const Route> of_name;
        if (!hello.server_name.empty()) {
            CO_TRY(found, co_await routes_.get(hello.server_name));
            of_name = std::move(found);
        }
        auto selection = select(of_name.get(), hello);
        if (!selection.missing.empty()) {
            CO_TRY(identity, co_await identities_.get(std::move(selection.missing)));
            if (identity) {
                co_return identity;
            }
            continue;
        }
        if (!selection.own && (wished || may_come(of_name.get(), hello))) {
            if (routes_.hot(hello.server_name) == nullptr) {
                continue;  // It has changed since: the change would be waited for in vain.
            }
            CO_TRY(again, co_await await_own(hello, of_name != nullptr, wished, deadline));
            if (again) {
                continue;
            }
        }
        co_return std::move(selection.choice.identity);
    }
    co_return base::fail(base::Errc::unavailable,
                         "the certificate of " + hello.server_name + " keeps changing");
}

// True when it is worth looking again.
base::Task<bool> IdentityCache::await_own(const net::ClientHello& hello, bool known, bool& wished,
                                          std::chrono::steady_clock::time_point deadline)
{
    if (!known && !wished) {
        wished = true;
        CO_TRY(answer, co_await on_demand_.wish(hello.server_name, hello.client.address()));
        co_return answer == OnDemand::Answer::granted;
    }
    wished = true;
    co_return co_await on_demand_.change_of(hello.server_name, deadline);
}

base::Task<std::shared_ptr<const Route>> IdentityCache::route(std::string host)
{
    co_return co_await routes_.get(std::move(host));
}

base::Task<> IdentityCache::refresh_group()
{
    auto read_group = [&store = store_, name = options_.group] { return store.group(name); };
    CO_TRY(group, co_await base::blocking(workers_, std::move(read_group)));
    group_ = group ? std::move(*group) : model::EdgeGroup();
    if (group_.default_certificate.empty()) {
        co_return base::Result<>();
    }
    auto read_facts = [&store = store_, id = group_.default_certificate] { return store.facts(id); };
    CO_TRY(facts, co_await base::blocking(workers_, std::move(read_facts)));
    auto read = [&store = store_, id = group_.default_certificate] { return read_identity(store, id); };
    CO_TRY(identity, co_await base::blocking(workers_, std::move(read)));
    if (facts && identity) {
        default_ = {std::move(*facts), std::move(identity)};
    }
    co_return base::Result<>();
}

void IdentityCache::forget(const Touched& touched)
{
    on_demand_.changed(touched);
    if (touched.everything) {
        routes_.forget_all();
        identities_.forget_all();
        return;
    }
    for (const auto& certificate : touched.certificates) {
        identities_.forget(certificate);
    }
    const auto is_wildcard = [](const std::string& name) { return name.starts_with("*."); };
    if (std::ranges::any_of(touched.names, is_wildcard)) {
        routes_.forget_all();  // Any host below it may have been answered from memory.
        return;
    }
    for (const auto& name : touched.names) {
        routes_.forget(name);
    }
}

}  // namespace edge
