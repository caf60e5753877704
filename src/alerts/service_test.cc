#include "alerts/service.h"

#include "alerts/confirmation.h"
#include "alerts/testing/alert_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alerts {
namespace {

using std::chrono::hours;
using testing::customer_problem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class AlertService : public ::testing::Test, public testing::World {
protected:
    AlertService()
    {
        must([](store::Transaction& tx) {
            model::Tenant tenant;
            tenant.id = "globex";
            tenant.name = "Globex";
            return tx.tenants.put(tenant);
        });
    }
    template <class T>
    T run(boost::asio::awaitable<T> task)
    {
        return test::run(loop, std::move(task));
    }
    base::Result<ChannelDetail> add(const Caller& caller, const std::string& name, model::ChannelKind kind,
                                    const std::string& target)
    {
        NewChannel wanted;
        wanted.name = name;
        wanted.kind = kind;
        wanted.target = target;
        return run(service.add_channel(caller, wanted));
    }
    std::string code_of(const Caller& caller, model::ChannelKind kind, const std::string& target)
    {
        const auto added = add(caller, "some", kind, target);
        return added ? "" : added.error().code();
    }

    // Of the newest mail that asks for one.
    std::string confirmation_code() const
    {
        for (auto each = mail.mails.rbegin(); each != mail.mails.rend(); ++each) {
            const std::string mark = "channel confirm chn_";
            if (const auto at = each->message.find(mark); at != std::string::npos) {
                const auto from = each->message.find(' ', at + mark.size()) + 1;
                return each->message.substr(from, 14);
            }
        }
        return {};
    }

    const Caller operators{""};
    const Caller acme{"acme"};
    const Caller globex{"globex"};
    endpoints::UpstreamPolicy addresses;
    Service service{*store, clock, sealer, addresses, options};
};

TEST_F(AlertService, TakesChannelsThatCanWork)
{
    using enum model::ChannelKind;
    const auto mail = add(acme, "mail", email, "Ops@MÜNCHEN.example");
    ASSERT_TRUE(mail) << mail.error().message();
    EXPECT_EQ(mail->channel.target, "Ops@xn--mnchen-3ya.example");
    EXPECT_EQ(mail->channel.tenant, "acme");
    EXPECT_EQ(mail->secret, "");
    const auto hook = add(acme, "hook", webhook, "https://Hooks.example.net/x?key=1");
    ASSERT_TRUE(hook) << hook.error().message();
    EXPECT_EQ(hook->channel.target, "https://hooks.example.net/x?key=1");
    EXPECT_THAT(hook->secret, HasSubstr("whsec_"));
    EXPECT_EQ(base::as_text(*sealer.open(hook->channel.sealed_secret, model::channel_context(hook->channel))),
              hook->secret);
    EXPECT_EQ(run(service.channel(acme, "hook"))->secret, "") << "shown once";

    EXPECT_EQ(code_of(acme, email, "nobody"), "channel_invalid");
    EXPECT_EQ(code_of(acme, webhook, "http://hooks.example.net/"), "webhook_invalid");
    EXPECT_EQ(code_of(acme, webhook, "https://127.0.0.1/"), "webhook_forbidden");
    EXPECT_EQ(code_of(acme, webhook, "https://10.1.2.3/"), "webhook_forbidden");
    EXPECT_EQ(code_of(acme, webhook, "https://user:pw@hooks.example.net/"), "webhook_invalid");
    EXPECT_EQ(code_of(acme, webhook, "file:///etc/passwd"), "webhook_invalid");
    EXPECT_EQ(code_of(acme, exec, "pager"), "channel_forbidden");
    EXPECT_EQ(code_of(operators, exec, "pager"), "channel_forbidden");
    EXPECT_EQ(code_of(operators, webhook, "http://10.1.2.3:8080/"), "");
    EXPECT_EQ(add(acme, "mail", email, "b@example.net").error().code(), "channel_exists");
    EXPECT_TRUE(add(globex, "mail", email, "b@example.net"));
    EXPECT_EQ(add(acme, "", email, "b@example.net").error().code(), "channel_invalid");
    EXPECT_EQ(add(acme, "two\nlines", email, "b@example.net").error().code(), "channel_invalid");
}

TEST_F(AlertService, HoldsTenantsToTheirQuotaAndToTheirOwn)
{
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(add(acme, "c" + std::to_string(i), model::ChannelKind::email,
                        std::to_string(i) + "@example.net"));
    }
    EXPECT_EQ(add(acme, "more", model::ChannelKind::email, "a@example.net").error().code(), "quota_exceeded");
    const auto id = run(service.channels(acme))->at(0).id;
    EXPECT_THAT(*run(service.channels(globex)), IsEmpty());
    EXPECT_EQ(run(service.channel(globex, id)).error().code(), "channel_not_found");
    EXPECT_EQ(run(service.remove_channel(globex, id)).error().code(), "channel_not_found");
    EXPECT_TRUE(run(service.channel(operators, id)));
    NewChannel foreign{"globex", "x", model::ChannelKind::email, "a@example.net", {}, {}, {}};
    EXPECT_EQ(run(service.add_channel(acme, foreign)).error().code(), "tenant_forbidden");
    foreign.tenant = "nobody";
    EXPECT_EQ(run(service.add_channel(operators, foreign)).error().code(), "tenant_not_found");
    NewChannel support{"acme", "x", model::ChannelKind::email, "a@example.net", model::Audience::support,
                       {},     {}};
    EXPECT_EQ(run(service.add_channel(operators, support)).error().code(), "channel_invalid");
    EXPECT_TRUE(run(service.remove_channel(acme, "c3")));
    EXPECT_THAT(*run(service.channels(acme)), SizeIs(9));
}

