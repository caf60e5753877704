// HttpSource: the revision feed of a control node over HTTP, for followers on other machines.
#pragma once

#include "feed/follower.h"
#include "feed/wish.h"
#include "http/client.h"

#include <string>

namespace feed {

// Who follows: shows in `edge list`.
struct FollowerIdentity {
    std::string id;
    std::string name;
    std::string version;
};

// GET {control}/feed/v1/changes, POST {control}/feed/v1/ack and .../wishes with a bearer token. What the
// follower may see (its edge group) is decided by the token. Runs on one executor: no locks. REQUIRES:
// `client` outlives it.
class HttpSource final : public Source, public WishDesk {
public:
    HttpSource(http::Client& client, std::string control, std::string token, FollowerIdentity identity);

    base::Task<Batch> next(model::Position after) override;
    base::Task<> acknowledge(model::Position position) override;
    base::Task<model::WishAnswer> wish(model::Wish wish) override;

    // What keeps this follower from its work, told with each acknowledgement; empty: nothing.
    void set_trouble(std::string trouble) { trouble_ = std::move(trouble); }

private:
    http::ClientRequest request(std::string method, std::string path_and_query) const;

    http::Client& client_;
    std::string control_;  // without final slash
    std::string token_;
    FollowerIdentity identity_;
    std::string trouble_;
};

}  // namespace feed
