#include "dns/tsig.h"

#include "dns/message.h"
#include "dns/update.h"

#include <gtest/gtest.h>

namespace dns {
namespace {

using namespace std::chrono_literals;

const base::Time now = base::from_millis(1'800'000'000'000);

TsigKey key(std::string_view text = "hmac-sha256:certwright:c2VjcmV0LW9mLXRoZS10ZXN0LXNlY3JldA==")
{
    return parse_tsig_key(text).value();
}

base::Bytes question()
{
    Message message;
    message.id = 4711;
    message.questions.push_back({Name::parse("shop.example").value(), RecordType::txt, class_in});
    return message.serialize().value();
}

std::string code(const base::Result<Signed>& result)
{
    return result ? std::string() : result.error().code();
}

TEST(TsigKeys, AreReadInBothForms)
{
    const auto bind = key("key \"Certwright\" {\n\talgorithm hmac-sha512;\n\tsecret \"AAEC\";\n};\n");
    EXPECT_EQ(bind.name.text(), "certwright");
    EXPECT_EQ(bind.digest, crypto::HmacDigest::sha512);
    EXPECT_EQ(bind.secret, (base::Bytes{0, 1, 2}));
    EXPECT_EQ(key("hmac-sha1:a.b.:AAEC\n").name.text(), "a.b");
    const auto keymgr =
        key("# hmac-sha256:certwright:AAEC\nkey:\n  - id: certwright\n    algorithm: hmac-sha256\n");
    EXPECT_EQ(keymgr.secret, bind.secret);
    for (const auto wrong :
         {"", "hmac-sha256:a", "sha256:a:AAEC", "hmac-sha256:a:***", "hmac-sha256::AAEC"}) {
        EXPECT_FALSE(parse_tsig_key(wrong)) << wrong;
    }
}

TEST(Tsig, AVerifiedMessageIsWhatWasSigned)
{
    const auto wire = question();
    const auto made = sign(wire, key(), now).value();
    const auto parsed = Message::parse(made.wire).value();
    EXPECT_EQ(parsed.additionals.size(), 1U);

    const auto read = verify(made.wire, key(), now + 299s);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->wire, wire);
    EXPECT_EQ(read->mac, made.mac);
}

TEST(Tsig, AReplyIsBoundToItsRequest)
{
    const auto request = sign(question(), key(), now).value();
    const auto reply = sign(question(), key(), now, request.mac).value();

    EXPECT_TRUE(verify(reply.wire, key(), now, request.mac));
    EXPECT_EQ(code(verify(reply.wire, key(), now)), "tsig_badsig");
}

TEST(Tsig, WhatIsWrongHasItsCode)
{
    const auto made = sign(question(), key(), now).value();
    EXPECT_EQ(code(verify(question(), key(), now)), "tsig_missing");
    EXPECT_EQ(code(verify(made.wire, key(), now + 301s)), "tsig_badtime");
    EXPECT_EQ(code(verify(made.wire, key(), now - 301s)), "tsig_badtime");
    EXPECT_EQ(code(verify(made.wire, key("hmac-sha256:certwright:AAEC"), now)), "tsig_badsig");
    EXPECT_EQ(code(verify(made.wire, key("hmac-sha256:other:AAEC"), now)), "tsig_badkey");
    auto changed = made.wire;
    changed[13] ^= 1U;
    EXPECT_EQ(code(verify(changed, key(), now)), "tsig_badsig");
    for (std::size_t size = 0; size < made.wire.size(); ++size) {
        EXPECT_FALSE(verify(base::ByteView(made.wire).first(size), key(), now)) << size;
    }
}

TEST(Update, HasZoneAndChangesInTheirSections)
{
    const auto zone = Name::parse("acme.example").value();
    const auto name = Name::parse("a.acme.example").value();
    const auto update = make_update(
        zone, {added(name, RecordType::txt, 5, {1, 'x'}), removed(name, RecordType::txt, {1, 'y'})});
    const auto read = Message::parse(update.serialize().value()).value();

    EXPECT_EQ(read.opcode, Opcode::update);
    ASSERT_EQ(read.questions.size(), 1U);
    EXPECT_EQ(read.questions[0].type, RecordType::soa);
    ASSERT_EQ(read.authorities.size(), 2U);
    EXPECT_EQ(read.authorities[0].klass, class_in);
    EXPECT_EQ(read.authorities[1].klass, 254);
    EXPECT_EQ(read.authorities[1].ttl, 0U);
}

}  // namespace
}  // namespace dns
