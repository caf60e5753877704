// What passes an edge before the final answer: Expect: 100-continue, interim answers, and that the client has
// left. The client is curl, over both versions of HTTP.
#include "edge_fixture.h"

#include <gmock/gmock.h>

#include <thread>

namespace edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class EdgeInterim : public EdgeTest {
protected:
    // curl would wait for 100 until it gives up.
    static constexpr std::string_view waits = "-H 'Expect: 100-continue' --expect100-timeout 600 -d hello";

    static std::string over(const std::string& version, std::string_view options)
    {
        return fmt::format("{} {}", version, options);
    }
    bool origin_says(const std::string& word)
    {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!test::read_file(folder.path() / "origin.log").contains(word)) {
            if (std::chrono::steady_clock::now() > deadline) {
                return false;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return true;
    }
    const std::vector<std::string> versions{"--http1.1", "--http2"};
};

TEST_F(EdgeInterim, TheUpstreamSaysWhetherItWantsTheBody)
{
    serve_shop();

    for (const auto& version : versions) {
        EXPECT_THAT(https("shop.test", "/expect", over(version, waits)),
                    HasSubstr("took 5, expecting 100-continue\n\nexit 0"))
            << version;
        EXPECT_THAT(https("shop.test", "/expect-refuse", over(version, waits) + " -w '%{size_upload} sent'"),
                    HasSubstr("who are you\n0 sent\nexit 0"))
            << version;
        EXPECT_THAT(https("shop.test", "/expect-silent", over(version, waits)),
                    HasSubstr("took 5, expecting 100-continue\n\nexit 0"))
            << version << ": the body is asked for when the upstream has said nothing for a while";
    }
}

TEST_F(EdgeInterim, ABodyThatDoesNotWaitIsNotLost)
{
    serve_shop();
    test::write_file(folder.path() / "large", std::string(3'000'000, 'x'));

    for (const auto& version : versions) {
        const auto options = fmt::format(
            "{} -H 'Expect: 100-continue' --expect100-timeout 0.001 "
            "--data-binary @{}/large",
            version, folder.path().string());
        for (const auto* path : {"/expect", "/expect-silent"}) {
            EXPECT_THAT(https("shop.test", path, options), HasSubstr("took 3000000, expecting"))
                << version << path;
        }
        EXPECT_THAT(https("shop.test", "/expect-refuse", options), HasSubstr("who are you\n")) << version;
    }
}

TEST_F(EdgeInterim, EarlyHintsReachTheClient)
{
    serve_shop();

    for (const auto& version : versions) {
        const auto answer = https("shop.test", "/early", over(version, "-i"));
        EXPECT_THAT(answer, AllOf(HasSubstr(" 103"), HasSubstr("</a.css>; rel=preload"),
                                  Not(HasSubstr("onnection: x")), HasSubstr(" 200"), HasSubstr("hello\n")))
            << version;
    }
    EXPECT_THAT(https("shop.test", "/early", "-i --http1.0"), Not(HasSubstr(" 103")));
}

TEST_F(EdgeInterim, AnUpstreamIsLeftWithItsClient)
{
    auto patient = route("ep_a", {"shop.test"}, {"crt_a"});
    std::get<feed::RouteEntry>(*patient.entry).forwarding.answer = std::chrono::seconds(100);
    apply({certificate("crt_a", "ep_a", {"shop.test"}), patient});

    for (const auto& version : versions) {
        for (const std::string body : {"", " -d hello", " -H 'Transfer-Encoding: chunked' -d hello"}) {
            test::write_file(folder.path() / "origin.log", "");
            EXPECT_THAT(https("shop.test", "/left", version + " -m 2" + body), HasSubstr("exit 28"));
            EXPECT_TRUE(origin_says("left")) << version << body;
        }
    }
}

TEST_F(EdgeInterim, ASlowUploadIsNotCutByAShortLimitForAnswers)
{
    serve_shop();
    test::write_file(folder.path() / "large", std::string(400'000, 'x'));

    for (const auto& version : versions) {
        const auto options = fmt::format(
            "{} -H 'Expect:' --limit-rate 100k --data-binary @{}/large -w "
            "'%{{time_total}}'",
            version, folder.path().string());
        EXPECT_THAT(https("shop.test", "/seen", options), HasSubstr("seen POST /seen 400000\n")) << version;
    }
    EXPECT_THAT(https("shop.test", "/slow", "-i -d x"), HasSubstr(" 504")) << "the limit is 1.5 seconds";
}

}  // namespace
}  // namespace edge
