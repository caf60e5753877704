#include "feed/member_source.h"

#include "base/log.h"
#include "base/secret_file.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace feed {

namespace {

constexpr std::size_t largest_file = 64 * 1024;
constexpr std::size_t hash_digits = 64;
constexpr std::chrono::seconds root_limit{8};
constexpr std::chrono::minutes between_renewals{10};

std::filesystem::path file_in(const std::filesystem::path& folder)
{
    return folder / "membership.pem";
}

base::Error not_our_control(const std::string& control)
{
    return base::Error(base::Errc::unauthorized,
                       fmt::format("{} does not show the root that the invitation names", control))
        .with_code("control_not_trusted")
        .with_fix(
            "See that --join names the control node's feed.listen, and that nothing stands between; then "
            "make a new invitation there with `certwright edge invite`.");
}

// One of ours, or nothing: {"request": ...} for a new key.
base::Result<std::string> body_for(const crypto::PrivateKey& key)
{
    TRY(request, crypto::make_csr(key, {"edge.certwright.internal"}));
    return boost::json::serialize(boost::json::object{{"request", base::to_base64url(request)}});
}

std::string hash_of(const base::Bytes& root)
{
    return base::to_hex(crypto::sha256(root));
}

// The one certificate in `text` that has the hash, written anew: whatever else was sent is not trusted.
// Empty: it is not the first one.
std::string pinned_root(const std::string& text, const std::string& hash)
{
    const auto root = crypto::parse_chain(text);
    return root && hash_of(root->der.front()) == hash ? crypto::to_pem({root->der.front()}) : std::string();
}

// The PEM blocks of a text, each with its lines.
std::vector<std::string> blocks_of(std::string_view text)
{
    std::vector<std::string> blocks;
    while (true) {
        const auto last = text.find("-----END ");
        const auto line = last == text.npos ? last : text.find('\n', last);
        if (line == text.npos) {
            return blocks;
        }
        blocks.emplace_back(text.substr(0, line + 1));
        text.remove_prefix(line + 1);
    }
}

}  // namespace

