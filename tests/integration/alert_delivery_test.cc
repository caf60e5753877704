// Notices on their way to real receivers: a mail server with TLS and passwords, a webhook receiver that fails
// at times, and a process that dies between the outbox and the receiver.
#include "alerts/testing/alert_world.h"
#include "support/certificates.h"
#include "support/child.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace {

namespace json = boost::json;
using alerts::testing::customer_problem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* python = "/usr/bin/python3";  // Debian's own, which sees Debian's modules
constexpr const char* secret = "whsec_c2VjcmV0";    // of every channel of World

std::string peer(const std::string& name)
{
    return std::string(PEER_SCRIPTS) + "/" + name;
}

base::Time real_now()
{
    return base::SystemClock().now();
}

std::vector<json::object> lines_of(const std::filesystem::path& file)
{
    std::vector<json::object> lines;
    if (!std::filesystem::exists(file)) {
        return lines;
    }
    std::istringstream text(test::read_file(file));
    for (std::string line; std::getline(text, line);) {
        lines.push_back(json::parse(line).as_object());
    }
    return lines;
}

// A mail server of its own kind for each test.
class MailServer {
public:
    explicit MailServer(std::vector<std::string> options)
    {
        const auto key = test::new_key();
        test::write_file(folder_.path() / "ca.pem", root_.pem());
        test::write_file(folder_.path() / "cert.pem", root_.issue(key, {.names = {"localhost"}}));
        test::write_file(folder_.path() / "key.pem", key.to_pem());
        std::filesystem::create_directory(folder_.path() / "mails");
        std::vector<std::string> command{python,
                                         peer("smtp_server.py"),
                                         std::to_string(port_),
                                         (folder_.path() / "mails").string(),
                                         "--cert",
                                         (folder_.path() / "cert.pem").string(),
                                         "--key",
                                         (folder_.path() / "key.pem").string()};
        command.insert(command.end(), options.begin(), options.end());
        child_.emplace(std::move(command), std::map<std::string, std::string>(), folder_.path() / "log");
        if (!test::wait_for_port(*child_, port_)) {
            throw std::runtime_error("no mail server: is python3-aiosmtpd installed? " +
                                     test::read_file(folder_.path() / "log"));
        }
    }

    http::MailServer address(const std::string& scheme) const
    {
        http::MailServer server;
        server.url = fmt::format("{}://localhost:{}", scheme, port_);
        server.trust_file = (folder_.path() / "ca.pem").string();
        server.helo = "control.platform.test";
        return server;
    }
    std::vector<json::object> kept() const
    {
        std::set<std::filesystem::path> files;
        for (const auto& each : std::filesystem::directory_iterator(folder_.path() / "mails")) {
            if (each.path().extension() == ".json") {
                files.insert(each.path());
            }
        }
        std::vector<json::object> mails;
        for (const auto& file : files) {
            mails.push_back(json::parse(test::read_file(file)).as_object());
        }
        return mails;
    }

private:
    test::TempDir folder_;
    test::Authority root_ = test::Authority::root("mail root");
    std::uint16_t port_ = test::free_port();
    std::optional<test::Child> child_;
};

class MailDelivery : public ::testing::Test {
protected:
    base::Result<> send(const http::MailServer& server, const std::string& to = "ops@example.test")
    {
        const auto sender = http::make_mail_sender(loop_.get_executor(), server);
        http::Mail mail{"certwright@platform.test", to, "Subject: x\r\n\r\n.dots\r\n..\r\nend\r\n"};
        return test::run(loop_, sender->send(std::move(mail)));
    }

private:
    boost::asio::io_context loop_{1};
};

TEST_F(MailDelivery, UsesStartTlsAndThePassword)
{
    const MailServer server({"--tls", "starttls", "--user", "us", "--password", "pa ss"});
    auto address = server.address("smtp");
    address.user = "us";
    address.password = "pa ss";

    const auto sent = send(address);

    ASSERT_TRUE(sent) << sent.error().message();
    ASSERT_THAT(server.kept(), SizeIs(1));
    const auto kept = server.kept()[0];
    EXPECT_EQ(kept.at("tls"), true);
    EXPECT_EQ(kept.at("user"), "us");
    EXPECT_EQ(kept.at("from"), "certwright@platform.test");
    EXPECT_EQ(kept.at("to"), json::array({"ops@example.test"}));
    EXPECT_EQ(kept.at("helo"), "control.platform.test");
    EXPECT_EQ(kept.at("message"), "Subject: x\r\n\r\n.dots\r\n..\r\nend\r\n");

    address.password = "wrong";
    EXPECT_EQ(send(address).error().code(), "mail_login");
    address.trust_file.clear();
    EXPECT_EQ(send(address).error().code(), "tls_untrusted");
    EXPECT_THAT(server.kept(), SizeIs(1));
}

