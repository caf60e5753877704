// FakeResolver: a DNS that a test writes down record by record.
#pragma once

#include "base/task.h"
#include "dns/resolver.h"

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace test {

// Follows CNAMEs as a resolver does, except for questions about the CNAME itself. Names without records do
// not exist; their registrable domains do unless forgotten with `unregistered`. Runs on one executor: no
// locks.
class FakeResolver final : public dns::Resolver {
public:
    void set(const std::string& name, dns::RecordType type, std::vector<std::string> values)
    {
        records_[{name, type}] = std::move(values);
    }
    void clear(const std::string& name)
    {
        std::erase_if(records_, [&](const auto& each) { return each.first.first == name; });
    }
    void fail(const std::string& name) { failing_.insert(name); }          // SERVFAIL
    void silence(const std::string& name) { silent_.insert(name); }        // no answer at all
    void unregistered(const std::string& name) { missing_.insert(name); }  // NXDOMAIN at the domain itself

    // Names that end so are answered after `slowness`.
    void slow(const std::string& ending, std::chrono::milliseconds slowness)
    {
        slow_ending_ = ending;
        slowness_ = slowness;
    }

    std::size_t asked = 0;

    base::Task<dns::Lookup> lookup(std::string name, dns::RecordType type) override
    {
        ++asked;
        if (!slow_ending_.empty() && name.ends_with(slow_ending_)) {
            co_await base::sleep_for(slowness_);
        }
        co_return answer(name, type);
    }

private:
    base::Result<dns::Lookup> answer(std::string name, dns::RecordType type) const
    {
        if (silent_.contains(name)) {
            return base::fail(base::Errc::timeout, "no answer for " + name);
        }
        dns::Lookup found;
        if (failing_.contains(name)) {
            found.rcode = dns::Rcode::servfail;
            found.why = "upstream failed";
            return found;
        }
        for (int hops = 0; type != dns::RecordType::cname && hops < 10; ++hops) {
            const auto alias = find(name, dns::RecordType::cname);
            if (alias.empty()) {
                break;
            }
            name = alias.front();
        }
        found.canonical_name = name;
        found.records = find(name, type);
        const bool exists =
            std::ranges::any_of(records_, [&](const auto& each) { return each.first.first == name; });
        if (missing_.contains(name) || (!exists && type != dns::RecordType::soa)) {
            found.rcode = dns::Rcode::nxdomain;
        }
        return found;
    }

    std::vector<std::string> find(const std::string& name, dns::RecordType type) const
    {
        auto found = records_.find({name, type});
        if (found == records_.end() && name.contains('.')) {
            found = records_.find({"*" + name.substr(name.find('.')), type});
        }
        return found == records_.end() ? std::vector<std::string>() : found->second;
    }

    std::map<std::pair<std::string, dns::RecordType>, std::vector<std::string>> records_;
    std::string slow_ending_;
    std::chrono::milliseconds slowness_{0};
    std::set<std::string> failing_;
    std::set<std::string> silent_;
    std::set<std::string> missing_;
};

}  // namespace test
