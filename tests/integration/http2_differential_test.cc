// The same frames of HTTP/2 to a real nginx and to our server. Where one of them takes what the other
// refuses, or refuses more of the connection than it must, docs/http.md says so, and this test holds the two
// together.
#include "http/testing/http2_cases.h"
#include "support/child.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

namespace {

namespace h2 = test::h2;
using namespace std::chrono_literals;

boost::asio::awaitable<void> answer(http::Exchange& exchange)
{
    auto body = co_await http::read_all(exchange, 1'000'000);
    if (!body) {
        exchange.reset();
        co_return;
    }
    static_cast<void>(co_await http::send_text(exchange, 200, "text/plain", "ok\n"));
}

// In the words of the document. A malformed request may be answered by a status of 4xx or 5xx (RFC 9113
// 8.1.1), which is an error of its stream alone. Nothing is also what comes when a stream was cancelled.
std::string described(const std::string& outcome)
{
    if (outcome.contains("GOAWAY")) {
        return "ends the connection";
    }
    if (outcome.contains("200") || outcome.contains("PONG")) {
        return "answers";
    }
    if (outcome.contains("RST_STREAM") || outcome.contains(" 0x")) {
        return "refuses the stream";
    }
    return "goes on";
}

std::vector<h2::Case> all_cases()
{
    std::vector<h2::Case> all;
    for (auto cases : {h2::framing_cases(), h2::stream_cases(), h2::message_cases()}) {
        std::ranges::move(cases, std::back_inserter(all));
    }
    return all;
}

struct Row {
    std::string nginx;
    std::string ours;
};

// The rows of the document's part on HTTP/2, by case.
std::map<std::string, Row> documented()
{
    std::map<std::string, Row> rows;
    std::istringstream text(test::read_file(HTTP_DOCUMENT));
    bool inside = false;
    for (std::string line; std::getline(text, line);) {
        if (line.starts_with("## ")) {
            inside = line == "## HTTP/2";
        }
        std::vector<std::string> cells;
        std::istringstream parts(line);
        for (std::string cell; std::getline(parts, cell, '|');) {
            const auto first = cell.find_first_not_of(' ');
            const auto last = cell.find_last_not_of(' ');
            cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
        }
        const bool header = cells.size() > 1 && (cells[1] == "frames" || cells[1].starts_with("--"));
        if (inside && line.starts_with("|") && cells.size() >= 5 && !header) {
            rows[cells[1]] = {cells[2], cells[3]};
        }
    }
    return rows;
}

class Http2Differential : public testing::Test {
protected:
    std::vector<std::string> configured()
    {
        const auto place = folder.path().string();
        test::write_file(
            place + "/nginx.conf",
            fmt::format("daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;\n"
                        "events {{}}\n"
                        "http {{ access_log off; client_body_temp_path {0}; proxy_temp_path {0};\n"
                        "  fastcgi_temp_path {0}; uwsgi_temp_path {0}; scgi_temp_path {0};\n"
                        "  server {{ listen 127.0.0.1:{1} http2; location / {{ proxy_pass "
                        "http://127.0.0.1:{2}; }} }}\n"
                        "  server {{ listen 127.0.0.1:{2}; location / {{ return 200 \"ok\\n\"; }} }} }}\n",
                        place, nginx_port, test::free_port()));
        return {"nginx", "-p", place, "-c", place + "/nginx.conf"};
    }
    std::string ask(std::uint16_t port, const std::string& octets)
    {
        const auto received = test::run(loop, h2::exchange_frames(port, octets, 3s));
        const bool to_the_end = received && h2::summary(h2::parse(*received)).contains(h2::last_answer);
        return to_the_end ? described(h2::outcome(received)) : "ends the connection";
    }

    test::TempDir folder;
    boost::asio::io_context loop{1};
    test::FunctionHandler handler{answer};
    test::Http1Server server{loop, handler, http::serve_http2};
    std::uint16_t nginx_port = test::free_port();
    test::Child nginx{configured(), {}, folder.path() / "nginx.log"};
};

TEST_F(Http2Differential, EveryDifferenceFromNginxIsExplained)
{
    ASSERT_TRUE(test::wait_for_port(nginx, nginx_port));
    const auto explained = documented();
    for (const auto& each : all_cases()) {
        const auto row = explained.find(std::string(each.what));
        std::string theirs;
        std::string ours;
        // Once more where they differ: a loaded machine may answer only after what counts as silence.
        for (int attempt = 0; attempt < 3; ++attempt) {
            theirs = ask(nginx_port, each.octets);
            ours = ask(server.port(), each.octets);
            if (row == explained.end() ? ours == theirs
                                       : ours == row->second.ours && theirs == row->second.nginx) {
                break;
            }
        }
        if (row == explained.end()) {
            EXPECT_EQ(ours, theirs) << "| " << each.what << " | " << theirs << " | " << ours
                                    << " | docs/http.md does not explain this |";
        } else {
            EXPECT_EQ(ours, row->second.ours) << each.what << " is documented otherwise; nginx " << theirs;
        }
    }
}

TEST(Http2DifferentialDocument, NamesOnlyCasesThatThereAre)
{
    std::set<std::string> names;
    for (const auto& each : all_cases()) {
        names.emplace(each.what);
    }
    EXPECT_FALSE(documented().empty());
    for (const auto& [name, row] : documented()) {
        EXPECT_TRUE(names.contains(name)) << name;
    }
}

}  // namespace
