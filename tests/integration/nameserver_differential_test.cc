// The same zone in Knot, NSD and our name server: every question of a long random list has the same answer,
// or the difference is one of those that docs/dns-differences.md explains.
//
// DNS_QUESTIONS and DNS_SEED change how many and which questions there are; 100,000 take about two minutes.
#include "dns/ask.h"
#include "dns/rdata.h"
#include "dns_differences.h"
#include "dns_peers.h"
#include "dns_questions.h"
#include "dns_sample.h"
#include "nameserver/sample_zone.h"
#include "nameserver/server.h"
#include "support/run.h"
#include "support/temp_dir.h"
#include "zones/zone_file.h"

#include <boost/asio/ip/udp.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

namespace {

namespace asio = boost::asio;
using dns::RecordType;

unsigned number_from(const char* variable, unsigned otherwise)
{
    const char* const text = std::getenv(variable);
    return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

std::uint16_t u16_at(const base::Bytes& wire, std::size_t at)
{
    return at + 1 < wire.size() ? static_cast<std::uint16_t>(wire[at] << 8 | wire[at + 1]) : std::uint16_t{0};
}

class DifferentialDns : public testing::Test {
protected:
    void SetUp() override
    {
        zone_ = test::sample_dns_zone(number_from("DNS_SEED", 1));
        for (const auto* folder : {"knot", "nsd"}) {
            std::filesystem::create_directory(folder_.path() / folder);
            test::write_file(folder_.path() / folder / "zone.txt", zone_.text);
        }
        peers_.push_back(test::start_knot(folder_.path() / "knot", test::sample_apex));
        peers_.push_back(test::start_nsd(folder_.path() / "nsd", test::sample_apex));
        start_ours();
        for (auto& peer : peers_) {
            ASSERT_TRUE(test::wait_for_port(*peer.child, peer.port)) << peer.name;
            ASSERT_TRUE(wait_for_zone(peer))
                << test::read_file(folder_.path() / peer.name / (peer.name + ".log"));
        }
        socket_.open(asio::ip::udp::v4());
        const timeval limit{2, 0};
        setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    }

    void start_ours()
    {
        nameserver::Options options;
        options.listen = {{asio::ip::address_v4::loopback(), 0}};
        options.threads = 1;
        options.rate_limit.per_second = 0;
        server_ = nameserver::Server::start(options, clock_).value();
        model::Zone empty;
        empty.apex = test::sample_apex;
        auto content = zones::read_zone_file(empty, zone_.text);
        ASSERT_TRUE(content) << content.error().message();
        std::map<std::string, std::vector<model::RecordSet>> by_name;
        for (auto& set : content->sets) {
            by_name[set.name].push_back(std::move(set));
        }
        std::vector<feed::Change> changes{{model::RevisionKind::zone, content->zone.apex, content->zone}};
        for (auto& [name, sets] : by_name) {
            changes.push_back(nameserver::sample::records(std::move(sets)));
        }
        auto batch = std::make_shared<const feed::Batch>(
            nameserver::sample::batch(std::move(changes), test::sample_serial));
        ASSERT_TRUE(test::run(loop_, server_->sink().apply(std::move(batch))));
    }

    bool wait_for_zone(test::DnsPeer& peer)
    {
        dns::Query query;
        query.name = dns::Name::parse(test::sample_apex).value();
        query.type = RecordType::soa;
        query.limit = std::chrono::milliseconds(500);
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (peer.child->running() && std::chrono::steady_clock::now() < deadline) {
            const auto reply =
                test::run(loop_, dns::ask({asio::ip::address_v4::loopback(), peer.port}, query));
            if (reply && reply->answers.size() == 1) {
                return true;
            }
        }
        return false;
    }

    // A question after which a second one is sent, so that silence is known from its answer.
    base::Bytes exchange(std::uint16_t port, const test::DnsQuestion& question)
    {
        const asio::ip::udp::endpoint where(asio::ip::address_v4::loopback(), port);
        socket_.send_to(asio::buffer(question.wire), where);
        base::Bytes last;
        if (!question.well_formed) {
            last = sentinel(question.wire);
            socket_.send_to(asio::buffer(last), where);
        }
        base::Bytes found;
        while (true) {
            base::Bytes reply(65'535);
            sockaddr_in from{};
            socklen_t size_of_from = sizeof(from);
            const auto size = recvfrom(socket_.native_handle(), reply.data(), reply.size(), 0,
                                       reinterpret_cast<sockaddr*>(&from), &size_of_from);
            if (size <= 0) {
                return found;
            }
            if (ntohs(from.sin_port) != port) {
                continue;
            }
            reply.resize(static_cast<std::size_t>(size));
            if (!last.empty() && reply.size() > 2 && reply[0] == last[0] && reply[1] == last[1]) {
                return found;
            }
            if (question.wire.size() < 2 || (reply[0] == question.wire[0] && reply[1] == question.wire[1])) {
                found = std::move(reply);
                if (last.empty()) {
                    return found;
                }
            }
        }
    }

    base::Bytes sentinel(const base::Bytes& question) const
    {
        dns::Message message;
        message.id = static_cast<std::uint16_t>(u16_at(question, 0) ^ 0x5555U);
        message.questions.push_back(
            {dns::Name::parse(test::sample_apex).value(), RecordType::soa, dns::class_in});
        return message.serialize().value();
    }

    void compare(const test::DnsQuestion& question, const test::DnsPeer& peer, const test::Seen& ours)
    {
        const test::Seen theirs = test::seen(exchange(peer.port, question));
        ++compared_;
        if (ours.text() == theirs.text()) {
            return;
        }
        const auto pair = test::compared(question, peer.name, ours, theirs);
        for (const auto& difference : test::differences()) {
            if (difference.holds(pair)) {
                ++explained_[std::string(difference.heading)];
                return;
            }
        }
        if (++unexplained_ <= 40) {
            ADD_FAILURE() << question.about << "\n  differ in " << fmt::to_string(fmt::join(pair.parts, " "))
                          << "\n  wire  " << base::to_hex(question.wire) << "\n  ours  " << ours.text()
                          << "\n  " << peer.name << "  " << theirs.text();
        }
    }

    test::SampleZone zone_;
    asio::io_context loop_{1};
    base::SystemClock clock_;
    test::TempDir folder_;
    std::unique_ptr<nameserver::Server> server_;
    std::vector<test::DnsPeer> peers_;
    asio::ip::udp::socket socket_{loop_};
    std::map<std::string, int> explained_;
    int compared_ = 0;
    int unexplained_ = 0;
};

TEST_F(DifferentialDns, EveryQuestionHasTheSameAnswerOrAReason)
{
    test::DnsQuestions questions(zone_.names, std::string(test::sample_apex), number_from("DNS_SEED", 1));
    const unsigned count = number_from("DNS_QUESTIONS", 4'000);
    const auto port = server_->where()[0].port();
    for (unsigned i = 0; i < count; ++i) {
        const auto question = questions.next();
        const test::Seen ours = test::seen(exchange(port, question));
        for (const auto& peer : peers_) {
            compare(question, peer, ours);
        }
    }
    EXPECT_EQ(compared_, static_cast<int>(2 * count));
    EXPECT_EQ(unexplained_, 0);
    const auto document = test::read_file(DIFFERENCES_DOCUMENT);
    for (const auto& [id, times] : explained_) {
        EXPECT_NE(document.find("## " + id), std::string::npos) << id << " is not explained";
        std::printf("%6d  %s\n", times, id.c_str());
    }
}

}  // namespace
