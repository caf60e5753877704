// What a control node's daily questions cost when many endpoints are stored: pages, searches, status, one
// name, adding one, and finding what is due. Over HTTP where people ask, on a store of 1,000, 100,000 and
// 1,000,000 endpoints, in SQLite and in a PostgreSQL of its own.
//
//     planner_bench [sqlite|postgres] [SIZE...]
#include "api/testing/api_world.h"
#include "base/log.h"
#include "issuance/advice_poller.h"
#include "issuance/planner.h"
#include "issuance/renewal_advice.h"
#include "planner_fill.h"
#include "store/postgres/postgres_driver.h"
#include "store/search.h"
#include "store/sqlite/sqlite_connection.h"
#include "support/postgres.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr int runs = 15;
constexpr int most_at_once = 200;

// In milliseconds. CPU time is of all threads, and says more where other programs run too.
struct Times {
    std::vector<double> wall;
    std::vector<double> cpu;

    template <class F>
    void take(F function)
    {
        const auto began = SteadyClock::now();
        const auto cpu_began = std::clock();
        function();
        cpu.push_back(1'000.0 * static_cast<double>(std::clock() - cpu_began) /
                      static_cast<double>(CLOCKS_PER_SEC));
        wall.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - began).count());
    }
};

double median(std::vector<double> times)
{
    std::ranges::sort(times);
    return times[times.size() / 2];
}

double seconds_since(SteadyClock::time_point began)
{
    return std::chrono::duration<double>(SteadyClock::now() - began).count();
}

template <class R>
void must(const R& result)
{
    if (!result) {
        throw std::runtime_error(result.error().message());
    }
}

class Stage {
public:
    // `postgres`: a URL; empty: SQLite.
    Stage(int size, std::string postgres) : size_(size), postgres_(std::move(postgres)), api_(postgres_)
    {
        // PostgreSQL leases orders by its own clock.
        const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
        world().clock.advance(now - world().clock.now());
        fill();
        issuance::PlannerOptions options;
        options.platform = endpoints::testing::test_platform();
        options.backlog = 100'000;
        planner_ = std::make_unique<issuance::Planner>(*world().store, world().clock, options, [] {});
    }

    // The median of some runs, in milliseconds.
    template <class F>
    void measure(const std::string& figure, F function)
    {
        Times times;
        function();
        for (int i = 0; i < runs; ++i) {
            times.take(function);
        }
        print(figure, times);
    }
    void ask(const std::string& figure, const std::string& path, const std::string& method = "GET",
             bool tenant = false)
    {
        measure(figure, [&] {
            const auto answered = api_.send(tenant ? api_.acme_token : api_.operator_token, method, path);
            if (answered.status != 200) {
                throw std::runtime_error(
                    fmt::format("{} {}: {} {}", method, path, answered.status, answered.body));
            }
        });
    }

