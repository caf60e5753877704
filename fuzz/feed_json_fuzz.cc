// Batches of the feed: what was read once is written and read again as the same.
#include "feed/json.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(feed::position_from_json(text));
    const auto batch = feed::batch_from_json(text);
    if (!batch) {
        return 0;
    }
    const auto written = feed::to_json(*batch);
    const auto again = feed::batch_from_json(written);
    if (!again || feed::to_json(*again) != written) {
        std::abort();
    }
    return 0;
}
