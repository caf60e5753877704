#include "relay/file_state.h"

#include "relay/testing/raw_client.h"
#include "support/child.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace {

using relay::FileState;

relay::Order order(const std::string& id, relay::OrderStatus status)
{
    relay::Order made;
    made.id = id;
    made.account = "acct";
    made.identifiers = {{"dns", "a.test"}};
    made.status = status;
    return made;
}

}  // namespace

TEST(FileState, GoesOnWhereItEnded)
{
    const test::TempDir folder;
    const auto file = folder.path() / "state.jsonl";
    {
        auto state = FileState::open(file).value();
        relay::Account account;
        account.id = "acct";
        account.thumbprint = "print";
        ASSERT_TRUE(test::run(state->insert_account(account)));
        relay::NewOrderRecords records;
        records.order = order("first", relay::OrderStatus::pending);
        relay::Authorization authorization;
        authorization.id = "authz";
        authorization.account = "acct";
        authorization.identifier = {"dns", "a.test"};
        authorization.challenges.push_back({"http-01", "token", relay::ChallengeStatus::processing, {}, 0});
        records.authorizations.push_back(authorization);
        ASSERT_TRUE(test::run(state->insert_order(records)));
        const relay::Change<relay::Order> change = [](relay::Order& record) -> base::Result<> {
            record.status = relay::OrderStatus::processing;
            record.problem = relay::Problem(400, "dns", "detail");
            record.problem.subproblems.push_back({{"dns", "a.test"}, "caa", "more"});
            return {};
        };
        ASSERT_TRUE(test::run(state->change_order("first", change)));
        relay::Certificate certificate;
        certificate.id = "cert";
        certificate.ari_id = "ari";
        certificate.sha256 = "hash";
        certificate.chains = {"pem"};
        ASSERT_TRUE(test::run(state->insert_certificate(certificate)));
    }
    auto text = test::read_file(file);
    test::write_file(file, text + R"({"order":{"id":"cut)");

    const auto opened = FileState::open(file);
    ASSERT_TRUE(opened) << opened.error().message();
    auto& state = **opened;
    EXPECT_EQ(test::run(state.account_of_key("print"))->id, "acct");
    const auto found = test::run(state.order("first"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->status, relay::OrderStatus::processing);
    EXPECT_EQ(found->problem.subproblems.at(0).detail, "more");
    EXPECT_EQ(test::run(state.unfinished_orders()).value(), std::vector<std::string>{"first"});
    EXPECT_EQ(test::run(state.unfinished_authorizations()).value(), std::vector<std::string>{"authz"});
    EXPECT_EQ(test::run(state.certificate_by_ari("ari"))->chains.at(0), "pem");
    EXPECT_EQ(test::run(state.orders_of("acct", 0, 9))->size(), 1U);
}

TEST(FileState, RefusesAFileThatItDoesNotUnderstand)
{
    const test::TempDir folder;
    const auto file = folder.path() / "state.jsonl";
    test::write_file(file, "nonsense\n{\"order\":{}}\n");

    const auto opened = FileState::open(file);

    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), "state_unreadable");
    EXPECT_EQ(test::read_file(file), "nonsense\n{\"order\":{}}\n");
}

TEST(FileState, AKeyHasOneAccountAndACertificateOneSuccessor)
{
    FileState state;
    relay::Account account;
    account.id = "one";
    account.thumbprint = "print";
    ASSERT_TRUE(test::run(state.insert_account(account)));
    account.id = "two";
    EXPECT_EQ(test::run(state.insert_account(account)).error().kind(), base::Errc::conflict);
    relay::Certificate certificate;
    certificate.id = "cert";
    ASSERT_TRUE(test::run(state.insert_certificate(certificate)));
    relay::NewOrderRecords records;
    records.order = order("first", relay::OrderStatus::pending);
    records.replaced = "cert";
    EXPECT_TRUE(test::run(state.insert_order(records)));
    records.order.id = "second";
    EXPECT_EQ(test::run(state.insert_order(records)).error().kind(), base::Errc::conflict);
    EXPECT_FALSE(test::run(state.order("second")));
}

// A server that died in the middle is followed by one that finishes.
TEST(FileState, AnotherServerFinishesWhatOneBegan)
{
    test::MemoryCa ca;
    test::RawClient client(ca);
    client.enroll();
    const auto order = client.order({"a.test"});
    client.prove(order);
    const auto id = order.header("Location").substr(order.header("Location").rfind('/') + 1);
    const auto csr = base::to_base64url(crypto::make_csr(test::new_key(), {"a.test"}).value());
    const relay::Change<relay::Order> change = [&](relay::Order& record) -> base::Result<> {
        record.status = relay::OrderStatus::processing;
        record.csr = csr;
        return {};
    };
    ASSERT_TRUE(test::run(ca.loop, ca.state->change_order(id, change)));

    ASSERT_TRUE(test::run(ca.loop, ca.server->resume()));
    std::string status;
    for (int i = 0; i < 1000 && status != "valid"; ++i) {
        status = client.fetch(order.header("Location")).text("status");
    }
    EXPECT_EQ(status, "valid");
}
