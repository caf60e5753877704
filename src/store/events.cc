#include "store/json_text.h"
#include "store/query.h"

namespace store {

namespace {

std::string select(std::string_view rest)
{
    return fmt::format("SELECT number, tenant, subject, type, message, data, created_at FROM events {}",
                       rest);
}

model::Event read(sql::RowReader row)
{
    model::Event event;
    event.number = row.integer();
    event.tenant = row.text();
    event.subject = row.text();
    event.type = row.text();
    event.message = row.text();
    event.data = map_from(row.text());
    event.created_at = row.time();
    return event;
}

}  // namespace

base::Result<> Events::append(const model::Event& event)
{
    pending_.push_back(event);
    return {};
}

base::Result<std::vector<model::Event>> Events::after(std::int64_t number, const std::string& tenant,
                                                      std::size_t limit)
{
    static const auto all = select("WHERE number > $1 ORDER BY number LIMIT $2");
    static const auto one = select("WHERE tenant = $3 AND number > $1 ORDER BY number LIMIT $2");
    return records_of(tenant.empty() ? db_.execute(all, sql::params(number, limit))
                                     : db_.execute(one, sql::params(number, limit, tenant)),
                      read);
}

base::Result<std::vector<model::Event>> Events::of_subject(const std::string& subject, std::size_t limit)
{
    static const auto text = select("WHERE subject = $1 ORDER BY number DESC LIMIT $2");
    return records_of(db_.execute(text, sql::params(subject, limit)), read);
}

base::Result<std::vector<model::Event>> Events::newest(const std::string& tenant, std::size_t limit)
{
    static const auto all = select("ORDER BY number DESC LIMIT $1");
    static const auto one = select("WHERE tenant = $2 ORDER BY number DESC LIMIT $1");
    TRY(events, records_of(tenant.empty() ? db_.execute(all, sql::params(limit))
                                          : db_.execute(one, sql::params(limit, tenant)),
                           read));
    std::ranges::reverse(events);
    return std::move(events);
}

std::vector<model::Event> Events::take_pending()
{
    return std::exchange(pending_, {});
}

}  // namespace store
