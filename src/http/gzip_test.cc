#include "http/gzip.h"

#include <gtest/gtest.h>

#include <zlib.h>

#include <array>

namespace {

std::string inflated(const std::string& gzipped)
{
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
    auto input = gzipped;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    std::string text;
    std::array<char, 4096> piece{};
    int state = Z_OK;
    while (state == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        state = inflate(&stream, Z_NO_FLUSH);
        text.append(piece.data(), piece.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    EXPECT_EQ(state, Z_STREAM_END);
    return text;
}

TEST(Gzip, ComesBackWhole)
{
    std::string text;
    for (int i = 0; i < 50'000; ++i) {
        text += std::to_string(i * 7919 % 1000);
    }
    EXPECT_LT(http::gzip(text).size(), text.size() / 2);
    EXPECT_EQ(inflated(http::gzip(text)), text);
    EXPECT_EQ(inflated(http::gzip("")), "");
}

TEST(Gzip, IsSentToThoseWhoTakeIt)
{
    for (const auto* taken : {"gzip", "br, gzip", "deflate;q=0.5, gzip;q=0.1", " gzip ;q=1 "}) {
        EXPECT_TRUE(http::accepts_gzip(taken)) << taken;
    }
    for (const auto* refused : {"", "br", "x-gzip", "gzip;q=0", "gzip; q=0.000", "*"}) {
        EXPECT_FALSE(http::accepts_gzip(refused)) << refused;
    }
}

}  // namespace
