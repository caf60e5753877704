#include "alerts/mail.h"

#include "alerts/signature.h"
#include "http/mail_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alerts {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto noon = base::Time(std::chrono::milliseconds(1'799'236'800'000));  // 2027-01-06 12:00 UTC

TEST(Mail, HasTheFieldsThatMailProgramsWant)
{
    MailFields fields;
    fields.from = "certwright@platform.test";
    fields.to = "ops@example.test";
    fields.subject = "[certwright] shop.test: renewal fails";
    fields.text = "One line.\n";
    fields.id = "dlv_2@platform.test";
    fields.thread = "alr_1@platform.test";
    fields.date = noon;
    fields.extra = {{"X-Certwright-Type", "alert.opened\r\nBcc: all@example.test"}};

    EXPECT_EQ(mail_message(fields),
              "Date: Wed, 06 Jan 2027 12:00:00 +0000\r\n"
              "From: certwright <certwright@platform.test>\r\n"
              "To: <ops@example.test>\r\n"
              "Subject: [certwright] shop.test: renewal fails\r\n"
              "Message-ID: <dlv_2@platform.test>\r\n"
              "In-Reply-To: <alr_1@platform.test>\r\n"
              "References: <alr_1@platform.test>\r\n"
              "Auto-Submitted: auto-generated\r\n"
              "X-Certwright-Type: alert.opened  Bcc: all@example.test\r\n"
              "MIME-Version: 1.0\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n"
              "\r\n"
              "One line.\r\n");
}

TEST(Mail, BeginsItsOwnThreadWithoutReferences)
{
    MailFields fields;
    fields.id = "a@b";
    fields.thread = "a@b";
    EXPECT_THAT(mail_message(fields), Not(HasSubstr("References")));
}

TEST(Mail, EncodesWhatIsNotAscii)
{
    EXPECT_EQ(mail_header_text("münchen.example"), "=?UTF-8?B?bcO8bmNoZW4uZXhhbXBsZQ==?=");
    EXPECT_EQ(mail_header_text("a\r\nBcc: b"), "a  Bcc: b");
    EXPECT_THAT(mail_header_text("=?x?="), HasSubstr("=?UTF-8?B?"));
    const auto longer = mail_header_text(std::string(100, 'x') + " ü" + std::string(60, 'y'));
    for (std::size_t at = 0; at < longer.size();) {
        const auto end = std::min(longer.find("\r\n", at), longer.size());
        EXPECT_LE(end - at, 76U);
        at = end + 2;
    }
    EXPECT_EQ(quoted_printable("a=b \nü\n"), "a=3Db=20\r\n=C3=BC\r\n");
    EXPECT_EQ(quoted_printable(std::string(80, 'x')), std::string(75, 'x') + "=\r\n" + std::string(5, 'x'));
}

TEST(Mail, TakesAddressesThatSmtpTakes)
{
    EXPECT_EQ(mail_address("ops@münchen.example"), "ops@xn--mnchen-3ya.example");
    EXPECT_EQ(mail_address("Ops.Team+x@EXAMPLE.test"), "Ops.Team+x@example.test");
    for (const auto* wrong : {"", "ops", "@example.test", "a b@example.test", "a@b@example.test",
                              "a>@example.test", "a\r\n@example.test", "ü@example.test", "-f@example.test"}) {
        EXPECT_EQ(mail_address(wrong), "") << wrong;
    }
}

TEST(Signature, IsTheOneOfStandardWebhooks)
{
    // From the specification's own example.
    const auto made =
        webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                          "1614265330", R"({"test": 2432232314})");
    ASSERT_TRUE(made);
    EXPECT_EQ(*made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    EXPECT_FALSE(webhook_signature("other", "a", "1", "x"));
    EXPECT_EQ(new_webhook_secret().size(), 6U + 44U);
    EXPECT_NE(new_webhook_secret(), new_webhook_secret());
}

}  // namespace
}  // namespace alerts
