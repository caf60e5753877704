#include "relay/test_ca.h"

#include "base/log.h"
#include "crypto/certificate.h"
#include "http/server.h"
#include "relay/fields.h"
#include "relay/management.h"

#include <fmt/format.h>

namespace relay {

namespace {

constexpr std::chrono::seconds handshake_limit{10};
// How late an outage may begin and end: the clock may be virtual, so it is looked at again and again.
constexpr std::chrono::milliseconds outage_poll{20};
const http::ServerLimits http_limits{};

// One certificate for every name.
class OneIdentity final : public net::IdentitySource {
public:
    explicit OneIdentity(std::shared_ptr<const net::TlsIdentity> identity) : identity_(std::move(identity)) {}

    Choice choose(const net::ClientHello&) override { return {Verdict::ready, identity_}; }
    base::Task<std::shared_ptr<const net::TlsIdentity>> load(net::ClientHello) override
    {
        co_return identity_;
    }

private:
    std::shared_ptr<const net::TlsIdentity> identity_;
};

boost::asio::awaitable<void> serve_plain(boost::asio::ip::tcp::socket socket, http::Handler& handler)
{
    co_await http::serve_http1(net::make_stream(std::move(socket)), handler, http_limits);
}

base::Result<std::unique_ptr<net::Listener>> open_listener(boost::asio::any_io_executor executor,
                                                           const std::string& where)
{
    TRY(endpoint, net::parse_endpoint(where));
    TRY(listener, net::Listener::open(std::move(executor), endpoint, false));
    return std::make_unique<net::Listener>(std::move(listener));
}

// TLS clients live by the machine's clock, orders by ours; the CA's own certificates must be valid for both.
base::Time earlier_now(const base::Clock& clock)
{
    return std::min(clock.now(), base::SystemClock().now());
}

base::Result<> apply_text(Faults& faults, const std::string& script, base::Time now)
{
    TRY(body, parse_object(script, "the script"));
    return apply_script(faults, body, now);
}

}  // namespace

base::Result<std::unique_ptr<TestCa>> TestCa::open(boost::asio::any_io_executor executor, base::Clock& clock,
                                                   TestCaOptions options)
{
    crypto::PrivateCaOptions ca;
    ca.roots = options.roots;
    ca.key_type = options.key_type;
    ca.now = earlier_now(clock);
    TRY(authority, crypto::PrivateCa::open(options.folder / "ca", ca));
    TRY(state, FileState::open(options.folder / "state.jsonl"));
    std::unique_ptr<TestCa> made(
        new TestCa(std::move(executor), clock, std::move(options), std::move(authority), std::move(state)));
    CHECKED(made->make_validator());
    CHECKED(made->make_identity());
    CHECKED(made->listen());
    if (!made->options_.script.empty()) {
        auto applied = apply_text(made->faults_, made->options_.script, clock.now());
        if (!applied) {
            return base::fail(base::Error(base::Errc::invalid, "script: " + applied.error().message())
                                  .with_code("script_invalid")
                                  .with_fix("docs/test-ca.md says what a script may have"));
        }
    }
    return made;
}

TestCa::TestCa(boost::asio::any_io_executor executor, base::Clock& clock, TestCaOptions options,
               crypto::PrivateCa authority, std::unique_ptr<FileState> state)
    : executor_(executor),
      clock_(clock),
      options_(std::move(options)),
      authority_(std::move(authority)),
      state_(std::move(state)),
      accounts_(options_.external_accounts, options_.external_required, options_.external_once),
      names_(options_.blocked, options_.repeated_labels),
      issuer_(authority_, clock_, pool_),
      limits_(options_.limits),
      tasks_(executor)
{
}

TestCa::~TestCa() = default;

base::Result<> TestCa::make_validator()
{
    if (options_.trusting) {
        validator_ = std::make_unique<TrustingValidator>();
        return {};
    }
    std::vector<std::unique_ptr<dns::Resolver>> perspectives;
    const std::vector<std::string> root{""};
    for (const auto& forward : options_.resolvers.empty() ? root : options_.resolvers) {
        dns::ResolverOptions asking;
        asking.forward = forward;
        TRY(resolver, dns::make_resolver(executor_, asking));
        perspectives.push_back(std::move(resolver));
    }
    validator_ = std::make_unique<NetworkValidator>(std::move(perspectives), options_.validator);
    return {};
}

base::Result<> TestCa::make_identity()
{
    constexpr std::chrono::hours life{5 * 365 * 24};
    TRY(key, crypto::PrivateKey::generate(model::KeyType::ecdsa_p256));
    crypto::LeafShape shape;
    shape.identifiers = options_.names;
    shape.public_der = key.public_der();
    shape.not_before = earlier_now(clock_) - std::chrono::minutes(30);
    shape.not_after = base::SystemClock().now() + life;
    TRY(pem, authority_.issue_chain(shape, 0));
    TRY(chain, crypto::parse_chain(pem));
    const std::vector<base::Bytes> issuers(chain.der.begin() + 1, chain.der.end());
    TRY(identity, net::make_identity("test-ca", chain.der.front(), issuers, key.to_pkcs8()));
    identity_ = std::make_unique<OneIdentity>(identity);
    net::TlsPolicy policy;
    policy.alpn = {"h2", "http/1.1"};
    TRY(tls, net::TlsServer::create(policy));
    tls_ = std::move(tls);
    return {};
}

base::Result<> TestCa::listen()
{
    TRY(listener, open_listener(executor_, options_.listen));
    listener_ = std::move(listener);
    where_ = listener_->where();
    if (!options_.management.empty()) {
        TRY(management, open_listener(executor_, options_.management));
        management_listener_ = std::move(management);
    }
    auto settings = options_.server;
    if (settings.public_url.empty()) {
        settings.public_url = "https://" + net::to_string(where_);
    }
    const ServerParts parts{clock_, *state_, accounts_, names_, *validator_, issuer_, faults_, limits_};
    server_ = std::make_unique<AcmeServer>(executor_, parts, std::move(settings));
    handler_ = std::make_unique<AcmeHandler>(*server_);
    management_ = std::make_unique<Management>(*this);
    return {};
}

base::Task<> TestCa::start()
{
    CO_CHECKED(co_await server_->resume());
    tasks_.spawn("test_ca_accept", accept());
    tasks_.spawn("test_ca_outages", close_for_outages());
    if (management_listener_) {
        tasks_.spawn("test_ca_management", accept_management());
    }
    co_return base::Result<>();
}

boost::asio::awaitable<void> TestCa::accept()
{
    while (true) {
        auto socket = co_await listener_->accept();
        if (!socket && socket.error().kind() == base::Errc::rate_limited) {
            co_await base::sleep_for(std::chrono::milliseconds(200));
        } else if (!socket) {
            if (!co_await listen_again()) {
                co_return;
            }
        } else if (const auto kind = outage(); kind == OutageKind::silent) {
            tasks_.spawn("test_ca_silence", hold(std::move(*socket)));
        } else if (kind != OutageKind::cut && kind != OutageKind::refuse) {
            tasks_.spawn("test_ca_connection", serve(std::move(*socket)));
        }  // else: cut at once
    }
}

// While an outage refuses connections, nobody listens.
boost::asio::awaitable<void> TestCa::close_for_outages()
{
    while (true) {
        if (outage() == OutageKind::refuse) {
            listener_->close();
        }
        co_await base::sleep_for(outage_poll);
    }
}

// After the outage, at the same address. False: it was closed for good.
boost::asio::awaitable<bool> TestCa::listen_again()
{
    while (!stopping_) {
        if (outage() != OutageKind::refuse) {
            auto listener = net::Listener::open(executor_, where_, false);
            if (listener) {
                *listener_ = std::move(*listener);
                co_return true;
            }
            base::log::warning("test_ca_not_listening", {{"error", listener.error().message()}});
        }
        co_await base::sleep_for(outage_poll);
    }
    co_return false;
}

// Says nothing, to the end of the outage.
boost::asio::awaitable<void> TestCa::hold(boost::asio::ip::tcp::socket socket)
{
    while (outage() == OutageKind::silent && socket.is_open()) {
        co_await base::sleep_for(outage_poll);
    }
}

boost::asio::awaitable<void> TestCa::serve(boost::asio::ip::tcp::socket socket)
{
    auto stream = co_await tls_->accept(std::move(socket), *identity_, handshake_limit);
    if (!stream) {
        base::log::info("test_ca_handshake_failed", {{"error", stream.error().message()}});
        co_return;
    }
    co_await http::serve_http(std::move(*stream), *handler_, http_limits);
}

boost::asio::awaitable<void> TestCa::accept_management()
{
    while (true) {
        auto socket = co_await management_listener_->accept();
        if (!socket && socket.error().kind() == base::Errc::rate_limited) {
            co_await base::sleep_for(std::chrono::milliseconds(200));
        } else if (!socket) {
            co_return;
        } else {
            tasks_.spawn("test_ca_management", serve_plain(std::move(*socket), management_->handler()));
        }
    }
}

boost::asio::awaitable<void> TestCa::stop()
{
    stopping_ = true;
    listener_->close();
    if (management_listener_) {
        management_listener_->close();
    }
    co_await tasks_.stop();
    co_await server_->stop();
}

std::string TestCa::directory_url() const
{
    return "https://" + net::to_string(where_) + "/directory";
}

std::string TestCa::management_url() const
{
    return management_listener_ ? "http://" + net::to_string(management_listener_->where()) : "";
}

}  // namespace relay
