#include "deploy/hook_target.h"

#include "base/command.h"
#include "base/log.h"
#include "base/secret_file.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <fstream>

namespace deploy {

namespace json = boost::json;

namespace {

json::array to_array(const std::vector<std::string>& texts)
{
    json::array array;
    for (const auto& each : texts) {
        array.emplace_back(each);
    }
    return array;
}

json::object describe(const Item& item, const std::string& name)
{
    json::object made;
    made["event"] = item.bundles.empty() ? "removed" : "deployed";
    made["endpoint"] = item.endpoint;
    made["name"] = name;
    made["names"] = to_array(item.names);
    json::array certificates;
    for (const auto& each : item.bundles) {
        json::object certificate;
        certificate["id"] = each.certificate;
        certificate["key_type"] = model::to_string(each.key_type);
        certificate["names"] = to_array(each.names);
        certificate["not_after"] = base::to_rfc3339(each.not_after);
        certificate["chain_pem"] = each.chain_pem;
        certificate["key_pem"] = each.key_pem;
        certificates.push_back(std::move(certificate));
    }
    made["certificates"] = std::move(certificates);
    return made;
}

}  // namespace

base::Task<> HookTarget::begin_all()
{
    seen_.clear();
    auto work = [this] { return read_ledger(); };
    co_return co_await base::blocking(pool_, std::move(work));
}

base::Task<> HookTarget::put(Items items)
{
    for (const auto& item : *items) {
        seen_.insert(item.endpoint);
        auto work = [this, &item] { return tell(item); };
        CO_CHECKED(co_await base::blocking(pool_, std::move(work)));
    }
    co_return base::Result<>();
}

base::Task<> HookTarget::end_all()
{
    std::vector<std::string> gone;
    for (const auto& [endpoint, told] : told_) {
        if (!seen_.contains(endpoint)) {
            gone.push_back(endpoint);
        }
    }
    for (const auto& endpoint : gone) {
        Item item;
        item.endpoint = endpoint;
        auto work = [this, item] { return tell(item); };
        CO_CHECKED(co_await base::blocking(pool_, std::move(work)));
    }
    auto work = [this] { return write_ledger(); };
    co_return co_await base::blocking(pool_, std::move(work));
}

base::Result<> HookTarget::tell(const Item& item)
{
    const auto known = told_.find(item.endpoint);
    const auto print = fingerprint(item);
    if (known == told_.end() ? print.empty() : known->second.fingerprint == print) {
        return {};
    }
    Told told{print, item.names.empty() ? std::string() : item.names.front()};
    if (told.name.empty() && known != told_.end()) {
        told.name = known->second.name;
    }
    CHECKED(run(item, told.name));
    return note(item.endpoint, told);
}

base::Result<> HookTarget::run(const Item& item, const std::string& name) const
{
    base::Command command;
    command.words = options_.command;
    command.limit = options_.limit;
    command.input = json::serialize(describe(item, name)) + "\n";
    command.environment = {fmt::format("CERTWRIGHT_EVENT={}", item.bundles.empty() ? "removed" : "deployed"),
                           "CERTWRIGHT_ENDPOINT=" + item.endpoint, "CERTWRIGHT_NAME=" + name};
    TRY(outcome, base::run_command(command));
    if (outcome.status == 0) {
        return {};
    }
    return base::fail(base::Error(base::Errc::unavailable,
                                  fmt::format("{} ended with status {} for {}: {}", options_.command.front(),
                                              outcome.status, name, outcome.output.substr(0, 300)))
                          .with_code("deploy_hook_failed")
                          .with_fix("Run the hook by hand; certwright tries it again by itself."));
}

// Appended, so that a crash loses at most what is told twice then.
base::Result<> HookTarget::note(const std::string& endpoint, const Told& told)
{
    std::ofstream out(options_.ledger, std::ios::app);
    out << endpoint << '\t' << told.name << '\t' << told.fingerprint << '\n';
    if (!out.flush()) {
        return base::fail(base::Errc::unavailable, "cannot write " + options_.ledger.string());
    }
    if (told.fingerprint.empty()) {
        told_.erase(endpoint);
    } else {
        told_[endpoint] = told;
    }
    return {};
}

base::Result<> HookTarget::read_ledger()
{
    told_.clear();
    std::ifstream in(options_.ledger);
    for (std::string line; std::getline(in, line);) {
        const auto first = line.find('\t');
        const auto second = line.find('\t', first + 1);
        if (first == std::string::npos || second == std::string::npos || in.eof()) {
            continue;  // The last line may be half of one.
        }
        const auto endpoint = line.substr(0, first);
        Told told{line.substr(second + 1), line.substr(first + 1, second - first - 1)};
        if (told.fingerprint.empty()) {
            told_.erase(endpoint);
        } else {
            told_[endpoint] = std::move(told);
        }
    }
    return {};
}

base::Result<> HookTarget::write_ledger() const
{
    std::string text;
    for (const auto& [endpoint, told] : told_) {
        text += fmt::format("{}\t{}\t{}\n", endpoint, told.name, told.fingerprint);
    }
    return base::write_secret_file(options_.ledger, text);
}

}  // namespace deploy