TEST_F(AlertService, ChangesChannels)
{
    ASSERT_TRUE(add(acme, "hook", model::ChannelKind::webhook, "https://hooks.example.net/x"));
    ChannelChange change;
    change.events = std::vector<std::string>{"certificate.*"};
    change.enabled = false;
    change.new_secret = true;
    const auto changed = run(service.update_channel(acme, "hook", change));
    ASSERT_TRUE(changed) << changed.error().message();
    EXPECT_FALSE(changed->channel.enabled);
    EXPECT_THAT(changed->secret, HasSubstr("whsec_"));
    EXPECT_EQ(run(service.test_channel(acme, "hook")).error().code(), "channel_disabled");
    change = {};
    for (const std::string type : {"Not a type", "certificates.*", "foo"}) {
        change.events = std::vector<std::string>{type};
        EXPECT_EQ(run(service.update_channel(acme, "hook", change)).error().code(), "channel_invalid")
            << type;
    }
    change.events = std::vector<std::string>{"*", "cert*", "ca.recovered"};
    EXPECT_TRUE(run(service.update_channel(acme, "hook", change)));
    change = {};
    change.target = "https://169.254.169.254/latest";
    EXPECT_EQ(run(service.update_channel(acme, "hook", change)).error().code(), "webhook_forbidden");

    options.mail = {"ops@platform.test"};
    settle();
    const auto made = run(service.channels(operators)).value();
    const auto configured = std::ranges::find_if(made, [](const auto& each) { return each.configured; });
    ASSERT_NE(configured, made.end());
    EXPECT_EQ(run(service.update_channel(operators, configured->id, {})).error().code(),
              "channel_configured");
    EXPECT_EQ(run(service.remove_channel(operators, configured->id)).error().code(), "channel_configured");
}

TEST_F(AlertService, TestsAChannelThroughTheOutbox)
{
    ASSERT_TRUE(add(operators, "ops", model::ChannelKind::email, "ops@platform.test"));
    const auto sent = run(service.test_channel(operators, "ops"));
    ASSERT_TRUE(sent) << sent.error().message();
    EXPECT_EQ(run(service.test_channel(operators, "ops")).error().code(), "test_too_soon");
    settle();
    EXPECT_THAT(subjects_to("ops@platform.test"),
                ::testing::ElementsAre("[certwright] Test of the channel ops"));
    const auto shown = run(service.channel(operators, "ops"));
    EXPECT_EQ(shown->deliveries.at(0).id, sent->id);
    EXPECT_EQ(shown->deliveries.at(0).state, model::DeliveryState::delivered);
    EXPECT_EQ(shown->waiting, 0);
}

TEST_F(AlertService, AsksATenantsAddressBeforeItHearsOfAnything)
{
    ASSERT_TRUE(add(acme, "mail", model::ChannelKind::email, "admin@acme.test"));
    fail_renewal(add_endpoint("shop.acme.test"), customer_problem);
    settle();
    pass(options.gather);
    ASSERT_THAT(subjects_to("admin@acme.test"),
                ::testing::ElementsAre(HasSubstr("Confirm that admin@acme.test wants")));
    const auto code = confirmation_code();
    EXPECT_EQ(run(service.test_channel(acme, "mail")).error().code(), "channel_unconfirmed");
    EXPECT_EQ(run(service.confirm_channel(acme, "mail", "aaaa-bbbb-cccc")).error().code(), "code_wrong");
    EXPECT_EQ(run(service.confirm_channel(globex, "mail", code)).error().code(), "channel_not_found");

    ASSERT_TRUE(run(service.confirm_channel(acme, "mail", code)));
    EXPECT_EQ(run(service.confirm_channel(acme, "mail", code)).error().code(), "channel_confirmed");
    pass(hours(1));
    EXPECT_THAT(subjects_to("admin@acme.test").back(), HasSubstr("shop.acme.test: renewal fails"))
        << "what was opened before is told now";

    // Another address is asked anew, and the old one hears of nothing more.
    ChannelChange change;
    change.target = "other@acme.test";
    ASSERT_TRUE(run(service.update_channel(acme, "mail", change)));
    EXPECT_FALSE(may_hear(run(service.channel(acme, "mail"))->channel));
    settle();
    EXPECT_THAT(subjects_to("other@acme.test"), SizeIs(1));
    EXPECT_EQ(run(service.confirm_channel(acme, "mail", code)).error().code(), "code_wrong");
    EXPECT_TRUE(run(service.mail_code_again(acme, "mail")));
    settle();
    EXPECT_TRUE(run(service.confirm_channel(acme, "mail", confirmation_code())));
}

