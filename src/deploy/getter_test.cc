#include "deploy/getter.h"

#include "deploy/testing/sample_items.h"

#include <gtest/gtest.h>

namespace deploy {
namespace {

using testing::sample_item;

TEST(Getter, ChoosesByNameAndByWhatTheClientCanVerify)
{
    auto item = sample_item("ep_1", {"a.test", "*.b.test"}, "crt_1");
    item.bundles.push_back(sample_item("ep_1", {"a.test"}, "crt_2", model::KeyType::rsa_2048).bundles[0]);
    const auto chosen = [&](std::string_view host, std::string_view schemes) {
        const auto* bundle = choose_bundle(item, host, schemes);
        return bundle == nullptr ? std::string() : bundle->certificate;
    };

    EXPECT_EQ(chosen("a.test", ""), "crt_1");
    EXPECT_EQ(chosen("a.test", "804,403,805"), "crt_1");
    EXPECT_EQ(chosen("a.test", "804,805,401"), "crt_2");
    EXPECT_EQ(chosen("x.b.test", "804"), "crt_1");
    EXPECT_EQ(chosen("x.y.b.test", ""), "");
    EXPECT_EQ(chosen("other.test", ""), "");
}

}  // namespace
}  // namespace deploy