    void pages()
    {
        const auto late = [&](std::string_view prefix) {
            return fmt::format("&after={}.{}_", bench::first_created + size_ - 150, prefix);
        };
        ask("list, first page", "/v1/endpoints?limit=100");
        ask("list, deep page", "/v1/endpoints?limit=100" + late("ep"));
        ask("list, first page of 500", "/v1/endpoints?limit=500");
        ask("list, one state (active)", "/v1/endpoints?limit=100&state=active");
        ask("list, one state (active), deep page", "/v1/endpoints?limit=100&state=active" + late("ep"));
        ask("list, one state (parked)", "/v1/endpoints?limit=100&state=parked");
        ask("list, one tenant", "/v1/endpoints?limit=100", "GET", true);
        ask("list, one tenant, deep page", "/v1/endpoints?limit=100" + late("ep"), "GET", true);
        ask("list, one tenant and state", "/v1/endpoints?limit=100&state=degraded", "GET", true);
        ask("certificates, first page", "/v1/certificates?limit=100");
        ask("certificates, deep page", "/v1/certificates?limit=100" + late("crt"));
        ask("certificates of one tenant", "/v1/certificates?limit=100", "GET", true);
        ask("alerts, first page", "/v1/alerts?limit=100");
        ask("alerts, deep page",
            fmt::format("/v1/alerts?limit=100&after={}.alr_", bench::first_created + 10'000));
        ask("alerts, one rule", "/v1/alerts?limit=100&rule=parked");
        ask("alerts, one rule that is rare", "/v1/alerts?limit=100&rule=ca_down");
        ask("alerts, one tenant", "/v1/alerts?limit=100", "GET", true);
        ask("events, the newest", "/v1/events");
        ask("events, deep page", fmt::format("/v1/events?after={}", size_ / 2));
        ask("events, one tenant", "/v1/events?after=0", "GET", true);
        const auto name = "/v1/endpoints/" + bench::name_of(size_ / 2);
        ask("orders of an endpoint", "/v1/orders?endpoint=" + bench::name_of(size_ / 2));
        ask("events of an endpoint", "/v1/events?endpoint=" + bench::name_of(size_ / 2));
        ask("status", "/v1/status");
        ask("status of one tenant", "/v1/status", "GET", true);
        ask("metrics", "/metrics");
        ask("limits of a CA", "/v1/ca-accounts/main/limits");
        ask("one endpoint", name);
        ask("doctor, without the DNS questions", name + "/check", "POST");
    }

    void searches()
    {
        const auto search = [&](const std::string& figure, const std::string& text, bool tenant = false) {
            ask("search, " + figure, "/v1/endpoints?limit=100&q=" + text, "GET", tenant);
        };
        search("nothing has it", "nowhere");
        search("nothing has it, its parts are common", "examplexam");
        search("one name has it", fmt::format("shop{}.", size_ / 2));
        search("one name has it, by its middle", fmt::format("hop{}.c", size_ / 2 + 1));
        search("200 names have it", ".c77.");
        search("every name has it", "shop");
        search("every name has it, deep page", fmt::format("example&after={}", size_ - 150));
        search("two characters", "42");
        search("two characters that few have", "a9");
        search("one character", "7");
        search("one character that none has", "q");
        search("with a state that is rare", "shop&state=parked");
        search("with a state that most have", fmt::format("c{}&state=active", 4'242));
        search("every name, one tenant", "shop", true);
        search("nothing, one tenant", "nowhere", true);
        search("one tenant and state", "c1&state=parked", true);
    }

    void planning()
    {
        measure("plan, nothing due", [&] { plan(0); });
        measure("queue, nothing due", [&] { claim(0); });
        measure("advice, nothing due", [&] {
            const auto now = world().clock.now();
            must(world().write([now](store::Transaction& tx) -> base::Result<> {
                CHECKED(issuance::take_due_advice(tx, now, 16));
                return {};
            }));
        });
        for (const int due : {1, 10, 100, 10'000}) {
            const int times_each = due > 1'000 ? 1 : 5;
            if (due * times_each * 2 > size_) {
                continue;
            }
            Times times;
            for (int i = 0; i < times_each; ++i) {
                make_due(due);
                times.take([&] {
                    for (int done = 0; done < due; done += most_at_once) {
                        const auto now_due = static_cast<std::size_t>(std::min(most_at_once, due - done));
                        plan(now_due);
                        claim(now_due);
                    }
                });
            }
            print(fmt::format("plan and claim, {} due", due), times);
        }
    }

private:
    endpoints::testing::World& world() { return api_.world; }

    // Some by the store's own insertion, which is measured; the others are copies of them.
    void fill()
    {
        const int by_store = std::min(size_, 10'000);
        insert("add, many at once", 0, by_store, bench::rows_a_write);
        const auto began = SteadyClock::now();
        const auto db = connect();
        must(bench::multiply(*db, by_store, size_));
        must(bench::complete(*db, by_store, size_));
        must(world().write([this](store::Transaction& tx) -> base::Result<> {
            CHECKED(prepare(tx));
            return tx.endpoints.recount();
        }));
        print_line("fill: seconds for the copies", "s", seconds_since(began));
        const auto sealing = SteadyClock::now();
        must(store::seal_rest(*db));  // As at the first start after a migration.
        print_line("fill: seconds to index the copies' names", "s", seconds_since(sealing));
        if (!postgres_.empty()) {
            test::Postgres::shared().query(postgres_, "VACUUM ANALYZE");
        }
        insert("add, many at once, when all are there", size_, size_ + 2'000, bench::rows_a_write);
        int next = size_ + 2'000;
        measure("add one, when all are there", [this, &next] {
            insert("", next, next + 1, 1);
            ++next;
        });
    }
    // An endpoint, its certificate, order and advice by the product's own insertion.
    void insert(const std::string& figure, int from, int to, int at_once)
    {
        const auto cpu_began = std::clock();
        for (int first = from; first < to; first += at_once) {
            const int last = std::min(to, first + at_once);
            must(world().write(
                [now = world().clock.now(), first, last](store::Transaction& tx) -> base::Result<> {
                    for (int i = first; i < last; ++i) {
                        CHECKED(bench::add_endpoint(tx, now, i));
                    }
                    return {};
                }));
        }
        if (!figure.empty()) {
            print_line(
                figure + ", each", "ms CPU",
                1'000.0 * static_cast<double>(std::clock() - cpu_began) / CLOCKS_PER_SEC / (to - from));
        }
    }
    // Beside the store, which is idle.
    std::unique_ptr<sql::Connection> connect()
    {
        if (!postgres_.empty()) {
            auto db = postgres::make_driver(postgres_)->open(sql::Access::write).value();
            must(db->run("SET synchronous_commit = off"));
            return db;
        }
        auto db =
            sqlite::Connection::open(world().folder.path() / "test.db", sql::Access::write, world().clock);
        must(db);
        must((*db)->run("PRAGMA cache_size = -1000000; PRAGMA synchronous = OFF"));
        return std::move(*db);
    }

    void print(const std::string& figure, const Times& times) const
    {
        print_line(figure, "ms", median(times.wall));
        print_line(figure, "ms CPU", median(times.cpu));
    }
    void print_line(const std::string& figure, std::string_view unit, double milliseconds) const
    {
        fmt::print(
            "RESULT {{\"figure\": \"{}, {} endpoints, {}\", \"unit\": \"{}\", \"better\": \"lower\", "
            "\"ours\": {:.2f}}}\n",
            figure, size_, postgres_.empty() ? "SQLite" : "PostgreSQL", unit, milliseconds);
        std::fflush(stdout);
    }

    void plan(std::size_t expected)
    {
        const auto planned = world().run(planner_->plan());
        must(planned);
        if (*planned != expected) {
            throw std::runtime_error(fmt::format("{} orders planned, not {}", *planned, expected));
        }
    }
    void claim(std::size_t expected)
    {
        const auto claimed = world().write([](store::Transaction& tx) {
            return tx.orders.claim("bench", std::chrono::hours(1), most_at_once);
        });
        must(claimed);
        if (claimed->size() != expected) {
            throw std::runtime_error(fmt::format("{} orders claimed, not {}", claimed->size(), expected));
        }
    }
    // The next `count` certificates become due now.
    void make_due(int count)
    {
        for (int done = 0; done < count; done += bench::rows_a_write) {
            const int some = std::min(bench::rows_a_write, count - done);
            must(world().write([this, some](store::Transaction& tx) -> base::Result<> {
                for (int i = 0; i < some; ++i) {
                    next_due_ += bench::is_broken(next_due_) ? 1 : 0;
                    CHECKED(tx.certificates.renew_at("crt_" + bench::number_text(next_due_++),
                                                     world().clock.now()));
                }
                return {};
            }));
        }
    }

    base::Result<> prepare(store::Transaction& tx)
    {
        model::CaAccount account;
        account.id = "ca_1";
        account.name = "main";
        account.directory_url = "https://acme-v02.api.letsencrypt.org/directory";
        account.is_default = true;
        CHECKED(tx.accounts.put(account));
        auto platform = bench::certificate(world().clock.now(), "9");
        platform.source = model::CertificateSource::platform;
        platform.endpoint.clear();
        platform.identifiers = {"platform.test", "*.platform.test"};
        platform.not_after = world().clock.now() + std::chrono::days(3650);
        return tx.certificates.insert(platform);
    }

    const int size_;
    const std::string postgres_;
    int next_due_ = 0;
    api::testing::ApiWorld api_;
    std::unique_ptr<issuance::Planner> planner_;
};

void run_all(int size, const std::string& postgres)
{
    Stage stage(size, postgres);
    stage.pages();
    stage.searches();
    stage.planning();
}

}  // namespace

int main(int argc, char** argv)
{
    base::log::set_level(base::log::Level::error);
    std::vector<int> sizes;
    bool with_sqlite = true;
    bool with_postgres = true;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        with_postgres = word == "sqlite" ? false : with_postgres;
        with_sqlite = word == "postgres" ? false : with_sqlite;
        if (const int size = std::atoi(argv[i]); size > 0) {
            sizes.push_back(size);
        }
    }
    if (sizes.empty()) {
        sizes = {1'000, 100'000, 1'000'000};
    }
    for (const int size : sizes) {
        if (with_sqlite) {
            run_all(size, "");
        }
        if (with_postgres) {
            run_all(size, test::Postgres::shared().new_database());
        }
    }
    return 0;
}
