#include "relay/renewal.h"

#include <fmt/format.h>

#include <algorithm>

namespace relay {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr hours short_life{10 * 24};

bool is_ari_id(const std::string& text)
{
    const auto dot = text.find('.');
    const auto key = base::from_base64url(text.substr(0, dot));
    const auto serial = dot == std::string::npos ? key : base::from_base64url(text.substr(dot + 1));
    return dot != std::string::npos && key && serial && !key->empty() && !serial->empty() &&
           !text.contains('=');
}

// Why the authorization makes the order invalid; none: it does not.
Problem failure_of(const Authorization& authorization, std::int64_t now)
{
    if (authorization.status == AuthorizationStatus::invalid) {
        for (const auto& each : authorization.challenges) {
            if (!each.problem.none()) {
                return each.problem;
            }
        }
        return {403, "unauthorized", "An authorization is invalid"};
    }
    const bool over = authorization.status == AuthorizationStatus::pending && authorization.expires_at <= now;
    const bool gone = authorization.status != AuthorizationStatus::pending &&
                      authorization.status != AuthorizationStatus::valid;
    return over || gone ? Problem(403, "unauthorized", "An authorization is no longer usable") : Problem();
}

}  // namespace

RenewalWindow window_of(const Certificate& certificate, const World& world)
{
    if (const auto* scripted = world.faults.window(certificate.ari_id)) {
        return *scripted;
    }
    RenewalWindow window;
    if (certificate.revoked_at != 0) {
        window.start = world.clock.now() - hours(1);
        window.end = world.clock.now() - minutes(30);
        return window;
    }
    const auto end = base::from_millis(certificate.not_after);
    const milliseconds life(certificate.not_after - certificate.not_before);
    const auto middle = end - life / (life < short_life ? 2 : 3);
    constexpr int width = 100;
    window.start = middle - life / width;
    window.end = middle + life / width;
    return window;
}

boost::asio::awaitable<Checked<Order>> refresh(World& world, Order order)
{
    if (order.status != OrderStatus::pending) {
        co_return std::move(order);
    }
    bool ready = true;
    Problem failure;
    for (const auto& id : order.authorizations) {
        CO_TRY(found, checked(co_await world.state.authorization(id)));
        ready = ready && found.status == AuthorizationStatus::valid && found.expires_at > world.now();
        if (failure.none()) {
            failure = failure_of(found, world.now());
        }
    }
    if (failure.none() && order.expires_at <= world.now()) {
        failure = Problem(403, "unauthorized", "The order has expired");
    }
    if (failure.none()) {
        order.status = ready ? OrderStatus::ready : OrderStatus::pending;
        co_return std::move(order);
    }
    const Change<Order> change = [&failure](Order& record) -> base::Result<> {
        if (record.status == OrderStatus::pending) {
            record.status = OrderStatus::invalid;
            record.problem = failure;
        }
        return {};
    };
    co_return checked(co_await world.state.change_order(order.id, change));
}

boost::asio::awaitable<Checked<Replacement>> replacement_of(World& world, std::string ari_id,
                                                            std::string account,
                                                            std::vector<Identifier> identifiers)
{
    if (!is_ari_id(ari_id)) {
        co_return malformed("While parsing ARI CertID: it is not two base64url texts joined by a dot");
    }
    auto found = co_await world.state.certificate_by_ari(ari_id);
    if (!found && found.error().kind() == base::Errc::not_found) {
        co_return refuse(404, "malformed",
                         "Replaced certificate: could not find an order for the given certificate");
    }
    Replacement replacement;
    CO_TRY(certificate, checked(std::move(found)));
    if (certificate.account != account) {
        co_return unauthorized(
            "requester account did not request the certificate being replaced by this order");
    }
    const bool shared = std::ranges::any_of(identifiers, [&](const auto& each) {
        return std::ranges::find(certificate.identifiers, each) != certificate.identifiers.end();
    });
    if (!shared) {
        co_return malformed(
            "identifiers in the order do not match any identifier in the certificate being replaced");
    }
    if (!certificate.successor.empty()) {
        CO_TRY(order, checked(co_await world.state.order(certificate.successor)));
        CO_TRY(successor, co_await refresh(world, order));
        if (successor.status != OrderStatus::invalid) {
            co_return refuse(
                409, "alreadyReplaced",
                fmt::format("cannot indicate an order replaces certificate {}, which already has a "
                            "replacement order",
                            ari_id));
        }
    }
    const auto window = window_of(certificate, world);
    const auto now = world.clock.now();
    replacement.exempt = window.start <= now && now < window.end;
    replacement.certificate = std::move(certificate);
    co_return std::move(replacement);
}

}  // namespace relay
