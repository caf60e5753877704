// From a proved order to a certificate that the edges serve.
#include "base/log.h"
#include "base/random.h"
#include "crypto/certificate.h"
#include "crypto/request_facts.h"
#include "diagnosis/problems.h"
#include "diagnosis/status.h"
#include "issuance/ca_problem.h"
#include "issuance/enqueue.h"
#include "issuance/order_job.h"
#include "issuance/renewal_advice.h"
#include "issuance/store_ledger.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace issuance {

namespace {

using model::CertificateSource;
using model::CertificateState;
using model::OrderStatus;

std::string key_context(const model::Order& order)
{
    return "order/" + order.id;
}

// For people: where a certificate is live.
std::string live_on(const Deployment& deployment)
{
    auto text = std::string("The certificate is live on every edge.");
    if (deployment.edges > 0) {
        text = fmt::format("The certificate is live on every edge ({}).", deployment.edges);
    }
    if (!deployment.lost.empty()) {
        text += fmt::format(" Not waited for, since they are not heard of: {}.",
                            fmt::join(deployment.lost, ", "));
    }
    return text;
}

// An endpoint that was removed while its order was under way gets nothing any more.
constexpr std::string_view endpoint_gone = "endpoint_gone";

base::Result<> check_wanted(store::Transaction& tx, const std::string& endpoint, const std::string& tenant)
{
    auto found = tx.endpoints.get(endpoint);
    if (!found && found.error().kind() != base::Errc::not_found) {
        return base::fail(std::move(found).error());
    }
    if (!found || found->deleted_at || found->status.state == model::EndpointState::deleting) {
        return base::fail(base::Error(base::Errc::conflict, "the endpoint was removed")
                              .with_code(std::string(endpoint_gone)));
    }
    // The key is sealed to the tenant: another try seals it to the new one.
    return found->tenant == tenant
               ? base::Result<>()
               : base::fail(base::Errc::unavailable, "the endpoint was given to another tenant just now");
}

// A staging certificate takes the place of nothing that visitors trust.
bool may_supersede(const model::Certificate& certificate, const model::Certificate& older)
{
    return certificate.trusted || !older.trusted || older.not_after <= certificate.created_at;
}

// Nobody renews a staging certificate beside a trusted one, or asks its CA when to.
base::Result<> settle_renewal(store::Transaction& tx, const model::Certificate& certificate)
{
    if (certificate.trusted) {
        return {};
    }
    TRY(live, tx.certificates.of_endpoint(certificate.endpoint));
    const bool beside = std::ranges::any_of(live, [&](const model::Certificate& each) {
        return each.trusted && each.source == certificate.source && each.key_type == certificate.key_type &&
               each.not_after > certificate.created_at;
    });
    if (!beside) {
        return {};
    }
    auto kept = certificate;
    kept.renew_at.reset();
    CHECKED(end_advice(tx, kept.id));
    return tx.certificates.update(kept);
}

}  // namespace

base::Task<> OrderJob::finalize()
{
    if (client_ == nullptr) {
        CO_TRY(client, co_await context_.accounts.client(order_.account));
        client_ = client;
    }
    if (publishes() || resumed_) {
        CO_CHECKED(co_await context_.responder.clean_up(order_.id));
    }
    if (!resource_) {
        CO_TRY(fetched, co_await client_->fetch_order(order_.order_url));
        resource_ = std::move(fetched);
    }
    if (resource_->status == "ready") {
        auto accepted = co_await client_->finalize(order_.finalize_url, order_.csr_der);
        if (accepted) {
            resource_ = std::move(*accepted);
        } else if (accepted.error().code() == "acme:orderNotReady") {
            CO_TRY(fetched, co_await client_->fetch_order(order_.order_url));
            resource_ = std::move(fetched);
        } else {
            co_return base::fail(std::move(accepted).error());
        }
    }
    if (resource_->status == "processing") {
        CO_TRY(done, co_await client_->wait_for_order(order_.order_url, context_.options.finalize_limit));
        resource_ = std::move(done);
    }
    if (resource_->status != "valid" || resource_->certificate.empty()) {
        Failure failure;
        failure.problem = problem_of(resource_->problem, first_name(), order_.challenge);
        co_return base::fail(stop_with(std::move(failure)));
    }
    const auto preferred =
        account_->preferred_issuer.empty() ? context_.options.preferred_issuer : account_->preferred_issuer;
    CO_TRY(issued, co_await client_->download(resource_->certificate, preferred));
    order_.certificate_url = resource_->certificate;
    co_return co_await store_certificate(issued.pem);
}

