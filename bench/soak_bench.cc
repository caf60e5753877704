// 200 virtual days with 10,000 names: bench soak [names [days [seed]]]. Without a seed: a random one, which
// is printed. Ends with status 1 when something happened that must not.
#include "base/log.h"
#include "base/random.h"
#include "soak/soak.h"
#include "support/temp_dir.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

std::uint64_t number(int argc, char** argv, int at, std::uint64_t otherwise)
{
    if (at >= argc) {
        return otherwise;
    }
    std::from_chars(argv[at], argv[at] + std::strlen(argv[at]), otherwise);
    return otherwise;
}

void print(std::string_view line)
{
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

void print_result(std::string_view figure, std::string_view unit, std::string_view better, double ours)
{
    print(fmt::format(R"(RESULT {{"figure": "soak: {}", "unit": "{}", "better": "{}", "ours": {:.4g}}})",
                      figure, unit, better, ours));
}

}  // namespace

int main(int argc, char** argv)
{
    base::log::set_level(base::log::Level::error);
    soak::keep_files_in_memory();
    const test::TempDir folder;
    soak::SoakOptions options;
    options.world.names = number(argc, argv, 1, 10'000);
    options.world.days = static_cast<int>(number(argc, argv, 2, 200));
    options.world.seed = number(argc, argv, 3, base::random_below(1'000'000'000));
    options.step = std::chrono::minutes(10);
    options.folder = folder.path();
    options.progress = print;
    print(fmt::format("seed {}", options.world.seed));
    const auto began = std::clock();
    const auto report = soak::run_soak(options);
    if (!report) {
        print(report.error().message());
        return 2;
    }
    print(report->to_text());
    for (const auto* list : {&report->lost_names, &report->limits_violated, &report->duplicates}) {
        for (const auto& each : *list) {
            print("  " + each);
        }
    }
    print_result("names lost", "names", "lower", static_cast<double>(report->lost_names.size()));
    print_result("CA limits violated", "times", "lower", static_cast<double>(report->limits_violated.size()));
    print_result("duplicate certificates", "certificates", "lower",
                 static_cast<double>(report->duplicates.size()));
    const double cpu_ms =
        1'000.0 * static_cast<double>(std::clock() - began) / static_cast<double>(CLOCKS_PER_SEC);
    print_result("CPU for each certificate", "ms", "lower",
                 cpu_ms / static_cast<double>(std::max<std::size_t>(report->issued, 1)));
    const bool good = report->lost_names.empty() && report->limits_violated.empty() &&
                      report->duplicates.empty() && report->never_issued == 0;
    return good ? 0 : 1;
}
