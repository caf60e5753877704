// The process dies around each durable step of an order; a fresh one finishes it: one certificate, no
// challenge left.
#include "base/random.h"
#include "issuance_engine.h"
#include "support/child.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace {

namespace asio = boost::asio;

constexpr int killed = 137;
// In each of them the first writes; preflight is passed only when DNS is looked at again.
constexpr int most_writes = 2;
constexpr std::optional<model::OrderStatus> no_order;
constexpr std::array<std::optional<model::OrderStatus>, 8> statuses{no_order,
                                                                    model::OrderStatus::queued,
                                                                    model::OrderStatus::reserved,
                                                                    model::OrderStatus::ordered,
                                                                    model::OrderStatus::answering,
                                                                    model::OrderStatus::proving,
                                                                    model::OrderStatus::finalizing,
                                                                    model::OrderStatus::issued};

// After a write: what it announces was not done yet. Before a write: what came before it was done, and nobody
// knows.
enum class Moment { after_write, before_write };

// Where to die: at the `writes`th write while the endpoint's unfinished order has `status`; without one,
// while there is no such order.
struct Point {
    Moment moment = Moment::after_write;
    std::optional<model::OrderStatus> status;
    int writes = 1;
};

// Ends the process at a point.
class DyingStore final : public store::Store {
public:
    DyingStore(store::Store& inner, std::string endpoint, std::optional<Point> point)
        : inner_(inner), endpoint_(std::move(endpoint)), point_(point)
    {
    }

    base::Task<> run_write(Operation operation) override
    {
        CO_CHECKED(co_await die_if_due(Moment::before_write));
        auto written = co_await inner_.run_write(std::move(operation));
        CO_CHECKED(co_await die_if_due(Moment::after_write));
        co_return written;
    }
    base::Task<> run_read(Operation operation) override { return inner_.run_read(std::move(operation)); }
    void on_revision(std::function<void(std::int64_t)> listener) override
    {
        inner_.on_revision(std::move(listener));
    }

private:
    base::Task<> die_if_due(Moment moment)
    {
        if (!point_ || point_->moment != moment) {
            co_return base::Result<>();
        }
        auto look = [id = endpoint_](store::Transaction& tx) { return tx.orders.unfinished_of(id); };
        CO_TRY(order, co_await inner_.read(look));
        const bool there = order ? order->status == point_->status : !point_->status;
        if (there && --point_->writes == 0) {
            _exit(killed);
        }
        co_return base::Result<>();
    }

    store::Store& inner_;
    const std::string endpoint_;
    std::optional<Point> point_;
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

    // Runs in a process of its own; its exit status is 0 when the endpoint is active, `killed` when `point`
    // ended it.
    int in_child(const model::Endpoint& endpoint, std::optional<Point> point = std::nullopt)
    {
        const pid_t child = fork();
        if (child == 0) {
            const bool logged = std::freopen(log_file().c_str(), "a", stdout) != nullptr;
            const int outcome = logged ? work(endpoint, point) : 4;
            std::fflush(stdout);
            _exit(outcome);
        }
        int status = 0;
        waitpid(child, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    int work(const model::Endpoint& endpoint, std::optional<Point> point)
    {
        base::SystemClock clock;
        auto opened = store::open_sqlite(file(), clock);
        if (!opened) {
            return 2;
        }
        DyingStore dying(**opened, endpoint.id, point);
        test::IssuanceEngine engine(dying, pebble_, nullptr);
        engine.make_records(endpoint);
        const bool known = engine.read([id = endpoint.id](store::Transaction& tx) -> base::Result<bool> {
            return tx.endpoints.get(id).has_value();
        });
        if (!known) {
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

    // Dies at the first write in each status, then at the second.
    template <class Prepare>
    void die_everywhere(Prepare prepare)
    {
        for (const auto& status : statuses) {
            for (int writes = 1; writes <= most_writes; ++writes) {
                const auto name = status ? std::string(model::to_string(*status)) : "no order";
                SCOPED_TRACE(fmt::format("killed at write {} while {}", writes, name));
                folder_ = std::make_unique<test::TempDir>();
                generations_ = 1;
                const auto endpoint = new_endpoint();
                prepare(endpoint);
                const bool died = die_and_recover(endpoint, {GetParam(), status, writes});
                EXPECT_TRUE(died || writes > 1 || !status) << "this status was never met";
                if (HasFailure()) {
                    return;
                }
                if (!died) {
                    break;
                }
            }
        }
    }

    bool die_and_recover(const model::Endpoint& endpoint, Point point)
    {
        const auto before = signed_by_ca();
        const int status = in_child(endpoint, point);
        if (status == killed) {
            EXPECT_EQ(in_child(endpoint), 0) << test::read_file(log_file());
        } else {
            EXPECT_EQ(status, 0) << test::read_file(log_file());
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
    std::filesystem::path log_file() const { return folder_->path() / "log"; }

    test::Pebble pebble_{options()};
    std::unique_ptr<test::TempDir> folder_;
    std::size_t generations_ = 1;
};

TEST_P(OrderKill, AFirstCertificateComesOnceWhereverTheProcessDies)
{
    die_everywhere([](const model::Endpoint&) {});
}

TEST_P(OrderKill, ARenewalComesOnceWhereverTheProcessDies)
{
    die_everywhere([this](const model::Endpoint& endpoint) {
        ASSERT_EQ(in_child(endpoint), 0) << test::read_file(log_file());
        enqueue_successor(endpoint);
    });
}

INSTANTIATE_TEST_SUITE_P(At, OrderKill, ::testing::Values(Moment::after_write, Moment::before_write),
                         [](const auto& info) {
                             return std::string(info.param == Moment::after_write ? "AfterTheWrite"
                                                                                  : "BeforeTheWrite");
                         });

}  // namespace