// The chain is parsed once, and our key is compared as the request has it: parsing is most of what OpenSSL
// costs here.
base::Result<OrderJob::Issued> OrderJob::make_certificate(const std::string& chain_pem) const
{
    const auto parsed = crypto::parse_chain(chain_pem);
    if (!parsed) {
        return base::fail(base::Error(base::Errc::unavailable, parsed.error().message())
                              .with_context("the CA's chain cannot be read")
                              .with_code("acme:badChain"));
    }
    const auto& chain = *parsed;
    TRY(secret, context_.sealer.open(order_.sealed_key, key_context(order_)));
    TRY(requested, crypto::public_key_in(order_.csr_der));
    if (requested != chain.leaf.public_der) {
        return base::fail(
            base::Error(base::Errc::invalid, "the CA's certificate is for another key than ours")
                .with_code("key_mismatch"));
    }
    model::Certificate made;
    for (const auto& wanted : order_.identifiers) {
        if (std::ranges::find(chain.leaf.identifiers, wanted) == chain.leaf.identifiers.end()) {
            return base::fail(base::Errc::invalid, "the CA's certificate is not for " + wanted);
        }
    }
    made.id = base::new_id("crt");
    made.tenant = endpoint_ ? endpoint_->tenant : order_.tenant;
    made.endpoint = order_.endpoint;
    made.edge_group = endpoint_ ? endpoint_->edge_group : "default";
    made.source = endpoint_ ? CertificateSource::managed : CertificateSource::platform;
    made.identifiers = chain.leaf.identifiers;
    made.key_type = order_.key_type;
    made.issuer = chain.leaf.issuer;
    made.serial = chain.leaf.serial;
    made.sha256 = chain.leaf.sha256;
    made.not_before = chain.leaf.not_before;
    made.not_after = chain.leaf.not_after;
    made.chain_pem = chain_pem;
    made.sealed_key = context_.sealer.seal(secret, model::certificate_context(made));
    made.account = order_.account;
    made.trusted = account_->trusted;
    made.order = order_.id;
    made.renew_at = model::renewal_time(made.not_before, made.not_after);
    made.created_at = context_.clock.now();
    return Issued{std::move(made), chain.leaf.ari_id};
}

// The older ones of its kind, and transitional ones, make room: never for one that is not valid yet by our
// clock.
base::Result<> OrderJob::supersede(store::Transaction& tx, const model::Certificate& certificate) const
{
    const bool valid = certificate.not_before <= certificate.created_at;
    TRY(live, tx.certificates.of_endpoint(certificate.endpoint));
    for (auto& each : live) {
        const bool same_kind = each.source == certificate.source && each.key_type == certificate.key_type;
        if (each.id == certificate.id || !(same_kind || each.source == CertificateSource::transitional) ||
            !may_supersede(certificate, each)) {
            continue;
        }
        each.renew_at.reset();
        CHECKED(end_advice(tx, each.id));
        if (valid) {
            each.state = CertificateState::superseded;
            each.replaced_by = certificate.id;
        }
        CHECKED(tx.certificates.update(each));
        tx.revisions.append(model::RevisionKind::certificate, each.id, each.edge_group);
    }
    return {};
}

// What serves names without a certificate of their own, in every group, of edges and of proxies.
base::Result<> OrderJob::give_to_groups(store::Transaction& tx, const model::Certificate& certificate) const
{
    TRY(groups, tx.groups.list());
    for (const auto& each : groups) {
        TRY(group, tx.groups.get(each.name));
        const auto served = tx.certificates.get(group.default_certificate);
        if (served && served->state == CertificateState::live && !may_supersede(certificate, *served)) {
            continue;
        }
        group.default_certificate = certificate.id;
        CHECKED(tx.groups.put(group));
        tx.revisions.append(model::RevisionKind::group, group.name);
    }
    return {};
}

