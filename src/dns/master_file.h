// Master files, the text form of zones (RFC 1035 5): reading them, and writing records as they have them.
//
// $ORIGIN, $TTL (RFC 2308 4), parentheses, quotes and escapes, relative names and @, times with units
// (1h30m), and data of any type (RFC 3597). $INCLUDE and $GENERATE are refused: a file comes from elsewhere,
// and is all there is. Only class IN.
#pragma once

#include "dns/message.h"

#include <string>
#include <string_view>
#include <vector>

namespace dns {

struct MasterRecord {
    Record record;
    std::size_t line = 0;  // where it begins
};

struct MasterProblem {
    std::size_t line = 0;
    std::string message;
};

struct MasterFile {
    std::vector<MasterRecord> records;
    std::vector<MasterProblem> problems;  // the first ones; nothing of such a line is in `records`
};

struct MasterOptions {
    Name origin;
    std::uint32_t ttl = 3'600;  // where neither the file nor a record before says one
    std::size_t most_records = 1'000'000;
    std::size_t most_problems = 20;
};

MasterFile read_master_file(std::string_view text, const MasterOptions& options);

// "www.shop.test. 300 IN A 192.0.2.1", with names absolute and as they are.
std::string master_line(const Record& record);

}  // namespace dns
