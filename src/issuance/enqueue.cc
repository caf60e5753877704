#include "issuance/enqueue.h"

#include "base/log.h"
#include "base/random.h"
#include "diagnosis/problems.h"
#include "diagnosis/status.h"
#include "issuance/ca_choice.h"

#include <algorithm>

namespace issuance {

namespace {

using model::Order;
using model::OrderStatus;
using model::QueueClass;

constexpr std::size_t recent_orders = 16;
constexpr std::string_view ca_only_untrusted = "ca_only_untrusted";
constexpr std::chrono::hours postponement{6};

bool wants_certificates(const model::Endpoint& endpoint)
{
    return !endpoint.deleted_at && endpoint.status.state != model::EndpointState::suspended &&
           endpoint.status.state != model::EndpointState::deleting;
}

std::vector<std::string> identifiers_of(const model::Endpoint& endpoint)
{
    std::vector<std::string> identifiers;
    for (const auto& name : endpoint.names) {
        identifiers.push_back(name.text());
    }
    return identifiers;
}

base::Result<std::optional<Order>> unfinished(store::Transaction& tx, const std::string& endpoint,
                                              model::KeyType key_type)
{
    TRY(orders, tx.orders.of_endpoint(endpoint, recent_orders));
    for (auto& order : orders) {
        if (!model::is_final(order.status) && order.key_type == key_type) {
            return std::optional<Order>(std::move(order));
        }
    }
    return std::optional<Order>();
}

// Only an order that waits: one that is under way is left alone.
base::Result<bool> make_due(store::Transaction& tx, Order& order, base::Time now)
{
    const bool waits = order.status == OrderStatus::queued || order.attempt > 0;
    if (!waits || order.next_action_at <= now) {
        return false;
    }
    order.next_action_at = now;
    CHECKED(tx.orders.save(order));
    return true;
}

base::Result<Order> draft(store::Transaction& tx, const CaNeed& need, base::Time now)
{
    TRY(account, choose_account(tx, need, now));
    Order order;
    order.id = base::new_id("ord");
    assign(order, account, need);
    order.next_action_at = now;
    order.created_at = now;
    order.updated_at = now;
    return order;
}

base::Result<Order> insert_for(store::Transaction& tx, const model::Endpoint& endpoint,
                               QueueClass queue_class, const CaNeed& need, base::Time now)
{
    TRY(order, draft(tx, need, now));
    order.tenant = endpoint.tenant;
    order.endpoint = endpoint.id;
    order.identifiers = identifiers_of(endpoint);
    order.key_type = need.key_type;
    order.queue_class = queue_class;
    return order;
}

// What has little time left goes before what a mass event has made due.
QueueClass renewal_class(const model::Certificate& certificate, base::Time now)
{
    const auto lifetime = certificate.not_after - certificate.not_before;
    const auto last_part = std::min<std::chrono::milliseconds>(lifetime / 10, std::chrono::days(1));
    return certificate.not_after - last_part <= now ? QueueClass::urgent : QueueClass::renewal;
}

// No account may be asked; that must not hold up other work.
bool nobody_issues(const base::Error& error)
{
    return error.code() == ca_only_untrusted || error.code() == "no_ca_account";
}

// Nobody may renew it now: asked again later, and people are told.
base::Result<std::optional<Order>> postpone(store::Transaction& tx, const model::Certificate& certificate,
                                            const base::Error& why, base::Time now)
{
    auto kept = certificate;
    kept.renew_at = now + postponement;
    CHECKED(tx.certificates.update(kept));
    model::Event event;
    event.tenant = certificate.tenant;
    event.subject = certificate.endpoint.empty() ? "platform" : certificate.endpoint;
    event.type = "certificate.renewal.failed";
    event.message = why.message() + ". " + why.fix();
    event.data["certificate"] = certificate.id;
    event.data["reason"] = why.code();
    event.created_at = now;
    CHECKED(tx.events.append(event));
    return std::optional<Order>();
}

// Of a key type that the endpoint no longer asks for only while it lacks those that it does.
base::Result<bool> wants_successor(store::Transaction& tx, const base::Result<model::Endpoint>& endpoint,
                                   const model::Certificate& certificate, base::Time now)
{
    if (!endpoint || endpoint->deleted_at || endpoint->status.state == model::EndpointState::deleting) {
        return false;
    }
    if (std::ranges::find(endpoint->key_types, certificate.key_type) != endpoint->key_types.end()) {
        return true;
    }
    TRY(live, tx.certificates.of_endpoint(endpoint->id));
    return missing_key_type(*endpoint, live, now).has_value();
}

}  // namespace

std::optional<model::KeyType> missing_key_type(const model::Endpoint& endpoint,
                                               const std::vector<model::Certificate>& live, base::Time now)
{
    const auto satisfied = [&](model::KeyType type) {
        return std::ranges::any_of(live, [&](const model::Certificate& each) {
            if (each.source == model::CertificateSource::transitional ||
                !diagnosis::serves(each, endpoint, now)) {
                return false;
            }
            // A customer's own certificate serves every client, until it is time for a successor.
            if (each.source == model::CertificateSource::uploaded) {
                return now < model::renewal_time(each.not_before, each.not_after);
            }
            return each.key_type == type;
        });
    };
    const auto lacking = std::ranges::find_if_not(endpoint.key_types, satisfied);
    return lacking == endpoint.key_types.end() ? std::nullopt : std::optional(*lacking);
}

base::Result<std::optional<model::Order>> enqueue_endpoint(store::Transaction& tx,
                                                           const model::Endpoint& endpoint,
                                                           model::QueueClass queue_class, base::Time now)
{
    if (!wants_certificates(endpoint)) {
        return std::optional<Order>();
    }
    TRY(live, tx.certificates.of_endpoint(endpoint.id));
    const auto lacking = missing_key_type(endpoint, live, now);
    TRY(waiting, tx.orders.unfinished_of(endpoint.id));
    if (waiting) {
        if (diagnosis::is_dns_problem(waiting->problem.code)) {
            CHECKED(make_due(tx, *waiting, now));
        }
        return waiting;
    }
    if (!lacking) {
        return std::optional<Order>();
    }
    TRY(revoked, tx.revocations.newest_of_endpoint(endpoint.id));
    if (revoked && !revoked->replace) {
        return std::optional<Order>();
    }
    const auto need = need_of(endpoint, *lacking, std::nullopt, now);
    auto order = insert_for(tx, endpoint, queue_class, need, now);
    if (!order && nobody_issues(order.error())) {
        base::log::warning("no_ca_account", {{"endpoint", endpoint.id}, {"error", order.error().message()}});
        return std::optional<Order>();
    }
    CHECKED(order);
    CHECKED(tx.orders.insert(*order));
    return std::optional<Order>(std::move(*order));
}

base::Result<model::Order> enqueue_forced(store::Transaction& tx, const model::Endpoint& endpoint,
                                          const std::optional<model::Certificate>& replaced, base::Time now)
{
    const auto key_type = replaced ? replaced->key_type : endpoint.key_types.front();
    TRY(waiting, unfinished(tx, endpoint.id, key_type));
    if (waiting) {
        CHECKED(make_due(tx, *waiting, now));
        return std::move(*waiting);
    }
    auto need = need_of(endpoint, key_type, replaced, now);
    if (const auto usable = candidates(tx, need); !usable && usable.error().code() == ca_only_untrusted) {
        need.trusted = false;  // A person wants it: it comes, and takes the place of nothing.
    }
    TRY(order, insert_for(tx, endpoint, QueueClass::interactive, need, now));
    order.replaces = replaced ? replaced->id : std::string();
    order.forced = true;
    CHECKED(tx.orders.insert(order));
    TRY(revoked, tx.revocations.newest_of_endpoint(endpoint.id));
    if (revoked && !revoked->replace) {
        revoked->replace = true;
        CHECKED(tx.revocations.put(*revoked));
    }
    return order;
}

base::Result<std::optional<model::Order>> enqueue_renewal(store::Transaction& tx,
                                                          const model::Certificate& certificate,
                                                          base::Time now)
{
    const bool platform = certificate.source == model::CertificateSource::platform;
    Order order;
    if (platform) {
        auto drafted = draft(tx, need_of(std::nullopt, certificate.key_type, certificate, now), now);
        if (!drafted && nobody_issues(drafted.error())) {
            return postpone(tx, certificate, drafted.error(), now);
        }
        CHECKED(drafted);
        order = std::move(*drafted);
        order.tenant = certificate.tenant;
        order.identifiers = certificate.identifiers;
        order.key_type = certificate.key_type;
    } else {
        auto endpoint = tx.endpoints.get(certificate.endpoint);
        if (!endpoint && endpoint.error().kind() != base::Errc::not_found) {
            return base::fail(std::move(endpoint).error());
        }
        TRY(wanted, wants_successor(tx, endpoint, certificate, now));
        if (!wanted) {
            auto kept = certificate;
            kept.renew_at.reset();
            CHECKED(tx.certificates.update(kept));
            return std::optional<Order>();
        }
        if (!wants_certificates(*endpoint)) {
            return std::optional<Order>();
        }
        const auto need = need_of(*endpoint, certificate.key_type, certificate, now);
        auto drafted = insert_for(tx, *endpoint, QueueClass::renewal, need, now);
        if (!drafted && nobody_issues(drafted.error())) {
            return postpone(tx, certificate, drafted.error(), now);
        }
        CHECKED(drafted);
        order = std::move(*drafted);
    }
    TRY(waiting, unfinished(tx, certificate.endpoint, certificate.key_type));
    if (waiting) {
        return waiting;
    }
    order.queue_class = renewal_class(certificate, now);
    order.replaces = certificate.id;
    CHECKED(tx.orders.insert(order));
    return std::optional<Order>(order);
}

base::Result<std::optional<model::Order>> enqueue_platform(store::Transaction& tx,
                                                           const model::Platform& platform, base::Time now)
{
    const std::string wildcard = "*." + platform.domain.text();
    TRY(live, tx.certificates.of_endpoint(""));
    const bool valid = std::ranges::any_of(live, [&](const model::Certificate& each) {
        return each.source == model::CertificateSource::platform && now < each.not_after &&
               std::ranges::find(each.identifiers, wildcard) != each.identifiers.end();
    });
    TRY(waiting, tx.orders.unfinished_of(""));
    if (valid || waiting) {
        return waiting;
    }
    const auto need = need_of(std::nullopt, model::KeyType::ecdsa_p256, std::nullopt, now);
    auto drafted = draft(tx, need, now);
    if (!drafted && nobody_issues(drafted.error())) {
        base::log::warning("no_ca_account", {{"error", drafted.error().message()}});
        return std::optional<Order>();
    }
    CHECKED(drafted);
    auto& order = *drafted;
    order.tenant = "default";
    order.identifiers = {platform.domain.text(), wildcard};
    order.queue_class = QueueClass::interactive;
    CHECKED(tx.orders.insert(order));
    return std::optional<Order>(order);
}

base::Result<bool> hasten(store::Transaction& tx, const std::string& endpoint, base::Time now)
{
    TRY(orders, tx.orders.of_endpoint(endpoint, recent_orders));
    bool hastened = false;
    for (auto& order : orders) {
        if (!model::is_final(order.status)) {
            TRY(due, make_due(tx, order, now));
            hastened = hastened || due || order.next_action_at <= now;
        }
    }
    return hastened;
}

base::Result<bool> Needs::needs_certificate(store::Transaction& tx, const model::Endpoint& endpoint,
                                            base::Time now)
{
    TRY(order,
        enqueue_endpoint(tx, endpoint, endpoint.bulk ? QueueClass::bulk : QueueClass::interactive, now));
    return order.has_value();
}

void Needs::wake()
{
    if (listener_) {
        listener_();
    }
}

}  // namespace issuance
