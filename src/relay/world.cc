#include "relay/world.h"

#include "http/date.h"
#include "relay/fields.h"

#include <fmt/format.h>

namespace relay {

namespace {

namespace json = boost::json;

json::object view(const Identifier& identifier)
{
    return {{"type", identifier.type}, {"value", identifier.value}};
}

std::string time_text(std::int64_t millis)
{
    return base::to_rfc3339(base::from_millis(millis));
}

}  // namespace

const Profile& World::profile(const std::string& name) const
{
    static const Profile usual;
    const auto found = settings.profiles.find(name);
    return found == settings.profiles.end() ? usual : found->second;
}

boost::asio::awaitable<Checked<>> meet_faults(World& world, Request& request,
                                              std::vector<std::string> identifiers)
{
    const auto verdict =
        world.faults.judge(request.place.step, identifiers, request.account ? request.account->id : "");
    if (verdict.delay.count() > 0) {
        co_await world.clock.sleep(verdict.delay);
    }
    request.delivery = verdict.delivery.whole() ? request.delivery : verdict.delivery;
    if (!verdict.problem.none()) {
        co_return std::unexpected(verdict.problem);
    }
    co_return Checked<>();
}

Checked<json::object> payload_object(const Request& request)
{
    auto object = parse_object(request.payload, "the payload");
    if (!object) {
        return malformed(object.error().message());
    }
    return std::move(*object);
}

Checked<> only_post_as_get(const Request& request)
{
    if (!request.payload.empty()) {
        return malformed("POST-as-GET requests must have an empty payload");
    }
    return {};
}

Reply json_reply(int status, const json::object& body)
{
    Reply reply;
    reply.status = status;
    reply.headers.add("Content-Type", "application/json");
    reply.body = json::serialize(body);
    return reply;
}

void add_retry_after(Reply& reply, const World& world, std::chrono::seconds wait, bool as_date)
{
    reply.headers.set("Retry-After",
                      as_date ? http::http_date(world.clock.now() + wait) : fmt::to_string(wait.count()));
}

void add_poll_after(Reply& reply, const World& world)
{
    const auto& behaviour = world.faults.behaviour;
    if (behaviour.poll_after.count() > 0) {
        add_retry_after(reply, world, behaviour.poll_after, behaviour.retry_as_date);
    }
}

json::object view(const Account& account, const Request& request, const World& world)
{
    json::object object{{"status", status_text(account.status)}};
    if (!account.contacts.empty()) {
        object["contact"] = json::value_from(account.contacts);
    }
    if (world.settings.order_lists) {
        object["orders"] = request.url("/acme/orders/", account.id);
    }
    return object;
}

json::object view(const Problem& problem)
{
    return json::parse(to_document(problem)).as_object();
}

json::object view(const Challenge& challenge, const Authorization& of, const Request& request)
{
    json::object object{{"type", challenge.type},
                        {"url", request.url("/acme/chall/", of.id + "/" + challenge.type)},
                        {"token", challenge.token},
                        {"status", status_text(challenge.status)}};
    if (challenge.validated_at != 0) {
        object["validated"] = time_text(challenge.validated_at);
    }
    if (!challenge.problem.none()) {
        object["error"] = view(challenge.problem);
    }
    return object;
}

json::object view(const Authorization& authorization, const Request& request, std::int64_t now)
{
    const bool open = authorization.status == AuthorizationStatus::pending;
    const bool over =
        (open || authorization.status == AuthorizationStatus::valid) && authorization.expires_at <= now;
    json::array challenges;
    for (const auto& each : authorization.challenges) {
        // Once it is decided, only what decided it is shown.
        const bool decided = each.status == ChallengeStatus::valid || each.status == ChallengeStatus::invalid;
        if (open || decided) {
            challenges.push_back(view(each, authorization, request));
        }
    }
    json::object object{{"status", over ? "expired" : status_text(authorization.status)},
                        {"expires", time_text(authorization.expires_at)},
                        {"identifier", view(authorization.identifier)},
                        {"challenges", std::move(challenges)}};
    if (authorization.wildcard) {
        object["wildcard"] = true;
    }
    return object;
}

json::object view(const Order& order, const Request& request)
{
    json::array identifiers;
    for (const auto& each : order.identifiers) {
        identifiers.push_back(view(each));
    }
    json::array authorizations;
    for (const auto& each : order.authorizations) {
        authorizations.push_back(json::string(request.url("/acme/authz/", each)));
    }
    json::object object{{"status", status_text(order.status)},
                        {"expires", time_text(order.expires_at)},
                        {"identifiers", std::move(identifiers)},
                        {"authorizations", std::move(authorizations)},
                        {"finalize", request.url("/acme/finalize/", order.id)}};
    if (!order.profile.empty()) {
        object["profile"] = order.profile;
    }
    if (!order.replaces.empty()) {
        object["replaces"] = order.replaces;
    }
    if (order.status == OrderStatus::valid) {
        object["certificate"] = request.url("/acme/cert/", order.certificate);
    }
    if (!order.problem.none()) {
        object["error"] = view(order.problem);
    }
    return object;
}

}  // namespace relay
