// HaproxyTarget: puts certificates into a running HAProxy without reloading it.
#pragma once

#include "deploy/haproxy_socket.h"
#include "deploy/target.h"

#include <map>
#include <set>
#include <string>

namespace deploy {

// A file of HAProxy's: a certificate of an endpoint by its key type. Stable over renewals.
std::string haproxy_file(const std::string& folder, const Item& item, const Bundle& bundle);
// Its line in the crt-list: the file and the names that it is for.
std::string haproxy_line(const std::string& file, const Bundle& bundle);
// The crt-list that `bind ... ssl crt-list` names.
std::string haproxy_list(const std::string& folder);

// Names of certificates and of the list are those of the files in `folder` (HaproxyFolder), so that a
// restarted HAProxy loads the same from there.
class HaproxyTarget final : public Target {
public:
    HaproxyTarget(HaproxySocket socket, std::string folder)
        : socket_(std::move(socket)), folder_(std::move(folder))
    {
    }

    std::string name() const override { return "haproxy " + socket_.where(); }
    base::Task<> put(Items items) override;
    base::Task<> begin_all() override;
    base::Task<> end_all() override;
    // Another process, or one that was reloaded, answers at the socket.
    base::Task<bool> lost() override;

private:
    struct Entry {
        std::string line;         // in the crt-list; empty: not in it
        std::string certificate;  // id, when we put it; empty: unknown
    };
    struct Wanted {
        std::string line;
        std::string certificate;
        std::string pem;
    };

    base::Task<> put_item(Item item);
    base::Task<> put_file(std::string file, Wanted wanted);
    base::Task<> load(std::string file, std::string pem);
    base::Task<> list(std::string file, std::string line);
    base::Task<> unlist(std::string file);
    base::Task<> drop(std::string file);
    base::Task<> ask(std::string command, std::string payload, std::string expected);

    HaproxySocket socket_;
    std::string folder_;
    std::string process_;                                       // which one has what is noted here
    std::map<std::string, Entry> files_;                        // what HAProxy has, by file
    std::map<std::string, std::set<std::string>> of_endpoint_;  // files by endpoint
    std::set<std::string> seen_;                                // files named since begin_all()
};

}  // namespace deploy
