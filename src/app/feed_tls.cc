#include "app/feed_tls.h"

#include "base/log.h"
#include "crypto/certificate.h"

namespace app {

base::Result<std::unique_ptr<FeedTls>> FeedTls::create(const feed::Members& members, const base::Clock& clock)
{
    std::unique_ptr<FeedTls> made(new FeedTls(members, clock));
    net::TlsPolicy policy;
    policy.tls12 = false;
    policy.client_root = members.root_pem();
    TRY(server, net::TlsServer::create(std::move(policy)));
    made->server_ = std::move(server);
    CHECKED(made->renew());
    return made;
}

base::Result<> FeedTls::renew()
{
    TRY(made, members_.make_server());
    TRY(chain, crypto::parse_chain(made.chain));
    const std::vector<base::Bytes> issuers(chain.der.begin() + 1, chain.der.end());
    TRY(identity, net::make_identity("control", chain.der.front(), issuers, made.key_pkcs8));
    identity_ = std::move(identity);
    renew_at_ = made.renew_at;
    return {};
}

// Edges do not look at the name: they trust one root, which certifies nothing but this.
net::IdentitySource::Choice FeedTls::choose(const net::ClientHello&)
{
    if (clock_.now() >= renew_at_) {
        if (const auto renewed = renew(); !renewed) {
            base::log::error("feed_certificate_not_renewed", {{"error", renewed.error().message()}});
        }
    }
    return {Verdict::ready, identity_};
}

base::Task<std::shared_ptr<const net::TlsIdentity>> FeedTls::load(net::ClientHello)
{
    co_return identity_;
}

}  // namespace app