base::Result<> OrderJob::install(store::Transaction& tx, const Issued& issued,
                                 const model::Order& order) const
{
    const auto& certificate = issued.certificate;
    const auto now = certificate.created_at;
    if (certificate.source == CertificateSource::managed) {
        CHECKED(check_wanted(tx, certificate.endpoint, certificate.tenant));
    }
    CHECKED(tx.orders.save(order));
    CHECKED(tx.certificates.insert(certificate));
    CHECKED(begin_advice(tx, certificate, issued.ari_id));
    CHECKED(supersede(tx, certificate));
    CHECKED(settle_renewal(tx, certificate));
    StoreLedger ledger(tx);
    CHECKED(Budget::settle(ledger, order_.reservation, Settlement::issued, now));
    tx.revisions.append(model::RevisionKind::certificate, certificate.id, certificate.edge_group);
    const bool renewal = !order.replaces.empty();
    CHECKED(append_event(tx, order, renewal ? "certificate.renewed" : "certificate.issued",
                         fmt::format("{} has a {} certificate, valid until {}.", order.identifiers.front(),
                                     renewal ? "new" : "first", base::to_rfc3339(certificate.not_after)),
                         now));
    if (certificate.source == CertificateSource::platform) {
        return give_to_groups(tx, certificate);
    }
    tx.revisions.append(model::RevisionKind::route, certificate.endpoint, certificate.edge_group);
    return diagnosis::refresh_status(tx, certificate.endpoint, now);
}

base::Task<> OrderJob::store_certificate(std::string chain_pem)
{
    CO_TRY(issued, make_certificate(chain_pem));
    auto next = order_;
    next.status = OrderStatus::issued;
    next.certificate = issued.certificate.id;
    next.reservation.clear();
    next.csr_der.clear();
    next.sealed_key.clear();
    next.problem = {};
    next.attempt = 0;
    next.updated_at = issued.certificate.created_at;
    auto write = [this, issued, next](store::Transaction& tx) { return install(tx, issued, next); };
    auto installed = co_await context_.store.write(std::move(write));
    if (!installed && installed.error().code() == endpoint_gone) {
        Failure failure;
        failure.then = Then::give_up;
        failure.problem = diagnosis::problem("superseded", {});
        failure.settlement = Settlement::issued;
        co_return base::fail(stop_with(std::move(failure)));
    }
    CO_CHECKED(std::move(installed));
    order_ = std::move(next);
    base::log::info("certificate_issued",
                    {{"name", first_name()}, {"order", order_.id}, {"certificate", order_.certificate}});
    co_return base::Result<>();
}

base::Task<> OrderJob::wait_for_deployment()
{
    auto head = [](store::Transaction& tx) { return tx.revisions.head(); };
    CO_TRY(position, co_await context_.store.read(head));
    const std::string group = endpoint_ ? endpoint_->edge_group : "";  // the platform's is for every group
    auto reached =
        co_await context_.deployment.wait_until(group, position, context_.options.deployment_limit);
    const auto now = context_.clock.now();
    auto next = order_;
    next.status = OrderStatus::deployed;
    next.updated_at = now;
    if (!reached) {
        diagnosis::ProblemFacts facts;
        facts.detail = reached.error().message();
        next.problem = diagnosis::problem("deploy_partial", facts);
    }
    const auto told = reached ? live_on(*reached) : next.problem.message;
    auto write = [next, now, told](store::Transaction& tx) -> base::Result<> {
        CHECKED(tx.orders.save(next));
        CHECKED(append_event(tx, next, "certificate.deployed", told, now));
        auto endpoint = tx.endpoints.get(next.endpoint);
        if (next.endpoint.empty() || !endpoint) {
            return {};
        }
        CHECKED(diagnosis::refresh_status(tx, next.endpoint, now));
        // The next key type, if there is one to get.
        CHECKED(enqueue_endpoint(tx, *endpoint, model::QueueClass::interactive, now));
        return {};
    };
    CO_CHECKED(co_await context_.store.write(std::move(write)));
    order_ = std::move(next);
    co_return base::Result<>();
}

}  // namespace issuance
