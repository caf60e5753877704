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

RecordVerdict verdict(model::RecordStatus status, std::string_view code, const ProblemFacts& facts)
{
    RecordVerdict made;
    made.status = status;
    made.problem = problem(code, facts);
    return made;
}

}  // namespace diagnosis
