#include "nameserver/udp_port.h"

#include "net/descriptor.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace nameserver {

namespace asio = boost::asio;

namespace {

constexpr std::size_t batch_size = 64;
constexpr std::size_t query_space = 1'500;  // a longer question is not one that we can answer
constexpr int batches_before_others = 16;   // then connections of the same loop have their turn

asio::ip::address address_of(const sockaddr_storage& from)
{
    if (from.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &from, sizeof(v4));
        return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, &from, sizeof(v6));
    asio::ip::address_v6::bytes_type octets{};
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    return asio::ip::address_v6(octets);
}

// The address itself, within `from`.
base::ByteView octets_of(const sockaddr_storage& from)
{
    const auto* const start = reinterpret_cast<const std::uint8_t*>(&from);
    return from.ss_family == AF_INET
               ? base::ByteView(start + offsetof(sockaddr_in, sin_addr), sizeof(in_addr))
               : base::ByteView(start + offsetof(sockaddr_in6, sin6_addr), sizeof(in6_addr));
}

// The packet information that came with a question goes out with its reply, without the interface: the route
// decides that.
void reply_from_destination(msghdr& head)
{
    cmsghdr* const control = CMSG_FIRSTHDR(&head);
    if (control == nullptr) {
        head.msg_controllen = 0;
        return;
    }
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
        in_pktinfo info{};
        std::memcpy(&info, CMSG_DATA(control), sizeof(info));
        info.ipi_ifindex = 0;
        info.ipi_spec_dst = info.ipi_addr;
        std::memcpy(CMSG_DATA(control), &info, sizeof(info));
    }
}

}  // namespace

struct UdpPort::Batch {
    struct Slot {
        sockaddr_storage from;
        alignas(cmsghdr) std::uint8_t control[CMSG_SPACE(sizeof(in6_pktinfo))];
        std::uint8_t query[query_space];
        std::uint8_t reply[largest_udp];
    };

    Slot slots[batch_size];
    iovec in[batch_size];
    iovec out[batch_size];
    mmsghdr received[batch_size];
    mmsghdr replies[batch_size];
};

UdpPort::UdpPort(asio::ip::udp::socket socket, Shared& shared, LoopCounters& counters, const Manners& manners)
    : socket_(std::move(socket)),
      any_address_(socket_.local_endpoint().address().is_unspecified()),
      shared_(shared),
      counters_(counters),
      manners_(manners),
      batch_(std::make_unique<Batch>())
{
    for (std::size_t i = 0; i < batch_size; ++i) {
        batch_->in[i] = {batch_->slots[i].query, query_space};
    }
}

UdpPort::~UdpPort() = default;

void UdpPort::close()
{
    net::close_copy(socket_);
}

asio::awaitable<void> UdpPort::serve()
{
    while (socket_.is_open()) {
        boost::system::error_code code;
        co_await socket_.async_wait(asio::ip::udp::socket::wait_read,
                                    asio::redirect_error(asio::use_awaitable, code));
        for (int i = 0; !code && i < batches_before_others && serve_batch() > 0; ++i) {}
    }
}

std::size_t UdpPort::serve_batch()
{
    Batch& batch = *batch_;
    for (std::size_t i = 0; i < batch_size; ++i) {
        auto& slot = batch.slots[i];
        batch.received[i] = {};
        batch.received[i].msg_hdr.msg_name = &slot.from;
        batch.received[i].msg_hdr.msg_namelen = sizeof(slot.from);
        batch.received[i].msg_hdr.msg_iov = &batch.in[i];
        batch.received[i].msg_hdr.msg_iovlen = 1;
        batch.received[i].msg_hdr.msg_control = any_address_ ? slot.control : nullptr;
        batch.received[i].msg_hdr.msg_controllen = any_address_ ? sizeof(slot.control) : 0;
    }
    const int count = recvmmsg(socket_.native_handle(), batch.received, batch_size, MSG_DONTWAIT, nullptr);
    if (count <= 0) {
        return 0;
    }
    const auto now = std::chrono::steady_clock::now();
    std::size_t replies = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        const std::size_t size = answer_one(i, batch.received[i].msg_len, now);
        if (size == 0) {
            continue;
        }
        mmsghdr& reply = batch.replies[replies];
        reply = batch.received[i];
        batch.out[replies] = {batch.slots[i].reply, size};
        reply.msg_hdr.msg_iov = &batch.out[replies];
        if (any_address_) {
            reply_from_destination(reply.msg_hdr);
        }
        ++replies;
    }
    send(replies);
    return static_cast<std::size_t>(count);
}

std::size_t UdpPort::answer_one(std::size_t i, std::size_t query_size,
                                std::chrono::steady_clock::time_point now)
{
    auto& slot = batch_->slots[i];
    counters_.udp_queries.add();
    const base::ByteView query(slot.query, query_size);
    if ((batch_->received[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        counters_.dropped.add();
        return 0;
    }
    const Asker asker(dns::Transport::udp, octets_of(slot.from), manners_);
    if (shared_.limit.enabled() && !shared_.limit.admit(address_of(slot.from), now) &&
        !shows_good_cookie(shared_.data, shared_.clock, query, asker)) {
        counters_.rate_limited.add();
        return answer_truncated(query, slot.reply).size;
    }
    const Reply reply = answer(shared_.data, shared_.clock, query, asker, slot.reply);
    counters_.count(reply);
    return reply.size;
}

// A reply that the kernel does not take is lost, as any UDP packet may be; those after it still go.
void UdpPort::send(std::size_t count)
{
    std::size_t sent = 0;
    while (sent < count) {
        const int taken = sendmmsg(socket_.native_handle(), batch_->replies + sent,
                                   static_cast<unsigned>(count - sent), MSG_DONTWAIT);
        if (taken < 0 && errno == EINTR) {
            continue;
        }
        if (taken <= 0) {
            counters_.dropped.add();
        }
        sent += taken > 0 ? static_cast<std::size_t>(taken) : 1;
    }
}

}  // namespace nameserver
