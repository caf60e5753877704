// MemberSource: the feed over TLS with a certificate of the edge's own, which it gets once for an invitation
// and renews by itself.
#pragma once

#include "base/clock.h"
#include "feed/http_source.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace feed {

// "<secret>.<SHA-256 of the root of control's private CA, hexadecimal>", as `certwright edge invite` prints
// it.
struct Invitation {
    std::string secret;
    std::string root_hash;
};
// Empty: the text is no invitation.
std::optional<Invitation> invitation_from(std::string_view text);

struct MemberOptions {
    std::vector<std::string> controls;     // https URLs of control nodes' feed.listen
    std::optional<Invitation> invitation;  // none: it has joined before
    std::filesystem::path folder;   // where key and certificate are kept, in membership.pem (mode 0600)
    std::string group = "default";  // that the edge serves
    FollowerIdentity identity;      // its id is the one in the certificate, once there is one
    std::string user_agent;
};

// Whether `folder` holds a membership.
bool has_membership(const std::filesystem::path& folder);

// Joins at the first use when there is no certificate yet, or control takes the one there is no more and the
// invitation has not been used. Runs on one executor: no locks. `clock` outlives it.
class MemberSource final : public Source, public WishDesk {
public:
    MemberSource(boost::asio::any_io_executor executor, const base::Clock& clock, MemberOptions options);

    base::Task<Batch> next(model::Position after) override;
    base::Task<> acknowledge(model::Position position) override;
    base::Task<model::WishAnswer> wish(model::Wish wish) override;

private:
    // A wish under way outlives the certificate that it began with.
    struct Link {
        std::unique_ptr<http::Client> client;
        HttpSource source;
    };
    // What is kept in the folder.
    struct Membership {
        std::string key;    // PEM
        std::string root;   // PEM
        std::string chain;  // PEM
        std::string edge;
        base::Time renew_at{};
        base::Time until{};
    };

    bool outlived() const;
    // True: it has just joined.
    base::Task<bool> ensure();
    base::Task<> join();
    base::Task<> renew();
    base::Task<std::string> trusted_root() const;
    base::Result<Membership> read() const;
    static base::Result<Membership> membership_from(std::string_view text);
    base::Result<> take(const std::string& key, const std::string& root, const std::string& answer);
    void use(Membership membership);
    std::unique_ptr<http::Client> client_for(const std::string& root, const Membership* shown) const;

    boost::asio::any_io_executor executor_;
    const base::Clock& clock_;
    MemberOptions options_;
    std::optional<Membership> membership_;
    std::shared_ptr<Link> link_;  // none: not joined
    base::Time next_renewal_{};
};

}  // namespace feed
