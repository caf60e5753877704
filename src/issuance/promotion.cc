#include "issuance/promotion.h"

#include "issuance/accounts.h"
#include "issuance/ca_choice.h"
#include "issuance/enqueue.h"

#include <fmt/format.h>

namespace issuance {

namespace {

// One transaction's worth.
constexpr std::size_t certificates_at_once = 200;

// The profile that the order's endpoint asks for; else the account's.
base::Result<CaNeed> need_for(store::Transaction& tx, const model::Order& order, base::Time now)
{
    std::optional<model::Endpoint> endpoint;
    if (!order.endpoint.empty()) {
        TRY(found, tx.endpoints.get(order.endpoint));
        endpoint = std::move(found);
    }
    return need_of(endpoint, order.key_type, std::nullopt, now);
}

}  // namespace

base::Result<> check_promotable(const model::CaAccount& account)
{
    CHECKED(check_usable(account));
    if (!account.trusted) {
        return base::fail(
            base::Error(base::Errc::conflict,
                        fmt::format("nobody trusts the certificates of '{}': its CA is a staging "
                                    "or test CA",
                                    account.name))
                .with_code("ca_account_untrusted")
                .with_fix("Name an account of a trusted CA; make one with: certwright ca add "
                          "production --directory letsencrypt"));
    }
    return {};
}

base::Result<std::int64_t> promote_batch(store::Transaction& tx, const model::CaAccount& account,
                                         base::Time now)
{
    TRY(found, tx.certificates.only_untrusted(account.id, now, certificates_at_once));
    std::int64_t queued = 0;
    for (const auto& each : found) {
        TRY(order, enqueue_renewal(tx, each, now));
        // What a staging CA has begun is left to end; the next promotion finds its certificate.
        if (!order || order->status > model::OrderStatus::preflight) {
            continue;
        }
        if (order->account != account.id) {
            TRY(need, need_for(tx, *order, now));
            assign(*order, account, need);
            order->tried.clear();
        }
        if (order->created_at == now) {
            order->queue_class = model::QueueClass::bulk;
        }
        CHECKED(tx.orders.save(*order));
        ++queued;
    }
    return queued;
}

}  // namespace issuance
