// A running name server with the sample zones, for tests with real programs on the other side.
#pragma once

#include "dns/ask.h"
#include "nameserver/sample_zone.h"
#include "nameserver/server.h"
#include "support/child.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

namespace test {

namespace asio = boost::asio;

class NameServerFixture : public testing::Test {
protected:
    NameServerFixture()
    {
        nameserver::Options options;
        options.listen = {{asio::ip::address_v4::loopback(), 0}, {asio::ip::address_v6::loopback(), 0}};
        options.threads = 2;
        options.rate_limit.per_second = 0;
        server_ = nameserver::Server::start(options, clock_).value();
        apply(nameserver::sample::platform(), 42);
    }

    void apply(std::vector<feed::Change> changes, std::int64_t number)
    {
        for (auto& change : changes) {
            move_expiry(change);
        }
        auto batch =
            std::make_shared<const feed::Batch>(nameserver::sample::batch(std::move(changes), number));
        EXPECT_TRUE(run(loop_, server_->sink().apply(std::move(batch))));
    }
    // The sample lives at another time than the machine's clock.
    void move_expiry(feed::Change& change)
    {
        if (change.entry && std::holds_alternative<feed::TxtEntry>(*change.entry)) {
            for (auto& value : std::get<feed::TxtEntry>(*change.entry).values) {
                value.expires_at += clock_.now() - nameserver::sample::now;
            }
        }
    }
    std::uint16_t port(std::size_t i = 0) const { return server_->where()[i].port(); }

    base::Result<dns::Message> ask(std::uint16_t at, std::string_view name, dns::RecordType type,
                                   dns::Transport transport = dns::Transport::udp)
    {
        dns::Query query;
        query.name = dns::Name::parse(name).value();
        query.type = type;
        query.transport = transport;
        return run(loop_, dns::ask({asio::ip::address_v4::loopback(), at}, query));
    }
    // Until the program beside us answers for `name`; false when it ended or took longer than ten seconds.
    bool wait_for_answer(Child& child, std::uint16_t at, std::string_view name)
    {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (child.running() && std::chrono::steady_clock::now() < deadline) {
            const auto reply = ask(at, name, dns::RecordType::soa, dns::Transport::tcp);
            if (reply && reply->rcode == dns::Rcode::noerror) {
                return true;
            }
            run(loop_, base::sleep_for(std::chrono::milliseconds(20)));
        }
        return false;
    }

    static std::string output_of(const std::string& command)
    {
        std::string output;
        FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
        std::array<char, 4'096> buffer{};
        while (const std::size_t size = fread(buffer.data(), 1, buffer.size(), pipe)) {
            output.append(buffer.data(), size);
        }
        pclose(pipe);
        return output;
    }

    asio::io_context loop_{1};
    base::SystemClock clock_;
    TempDir folder_;
    std::unique_ptr<nameserver::Server> server_;
};

}  // namespace test
