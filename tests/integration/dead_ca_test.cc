// A CA that really dies, in each of the ways in which servers do: its names go to another CA, the circuit
// breaker spares it, and it is used again when it is back.
#include "ca_thread.h"
#include "issuance_engine.h"
#include "support/temp_dir.h"

#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

// An address at which connections are neither made nor refused: a listener with a full queue.
class BlackHole {
public:
    explicit BlackHole(const std::string& where)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(where.substr(where.rfind(':') + 1))));
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
        const auto* to = static_cast<const sockaddr*>(static_cast<const void*>(&address));
        sockets_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int yes = 1;
        setsockopt(sockets_[0], SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        good_ = bind(sockets_[0], to, sizeof(address)) == 0 && listen(sockets_[0], 0) == 0;
        for (int i = 0; i < 4; ++i) {
            sockets_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            connect(sockets_.back(), to, sizeof(address));
        }
    }
    BlackHole(const BlackHole&) = delete;
    BlackHole& operator=(const BlackHole&) = delete;
    ~BlackHole()
    {
        for (const int each : sockets_) {
            close(each);
        }
    }
    bool good() const { return good_; }

private:
    std::vector<int> sockets_;
    bool good_ = false;
};

enum class Death { stopped, black_hole, refuse, cut, silent };

class DeadCa : public testing::TestWithParam<Death> {
protected:
    void SetUp() override
    {
        store_ = store::open_sqlite(dir_.path() / "db", clock_).value();
        first_ = std::make_unique<test::CaThread>(dir_.path() / "ca", "{}");
        const auto trust = dir_.path() / "trust.pem";
        test::write_file(
            trust, test::read_file(first_->address().trust_file) + test::read_file(second_.trust_file()));
        engine_ = std::make_unique<test::IssuanceEngine>(*store_, first_->address(), nullptr,
                                                         test::sample_platform(),
                                                         test::EngineExtras{trust.string(), &faults_});
        ASSERT_TRUE(engine_->run_until([](store::Transaction& tx) -> base::Result<bool> {
            return tx.accounts.default_account().has_value();
        }));
        issuance::AccountSettings settings;
        settings.directory_url = second_.directory_url();
        ASSERT_TRUE(test::run(engine_->loop(), engine_->accounts().add("second", settings, false)));
        issuance::AccountChange change;
        change.fallback = 1;
        ASSERT_TRUE(test::run(engine_->loop(), engine_->accounts().change("second", change)));
    }
    void TearDown() override
    {
        engine_.reset();
        first_->stop();
    }

    void die()
    {
        faults_.limits[first_->origin()] = 500ms;
        switch (GetParam()) {
            case Death::stopped:
                first_->stop();
                return;
            case Death::black_hole:
                first_->stop();
                hole_ = std::make_unique<BlackHole>(first_->origin());
                ASSERT_TRUE(hole_->good());
                return;
            case Death::refuse:
                first_->script(R"({"outages":[{"kind":"refuse"}]})");
                return;
            case Death::cut:
                first_->script(R"({"outages":[{"kind":"cut"}]})");
                return;
            case Death::silent:
                first_->script(R"({"outages":[{"kind":"silent"}]})");
                return;
        }
    }
    void come_back()
    {
        faults_.limits.clear();
        hole_.reset();
        if (GetParam() == Death::stopped || GetParam() == Death::black_hole) {
            first_->start();
        } else {
            first_->script("{}");
        }
        ASSERT_TRUE(listens());
    }
    // After an outage that refuses connections the CA listens again a moment later.
    bool listens() const
    {
        const auto origin = first_->origin();
        const auto port = static_cast<std::uint16_t>(std::stoi(origin.substr(origin.rfind(':') + 1)));
        const auto until = std::chrono::steady_clock::now() + 30s;
        while (std::chrono::steady_clock::now() < until) {
            boost::asio::io_context loop;
            boost::asio::ip::tcp::socket socket(loop);
            boost::system::error_code error;
            socket.connect({boost::asio::ip::address_v4::loopback(), port}, error);
            if (!error) {
                return true;
            }
            std::this_thread::sleep_for(10ms);
        }
        return false;
    }

