#include "http/body_reader.h"

#include "http/syntax.h"

#include <algorithm>
#include <limits>

namespace http {

namespace {

constexpr std::size_t max_size_line = 256;
constexpr std::size_t max_trailers = 8 * 1024;
constexpr std::size_t max_trailer_fields = 50;

base::Error bad_chunk(std::string why)
{
    return base::Error(base::Errc::invalid, "the chunked body is broken: " + std::move(why))
        .with_code("bad_chunk");
}

std::optional<std::uint64_t> parse_chunk_size(std::string_view line)
{
    const auto digits = line.substr(0, line.find_first_of("; \t"));
    const auto extension = trim(line.substr(digits.size()));
    const bool good_extension = (extension.empty() || extension.front() == ';') && is_field_value(extension);
    if (digits.empty() || digits.size() > 15 || !good_extension) {
        return std::nullopt;
    }
    std::uint64_t size = 0;
    for (const char c : digits) {
        const char lower = static_cast<char>(c | 0x20);
        if (c >= '0' && c <= '9') {
            size = size * 16 + static_cast<std::uint64_t>(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            size = size * 16 + static_cast<std::uint64_t>(lower - 'a' + 10);
        } else {
            return std::nullopt;
        }
    }
    return size;
}

}  // namespace

void BodyReader::start(BodyFraming framing)
{
    trailers_ = Headers();
    left_ = 0;
    switch (framing.kind) {
        case BodyFraming::Kind::none:
            state_ = State::ended;
            break;
        case BodyFraming::Kind::length:
            state_ = State::length;
            left_ = framing.length;
            break;
        case BodyFraming::Kind::chunked:
            state_ = State::chunk_size;
            break;
        case BodyFraming::Kind::until_close:
            state_ = State::until_close;
            left_ = std::numeric_limits<std::uint64_t>::max();
            break;
    }
}

base::Task<std::size_t> BodyReader::read(net::Stream& stream, InputBuffer& input, std::span<char> out)
{
    for (;;) {
        CO_TRY(count, read_now(stream, input, out));
        if (count) {
            co_return *count;
        }
        CO_CHECKED(co_await stream.readable());
    }
}

base::Result<std::optional<std::size_t>> BodyReader::read_now(net::Stream& stream, InputBuffer& input,
                                                              std::span<char> out)
{
    for (;;) {
        TRY(ready, skip_framing(input));
        if (ended()) {
            return std::size_t{0};
        }
        // The rest of a small chunk comes through the buffer, with the framing that follows it.
        const bool small_chunk = ready && state_ == State::chunk_data && left_ < 2048;
        if (!ready || (small_chunk && input.empty())) {
            TRY(filled, input.fill_now(stream));
            if (!filled) {
                return std::nullopt;
            }
            if (!ready && *filled > 0) {
                continue;
            }
        }
        std::optional<std::size_t> count = 0;
        if (ready) {
            TRY(taken, take(stream, input, out));
            count = taken;
        }
        if (!count) {
            return std::nullopt;
        }
        if (*count == 0 && state_ == State::until_close) {
            state_ = State::ended;
            return std::size_t{0};
        }
        if (*count == 0) {
            return base::fail(base::Error(base::Errc::unavailable, "the connection ended before the body")
                                  .with_code("body_cut"));
        }
        took(*count);
        CHECKED(skip_framing(input));
        return count;
    }
}

// What is there of the data, from the buffer and then from the stream; 0 at the stream's end.
base::Result<std::optional<std::size_t>> BodyReader::take(net::Stream& stream, InputBuffer& input,
                                                          std::span<char> out)
{
    const auto want = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_)));
    if (input.empty()) {
        return stream.read_now(want);
    }
    const auto buffered = input.take(want);
    if (buffered == want.size()) {
        return buffered;
    }
    TRY(more, stream.read_now(want.subspan(buffered)));
    return buffered + more.value_or(0);
}

std::optional<std::string_view> BodyReader::rest(const InputBuffer& input) const
{
    const auto data = input.view();
    if (state_ != State::length || left_ > data.size()) {
        return std::nullopt;
    }
    return data.substr(0, static_cast<std::size_t>(left_));
}

void BodyReader::drop_rest(InputBuffer& input)
{
    input.consume(static_cast<std::size_t>(left_));
    left_ = 0;
    state_ = State::ended;
}

void BodyReader::took(std::size_t bytes)
{
    if (state_ == State::until_close) {
        return;
    }
    left_ -= bytes;
    if (left_ == 0) {
        state_ = state_ == State::length ? State::ended : State::chunk_end;
    }
}

base::Result<bool> BodyReader::skip_framing(InputBuffer& input)
{
    while (!ended() && !in_data()) {
        base::Result<bool> advanced = false;
        if (state_ == State::chunk_size) {
            advanced = read_size(input);
        } else if (state_ == State::chunk_end) {
            advanced = read_chunk_end(input);
        } else {
            advanced = read_trailers(input);
        }
        if (!advanced || !*advanced) {
            return advanced;
        }
    }
    return true;
}

base::Result<bool> BodyReader::read_size(InputBuffer& input)
{
    const auto data = input.view();
    const auto end = data.find('\n');
    if (end == std::string_view::npos) {
        if (data.size() > max_size_line) {
            return base::fail(bad_chunk("its size line is too long"));
        }
        return false;
    }
    if (end == 0 || end > max_size_line || data[end - 1] != '\r' || data.find('\r') != end - 1) {
        return base::fail(bad_chunk("its size line does not end with CRLF"));
    }
    const auto size = parse_chunk_size(data.substr(0, end - 1));
    if (!size) {
        return base::fail(bad_chunk("its size is not a hexadecimal number"));
    }
    input.consume(end + 1);
    left_ = *size;
    state_ = left_ == 0 ? State::trailers : State::chunk_data;
    return true;
}

base::Result<bool> BodyReader::read_chunk_end(InputBuffer& input)
{
    const auto data = input.view();
    if (data.size() < 2) {
        return false;
    }
    if (!data.starts_with("\r\n")) {
        return base::fail(bad_chunk("data goes on after its size"));
    }
    input.consume(2);
    state_ = State::chunk_size;
    return true;
}

base::Result<bool> BodyReader::read_trailers(InputBuffer& input)
{
    const auto data = input.view();
    if (data.starts_with("\r\n")) {
        input.consume(2);
        state_ = State::ended;
        return true;
    }
    const auto end = find_head_end(data, 0);
    if (end == 0 || end > max_trailers) {
        if (data.size() > max_trailers || has_bare_line_feed(data)) {
            return base::fail(bad_chunk("its trailers are too large or malformed"));
        }
        return false;
    }
    auto fields = parse_fields(data.substr(0, end - 2), max_trailer_fields);
    if (!fields) {
        return base::fail(bad_chunk("its trailers have " + std::string(fields.error().why)));
    }
    trailers_ = std::move(*fields);
    input.consume(end);
    state_ = State::ended;
    return true;
}

}  // namespace http
