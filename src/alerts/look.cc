// What the store says of a subject, and what follows from it.
#include "alerts/engine.h"

#include <algorithm>

namespace alerts {

namespace {

using base::Result;

Result<Subject> account_subject(store::Transaction& tx, const std::string& id)
{
    Subject subject{id, "", id};
    if (const auto account = tx.accounts.get(id)) {
        subject.name = account->name.empty() ? id : account->name;
    }
    return subject;
}

Result<Facts> facts_of(store::Transaction& tx, const std::string& subject)
{
    Facts facts;
    const bool platform = subject == "platform";
    if (!platform) {
        TRY(endpoint, tx.endpoints.get(subject));
        facts.endpoint = std::move(endpoint);
    }
    const std::string owner = platform ? "" : subject;
    TRY(certificates, tx.certificates.of_endpoint(owner));
    TRY(order, tx.orders.unfinished_of(owner));
    facts.certificates = std::move(certificates);
    facts.order = std::move(order);
    return facts;
}

Subject subject_of(const std::string& id, const Facts& facts)
{
    if (facts.endpoint) {
        return {id, facts.endpoint->tenant, facts.endpoint->name().text()};
    }
    const bool named = !facts.certificates.empty() && !facts.certificates.front().identifiers.empty();
    return {id, "", named ? facts.certificates.front().identifiers.front() : id};
}

// Some findings end without an event: a bucket that fills, a clock that goes on.
Result<> plan_next_look(store::Transaction& tx, const Options& options, const std::string& subject,
                        const Verdict& verdict, base::Time now)
{
    auto next = verdict.next_change;
    if (!verdict.findings.empty() || !verdict.of_account.empty()) {
        const auto again = now + options.recheck;
        next = next ? std::min(*next, again) : again;
    }
    return next ? tx.alerts.look_at(subject, *next) : tx.alerts.forget_look(subject);
}

std::string data_of(const model::Event& event, const std::string& name)
{
    const auto found = event.data.find(name);
    return found == event.data.end() ? std::string() : found->second;
}

Finding finding_of(const model::Event& event)
{
    const bool refused = event.type == "ca.account_invalid";
    Finding finding{refused ? "account_invalid" : "ca_down",
                    refused ? model::Severity::critical : model::Severity::warning,
                    {},
                    std::nullopt};
    const auto reason = data_of(event, "reason");
    finding.problem.code = !reason.empty() ? reason : refused ? "ca_account_invalid" : "ca_unavailable";
    finding.problem.message = event.message;
    finding.problem.actor = refused ? model::Actor::platform : model::Actor::ca;
    finding.problem.fix =
        refused ? "Look at it: certwright ca list. Then register it again: certwright ca register NAME"
                : "Orders wait or go to another CA. Certificates that are valid stay in use.";
    return finding;
}

// The CA has answered this account. It is well then for every account of the same directory.
Result<> note_answer(store::Transaction& tx, const Options& options, const std::string& id, base::Time now)
{
    CHECKED(resolve(tx, options, id, {"account_invalid", "ca_down"}, now));
    TRY(accounts, tx.accounts.list());
    const auto answered = std::ranges::find(accounts, id, &model::CaAccount::id);
    for (const auto& each : accounts) {
        if (answered != accounts.end() && each.directory_url == answered->directory_url) {
            CHECKED(resolve(tx, options, each.id, {"ca_down"}, now));
        }
    }
    return {};
}

}  // namespace

Result<> look(store::Transaction& tx, const Options& options, const std::string& subject, Cause cause,
              base::Time now)
{
    const auto facts = facts_of(tx, subject);
    if (!facts && facts.error().kind() == base::Errc::not_found) {
        CHECKED(settle(tx, options, {subject, "", ""}, {}, cause, now));
        return tx.alerts.forget_look(subject);
    }
    if (!facts) {
        return base::fail(facts.error());
    }
    const auto verdict = judge(*facts, options.thresholds, now);
    CHECKED(settle(tx, options, subject_of(subject, *facts), verdict.findings, cause, now));
    // A failure that lies back says nothing of the account now.
    const bool news = cause == Cause::event;
    for (const auto& finding : news ? verdict.of_account : std::vector<Finding>()) {
        TRY(account, account_subject(tx, facts->order->account));
        CHECKED(open(tx, options, account, finding, cause, now));
    }
    return plan_next_look(tx, options, subject, verdict, now);
}

Result<> note_account(store::Transaction& tx, const Options& options, const model::Event& event,
                      base::Time now)
{
    if (event.type == "certificate.issued" || event.type == "certificate.renewed") {
        const auto order = tx.orders.get(data_of(event, "order"));
        return order ? note_answer(tx, options, order->account, now) : Result<>();
    }
    if (event.type == "ca.recovered") {
        return note_answer(tx, options, event.subject, now);
    }
    if (event.type == "ca.degraded" || event.type == "ca.account_invalid") {
        TRY(account, account_subject(tx, event.subject));
        return open(tx, options, account, finding_of(event), Cause::event, now);
    }
    return {};
}

}  // namespace alerts
