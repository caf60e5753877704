#include "edge/identity_cache.h"

#include "base/log.h"

namespace edge {

namespace {

using Identity = std::shared_ptr<const net::TlsIdentity>;

// Handshakes of one loop that may wait for the disk at the same time; more is a flood of names that nobody
// has.
constexpr std::size_t most_loading = 4096;
// A change of the feed may make a load start again; more often than this is not believable.
constexpr int most_attempts = 16;

// Null when the certificate is not there or cannot be used: both are known until the feed changes it.
base::Result<Identity> read_identity(const CertificateStore& store, const std::string& certificate)
{
    TRY(material, store.material(certificate));
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

}  // namespace

// Counts what is being loaded, whichever way it ends.
class IdentityCache::Loading {
public:
    explicit Loading(std::size_t& count) : count_(count) { ++count_; }
    Loading(const Loading&) = delete;
    Loading& operator=(const Loading&) = delete;
    ~Loading() { --count_; }

private:
    std::size_t& count_;
};

IdentityCache::IdentityCache(const CertificateStore& store, boost::asio::thread_pool& workers,
                             const base::Clock& clock, Options options)
    : store_(store),
      workers_(workers),
      clock_(clock),
      options_(std::move(options)),
      routes_(options_.route_bytes),
      identities_(options_.identity_bytes)
{
}

IdentityCache::Choice IdentityCache::choose(const net::ClientHello& hello)
{
    if (hello.server_name.empty()) {
        return select(nullptr, hello).choice;
    }
    const auto* route = routes_.find(hello.server_name);
    if (route == nullptr) {
        return {Verdict::wait, nullptr};
    }
    return select(route->get(), hello).choice;
}

IdentityCache::Selection IdentityCache::select(const Route* route, const net::ClientHello& hello)
{
    static const std::vector<CertificateFacts> none;
    const auto& candidates = route == nullptr ? none : route->certificates;
    // First the certificates that fit; without a default, better one that does not fit than none.
    for (const bool fitting : {true, false}) {
        for (const auto& certificate : candidates) {
            if (fitting && !fits(certificate, hello)) {
                continue;
            }
            const auto* identity = identities_.find(certificate.certificate);
            if (identity == nullptr) {
                return {{Verdict::wait, nullptr}, certificate.certificate};
            }
            if (*identity) {
                return {{Verdict::ready, *identity}, ""};
            }
        }
        const bool default_allowed =
            route != nullptr || hello.server_name.empty() || default_covers(hello.server_name);
        if (default_.identity && default_allowed) {
            return {{Verdict::ready, default_.identity}, ""};
        }
    }
    return {{Verdict::refuse, nullptr}, ""};
}

bool IdentityCache::fits(const CertificateFacts& certificate, const net::ClientHello& hello) const
{
    const bool key = hello.ecdsa || certificate.key_type == model::KeyType::rsa_2048;
    return key && certificate.not_after > clock_.now() && covers(certificate, hello.server_name);
}

base::Task<Identity> IdentityCache::load(net::ClientHello hello)
{
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        const auto* route = routes_.find(hello.server_name);
        if (route == nullptr && !hello.server_name.empty()) {
            CO_CHECKED(co_await load_route(hello.server_name));
            continue;
        }
        auto selection = select(route == nullptr ? nullptr : route->get(), hello);
        if (selection.choice.verdict == Verdict::ready) {
            co_return std::move(selection.choice.identity);
        }
        if (selection.choice.verdict == Verdict::refuse) {
            co_return base::fail(
                base::Error(base::Errc::not_found, "no endpoint has the name " + hello.server_name)
                    .with_code("unrecognized_name"));
        }
        CO_CHECKED(co_await load_identity(std::move(selection.missing)));
    }
    co_return base::fail(base::Errc::unavailable,
                         "the certificate of " + hello.server_name + " keeps changing");
}

base::Task<std::shared_ptr<const Route>> IdentityCache::route(std::string host)
{
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        if (const auto* hot = routes_.find(host)) {
            co_return *hot;
        }
        CO_CHECKED(co_await load_route(host));
    }
    co_return base::fail(base::Errc::unavailable, "the route of " + host + " keeps changing");
}

base::Task<> IdentityCache::load_route(std::string host)
{
    if (loading_ >= most_loading) {
        co_return base::fail(base::Errc::rate_limited, "too many names are being looked up");
    }
    const Loading loading(loading_);
    const auto changes = changes_;
    auto read = [&store = store_, host] { return read_route(store, host); };
    CO_TRY(route, co_await base::blocking(workers_, std::move(read)));
    if (changes == changes_) {
        const auto weight =
            sizeof(Route) + (route ? route->certificates.size() * sizeof(CertificateFacts) : 0);
        routes_.put(std::move(host), std::move(route), weight);
    }
    co_return base::Result<>();
}

base::Task<> IdentityCache::load_identity(std::string certificate)
{
    if (loading_ >= most_loading) {
        co_return base::fail(base::Errc::rate_limited, "too many certificates are being loaded");
    }
    const Loading loading(loading_);
    const auto changes = changes_;
    auto read = [&store = store_, certificate] { return read_identity(store, certificate); };
    CO_TRY(identity, co_await base::blocking(workers_, std::move(read)));
    if (changes == changes_) {
        const auto weight = identity ? identity->memory() : 0;
        identities_.put(std::move(certificate), std::move(identity), weight);
    }
    co_return base::Result<>();
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
    ++changes_;
    if (touched.everything) {
        routes_.clear();
        identities_.clear();
        return;
    }
    for (const auto& certificate : touched.certificates) {
        identities_.erase(certificate);
    }
    for (const auto& name : touched.names) {
        if (name.starts_with("*.")) {
            routes_.clear();  // Any host below it may have been answered from memory.
            return;
        }
        routes_.erase(name);
    }
}

}  // namespace edge
