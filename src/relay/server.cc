#include "relay/server.h"

#include "base/random.h"

#include <fmt/format.h>

namespace relay {

namespace {

namespace json = boost::json;

constexpr std::size_t most_logged = 2000;
constexpr std::string_view index_link = "/directory>;rel=\"index\"";

bool is_plain(Step step)
{
    return step == Step::directory || step == Step::new_nonce || step == Step::renewal_info ||
           step == Step::unpause;
}

RequestKind kind_of(Step step)
{
    switch (step) {
        case Step::directory:
            return RequestKind::directory;
        case Step::new_nonce:
            return RequestKind::new_nonce;
        case Step::new_account:
            return RequestKind::new_account;
        case Step::new_order:
            return RequestKind::new_order;
        case Step::revoke:
            return RequestKind::revoke;
        case Step::renewal_info:
            return RequestKind::renewal_info;
        default:
            return RequestKind::other;
    }
}

Checked<> check_method(const Call& call, Step step)
{
    const bool reads = call.method == "GET" || call.method == "HEAD";
    const bool good = step == Step::unpause ? reads || call.method == "POST"
                      : is_plain(step)      ? reads
                                            : call.method == "POST";
    return good ? Checked<>() : refuse(405, "malformed", "Method not allowed");
}

}  // namespace

AcmeServer::AcmeServer(boost::asio::any_io_executor executor, ServerParts parts, ServerSettings settings)
    : world_(parts, std::move(settings)),
      door_(world_),
      accounts_(world_),
      orders_(world_),
      proofs_(world_, executor),
      finalize_(world_, orders_, executor),
      certificates_(world_)
{
}

boost::asio::awaitable<Reply> AcmeServer::handle(Call call)
{
    const auto place = place_of(call.path());
    const Call kept{call.method, call.target, call.base_url, call.client, {}, {}};
    Delivery delivery;
    auto answered = co_await answer(std::move(call), place, delivery);
    Reply reply = answered ? std::move(*answered) : refuse_with(answered.error(), kept);
    reply.lost = reply.lost || delivery.lost;
    reply.truncated = delivery.truncated;
    if (!delivery.content_type.empty()) {
        reply.headers.set("Content-Type", delivery.content_type);
    }
    if (place.step == Step::new_nonce || kept.method == "POST") {
        reply.headers.set("Replay-Nonce", door_.new_nonce());
        reply.headers.set("Cache-Control", "no-store");
    }
    if (place.step != Step::directory) {
        reply.headers.add("Link", "<" + kept.base_url + std::string(index_link));
    }
    log(kept, reply, answered ? "" : answered.error().type);
    co_return std::move(reply);
}

Answer AcmeServer::answer(Call call, Place place, Delivery& delivery)
{
    auto outage = world_.faults.outage(world_.clock.now());
    if (!outage.none()) {
        co_return std::unexpected(std::move(outage));
    }
    if (world_.faults.behaviour.latency.count() > 0) {
        co_await world_.clock.sleep(world_.faults.behaviour.latency);
    }
    if (place.step == Step::unknown) {
        co_return refuse(404, "malformed", "Page not found");
    }
    CO_CHECKED(limit_requests(call, place.step));
    CO_CHECKED(check_method(call, place.step));
    if (!call.headers.contains("User-Agent")) {
        co_return malformed("A request must have a User-Agent (RFC 8555 6.1)");
    }
    if (is_plain(place.step)) {
        Request request;
        request.call = std::move(call);
        request.place = std::move(place);
        auto reply = co_await answer_plain(request);
        delivery = request.delivery;
        co_return std::move(reply);
    }
    CO_TRY(request, co_await door_.check(std::move(call), std::move(place)));
    auto reply = co_await answer_signed(request);
    delivery = request.delivery;
    co_return std::move(reply);
}

Answer AcmeServer::answer_plain(Request& request)
{
    const auto step = request.place.step;
    if (step == Step::renewal_info && world_.settings.renewal_information) {
        co_return co_await certificates_.renewal_info(request);
    }
    CO_CHECKED(co_await meet_faults(world_, request, {}));
    if (step == Step::directory) {
        co_return json_reply(200, directory(request.call));
    }
    if (step == Step::new_nonce) {
        Reply reply;
        reply.status = request.call.method == "HEAD" ? 200 : 204;
        co_return std::move(reply);
    }
    if (step == Step::unpause) {
        co_return co_await unpause(request);
    }
    co_return refuse(404, "malformed", "Page not found");
}

Answer AcmeServer::answer_signed(Request& request)
{
    switch (request.place.step) {
        case Step::new_account:
            return accounts_.new_account(request);
        case Step::account:
            return accounts_.account(request);
        case Step::key_change:
            return accounts_.key_change(request);
        case Step::orders:
            return accounts_.orders(request);
        case Step::new_order:
            return orders_.new_order(request);
        case Step::order:
            return orders_.order(request);
        case Step::authorization:
            return proofs_.authorization(request);
        case Step::challenge:
            return proofs_.challenge(request);
        case Step::finalize:
            return finalize_.finalize(request);
        case Step::certificate:
            return certificates_.certificate(request);
        default:
            return certificates_.revoke(request);
    }
}

// What a load balancer in front of the CA does.
Checked<> AcmeServer::limit_requests(const Call& call, Step step)
{
    const auto refusal = world_.limits.request(call.client, kind_of(step), world_.clock.now());
    if (!refusal) {
        return {};
    }
    Problem problem(503, "rateLimited", refusal->detail);
    problem.retry_after = refusal->retry_after;
    return std::unexpected(std::move(problem));
}

json::object AcmeServer::directory(const Call& call) const
{
    const auto& settings = world_.settings;
    const auto url = [&call](std::string_view path) { return call.base_url + "/acme/" + std::string(path); };
    json::object meta;
    if (!settings.terms_of_service.empty()) {
        meta["termsOfService"] = settings.terms_of_service;
    }
    if (!settings.website.empty()) {
        meta["website"] = settings.website;
    }
    if (!settings.caa_identities.empty()) {
        meta["caaIdentities"] = json::value_from(settings.caa_identities);
    }
    if (!settings.profiles.empty()) {
        json::object profiles;
        for (const auto& [name, profile] : settings.profiles) {
            profiles[name] = profile.description;
        }
        meta["profiles"] = std::move(profiles);
    }
    meta["externalAccountRequired"] = world_.accounts.external_required();
    json::object directory{{"newNonce", url("new-nonce")},   {"newAccount", url("new-acct")},
                           {"newOrder", url("new-order")},   {"revokeCert", url("revoke-cert")},
                           {"keyChange", url("key-change")}, {"meta", std::move(meta)}};
    if (settings.renewal_information) {
        directory["renewalInfo"] = url("renewal-info");
    }
    // Clients must not choke on members that they do not know.
    directory[base::random_label(11)] =
        "https://community.letsencrypt.org/t/adding-random-entries-to-the-directory";
    return directory;
}

Reply AcmeServer::refuse_with(const Problem& problem, const Call& call) const
{
    Reply reply;
    reply.status = problem.status;
    reply.lost = problem.cut;
    reply.headers.add("Content-Type", problem.page ? "text/html" : "application/problem+json");
    reply.body = problem.page ? *problem.page : to_document(problem);
    if (problem.retry_after) {
        add_retry_after(reply, world_, *problem.retry_after,
                        problem.retry_as_date || world_.faults.behaviour.retry_as_date);
    }
    if (!problem.help.empty()) {
        reply.headers.add("Link", "<" + problem.help + ">;rel=\"help\"");
    }
    if (!problem.location.empty()) {
        reply.headers.add("Location", problem.location);
    }
    if (problem.status == 405) {
        reply.headers.add("Allow", is_plain(place_of(call.path()).step) ? "GET, HEAD" : "POST");
    }
    return reply;
}

// Where a person ends a pause, by a click. Anybody on this machine may.
Answer AcmeServer::unpause(Request& request)
{
    Reply reply;
    reply.headers.add("Content-Type", "text/html");
    if (request.call.method == "POST") {
        const auto count = world_.limits.unpause(request.place.ids.at(0));
        reply.body = fmt::format("<p>{} names are no longer paused.</p>\n", count);
    } else {
        reply.body = "<form method=\"post\"><button>Unpause this account</button></form>\n";
    }
    co_return std::move(reply);
}

void AcmeServer::log(const Call& call, const Reply& reply, const std::string& problem)
{
    calls_.push_back({world_.now(), call.method, std::string(call.path()), call.client, reply.status, problem,
                      reply.lost});
    if (calls_.size() > most_logged) {
        calls_.pop_front();
    }
}

base::Task<> AcmeServer::resume()
{
    CO_CHECKED(co_await proofs_.resume());
    co_return co_await finalize_.resume();
}

boost::asio::awaitable<void> AcmeServer::stop()
{
    co_await proofs_.stop();
    co_await finalize_.stop();
}

base::Task<> AcmeServer::revoke(std::string certificate, int reason)
{
    const auto marked = co_await certificates_.mark_revoked(std::move(certificate), reason);
    if (!marked) {
        const auto kind = marked.error().status == 404 ? base::Errc::not_found : base::Errc::conflict;
        co_return base::fail(kind, marked.error().detail);
    }
    co_return base::Result<>();
}

}  // namespace relay