TEST_F(MailDelivery, UsesTlsFromTheFirstByteWithSmtps)
{
    const MailServer server({"--tls", "implicit", "--user", "us", "--password", "p"});
    auto address = server.address("smtps");
    address.user = "us";
    address.password = "p";

    const auto sent = send(address);

    ASSERT_TRUE(sent) << sent.error().message();
    EXPECT_EQ(server.kept().at(0).at("tls"), true);
}

TEST_F(MailDelivery, GoesInTheClearOnlyWhenAskedAndNeverWithAPassword)
{
    const MailServer server({"--user", "us", "--password", "p"});
    auto address = server.address("smtp");
    EXPECT_EQ(send(address).error().code(), "mail_not_secure");
    address.secure = false;
    address.user = "us";
    address.password = "p";
    EXPECT_EQ(send(address).error().code(), "mail_not_secure");

    const MailServer open({});
    auto open_address = open.address("smtp");
    open_address.secure = false;
    EXPECT_TRUE(send(open_address));
    EXPECT_EQ(open.kept().at(0).at("tls"), false);
}

TEST_F(MailDelivery, TellsRefusalsForNowFromThoseForGood)
{
    const MailServer server({"--tls", "starttls", "--refuse", "1"});
    const auto address = server.address("smtp");

    EXPECT_EQ(send(address).error().kind(), base::Errc::unavailable);
    EXPECT_EQ(send(address, "nobody@example.test").error().code(), "mail_refused");
    EXPECT_TRUE(send(address));
    EXPECT_EQ(send(address, "a@b> RCPT TO:<c@d").error().code(), "mail_address_invalid");
}

// A world whose mails and calls really go out.
class Delivery : public ::testing::Test, public alerts::testing::World {
protected:
    Delivery() : World("", real_now()) {}
    ~Delivery() override
    {
        if (real_engine) {
            test::run(loop, real_engine->courier().stop());
        }
    }

    void connect(const http::MailServer& server)
    {
        sender = http::make_mail_sender(loop.get_executor(), server);
        open();
    }
    void open()
    {
        real_carriers = std::make_unique<alerts::Carriers>(
            alerts::Outside{sender.get(), *web, *guarded_web, pool}, sealer, clock, options);
        real_engine = std::make_unique<alerts::Engine>(loop.get_executor(), *store, clock, platform,
                                                       *real_carriers, options);
    }
    void settle_really()
    {
        for (int i = 0; i < 4; ++i) {
            const auto done = test::run(loop, real_engine->round());
            ASSERT_TRUE(done) << done.error().message();
            ASSERT_TRUE(*done);
            test::run(loop, real_engine->courier().join(), std::chrono::seconds(60));
        }
    }
    void start_receiver(std::vector<std::string> options)
    {
        std::vector<std::string> command{python, peer("hook_receiver.py"), std::to_string(port), log.string(),
                                         secret};
        command.insert(command.end(), options.begin(), options.end());
        receiver.emplace(std::move(command), std::map<std::string, std::string>(),
                         folder.path() / "receiver");
        ASSERT_TRUE(test::wait_for_port(*receiver, port)) << test::read_file(folder.path() / "receiver");
    }
    std::string hook_url() const { return fmt::format("http://127.0.0.1:{}/hook", port); }
    // "type" of each request that was answered with 204, in their order.
    std::vector<std::string> taken(const std::string& subject) const
    {
        std::vector<std::string> types;
        for (const auto& line : lines_of(log)) {
            const auto& body = line.at("body").as_object();
            if (line.at("answered") == 204 && body.at("event").at("subject").as_string() == subject) {
                types.emplace_back(body.at("type").as_string());
            }
        }
        return types;
    }

    std::uint16_t port = test::free_port();
    std::filesystem::path log = folder.path() / "requests";
    std::optional<test::Child> receiver;
    std::unique_ptr<http::MailSender> sender;
    std::unique_ptr<http::Client> web = http::make_client(loop.get_executor(), {});
    std::unique_ptr<http::Client> guarded_web = [this] {
        http::ClientOptions guarded;
        guarded.direct = true;
        guarded.allow_address = [](const boost::asio::ip::address& address) {
            return endpoints::UpstreamPolicy().allows(address);
        };
        return http::make_client(loop.get_executor(), std::move(guarded));
    }();
    std::unique_ptr<alerts::Carriers> real_carriers;
    std::unique_ptr<alerts::Engine> real_engine;
};

