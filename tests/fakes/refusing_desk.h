// Control that refuses every name that an edge asks for, and remembers for whom it was asked.
#pragma once

#include "feed/wish.h"

#include <string>
#include <utility>
#include <vector>

namespace test {

// Runs on one executor: no locks.
class RefusingDesk : public feed::WishDesk {
public:
    base::Task<model::WishAnswer> wish(model::Wish wish) override
    {
        clients.push_back(std::move(wish.client));
        model::WishAnswer answer;
        answer.code = "dns_wrong_target";
        answer.keep = std::chrono::seconds(60);
        co_return answer;
    }

    std::vector<std::string> clients;
};

}  // namespace test
