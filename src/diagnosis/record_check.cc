#include "diagnosis/record_check.h"

namespace diagnosis {

ProblemFacts facts_of(const model::RequiredRecord& record)
{
    ProblemFacts facts;
    facts.name = record.name;
    facts.host = record.host;
    facts.expected = record.value;
    return facts;
}

boost::asio::awaitable<bool> dns_is_reachable(dns::Resolver& resolver, std::string name)
{
    const auto dot = name.rfind('.');
    auto top = co_await resolver.lookup(dot == std::string::npos ? name : name.substr(dot + 1),
                                        dns::RecordType::soa);
    co_return top && top->rcode != dns::Rcode::servfail;
}

RecordVerdict verdict(model::RecordStatus status, std::string_view code, const ProblemFacts& facts)
{
    RecordVerdict made;
    made.status = status;
    made.problem = problem(code, facts);
    return made;
}

}  // namespace diagnosis
