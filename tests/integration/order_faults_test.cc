// Whatever a CA, or something before it, answers: an order meets it with a code, a sentence, an actor and a
// fix, or is not disturbed at all. Our own CA misbehaves at each step, as its script says.
#include "ca_thread.h"
#include "issuance_engine.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using model::Actor;

struct Row {
    std::string what;
    std::string script;
    std::string code;  // empty: nobody notices
    Actor actor = Actor::none;
    bool comes_good = true;  // by itself, soon after the CA does
    std::string name = "shop.example.com";
};

void PrintTo(const Row& row, std::ostream* out)
{
    *out << row.what;
}

std::string rule(const std::string& step, const std::string& members)
{
    return fmt::format(R"({{"rules":[{{"step":"{}",{}}}]}})", step, members);
}

std::string problem(const std::string& step, const std::string& type)
{
    return rule(step, fmt::format(R"("problem":"{}")", type));
}

std::string page(const std::string& step, int status, const std::string& more = "")
{
    return rule(step,
                fmt::format(R"("page":"<html><h1>Some proxy</h1></html>","status":{}{})", status, more));
}

class OrderFaults : public testing::TestWithParam<Row> {
protected:
    static void SetUpTestSuite()
    {
        folder_ = std::make_unique<test::TempDir>();
        ca_ = std::make_unique<test::CaThread>(folder_->path(), "{}");
    }
    static void TearDownTestSuite()
    {
        ca_.reset();
        folder_.reset();
    }
    void SetUp() override
    {
        ca_->script(GetParam().script);
        store_ = store::open_sqlite(dir_.path() / "db", clock_).value();
        engine_ = std::make_unique<test::IssuanceEngine>(*store_, ca_->address());
        endpoint_ = test::sample_endpoint({GetParam().name});
        engine_->make_records(endpoint_);
        engine_->add(endpoint_);
    }
    bool until_active()
    {
        return engine_->run_until(
            [id = endpoint_.id](store::Transaction& tx) { return test::is_active(tx, id); }, 60s);
    }
    // What people are told of the order.
    model::Problem until_told()
    {
        const bool told =
            engine_->run_until([id = endpoint_.id](store::Transaction& tx) -> base::Result<bool> {
                TRY(order, tx.orders.unfinished_of(id));
                return order && !order->problem.none();
            });
        EXPECT_TRUE(told);
        const auto order = engine_->read(
            [id = endpoint_.id](store::Transaction& tx) { return tx.orders.unfinished_of(id); });
        return order ? order->problem : model::Problem();
    }

    static std::unique_ptr<test::TempDir> folder_;
    static std::unique_ptr<test::CaThread> ca_;
    base::SystemClock clock_;
    test::TempDir dir_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<test::IssuanceEngine> engine_;
    model::Endpoint endpoint_;
};

std::unique_ptr<test::TempDir> OrderFaults::folder_;
std::unique_ptr<test::CaThread> OrderFaults::ca_;

// RFC 8555 6.7 and its extensions, where each may come.
const std::vector<Row> problem_types{
    {"AccountDoesNotExist", problem("new_order", "accountDoesNotExist"), "ca_account_invalid",
     Actor::platform},
    {"AlreadyReplaced", problem("new_order", "alreadyReplaced"), "ca_refused", Actor::platform},
    {"BadCsr", problem("finalize", "badCSR"), "ca_refused", Actor::platform},
    {"BadNonce", problem("new_order", "badNonce"), "ca_unavailable", Actor::ca},
    {"BadPublicKey", problem("new_account", "badPublicKey"), "ca_refused", Actor::platform},
    {"BadSignatureAlgorithm", problem("new_account", "badSignatureAlgorithm"), "ca_refused", Actor::platform},
    {"Caa", problem("validation", "caa"), "caa_forbidden", Actor::customer},
    {"CaaAtFinalize", problem("finalize", "caa"), "caa_forbidden", Actor::customer},
    {"CaaWhileIssuing", problem("issuance", "caa"), "caa_forbidden", Actor::customer},
    {"Compound", problem("new_order", "compound"), "ca_refused", Actor::platform},
    {"Conflict", problem("new_order", "conflict"), "ca_refused", Actor::platform},
    {"Connection", problem("validation", "connection"), "http_unreachable", Actor::platform},
    {"ConnectionByDns", problem("validation", "connection"), "http_unreachable", Actor::platform, true,
     "*.example.com"},
    {"Dns", problem("validation", "dns"), "dns_servfail", Actor::customer},
    {"ExternalAccountRequired", problem("new_account", "externalAccountRequired"), "ca_account_invalid",
     Actor::platform},
    {"IncorrectResponse", problem("validation", "incorrectResponse"), "http_wrong_response", Actor::platform},
    {"InvalidContact", problem("new_account", "invalidContact"), "ca_refused", Actor::platform},
    {"InvalidProfile", problem("new_order", "invalidProfile"), "ca_refused", Actor::platform},
    {"Malformed", problem("new_order", "malformed"), "ca_refused", Actor::platform},
    {"OrderNotReady", problem("finalize", "orderNotReady"), "ca_refused", Actor::platform},
    {"RejectedIdentifier", problem("new_order", "rejectedIdentifier"), "ca_rejected_identifier",
     Actor::platform},
    {"ServerInternal", problem("new_order", "serverInternal"), "ca_unavailable", Actor::ca},
    {"ServerInternalWhileIssuing", problem("issuance", "serverInternal"), "ca_unavailable", Actor::ca},
    {"Tls", problem("validation", "tls"), "http_wrong_response", Actor::platform},
    {"Unauthorized", problem("new_order", "unauthorized"), "ca_refused", Actor::platform},
    {"UnauthorizedProof", problem("validation", "unauthorized"), "http_wrong_response", Actor::platform},
    {"UnauthorizedProofByDns", problem("validation", "unauthorized"), "challenge_not_seen", Actor::platform,
     true, "*.example.com"},
    {"UnsupportedContact", problem("new_account", "unsupportedContact"), "ca_refused", Actor::platform},
    {"UnsupportedIdentifier", problem("new_order", "unsupportedIdentifier"), "ca_rejected_identifier",
     Actor::platform},
    {"UserActionRequired", problem("new_account", "userActionRequired"), "ca_account_invalid",
     Actor::platform},
    {"OfTheFuture", problem("new_order", "somethingOf2031"), "ca_refused", Actor::platform},
};

