#include "relay/proof_desk.h"

#include "base/log.h"
#include "relay/fields.h"

#include <fmt/format.h>

namespace relay {

namespace {

std::vector<std::string> names_of(const Authorization& authorization)
{
    return {authorization.identifier.value};
}

}  // namespace

boost::asio::awaitable<Checked<Authorization>> ProofDesk::load(const Request& request)
{
    CO_TRY(found, checked(co_await world_.state.authorization(request.place.ids.at(0))));
    if (found.account != request.account->id) {
        co_return unauthorized("User account ID doesn't match account ID in authorization");
    }
    co_return std::move(found);
}

Answer ProofDesk::authorization(Request& request)
{
    CO_TRY(found, co_await load(request));
    CO_CHECKED(co_await meet_faults(world_, request, names_of(found)));
    if (!request.payload.empty()) {
        CO_TRY(payload, payload_object(request));
        Fields fields(payload);
        if (fields.text("status") != "deactivated") {
            co_return malformed("The status of an authorization can only be set to \"deactivated\"");
        }
        const Change<Authorization> change = [](Authorization& record) -> base::Result<> {
            if (record.status != AuthorizationStatus::pending &&
                record.status != AuthorizationStatus::valid) {
                return base::fail(base::Errc::conflict, "The authorization is over");
            }
            record.status = AuthorizationStatus::deactivated;
            return {};
        };
        auto changed = co_await world_.state.change_authorization(found.id, change);
        if (!changed && changed.error().kind() == base::Errc::conflict) {
            co_return malformed(changed.error().message());
        }
        CO_TRY(after, checked(std::move(changed)));
        found = after;
    }
    auto reply = json_reply(200, view(found, request, world_.now()));
    if (found.status == AuthorizationStatus::pending) {
        add_poll_after(reply, world_);
    }
    co_return std::move(reply);
}

Answer ProofDesk::challenge(Request& request)
{
    CO_TRY(found, co_await load(request));
    const auto type = request.place.ids.at(1);
    if (found.find(type) == nullptr) {
        co_return refuse(404, "malformed", "No such challenge");
    }
    CO_CHECKED(co_await meet_faults(world_, request, names_of(found)));
    if (!request.payload.empty()) {
        CO_TRY(payload, payload_object(request));
        if (!payload.empty()) {
            co_return malformed("The answer to this challenge is an empty object");
        }
        if (found.expires_at <= world_.now()) {
            co_return refuse(404, "malformed", "Expired authorization");
        }
        if (found.status != AuthorizationStatus::pending && found.status != AuthorizationStatus::valid) {
            co_return malformed("authorization must be pending");
        }
        bool begins = false;
        const Change<Authorization> change = [&](Authorization& record) -> base::Result<> {
            const auto tried = std::ranges::any_of(
                record.challenges, [](const auto& each) { return each.status != ChallengeStatus::pending; });
            begins = record.status == AuthorizationStatus::pending && !tried;
            if (begins) {
                record.find(type)->status = ChallengeStatus::processing;
            }
            return {};
        };
        CO_TRY(after, checked(co_await world_.state.change_authorization(found.id, change)));
        found = after;
        if (begins) {
            tasks_.spawn("acme_validation", validate(found.id, type, request.call.base_url));
        }
    }
    auto reply = json_reply(200, view(*found.find(type), found, request));
    reply.headers.add("Link", fmt::format("<{}>;rel=\"up\"", request.url("/acme/authz/", found.id)));
    if (found.find(type)->status == ChallengeStatus::processing) {
        add_poll_after(reply, world_);
    }
    co_return std::move(reply);
}

boost::asio::awaitable<void> ProofDesk::validate(std::string id, std::string type, std::string base_url)
{
    co_await world_.clock.sleep(world_.faults.behaviour.validation_delay);
    auto found = co_await world_.state.authorization(id);
    base::Result<Account> account(base::fail(base::Errc::not_found, "No such authorization"));
    if (found) {
        account = co_await world_.state.account(found->account);
    }
    if (!found || !account || found->find(type) == nullptr) {
        base::log::error("acme_validation_failed", {{"authorization", id}});
        co_return;
    }
    const auto verdict = world_.faults.judge(Step::validation, names_of(*found), account->id);
    co_await world_.clock.sleep(verdict.delay);
    Problem problem = verdict.problem;
    if (problem.type.empty()) {
        ValidationRequest wanted;
        wanted.identifier = found->identifier;
        wanted.wildcard = found->wildcard;
        wanted.challenge = type;
        wanted.token = found->find(type)->token;
        wanted.thumbprint = account->thumbprint;
        wanted.account_url = base_url + "/acme/acct/" + account->id;
        problem = co_await world_.validator.validate(std::move(wanted));
    }
    co_await conclude(std::move(*found), std::move(type), std::move(problem));
}

boost::asio::awaitable<void> ProofDesk::conclude(Authorization found, std::string type, Problem problem)
{
    const bool met = problem.none();
    base::log::info("acme_validation", {{"identifier", found.identifier.value},
                                        {"challenge", type},
                                        {"met", met},
                                        {"detail", problem.detail}});
    const auto& name = found.identifier.value;
    if (met) {
        world_.limits.validation_succeeded(found.account, name);
    } else {
        world_.limits.validation_failed(found.account, name, world_.clock.now());
    }
    const auto lives = world_.profile(found.profile).valid_authorization;
    const Change<Authorization> change = [&](Authorization& record) -> base::Result<> {
        auto& challenge = *record.find(type);
        challenge.status = met ? ChallengeStatus::valid : ChallengeStatus::invalid;
        challenge.problem = problem;
        challenge.validated_at = world_.now();
        if (record.status == AuthorizationStatus::pending) {
            record.status = met ? AuthorizationStatus::valid : AuthorizationStatus::invalid;
            record.expires_at =
                met ? world_.now() + std::chrono::milliseconds(lives).count() : record.expires_at;
        }
        return {};
    };
    const auto changed = co_await world_.state.change_authorization(found.id, change);
    if (!changed) {
        base::log::error("acme_state_failed", {{"error", changed.error().message()}});
    }
}

base::Task<> ProofDesk::resume()
{
    CO_TRY(unfinished, co_await world_.state.unfinished_authorizations());
    for (const auto& id : unfinished) {
        CO_TRY(found, co_await world_.state.authorization(id));
        for (const auto& each : found.challenges) {
            if (each.status == ChallengeStatus::processing) {
                tasks_.spawn("acme_validation", validate(id, each.type, world_.settings.public_url));
            }
        }
    }
    co_return base::Result<>();
}

}  // namespace relay
