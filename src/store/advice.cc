#include "store/query.h"
#include "store/sql/table.h"

namespace store {

namespace {

const sql::Table& table()
{
    static const sql::Table advice(
        "renewal_advice", {"ari_id", "certificate", "account", "window_start", "window_end", "chosen_at",
                           "explanation_url", "next_poll_at", "answered_at", "failures", "replaces_refused"});
    return advice;
}

model::RenewalAdvice read(sql::RowReader row)
{
    model::RenewalAdvice advice;
    advice.ari_id = row.text();
    advice.certificate = row.text();
    advice.account = row.text();
    advice.window_start = row.maybe_time();
    advice.window_end = row.maybe_time();
    advice.chosen_at = row.maybe_time();
    advice.explanation_url = row.text();
    advice.next_poll_at = row.maybe_time();
    advice.answered_at = row.maybe_time();
    advice.failures = row.small();
    advice.replaces_refused = row.flag();
    return advice;
}

}  // namespace

base::Result<> Advice::put(const model::RenewalAdvice& advice)
{
    CHECKED(db_.execute(
        table().upsert(),
        sql::params(advice.ari_id, advice.certificate, advice.account, advice.window_start, advice.window_end,
                    advice.chosen_at, advice.explanation_url, advice.next_poll_at, advice.answered_at,
                    advice.failures, advice.replaces_refused)));
    return {};
}

base::Result<std::optional<model::RenewalAdvice>> Advice::get(const std::string& ari_id)
{
    return maybe_record(db_.execute(table().get() + std::string(db_.dialect().row_lock), sql::params(ari_id)),
                        read);
}

base::Result<std::optional<model::RenewalAdvice>> Advice::of_certificate(const std::string& certificate)
{
    static const auto text = table().select() + " WHERE certificate = $1 ORDER BY ari_id LIMIT 1";
    return maybe_record(db_.execute(text, sql::params(certificate)), read);
}

base::Result<> Advice::remove(const std::string& ari_id)
{
    CHECKED(db_.execute("DELETE FROM renewal_advice WHERE ari_id = $1", sql::params(ari_id)));
    return {};
}

base::Result<std::vector<model::RenewalAdvice>> Advice::due(base::Time now, std::size_t limit)
{
    static const auto text =
        table().select() +
        " WHERE next_poll_at IS NOT NULL AND next_poll_at <= $1 ORDER BY next_poll_at, ari_id LIMIT $2";
    return records_of(db_.execute(text + std::string(db_.dialect().skip_locked), sql::params(now, limit)),
                      read);
}

base::Result<> Advice::ask_at(const std::string& ari_id, base::Time when)
{
    CHECKED(db_.execute("UPDATE renewal_advice SET next_poll_at = $2 WHERE ari_id = $1",
                        sql::params(ari_id, when)));
    return {};
}

}  // namespace store
