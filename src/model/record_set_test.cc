#include "model/record_set.h"

#include <gtest/gtest.h>

namespace model {
namespace {

// The example of RFC 4034 6.1, and names whose octets look like what separates labels.
TEST(RecordSet, PlacesNamesInCanonicalOrder)
{
    const std::vector<std::string> ordered = {
        "example",     "a.example",       "yljkjljk.a.example", "z.a.example",      "zabc.a.example",
        "z.example",   "\\000.z.example", "x.\\000.z.example",  "\\000a.z.example", "\\001.z.example",
        "*.z.example", "a\\.b.z.example", "ab.z.example",       "\\200.z.example"};
    for (std::size_t i = 1; i < ordered.size(); ++i) {
        EXPECT_LT(canonical_place(ordered[i - 1]), canonical_place(ordered[i])) << ordered[i];
    }
    EXPECT_TRUE(canonical_place(".").empty());
}

TEST(RecordSet, IsEqualWhateverTheOrderOfItsValues)
{
    RecordSet one{"z.test", "a.z.test", 16, 60, {{2}, {1}, {2}}};
    RecordSet other{"z.test", "a.z.test", 16, 60, {{1}, {2}}};
    canonicalise(one);
    canonicalise(other);
    EXPECT_EQ(one, other);
}

}  // namespace
}  // namespace model
