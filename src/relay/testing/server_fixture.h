// The fixture of tests that talk to a server in memory.
#pragma once

#include "relay/testing/raw_client.h"

#include <gtest/gtest.h>

namespace test {

inline std::string ari_id(const RawReply& chain)
{
    return crypto::parse_chain(chain.body).value().leaf.ari_id;
}

class ServerTest : public testing::Test {
protected:
    RawReply spoilt(const std::string& member, const json::value& value)
    {
        auto header = client_.header("/acme/new-order");
        header[member] = value;
        return client_.post_with("/acme/new-order", header, RawClient::order_payload({"a.test"}));
    }
    void expect_problem(const RawReply& reply, int status, const std::string& type)
    {
        EXPECT_EQ(reply.status, status) << reply.body;
        EXPECT_EQ(reply.header("Content-Type"), "application/problem+json");
        EXPECT_EQ(reply.problem(), type) << reply.body;
    }

    MemoryCa ca_;
    RawClient client_{ca_};
};

}  // namespace test
