#include "store/json_text.h"
#include "store/query.h"
#include "store/sql/table.h"

namespace store {

namespace {

using model::Certificate;

const sql::Table& table()
{
    static const sql::Table certificates(
        "certificates",
        {"id",         "tenant",  "endpoint", "edge_group",  "source",     "state",      "identifiers",
         "key_type",   "issuer",  "serial",   "sha256",      "not_before", "not_after",  "chain_pem",
         "sealed_key", "account", "order_id", "replaced_by", "renew_at",   "created_at", "trusted"});
    return certificates;
}

sql::Params values(const Certificate& c)
{
    return sql::params(c.id, c.tenant, c.endpoint, c.edge_group, model::to_string(c.source),
                       model::to_string(c.state), to_json(c.identifiers), model::to_string(c.key_type),
                       c.issuer, c.serial, c.sha256, c.not_before, c.not_after, c.chain_pem, c.sealed_key,
                       c.account, c.order, c.replaced_by, c.renew_at, c.created_at, c.trusted);
}

Certificate read(sql::RowReader row)
{
    Certificate c;
    c.id = row.text();
    c.tenant = row.text();
    c.endpoint = row.text();
    c.edge_group = row.text();
    c.source = known_or(model::certificate_source_from(row.text()), c.source);
    // A state that this version does not know must not make the certificate be served.
    c.state = known_or(model::certificate_state_from(row.text()), model::CertificateState::deleted);
    c.identifiers = texts_from(row.text());
    c.key_type = known_or(model::key_type_from(row.text()), c.key_type);
    c.issuer = row.text();
    c.serial = row.text();
    c.sha256 = row.text();
    c.not_before = row.time();
    c.not_after = row.time();
    c.chain_pem = row.text();
    c.sealed_key = row.bytes();
    c.account = row.text();
    c.order = row.text();
    c.replaced_by = row.text();
    c.renew_at = row.maybe_time();
    c.created_at = row.time();
    c.trusted = row.flag();
    return c;
}

// The number of the first of `count` bounds, $1 and following, that the column's time is before.
std::string bucket_of(std::string_view column, std::size_t count)
{
    std::string text = "CASE";
    for (std::size_t i = 0; i < count; ++i) {
        text += fmt::format(" WHEN {} < ${} THEN {}", column, i + 1, i);
    }
    return text + fmt::format(" ELSE {} END", count);
}

}  // namespace

base::Result<> Certificates::insert(const Certificate& certificate)
{
    return expect_row(db_.execute(table().insert(), values(certificate)), base::Errc::conflict,
                      fmt::format("the certificate {} exists already", certificate.id));
}

base::Result<> Certificates::update(const Certificate& certificate)
{
    return expect_row(db_.execute(table().update(), values(certificate)), base::Errc::not_found,
                      fmt::format("no certificate {}", certificate.id));
}

base::Result<Certificate> Certificates::get(const std::string& id)
{
    return one_record(db_.execute(table().get() + std::string(db_.dialect().row_lock), sql::params(id)), read,
                      "certificate", id);
}

base::Result<Certificate> Certificates::facts(const std::string& id)
{
    static const auto text = [] {
        auto whole = table().get();
        const std::string_view most = "chain_pem, sealed_key";
        return whole.replace(whole.find(most), most.size(), "NULL, NULL");
    }();
    return one_record(db_.execute(text + std::string(db_.dialect().row_lock), sql::params(id)), read,
                      "certificate", id);
}

base::Result<> Certificates::renew_at(const std::string& id, base::Time when)
{
    return expect_row(db_.execute("UPDATE certificates SET renew_at = $2 WHERE id = $1 RETURNING id",
                                  sql::params(id, when)),
                      base::Errc::not_found, fmt::format("no certificate {}", id));
}

base::Result<std::vector<Certificate>> Certificates::of_endpoint(const std::string& endpoint)
{
    static const auto text =
        table().select() + " WHERE endpoint = $1 AND state = 'live' ORDER BY created_at DESC, id DESC";
    return records_of(db_.execute(text, sql::params(endpoint)), read);
}

base::Result<std::vector<Certificate>> Certificates::retired_of(const std::string& endpoint)
{
    static const auto text =
        table().select() + " WHERE endpoint = $1 AND state = 'deleted' ORDER BY created_at DESC, id DESC";
    TRY(all, records_of(db_.execute(text, sql::params(endpoint)), read));
    std::erase_if(all, [](const Certificate& each) { return each.sealed_key.empty(); });
    return std::move(all);
}

base::Result<Page<Certificate>> Certificates::list(const std::string& tenant, const std::string& after,
                                                   std::size_t limit)
{
    std::string text = table().select() + " WHERE 1 = 1";
    sql::Params values;
    if (!tenant.empty()) {
        values.push_back(tenant);
        text += " AND tenant = $1";
    }
    if (!after.empty()) {
        TRY(cursor, cursor_from(after));
        values.push_back(cursor.created_at);
        values.push_back(cursor.id);
        text += fmt::format(" AND (created_at, id) > (${}, ${})", values.size() - 1, values.size());
    }
    values.push_back(sql::to_value(limit + 1));
    text += fmt::format(" ORDER BY created_at, id LIMIT ${}", values.size());
    TRY(records, records_of(db_.execute(text, values), read));
    return page_of(std::move(records), limit);
}

base::Result<std::vector<Certificate>> Certificates::due_renewals(base::Time now, std::size_t limit)
{
    static const auto text =
        table().select() +
        " WHERE state = 'live' AND renew_at IS NOT NULL AND renew_at <= $1 AND NOT EXISTS"
        " (SELECT 1 FROM orders o WHERE o.finished = 0 AND o.replaces = certificates.id)"
        " AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.finished = 0 AND o.endpoint = certificates.endpoint"
        " AND o.key_type = certificates.key_type) AND NOT EXISTS"
        " (SELECT 1 FROM endpoints e WHERE e.id = certificates.endpoint AND e.state = 'suspended')"
        " ORDER BY renew_at, id LIMIT $2";
    return records_of(db_.execute(text, sql::params(now, limit)), read);
}

base::Result<std::vector<Certificate>> Certificates::of_account(const std::string& account,
                                                                const std::string& after, std::size_t limit)
{
    static const auto text =
        table().select() + " WHERE state = 'live' AND account = $1 AND id > $2 ORDER BY id LIMIT $3";
    return records_of(db_.execute(text, sql::params(account, after, limit)), read);
}

namespace {

constexpr std::string_view only_untrusted_text =
    " WHERE state = 'live' AND trusted = 0 AND not_after > $1 AND NOT EXISTS (SELECT 1 FROM certificates t"
    " WHERE t.endpoint = certificates.endpoint AND t.key_type = certificates.key_type AND t.state = 'live'"
    " AND t.trusted = 1 AND t.source <> 'transitional' AND t.not_after > $1)";

}  // namespace

base::Result<std::vector<Certificate>> Certificates::only_untrusted(const std::string& account,
                                                                    base::Time now, std::size_t limit)
{
    static const auto text =
        table().select() + std::string(only_untrusted_text) +
        " AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.endpoint = certificates.endpoint"
        " AND o.key_type = certificates.key_type AND o.finished = 0 AND o.account = $2)"
        " ORDER BY endpoint, id LIMIT $3";
    return records_of(db_.execute(text, sql::params(now, account, limit)), read);
}

base::Result<std::int64_t> Certificates::count_only_untrusted(base::Time now)
{
    static const auto text = "SELECT COUNT(*) FROM certificates" + std::string(only_untrusted_text);
    return one_record(
        db_.execute(text, sql::params(now)), [](sql::RowReader row) { return row.integer(); }, "count of",
        "certificates");
}

base::Result<std::vector<std::int64_t>> Certificates::count_in_buckets(std::string_view column,
                                                                       const std::string& where,
                                                                       const std::string& tenant,
                                                                       const std::vector<base::Time>& bounds)
{
    std::vector<sql::Value> values;
    for (const auto& bound : bounds) {
        values.emplace_back(base::to_millis(bound));
    }
    auto text = fmt::format("SELECT {} AS bucket, COUNT(*) FROM certificates WHERE {}",
                            bucket_of(column, bounds.size()), where);
    if (!tenant.empty()) {
        values.emplace_back(tenant);
        text += fmt::format(" AND tenant = ${}", values.size());
    }
    text += " GROUP BY bucket ORDER BY bucket";
    TRY(found, records_of(db_.execute(text, values), [](sql::RowReader row) {
            const auto bucket = static_cast<std::size_t>(row.integer());
            return std::pair(bucket, row.integer());
        }));
    std::vector<std::int64_t> counts(bounds.size() + 1);
    for (const auto& [bucket, count] : found) {
        counts.at(bucket) = count;
    }
    return counts;
}

base::Result<std::vector<std::int64_t>> Certificates::count_by_end(const std::string& tenant,
                                                                   const std::vector<base::Time>& bounds)
{
    return count_in_buckets("not_after", "state = 'live'", tenant, bounds);
}

base::Result<std::vector<std::int64_t>> Certificates::count_by_creation(const std::string& tenant,
                                                                        const std::vector<base::Time>& bounds)
{
    TRY(counts, count_in_buckets("created_at", "created_at >= $1", tenant, bounds));
    counts.erase(counts.begin());  // nothing is before the first bound
    return std::move(counts);
}

}  // namespace store
