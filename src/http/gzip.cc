#include "http/gzip.h"

#include "http/syntax.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>

namespace http {

namespace {

constexpr int with_gzip_head = 16 + MAX_WBITS;
constexpr int usual_memory = 8;

bool refused(std::string_view weight)
{
    return weight.starts_with("q=0") && weight.find_first_not_of("0.", 2) == weight.npos;
}

}  // namespace

std::string gzip(std::string_view text)
{
    if (text.size() > std::numeric_limits<uInt>::max()) {
        throw std::length_error("too much to compress at once");
    }
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, with_gzip_head, usual_memory, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        throw std::bad_alloc();
    }
    std::string made(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(made.data());
    stream.avail_out = static_cast<uInt>(made.size());
    const int ended = deflate(&stream, Z_FINISH);
    made.resize(stream.total_out);
    deflateEnd(&stream);
    if (ended != Z_STREAM_END) {
        throw std::logic_error("deflateBound() was too small");
    }
    return made;
}

bool accepts_gzip(std::string_view accept_encoding)
{
    while (!accept_encoding.empty()) {
        const auto comma = std::min(accept_encoding.find(','), accept_encoding.size());
        const auto each = accept_encoding.substr(0, comma);
        accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
        const auto semicolon = std::min(each.find(';'), each.size());
        if (trim(each.substr(0, semicolon)) == "gzip") {
            return !refused(trim(each.substr(std::min(semicolon + 1, each.size()))));
        }
    }
    return false;
}

}  // namespace http
