// What is told beside an answer: cookies, the server's name, why something was refused.
#include "nameserver/answer.h"
#include "nameserver/sample_zone.h"

#include <gtest/gtest.h>

namespace nameserver {
namespace {

using dns::OptionCode;
using dns::Rcode;
using dns::RecordType;

constexpr std::uint8_t client_address[] = {198, 51, 100, 7};
constexpr std::uint8_t other_address[] = {198, 51, 100, 8};

class Polite : public testing::Test {
protected:
    Polite() : clock_(sample::now)
    {
        data_.apply(sample::batch(sample::platform()));
        manners_.nsid = "ns1";
        manners_.cookies = CookieSecrets({1, 2, 3}, seconds());
    }

    std::uint32_t seconds() const
    {
        return static_cast<std::uint32_t>(base::to_millis(clock_.now()) / 1'000);
    }

    static dns::Message about(std::string_view name, RecordType type, std::vector<dns::Option> options)
    {
        dns::Message message;
        message.questions.push_back({dns::Name::parse(name).value(), type, dns::class_in});
        message.edns.emplace();
        message.edns->options = std::move(options);
        return message;
    }

    dns::Message ask(const dns::Message& question, base::ByteView from = client_address)
    {
        base::Bytes buffer(largest_udp);
        const Asker asker(dns::Transport::udp, from, manners_);
        const auto query = question.serialize().value();
        buffer.resize(answer(data_, clock_, query, asker, buffer).size);
        return dns::Message::parse(buffer).value();
    }
    bool good(const dns::Message& question, base::ByteView from = client_address)
    {
        const Asker asker(dns::Transport::udp, from, manners_);
        const auto query = question.serialize().value();
        return shows_good_cookie(data_, clock_, query, asker);
    }
    dns::Message with_cookie(base::Bytes cookie)
    {
        return about("k7q.platform.test", RecordType::a, {{OptionCode::cookie, std::move(cookie)}});
    }

    base::ManualClock clock_;
    ZoneData data_;
    Manners manners_;
};

const base::Bytes client_cookie = {1, 2, 3, 4, 5, 6, 7, 8};

TEST_F(Polite, GivesACookieThatIsGoodForItsClientForAnHour)
{
    EXPECT_FALSE(good(with_cookie(client_cookie)));
    const auto reply = ask(with_cookie(client_cookie));
    EXPECT_EQ(reply.answers.size(), 2U);
    ASSERT_NE(reply.option(OptionCode::cookie), nullptr);
    const auto cookie = reply.option(OptionCode::cookie)->data;
    ASSERT_EQ(cookie.size(), 24U);
    EXPECT_TRUE(std::ranges::equal(base::ByteView(cookie).first(8), client_cookie));
    EXPECT_TRUE(good(with_cookie(cookie)));
    EXPECT_FALSE(good(with_cookie(cookie), other_address));

    clock_.advance(std::chrono::minutes(59));
    manners_.cookies.turn(seconds());
    EXPECT_TRUE(good(with_cookie(cookie)));
    EXPECT_NE(ask(with_cookie(cookie)).option(OptionCode::cookie)->data, cookie);
    clock_.advance(std::chrono::minutes(2));
    EXPECT_FALSE(good(with_cookie(cookie)));
    EXPECT_EQ(ask(with_cookie(cookie)).answers.size(), 2U)
        << "a cookie that is too old is no reason to refuse";
}

// 1.8e9 is eight in the morning: within a day the secrets of two days are used.
TEST_F(Polite, TakesCookiesOfTheDayBeforeAndOfOtherServersWithTheKey)
{
    clock_.advance(std::chrono::hours(15) + std::chrono::minutes(50));
    manners_.cookies.turn(seconds());
    const auto cookie = ask(with_cookie(client_cookie)).option(OptionCode::cookie)->data;
    clock_.advance(std::chrono::minutes(20));
    manners_.cookies = CookieSecrets({1, 2, 3}, seconds());
    EXPECT_TRUE(good(with_cookie(cookie)));
    manners_.cookies = CookieSecrets({1, 2, 4}, seconds());
    EXPECT_FALSE(good(with_cookie(cookie)));
}

TEST_F(Polite, RefusesCookiesOfAWrongSizeAndAnswersAQuestionForOneAlone)
{
    for (const std::size_t size : {0U, 7U, 9U, 15U, 41U}) {
        EXPECT_EQ(ask(with_cookie(base::Bytes(size))).rcode, Rcode::formerr) << size;
    }
    auto alone = with_cookie(client_cookie);
    alone.questions.clear();
    const auto reply = ask(alone);
    EXPECT_EQ(reply.rcode, Rcode::noerror);
    EXPECT_TRUE(reply.questions.empty());
    EXPECT_NE(reply.option(OptionCode::cookie), nullptr);
    alone.edns->options.clear();
    EXPECT_EQ(ask(alone).rcode, Rcode::formerr);
}

TEST_F(Polite, TellsItsNameToWhoAsks)
{
    auto reply = ask(about("k7q.platform.test", RecordType::a, {{OptionCode::nsid, {}}}));
    ASSERT_NE(reply.option(OptionCode::nsid), nullptr);
    EXPECT_EQ(base::as_text(reply.option(OptionCode::nsid)->data), "ns1");
    EXPECT_EQ(ask(about("k7q.platform.test", RecordType::a, {})).option(OptionCode::nsid), nullptr);

    auto chaos = about("ID.server", RecordType::txt, {});
    chaos.questions[0].klass = 3;
    reply = ask(chaos);
    EXPECT_EQ(reply.answers_of(RecordType::txt), std::vector<std::string>{"ns1"});
    EXPECT_EQ(reply.answers.at(0).klass, 3);
    chaos.questions[0].name = dns::Name::parse("version.bind").value();
    EXPECT_EQ(ask(chaos).rcode, Rcode::refused);
    manners_.nsid.clear();
    chaos.questions[0].name = dns::Name::parse("id.server").value();
    EXPECT_EQ(ask(chaos).rcode, Rcode::refused);
}

TEST_F(Polite, SaysWhyItRefuses)
{
    const auto why = [this](std::string_view name, RecordType type) {
        const auto reply = ask(about(name, type, {}));
        const auto* option = reply.option(OptionCode::extended_error);
        return option == nullptr ? 0 : option->data.at(1);
    };
    EXPECT_EQ(why("elsewhere.test", RecordType::a), 20);
    EXPECT_EQ(why("platform.test", RecordType::axfr), 18);
    EXPECT_EQ(why("platform.test", static_cast<RecordType>(254)), 21);
    EXPECT_EQ(why("platform.test", RecordType::a), 0);
}

TEST_F(Polite, RepeatsTheFlagOfDnssec)
{
    auto question = about("k7q.platform.test", RecordType::a, {});
    question.edns->dnssec_ok = true;
    EXPECT_TRUE(ask(question).edns->dnssec_ok);
    EXPECT_FALSE(ask(about("k7q.platform.test", RecordType::a, {})).edns->dnssec_ok);
}

// Options take room from the answer, never the other way round.
TEST_F(Polite, KeepsToTheSizeOfTheClientWithAllOptions)
{
    std::vector<std::string> values;
    for (int i = 0; i < 20; ++i) {
        values.emplace_back(static_cast<std::size_t>(10 + i), 'x');
    }
    for (std::size_t count = 1; count <= values.size(); ++count) {
        data_.apply(sample::batch({sample::txt(
            "big.platform.test", {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)})}));
        auto question = about("big.platform.test", RecordType::txt,
                              {{OptionCode::nsid, {}}, {OptionCode::cookie, client_cookie}});
        question.edns->udp_size = 512;
        base::Bytes buffer(largest_udp);
        const Asker asker(dns::Transport::udp, client_address, manners_);
        const auto query = question.serialize().value();
        const auto reply = answer(data_, clock_, query, asker, buffer);
        EXPECT_LE(reply.size, 512U);
        buffer.resize(reply.size);
        const auto message = dns::Message::parse(buffer).value();
        EXPECT_EQ(message.edns->options.size(), 2U);
        EXPECT_EQ(message.answers.size(), message.truncated ? 0 : count);
    }
}

}  // namespace
}  // namespace nameserver
