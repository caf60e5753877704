#include "relay/finalize_desk.h"

#include "base/log.h"
#include "base/random.h"
#include "crypto/certificate.h"
#include "relay/fields.h"
#include "relay/request_key.h"

#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

namespace relay {

namespace {

constexpr std::chrono::hours caa_life{7};  // baseline requirements allow eight

Checked<base::Bytes> read_csr(const boost::json::object& payload)
{
    Fields fields(payload);
    const auto text = fields.text("csr").value_or("");
    auto der = base::from_base64url(text);
    if (!der || der->empty() || text.contains('=')) {
        return malformed("Error unmarshaling finalize order request: \"csr\" is not base64url");
    }
    return std::move(*der);
}

std::unexpected<Problem> not_ready(const Order& order)
{
    return refuse(
        403, "orderNotReady",
        fmt::format("Order's status (\"{}\") is not acceptable for finalization", status_text(order.status)));
}

}  // namespace

Answer FinalizeDesk::finalize(Request& request)
{
    CO_TRY(order, co_await orders_.load(request));
    CO_CHECKED(co_await meet_faults(world_, request, texts_of(order.identifiers)));
    if (order.status != OrderStatus::ready || order.expires_at <= world_.now()) {
        co_return not_ready(order);
    }
    CO_TRY(payload, payload_object(request));
    CO_TRY(der, read_csr(payload));
    const auto facts = crypto::read_request(der);
    if (!facts) {
        co_return refuse(400, "badCSR", "Error parsing certificate request: " + facts.error().message());
    }
    const auto account_key = crypto::PublicKey::from_jwk(request.account->jwk);
    auto bad = check_request(*facts, order, account_key ? account_key->public_der() : base::Bytes());
    if (!bad.none()) {
        co_return std::unexpected(std::move(bad));
    }
    const Change<Order> change = [&](Order& record) -> base::Result<> {
        if (record.status != OrderStatus::pending) {
            return base::fail(base::Errc::conflict, "The order is being finalized already");
        }
        record.status = OrderStatus::processing;
        record.csr = base::to_base64url(der);
        return {};
    };
    auto changed = co_await world_.state.change_order(order.id, change);
    if (!changed && changed.error().kind() == base::Errc::conflict) {
        co_return not_ready(order);
    }
    CO_CHECKED(checked(std::move(changed)));
    const auto issuing = start(order.id);
    issuing->ended.expires_after(world_.faults.behaviour.finalize_wait);
    if (!issuing->over) {
        boost::system::error_code woken;
        co_await issuing->ended.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
    }
    CO_TRY(after, co_await orders_.load(request));
    co_return orders_.reply(std::move(after), request, false);
}

std::shared_ptr<FinalizeDesk::Issuing> FinalizeDesk::start(const std::string& order)
{
    auto issuing = std::make_shared<Issuing>(executor_);
    tasks_.spawn("acme_issue", issue(order, issuing));
    return issuing;
}

boost::asio::awaitable<void> FinalizeDesk::issue(std::string id, std::shared_ptr<Issuing> issuing)
{
    auto order = co_await world_.state.order(id);
    if (order) {
        auto chains = co_await sign(*order);
        base::Result<> kept;
        if (chains) {
            kept = co_await keep(*order, std::move(*chains));
        } else {
            kept = co_await fail_order(id, std::move(chains).error());
        }
        if (!kept) {  // The order stays in processing, and the next start takes it up.
            base::log::error("acme_state_failed", {{"order", id}, {"error", kept.error().message()}});
        }
    }
    issuing->over = true;
    issuing->ended.cancel();
}

boost::asio::awaitable<Checked<std::vector<std::string>>> FinalizeDesk::sign(const Order& order)
{
    const auto verdict = world_.faults.judge(Step::issuance, texts_of(order.identifiers), order.account);
    co_await world_.clock.sleep(world_.faults.behaviour.issuance_delay + verdict.delay);
    if (!verdict.problem.type.empty()) {
        co_return std::unexpected(verdict.problem);
    }
    CO_CHECKED(co_await check_caa_again(order));
    IssueRequest wanted;
    wanted.order = order.id;
    wanted.account = order.account;
    wanted.identifiers = texts_of(order.identifiers);
    wanted.profile_name = order.profile;
    wanted.profile = world_.profile(order.profile);
    const auto csr = base::from_base64url(order.csr);
    const auto facts =
        csr ? crypto::read_request(*csr) : base::Result<crypto::RequestFacts>(crypto::RequestFacts());
    CO_TRY(read, checked(facts));
    wanted.csr = csr ? *csr : base::Bytes();
    wanted.public_der = read.public_der;
    co_return checked(co_await world_.issuer.issue(std::move(wanted)));
}

// An authorization of long ago says nothing of today's CAA records (ca-facts 4.7).
boost::asio::awaitable<Checked<>> FinalizeDesk::check_caa_again(const Order& order)
{
    for (const auto& id : order.authorizations) {
        CO_TRY(found, checked(co_await world_.state.authorization(id)));
        const auto validated = base::from_millis(found.validated_at());
        if (world_.clock.now() - validated <= caa_life) {
            continue;
        }
        ValidationRequest wanted;
        wanted.identifier = found.identifier;
        wanted.wildcard = found.wildcard;
        for (const auto& each : found.challenges) {
            wanted.challenge = each.status == ChallengeStatus::valid ? each.type : wanted.challenge;
        }
        wanted.account_url = world_.settings.public_url + "/acme/acct/" + order.account;
        auto problem = co_await world_.validator.check_caa(std::move(wanted));
        if (!problem.none()) {
            co_return std::unexpected(std::move(problem));
        }
    }
    co_return Checked<>();
}

base::Task<> FinalizeDesk::keep(Order order, std::vector<std::string> chains)
{
    CO_TRY(parsed, crypto::parse_chain(chains.empty() ? "" : chains.front()));
    Certificate made;
    made.id = base::random_label(16);
    made.account = order.account;
    made.order = order.id;
    made.ari_id = parsed.leaf.ari_id;
    made.sha256 = parsed.leaf.sha256;
    made.public_key = base::to_base64url(parsed.leaf.public_der);
    made.identifiers = order.identifiers;
    made.chains = std::move(chains);
    made.not_before = base::to_millis(parsed.leaf.not_before);
    made.not_after = base::to_millis(parsed.leaf.not_after);
    const auto id = made.id;
    CO_CHECKED(co_await world_.state.insert_certificate(std::move(made)));
    const Change<Order> change = [&id](Order& record) -> base::Result<> {
        record.status = OrderStatus::valid;
        record.certificate = id;
        return {};
    };
    if (world_.faults.behaviour.processing_polls > 0) {
        orders_.hide(order.id, world_.faults.behaviour.processing_polls);
    }
    CO_CHECKED(co_await world_.state.change_order(order.id, change));
    world_.limits.issued({order.account, texts_of(order.identifiers), order.exempt}, world_.clock.now());
    base::log::info(
        "acme_issued",
        {{"order", order.id}, {"names", fmt::format("{}", fmt::join(texts_of(order.identifiers), ","))}});
    co_return base::Result<>();
}

base::Task<> FinalizeDesk::fail_order(std::string id, Problem problem)
{
    base::log::info("acme_order_failed", {{"order", id}, {"detail", problem.detail}});
    const Change<Order> change = [&problem](Order& record) -> base::Result<> {
        record.status = OrderStatus::invalid;
        record.problem = problem;
        return {};
    };
    CO_CHECKED(co_await world_.state.change_order(id, change));
    co_return base::Result<>();
}

base::Task<> FinalizeDesk::resume()
{
    CO_TRY(unfinished, co_await world_.state.unfinished_orders());
    for (const auto& id : unfinished) {
        start(id);
    }
    co_return base::Result<>();
}

}  // namespace relay
