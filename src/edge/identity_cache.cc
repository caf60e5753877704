#include "edge/identity_cache.h"

#include "base/log.h"
#include "edge/alpn_01.h"

#include <boost/asio/redirect_error.hpp>

#include <algorithm>

namespace edge {

namespace asio = boost::asio;

namespace {

using Identity = std::shared_ptr<const net::TlsIdentity>;

// Names that one loop may look up at the same time; more is a flood of names that nobody has.
constexpr std::size_t most_looks = 4096;
// A change of the feed may make a load start again; more often than this is not believable.
constexpr int most_attempts = 16;
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

struct IdentityCache::Look {
    explicit Look(const asio::any_io_executor& executor)
        : ended(executor, asio::steady_timer::time_point::max())
    {
    }

    asio::steady_timer ended;
    bool over = false;
    bool outdated = false;  // the feed has changed meanwhile what is being read
};

// Lists a look while it lasts, whichever way it ends, and then wakes those who wait for it.
class IdentityCache::Looking {
public:
    Looking(Looks& looks, std::string key, const asio::any_io_executor& executor)
        : looks_(looks), key_(std::move(key)), look_(std::make_shared<Look>(executor))
    {
        looks_.emplace(key_, look_);
    }
    Looking(const Looking&) = delete;
    Looking& operator=(const Looking&) = delete;
    ~Looking()
    {
        look_->over = true;
        look_->ended.cancel();
        looks_.erase(key_);
    }

    bool outdated() const { return look_->outdated; }

private:
    Looks& looks_;
    std::string key_;
    std::shared_ptr<Look> look_;
};

// What is the same for routes and for certificates.
template <class V>
struct IdentityCache::Kind {
    Lru<V>& hot;
    Looks& looks;
    base::Result<V> (*read)(const CertificateStore&, const std::string&);
    std::size_t (*weight)(const V&);
};

IdentityCache::IdentityCache(const CertificateStore& store, boost::asio::thread_pool& workers,
                             const base::Clock& clock, Options options)
    : store_(store),
      workers_(workers),
      clock_(clock),
      options_(std::move(options)),
      routes_(options_.route_bytes),
      identities_(options_.identity_bytes),
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
    const auto* route = routes_.find(hello.server_name);
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
            const auto* identity = identities_.find(certificate.certificate);
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
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        const auto* route = routes_.find(hello.server_name);
        if (route == nullptr && !hello.server_name.empty()) {
            CO_CHECKED(co_await load_route(hello.server_name));
            continue;
        }
        const auto* found = route == nullptr ? nullptr : route->get();
        auto selection = select(found, hello);
        if (!selection.missing.empty()) {
            CO_CHECKED(co_await load_identity(std::move(selection.missing)));
            continue;
        }
        if (!selection.own && (wished || may_come(found, hello))) {
            CO_TRY(again, co_await await_own(hello, found != nullptr, wished, deadline));
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
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        if (const auto* hot = routes_.find(host)) {
            co_return *hot;
        }
        CO_CHECKED(co_await load_route(host));
    }
    co_return base::fail(base::Errc::unavailable, "the route of " + host + " keeps changing");
}

base::Task<> IdentityCache::wait_for(std::shared_ptr<Look> look)
{
    boost::system::error_code woken;
    co_await look->ended.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (!look->over) {
        throw boost::system::system_error(asio::error::operation_aborted);  // The waiter was cancelled.
    }
    co_return base::Result<>();
}

template <class V>
base::Task<> IdentityCache::look_up(Kind<V> kind, std::string key)
{
    if (const auto other = kind.looks.find(key); other != kind.looks.end()) {
        co_return co_await wait_for(other->second);
    }
    if (kind.looks.size() >= most_looks) {
        co_return base::fail(base::Errc::rate_limited, "too many names are being looked up");
    }
    const Looking looking(kind.looks, key, co_await asio::this_coro::executor);
    auto read = [&store = store_, key, read_one = kind.read] { return read_one(store, key); };
    CO_TRY(value, co_await base::blocking(workers_, std::move(read)));
    if (!looking.outdated()) {
        const auto weight = kind.weight(value);
        kind.hot.put(std::move(key), std::move(value), weight);
    }
    co_return base::Result<>();
}

base::Task<> IdentityCache::load_route(std::string host)
{
    const Kind<std::shared_ptr<const Route>> kind{routes_, route_looks_, read_route, weight_of_route};
    co_return co_await look_up(kind, std::move(host));
}

base::Task<> IdentityCache::load_identity(std::string certificate)
{
    const Kind<Identity> kind{identities_, identity_looks_, read_identity, weight_of_identity};
    co_return co_await look_up(kind, std::move(certificate));
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
    for (auto& [certificate, look] : identity_looks_) {
        look->outdated = look->outdated || touched.everything ||
                         std::ranges::find(touched.certificates, certificate) != touched.certificates.end();
    }
    for (auto& [host, look] : route_looks_) {
        look->outdated =
            look->outdated || touched.everything ||
            std::ranges::any_of(touched.names, [&](const auto& name) { return concerns(name, host); });
    }
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
