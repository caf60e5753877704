#include "relay/order_desk.h"

#include "base/random.h"

#include <fmt/format.h>

#include <algorithm>

namespace relay {

namespace {

using Proof = IdentifierPolicy::Proof;

constexpr std::size_t id_length = 16;

std::int64_t millis(std::chrono::seconds duration)
{
    return std::chrono::milliseconds(duration).count();
}

Problem to_problem(const Refusal& refusal, const Request& request)
{
    Problem problem(refusal.limit == CaLimit::requests ? 503 : 429, "rateLimited", refusal.detail);
    problem.retry_after = refusal.retry_after;
    problem.help = "https://letsencrypt.org/docs/rate-limits";
    if (refusal.limit == CaLimit::paused) {
        problem.help.clear();
        problem.detail += " Please visit: " + request.url("/acme/unpause/", request.account->id);
    }
    return problem;
}

// What challenges prove about a name: wildcards by DNS only, addresses never by it (RFC 8555 7.1.3, RFC 8738
// 7).
bool can_prove(const std::string& challenge, const Identifier& identifier, bool wildcard)
{
    return challenge == "dns-01" ? identifier.type == "dns" : !wildcard;
}

}  // namespace

Answer OrderDesk::new_order(Request& request)
{
    CO_TRY(payload, payload_object(request));
    CO_TRY(wish, read_order(payload, world_.settings));
    CO_CHECKED(co_await meet_faults(world_, request, texts_of(wish.identifiers)));
    CO_TRY(proofs, co_await judge(*request.account, wish.identifiers));
    Replacement replacement;
    if (!wish.replaces.empty()) {
        CO_TRY(found, co_await replacement_of(world_, wish.replaces, request.account->id, wish.identifiers));
        replacement = std::move(found);
    }
    const LimitedOrder counted{request.account->id, texts_of(wish.identifiers), replacement.exempt};
    if (const auto refusal = world_.limits.new_order(counted, world_.clock.now())) {
        co_return std::unexpected(to_problem(*refusal, request));
    }
    auto made = co_await make(request, std::move(wish), std::move(proofs), std::move(replacement));
    if (!made) {
        world_.limits.refund_order(counted, world_.clock.now());
    }
    co_return std::move(made);
}

boost::asio::awaitable<Checked<std::vector<Proof>>> OrderDesk::judge(
    const Account& account, const std::vector<Identifier>& identifiers)
{
    std::vector<Proof> proofs;
    std::vector<SubProblem> refused;
    for (const auto& each : identifiers) {
        CO_TRY(verdict, checked(co_await world_.identifiers.judge(account, each)));
        proofs.push_back(world_.faults.behaviour.pre_approved ? Proof::approved : verdict.proof);
        if (!verdict.problem.none()) {
            refused.push_back({each, verdict.problem.type, verdict.problem.detail});
        }
    }
    if (refused.empty()) {
        co_return std::move(proofs);
    }
    Problem problem(
        400, refused.front().type,
        fmt::format("Cannot issue for \"{}\": {}", refused.front().identifier.value, refused.front().detail));
    if (refused.size() > 1) {
        problem.detail += fmt::format(" (and {} more problems. Refer to sub-problems for more information.)",
                                      refused.size() - 1);
        problem.subproblems = std::move(refused);
    }
    co_return std::unexpected(std::move(problem));
}

Answer OrderDesk::make(const Request& request, OrderWish wish, std::vector<Proof> proofs,
                       Replacement replacement)
{
    if (world_.faults.behaviour.reuse_orders) {
        CO_TRY(open, checked(co_await world_.state.open_order(request.account->id, wish.identifiers,
                                                              wish.profile)));
        if (open && open->replaces == wish.replaces) {
            CO_TRY(fresh, co_await refresh(world_, *open));
            if (fresh.status != OrderStatus::invalid && fresh.expires_at > world_.now()) {
                co_return reply(std::move(fresh), request, true);
            }
        }
    }
    CO_TRY(made, co_await records(request, std::move(wish), std::move(proofs)));
    made.order.exempt = replacement.exempt;
    made.replaced = replacement.certificate.id;
    made.former_successor = replacement.certificate.successor;
    Order order = made.order;
    auto inserted = co_await world_.state.insert_order(std::move(made));
    if (!inserted && inserted.error().kind() == base::Errc::conflict) {
        co_return refuse(409, "alreadyReplaced", inserted.error().message());
    }
    CO_CHECKED(checked(std::move(inserted)));
    CO_TRY(fresh, co_await refresh(world_, std::move(order)));
    co_return reply(std::move(fresh), request, true);
}

boost::asio::awaitable<Checked<NewOrderRecords>> OrderDesk::records(const Request& request, OrderWish wish,
                                                                    std::vector<Proof> proofs)
{
    const auto& rules = world_.profile(wish.profile);
    NewOrderRecords made;
    auto& order = made.order;
    order.id = base::random_label(id_length);
    order.account = request.account->id;
    order.created_at = world_.now();
    order.expires_at = world_.now() + millis(rules.order);
    for (std::size_t i = 0; i < wish.identifiers.size(); ++i) {
        auto name = wish.identifiers[i];
        const bool wildcard = name.value.starts_with("*.");
        name.value = wildcard ? name.value.substr(2) : name.value;
        CO_TRY(old, co_await reusable(request, name, wildcard, wish.profile));
        if (!old) {
            made.authorizations.push_back(
                authorize(request, name, wildcard, wish.profile, proofs.at(i) == Proof::approved));
        }
        const auto& used = old ? *old : made.authorizations.back();
        order.authorizations.push_back(used.id);
        order.expires_at = std::min(order.expires_at, used.expires_at);
    }
    order.identifiers = std::move(wish.identifiers);
    order.profile = std::move(wish.profile);
    order.replaces = std::move(wish.replaces);
    co_return std::move(made);
}

// One that lives for a good while yet (ca-facts 2.2).
boost::asio::awaitable<Checked<std::optional<Authorization>>> OrderDesk::reusable(const Request& request,
                                                                                  Identifier name,
                                                                                  bool wildcard,
                                                                                  std::string profile)
{
    if (!world_.faults.behaviour.reuse_authorizations) {
        co_return std::optional<Authorization>();
    }
    using std::chrono::hours;
    constexpr int share = 8;
    const auto needed =
        std::clamp<std::chrono::seconds>(world_.profile(profile).order / share, hours(1), hours(24));
    CO_TRY(found,
           checked(co_await world_.state.valid_authorization(request.account->id, name, wildcard, profile)));
    if (found && found->expires_at < world_.now() + millis(needed)) {
        found.reset();
    }
    co_return std::move(found);
}

Authorization OrderDesk::authorize(const Request& request, const Identifier& name, bool wildcard,
                                   const std::string& profile, bool approved) const
{
    const auto& rules = world_.profile(profile);
    Authorization made;
    made.id = base::random_label(id_length);
    made.account = request.account->id;
    made.identifier = name;
    made.wildcard = wildcard;
    made.profile = profile;
    made.status = approved ? AuthorizationStatus::valid : AuthorizationStatus::pending;
    made.expires_at =
        world_.now() + millis(approved ? rules.valid_authorization : rules.pending_authorization);
    for (const auto& type : world_.settings.challenges) {
        if (can_prove(type, name, wildcard)) {
            Challenge challenge;
            challenge.type = type;
            challenge.token = base::random_secret();
            made.challenges.push_back(std::move(challenge));
        }
    }
    if (approved && !made.challenges.empty()) {
        made.challenges.back().status = ChallengeStatus::valid;
        made.challenges.back().validated_at = world_.now();
    }
    return made;
}

boost::asio::awaitable<Checked<Order>> OrderDesk::load(const Request& request)
{
    CO_TRY(found, checked(co_await world_.state.order(request.place.ids.at(0))));
    if (found.account != request.account->id) {
        co_return refuse(404, "malformed", "No order found for account ID " + request.account->id);
    }
    co_return co_await refresh(world_, std::move(found));
}

Answer OrderDesk::order(Request& request)
{
    CO_CHECKED(only_post_as_get(request));
    CO_TRY(found, co_await load(request));
    CO_CHECKED(co_await meet_faults(world_, request, texts_of(found.identifiers)));
    const auto hidden = hidden_.find(found.id);
    if (hidden != hidden_.end() && hidden->second-- <= 0) {
        hidden_.erase(hidden);
    }
    co_return reply(std::move(found), request, false);
}

Reply OrderDesk::reply(Order order, const Request& request, bool created)
{
    if (order.status == OrderStatus::valid && hidden_.contains(order.id)) {
        order.status = OrderStatus::processing;
    }
    auto made = json_reply(created ? 201 : 200, view(order, request));
    made.headers.add("Location", request.url("/acme/order/", order.id));
    if (order.status == OrderStatus::processing || (order.status == OrderStatus::pending && !created)) {
        add_poll_after(made, world_);
    }
    return made;
}

}  // namespace relay
