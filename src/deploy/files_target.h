// FilesTarget: a folder with a folder for each name, for nginx and everything else that reads PEM files.
#pragma once

#include "deploy/target.h"

#include <boost/asio/thread_pool.hpp>

#include <map>
#include <string>
#include <vector>

namespace deploy {

struct FilesOptions {
    std::string folder;
    unsigned mode = 0600;             // of files; folders get the matching search permission
    std::vector<std::string> reload;  // run after changes; empty: nothing
    std::chrono::milliseconds reload_every{5'000};
    std::chrono::milliseconds reload_limit{60'000};
};

// <folder>/<name>/ has fullchain.pem, privkey.pem and combined.pem, and the same with .rsa.pem where there is
// an RSA certificate beside an ECDSA one; <name> is a link that is replaced in one step, so that chain and
// key of one certificate are always found together. `pool` does the writing and outlives it.
class FilesTarget final : public Target {
public:
    FilesTarget(FilesOptions options, boost::asio::thread_pool& pool)
        : options_(std::move(options)), pool_(pool)
    {
    }

    std::string name() const override { return "files " + options_.folder; }
    base::Task<> put(Items items) override;
    base::Task<> begin_all() override;
    base::Task<> end_all() override;
    // Changes within this time are one reload.
    std::chrono::milliseconds rest() const override
    {
        return options_.reload.empty() ? std::chrono::milliseconds(0) : rest_;
    }

private:
    base::Result<> write(const Items& items);
    base::Result<> write_name(const std::string& name, const Item& item);
    base::Result<> remove_name(const std::string& name);
    base::Result<> remove_others();
    base::Result<> reload();
    std::string link_target(const std::string& name) const;

    FilesOptions options_;
    boost::asio::thread_pool& pool_;
    bool gathering_ = false;
    bool reload_due_ = true;  // what the proxy loaded before we came is unknown
    std::chrono::milliseconds rest_{0};
    std::map<std::string, std::vector<std::string>> of_endpoint_;  // names
};

}  // namespace deploy
