// RawClient: signs whatever a test wants, right or wrong, and sends it straight to a server; and a whole CA
// in memory.
#pragma once

#include "crypto/certificate.h"
#include "crypto/jose.h"
#include "relay/file_state.h"
#include "relay/http_service.h"
#include "support/certificates.h"
#include "support/run.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <string>

namespace test {

namespace json = boost::json;

inline const std::string ca_url = "https://ca.test";

// Says what the test wrote down.
class ScriptedValidator final : public relay::Validator {
public:
    boost::asio::awaitable<relay::Problem> validate(relay::ValidationRequest request) override
    {
        seen.push_back(request);
        co_return verdict;
    }
    boost::asio::awaitable<relay::Problem> check_caa(relay::ValidationRequest request) override
    {
        caa_seen.push_back(request);
        co_return caa_verdict;
    }
    relay::Problem verdict;
    relay::Problem caa_verdict;
    std::vector<relay::ValidationRequest> seen;
    std::vector<relay::ValidationRequest> caa_seen;
};

// Everything behind an ACME server, on a clock that stands still.
struct MemoryCa {
    explicit MemoryCa(relay::ServerSettings settings = {}, relay::CaNumbers numbers = {},
                      std::map<std::string, base::Bytes> keys = {})
        : accounts(keys, !keys.empty(), false), limits(std::move(numbers))
    {
        settings.public_url = ca_url;
        const relay::ServerParts parts{clock, *state, accounts, names, validator, issuer, faults, limits};
        server = std::make_unique<relay::AcmeServer>(loop.get_executor(), parts, std::move(settings));
    }
    ~MemoryCa() { run(loop, server->stop()); }

    static crypto::PrivateCaOptions options(base::Time now)
    {
        crypto::PrivateCaOptions made;
        made.roots = 2;
        made.now = now;
        return made;
    }

    asio::io_context loop{1};
    base::ManualClock clock{base::parse_rfc3339("2026-03-01T00:00:00Z").value()};
    asio::thread_pool pool{1};
    crypto::PrivateCa authority = crypto::PrivateCa::create(options(clock.now())).value();
    std::unique_ptr<relay::State> state = std::make_unique<relay::FileState>();
    relay::ListedAccounts accounts;
    relay::PublicNames names{{"blocked.test"}, {"www", "git"}};
    ScriptedValidator validator;
    relay::PrivateIssuer issuer{authority, clock, pool};
    relay::Faults faults;
    relay::CaLimits limits;
    std::unique_ptr<relay::AcmeServer> server;
};

// What came back.
struct RawReply {
    int status = 0;
    http::Headers headers;
    std::string body;
    bool lost = false;

    json::object object() const { return json::parse(body).as_object(); }
    std::string text(std::string_view name) const { return std::string(object().at(name).as_string()); }
    // Without the URN.
    std::string problem() const
    {
        const auto type = text("type");
        return type.substr(type.rfind(':') + 1);
    }
    std::string header(std::string_view name) const { return std::string(headers.find(name).value_or("")); }
};

class RawClient {
public:
    explicit RawClient(MemoryCa& ca, crypto::PrivateKey key = new_key()) : ca_(ca), key_(std::move(key)) {}

    RawReply send(relay::Call call)
    {
        call.base_url = ca_url;
        call.client = "192.0.2.1";
        auto reply = run(ca_.loop, ca_.server->handle(std::move(call)));
        return {reply.status, std::move(reply.headers), std::move(reply.body), reply.lost};
    }
    RawReply get(const std::string& path, const std::string& method = "GET")
    {
        relay::Call call;
        call.method = method;
        call.target = path;
        call.headers = {{"User-Agent", "test"}};
        return send(std::move(call));
    }
    RawReply post_body(const std::string& path, std::string body)
    {
        relay::Call call;
        call.method = "POST";
        call.target = path;
        call.headers = {{"User-Agent", "test"}, {"Content-Type", "application/jose+json"}};
        call.body = std::move(body);
        return send(std::move(call));
    }
    std::string nonce() { return get("/acme/new-nonce", "HEAD").header("Replay-Nonce"); }

    // The header of an ordinary request, to be spoilt.
    json::object header(const std::string& path)
    {
        json::object made{{"alg", crypto::jws_algorithm(key_)}, {"nonce", nonce()}, {"url", ca_url + path}};
        if (account.empty()) {
            made["jwk"] = json::parse(crypto::to_jwk(key_));
        } else {
            made["kid"] = account;
        }
        return made;
    }
    std::string sign(const json::object& header, const std::string& payload)
    {
        return crypto::sign_jws(key_, json::serialize(header), payload).value();
    }
    RawReply post(const std::string& path, const std::string& payload)
    {
        return post_body(path, sign(header(path), payload));
    }
    RawReply post_with(const std::string& path, const json::object& spoilt, const std::string& payload)
    {
        return post_body(path, sign(spoilt, payload));
    }
    static std::string path_of(const std::string& url) { return url.substr(ca_url.size()); }
    // POST-as-GET of a URL of ours.
    RawReply fetch(const std::string& url) { return post(path_of(url), ""); }

    RawReply enroll(const std::string& payload = "{}")
    {
        auto reply = post("/acme/new-acct", payload);
        account = reply.header("Location");
        return reply;
    }
    static std::string order_payload(const std::vector<std::string>& names, const std::string& more = "")
    {
        json::array identifiers;
        for (const auto& name : names) {
            identifiers.push_back({{"type", "dns"}, {"value", name}});
        }
        return fmt::format(R"({{"identifiers":{}{}}})", json::serialize(identifiers), more);
    }
    RawReply order(const std::vector<std::string>& names, const std::string& more = "")
    {
        return post("/acme/new-order", order_payload(names, more));
    }
    // Meets (or fails) every authorization by the first challenge.
    void prove(const RawReply& order)
    {
        for (const auto& url : order.object().at("authorizations").as_array()) {
            const auto authorization = fetch(std::string(url.as_string())).object();
            const auto& challenge = authorization.at("challenges").as_array().at(0).as_object();
            post(path_of(std::string(challenge.at("url").as_string())), "{}");
        }
        settle();
    }
    // Lets what the server does behind the scenes come to its end.
    void settle()
    {
        ca_.loop.restart();
        ca_.loop.poll();
    }
    RawReply finalize(const RawReply& order, const std::vector<std::string>& names,
                      const crypto::PrivateKey& key = new_key())
    {
        const auto csr = base::to_base64url(crypto::make_csr(key, names).value());
        return post(path_of(order.text("finalize")), fmt::format(R"({{"csr":"{}"}})", csr));
    }
    // The whole way; the certificate's chain.
    RawReply issue(const std::vector<std::string>& names, const std::string& more = "",
                   const crypto::PrivateKey& key = new_key())
    {
        const auto made = order(names, more);
        if (made.status != 201) {
            return made;
        }
        prove(made);
        const auto finalized = finalize(made, names, key);
        return finalized.status == 200 && finalized.object().contains("certificate")
                   ? fetch(finalized.text("certificate"))
                   : finalized;
    }

    std::string account;  // URL; empty: requests carry the key itself

private:
    MemoryCa& ca_;
    crypto::PrivateKey key_;
};

}  // namespace test
