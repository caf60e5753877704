// An account's key is changed at a real CA, while names are proved, when the answer is lost, and with the
// process dying around each of its writes.
#include "issuance_engine.h"
#include "support/child.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {

using namespace std::chrono_literals;
using model::KeyRotation;

constexpr int killed = 137;

// Where the process ends: before or after its `writes`th write.
struct Point {
    bool before = false;
    int writes = 0;  // 0: nowhere
};

class DyingStore final : public store::Store {
public:
    DyingStore(store::Store& inner, Point point) : inner_(inner), point_(point) {}

    base::Task<> run_write(Operation operation) override
    {
        const bool here = ++writes_ == point_.writes;
        if (here && point_.before) {
            _exit(killed);
        }
        auto written = co_await inner_.run_write(std::move(operation));
        if (here) {
            _exit(killed);
        }
        co_return written;
    }
    base::Task<> run_read(Operation operation) override { return inner_.run_read(std::move(operation)); }
    void on_revision(std::function<void(std::int64_t)> listener) override
    {
        inner_.on_revision(std::move(listener));
    }

private:
    store::Store& inner_;
    const Point point_;
    int writes_ = 0;
};

test::PebbleOptions trusting()
{
    test::PebbleOptions options;
    options.always_valid = true;
    options.authz_reuse = 0;
    return options;
}

