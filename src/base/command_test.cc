#include "base/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace base {
namespace {

Command shell(std::string script)
{
    Command command;
    command.words = {"/bin/sh", "-c", std::move(script)};
    return command;
}

TEST(RunCommand, FeedsAndReads)
{
    auto command = shell("cat; echo err >&2; exit 3");
    command.input = std::string(200'000, 'x');
    command.most_output = 1'000'000;
    const auto done = run_command(command);

    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->status, 3);
    EXPECT_EQ(done->output.size(), 200'004U);
}

TEST(RunCommand, GivesNothingOfOurEnvironment)
{
    ::setenv("CERTWRIGHT_SECRET", "x", 1);
    auto command = shell("env");
    command.environment = {"GIVEN=1"};
    const auto done = run_command(command);

    ASSERT_TRUE(done);
    EXPECT_THAT(done->output, testing::HasSubstr("GIVEN=1"));
    EXPECT_THAT(done->output, testing::Not(testing::HasSubstr("CERTWRIGHT_SECRET")));
}

TEST(RunCommand, BoundsTimeAndOutput)
{
    auto slow = shell("sleep 60 & sleep 60");
    slow.limit = std::chrono::milliseconds(200);
    const auto started = std::chrono::steady_clock::now();
    const auto late = run_command(slow);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), "command_timeout");
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(20));

    auto loud = shell("head -c 300000 /dev/zero");
    loud.most_output = 100;
    const auto done = run_command(loud);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->output.size(), 100U);
    EXPECT_EQ(done->status, 0);
}

TEST(RunCommand, TellsWhatCannotBeStarted)
{
    Command command;
    command.words = {"/no/such/program"};
    const auto done = run_command(command);

    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), "command_not_found");
    EXPECT_EQ(run_command(Command()).error().code(), "command_not_found");
}

TEST(RunCommand, DoesNotMindAProgramThatReadsNothing)
{
    auto command = shell("exec <&-; exit 0");
    command.input = std::string(500'000, 'x');
    const auto done = run_command(command);

    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(done->status, 0);
}

TEST(WordsOf, AreSeparatedByBlanks)
{
    EXPECT_EQ(words_of("  a  b\tc "), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_TRUE(words_of("  ").empty());
}

}  // namespace
}  // namespace base
