#include "issuance/key_rotation.h"

#include "base/log.h"
#include "issuance/ca_health.h"
#include "issuance/ca_problem.h"

#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

namespace issuance {

namespace {

namespace asio = boost::asio;
using model::KeyRotation;

// A step asks the CA at most three times, each call with a limit of its own.
constexpr std::chrono::seconds lease_time{120};

base::Result<> append_event(store::Transaction& tx, const model::CaAccount& account, std::string type,
                            std::string message, base::Time now)
{
    model::Event event;
    event.subject = account.id;
    event.type = std::move(type);
    event.message = std::move(message);
    event.data["account"] = account.name;
    event.created_at = now;
    return tx.events.append(event);
}

// The CA said no, so that trying again does not help.
bool is_refusal(const base::Error& error)
{
    return error.kind() == base::Errc::invalid || error.kind() == base::Errc::unauthorized ||
           error.kind() == base::Errc::not_found || error.kind() == base::Errc::conflict;
}

}  // namespace

KeyRotations::KeyRotations(asio::any_io_executor executor, store::Store& store, base::Clock& clock,
                           Accounts& accounts, DeploymentGate& deployment, RotationOptions options)
    : store_(store),
      clock_(clock),
      accounts_(accounts),
      deployment_(deployment),
      options_(std::move(options)),
      sleeper_(executor)
{
}

void KeyRotations::wake()
{
    woken_ = true;
    sleeper_.cancel();
}

asio::awaitable<void> KeyRotations::run()
{
    for (;;) {
        woken_ = false;
        auto left = co_await work();
        if (!left) {
            base::log::warning("key_rotations_not_done", {{"error", left.error().message()}});
        }
        if (woken_) {
            continue;
        }
        sleeper_.expires_after(left && *left > 0 ? options_.step_poll : options_.poll);
        boost::system::error_code woken;
        co_await sleeper_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
}

base::Task<model::CaAccount> KeyRotations::start(std::string reference)
{
    CO_TRY(next, crypto::PrivateKey::generate(model::KeyType::ecdsa_p256));
    const auto now = clock_.now();
    auto begin = [this, reference, next, now](store::Transaction& tx) -> base::Result<model::CaAccount> {
        TRY(account, find_account(tx, reference));
        if (account.rotation != KeyRotation::none) {
            return account;
        }
        CHECKED(check_usable(account));
        accounts_.seal_next_key(account, next);
        account.rotation = KeyRotation::draining;
        CHECKED(tx.accounts.put(account));
        CHECKED(append_event(tx, account, "ca.key_rotation.started",
                             fmt::format("The key of the CA account '{}' is being changed.", account.name),
                             now));
        return account;
    };
    CO_TRY(started, co_await store_.write(std::move(begin)));
    wake();
    co_return std::move(started);
}

base::Task<std::size_t> KeyRotations::work()
{
    auto read = [](store::Transaction& tx) { return tx.accounts.list(); };
    CO_TRY(all, co_await store_.read(read));
    std::size_t left = 0;
    for (const auto& each : all) {
        if (each.rotation == KeyRotation::none) {
            continue;
        }
        ++left;
        const auto wait = not_before_.find(each.id);
        if (wait != not_before_.end() && clock_.now() < wait->second) {
            continue;
        }
        auto advanced = co_await advance(each);
        if (!advanced) {
            base::log::warning("key_rotation_waits", {{"account", each.name},
                                                      {"step", model::to_string(each.rotation)},
                                                      {"error", advanced.error().message()}});
            not_before_[each.id] = clock_.now() + options_.retry;
        }
    }
    co_return left;
}

base::Task<> KeyRotations::advance(model::CaAccount account)
{
    auto take = [this, id = account.id](store::Transaction& tx) {
        return tx.leases.acquire("ca_key/" + id, options_.node, lease_time);
    };
    CO_TRY(lease, co_await store_.write(std::move(take)));
    if (!lease) {
        co_return base::Result<>();  // Another node is at it.
    }
    leases_[account.id] = *lease;
    switch (account.rotation) {
        case KeyRotation::none:
            break;
        case KeyRotation::draining:
            co_return co_await drain(std::move(account));
        case KeyRotation::changing:
            co_return co_await change(std::move(account));
        case KeyRotation::publishing:
            co_return co_await publish(std::move(account));
    }
    co_return base::Result<>();
}

base::Task<> KeyRotations::save(const model::CaAccount& account,
                                std::function<base::Result<>(store::Transaction&, model::CaAccount&)> step)
{
    auto write = [id = account.id, from = account.rotation, lease = leases_.at(account.id),
                  step = std::move(step)](store::Transaction& tx) -> base::Result<> {
        CHECKED(tx.leases.check(lease));
        TRY(row, tx.accounts.get(id));
        if (row.rotation != from) {
            return {};
        }
        CHECKED(step(tx, row));
        return tx.accounts.put(row);
    };
    return store_.write(std::move(write));
}

base::Task<> KeyRotations::drain(model::CaAccount account)
{
    const auto now = clock_.now();
    const auto since = since_.try_emplace(account.id, now).first->second;
    auto count = [id = account.id](store::Transaction& tx) { return tx.accounts.orders_under_way(id); };
    CO_TRY(busy, co_await store_.read(std::move(count)));
    if (busy > 0 && now < since + options_.drain_limit) {
        co_return base::Result<>();
    }
    since_.erase(account.id);
    auto go_on = [](store::Transaction&, model::CaAccount& row) -> base::Result<> {
        row.rotation = KeyRotation::changing;
        return {};
    };
    CO_CHECKED(co_await save(account, go_on));
    wake();
    co_return base::Result<>();
}

// Whoever died or lost the answer may have changed it already: the next key is asked first.
base::Task<> KeyRotations::change(model::CaAccount account)
{
    CO_TRY(keys, accounts_.both_keys(account));
    auto found = co_await keys.next->find_account();
    const bool changed = found && found->url == account.account_url;
    if (!found && !is_refusal(found.error())) {
        co_return base::fail(std::move(found).error());
    }
    if (!changed) {
        keys.current->use_account(account.account_url);
        auto accepted = co_await keys.current->change_key(keys.next_key);
        if (!accepted && is_refusal(accepted.error())) {
            co_return co_await refused(std::move(account), std::move(accepted).error());
        }
        CO_CHECKED(std::move(accepted));
    }
    auto take_over = [this](store::Transaction& tx, model::CaAccount& row) {
        return accounts_.take_next_key(tx, row);
    };
    CO_CHECKED(co_await save(account, take_over));
    wake();
    co_return base::Result<>();
}

// The rotation ends; the account goes on with its old key, if the CA still knows that.
base::Task<> KeyRotations::refused(model::CaAccount account, base::Error error)
{
    CO_TRY(keys, accounts_.both_keys(account));
    auto found = co_await keys.current->find_account();
    if (!found && !is_refusal(found.error())) {
        co_return base::fail(std::move(found).error());
    }
    const auto now = clock_.now();
    const auto problem = found ? model::Problem() : problem_of(found.error(), account.name, now);
    auto end = [error, problem, now](store::Transaction& tx, model::CaAccount& row) -> base::Result<> {
        row.rotation = KeyRotation::none;
        row.sealed_next_key.clear();
        row.next_thumbprint.clear();
        row.problem = problem;
        return append_event(
            tx, row, "ca.key_rotation.failed",
            fmt::format("The key of the CA account '{}' was not changed: {}", row.name, error.message()),
            now);
    };
    co_return co_await save(account, std::move(end));
}

base::Task<> KeyRotations::publish(model::CaAccount account)
{
    auto read =
        [](store::Transaction& tx) -> base::Result<std::pair<model::Position, std::vector<std::string>>> {
        TRY(head, tx.revisions.head());
        TRY(groups, tx.groups.list());
        std::vector<std::string> names;
        for (const auto& each : groups) {
            names.push_back(each.name);
        }
        return std::pair(head, std::move(names));
    };
    CO_TRY(target, co_await store_.read(read));
    for (const auto& group : target.second) {
        auto reached = co_await deployment_.wait_until(group, target.first, options_.deployment_limit);
        if (!reached) {
            base::log::warning("thumbprint_not_everywhere",
                               {{"group", group}, {"error", reached.error().message()}});
        }
    }
    const auto now = clock_.now();
    auto end = [now](store::Transaction& tx, model::CaAccount& row) -> base::Result<> {
        row.rotation = KeyRotation::none;
        return append_event(tx, row, "ca.key_rotated",
                            fmt::format("The CA account '{}' has a new key.", row.name), now);
    };
    CO_CHECKED(co_await save(account, end));
    base::log::info("account_key_changed", {{"account", account.name}});
    co_return base::Result<>();
}

}  // namespace issuance
