// What watching parked names costs, and how soon one that is mended is woken: each name in a zone of its own
// at real name servers (Knot), found through a real resolver (Unbound), with the default options of the ring.
//
//     parked_bench [NAMES...]        default: 1000 10000
#include "base/log.h"
#include "diagnosis/parked_ring.h"
#include "integration/diagnosis_fixture.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr int mended = 40;

double cpu_seconds()
{
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

class Stage : public test::DiagnosisFixture {
public:
    explicit Stage(int names) : names_(names)
    {
        test::Zones zones;
        for (int i = 0; i < names; ++i) {
            zones[zone(i)] = "";
        }
        serve(zones);
        store_ = store::open_sqlite(folder_.path() / "db", clock_).value();
        ring_ = std::make_unique<diagnosis::ParkedRing>(
            loop_.get_executor(), *store_, resolver(), context_.probes, diagnosis::RingOptions(),
            [this](const std::string& endpoint) { woken_.emplace(endpoint, SteadyClock::now()); });
        for (int i = 0; i < names; ++i) {
            ring_->note(parked(i));
        }
        tasks_.spawn("ring", ring_->run());
    }
    void TestBody() override {}

    // The figures of `time` from now on.
    void measure(const char* what, std::chrono::seconds time)
    {
        const auto asked = ring_->asked();
        const auto cpu = cpu_seconds();
        test::run(loop_, base::sleep_for(time), time + 60s);
        const auto seconds = static_cast<double>(time.count());
        const auto questions = static_cast<double>(ring_->asked() - asked);
        const auto used = cpu_seconds() - cpu;
        std::printf("%7d names  %-22s %8.1f questions/s  %6.2f %% of a core  %6.1f us each\n", names_, what,
                    questions / seconds, 100 * used / seconds, questions > 0 ? 1e6 * used / questions : 0.0);
        std::fflush(stdout);
    }
    // Mends some, spread over the ring, and waits until they are woken.
    void mend()
    {
        woken_.clear();
        std::vector<double> delays;
        std::map<std::string, SteadyClock::time_point> since;
        for (int i = 0; i < mended; ++i) {
            const int number = static_cast<int>(static_cast<long>(i) * names_ / mended);
            change(zone(number), "shop CNAME elsewhere.test.");
            since[parked(number).id] = SteadyClock::now();
            test::run(loop_, base::sleep_for(1s));
        }
        const auto deadline = SteadyClock::now() + 300s;
        while (woken_.size() < mended && SteadyClock::now() < deadline) {
            test::run(loop_, base::sleep_for(100ms));
        }
        for (const auto& [endpoint, when] : woken_) {
            delays.push_back(std::chrono::duration<double>(when - since[endpoint]).count());
        }
        std::ranges::sort(delays);
        std::printf("%7d names  woken %zu of %d          median %.1f s, longest %.1f s\n", names_,
                    delays.size(), mended, delays.empty() ? 0.0 : delays[delays.size() / 2],
                    delays.empty() ? 0.0 : delays.back());
        std::fflush(stdout);
    }
    void stop() { test::run(loop_, tasks_.stop()); }

private:
    static std::string zone(int number) { return fmt::format("c{}.test", number); }
    // As a look has stored it: no record is there.
    static model::Endpoint parked(int number)
    {
        auto made = test::sample_endpoint({"shop." + zone(number)});
        made.status.state = model::EndpointState::parked;
        for (auto& record : made.required_records) {
            record.status = model::RecordStatus::missing;
        }
        return made;
    }

    int names_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<diagnosis::ParkedRing> ring_;
    std::map<std::string, SteadyClock::time_point> woken_;
    base::TaskGroup tasks_{loop_.get_executor()};
};

void run_with(int names)
{
    Stage stage(names);
    // The first turn also finds the name servers of each zone.
    const auto first = std::chrono::seconds(45 + names / 100);
    stage.measure("first turn", first);
    stage.measure("later turns", 90s);
    stage.mend();
    stage.stop();
}

}  // namespace

int main(int count, char** words)
{
    std::vector<int> sizes;
    for (int i = 1; i < count; ++i) {
        sizes.push_back(std::atoi(words[i]));
    }
    for (const int size : sizes.empty() ? std::vector<int>{1'000, 10'000} : sizes) {
        run_with(size);
    }
    return 0;
}
