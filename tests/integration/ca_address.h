// Where a CA of a test is.
#pragma once

#include <string>

namespace test {

struct CaAddress {
    std::string directory_url;
    std::string trust_file;
};

}  // namespace test