TEST_F(Delivery, MailsAnAlertAndItsEndInOneThread)
{
    const MailServer server({"--tls", "starttls", "--refuse", "1"});
    add_channel(model::ChannelKind::email, "admin@acme.test", "acme");
    connect(server.address("smtp"));
    const auto shop = add_endpoint("münchen.acme.test");
    fail_renewal(shop, customer_problem);
    settle_really();
    clock.advance(options.gather);
    settle_really();
    EXPECT_THAT(server.kept(), IsEmpty()) << "the server said: not now";
    clock.advance(std::chrono::minutes(1));
    settle_really();
    renew(shop);
    settle_really();
    clock.advance(options.gather);
    settle_really();

    const auto kept = server.kept();
    ASSERT_THAT(kept, SizeIs(2));
    const std::string opened(kept[0].at("message").as_string());
    const std::string resolved(kept[1].at("message").as_string());
    EXPECT_THAT(opened, HasSubstr("Subject: =?UTF-8?B?"));
    EXPECT_THAT(opened, HasSubstr("Who must act:   You, where the DNS of the domain is kept."));
    EXPECT_THAT(opened, HasSubstr("certwright alert silence alr_"));
    EXPECT_THAT(opened, HasSubstr("xn--mnchen-3ya.acme.test"));
    const auto from = opened.find("Message-ID: <") + 13;
    const auto id = opened.substr(from, opened.find('>', from) - from);
    EXPECT_THAT(resolved, HasSubstr("References: <" + id + ">"));
}

TEST_F(Delivery, CallsAReceiverThatFailsAtTimesInOrderAndSigned)
{
    start_receiver({"--fail", "500,0,429,302", "--slow", "0.05"});
    add_channel(model::ChannelKind::webhook, hook_url(), "", model::Audience::operators, {"endpoint.*"});
    open();
    const auto a = add_endpoint("a.acme.test");
    const auto b = add_endpoint("b.acme.test");
    for (const auto* type : {"endpoint.one", "endpoint.two", "endpoint.three"}) {
        event(a, type);
        event(b, type);
    }
    settle_really();
    for (int i = 0; i < 16; ++i) {
        clock.advance(std::chrono::seconds(70));
        settle_really();
    }
    EXPECT_THAT(taken(a.id), ElementsAre("endpoint.one", "endpoint.two", "endpoint.three"));
    EXPECT_THAT(taken(b.id), ElementsAre("endpoint.one", "endpoint.two", "endpoint.three"));
    std::set<std::string> valid;
    for (const auto& line : lines_of(log)) {
        if (line.at("valid").as_bool()) {
            valid.emplace(line.at("id").as_string());
        }
    }
    EXPECT_THAT(valid, SizeIs(::testing::Ge(2U)))
        << "later ones are signed at the test's clock, minutes ahead";
    EXPECT_EQ(read([](store::Transaction& tx) { return tx.deliveries.waiting(""); }).value(), 0);
}

TEST_F(Delivery, NeverLeadsATenantsWebhookIntoThisMachine)
{
    start_receiver({});
    const auto channel = add_channel(model::ChannelKind::webhook, hook_url(), "acme",
                                     model::Audience::operators, {"endpoint.*"});
    open();
    event(add_endpoint("a.acme.test"), "endpoint.one");
    settle_really();

    EXPECT_THAT(lines_of(log), IsEmpty());
    EXPECT_THAT(this->channel(channel.id).error, HasSubstr("address that is not allowed"));
}

// Ends the process at its `writes`th write, before or after it.
class DyingStore final : public store::Store {
public:
    DyingStore(store::Store& inner, int writes, bool before) : inner_(inner), left_(writes), before_(before)
    {
    }

    base::Task<> run_write(Operation operation) override
    {
        const bool last = --left_ == 0;
        if (last && before_) {
            _exit(137);
        }
        auto written = co_await inner_.run_write(std::move(operation));
        if (last) {
            _exit(137);
        }
        co_return written;
    }
    base::Task<> run_read(Operation operation) override { return inner_.run_read(std::move(operation)); }
    void on_revision(std::function<void(std::int64_t)> listener) override
    {
        inner_.on_revision(std::move(listener));
    }

private:
    store::Store& inner_;
    int left_;
    bool before_;
};