std::optional<Invitation> invitation_from(std::string_view text)
{
    const auto dot = text.find('.');
    if (dot == 0 || dot == text.npos || text.size() - dot - 1 != hash_digits ||
        text.find_first_not_of("0123456789abcdef", dot + 1) != text.npos) {
        return std::nullopt;
    }
    return Invitation{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

bool has_membership(const std::filesystem::path& folder)
{
    std::error_code absent;
    return std::filesystem::exists(file_in(folder), absent);
}

MemberSource::MemberSource(boost::asio::any_io_executor executor, const base::Clock& clock,
                           MemberOptions options)
    : executor_(std::move(executor)), clock_(clock), options_(std::move(options))
{
    for (auto& control : options_.controls) {
        while (control.ends_with('/')) {
            control.pop_back();
        }
    }
}

base::Task<Batch> MemberSource::next(model::Position after)
{
    CO_TRY(joined_now, co_await ensure());
    // What was followed before may be another group's.
    auto batch = co_await link_->source.next(joined_now ? model::Position() : after);
    if (batch || batch.error().kind() != base::Errc::unauthorized || !options_.invitation) {
        co_return std::move(batch);
    }
    // Removed, and invited again: what it was is of no use any more.
    auto joined = co_await join();
    if (!joined) {
        co_return std::move(batch);
    }
    co_return co_await link_->source.next({});
}

base::Task<> MemberSource::acknowledge(model::Position position)
{
    CO_CHECKED(co_await ensure());
    co_return co_await link_->source.acknowledge(std::move(position));
}

base::Task<model::WishAnswer> MemberSource::wish(model::Wish wish)
{
    const auto link = link_;
    if (!link) {
        co_return base::fail(base::Errc::unavailable, "this edge has not joined yet");
    }
    auto asking = link->source.wish(std::move(wish));
    co_return co_await std::move(asking);
}

// An invitation of another control node, or a certificate that has ended: only an invitation helps.
bool MemberSource::outlived() const
{
    if (!options_.invitation || !membership_) {
        return false;
    }
    const auto root = crypto::parse_chain(membership_->root);
    return membership_->until <= clock_.now() || !root ||
           hash_of(root->der.front()) != options_.invitation->root_hash;
}

base::Task<bool> MemberSource::ensure()
{
    if (!membership_ && has_membership(options_.folder)) {
        auto stored = read();
        if (stored) {
            use(std::move(*stored));
        } else if (!options_.invitation) {
            co_return base::fail(std::move(stored).error());
        }
    }
    if (!membership_ || outlived()) {
        CO_CHECKED(co_await join());
        co_return true;
    }
    if (clock_.now() >= next_renewal_) {
        next_renewal_ = clock_.now() + between_renewals;
        if (const auto renewed = co_await renew(); !renewed) {
            base::log::warning(
                "edge_certificate_not_renewed",
                {{"error", renewed.error().message()}, {"until", base::to_rfc3339(membership_->until)}});
        }
    }
    co_return false;
}

std::unique_ptr<http::Client> MemberSource::client_for(const std::string& root, const Membership* shown) const
{
    http::ClientOptions options;
    options.user_agent = options_.user_agent;
    options.private_root = root;
    options.unverified = root.empty();
    if (shown != nullptr) {
        options.certificate = shown->chain;
        options.key = shown->key;
    }
    return http::make_client(executor_, std::move(options));
}

// Nothing secret is sent before the root has the hash that the invitation names.
base::Task<std::string> MemberSource::trusted_root() const
{
    const auto client = client_for("", nullptr);
    base::Error failure(base::Errc::invalid, "no control node is named");
    for (const auto& control : options_.controls) {
        http::ClientRequest get("GET", control + "/feed/v1/root");
        get.limit = root_limit;
        auto answer = co_await client->send(std::move(get));
        if (!answer) {
            failure = std::move(answer).error();
        } else if (auto root = pinned_root(answer->body, options_.invitation->root_hash);
                   answer->status != 200 || root.empty()) {
            failure = not_our_control(control);
        } else {
            co_return std::move(root);
        }
    }
    co_return base::fail(std::move(failure));
}

base::Task<> MemberSource::join()
{
    if (!options_.invitation) {
        co_return base::fail(
            base::Error(base::Errc::unauthorized, "this edge has not joined yet")
                .with_code("feed_unauthorized")
                .with_fix("On the control node run `certwright edge invite`, and start the edge "
                          "with the token it prints."));
    }
    CO_TRY(root, co_await trusted_root());
    CO_TRY(key, crypto::PrivateKey::generate(model::KeyType::ecdsa_p256));
    CO_TRY(body, body_for(key));
    const auto client = client_for(root, nullptr);
    HttpSource asking(*client, options_.controls, options_.invitation->secret, options_.identity);
    CO_TRY(answer, co_await asking.post("/feed/v1/join", body));
    CO_CHECKED(take(key.to_pem(), root, answer));
    options_.invitation.reset();
    base::log::info("edge_joined", {{"edge", membership_->edge},
                                    {"certificate_until", base::to_rfc3339(membership_->until)}});
    co_return base::Result<>();
}

base::Task<> MemberSource::renew()
{
    CO_TRY(key, crypto::PrivateKey::generate(model::KeyType::ecdsa_p256));
    CO_TRY(body, body_for(key));
    CO_TRY(answer, co_await link_->source.post("/feed/v1/renew", body));
    CO_CHECKED(take(key.to_pem(), membership_->root, answer));
    base::log::info("edge_certificate_renewed", {{"until", base::to_rfc3339(membership_->until)}});
    co_return base::Result<>();
}

base::Result<MemberSource::Membership> MemberSource::read() const
{
    const auto file = file_in(options_.folder);
    TRY(text, base::read_small_file(file, largest_file));
    auto membership = membership_from(text);
    if (!membership) {
        return base::fail(std::move(membership).error().with_context(file.string()));
    }
    return membership;
}

// Key, root, then the chain.
base::Result<MemberSource::Membership> MemberSource::membership_from(std::string_view text)
{
    const auto blocks = blocks_of(text);
    constexpr std::size_t least = 3;
    if (blocks.size() < least) {
        return base::fail(base::Error(base::Errc::invalid, "this is not a whole membership")
                              .with_code("membership_unreadable")
                              .with_fix("Remove the file and join again with a new invitation."));
    }
    Membership made;
    made.key = blocks[0];
    made.root = blocks[1];
    for (std::size_t i = 2; i < blocks.size(); ++i) {
        made.chain += blocks[i];
    }
    TRY(chain, crypto::parse_chain(made.chain));
    if (chain.leaf.identifiers.empty()) {
        return base::fail(base::Errc::invalid, "the certificate names no edge");
    }
    made.edge = chain.leaf.identifiers.front();
    made.until = chain.leaf.not_after;
    made.renew_at = chain.leaf.not_before + (chain.leaf.not_after - chain.leaf.not_before) / 3;
    return made;
}

base::Result<> MemberSource::take(const std::string& key, const std::string& root, const std::string& answer)
{
    boost::system::error_code unreadable;
    const auto document = boost::json::parse(answer, unreadable);
    const auto* object = unreadable ? nullptr : document.if_object();
    const auto* chain = object == nullptr ? nullptr : object->if_contains("chain");
    if (chain == nullptr || !chain->is_string()) {
        return base::fail(base::Errc::invalid, "the control node answered without a certificate");
    }
    const auto* group = object->if_contains("group");
    if (group != nullptr && group->is_string() && group->get_string() != options_.group) {
        base::log::error("edge_group_differs", {{"invited_to", std::string(group->get_string())},
                                                {"started_for", options_.group},
                                                {"fix", "start this edge with --group of the invitation"}});
    }
    const auto text = key + root + std::string(chain->get_string());
    TRY(membership, membership_from(text));
    CHECKED(base::write_secret_file(file_in(options_.folder), text));
    use(std::move(membership));
    return {};
}

void MemberSource::use(Membership membership)
{
    options_.identity.id = membership.edge;
    auto client = client_for(membership.root, &membership);
    HttpSource source(*client, options_.controls, "", options_.identity);
    link_ = std::make_shared<Link>(std::move(client), std::move(source));
    next_renewal_ = membership.renew_at;
    membership_ = std::move(membership);
}

}  // namespace feed
