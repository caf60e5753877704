// The tables of alerts, their channels and the outbox. As in store/tables.h they are only reachable inside a
// Transaction.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/alert.h"
#include "store/tables.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace store {

struct AlertFilter {
    std::string tenant{};  // empty: all
    std::string subject{};
    std::string rule{};
    bool resolved = false;  // true: those that are over too
    std::string after{};    // cursor
    std::size_t limit = 100;
};

class Alerts {
public:
    explicit Alerts(sql::Connection& db) : db_(db) {}
    // conflict when one is open for that rule and subject.
    base::Result<> insert(const model::Alert& alert);
    base::Result<> update(const model::Alert& alert);  // not_found
    base::Result<model::Alert> get(const std::string& id);
    base::Result<std::vector<model::Alert>> open_of(const std::string& subject);
    // The newest one that is over.
    base::Result<std::optional<model::Alert>> last_resolved(const std::string& rule,
                                                            const std::string& subject);
    base::Result<Page<model::Alert>> list(const AlertFilter& filter);  // newest first
    // notify_at <= now, the longest due first.
    base::Result<std::vector<model::Alert>> due_notices(base::Time now, std::size_t limit);
    // Open alerts by rule and severity.
    struct Count {
        std::string rule;
        model::Severity severity = model::Severity::warning;
        std::int64_t count = 0;
    };
    base::Result<std::vector<Count>> count_open(const std::string& tenant = "");  // empty: all tenants
    // Deletes those that were over before `before`; returns how many.
    base::Result<std::int64_t> forget(base::Time before);

    // When to look at a subject again though no event says so; replaces what was set before.
    base::Result<> look_at(const std::string& subject, base::Time due);
    base::Result<> forget_look(const std::string& subject);
    base::Result<std::vector<std::string>> due_looks(base::Time now, std::size_t limit);

    base::Result<> put_silence(const model::Silence& silence);
    base::Result<> remove_silence(const std::string& id);
    base::Result<std::optional<model::Silence>> silence(const std::string& id);
    // Those that still last, the first to end first; the empty tenant: of all.
    base::Result<std::vector<model::Silence>> silences(const std::string& tenant, base::Time now);

private:
    sql::Connection& db_;
};

// Alerts on their way into notices of one channel. Those of one reason share a notice when they are many.
class NoticeQueue {
public:
    explicit NoticeQueue(sql::Connection& db) : db_(db) {}

    struct Entry {
        std::string channel;
        std::string reason;  // alerts of one reason, told in one way, share notices
        std::string alert;
        std::string type;  // "alert.opened", "alert.reminder" or "alert.resolved"
        base::Time due_at{};
    };
    // Replaces an entry of the same channel and alert.
    base::Result<> add(const Entry& entry);
    base::Result<std::optional<Entry>> find(const std::string& channel, const std::string& alert);
    base::Result<> remove(const std::string& channel, const std::string& alert);
    base::Result<std::vector<Entry>> due(base::Time now, std::size_t limit);
    // Every entry of a channel and reason, also those that are not due: they go along.
    base::Result<std::vector<Entry>> alike(const std::string& channel, const std::string& reason,
                                           std::size_t limit);

    // How many notices of one reason a channel got since the beginning of its hour.
    struct Burst {
        base::Time since{};
        std::int64_t notices = 0;
    };
    base::Result<Burst> burst(const std::string& channel, const std::string& reason);
    base::Result<> put_burst(const std::string& channel, const std::string& reason, const Burst& burst);
    base::Result<> forget(base::Time before);  // bursts

private:
    sql::Connection& db_;
};

class Channels {
public:
    explicit Channels(sql::Connection& db) : db_(db) {}
    base::Result<> put(const model::Channel& channel);  // replaces every field
    base::Result<model::Channel> get(const std::string& id);
    base::Result<> remove(const std::string& id);  // with what waits for it
    // Of exactly that tenant, by creation; the empty one is the operator.
    base::Result<std::vector<model::Channel>> of_tenant(const std::string& tenant);
    base::Result<std::vector<model::Channel>> list(std::size_t limit);  // of all
    base::Result<std::int64_t> count_failing();

private:
    sql::Connection& db_;
};

// The outbox: what has to reach channels, written with what it reports. Deliveries of one channel and subject
// go out in the order of their numbers: only the first that waits is due.
class Deliveries {
public:
    explicit Deliveries(sql::Connection& db) : db_(db) {}
    // Gives the number.
    base::Result<> add(model::Delivery delivery);
    base::Result<model::Delivery> get(const std::string& id);
    // Up to `each` of every channel, the longest due first: a slow channel does not hide the others.
    base::Result<std::vector<model::Delivery>> due(base::Time now, std::size_t each);
    // Of a channel, newest first.
    base::Result<std::vector<model::Delivery>> of_channel(const std::string& channel, std::size_t limit);
    // The newest one of that kind, for rate limits.
    base::Result<std::optional<model::Delivery>> newest(const std::string& channel,
                                                        const std::string& subject, const std::string& type);
    // Records an attempt. A finished one lets the next of its subject go.
    base::Result<> update(const model::Delivery& delivery);
    // What waits for the channel is not tried before `until`.
    base::Result<> hold(const std::string& channel, base::Time until);
    // What waits for the channel is tried now.
    base::Result<> hasten(const std::string& channel, base::Time now);
    base::Result<std::int64_t> waiting(const std::string& channel);  // the empty one: all
    base::Result<std::int64_t> forget(base::Time before);            // finished ones

private:
    sql::Connection& db_;
};

}  // namespace store
