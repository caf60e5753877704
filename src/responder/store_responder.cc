#include "responder/store_responder.h"

#include "acme/resources.h"
#include "base/log.h"
#include "net/listener.h"
#include "responder/authorities.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace responder {

namespace {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr milliseconds first_wait{50};
constexpr milliseconds longest_wait{2'000};
constexpr std::size_t expired_batch = 100;
constexpr milliseconds turn_pause{300};
constexpr std::chrono::days longest_kept{7};

base::Error no_room(std::size_t room)
{
    return base::Error(base::Errc::invalid,
                       fmt::format("this order needs more than the {} TXT values that acme-dns keeps", room))
        .with_code("dns01_capacity")
        .with_fix("Make endpoints of fewer names, or publish by RFC 2136 instead.");
}

base::Result<> take_back(store::Transaction& tx, const std::string& order)
{
    TRY(txts, tx.challenges.txt_of_order(order));
    for (const auto& txt : txts) {
        CHECKED(tx.challenges.remove_txt(txt.owner, txt.value));
        tx.revisions.append(model::RevisionKind::txt, txt.owner);
    }
    TRY(tokens, tx.challenges.tokens_of_order(order));
    for (const auto& token : tokens) {
        CHECKED(tx.challenges.remove_token(token.token));
        tx.revisions.append(model::RevisionKind::token, token.token);
    }
    return {};
}

class StoreResponder final : public Responder {
public:
    StoreResponder(store::Store& store, base::Clock& clock, RevisionGate& gate, TxtProbe& probe,
                   ResponderOptions options)
        : store_(store), clock_(clock), gate_(gate), probe_(probe), options_(std::move(options))
    {
    }

    base::Task<> present(Presentation what) override;
    base::Task<> clean_up(std::string order) override;
    base::Task<> sweep() override;

private:
    base::Task<> present_txt(Presentation what);
    base::Task<> present_token(Presentation what);
    base::Task<model::Position> read_head();
    base::Task<> take_turn(model::ChallengeTxt txt);
    base::Task<> publish_elsewhere(model::ChallengeTxt txt);
    base::Task<> take_back_elsewhere(std::string order);
    base::Task<> remember_for_sweep(std::vector<model::ChallengeTxt> left);
    base::Task<> wait_for_followers(Audience audience);
    base::Task<> wait_for_servers(std::vector<net::Endpoint> servers, milliseconds limit, std::string owner,
                                  std::string value);
    base::Task<> wait_for_server(net::Endpoint server, Transport transport, SteadyTime deadline,
                                 const model::ChallengeTxt& txt);

    store::Store& store_;
    base::Clock& clock_;
    RevisionGate& gate_;
    TxtProbe& probe_;
    const ResponderOptions options_;
};

base::Task<> StoreResponder::present(Presentation what)
{
    switch (what.type) {
        case model::ChallengeType::http_01:
            if (what.default_account) {
                co_return base::Result<>();
            }
            break;
        case model::ChallengeType::dns_01:
            co_return co_await present_txt(std::move(what));
        case model::ChallengeType::tls_alpn_01:
            break;
    }
    co_return co_await present_token(std::move(what));
}

base::Task<> StoreResponder::present_token(Presentation what)
{
    const bool by_tls = what.type == model::ChallengeType::tls_alpn_01;
    model::ChallengeToken token;
    token.token = what.token;
    token.identifier = by_tls ? what.identifier : std::string();
    token.thumbprint = what.thumbprint;
    token.order = what.order;
    token.expires_at = clock_.now() + options_.expiry;
    auto publish = [token, name = what.edge_group](store::Transaction& tx) -> base::Result<bool> {
        CHECKED(tx.challenges.add_token(token));
        tx.revisions.append(model::RevisionKind::token, token.token);
        const auto group = tx.groups.get(name);
        return !group || group->proxies;
    };
    CO_TRY(behind_proxies, co_await store_.write(publish));
    if (behind_proxies && !by_tls) {
        // A proxy may send what it does not know to any edge.
        co_return co_await wait_for_followers(Audience::edges);
    }
    CO_TRY(head, co_await read_head());
    co_return co_await gate_.wait_for_edges(what.edge_group, head, options_.own_limit);
}

base::Task<> StoreResponder::present_txt(Presentation what)
{
    model::ChallengeTxt txt;
    txt.owner = what.txt_owner;
    txt.value = acme::dns_01_value(acme::key_authorization(what.token, what.thumbprint));
    txt.order = what.order;
    txt.expires_at = clock_.now() + options_.expiry;
    CO_CHECKED(co_await take_turn(txt));
    if (options_.elsewhere != nullptr) {
        co_return co_await publish_elsewhere(std::move(txt));
    }
    CO_CHECKED(co_await wait_for_followers(Audience::name_servers));
    CO_CHECKED(co_await wait_for_servers(options_.own_servers, options_.own_limit, txt.owner, txt.value));
    co_return co_await wait_for_servers(options_.foreign_servers, options_.foreign_limit, txt.owner,
                                        txt.value);
}

// After a committed write it is at or past that write's own revisions.
base::Task<model::Position> StoreResponder::read_head()
{
    auto read = [](store::Transaction& tx) { return tx.revisions.head(); };
    co_return co_await store_.read(read);
}

// Writes the value down before it is published: clean_up() finds it after a crash. Where there is no room for
// everybody, one order at a time has it.
base::Task<> StoreResponder::take_turn(model::ChallengeTxt txt)
{
    const std::size_t room = options_.elsewhere == nullptr ? 0 : options_.elsewhere->capacity();
    auto publish = [txt, room](store::Transaction& tx) -> base::Result<bool> {
        if (room > 0) {
            TRY(others, tx.challenges.count_txt_of_others(txt.order));
            TRY(own, tx.challenges.txt_of_order(txt.order));
            const bool there = std::ranges::find(own, txt.value, &model::ChallengeTxt::value) != own.end();
            if (!there && own.size() >= room) {
                return base::fail(no_room(room));
            }
            if (others > 0) {
                return false;
            }
        }
        CHECKED(tx.challenges.add_txt(txt));
        tx.revisions.append(model::RevisionKind::txt, txt.owner);
        return true;
    };
    const auto deadline = std::chrono::steady_clock::now() + options_.turn_limit;
    while (true) {
        CO_TRY(taken, co_await store_.write(publish));
        if (taken) {
            co_return base::Result<>();
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            co_return base::fail(base::Error(base::Errc::timeout, "other orders use the acme-dns account")
                                     .with_code("dns01_busy")
                                     .with_fix("Nothing to do: certwright tries again."));
        }
        co_await base::sleep_for(turn_pause);
    }
}

base::Task<> StoreResponder::publish_elsewhere(model::ChallengeTxt txt)
{
    auto adding = options_.elsewhere->add(txt.owner, txt.value);
    CO_CHECKED(co_await base::with_timeout(options_.publish_limit, std::move(adding)));
    auto servers = options_.foreign_servers;
    if (servers.empty()) {
        CO_TRY(found, co_await find_authorities(*options_.resolver, txt.owner));
        txt.owner = found.owner;
        servers = std::move(found.servers);
    }
    CO_CHECKED(co_await wait_for_servers(std::move(servers), options_.foreign_limit, txt.owner, txt.value));
    if (options_.settle.count() > 0) {
        co_await base::sleep_for(options_.settle);
    }
    co_return base::Result<>();
}

base::Task<> StoreResponder::wait_for_followers(Audience audience)
{
    CO_TRY(head, co_await read_head());
    co_return co_await gate_.wait_until(audience, head, options_.own_limit);
}

base::Task<> StoreResponder::wait_for_servers(std::vector<net::Endpoint> servers, milliseconds limit,
                                              std::string owner, std::string value)
{
    model::ChallengeTxt txt;
    txt.owner = std::move(owner);
    txt.value = std::move(value);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (const auto& server : servers) {
        CO_CHECKED(co_await wait_for_server(server, Transport::udp, deadline, txt));
        CO_CHECKED(co_await wait_for_server(server, Transport::tcp, deadline, txt));
    }
    co_return base::Result<>();
}

// `txt` lives in the caller's frame, which waits for this.
base::Task<> StoreResponder::wait_for_server(net::Endpoint server, Transport transport, SteadyTime deadline,
                                             const model::ChallengeTxt& txt)
{
    const auto give_up = std::min(deadline, std::chrono::steady_clock::now() + options_.unreachable_limit);
    auto wait = first_wait;
    for (bool answered = false;;) {
        auto seen = co_await probe_.has_value(server, transport, txt.owner, txt.value);
        if (seen && *seen) {
            co_return base::Result<>();
        }
        answered = answered || seen.has_value();
        const auto now = std::chrono::steady_clock::now();
        if (!answered && now >= give_up) {
            base::log::warning("challenge_server_unreachable",
                               {{"server", net::to_string(server)},
                                {"transport", transport == Transport::udp ? "udp" : "tcp"},
                                {"error", seen ? std::string() : seen.error().message()}});
            co_return base::Result<>();
        }
        if (now >= deadline) {
            co_return base::fail(base::Error(base::Errc::timeout,
                                             "name server " + net::to_string(server) +
                                                 " does not answer with the new TXT value of " + txt.owner)
                                     .with_code("dns_propagation")
                                     .with_fix("Check the transfers to this name server."));
        }
        co_await base::sleep_for(wait);
        wait = std::min(wait * 2, longest_wait);
    }
}

base::Task<> StoreResponder::clean_up(std::string order)
{
    auto find = [order](store::Transaction& tx) -> base::Result<bool> {
        TRY(txts, tx.challenges.txt_of_order(order));
        TRY(tokens, tx.challenges.tokens_of_order(order));
        return !txts.empty() || !tokens.empty();
    };
    CO_TRY(something, co_await store_.read(find));
    if (!something) {
        co_return base::Result<>();
    }
    if (options_.elsewhere != nullptr) {
        co_return co_await take_back_elsewhere(std::move(order));
    }
    auto remove = [order](store::Transaction& tx) { return take_back(tx, order); };
    co_return co_await store_.write(remove);
}

// A value that cannot be taken back now stays in the store, so that sweep() tries again; the order goes on.
base::Task<> StoreResponder::take_back_elsewhere(std::string order)
{
    auto find = [order](store::Transaction& tx) { return tx.challenges.txt_of_order(order); };
    CO_TRY(found, co_await store_.read(find));
    const auto txts = found;
    std::vector<model::ChallengeTxt> left;
    for (const auto& txt : txts) {
        auto removing = options_.elsewhere->remove(txt.owner, txt.value);
        auto removed = co_await base::with_timeout(options_.publish_limit, std::move(removing));
        if (removed) {
            continue;
        }
        const bool hopeless = txt.expires_at + longest_kept < clock_.now();
        base::log::warning("challenge_not_taken_back", {{"owner", txt.owner},
                                                        {"value", txt.value},
                                                        {"given_up", hopeless},
                                                        {"error", removed.error().message()}});
        if (!hopeless) {
            left.push_back(txt);
        }
    }
    auto remove = [order](store::Transaction& tx) { return take_back(tx, order); };
    if (left.empty()) {
        co_return co_await store_.write(remove);
    }
    co_return co_await remember_for_sweep(std::move(left));
}

base::Task<> StoreResponder::remember_for_sweep(std::vector<model::ChallengeTxt> left)
{
    auto keep = [left, now = clock_.now()](store::Transaction& tx) -> base::Result<> {
        CHECKED(take_back(tx, left.front().order));
        for (auto txt : left) {
            txt.expires_at = std::min(txt.expires_at, now);
            CHECKED(tx.challenges.add_txt(txt));
        }
        return {};
    };
    co_return co_await store_.write(keep);
}

// What expired is what nobody waits for any more.
base::Task<> StoreResponder::sweep()
{
    auto find = [now = clock_.now()](store::Transaction& tx) {
        return tx.challenges.expired_orders(now, expired_batch);
    };
    CO_TRY(orders, co_await store_.read(find));
    const auto expired = orders;
    for (const auto& order : expired) {
        CO_CHECKED(co_await clean_up(order));
    }
    co_return base::Result<>();
}

}  // namespace

std::unique_ptr<Responder> make_responder(store::Store& store, base::Clock& clock, RevisionGate& gate,
                                          TxtProbe& probe, ResponderOptions options)
{
    return std::make_unique<StoreResponder>(store, clock, gate, probe, std::move(options));
}

}  // namespace responder