class KeyRotationAtCa : public ::testing::Test {
protected:
    std::unique_ptr<store::Store> open()
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        if (!opened) {
            throw std::runtime_error(opened.error().message());
        }
        return std::move(*opened);
    }
    std::unique_ptr<test::IssuanceEngine> engine_on(store::Store& store)
    {
        return std::make_unique<test::IssuanceEngine>(store, pebble_, nullptr, test::sample_platform(),
                                                      test::EngineExtras{"", &faults_});
    }
    // The default account, registered.
    static model::CaAccount prepare(test::IssuanceEngine& engine)
    {
        engine.write([](store::Transaction& tx) { return test::prepare_store(tx); });
        issuance::AccountSettings settings;
        settings.directory_url = engine.directory();
        const auto made = test::run(engine.loop(), engine.accounts().ensure_default(settings));
        EXPECT_TRUE(made);
        EXPECT_TRUE(test::run(engine.loop(), engine.accounts().client(made->id)));
        return engine.read([](store::Transaction& tx) { return tx.accounts.default_account(); });
    }
    // The key that is stored is the one that the CA knows, and the edges have its thumbprint.
    static void expect_changed(test::IssuanceEngine& engine, const model::CaAccount& before)
    {
        const auto after = engine.read([](store::Transaction& tx) { return tx.accounts.default_account(); });
        EXPECT_EQ(after.rotation, KeyRotation::none);
        EXPECT_TRUE(after.sealed_next_key.empty());
        EXPECT_NE(after.thumbprint, before.thumbprint);
        EXPECT_EQ(after.account_url, before.account_url);
        const auto client = test::run(engine.loop(), engine.accounts().client(after.id));
        ASSERT_TRUE(client);
        EXPECT_EQ((*client)->thumbprint(), after.thumbprint);
        const auto found = test::run(engine.loop(), (*client)->find_account());
        ASSERT_TRUE(found) << found.error().message();
        EXPECT_EQ(found->url, before.account_url);
        EXPECT_EQ(engine.read([](store::Transaction& tx) { return tx.groups.get("default"); }).thumbprint,
                  after.thumbprint);
    }
    static bool until_over(test::IssuanceEngine& engine)
    {
        return engine.run_until([](store::Transaction& tx) -> base::Result<bool> {
            TRY(account, tx.accounts.default_account());
            return account.rotation == KeyRotation::none;
        });
    }

    // Begins or goes on, in a process of its own; 0 when the rotation is over.
    int in_child(Point point, const std::string& old_thumbprint)
    {
        const pid_t child = fork();
        if (child == 0) {
            const bool logged = std::freopen((dir_.path() / "log").c_str(), "a", stdout) != nullptr;
            const int outcome = logged ? rotate(point, old_thumbprint) : 4;
            std::fflush(stdout);
            _exit(outcome);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    int rotate(Point point, const std::string& old_thumbprint)
    {
        const auto inner = open();
        DyingStore dying(*inner, point);
        const auto engine = engine_on(dying);
        const auto account =
            engine->read([](store::Transaction& tx) { return tx.accounts.default_account(); });
        const bool fresh = account.rotation == KeyRotation::none && account.thumbprint == old_thumbprint;
        if (fresh && !test::run(engine->loop(), engine->rotations().start(account.id))) {
            return 2;
        }
        for (int i = 0; i < 200; ++i) {
            const auto left = test::run(engine->loop(), engine->rotations().work());
            if (left && *left == 0) {
                return 0;
            }
        }
        return 3;
    }

    base::SystemClock clock_;
    test::TempDir dir_;
    test::Faults faults_;
    test::Pebble pebble_{trusting()};
};

TEST_F(KeyRotationAtCa, LeavesNamesThatAreBeingProvedInPeace)
{
    const auto store = open();
    const auto engine = engine_on(*store);
    const auto before = prepare(*engine);
    std::vector<model::Endpoint> endpoints;
    for (int i = 0; i < 6; ++i) {
        endpoints.push_back(
            test::sample_endpoint({std::string(static_cast<std::size_t>(i) + 1, 'n') + ".example.com"}));
        engine->make_records(endpoints.back());
        engine->add(endpoints.back());
        if (i == 2) {
            ASSERT_TRUE(engine->run_until([&](store::Transaction& tx) -> base::Result<bool> {
                TRY(orders, tx.orders.of_endpoint(endpoints[0].id, 1));
                return !orders.empty();
            }));
            ASSERT_TRUE(test::run(engine->loop(), engine->rotations().start("default")));
        }
    }

    EXPECT_TRUE(until_over(*engine));
    for (const auto& each : endpoints) {
        EXPECT_TRUE(
            engine->run_until([id = each.id](store::Transaction& tx) { return test::is_active(tx, id); }));
    }
    expect_changed(*engine, before);
}

TEST_F(KeyRotationAtCa, GoesOnWhenTheAnswerWasLost)
{
    const auto store = open();
    const auto engine = engine_on(*store);
    const auto before = prepare(*engine);
    faults_.lose_answer_of = "rollover-account-key";
    ASSERT_TRUE(test::run(engine->loop(), engine->rotations().start(before.id)));

    EXPECT_TRUE(until_over(*engine));

    EXPECT_EQ(faults_.lost, 1U);
    expect_changed(*engine, before);
}

TEST_F(KeyRotationAtCa, WaitsForACaThatIsAway)
{
    const auto store = open();
    const auto engine = engine_on(*store);
    const auto before = prepare(*engine);
    const auto url = pebble_.directory_url();
    faults_.unreachable.insert(url.substr(0, url.rfind('/')));
    ASSERT_TRUE(test::run(engine->loop(), engine->rotations().start(before.id)));
    ASSERT_TRUE(engine->run_until([](store::Transaction& tx) -> base::Result<bool> {
        TRY(account, tx.accounts.default_account());
        return account.rotation == KeyRotation::changing;
    }));

    faults_.unreachable.clear();

    EXPECT_TRUE(until_over(*engine));
    expect_changed(*engine, before);
}

TEST_F(KeyRotationAtCa, EndsWellWhereverTheProcessDies)
{
    {
        const auto store = open();
        prepare(*engine_on(*store));
    }
    constexpr int most_writes = 20;
    for (const bool before : {false, true}) {
        for (int writes = 1; writes <= most_writes; ++writes) {
            SCOPED_TRACE(fmt::format("killed {} write {}", before ? "before" : "after", writes));
            model::CaAccount old;
            {
                const auto store = open();
                old = engine_on(*store)->read(
                    [](store::Transaction& tx) { return tx.accounts.default_account(); });
            }
            const int status = in_child({before, writes}, old.thumbprint);
            if (status == killed) {
                EXPECT_EQ(in_child({}, old.thumbprint), 0) << test::read_file(dir_.path() / "log");
            } else {
                EXPECT_EQ(status, 0) << test::read_file(dir_.path() / "log");
            }
            const auto store = open();
            expect_changed(*engine_on(*store), old);
            if (HasFailure() || status != killed) {
                EXPECT_GT(writes, 5) << "it has more writes than that";
                break;
            }
        }
    }
}

}  // namespace