TEST_F(AlertService, MailsFewCodes)
{
    const auto try_once = [&](const Caller& caller, const std::string& address) {
        const auto added = add(caller, "mail", model::ChannelKind::email, address);
        if (added) {
            EXPECT_TRUE(run(service.remove_channel(caller, "mail")));
        }
        return added ? std::string() : added.error().code();
    };
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(try_once(acme, "victim@example.net"), "");
    }
    EXPECT_EQ(try_once(acme, "victim@example.net"), "confirmation_too_soon");
    EXPECT_EQ(try_once(globex, "victim@example.net"), "") << "one tenant does not use up what another has";
    for (int i = 0; i < 15; ++i) {
        EXPECT_EQ(try_once(acme, std::to_string(i) + "@example.net"), "");
    }
    EXPECT_EQ(try_once(acme, "more@example.net"), "confirmation_too_soon");
    // Nor may many tenants together fill a stranger's mailbox.
    for (int i = 0; i < 14; ++i) {
        const Caller another{"tenant-" + std::to_string(i)};
        ASSERT_TRUE(write([&](store::Transaction& tx) {
            return tx.tenants.put({another.tenant, another.tenant, clock.now()});
        }));
        EXPECT_EQ(try_once(another, "victim@example.net"), "");
    }
    const auto refused = add(globex, "mail", model::ChannelKind::email, "victim@example.net");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message(), HasSubstr("victim@example.net"));
    EXPECT_EQ(refused.error().code(), "confirmation_too_soon");
    clock.advance(hours(24));
    EXPECT_EQ(try_once(acme, "victim@example.net"), "");

    options.sends_mail = false;
    EXPECT_EQ(try_once(acme, "some@example.net"), "mail_not_configured");
    EXPECT_EQ(try_once(operators, "ops@example.net"), "");
}

TEST_F(AlertService, ShowsAndSilencesWhatTheCallerMaySee)
{
    const auto shop = add_endpoint("shop.acme.test");
    fail_renewal(shop, customer_problem);
    settle();
    const auto id = run(service.list(acme, {}))->items.at(0).id;
    EXPECT_THAT(run(service.list(globex, {}))->items, IsEmpty());
    EXPECT_EQ(run(service.get(globex, id)).error().code(), "alert_not_found");
    EXPECT_EQ(run(service.get(acme, id))->name, "shop.acme.test");
    AlertListing by_name;
    by_name.endpoint = "shop.acme.test";
    EXPECT_THAT(run(service.list(acme, by_name))->items, SizeIs(1));
    EXPECT_EQ(run(service.list(globex, by_name)).error().code(), "endpoint_not_found");

    NewSilence wanted;
    wanted.alert = id;
    wanted.until = clock.now() + hours(1);
    EXPECT_EQ(run(service.silence(globex, wanted)).error().code(), "alert_not_found");
    const auto silence = run(service.silence(acme, wanted));
    ASSERT_TRUE(silence);
    EXPECT_THAT(*run(service.silences(acme)), SizeIs(1));
    EXPECT_EQ(run(service.unsilence(globex, silence->id)).error().code(), "silence_not_found");
    EXPECT_TRUE(run(service.unsilence(acme, silence->id)));
    wanted.rule = "expiring";
    EXPECT_EQ(run(service.silence(acme, wanted)).error().code(), "silence_invalid");
    wanted.alert.clear();
    wanted.rule = "nonsense";
    EXPECT_THAT(run(service.silence(acme, wanted)).error().message(), HasSubstr("renewal_failing"));
    wanted.rule = "expiring";
    wanted.until = clock.now();
    EXPECT_EQ(run(service.silence(acme, wanted)).error().code(), "silence_invalid");
}

}  // namespace
}  // namespace alerts
