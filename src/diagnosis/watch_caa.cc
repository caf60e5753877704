// CAA for one account: which of several CAs an order may go to.
#include "diagnosis/record_check.h"
#include "diagnosis/watch.h"

namespace diagnosis {

namespace {

base::Task<model::Problem> problem_for(dns::Resolver& resolver, model::Endpoint endpoint, CaIdentity account)
{
    for (const auto& name : endpoint.names) {
        CaaQuestion question;
        question.name = std::string(name.base());
        question.wildcard = name.wildcard();
        question.cas = {account};
        auto verdict = co_await check_caa(resolver, std::move(question));
        if (verdict.status == model::ConditionStatus::no) {
            co_return std::move(verdict.problem);
        }
    }
    co_return model::Problem();
}

}  // namespace

base::Task<model::Problem> Watch::caa_problem(model::Endpoint endpoint, CaIdentity account)
{
    auto work = problem_for(resolver_, std::move(endpoint), std::move(account));
    co_return co_await base::with_timeout(options_.limit, std::move(work));
}

}  // namespace diagnosis
