#include "base/config.h"

#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <fstream>

namespace base {
namespace {

struct Settings {
    std::string domain;
    std::vector<std::string> listen{"127.0.0.1:80"};
    std::int64_t threads = 2;
    bool json = false;
    std::chrono::milliseconds interval{60'000};
};

ConfigTable table_of(Settings& settings)
{
    ConfigTable table;
    table.text("domain", settings.domain, "The platform's domain.");
    table.list("http.listen", settings.listen, "Where HTTP is served.");
    table.number("edge.threads", settings.threads, 1, 64, "Loops of the edge.");
    table.boolean("log.json", settings.json, "Log lines as JSON.");
    table.duration("checks.interval", settings.interval, "Time between checks.");
    return table;
}

std::filesystem::path write_file(const test::TempDir& folder, std::string_view text)
{
    const auto path = folder.path() / "certwright.toml";
    std::ofstream(path) << text;
    return path;
}

TEST(ConfigTable, TakesFlagsOverEnvironmentOverFileOverDefaults)
{
    test::TempDir folder;
    Settings settings;
    const auto table = table_of(settings);
    const auto file = write_file(
        folder, "domain = 'file.test'\n[edge]\nthreads = 3\n[http]\nlisten = ['[::1]:80', '127.0.0.1:80']\n");

    const auto loaded =
        table.load(file, {{"CERTWRIGHT_DOMAIN", "env.test"}, {"CERTWRIGHT_CHECKS_INTERVAL", "5s"}},
                   {{"domain", {"flag.test"}}});

    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_EQ(settings.domain, "flag.test");
    EXPECT_EQ(settings.threads, 3);
    EXPECT_EQ(settings.listen.size(), 2U);
    EXPECT_EQ(settings.interval, std::chrono::seconds(5));
    EXPECT_FALSE(settings.json);
}

TEST(ConfigTable, ReportsEveryProblemAtOnceWithItsPlace)
{
    test::TempDir folder;
    Settings settings;
    const auto table = table_of(settings);
    const auto file = write_file(folder, "domian = 'x'\n[edge]\nthreads = 900\n[log]\njson = 'maybe'\n");

    const auto loaded = table.load(file, {}, {});

    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code(), "config_invalid");
    const auto& message = loaded.error().message();
    EXPECT_NE(message.find("line 1: unknown setting 'domian'; did you mean 'domain'?"), std::string::npos)
        << message;
    EXPECT_NE(message.find("line 3: edge.threads: 900 is not between 1 and 64"), std::string::npos)
        << message;
    EXPECT_NE(message.find("line 5: log.json: takes true or false"), std::string::npos) << message;
}

TEST(ConfigTable, NamesTheLineOfASyntaxError)
{
    test::TempDir folder;
    Settings settings;
    const auto table = table_of(settings);

    const auto loaded = table.load(write_file(folder, "domain = \n"), {}, {});

    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().message().find("line 1"), std::string::npos) << loaded.error().message();
}

TEST(ConfigTable, ItsReferenceIsAFileThatLoads)
{
    test::TempDir folder;
    Settings settings;
    settings.domain = "a\"b";
    const auto table = table_of(settings);
    const auto file = write_file(folder, table.reference());
    settings.domain.clear();

    const auto loaded = table.load(file, {}, {});

    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_EQ(settings.domain, "a\"b");
    EXPECT_EQ(settings.interval, std::chrono::minutes(1));
}

TEST(Duration, ReadsItsOwnTextForm)
{
    for (const auto text : {"500ms", "30s", "5m", "12h", "7d"}) {
        EXPECT_EQ(to_text(parse_duration(text).value()), text);
    }
    for (const auto text : {"", "5", "s", "-5s", "5 s", "5w"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

}  // namespace
}  // namespace base
