// World: what the parts of the ACME server share. Internal to relay/.
#pragma once

#include "base/task.h"
#include "crypto/public_key.h"
#include "relay/account_policy.h"
#include "relay/ca_limits.h"
#include "relay/call.h"
#include "relay/identifier_policy.h"
#include "relay/issuer.h"
#include "relay/jws.h"
#include "relay/state.h"
#include "relay/validator.h"

#include <boost/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace relay {

struct ServerSettings {
    std::string
        public_url;  // "https://ca.example"; where a request does not say how it came, after a restart
    std::string terms_of_service;
    std::string website;
    std::vector<std::string> caa_identities;
    std::map<std::string, Profile> profiles = usual_profiles();
    std::string default_profile = "classic";
    std::vector<std::string> challenges{"http-01", "dns-01", "tls-alpn-01"};
    bool renewal_information = true;
    bool order_lists = true;
    std::size_t orders_per_page = 50;
};

// They outlive the server.
struct ServerParts {
    base::Clock& clock;
    State& state;
    AccountPolicy& accounts;
    IdentifierPolicy& identifiers;
    Validator& validator;
    Issuer& issuer;
    Faults& faults;
    CaLimits& limits;
};

struct World : ServerParts {
    World(ServerParts parts, ServerSettings s) : ServerParts(parts), settings(std::move(s)) {}

    ServerSettings settings;

    std::int64_t now() const { return base::to_millis(clock.now()); }
    const Profile& profile(const std::string& name) const;
};

// A request whose signature, nonce and URL are good.
struct Request {
    Call call;
    Place place;
    std::string payload;                   // empty: POST-as-GET
    std::optional<Account> account;        // of its key id
    std::optional<crypto::PublicKey> key;  // of its JWK
    Delivery delivery;                     // of the answer

    std::string url(std::string_view path, const std::string& id) const
    {
        return call.base_url + std::string(path) + id;
    }
};

using Answer = boost::asio::awaitable<Checked<Reply>>;

// Faults of this step by script: waits, and refuses or says what becomes of the reply.
boost::asio::awaitable<Checked<>> meet_faults(World& world, Request& request,
                                              std::vector<std::string> identifiers);

// The payload as an object; malformed otherwise.
Checked<boost::json::object> payload_object(const Request& request);
Checked<> only_post_as_get(const Request& request);

Reply json_reply(int status, const boost::json::object& body);
void add_retry_after(Reply& reply, const World& world, std::chrono::seconds wait, bool as_date);
// For what is not finished yet.
void add_poll_after(Reply& reply, const World& world);

// Resources as clients see them.
boost::json::object view(const Account& account, const Request& request, const World& world);
boost::json::object view(const Challenge& challenge, const Authorization& of, const Request& request);
boost::json::object view(const Authorization& authorization, const Request& request, std::int64_t now);
boost::json::object view(const Order& order, const Request& request);
boost::json::object view(const Problem& problem);

}  // namespace relay
