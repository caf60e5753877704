// Golden files: texts that are promises, kept in tests/golden. UPDATE_GOLDEN=1 in the environment writes them
// anew.
#pragma once

#include <string>
#include <string_view>

namespace test {

// Fails the test when `actual` differs from tests/golden/<name>.
void expect_golden(std::string_view name, const std::string& actual);

}  // namespace test
