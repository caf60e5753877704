#include "feed/server/members.h"

#include "base/random.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "crypto/request_facts.h"

#include <fmt/format.h>

#include <algorithm>

namespace feed {

namespace {

constexpr std::string_view setting = "followers_ca";
constexpr std::string_view sealing_context = "setting/followers_ca";
constexpr std::string_view join_scope = "join:";
// Long, so that an edge may be away for weeks; it renews after a third.
constexpr std::chrono::days member_life{90};
constexpr std::chrono::days server_life{90};
constexpr std::chrono::hours backdating{1};  // clocks differ
constexpr std::size_t longest_text = 200;

base::Error invitation_invalid()
{
    return base::Error(base::Errc::unauthorized, "the invitation is unknown, expired or used already")
        .with_code("invitation_invalid")
        .with_fix("On the control node make a new one: certwright edge invite");
}

// What the store has wins: another control node may have been first.
base::Result<std::string> sealed_ca(store::Transaction& tx, const std::string& made)
{
    TRY(there, tx.settings.get(std::string(setting)));
    if (there) {
        return *there;
    }
    CHECKED(tx.settings.put(std::string(setting), made));
    return made;
}

base::Result<std::string> join_group(const model::Token& token)
{
    const auto scope = std::ranges::find_if(
        token.scopes, [](const std::string& each) { return each.starts_with(join_scope); });
    if (scope == token.scopes.end()) {
        return base::fail(invitation_invalid());
    }
    return scope->substr(join_scope.size());
}

}  // namespace

base::Error edge_removed(std::string_view edge)
{
    return base::Error(base::Errc::unauthorized, fmt::format("the edge {} was removed", edge.substr(0, 60)))
        .with_code("edge_removed")
        .with_fix(
            "Stop it. To use its machine again, start it with a new token of `certwright edge invite`.");
}

base::Task<std::unique_ptr<Members>> Members::open(store::Store& store, const crypto::Sealer& sealer,
                                                   base::Clock& clock)
{
    auto read = [](store::Transaction& tx) { return tx.settings.get(std::string(setting)); };
    CO_TRY(found, co_await store.read(std::move(read)));
    std::string stored = found.value_or("");
    if (stored.empty()) {
        crypto::PrivateCaOptions options;
        options.name = "certwright edges";
        options.clients = true;
        options.now = clock.now();
        CO_TRY(made, crypto::PrivateCa::create(options));
        const auto secret = made.to_secret();
        auto sealed = base::to_base64(sealer.seal(base::as_bytes(secret), sealing_context));
        auto keep = [sealed](store::Transaction& tx) { return sealed_ca(tx, sealed); };
        CO_TRY(kept, co_await store.write(std::move(keep)));
        stored = kept;
    }
    CO_TRY(sealed, base::from_base64(stored));
    CO_TRY(secret, sealer.open(sealed, sealing_context));
    CO_TRY(ca, crypto::PrivateCa::from_secret(base::as_text(secret)));
    CO_TRY(root, crypto::parse_chain(ca.root_pem(0)));
    auto fingerprint = base::to_hex(crypto::sha256(root.der.front()));
    co_return std::unique_ptr<Members>(new Members(store, clock, std::move(ca), std::move(fingerprint)));
}

Members::Members(store::Store& store, base::Clock& clock, crypto::PrivateCa ca, std::string fingerprint)
    : store_(store), clock_(clock), ca_(std::move(ca)), fingerprint_(std::move(fingerprint))
{
}

base::Result<Members::Certificate> Members::certify(const std::string& edge, base::ByteView request) const
{
    TRY(facts, crypto::read_request(request));
    if (facts.key.curve != "P-256") {
        return base::fail(
            base::Error(base::Errc::invalid, "an edge's key is on the curve P-256").with_code("bad_request"));
    }
    crypto::LeafShape shape;
    shape.identifiers = {edge};
    shape.public_der = facts.public_der;
    shape.not_before = clock_.now() - backdating;
    shape.not_after = clock_.now() + member_life;
    shape.client = true;
    TRY(chain, ca_.issue_chain(shape, 0));
    return Certificate{edge, "", std::move(chain), shape.not_after};
}

base::Task<Members::Certificate> Members::join(std::string secret_hash, base::Bytes request, std::string name,
                                               std::string version)
{
    model::EdgeNode node;
    node.id = base::new_id("edge");
    node.name = name.substr(0, longest_text);
    node.version = version.substr(0, longest_text);
    node.seen_at = clock_.now();
    CO_TRY(made, certify(node.id, request));
    // Spent and used in one transaction: two edges never join with one invitation.
    auto write = [node, secret_hash,
                  until = made.until](store::Transaction& tx) -> base::Result<std::string> {
        auto joining = node;
        auto token = tx.tokens.find(secret_hash, node.seen_at);
        if (!token) {
            return base::fail(token.error().kind() == base::Errc::not_found ? invitation_invalid()
                                                                            : token.error());
        }
        TRY(group, join_group(*token));
        joining.group = group;
        CHECKED(tx.tokens.revoke(token->id, node.seen_at));
        CHECKED(tx.edges.put(joining));
        CHECKED(tx.edges.set_certificate(node.id, until));
        return group;
    };
    CO_TRY(group, co_await store_.write(std::move(write)));
    made.group = std::move(group);
    co_return std::move(made);
}

base::Task<Members::Certificate> Members::renew(std::string edge, base::Bytes request)
{
    CO_TRY(group, co_await group_of(edge));
    CO_TRY(made, certify(edge, request));
    auto write = [edge, until = made.until](store::Transaction& tx) {
        return tx.edges.set_certificate(edge, until);
    };
    CO_CHECKED(co_await store_.write(std::move(write)));
    made.group = std::move(group);
    co_return std::move(made);
}

base::Task<std::string> Members::group_of(std::string edge)
{
    auto read = [edge](store::Transaction& tx) { return tx.edges.get(edge); };
    auto node = co_await store_.read(std::move(read));
    if (!node && node.error().kind() != base::Errc::not_found) {
        co_return base::fail(std::move(node).error());
    }
    if (!node || node->removed_at || !node->certificate_until) {
        co_return base::fail(edge_removed(edge));
    }
    co_return node->group;
}

base::Result<Members::Server> Members::make_server() const
{
    TRY(key, crypto::PrivateKey::generate(model::KeyType::ecdsa_p256));
    TRY(request, crypto::make_csr(key, {"control.certwright.internal"}));
    TRY(facts, crypto::read_request(request));
    crypto::LeafShape shape;
    shape.identifiers = {"control.certwright.internal"};
    shape.public_der = facts.public_der;
    shape.not_before = clock_.now() - backdating;
    shape.not_after = clock_.now() + server_life;
    Server server;
    TRY(chain, ca_.issue_chain(shape, 0));
    server.chain = std::move(chain);
    server.key_pkcs8 = key.to_pkcs8();
    server.renew_at = clock_.now() + server_life / 3;
    return server;
}

}  // namespace feed
