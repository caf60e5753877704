#include "soak/simulated_dns.h"

namespace soak {

SimulatedDns::SimulatedDns(const VirtualClock& clock, const World& world) : clock_(clock)
{
    for (const auto& site : world.sites) {
        for (const auto& record : site.endpoint.required_records) {
            records_[record.name] = {&site, record.value};
        }
        for (const auto& name : site.endpoint.names) {
            sites_[name.text()] = &site;
        }
    }
}

const SimulatedDns::Record* SimulatedDns::find(const std::string& name) const
{
    auto found = records_.find(name);
    if (const auto dot = name.find('.'); found == records_.end() && dot != std::string::npos) {
        found = records_.find("*" + name.substr(dot));
    }
    return found == records_.end() ? nullptr : &found->second;
}

const Site* SimulatedDns::site_of(const std::string& identifier) const
{
    const auto found = sites_.find(identifier);
    return found == sites_.end() ? nullptr : found->second;
}

base::Task<dns::Lookup> SimulatedDns::lookup(std::string name, dns::RecordType type)
{
    ++asked_;
    dns::Lookup answer;
    answer.canonical_name = name;
    const auto* record = find(name);
    const bool broken = record != nullptr && broken_now(*record->site);
    if (broken && record->site->how == Breakage::silent) {
        co_return base::fail(base::Errc::timeout, "no answer for " + name);
    }
    if (broken && record->site->how == Breakage::servfail) {
        answer.rcode = dns::Rcode::servfail;
        answer.why = "upstream failed";
    } else if (record == nullptr || broken) {
        answer.rcode = type == dns::RecordType::soa ? dns::Rcode::noerror : dns::Rcode::nxdomain;
    } else if (type == dns::RecordType::cname) {
        answer.records = {record->target};
    } else {
        answer.canonical_name = record->target;
    }
    co_return answer;
}

}  // namespace soak
