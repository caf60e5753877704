#include "nameserver/zone_data.h"

#include "nameserver/answer.h"
#include "nameserver/sample_zone.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

namespace nameserver {
namespace {

using dns::RecordType;

class Zones : public testing::Test {
protected:
    Zones() : clock_(sample::now) { apply(sample::platform()); }

    void apply(std::vector<feed::Change> changes, std::int64_t number = 1, bool snapshot = false,
               bool last = true)
    {
        auto batch = sample::batch(std::move(changes), number, snapshot);
        batch.first = !std::exchange(within_snapshot_, snapshot && !last);
        batch.last = last;
        data_.apply(batch);
        data_.collect();
    }

    dns::Message ask(std::string_view name, RecordType type)
    {
        dns::Message message;
        message.questions.push_back({dns::Name::parse(name).value(), type, dns::class_in});
        base::Bytes buffer(65'535);
        buffer.resize(answer(data_, clock_, message.serialize().value(), dns::Transport::tcp, buffer).size);
        return dns::Message::parse(buffer).value();
    }
    std::string addresses(std::string_view name)
    {
        const auto reply = ask(name, RecordType::a);
        return reply.rcode == dns::Rcode::noerror
                   ? fmt::format("{}", fmt::join(reply.answers_of(RecordType::a), " "))
                   : dns::to_string(reply.rcode);
    }

    base::ManualClock clock_;
    ZoneData data_;
    bool within_snapshot_ = false;
};

TEST_F(Zones, FollowTheAddressesOfAGroup)
{
    apply({sample::group("default", {"198.51.100.1"})});
    EXPECT_EQ(addresses("k7q.platform.test"), "198.51.100.1");
    EXPECT_EQ(addresses("platform.test"), "198.51.100.1");
    apply({sample::gone(model::RevisionKind::group, "default")});
    EXPECT_EQ(addresses("k7q.platform.test"), "");
    apply({sample::group("default", {"198.51.100.2", "not an address"})});
    EXPECT_EQ(addresses("k7q.platform.test"), "198.51.100.2");
}

TEST_F(Zones, AcceptAnAliasBeforeItsGroupAndItsZone)
{
    apply({sample::alias("x.late.test", "late-group")});
    EXPECT_EQ(addresses("x.late.test"), "REFUSED");
    apply({sample::zone("late.test"), sample::group("late-group", {"198.51.100.3"})});
    EXPECT_EQ(addresses("x.late.test"), "198.51.100.3");
}

// The position of a part that is not the last one is a cursor, another one each time.
TEST_F(Zones, BuildASnapshotFromItsPartsAndForgetAnUnfinishedOne)
{
    const auto part = [this](std::vector<feed::Change> changes, std::string cursor, bool first, bool last) {
        feed::Batch batch;
        batch.position = {std::move(cursor), 7};
        batch.snapshot = true;
        batch.first = first;
        batch.last = last;
        batch.changes = std::move(changes);
        data_.apply(batch);
        data_.collect();
    };
    part({sample::group("default", {"198.51.100.7"}), sample::alias("gone.platform.test")},
         "snapshot e alias:gone", true, false);
    part({sample::group("default", {"198.51.100.8"}), sample::zone("platform.test")}, "snapshot e zone:a",
         true, false);
    part({sample::alias("one.platform.test")}, "snapshot e alias:one", false, false);
    EXPECT_EQ(addresses("k7q.platform.test"), "192.0.2.10 192.0.2.11") << "the former data until its end";
    part({sample::alias("two.platform.test")}, "e", false, true);

    EXPECT_EQ(addresses("one.platform.test"), "198.51.100.8");
    EXPECT_EQ(addresses("two.platform.test"), "198.51.100.8");
    EXPECT_EQ(addresses("gone.platform.test"), "NXDOMAIN");
    EXPECT_EQ(addresses("k7q.platform.test"), "NXDOMAIN");
}

TEST_F(Zones, ForgetANameAndTheEmptyOnesAboveIt)
{
    apply({sample::gone(model::RevisionKind::alias, "a.b.c.platform.test")});
    EXPECT_EQ(addresses("b.c.platform.test"), "NXDOMAIN");
    EXPECT_EQ(addresses("c.platform.test"), "NXDOMAIN");
    EXPECT_EQ(addresses("platform.test"), "192.0.2.10 192.0.2.11");

    const auto names = data_.names();
    apply({sample::gone(model::RevisionKind::alias, "never.was.platform.test"),
           sample::gone(model::RevisionKind::txt, "nor.this.platform.test")});
    EXPECT_EQ(data_.names(), names);
}

TEST_F(Zones, KeepWhatElseStandsAtAName)
{
    apply({sample::txt("k7q.platform.test", {"proof"})});
    apply({sample::gone(model::RevisionKind::alias, "k7q.platform.test")});
    EXPECT_EQ(addresses("k7q.platform.test"), "");
    EXPECT_EQ(ask("k7q.platform.test", RecordType::txt).answers.size(), 1U);
    apply({sample::gone(model::RevisionKind::txt, "k7q.platform.test")});
    EXPECT_EQ(addresses("k7q.platform.test"), "NXDOMAIN");
}

TEST_F(Zones, AreAnsweredFromTheMostSpecificOne)
{
    apply({sample::gone(model::RevisionKind::zone, "acme.platform.test")});
    EXPECT_EQ(ask("x.acme.platform.test", RecordType::a).authorities.at(0).name.text(), "platform.test");
    apply({sample::zone("acme.platform.test")});
    EXPECT_EQ(ask("x.acme.platform.test", RecordType::a).authorities.at(0).name.text(), "acme.platform.test");
    apply({sample::gone(model::RevisionKind::zone, "platform.test")});
    EXPECT_EQ(addresses("k7q.platform.test"), "REFUSED");
    EXPECT_EQ(ask("ns1.platform.test", RecordType::a).rcode, dns::Rcode::refused);
}

TEST_F(Zones, ReplaceEverythingAtTheLastPartOfASnapshot)
{
    auto first = sample::platform();
    first.resize(5);
    apply(first, 7, true, false);
    EXPECT_EQ(addresses("a.b.c.platform.test"), "192.0.2.10 192.0.2.11");
    apply({sample::alias("new.platform.test")}, 9, true, true);
    EXPECT_EQ(addresses("a.b.c.platform.test"), "NXDOMAIN");
    EXPECT_EQ(addresses("new.platform.test"), "192.0.2.10 192.0.2.11");
    EXPECT_EQ(data_.serial(), 9U);
}

TEST_F(Zones, TakeTheSerialNumberFromTheRevisionModulo2To32)
{
    apply({}, (std::int64_t{5} << 32) + 77);
    EXPECT_EQ(data_.serial(), 77U);
    EXPECT_NE(dns::to_string(ask("platform.test", RecordType::soa).answers.at(0).type), "");
}

TEST_F(Zones, AgreeWithAMapThroughManyRandomChanges)
{
    std::map<std::string, bool> known;
    std::mt19937 random(11);
    for (int round = 0; round < 6'000; ++round) {
        const auto name = fmt::format("n{}.r.platform.test", random() % 1'000);
        const bool add = random() % 3 != 0;
        known[name] = add;
        apply({add ? sample::alias(name) : sample::gone(model::RevisionKind::alias, name)});
    }
    for (const auto& [name, there] : known) {
        ASSERT_EQ(addresses(name), there ? "192.0.2.10 192.0.2.11" : "NXDOMAIN") << name;
    }
}

// A loop that reads while the writer adds, replaces and removes: a name that always is there must always be
// found.
TEST_F(Zones, AreReadWithoutLocksWhileTheyChange)
{
    std::atomic<bool> stop = false;
    std::atomic<int> passes = 0;
    std::atomic<int> wrong = 0;
    const auto read = [&] {
        base::Bytes buffer(largest_udp);
        dns::Message message;
        message.questions.push_back(
            {dns::Name::parse("k7q.platform.test").value(), RecordType::a, dns::class_in});
        const auto query = message.serialize().value();
        while (!stop) {
            const auto reply = answer(data_, clock_, query, dns::Transport::udp, buffer);
            wrong += reply.outcome == Outcome::answered ? 0 : 1;
            ++passes;
        }
    };
    std::thread reader(read);
    for (int i = 0; i < 600; ++i) {
        auto batch = sample::batch({sample::alias(fmt::format("n{}.platform.test", i)),
                                    sample::group("default", {"192.0.2.10"}),
                                    sample::txt("k7q.platform.test", {"value"})});
        if (i % 100 == 0) {
            batch = sample::batch(sample::platform(), i, true);
        }
        data_.apply(batch);
        for (const int before = passes; passes < before + 2;) {
            std::this_thread::yield();
        }
        data_.collect();
    }
    stop = true;
    reader.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace nameserver
