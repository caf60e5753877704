#include "net/proxy_protocol.h"

#include "net/listener.h"

#include <gtest/gtest.h>

namespace {

// "address:port" and the octets after it; "-" for none, "..." while incomplete, else the error's code.
std::string parsed(std::string_view data)
{
    const auto header = net::parse_proxy_header(data);
    if (!header) {
        return header.error().code();
    }
    if (!*header) {
        return "...";
    }
    const auto& client = (*header)->client;
    const auto who = client ? client->address().to_string() + " " + std::to_string(client->port()) : "-";
    return who + "|" + std::string(data.substr((*header)->size));
}

std::string v2(char command, char family, std::string_view payload)
{
    std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
    out += command;
    out += family;
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xFF);
    return out + std::string(payload);
}

TEST(ProxyProtocol, ReadsBothVersionsAndLeavesWhatFollows)
{
    EXPECT_EQ(parsed("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\nrest"), "192.0.2.7 56324|rest");
    EXPECT_EQ(parsed("PROXY TCP6 2001:db8::7 2001:db8::1 1 443\r\n"), "2001:db8::7 1|");
    EXPECT_EQ(parsed("PROXY UNKNOWN\r\nrest"), "-|rest");
    EXPECT_EQ(parsed("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), "-|");
    const std::string four("\xC0\0\2\7\xC6\x33\x64\1\xDC\4\1\xBB", 12);
    EXPECT_EQ(parsed(v2(0x21, 0x11, four) + "rest"), "192.0.2.7 56324|rest");
    EXPECT_EQ(parsed(v2(0x21, 0x11, four + std::string("\4\0\1x", 4)) + "rest"), "192.0.2.7 56324|rest")
        << "extensions";
    const std::string six = "\x20\1\x0D\xB8" + std::string(11, '\0') + "\7" + std::string(16, '\1') +
                            std::string("\0\1\1\xBB", 4);
    EXPECT_EQ(parsed(v2(0x21, 0x21, six)), "2001:db8::7 1|");
    EXPECT_EQ(parsed(v2(0x20, 0x00, "") + "rest"), "-|rest") << "a health check";
    EXPECT_EQ(parsed(v2(0x21, 0x31, std::string(216, 'x'))), "-|") << "a Unix socket";
}

TEST(ProxyProtocol, WaitsForAllOfItAndRefusesAnythingElse)
{
    const std::string line = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
    const auto binary = v2(0x21, 0x11, std::string(12, '\1'));
    for (const auto& whole : {line, binary}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            EXPECT_EQ(parsed(whole.substr(0, size)), "...") << size;
        }
    }
    for (const std::string& wrong :
         {std::string("GET / HTTP/1.1\r\n"), std::string("\x16\3\1\2\0\1\0\1\xFC", 9),
          std::string("PROXY TCP4 x y 1 2\r\n"), std::string("PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n"),
          std::string("PROXY TCP6 fe80::1%1 fe80::2 1 2\r\n"),
          std::string("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"),
          std::string("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n"), "PROXY UNKNOWN " + std::string(100, 'x'),
          v2(0x22, 0x11, std::string(12, '\1')), v2(0x11, 0x11, std::string(12, '\1')),
          v2(0x21, 0x11, "short"), v2(0x21, 0x11, std::string(60'000, 'x'))}) {
        EXPECT_EQ(parsed(wrong), "bad_proxy_header") << wrong.substr(0, 30);
    }
}

TEST(ProxyProtocol, WhatIsWrittenIsRead)
{
    const auto own = net::own_proxy_header();
    EXPECT_EQ(parsed(own + "GET"), "-|GET");
    for (const auto* each : {"192.0.2.7:4711", "[2001:db8::7]:4711", "[::1]:1"}) {
        const auto client = net::parse_endpoint(each).value();
        for (const auto* local : {"198.51.100.1:443", "[2001:db8::1]:443"}) {
            const auto header = net::proxy_header(client, net::parse_endpoint(local).value());
            const auto read = net::parse_proxy_header(header + "GET /");
            ASSERT_TRUE(read && *read) << each << " " << local;
            EXPECT_EQ((*read)->size, header.size());
            auto address = (*read)->client->address();
            if (client.address().is_v4() && address.is_v6()) {  // over IPv6 an IPv4 address is mapped
                address = net::asio::ip::make_address_v4(net::asio::ip::v4_mapped, address.to_v6());
            }
            EXPECT_EQ(address, client.address());
            EXPECT_EQ((*read)->client->port(), client.port());
        }
    }
}

}  // namespace
