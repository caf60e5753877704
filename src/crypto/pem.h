// PEM blocks in text that may hold anything around them (RFC 7468, read leniently).
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace crypto {

struct PemBlock {
    std::string label;  // "CERTIFICATE"
    base::Bytes der;
    std::size_t line = 1;  // of its BEGIN, counted from 1
};

// Every block of `text`, in order. Text between blocks, CRLF and blanks inside are ignored. Errors: code
// unparsable, with the line; a block without end, or one that is not base64.
base::Result<std::vector<PemBlock>> parse_pem(std::string_view text);

// One block in strict form: lines of 64 characters (RFC 7468 section 2), no blank line.
std::string to_pem(std::string_view label, base::ByteView der);

}  // namespace crypto