// One engine on the database, until its outbox is empty or the process dies.
int run_engine(const std::filesystem::path& file, int dies_at, bool before)
{
    base::SystemClock clock;
    boost::asio::io_context loop(1);
    auto inner = store::open_sqlite(file, clock).value();
    DyingStore store(*inner, dies_at, before);
    const crypto::Sealer sealer{std::array<std::uint8_t, 32>{7}};
    auto options = alerts::testing::test_options();
    alerts::testing::FixedPlatform platform;
    alerts::testing::RecordingMail mail;
    const auto web = http::make_client(loop.get_executor(), {});
    boost::asio::thread_pool pool(1);
    alerts::Carriers carriers({&mail, *web, *web, pool}, sealer, clock, options);
    alerts::Engine engine(loop.get_executor(), store, clock, platform, carriers, options);
    for (int i = 0; i < 200; ++i) {
        if (const auto done = test::run(loop, engine.round()); !done || !*done) {
            return 1;
        }
        test::run(loop, engine.courier().join(), std::chrono::seconds(60));
        auto count = [](store::Transaction& tx) -> base::Result<std::int64_t> {
            TRY(waiting, tx.deliveries.waiting(""));
            TRY(cursor, tx.settings.get("alerts.event_cursor"));
            return cursor == "6" ? waiting : 1;
        };
        if (test::run(loop, inner->read(std::move(count))).value_or(1) == 0) {
            return 0;
        }
    }
    return 1;
}

int run_in_a_process(const std::filesystem::path& file, int dies_at, bool before)
{
    const pid_t child = ::fork();
    if (child == 0) {
        _exit(run_engine(file, dies_at, before));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct Seen {
    std::vector<std::string> order;     // types, each at its first arrival
    std::map<std::string, int> copies;  // of each id
};

// An outbox with two endpoints of three events each.
void write_events(const std::filesystem::path& file, const std::string& url)
{
    base::SystemClock clock;
    boost::asio::io_context loop(1);
    const auto store = store::open_sqlite(file, clock).value();
    const crypto::Sealer sealer{std::array<std::uint8_t, 32>{7}};
    auto write = [&, now = clock.now()](store::Transaction& tx) -> base::Result<> {
        model::Channel channel;
        channel.id = "chn_1";
        channel.name = "hook";
        channel.kind = model::ChannelKind::webhook;
        channel.target = url;
        channel.events = {"endpoint.*"};
        channel.created_at = now;
        channel.sealed_secret = sealer.seal(base::as_bytes(secret), model::channel_context(channel));
        CHECKED(tx.channels.put(channel));
        for (const auto* type : {"endpoint.one", "endpoint.two", "endpoint.three"}) {
            for (const auto* subject : {"ep_a", "ep_b"}) {
                model::Event event;
                event.subject = subject;
                event.type = type;
                event.created_at = now;
                CHECKED(tx.events.append(event));
            }
        }
        return {};
    };
    ASSERT_TRUE(test::run(loop, store->write(std::move(write))));
}

TEST(DeliveryAfterDeath, LosesNothingAndRepeatsAtMostWhatWasUnderWay)
{
    const test::TempDir folder;
    const auto port = test::free_port();
    const auto url = fmt::format("http://127.0.0.1:{}/hook", port);
    const auto log = folder.path() / "requests";
    test::Child receiver({python, peer("hook_receiver.py"), std::to_string(port), log.string(), secret}, {},
                         folder.path() / "receiver");
    ASSERT_TRUE(test::wait_for_port(receiver, port));
    int deaths = 0;
    for (const bool before : {true, false}) {
        for (int dies_at = 1; dies_at <= 12; ++dies_at) {
            std::filesystem::remove(log);
            const auto file = folder.path() / fmt::format("{}{}.db", before ? "b" : "a", dies_at);
            write_events(file, url);
            const int died = run_in_a_process(file, dies_at, before);
            ASSERT_TRUE(died == 137 || died == 0) << died;
            deaths += died == 137 ? 1 : 0;
            ASSERT_EQ(run_in_a_process(file, -1, false), 0) << dies_at;

            std::map<std::string, Seen> seen;
            for (const auto& line : lines_of(log)) {
                EXPECT_TRUE(line.at("valid").as_bool());
                const auto& body = line.at("body").as_object();
                auto& each = seen[std::string(body.at("event").at("subject").as_string())];
                if (++each.copies[std::string(line.at("id").as_string())] == 1) {
                    each.order.emplace_back(body.at("type").as_string());
                }
            }
            for (const auto* subject : {"ep_a", "ep_b"}) {
                EXPECT_THAT(seen[subject].order,
                            ElementsAre("endpoint.one", "endpoint.two", "endpoint.three"))
                    << "died at " << dies_at;
                int repeated = 0;
                for (const auto& [id, copies] : seen[subject].copies) {
                    repeated += copies - 1;
                }
                EXPECT_LE(repeated, 1) << "only what was under way may come again";
            }
        }
    }
    EXPECT_GE(deaths, 14);
}

}  // namespace
