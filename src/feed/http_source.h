// HttpSource: the revision feed of a control node over HTTP, for followers on other machines.
#pragma once

#include "feed/follower.h"
#include "feed/wish.h"
#include "http/client.h"

#include <string>
#include <vector>

namespace feed {

// Who follows: shows in `edge list`.
struct FollowerIdentity {
    std::string id;
    std::string name;
    std::string version;
};

// What a control node said instead of what was asked for.
base::Error refused_by_control(const http::ClientResponse& response);

// GET {control}/feed/v1/changes, POST {control}/feed/v1/ack and .../wishes with a bearer token, or with the
// certificate that `client` shows. What the follower may see (its edge group) is decided by these. Where one
// of several control nodes fails the next is asked at once, and stayed with. Runs on one executor: no locks.
// REQUIRES: `client` outlives it.
class HttpSource final : public Source, public WishDesk {
public:
    // `token` empty: none is sent.
    HttpSource(http::Client& client, std::vector<std::string> controls, std::string token,
               FollowerIdentity identity);

    base::Task<Batch> next(model::Position after) override;
    base::Task<> acknowledge(model::Position position) override;
    base::Task<model::WishAnswer> wish(model::Wish wish) override;
    // A POST of JSON to the control node that is followed, or to the next that answers.
    base::Task<std::string> post(std::string path, std::string json);

    // What keeps this follower from its work, told with each acknowledgement; empty: nothing.
    void set_trouble(std::string trouble) { trouble_ = std::move(trouble); }

private:
    // The first good answer of the control nodes, beginning with the one that answered last.
    base::Task<http::ClientResponse> ask(http::ClientRequest request);

    http::Client& client_;
    std::vector<std::string> controls_;  // without final slash
    std::size_t at_ = 0;                 // which of them
    std::string token_;
    FollowerIdentity identity_;
    std::string trouble_;
};

}  // namespace feed
