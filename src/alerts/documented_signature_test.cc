// The example of docs/alerts.md verifies what we sign.
#include "alerts/signature.h"
#include "base/command.h"
#include "support/child.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace alerts {
namespace {

std::string documented_example()
{
    const auto text = test::read_file(std::string(DOCS) + "/alerts.md");
    const std::string begin = "```python\n";
    const auto from = text.find(begin) + begin.size();
    return text.substr(from, text.find("```", from) - from);
}

// What the documented function says of a request.
std::string verdict(const std::string& timestamp, const std::string& signature, const std::string& body)
{
    base::Command command;
    command.words = {"/usr/bin/python3",
                     "-c",
                     documented_example() +
                         "\nheaders = dict(zip(['webhook-id', 'webhook-timestamp', 'webhook-signature'], "
                         "sys.argv[2:]))\nprint(verify(sys.argv[1], headers, sys.stdin.buffer.read()))\n",
                     "whsec_c2VjcmV0",
                     "dlv_1",
                     timestamp,
                     signature};
    command.input = body;
    const auto done = base::run_command(command);
    return done ? done->output : done.error().message();
}

TEST(DocumentedSignature, VerifiesOurs)
{
    const std::string body = R"({"id":"dlv_1","text":"münchen"})";
    const auto now = base::to_millis(base::SystemClock().now()) / 1000;
    const auto fresh = std::to_string(now);
    const auto signature = webhook_signature("whsec_c2VjcmV0", "dlv_1", fresh, body).value();
    EXPECT_EQ(verdict(fresh, signature, body), "True\n");
    EXPECT_EQ(verdict(fresh, signature, body + " "), "False\n");
    EXPECT_EQ(verdict(fresh, "v1,AAAA", body), "False\n");
    const auto old = std::to_string(now - 3600);
    EXPECT_EQ(verdict(old, webhook_signature("whsec_c2VjcmV0", "dlv_1", old, body).value(), body), "False\n");
}

}  // namespace
}  // namespace alerts
