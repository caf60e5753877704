#include "net/passed_sockets.h"

#include "net/listener.h"
#include "support/run.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cstdlib>

namespace net {
namespace {

using testing::ElementsAre;

base::Task<> accept_one(Listener& listener)
{
    CO_TRY(socket, co_await listener.accept());
    co_return base::Result<>();
}

class PassedSocketsTest : public testing::Test {
protected:
    Listener open()
    {
        return Listener::open(loop_.get_executor(), parse_endpoint("127.0.0.1:0").value(), false).value();
    }

    static Descriptor copy(Listener& listener)
    {
        return Descriptor(::fcntl(listener.descriptor(), F_DUPFD_CLOEXEC, 0));
    }

    boost::asio::io_context loop_{1};
    PassedSockets sockets_;
};

TEST_F(PassedSocketsTest, SystemdDecidesWhereToListenAndOthersDoNot)
{
    auto told = open();
    auto opened = open();
    const std::vector<Endpoint> configured{parse_endpoint("127.0.0.1:80").value()};
    ASSERT_TRUE(sockets_.add("https", copy(told), true));
    ASSERT_TRUE(sockets_.add("http", copy(opened), false));

    EXPECT_THAT(sockets_.places("https", configured), ElementsAre(told.where()));
    EXPECT_THAT(sockets_.places("http", configured), ElementsAre(configured.front()));
}

TEST_F(PassedSocketsTest, OneSocketIsHeldOnceHoweverOftenItComes)
{
    auto listener = open();
    ASSERT_TRUE(sockets_.add("http", copy(listener), false));
    ASSERT_TRUE(sockets_.add("http", copy(listener), false));
    EXPECT_EQ(sockets_.all().size(), 1U);
}

TEST_F(PassedSocketsTest, WhatIsNoListeningSocketOfOursIsRefused)
{
    auto listener = open();
    EXPECT_EQ(sockets_.add("smtp", copy(listener), true).error().code(), "passed_socket_invalid");
    Descriptor connecting(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(sockets_.add("http", std::move(connecting), true).error().code(), "passed_socket_invalid");
    Descriptor datagrams(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_FALSE(sockets_.add("https", std::move(datagrams), true));
    Descriptor local(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_FALSE(sockets_.add("http", std::move(local), true));
    Descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_FALSE(sockets_.add("http", std::move(file), true));
}

TEST_F(PassedSocketsTest, AConnectionThatWaitsIsAcceptedThroughACopyAfterTheFirstListenerHasClosed)
{
    auto first = open();
    sockets_.keep("http", first.descriptor());
    const auto where = first.where();
    boost::asio::ip::tcp::socket client(loop_);
    client.connect(where);
    first.close();

    auto taken = sockets_.take("http", where);
    ASSERT_EQ(taken.size(), 1U);
    auto second = Listener::adopt(loop_.get_executor(), where, std::move(taken.front())).value();
    EXPECT_TRUE(test::run(loop_, accept_one(second)));
    EXPECT_EQ(second.where(), where);
}

TEST_F(PassedSocketsTest, WhatNobodyTakesIsClosed)
{
    auto wanted = open();
    auto other = open();
    ASSERT_TRUE(sockets_.add("http", copy(wanted), false));
    ASSERT_TRUE(sockets_.add("http", copy(other), false));
    EXPECT_EQ(sockets_.take("http", wanted.where()).size(), 1U);
    sockets_.drop_unused();
    ASSERT_EQ(sockets_.all().size(), 1U);
    EXPECT_EQ(sockets_.all().front().where, wanted.where());
}

// In a child: descriptors from 3 on are what systemd would pass.
TEST_F(PassedSocketsTest, ReadsWhatSystemdTells)
{
    auto http = open();
    auto https = open();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const int one = ::fcntl(http.descriptor(), F_DUPFD, 50);
        const int two = ::fcntl(https.descriptor(), F_DUPFD, 50);
        ::dup2(one, 3);
        ::dup2(two, 4);
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_FDS", "2", 1);
        ::setenv("LISTEN_FDNAMES", "http:https", 1);
        const auto passed = PassedSockets::from_systemd();
        const bool good = passed && passed->all().size() == 2 && passed->all()[1].use == "https" &&
                          passed->all()[1].from_systemd && std::getenv("LISTEN_FDS") == nullptr;
        ::_exit(good ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST_F(PassedSocketsTest, IgnoresWhatIsForAnotherProcess)
{
    ::setenv("LISTEN_PID", "1", 1);
    ::setenv("LISTEN_FDS", "2", 1);
    const auto passed = PassedSockets::from_systemd();
    ASSERT_TRUE(passed);
    EXPECT_TRUE(passed->all().empty());
}

}  // namespace
}  // namespace net
