// Proving the names: publish, tell the CA, wait; then the key and the request for finalize.
#include "crypto/certificate.h"
#include "diagnosis/problems.h"
#include "issuance/ca_problem.h"
#include "issuance/order_job.h"

#include <algorithm>

namespace issuance {

namespace {

using model::OrderStatus;

struct Request {
    base::Bytes csr_der;
    base::Bytes key_pkcs8;
};

base::Result<Request> make_request(model::KeyType type, const std::vector<std::string>& identifiers)
{
    TRY(key, crypto::PrivateKey::generate(type));
    TRY(csr, crypto::make_csr(key, identifiers));
    Request made;
    made.csr_der = std::move(csr);
    made.key_pkcs8 = key.to_pkcs8();
    return made;
}

bool is_pending(const acme::Authorization& authorization)
{
    return authorization.status == "pending";
}

}  // namespace

std::string OrderJob::txt_owner(const std::string& identifier) const
{
    const std::string challenge_name = "_acme-challenge." + identifier;
    if (!endpoint_) {
        const auto& elsewhere = context_.options.platform_proof;
        return elsewhere.empty() ? challenge_name : elsewhere;
    }
    const auto record =
        std::ranges::find_if(endpoint_->required_records, [&](const model::RequiredRecord& each) {
            return each.purpose == model::RecordPurpose::challenge && each.name == challenge_name;
        });
    return record == endpoint_->required_records.end() ? std::string() : record->value;
}

base::Task<> OrderJob::prove()
{
    if (client_ == nullptr) {
        CO_TRY(client, co_await context_.accounts.client(order_.account));
        client_ = client;
    }
    if (!resource_) {
        CO_TRY(fetched, co_await client_->fetch_order(order_.order_url));
        resource_ = std::move(fetched);
    }
    if (resource_->status == "pending") {
        CO_TRY(pending, co_await pending_authorizations());
        CO_CHECKED(co_await publish(pending));
        if (order_.status != OrderStatus::proving) {
            CO_CHECKED(co_await save(OrderStatus::proving));
        }
        CO_CHECKED(co_await answer(pending));
        CO_TRY(judged, co_await client_->wait_for_order(order_.order_url, context_.options.validation_limit));
        resource_ = std::move(judged);
    }
    if (resource_->status == "ready") {
        co_return co_await prepare_request();
    }
    CO_TRY(failure, co_await failed_proof());
    co_return base::fail(stop_with(std::move(failure)));
}

// Those that are not valid already: proofs are reused by the CA for a while.
base::Task<std::vector<acme::Authorization>> OrderJob::pending_authorizations()
{
    std::vector<acme::Authorization> pending;
    const auto urls = resource_->authorizations;
    for (const auto& url : urls) {
        CO_TRY(authorization, co_await client_->fetch_authorization(url));
        if (is_pending(authorization)) {
            pending.push_back(std::move(authorization));
        }
    }
    co_return pending;
}

base::Task<> OrderJob::publish(const std::vector<acme::Authorization>& pending)
{
    if (!publishes() || pending.empty()) {
        co_return base::Result<>();
    }
    if (order_.status == OrderStatus::ordered) {
        CO_CHECKED(co_await save(OrderStatus::answering));
    }
    const std::string type(model::to_string(*order_.challenge));
    for (const auto& authorization : pending) {
        const auto* challenge = authorization.find(type);
        if (challenge == nullptr || challenge->status != "pending") {
            continue;
        }
        responder::Presentation what;
        what.order = order_.id;
        what.type = *order_.challenge;
        what.identifier = authorization.identifier.value;
        what.token = challenge->token;
        what.thumbprint = client_->thumbprint();
        what.default_account = account_->is_default;
        what.txt_owner = txt_owner(authorization.identifier.value);
        if (endpoint_) {
            what.edge_group = endpoint_->edge_group;
        }
        if (what.type == model::ChallengeType::dns_01 && what.txt_owner.empty()) {
            co_return base::fail(base::Errc::internal, "no delegation record for " + what.identifier);
        }
        CO_CHECKED(co_await context_.responder.present(std::move(what)));
    }
    co_return base::Result<>();
}

base::Task<> OrderJob::answer(const std::vector<acme::Authorization>& pending)
{
    const std::string type(model::to_string(*order_.challenge));
    for (const auto& authorization : pending) {
        const auto* challenge = authorization.find(type);
        if (challenge == nullptr) {
            diagnosis::ProblemFacts facts;
            facts.name = authorization.identifier.value;
            facts.detail = "It does not offer " + type + " for this name.";
            Failure failure;
            failure.problem = diagnosis::problem("ca_refused", facts);
            co_return base::fail(stop_with(std::move(failure)));
        }
        if (challenge->status == "pending") {
            CO_CHECKED(co_await client_->answer_challenge(challenge->url));
        }
    }
    co_return base::Result<>();
}

// Stored before finalize, so that a certificate never exists without its key.
base::Task<> OrderJob::prepare_request()
{
    auto work = [type = order_.key_type, identifiers = order_.identifiers] {
        return make_request(type, identifiers);
    };
    CO_TRY(request, co_await base::blocking(context_.pool, std::move(work)));
    order_.csr_der = std::move(request.csr_der);
    order_.sealed_key = context_.sealer.seal(request.key_pkcs8, "order/" + order_.id);
    co_return co_await save(OrderStatus::finalizing);
}

base::Task<OrderJob::Failure> OrderJob::failed_proof()
{
    Failure failure;
    failure.settlement = Settlement::ordered;
    if (resource_->status != "invalid") {
        diagnosis::ProblemFacts facts;
        facts.detail = "Its order is " + resource_->status + " although nothing was finalized.";
        failure.problem = diagnosis::problem("ca_refused", facts);
        co_return failure;
    }
    const auto urls = resource_->authorizations;
    for (const auto& url : urls) {
        auto authorization = co_await client_->fetch_authorization(url);
        if (!authorization || authorization->status != "invalid") {
            continue;
        }
        failure.disproved.push_back(authorization->identifier.value);
        for (const auto& challenge : authorization->challenges) {
            if (!challenge.problem.none() && failure.problem.none()) {
                failure.problem =
                    problem_of(challenge.problem, authorization->identifier.value, order_.challenge);
            }
        }
    }
    if (failure.problem.none()) {
        failure.problem = problem_of(resource_->problem, first_name(), order_.challenge);
    }
    co_return failure;
}

}  // namespace issuance
