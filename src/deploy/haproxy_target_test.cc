// A real HAProxy on the other side.
#include "deploy/haproxy_target.h"

#include "deploy/haproxy_folder.h"
#include "deploy/testing/sample_items.h"
#include "support/child.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace deploy {
namespace {

using testing::gone;
using testing::items;
using testing::sample_item;

class HaproxyTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        test::write_file(folder_.path() / "haproxy.cfg", fmt::format(R"(global
    stats socket {0}/sock mode 600 level admin
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend https
    bind 127.0.0.1:{1} ssl crt-list {0}/certs/crt-list.txt strict-sni
)",
                                                                     folder_.path().string(), port_));
        ASSERT_TRUE(files_.prepare());
        start();
    }

    void start()
    {
        haproxy_.reset();
        haproxy_ =
            std::make_unique<test::Child>(std::vector<std::string>{"/usr/sbin/haproxy", "-db", "-f",
                                                                   (folder_.path() / "haproxy.cfg").string()},
                                          std::map<std::string, std::string>{}, folder_.path() / "log");
        ASSERT_TRUE(test::wait_for_port(*haproxy_, port_)) << test::read_file(folder_.path() / "log");
        // Its socket for commands appears at another moment than its port.
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!test::run(loop_, socket_.ask("show info"))) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << test::read_file(folder_.path() / "log");
            test::run(loop_, base::sleep_for(std::chrono::milliseconds(10)));
        }
    }

    std::string ask(const std::string& command) { return test::run(loop_, socket_.ask(command)).value(); }
    std::string listed() { return ask("show ssl crt-list " + certs_ + "/crt-list.txt"); }

    base::Result<> put(Target& target, Items what) { return test::run(loop_, target.put(std::move(what))); }
    base::Result<> put_all(Target& target, Items what)
    {
        const auto begun = test::run(loop_, target.begin_all());
        return begun && put(target, std::move(what)) ? test::run(loop_, target.end_all()) : begun;
    }

    test::TempDir folder_;
    boost::asio::io_context loop_{1};
    boost::asio::thread_pool pool_{1};
    const std::string certs_ = (folder_.path() / "certs").string();
    const std::uint16_t port_ = test::free_port();
    const HaproxySocket socket_{(folder_.path() / "sock").string()};
    HaproxyFolder files_{certs_, pool_};
    HaproxyTarget target_{socket_, certs_};
    std::unique_ptr<test::Child> haproxy_;
};

TEST_F(HaproxyTest, PutsRenewsAndTakesAwayWithoutReload)
{
    const auto pid = haproxy_->pid();
    EXPECT_TRUE(test::run(loop_, target_.lost()).value());
    ASSERT_TRUE(put_all(target_, items({sample_item("ep_1", {"a.test", "b.test"}, "crt_1")})));
    EXPECT_NE(listed().find(certs_ + "/a.test.pem a.test b.test\n"), std::string::npos) << listed();
    const auto first = ask("show ssl cert " + certs_ + "/a.test.pem");
    EXPECT_NE(first.find("Status: Used"), std::string::npos) << first;

    ASSERT_TRUE(put(target_, items({sample_item("ep_1", {"a.test", "b.test"}, "crt_2"),
                                    sample_item("ep_2", {"*.c.test"}, "crt_3", model::KeyType::rsa_2048)})));
    EXPECT_NE(ask("show ssl cert " + certs_ + "/a.test.pem"), first);
    EXPECT_NE(listed().find(certs_ + "/_.c.test.rsa.pem *.c.test\n"), std::string::npos) << listed();

    ASSERT_TRUE(put(target_, items({gone("ep_1")})));
    EXPECT_EQ(listed().find("a.test"), std::string::npos) << listed();
    EXPECT_EQ(ask("show ssl cert").find("a.test"), std::string::npos);
    EXPECT_FALSE(test::run(loop_, target_.lost()).value());
    EXPECT_EQ(haproxy_->pid(), pid);
}

TEST_F(HaproxyTest, ARestartLoadsTheFilesAndIsNoticed)
{
    const auto all =
        items({sample_item("ep_1", {"a.test"}, "crt_1"), sample_item("ep_2", {"b.test"}, "crt_2")});
    ASSERT_TRUE(test::run(loop_, target_.lost()).value());
    ASSERT_TRUE(put_all(files_, all));
    ASSERT_TRUE(put_all(target_, all));

    ASSERT_TRUE(put(files_, items({gone("ep_2")})));
    start();

    EXPECT_TRUE(test::run(loop_, target_.lost()).value());
    EXPECT_NE(listed().find("a.test"), std::string::npos) << listed();
    EXPECT_EQ(listed().find("b.test"), std::string::npos) << listed();
    ASSERT_TRUE(put_all(target_, items({sample_item("ep_1", {"a.test"}, "crt_9")})));
    EXPECT_NE(listed().find("a.test"), std::string::npos);
}

TEST_F(HaproxyTest, WhatIsNotNamedAnyMoreGoesAtTheEndOfAFullRound)
{
    ASSERT_TRUE(put_all(target_, items({sample_item("ep_1", {"a.test"}, "crt_1"),
                                        sample_item("ep_2", {"b.test"}, "crt_2")})));
    HaproxyTarget later(socket_, certs_);
    ASSERT_TRUE(put_all(later, items({sample_item("ep_2", {"b.test"}, "crt_2")})));
    EXPECT_EQ(listed().find("a.test"), std::string::npos) << listed();
    EXPECT_NE(listed().find("b.test"), std::string::npos) << listed();
}

// Who died between set and commit leaves a transaction that keeps everybody else from setting anything.
TEST_F(HaproxyTest, AnAbandonedTransactionIsEnded)
{
    const auto item = sample_item("ep_1", {"a.test"}, "crt_1");
    const auto file = certs_ + "/a.test.pem";
    ask("new ssl cert " + file);
    ASSERT_TRUE(test::run(loop_, socket_.ask("set ssl cert " + file, item.bundles[0].combined())));
    ASSERT_NE(ask("show ssl cert").find("*" + file), std::string::npos);

    ASSERT_TRUE(put_all(target_, items({item})));
    EXPECT_NE(ask("show ssl cert " + file).find("Status: Used"), std::string::npos);
}

TEST_F(HaproxyTest, SaysWhatIsWrong)
{
    HaproxyTarget elsewhere(HaproxySocket((folder_.path() / "none").string()), certs_);
    EXPECT_EQ(test::run(loop_, elsewhere.lost()).error().code(), "haproxy_unreachable");
    HaproxyTarget other_list(socket_, "/nowhere");
    EXPECT_EQ(test::run(loop_, other_list.begin_all()).error().code(), "haproxy_no_list");
}

}  // namespace
}  // namespace deploy
