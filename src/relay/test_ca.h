// TestCa: a private CA behind the ACME server, with HTTPS, a folder, and a management interface for faults.
// Everything that `certwright test-ca` runs, and what tests run in their own process.
#pragma once

#include "base/task_group.h"
#include "crypto/private_ca.h"
#include "net/listener.h"
#include "net/tls.h"
#include "relay/file_state.h"
#include "relay/http_service.h"
#include "relay/network_validator.h"

#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace relay {

class Management;

struct TestCaOptions {
    std::filesystem::path folder;  // ca/ with the CA's keys, state.jsonl; made when missing
    std::string listen = "127.0.0.1:14000";
    std::string management = "127.0.0.1:15000";                       // empty: none
    std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};  // of its HTTPS certificate
    // Perspectives: "127.0.0.1@5353" asks that resolver; empty: one that begins at the root.
    std::vector<std::string> resolvers;
    bool trusting = false;  // every challenge counts as met, without a look
    ValidatorOptions validator;
    ServerSettings server;
    std::map<std::string, base::Bytes> external_accounts;  // key id -> MAC key
    bool external_required = false;
    bool external_once = false;
    CaNumbers limits = CaNumbers::unlimited();
    std::vector<std::string> blocked;
    std::vector<std::string> repeated_labels{"www", "mail", "git", "gitlab", "ftp", "cpanel", "autodiscover"};
    int roots = 1;
    model::KeyType key_type = model::KeyType::ecdsa_p256;
    std::string script;  // JSON, see Faults; empty: none
};

// Runs on one executor: no locks. stop() before it dies. `clock` outlives it, and may be virtual.
class TestCa {
public:
    // Opens folder, CA and listeners. Errors: those of the files; code port_in_use; script_invalid.
    static base::Result<std::unique_ptr<TestCa>> open(boost::asio::any_io_executor executor,
                                                      base::Clock& clock, TestCaOptions options);
    ~TestCa();

    // Goes on with unfinished work, and answers from now on.
    base::Task<> start();
    boost::asio::awaitable<void> stop();

    std::string directory_url() const;
    std::string management_url() const;  // empty: there is none
    // The root to trust, for certificates and for the server's own HTTPS.
    std::filesystem::path trust_file() const { return options_.folder / "ca" / "root-0.pem"; }
    const crypto::PrivateCa& authority() const { return authority_; }
    AcmeServer& server() { return *server_; }
    Faults& faults() { return faults_; }
    CaLimits& limits() { return limits_; }
    State& state() { return *state_; }
    base::Clock& clock() { return clock_; }

private:
    TestCa(boost::asio::any_io_executor executor, base::Clock& clock, TestCaOptions options,
           crypto::PrivateCa authority, std::unique_ptr<FileState> state);

    base::Result<> make_validator();
    base::Result<> make_identity();
    base::Result<> listen();
    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> close_for_outages();
    boost::asio::awaitable<bool> listen_again();
    boost::asio::awaitable<void> hold(boost::asio::ip::tcp::socket socket);
    std::optional<OutageKind> outage() const { return faults_.outage_kind(clock_.now()); }
    boost::asio::awaitable<void> accept_management();
    boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);

    boost::asio::any_io_executor executor_;
    base::Clock& clock_;
    TestCaOptions options_;
    crypto::PrivateCa authority_;
    std::unique_ptr<FileState> state_;
    boost::asio::thread_pool pool_{1};
    ListedAccounts accounts_;
    PublicNames names_;
    PrivateIssuer issuer_;
    Faults faults_;
    CaLimits limits_;
    std::unique_ptr<Validator> validator_;
    std::unique_ptr<AcmeServer> server_;
    std::unique_ptr<AcmeHandler> handler_;
    std::unique_ptr<Management> management_;
    std::unique_ptr<net::TlsServer> tls_;
    std::unique_ptr<net::IdentitySource> identity_;
    std::unique_ptr<net::Listener> listener_;
    net::Endpoint where_;  // also while nobody listens there
    bool stopping_ = false;
    std::unique_ptr<net::Listener> management_listener_;
    base::TaskGroup tasks_;
};

}  // namespace relay
