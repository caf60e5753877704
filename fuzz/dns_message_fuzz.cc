// A message that parses must come back the same from its own wire form, and have a text form.
#include "dns/message.h"
#include "dns/rdata.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto message = dns::Message::parse({data, size});
    if (!message) {
        return 0;
    }
    for (const auto& record : message->answers) {
        const auto text = dns::data_text(record.type, record.data);
        static_cast<void>(dns::parse_data(record.type, text));
        static_cast<void>(dns::plain_text(record.type, record.data));
    }
    if (const auto wire = message->serialize()) {
        const auto again = dns::Message::parse(*wire);
        if (!again || *again != *message) {
            std::abort();
        }
    }
    return 0;
}
