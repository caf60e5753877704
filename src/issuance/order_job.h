// OrderJob: carries one claimed order forward, from whatever status it has, until it is done or has to wait
// (DESIGN 5.4).
//
// The row is saved before each outside effect, under the fence of the lease, so that after a crash any node
// goes on from the stored status: key and CSR exist before finalize, an order that the CA knows is continued
// by its URL, and a newOrder whose answer was lost counts as spent and is ordered again.
#pragma once

#include "acme/client.h"
#include "crypto/sealer.h"
#include "diagnosis/watch.h"
#include "issuance/accounts.h"
#include "issuance/budget.h"
#include "issuance/ca_choice.h"
#include "issuance/deployment.h"
#include "model/certificate.h"
#include "model/order.h"
#include "responder/responder.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace issuance {

struct JobOptions {
    model::Platform platform;
    std::chrono::milliseconds first_retry{std::chrono::minutes(1)};
    std::chrono::seconds validation_limit{120};
    std::chrono::seconds finalize_limit{300};
    std::chrono::milliseconds deployment_limit{30'000};
    // Findings that are not older are as good as a new look at DNS.
    std::chrono::milliseconds fresh{60'000};
    std::string preferred_issuer;
    std::string platform_proof;  // where the platform's own TXT values go; empty: at _acme-challenge.<domain>
};

// What jobs work with; everything outlives them.
struct JobContext {
    store::Store& store;
    base::Clock& clock;
    const crypto::Sealer& sealer;
    Accounts& accounts;
    responder::Responder& responder;
    diagnosis::Watch& watch;
    DeploymentGate& deployment;
    boost::asio::thread_pool& pool;  // makes keys
    JobOptions options;
};

// Runs on one executor: no locks. One object a claim.
class OrderJob {
public:
    OrderJob(JobContext& context, model::Order order) : context_(context), order_(std::move(order)) {}

    // Ends when the order is finished, waits for a later time, or is another node's. The lease is given back,
    // except when this is cancelled.
    boost::asio::awaitable<void> run();

    const model::Order& order() const { return order_; }

private:
    enum class Then {
        resume,   // the CA's order stays; the step is tried again
        reorder,  // the attempt is over: start again from the queue
        wait,     // the same, although nothing went wrong at the CA
        give_up,  // nobody wants this order any more
    };
    struct Failure {
        Then then = Then::reorder;
        model::Problem problem;
        std::chrono::milliseconds wait{0};  // at least; none: the ladder's
        bool paused = false;                // until a person acts
        bool breaker = false;               // nothing was sent: the CA is known to fail
        bool busy = false;                  // the CA works, and asks us to come back later
        Settlement settlement = Settlement::ordered;
        std::vector<std::string> disproved;  // identifiers whose validation failed
        std::optional<base::Error> blocked;  // a 429 of the CA
    };

    base::Task<> step();
    base::Error stop_with(Failure failure);

    // order_preflight.cc
    base::Task<> load();
    base::Task<> preflight();
    base::Task<> reserve();
    base::Task<> refresh_findings();
    std::optional<model::ChallengeType> choose_challenge() const;
    // order_at_ca.cc
    base::Task<> order_at_ca();
    base::Task<> recover_lost_order();
    base::Task<std::string> predecessor_ari_id();
    base::Task<> drop_replaces(const std::string& ari_id);
    base::Error reserve_again();
    // order_proof.cc
    base::Task<> prove();
    base::Task<std::vector<acme::Authorization>> pending_authorizations();
    base::Task<> publish(const std::vector<acme::Authorization>& pending);
    base::Task<> answer(const std::vector<acme::Authorization>& pending);
    base::Task<> prepare_request();
    base::Task<Failure> failed_proof();
    std::string txt_owner(const std::string& identifier) const;
    // order_finish.cc
    base::Task<> finalize();
    base::Task<> store_certificate(std::string chain_pem);
    struct Issued {
        model::Certificate certificate;
        std::string ari_id;  // certID; empty when it has none
    };
    base::Result<Issued> make_certificate(const std::string& chain_pem) const;
    base::Result<> install(store::Transaction& tx, const Issued& issued, const model::Order& order) const;
    base::Result<> supersede(store::Transaction& tx, const model::Certificate& certificate) const;
    base::Result<> give_to_groups(store::Transaction& tx, const model::Certificate& certificate) const;
    base::Task<> wait_for_deployment();
    // order_failure.cc
    base::Task<> record(Failure failure);
    Failure classify(const base::Error& error) const;
    base::Result<> store_failure(store::Transaction& tx, Failure failure, model::Order order) const;
    // order_failover.cc
    base::Task<> check_caa();
    Failure account_gone() const;
    Failure rotation_waits() const;
    Failure ca_failing(const base::Error& error) const;
    base::Result<> note_health(store::Transaction& tx, const Failure& failure, base::Time now) const;
    base::Result<std::string> move_on(store::Transaction& tx, Failure& failure, model::Order& order) const;
    CaNeed need() const;

    base::Task<> save(model::OrderStatus status);
    BudgetRequest budget_request() const;
    bool publishes() const;
    const std::string& first_name() const { return order_.identifiers.front(); }

    JobContext& context_;
    model::Order order_;
    // Learned by this run only.
    std::optional<model::Endpoint> endpoint_;  // none: the platform's order
    std::optional<model::CaAccount> account_;
    std::optional<model::Certificate> predecessor_;
    std::optional<model::ChallengeType> proved_by_;  // what proved the predecessor
    std::optional<model::RenewalAdvice> advice_;     // of the CA, on the predecessor
    bool exact_renewal_ = false;                     // the CA has issued for these names before
    bool exempt_ = false;                            // reserved as a renewal that the CA called for
    acme::Client* client_ = nullptr;
    std::optional<acme::OrderResource> resource_;  // as the CA last showed it
    std::optional<Failure> failure_;
    bool resumed_ = true;  // nothing was done in this run yet
};

// The order at the CA, and what was made for it, are given up; its challenge stays, so that the next attempt
// may take another.
void forget_ca_order(model::Order& order);

// Appends "certificate.*" for the order's endpoint (or the platform) in the caller's transaction.
base::Result<> append_event(store::Transaction& tx, const model::Order& order, std::string type,
                            std::string message, base::Time now);

}  // namespace issuance
