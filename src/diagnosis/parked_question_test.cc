#include "diagnosis/parked_question.h"

#include "dns/rdata.h"
#include "fakes/sample_endpoint.h"

#include <gtest/gtest.h>

namespace {

using diagnosis::ParkedQuestion;
using dns::RecordType;

model::Endpoint parked(const std::string& routing_code,
                       model::EndpointKind kind = model::EndpointKind::external)
{
    auto endpoint = test::sample_endpoint({"shop.example.com"}, kind);
    endpoint.status.state = model::EndpointState::parked;
    model::Condition routing;
    routing.type = "DnsRouting";
    routing.status = model::ConditionStatus::no;
    routing.problem.code = routing_code;
    endpoint.status.conditions.push_back(routing);
    for (auto& record : endpoint.required_records) {
        record.status = model::RecordStatus::missing;
    }
    return endpoint;
}

dns::Message reply_with(const std::string& name, RecordType type, const std::string& data)
{
    dns::Message reply;
    reply.authoritative = true;
    dns::Record record;
    record.name = dns::Name::parse(name).value();
    record.type = type;
    record.data = dns::parse_data(type, data).value();
    reply.answers.push_back(record);
    return reply;
}

TEST(ParkedQuestion, AsksForEachRecordThatIsNotThere)
{
    const auto questions = diagnosis::parked_questions(parked("dns_not_found"));

    ASSERT_EQ(questions.size(), 2U);
    EXPECT_EQ(questions[0], (ParkedQuestion{"shop.example.com", RecordType::a, std::set<std::string>{}}));
    EXPECT_EQ(questions[1].name, "_acme-challenge.shop.example.com");
    EXPECT_EQ(questions[1].type, RecordType::cname);
}

// Its addresses are one question, so that the record that proves whose it is has a question too.
TEST(ParkedQuestion, OfAnApexAreItsAddressesAndWhatProvesItsOwner)
{
    auto endpoint = test::sample_endpoint({"example.com"});
    endpoint.vouched = false;
    endpoint.required_records = model::required_records(endpoint, test::sample_platform(),
                                                        {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"});
    endpoint.status.state = model::EndpointState::parked;
    for (auto& record : endpoint.required_records) {
        record.status = model::RecordStatus::missing;
    }

    const auto questions = diagnosis::parked_questions(endpoint);
    ASSERT_EQ(questions.size(), 3U);
    EXPECT_EQ(questions[0].name, "example.com");
    EXPECT_EQ(questions[1].name, "_acme-challenge.example.com");
    EXPECT_EQ(questions[2], (ParkedQuestion{"_certwright-ownership.example.com", RecordType::txt,
                                            std::set<std::string>{}}));

    for (auto& record : endpoint.required_records) {
        if (record.purpose == model::RecordPurpose::ownership) {
            record.found = {"TXT certwright=of-another"};
        }
    }
    const auto wrong = diagnosis::parked_questions(endpoint).back();
    EXPECT_EQ(diagnosis::said(reply_with(wrong.name, RecordType::txt, "\"certwright=of-another\""), wrong),
              wrong.usual);
    EXPECT_NE(diagnosis::said(reply_with(wrong.name, RecordType::txt, "\"certwright=ours\""), wrong),
              wrong.usual);
}

TEST(ParkedQuestion, OfAnInternalNameIsItsDelegation)
{
    const auto questions = diagnosis::parked_questions(parked("", model::EndpointKind::internal));

    ASSERT_EQ(questions.size(), 1U);
    EXPECT_EQ(questions[0].name, "_acme-challenge.shop.example.com");
}

TEST(ParkedQuestion, KnowsTheAnswerThatTheLastLookHasFound)
{
    auto endpoint = parked("dns_wrong_target");
    endpoint.required_records[0].found = {"A 192.0.2.9", "AAAA 2001:db8::9"};
    const auto question = diagnosis::parked_questions(endpoint).at(0);

    EXPECT_EQ(diagnosis::said(reply_with("shop.example.com", RecordType::a, "192.0.2.9"), question),
              question.usual);
    EXPECT_NE(diagnosis::said(reply_with("shop.example.com", RecordType::a, "192.0.2.1"), question),
              question.usual);
    EXPECT_NE(diagnosis::said(reply_with("shop.example.com", RecordType::cname, "k.example.net"), question),
              question.usual);
}

TEST(ParkedQuestion, SeesThatFailingServersAnswerAgainAndThatADomainIsDelegated)
{
    const auto failing = diagnosis::parked_questions(parked("dns_servfail")).at(0);
    dns::Message reply;
    reply.rcode = dns::Rcode::servfail;
    EXPECT_EQ(diagnosis::said(reply, failing), failing.usual);
    reply.rcode = dns::Rcode::noerror;
    reply.authoritative = true;
    EXPECT_NE(diagnosis::said(reply, failing), failing.usual);

    const auto unregistered = diagnosis::parked_questions(parked("dns_nxdomain_registration")).at(0);
    reply.rcode = dns::Rcode::nxdomain;
    EXPECT_EQ(diagnosis::said(reply, unregistered), unregistered.usual);
    reply.rcode = dns::Rcode::noerror;
    reply.authoritative = false;
    reply.authorities.push_back(reply_with("example.com", RecordType::ns, "ns1.example.com").answers.front());
    EXPECT_NE(diagnosis::said(reply, unregistered), unregistered.usual);
}

TEST(ParkedQuestion, ClimbsForCaa)
{
    auto endpoint = parked("");
    endpoint.status.conditions[0].type = "CaaAllows";
    const auto questions = diagnosis::parked_questions(endpoint);

    ASSERT_EQ(questions.size(), 2U);
    EXPECT_EQ(questions[0].name, "shop.example.com");
    EXPECT_EQ(questions[1].name, "example.com");
    EXPECT_EQ(questions[1].type, RecordType::caa);
}

}  // namespace
