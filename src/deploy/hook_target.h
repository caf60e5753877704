// HookTarget: runs a program of the operator's for each endpoint whose certificates changed.
#pragma once

#include "deploy/target.h"

#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace deploy {

struct HookOptions {
    std::vector<std::string> command;
    std::filesystem::path ledger;  // what the program was told, so that a restart does not tell it all again
    std::chrono::milliseconds limit{60'000};
};

// The program gets a JSON description with the PEM texts on its standard input and the short facts in its
// environment (docs/other-proxies.md). It is run again until it exits with 0, at least once for each change.
// `pool` runs it and outlives this.
class HookTarget final : public Target {
public:
    HookTarget(HookOptions options, boost::asio::thread_pool& pool)
        : options_(std::move(options)), pool_(pool)
    {
    }

    std::string name() const override { return "hook " + options_.command.front(); }
    base::Task<> put(Items items) override;
    base::Task<> begin_all() override;
    base::Task<> end_all() override;

private:
    struct Told {
        std::string fingerprint;
        std::string name;
    };
    base::Result<> tell(const Item& item);
    base::Result<> run(const Item& item, const std::string& name) const;
    base::Result<> note(const std::string& endpoint, const Told& told);
    base::Result<> read_ledger();
    base::Result<> write_ledger() const;

    HookOptions options_;
    boost::asio::thread_pool& pool_;
    std::map<std::string, Told> told_;  // by endpoint
    std::set<std::string> seen_;
};

}  // namespace deploy
