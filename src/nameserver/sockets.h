// The sockets of one loop: a UDP socket and a TCP listener on the same address, shared by all loops with
// SO_REUSEPORT.
#pragma once

#include "base/result.h"
#include "nameserver/server.h"
#include "net/descriptor.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>

namespace nameserver {

struct Sockets {
    boost::asio::ip::udp::socket udp;
    boost::asio::ip::tcp::acceptor tcp;
};

// Fails when another program, or another copy of this one, has the port: SO_REUSEPORT alone would share it
// with a copy.
base::Result<> check_free(const Endpoint& where);

// Port 0: any port that is free for both.
base::Result<Sockets> open_sockets(boost::asio::io_context& loop, const Endpoint& where);

// Copies of sockets that listen already.
base::Result<boost::asio::ip::udp::socket> adopt_udp(boost::asio::io_context& loop, const Endpoint& where,
                                                     net::Descriptor file);
base::Result<boost::asio::ip::tcp::acceptor> adopt_tcp(boost::asio::io_context& loop, const Endpoint& where,
                                                       net::Descriptor file);

// Why port 53 could not be had and what to do about it.
base::Error explain_bind(const Endpoint& where, const boost::system::error_code& code);

}  // namespace nameserver
