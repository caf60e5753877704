// /v1/ca-accounts/{account}/limits
#include "api/field_reader.h"
#include "api/views.h"
#include "issuance/limit_report.h"

#include <cmath>

namespace api {

namespace {

using issuance::LimitKind;

constexpr std::int64_t largest_capacity = 1'000'000'000;
constexpr std::int64_t longest_period = 5 * 366 * 86'400LL;
constexpr std::int64_t most_uses = 200;

std::int64_t seconds_of(std::chrono::milliseconds period)
{
    return std::chrono::ceil<std::chrono::seconds>(period).count();
}

json::object view(const issuance::LimitUse& use)
{
    json::object made;
    made["subject"] = use.subject.empty() ? json::value(nullptr) : json::value(use.subject);
    made["capacity"] = std::llround(use.capacity);
    made["period_seconds"] = seconds_of(use.period);
    made["remaining"] = static_cast<std::int64_t>(std::floor(use.remaining + 1e-6));
    made["reserved"] = use.reserved;
    made["blocked_until"] = time_or_null(use.blocked_until);
    made["next_free_at"] = base::to_rfc3339(use.next_free_at);
    return made;
}

json::object view(const issuance::LimitReport& report)
{
    json::object made;
    made["limit"] = to_string(report.kind);
    made["capacity"] =
        report.limit ? json::value(std::llround(report.limit->capacity)) : json::value(nullptr);
    made["period_seconds"] =
        report.limit ? json::value(seconds_of(report.limit->period)) : json::value(nullptr);
    made["shared"] = report.shared;
    made["overridden"] = report.overridden;
    json::array uses;
    for (const auto& each : report.uses) {
        uses.push_back(view(each));
    }
    made["uses"] = std::move(uses);
    made["more"] = report.more;
    return made;
}

json::object view(const model::CaAccount& account, const std::vector<issuance::LimitReport>& reports,
                  base::Time now)
{
    json::object made;
    made["account"] = account.id;
    made["name"] = account.name;
    made["directory_url"] = account.directory_url;
    made["published"] = !issuance::limits_of(account.directory_url).empty();
    made["time"] = base::to_rfc3339(now);
    json::array limits;
    for (const auto& each : reports) {
        limits.push_back(view(each));
    }
    made["limits"] = std::move(limits);
    return made;
}

base::Task<Answer> show(Parts parts, Call call)
{
    FieldReader reader(call.query);
    const auto name = reader.text("name").value_or("");
    const auto most = static_cast<std::size_t>(reader.number("most", 1, most_uses).value_or(10));
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    auto read = [wanted = call.parameter("account"), name, most,
                 now = parts.clock.now()](store::Transaction& tx) -> base::Result<json::object> {
        TRY(account, issuance::named_account(tx, wanted));
        TRY(reports, issuance::report_limits(tx, account, name, most, now));
        return view(account, reports, now);
    };
    CO_TRY(body, co_await parts.store.read(std::move(read)));
    co_return Answer(200, std::move(body));
}

// The limit that the address names, if it may have another number.
std::optional<LimitKind> chosen_limit(FieldReader& reader, const Call& call, const std::string& domain)
{
    const auto kind = issuance::limit_kind_from(call.parameter("limit"));
    if (!kind || !issuance::can_override(*kind)) {
        reader.add_problem("limit",
                           kind ? "is learned from the CA and cannot be set" : kind.error().message());
        return std::nullopt;
    }
    if (!domain.empty() && *kind != LimitKind::registered_domain) {
        reader.add_problem("domain", "goes with the limit registered_domain only");
    } else if (!domain.empty() &&
               issuance::registered_domains({domain}) != std::vector<std::string>{domain}) {
        reader.add_problem("domain", "is not a registered domain, such as example.com");
    }
    return *kind;
}

base::Task<Answer> change(Parts parts, Call call)
{
    FieldReader reader(call.body);
    const auto capacity = reader.number("capacity", 1, largest_capacity);
    const auto period = reader.number("period_seconds", 1, longest_period);
    const auto domain = reader.text("domain").value_or("");
    const auto kind = chosen_limit(reader, call, domain);
    for (const auto& [name, given] : {std::pair("capacity", capacity), std::pair("period_seconds", period)}) {
        if (!given && !call.body.contains(name)) {
            reader.add_problem(name, "is missing");
        }
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    const issuance::Limit limit{*kind, static_cast<double>(*capacity), std::chrono::seconds(*period)};
    auto write = [wanted = call.parameter("account"), limit, domain,
                  now = parts.clock.now()](store::Transaction& tx) -> base::Result<json::object> {
        TRY(account, issuance::named_account(tx, wanted));
        CHECKED(issuance::set_override(tx, account, limit, domain, now));
        TRY(reports, issuance::report_limits(tx, account, "", 10, now));
        return view(account, reports, now);
    };
    CO_TRY(body, co_await parts.store.write(std::move(write)));
    co_return Answer(200, std::move(body));
}

base::Task<Answer> reset(Parts parts, Call call)
{
    FieldReader reader(call.query);
    const auto domain = reader.text("domain").value_or("");
    const auto kind = chosen_limit(reader, call, domain);
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    auto write = [wanted = call.parameter("account"), limit = std::string(to_string(*kind)),
                  domain](store::Transaction& tx) -> base::Result<> {
        TRY(account, issuance::named_account(tx, wanted));
        CHECKED(tx.budgets.remove_override(account.id, limit, domain));
        return {};
    };
    CO_CHECKED(co_await parts.store.write(std::move(write)));
    co_return Answer(204, nullptr);
}

}  // namespace

std::vector<Operation> limit_operations()
{
    return {
        {"GET", "/v1/ca-accounts/{account}/limits", Scope::read, true, show},
        {"PUT", "/v1/ca-accounts/{account}/limits/{limit}", Scope::admin, true, change},
        {"DELETE", "/v1/ca-accounts/{account}/limits/{limit}", Scope::admin, true, reset},
    };
}

}  // namespace api
