// The process dies around each durable step of an order; a fresh one finishes it: one certificate, no
// challenge left.
#include "base/random.h"
#include "issuance_engine.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>

namespace {

namespace asio = boost::asio;

constexpr int killed = 137;
constexpr int most_steps = 60;
// queued, reserved, ordered, answering, proving, finalizing, issued; preflight is passed only when DNS is
// looked at again.
constexpr std::size_t statuses = 7;

// After a write: what it announces was not done yet. Before a write: what came before it was done, and nobody
// knows.
enum class Moment { after_write, before_write };

// Ends the process at the `steps`th write.
class DyingStore final : public store::Store {
public:
    DyingStore(store::Store& inner, Moment moment, int steps) : inner_(inner), moment_(moment), left_(steps)
    {
    }

    base::Task<> run_write(Operation operation) override
    {
        const bool last = --left_ == 0;
        if (last && moment_ == Moment::before_write) {
            _exit(killed);
        }
        auto written = co_await inner_.run_write(std::move(operation));
        if (last) {
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
    const Moment moment_;
    int left_;
};

class OrderKill : public ::testing::TestWithParam<Moment> {
protected:
    static test::PebbleOptions options()
    {
        test::PebbleOptions made;
        made.always_valid = true;
        made.authz_reuse = 0;
        return made;
    }

    // A name that only DNS-01 can prove, so that challenges are published and taken back.
    static model::Endpoint new_endpoint()
    {
        return test::sample_endpoint({base::random_label(10) + ".example.com"},
                                     model::EndpointKind::internal);
    }

    // Runs in a process of its own; its exit status is 0 when the endpoint is active, `killed` when `steps`
    // ended it.
    int in_child(const model::Endpoint& endpoint, bool first, int steps)
    {
        const pid_t child = fork();
        if (child == 0) {
            base::log::set_level(base::log::Level::error);
            _exit(work(endpoint, first, steps));
        }
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    int work(const model::Endpoint& endpoint, bool first, int steps)
    {
        base::SystemClock clock;
        auto opened = store::open_sqlite(file(), clock);
        if (!opened) {
            return 2;
        }
        DyingStore dying(**opened, GetParam(), steps);
        test::IssuanceEngine engine(dying, pebble_, nullptr);
        engine.make_records(endpoint);
        if (first) {
            engine.add(endpoint);
        }
        const auto wanted = generations_;
        auto done = [id = endpoint.id, wanted](store::Transaction& tx) -> base::Result<bool> {
            TRY(active, test::is_active(tx, id));
            TRY(page, tx.certificates.list("", "", 100));
            return active && page.items.size() >= wanted;
        };
        return engine.run_until(done) ? 0 : 3;
    }

    // What must hold once an endpoint was brought to its end.
    void expect_whole(const model::Endpoint& endpoint)
    {
        base::SystemClock clock;
        auto opened = store::open_sqlite(file(), clock);
        ASSERT_TRUE(opened) << opened.error().message();
        auto look = [id = endpoint.id, this](store::Transaction& tx) -> base::Result<> {
            TRY(live, tx.certificates.of_endpoint(id));
            EXPECT_EQ(live.size(), 1U);
            TRY(page, tx.certificates.list("", "", 100));
            EXPECT_EQ(page.items.size(), generations_);
            TRY(challenges, tx.challenges.count());
            EXPECT_EQ(challenges, 0);
            TRY(orders, tx.orders.of_endpoint(id, 100));
            EXPECT_EQ(orders.size(), generations_);
            for (const auto& order : orders) {
                EXPECT_EQ(order.status, model::OrderStatus::deployed);
                EXPECT_TRUE(order.sealed_key.empty());
                EXPECT_TRUE(order.reservation.empty());
            }
            return {};
        };
        asio::io_context loop(1);
        const auto looked = test::run(loop, (*opened)->read(look));
        EXPECT_TRUE(looked) << (looked ? "" : looked.error().message());
    }

    void note_where_it_died(const model::Endpoint& endpoint)
    {
        base::SystemClock clock;
        auto opened = store::open_sqlite(file(), clock);
        ASSERT_TRUE(opened) << opened.error().message();
        auto look = [id = endpoint.id](store::Transaction& tx) { return tx.orders.unfinished_of(id); };
        asio::io_context loop(1);
        const auto order = test::run(loop, (*opened)->read(look));
        ASSERT_TRUE(order);
        if (*order && (*order)->status != model::OrderStatus::preflight) {
            died_at_.insert((*order)->status);
        }
    }

    // Dies at the first write, then at the second, ... until the work ends before that. The runner's claims
    // are writes too, and how many there are varies: the last steps are taken again until every status was
    // met.
    template <class Prepare>
    void die_at_every_step(bool first, Prepare prepare)
    {
        constexpr int most_repeats = 6;
        int repeats = 0;
        for (int steps = 1; steps <= most_steps && repeats <= most_repeats; ++steps) {
            SCOPED_TRACE(fmt::format("killed at write {}", steps));
            folder_ = std::make_unique<test::TempDir>();
            generations_ = 1;
            const auto endpoint = new_endpoint();
            prepare(endpoint);
            const bool died = die_and_recover(endpoint, first, steps);
            if (HasFailure()) {
                return;
            }
            if (!died && died_at_.size() >= statuses) {
                return;
            }
            if (!died) {
                ++repeats;
                steps = std::max(steps - 4, 0);
            }
        }
        ADD_FAILURE() << "died at " << died_at_.size() << " of " << statuses << " statuses";
    }

    bool die_and_recover(const model::Endpoint& endpoint, bool first, int steps)
    {
        const auto before = signed_by_ca();
        const int status = in_child(endpoint, first, steps);
        if (status == killed) {
            note_where_it_died(endpoint);
            const bool added = !first || steps > 1 || GetParam() == Moment::after_write;
            EXPECT_EQ(in_child(endpoint, !added, 1'000'000), 0);
        } else {
            EXPECT_EQ(status, 0);
        }
        expect_whole(endpoint);
        EXPECT_EQ(signed_by_ca() - before, 1U);
        return status == killed;
    }

    // As a person's "renew" or the planner does.
    void enqueue_successor(const model::Endpoint& endpoint)
    {
        base::SystemClock clock;
        auto opened = store::open_sqlite(file(), clock);
        ASSERT_TRUE(opened) << opened.error().message();
        auto enqueue = [id = endpoint.id, now = clock.now()](store::Transaction& tx) -> base::Result<> {
            TRY(live, tx.certificates.of_endpoint(id));
            CHECKED(issuance::enqueue_renewal(tx, live.at(0), now));
            return {};
        };
        asio::io_context loop(1);
        ASSERT_TRUE(test::run(loop, (*opened)->write(enqueue)));
        ++generations_;
    }

    // How many certificates the CA has signed so far.
    std::size_t signed_by_ca() const
    {
        const std::string log = pebble_.log();
        std::size_t count = 0;
        for (auto at = log.find("Issued certificate serial"); at != std::string::npos;
             at = log.find("Issued certificate serial", at + 1)) {
            ++count;
        }
        return count;
    }

    std::filesystem::path file() const { return folder_->path() / "db"; }

    test::Pebble pebble_{options()};
    std::unique_ptr<test::TempDir> folder_;
    std::size_t generations_ = 1;
    std::set<model::OrderStatus> died_at_;
};

TEST_P(OrderKill, AFirstCertificateComesOnceWhereverTheProcessDies)
{
    die_at_every_step(true, [](const model::Endpoint&) {});
}

TEST_P(OrderKill, ARenewalComesOnceWhereverTheProcessDies)
{
    die_at_every_step(false, [this](const model::Endpoint& endpoint) {
        ASSERT_EQ(in_child(endpoint, true, 1'000'000), 0);
        enqueue_successor(endpoint);
    });
}

INSTANTIATE_TEST_SUITE_P(At, OrderKill, ::testing::Values(Moment::after_write, Moment::before_write),
                         [](const auto& info) {
                             return std::string(info.param == Moment::after_write ? "AfterTheWrite"
                                                                                  : "BeforeTheWrite");
                         });

}  // namespace
