#include "dns/ask.h"

#include "base/random.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace dns {

namespace asio = boost::asio;

namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

Name with_random_case(const Name& name)
{
    Name mixed;
    const auto octets = name.wire();
    for (std::size_t at = 0; octets[at] != 0; at += octets[at] + 1U) {
        base::Bytes label(octets.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                          octets.begin() + static_cast<std::ptrdiff_t>(at) + 1 + octets[at]);
        for (auto& c : label) {
            const std::uint8_t lower = to_lower(c);
            const bool letter = lower >= 'a' && lower <= 'z';
            c = letter && base::random_below(2) == 1 ? static_cast<std::uint8_t>(lower - 32) : c;
        }
        static_cast<void>(mixed.append(label));
    }
    return mixed;
}

Message question_for(const Query& query)
{
    Message message;
    message.id = static_cast<std::uint16_t>(base::random_below(65'536));
    message.recursion_desired = query.recursion_desired;
    message.checking_disabled = query.checking_disabled;
    message.questions.push_back(
        {query.mixed_case ? with_random_case(query.name) : query.name, query.type, class_in});
    message.edns.emplace();
    return message;
}

bool answers(const Message& reply, const Message& sent, bool exact_case)
{
    if (!reply.response || reply.id != sent.id || reply.opcode != sent.opcode) {
        return false;
    }
    if (reply.questions.empty()) {
        return reply.rcode == Rcode::formerr || reply.rcode == Rcode::notimp;
    }
    return reply.questions == sent.questions &&
           (!exact_case || std::ranges::equal(reply.questions[0].name.wire(), sent.questions[0].name.wire()));
}

// Cancellation stays an exception, so that with_timeout() tells it from a failure of the socket.
base::Error failed(const boost::system::error_code& code)
{
    if (code == asio::error::operation_aborted) {
        throw boost::system::system_error(code);
    }
    const bool refused = code == asio::error::connection_refused;
    return base::Error(base::Errc::unavailable, refused ? "nothing listens there" : code.message());
}

base::Task<Message> over_udp(asio::ip::tcp::endpoint server, Message sent, bool exact_case)
{
    CO_TRY(wire, sent.serialize());
    asio::ip::udp::socket socket(co_await asio::this_coro::executor);
    boost::system::error_code code;
    const asio::ip::udp::endpoint to(server.address(), server.port());
    socket.connect(to, code);  // Connected: the kernel drops what comes from elsewhere.
    if (code) {
        co_return base::fail(failed(code));
    }
    if (const auto [error, size] = co_await socket.async_send(asio::buffer(wire), awaited); error) {
        co_return base::fail(failed(error));
    }
    base::Bytes buffer(65'535);
    while (true) {
        const auto [error, size] = co_await socket.async_receive(asio::buffer(buffer), awaited);
        if (error) {
            co_return base::fail(failed(error));
        }
        auto reply = Message::parse(base::ByteView(buffer).first(size));
        if (reply && answers(*reply, sent, exact_case)) {
            co_return reply;
        }
    }
}

base::Task<base::Bytes> exchange_over_tcp(asio::ip::tcp::endpoint server, base::Bytes wire)
{
    const auto size = static_cast<std::uint16_t>(wire.size());
    const std::uint8_t head[] = {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
    wire.insert(wire.begin(), std::begin(head), std::end(head));
    asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
    if (const auto [error] = co_await socket.async_connect(server, awaited); error) {
        co_return base::fail(failed(error));
    }
    if (const auto [error, sent_size] = co_await asio::async_write(socket, asio::buffer(wire), awaited);
        error) {
        co_return base::fail(failed(error));
    }
    base::Bytes buffer(2);
    if (const auto [error, got] = co_await asio::async_read(socket, asio::buffer(buffer), awaited); error) {
        co_return base::fail(failed(error));
    }
    buffer.resize(static_cast<std::size_t>(buffer[0] << 8 | buffer[1]));
    if (const auto [error, got] = co_await asio::async_read(socket, asio::buffer(buffer), awaited); error) {
        co_return base::fail(failed(error));
    }
    co_return buffer;
}

base::Task<Message> over_tcp(asio::ip::tcp::endpoint server, Message sent, bool exact_case)
{
    CO_TRY(wire, sent.serialize());
    CO_TRY(buffer, co_await exchange_over_tcp(server, std::move(wire)));
    CO_TRY(reply, Message::parse(buffer));
    if (!answers(reply, sent, exact_case)) {
        co_return base::fail(base::Errc::unavailable, "the reply is for another question");
    }
    co_return std::move(reply);
}

}  // namespace

base::Task<Message> ask(asio::ip::tcp::endpoint server, Query query)
{
    const bool udp = query.transport == Transport::udp;
    Message sent = question_for(query);
    auto exchange = udp ? over_udp(server, std::move(sent), query.mixed_case)
                        : over_tcp(server, std::move(sent), query.mixed_case);
    auto reply = co_await base::with_timeout(query.limit, std::move(exchange));
    if (!reply) {
        co_return base::fail(std::move(reply).error().with_context(
            fmt::format("ask {} port {} over {} for {} {}", server.address().to_string(), server.port(),
                        udp ? "UDP" : "TCP", query.name.text(), to_string(query.type))));
    }
    co_return reply;
}

base::Task<base::Bytes> exchange(asio::ip::tcp::endpoint server, base::Bytes wire,
                                 std::chrono::milliseconds limit)
{
    if (wire.size() > 65'535) {
        co_return base::fail(base::Errc::invalid, "the DNS message is larger than 65535 octets");
    }
    co_return co_await base::with_timeout(limit, exchange_over_tcp(server, std::move(wire)));
}

}  // namespace dns
