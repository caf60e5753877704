#include "cli/import_file.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

std::string json_of(const base::Result<std::vector<ImportLine>>& lines, std::size_t index)
{
    return boost::json::serialize(lines.value().at(index).body);
}

TEST(ImportFile, ReadsCsvWithItsHeading)
{
    const auto lines = parse_import(
        "names,upstream,kind,ip_filter\r\n"
        "shop.example.com www.shop.example.com,http://10.0.0.5:3000\r\n"
        "\n"
        "# internal ones\n"
        "wiki.example.com,\"http://10.0.0.6/a,b\",internal,192.0.2.0/24 2001:db8::/32\n"
        "b\xc3\xbc"
        "cher.example.com,http://10.0.0.7");

    ASSERT_TRUE(lines) << lines.error().message();
    ASSERT_EQ(lines->size(), 3U);
    EXPECT_EQ(json_of(lines, 0),
              R"({"names":["shop.example.com","www.shop.example.com"],"upstream":"http://10.0.0.5:3000"})");
    EXPECT_EQ(
        json_of(lines, 1),
        R"({"names":["wiki.example.com"],"upstream":"http://10.0.0.6/a,b","kind":"internal","ip_filter":["192.0.2.0/24","2001:db8::/32"]})");
    EXPECT_EQ((*lines)[1].number, 5U);
}

TEST(ImportFile, ReadsRedirects)
{
    const auto lines = parse_import(
        "names,to,status,keep_path\n"
        "example.com,https://www.example.com\n"
        "old.example.com older.example.com,https://www.example.com/new,308,false\n"
        "b.example.com,https://www.example.com,permanent,\n",
        ImportOf::redirects);

    ASSERT_TRUE(lines) << lines.error().message();
    EXPECT_EQ(json_of(lines, 0), R"({"names":["example.com"],"redirect_to":"https://www.example.com"})");
    EXPECT_EQ(
        json_of(lines, 1),
        R"({"names":["old.example.com","older.example.com"],"redirect_to":"https://www.example.com/new","redirect_status":308,"redirect_keep_path":false})");
    EXPECT_EQ(
        json_of(lines, 2),
        R"({"names":["b.example.com"],"redirect_to":"https://www.example.com","redirect_status":"permanent"})");
    EXPECT_FALSE(parse_import("names,upstream\na.test,http://b.test\n", ImportOf::redirects));
}

TEST(ImportFile, ReadsJsonLines)
{
    const auto lines = parse_import(
        "{\"name\":\"a.example.com\",\"upstream\":\"http://10.0.0.5\"}\n\n"
        "{\"name\":\"b.example.com\",\"upstream\":\"http://10.0.0.5\"}\n");

    ASSERT_TRUE(lines);
    ASSERT_EQ(lines->size(), 2U);
    EXPECT_EQ((*lines)[1].number, 3U);
    EXPECT_EQ(json_of(lines, 1), R"({"name":"b.example.com","upstream":"http://10.0.0.5"})");
}

TEST(ImportFile, NamesTheLineThatCannotBeRead)
{
    const std::pair<std::string, std::string> cases[] = {
        {"name,upstream\n", "line 1: there is no column 'name'"},
        {"names\na.example.com\n", "line 1: the column 'upstream' is missing"},
        {"names,upstream\na,b,c\n", "line 2: it has more fields"},
        {"names,upstream\n\n\"a,b\n", "line 3: a quote is not closed"},
        {"{\"name\":1}\n{\n", "line 2: it is not JSON"},
        {"{\"name\":1}\n[]\n", "line 2: it is no JSON object"},
    };
    for (const auto& [text, said] : cases) {
        const auto refused = parse_import(text);

        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().message().substr(0, said.size()), said);
        EXPECT_FALSE(refused.error().fix().empty());
    }
    EXPECT_TRUE(parse_import("")->empty());
}

}  // namespace
}  // namespace cli
