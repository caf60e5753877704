// HaproxyFolder: the files from which HAProxy loads certificates when it starts.
#pragma once

#include "deploy/target.h"

#include <boost/asio/thread_pool.hpp>

#include <map>
#include <set>
#include <string>

namespace deploy {

// One PEM file for each certificate (mode 0600) and the crt-list, each replaced in one step. The folder and
// an empty list are made when missing. `pool` does the writing and outlives it.
class HaproxyFolder final : public Target {
public:
    HaproxyFolder(std::string folder, boost::asio::thread_pool& pool)
        : folder_(std::move(folder)), pool_(pool)
    {
    }

    std::string name() const override { return "haproxy files " + folder_; }
    base::Task<> put(Items items) override;
    base::Task<> begin_all() override;
    base::Task<> end_all() override;

    // Before HAProxy starts it needs the list, even an empty one.
    base::Result<> prepare();

private:
    struct File {
        std::string line;
        std::string certificate;
    };
    base::Result<> write(const Items& items);
    base::Result<> write_item(const Item& item);
    base::Result<> write_list();
    base::Result<> remove_others();

    std::string folder_;
    boost::asio::thread_pool& pool_;
    bool gathering_ = false;
    bool list_stale_ = false;
    std::map<std::string, File> files_;
    std::map<std::string, std::set<std::string>> of_endpoint_;
};

}  // namespace deploy