    model::Endpoint add(const std::string& name)
    {
        auto endpoint = test::sample_endpoint({name});
        engine_->make_records(endpoint);
        engine_->add(endpoint);
        return endpoint;
    }
    bool until_active(const model::Endpoint& endpoint)
    {
        return engine_->run_until(
            [id = endpoint.id](store::Transaction& tx) { return test::is_active(tx, id); }, 60s);
    }
    std::string issuer_of(const model::Endpoint& endpoint)
    {
        return engine_->read([id = endpoint.id](store::Transaction& tx) -> base::Result<std::string> {
            TRY(all, tx.certificates.of_endpoint(id));
            TRY(account, tx.accounts.get(all.empty() ? "" : all[0].account));
            return account.name;
        });
    }
    model::CaAccount first_account()
    {
        return engine_->read([](store::Transaction& tx) { return tx.accounts.default_account(); });
    }
    model::CaHealth health()
    {
        return engine_->read([url = first_->address().directory_url](store::Transaction& tx) {
            return tx.accounts.health(url);
        });
    }
    void probe_in(std::chrono::milliseconds wait)
    {
        const auto when = clock_.now() + wait;
        engine_->write([this, when](store::Transaction& tx) -> base::Result<> {
            TRY(health, tx.accounts.health(first_->address().directory_url));
            health.probe_at = when;
            return tx.accounts.put_health(health);
        });
    }
    std::set<std::string> events()
    {
        std::set<std::string> types;
        for (const auto& each : engine_->read([id = first_account().id](store::Transaction& tx) {
                 return tx.events.of_subject(id, 100);
             })) {
            types.insert(each.type);
        }
        return types;
    }

    static test::PebbleOptions second_options()
    {
        test::PebbleOptions options;
        options.always_valid = true;
        options.authz_reuse = 0;
        return options;
    }

    base::SystemClock clock_;
    test::TempDir dir_;
    test::Faults faults_;
    test::Pebble second_{second_options()};
    std::unique_ptr<test::CaThread> first_;
    std::unique_ptr<BlackHole> hole_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<test::IssuanceEngine> engine_;
};

std::string name_of(const testing::TestParamInfo<Death>& info)
{
    constexpr std::array names{"Stopped", "BlackHole", "Refuse", "Cut", "Silent"};
    return names.at(static_cast<std::size_t>(info.param));
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Ways, DeadCa,
                         testing::Values(Death::stopped, Death::black_hole, Death::refuse, Death::cut,
                                         Death::silent),
                         name_of);

TEST_P(DeadCa, AnotherIssuesAndItIsUsedAgainWhenItIsBack)
{
    const auto before = add("before.example.com");
    ASSERT_TRUE(until_active(before));
    EXPECT_EQ(issuer_of(before), first_account().name);

    die();
    std::vector<model::Endpoint> meanwhile;
    for (const auto* name :
         {"one.example.com", "three.example.com", "four.example.com", "nine.example.com"}) {
        meanwhile.push_back(add(name));
    }
    for (const auto& each : meanwhile) {
        ASSERT_TRUE(until_active(each)) << each.name().text();
        EXPECT_EQ(issuer_of(each), "second");
    }
    EXPECT_NE(health().state, model::CaState::healthy);
    EXPECT_EQ(health().problem.code, "ca_unavailable");
    EXPECT_EQ(health().problem.actor, model::Actor::ca);
    EXPECT_TRUE(events().contains("ca.degraded"));

    // It is spared, until its time comes, however slow this machine is; then one tries.
    probe_in(10min);
    const auto asked = faults_.sent[first_->origin()];
    ASSERT_TRUE(until_active(add("spared.example.com")));
    EXPECT_EQ(faults_.sent[first_->origin()], asked);
    probe_in(0ms);
    const auto tries = add("probe.example.com");
    ASSERT_TRUE(until_active(tries));
    EXPECT_EQ(issuer_of(tries), "second");
    EXPECT_GT(faults_.sent[first_->origin()], asked);
    EXPECT_NE(health().state, model::CaState::healthy);

    come_back();
    probe_in(0ms);
    const auto after = add("after.example.com");
    ASSERT_TRUE(until_active(after));
    EXPECT_EQ(issuer_of(after), first_account().name);
    EXPECT_EQ(health().state, model::CaState::healthy);
    EXPECT_TRUE(events().contains("ca.recovered"));
}
