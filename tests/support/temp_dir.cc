#include "support/temp_dir.h"

#include <cstdlib>
#include <string>
#include <system_error>

namespace test {

TempDir::TempDir()
{
    std::string pattern = (std::filesystem::temp_directory_path() / "certwright-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
}

TempDir::~TempDir()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace test
