#include "support/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace test {

void expect_golden(std::string_view name, const std::string& actual)
{
    const auto file = std::filesystem::path(GOLDEN_DIR) / name;
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
        std::ofstream(file, std::ios::binary) << actual;
        return;
    }
    std::ifstream in(file, std::ios::binary);
    std::ostringstream expected;
    expected << in.rdbuf();
    EXPECT_EQ(expected.str(), actual)
        << file << " differs; if the change is wanted, run the test with UPDATE_GOLDEN=1";
}

}  // namespace test
