#include "app/settings.h"

#include "support/golden.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <fstream>

namespace app {
namespace {

TEST(Settings, TheReferenceIsAPromise)
{
    Settings settings;
    EdgeSettings edge;
    DeploySettings deploy;

    test::expect_golden("config_reference_deploy.toml", deploy_settings_table(deploy).reference());
    test::expect_golden("config_reference.toml", settings_table(settings).reference());
    test::expect_golden("config_reference_edge.toml", edge_settings_table(edge).reference());
}

TEST(Settings, TheirDocumentIsUpToDate)
{
    Settings settings;
    EdgeSettings edge;
    DeploySettings deploy;
    const std::string document =
        "# Settings\n\nEach setting can stand in a TOML file (`--config FILE`), in the environment "
        "(`dns.listen` is "
        "`CERTWRIGHT_DNS_LISTEN`,\nlists with commas), or on the command line (`--dns-listen`, repeated for "
        "lists). The command "
        "line wins, then the environment,\nthen the file. Unknown keys are errors. `certwright config "
        "reference` prints a "
        "commented file, `certwright config check FILE`\nsays everything that is wrong with one.\n\n## "
        "certwright serve\n\n" +
        settings_table(settings).markdown() + "\n## certwright edge\n\n" +
        edge_settings_table(edge).markdown() + "\n## certwright deploy\n\n" +
        deploy_settings_table(deploy).markdown();

    test::expect_golden("../../docs/config.md", document);
}

TEST(Settings, OneCommandLineIsComplete)
{
    Settings settings;
    const auto table = settings_table(settings);

    ASSERT_TRUE(table.load("", {}, {{"domain", {"platform.example"}}}));

    EXPECT_TRUE(check_settings(settings));
    EXPECT_EQ(settings.challenge_zone_or_default(), "acme.platform.example");
    EXPECT_EQ(settings.ca_directory_url(), "https://acme-v02.api.letsencrypt.org/directory");
}

TEST(Settings, EveryBadValueIsNamedAtOnce)
{
    Settings settings;
    const auto table = settings_table(settings);

    const auto loaded = table.load("", {},
                                   {{"domain", {"*.platform.example"}},
                                    {"addresses", {"192.0.2.300"}},
                                    {"name_servers", {"ns1.platform.example"}},
                                    {"http.listen", {"localhost"}},
                                    {"ca.directory", {"http://ca.example"}},
                                    {"log.level", {"loud"}}});

    ASSERT_FALSE(loaded);
    for (const auto part :
         {"--domain", "--addresses", "--name-servers", "--http-listen", "--ca-directory", "--log-level"}) {
        EXPECT_NE(loaded.error().message().find(part), std::string::npos)
            << part << " in " << loaded.error().message();
    }
}

TEST(Settings, RefusesAPublicApiAndHalfAnExternalAccount)
{
    Settings settings;
    settings.domain = "platform.example";
    settings.addresses = {"192.0.2.1"};
    settings.api_listen = {"0.0.0.0:8700"};
    settings.ca_eab_kid = "kid";

    const auto checked = check_settings(settings);

    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().message().find("not a loopback address"), std::string::npos);
    EXPECT_NE(checked.error().message().find("give both or neither"), std::string::npos);
}

TEST(Settings, WantAddressesWhereThisMachinesAreNotThoseOfTheEdges)
{
    Settings settings;
    settings.domain = "platform.example";
    settings.edge = false;
    EXPECT_FALSE(check_settings(settings));
    settings.edge = true;
    settings.store = "postgres://certwright@/certwright";
    EXPECT_FALSE(check_settings(settings));
    settings.addresses = {"192.0.2.1"};
    EXPECT_TRUE(check_settings(settings));
    settings.domain.clear();
    EXPECT_FALSE(check_settings(settings));
}

}  // namespace
}  // namespace app
