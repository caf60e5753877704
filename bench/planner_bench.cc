// What a control node's daily questions cost when many endpoints are stored: pages, searches, status, one
// name, and finding what is due. Over HTTP where people ask, on a store of 1,000, 100,000 and 1,000,000
// endpoints.
//
//     planner_bench [SIZE...]
#include "api/testing/api_world.h"
#include "base/log.h"
#include "issuance/advice_poller.h"
#include "issuance/planner.h"
#include "issuance/renewal_advice.h"

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
constexpr int rows_a_write = 500;

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

class Stage {
public:
    explicit Stage(int size) : size_(size)
    {
        must(world().write([this](store::Transaction& tx) { return prepare(tx); }));
        for (int from = 0; from < size; from += rows_a_write) {
            const int to = std::min(size, from + rows_a_write);
            must(world().write([this, from, to](store::Transaction& tx) { return fill(tx, from, to); }));
        }
        issuance::PlannerOptions options;
        options.platform = endpoints::testing::test_platform();
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
            const auto answered = api_.ask(tenant ? api_.acme_token : api_.operator_token, method, path);
            if (answered.status != 200) {
                throw std::runtime_error(
                    fmt::format("{} {}: {} {}", method, path, answered.status, answered.text));
            }
        });
    }

    void pages()
    {
        const auto late = fmt::format("{}.ep_", 1'700'000'000'000 + size_ - 50);
        ask("list, first page", "/v1/endpoints?limit=100");
        ask("list, last page", "/v1/endpoints?limit=100&after=" + late);
        ask("list, one state (active)", "/v1/endpoints?limit=100&state=active");
        ask("list, one state (parked)", "/v1/endpoints?limit=100&state=parked");
        ask("list, one tenant", "/v1/endpoints?limit=100", "GET", true);
        ask("list, one tenant and state", "/v1/endpoints?limit=100&state=degraded", "GET", true);
        ask("search, nothing has it", "/v1/endpoints?limit=100&q=nowhere");
        ask("search, one name has it", fmt::format("/v1/endpoints?limit=100&q=shop{}.", size_ / 2));
        ask("search, every name has it", "/v1/endpoints?limit=100&q=shop");
        ask("certificates, first page", "/v1/certificates?limit=100");
        ask("events", "/v1/events");
        ask("status", "/v1/status");
        ask("metrics", "/metrics");
        ask("limits of a CA", "/v1/ca-accounts/main/limits");
        const auto name = fmt::format("/v1/endpoints/shop{0}.c{1}.example", size_ / 2, size_ / 2 % 5'000);
        ask("one endpoint", name);
        ask("doctor, without the DNS questions", name + "/check", "POST");
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
        for (const int due : {1, 10, 100}) {
            Times times;
            for (int i = 0; i < 5; ++i) {
                make_due(due);
                times.take([&] {
                    plan(static_cast<std::size_t>(due));
                    claim(static_cast<std::size_t>(due));
                });
            }
            print(fmt::format("plan and claim, {} due", due), times);
        }
    }

private:
    endpoints::testing::World& world() { return api_.world; }

    template <class R>
    static void must(const R& result)
    {
        if (!result) {
            throw std::runtime_error(result.error().message());
        }
    }
    void print(const std::string& figure, const Times& times) const
    {
        print_line(figure, "ms", median(times.wall));
        print_line(figure, "ms CPU", median(times.cpu));
        std::fflush(stdout);
    }
    void print_line(const std::string& figure, std::string_view unit, double milliseconds) const
    {
        fmt::print(
            "RESULT {{\"figure\": \"{}, {} endpoints\", \"unit\": \"{}\", \"better\": \"lower\", \"ours\": "
            "{:.2f}}}\n",
            figure, size_, unit, milliseconds);
    }

    // One in a hundred has an order that fails again and again.
    static bool is_broken(int number) { return number % 100 == 99; }

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
        const auto claimed = world().write(
            [](store::Transaction& tx) { return tx.orders.claim("bench", std::chrono::hours(1), 200); });
        must(claimed);
        if (claimed->size() != expected) {
            throw std::runtime_error(fmt::format("{} orders claimed, not {}", claimed->size(), expected));
        }
    }
    // The next `count` certificates become due now.
    void make_due(int count)
    {
        must(world().write([this, count](store::Transaction& tx) -> base::Result<> {
            for (int i = 0; i < count; ++i) {
                next_due_ += is_broken(next_due_) ? 1 : 0;
                TRY(certificate, tx.certificates.get(fmt::format("crt_{}", next_due_++)));
                certificate.renew_at = world().clock.now();
                CHECKED(tx.certificates.update(certificate));
            }
            return {};
        }));
    }

    base::Result<> prepare(store::Transaction& tx)
    {
        model::CaAccount account;
        account.id = "ca_1";
        account.name = "main";
        account.directory_url = "https://acme-v02.api.letsencrypt.org/directory";
        account.is_default = true;
        CHECKED(tx.accounts.put(account));
        auto platform = certificate("platform");
        platform.source = model::CertificateSource::platform;
        platform.endpoint.clear();
        platform.identifiers = {"platform.test", "*.platform.test"};
        platform.not_after = world().clock.now() + std::chrono::days(3650);
        return tx.certificates.insert(platform);
    }
    model::Certificate certificate(const std::string& key)
    {
        model::Certificate made;
        made.id = "crt_" + key;
        made.tenant = "default";
        made.endpoint = "ep_" + key;
        made.identifiers = {"shop" + key + ".example"};
        made.not_before = world().clock.now() - std::chrono::days(10);
        made.not_after = world().clock.now() + std::chrono::days(80);
        made.renew_at = world().clock.now() + std::chrono::days(50);
        made.chain_pem.assign(1'500, 'x');
        made.sealed_key.assign(200, 7);
        made.account = "ca_1";
        made.created_at = made.not_before;
        return made;
    }
    // An endpoint, its certificate, the order that it came from, and the CA's advice.
    base::Result<> fill(store::Transaction& tx, int from, int to)
    {
        const auto platform = endpoints::testing::test_platform();
        const auto now = world().clock.now();
        for (int i = from; i < to; ++i) {
            const auto key = std::to_string(i);
            model::Endpoint endpoint;
            endpoint.id = "ep_" + key;
            endpoint.tenant = i % 20 == 16 ? "acme" : "default";
            endpoint.names = {*model::DomainName::parse(fmt::format("shop{}.c{}.example", i, i % 5'000))};
            endpoint.upstream = "http://192.0.2.9:8080";
            endpoint.label = "l" + key;
            endpoint.required_records = model::required_records(endpoint, platform);
            endpoint.status.state = i % 100 < 95    ? model::EndpointState::active
                                    : i % 100 == 95 ? model::EndpointState::parked
                                    : i % 100 == 96 ? model::EndpointState::degraded
                                                    : model::EndpointState::pending_dns;
            endpoint.created_at = base::from_millis(1'700'000'000'000 + i);
            endpoint.next_check_at = now + std::chrono::hours(24);
            CHECKED(tx.endpoints.insert(endpoint));
            CHECKED(tx.certificates.insert(certificate(key)));
            CHECKED(insert_order(tx, endpoint, i, now));
            model::RenewalAdvice advice;
            advice.ari_id = "ari_" + key;
            advice.certificate = "crt_" + key;
            advice.account = "ca_1";
            advice.next_poll_at = now + std::chrono::hours(6);
            CHECKED(tx.advice.put(advice));
        }
        return {};
    }
    // The broken one waits; the others are done.
    static base::Result<> insert_order(store::Transaction& tx, const model::Endpoint& endpoint, int number,
                                       base::Time now)
    {
        model::Order order;
        order.id = "ord_" + std::to_string(number);
        order.tenant = endpoint.tenant;
        order.endpoint = endpoint.id;
        order.account = "ca_1";
        order.identifiers = {endpoint.name().text()};
        order.status = is_broken(number) ? model::OrderStatus::queued : model::OrderStatus::deployed;
        order.next_action_at = now + std::chrono::hours(5);
        order.created_at = endpoint.created_at;
        order.updated_at = endpoint.created_at;
        return tx.orders.insert(order);
    }

    const int size_;
    int next_due_ = 0;
    api::testing::ApiWorld api_;
    std::unique_ptr<issuance::Planner> planner_;
};

}  // namespace

int main(int argc, char** argv)
{
    base::log::set_level(base::log::Level::error);
    std::vector<int> sizes;
    for (int i = 1; i < argc; ++i) {
        sizes.push_back(std::atoi(argv[i]));
    }
    if (sizes.empty()) {
        sizes = {1'000, 100'000, 1'000'000};
    }
    for (const int size : sizes) {
        Stage stage(size);
        stage.pages();
        stage.planning();
    }
    return 0;
}