const std::vector<Row> limits{
    {"Seconds", rule("new_order", R"("problem":"rateLimited","retry_after":1)"), "ca_rate_limited",
     Actor::none},
    {"Date",
     R"({"behaviour":{"retry_as_date":true},"rules":[{"step":"new_order","problem":"rateLimited","retry_after":2}]})",
     "ca_rate_limited", Actor::none},
    {"NoTime", problem("new_order", "rateLimited"), "ca_rate_limited", Actor::none, false},
    {"Page", page("new_order", 429, R"(,"retry_after":1)"), "ca_rate_limited", Actor::none},
    {"WhilePolling", rule("order", R"("problem":"rateLimited","retry_after":1)"), "ca_rate_limited",
     Actor::none},
    {"AtFinalize", rule("finalize", R"("problem":"rateLimited","retry_after":1)"), "ca_rate_limited",
     Actor::none},
    {"Busy", page("new_order", 503, R"(,"retry_after":1)"), "ca_unavailable", Actor::ca},
    {"Paused",
     rule("new_order", R"("problem":"rateLimited","detail":"Please visit: https://ca.test/unpause?jwt=x")"),
     "ca_paused", Actor::platform, false},
};

std::vector<Row> other_answers()
{
    std::vector<Row> rows;
    for (const auto* step : {"directory", "new_account", "new_order", "authorization", "challenge", "order",
                             "finalize", "certificate"}) {
        rows.push_back({fmt::format("Page200_{}", step), page(step, 200), "ca_unavailable", Actor::ca});
        rows.push_back({fmt::format("Page502_{}", step), page(step, 502), "ca_unavailable", Actor::ca});
        rows.push_back({fmt::format("Redirect_{}", step),
                        rule(step, R"("redirect":"https://elsewhere.test/")"), "ca_unavailable", Actor::ca});
        rows.push_back({fmt::format("Truncated_{}", step), rule(step, R"("truncate":true)"), "ca_unavailable",
                        Actor::ca});
        rows.push_back(
            {fmt::format("Cut_{}", step), rule(step, R"("cut":true)"), "ca_unavailable", Actor::ca});
        rows.push_back({fmt::format("WrongType_{}", step), rule(step, R"("content_type":"text/html")"), ""});
    }
    // While an order is waited for, outages of the CA are outlasted.
    const auto outlasted = [](const Row& row) {
        return row.what == "Page502_order" || row.what == "Truncated_order" || row.what == "Cut_order";
    };
    std::erase_if(rows, outlasted);
    for (const auto* fault : {R"("page":"<html>","status":502)", R"("truncate":true)", R"("cut":true)"}) {
        rows.push_back({fmt::format("Outlasted{}", rows.size()),
                        rule("order", fmt::format("{},\"times\":4", fault)), ""});
    }
    rows.push_back({"Page403", page("new_order", 403), "ca_refused", Actor::platform});
    rows.push_back({"Page500", page("new_order", 500), "ca_unavailable", Actor::ca});
    rows.push_back({"Page503", page("new_order", 503), "ca_unavailable", Actor::ca});
    rows.push_back({"Nonces", R"({"behaviour":{"bad_nonce_percent":60}})", ""});
    rows.push_back(
        {"Slow", R"({"behaviour":{"issuance_delay_ms":1500,"finalize_wait_ms":0,"validation_delay_ms":500}})",
         ""});
    rows.push_back({"Processing", R"({"behaviour":{"processing_polls":3}})", ""});
    rows.push_back({"OneRefusedNonce", rule("new_order", R"("problem":"badNonce","times":1)"), ""});
    rows.push_back({"NoNonces", page("new_nonce", 502), "ca_unavailable", Actor::ca});
    return rows;
}

std::string name_of(const testing::TestParamInfo<Row>& info)
{
    return info.param.what;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(ProblemTypes, OrderFaults, testing::ValuesIn(problem_types), name_of);
INSTANTIATE_TEST_SUITE_P(Limits, OrderFaults, testing::ValuesIn(limits), name_of);
INSTANTIATE_TEST_SUITE_P(OtherAnswers, OrderFaults, testing::ValuesIn(other_answers()), name_of);

TEST_P(OrderFaults, AreTold)
{
    const auto& row = GetParam();
    if (row.code.empty()) {
        EXPECT_TRUE(until_active());
        return;
    }
    const auto told = until_told();
    EXPECT_EQ(told.code, row.code) << told.message;
    EXPECT_EQ(told.actor, row.actor);
    EXPECT_TRUE(told.message.size() > 20 && !told.message.contains('<') && !told.message.contains('{'))
        << told.message;
    const bool somebody_acts = told.actor == Actor::customer || told.actor == Actor::platform;
    EXPECT_EQ(told.fix.empty(), !somebody_acts) << told.fix;
    if (row.comes_good) {
        ca_->script("{}");
        EXPECT_TRUE(until_active()) << "it did not come good";
    }
}
