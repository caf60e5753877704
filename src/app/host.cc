#include "app/host.h"

#include "base/random.h"

#include <unistd.h>

#include <array>
#include <fstream>

namespace app {

std::string host_name()
{
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("edge");
}

base::Result<std::string> own_id(const std::filesystem::path& folder)
{
    const auto file = folder / "edge.id";
    std::string id;
    std::ifstream(file) >> id;
    if (!id.empty()) {
        return id;
    }
    id = base::new_id("edge");
    std::ofstream out(file);
    out << id << '\n';
    if (!out.flush()) {
        return base::fail(base::Errc::unavailable, "cannot write " + file.string());
    }
    return id;
}

}  // namespace app
