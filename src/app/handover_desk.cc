#include "app/handover_desk.h"

#include "base/log.h"

#include <boost/asio/redirect_error.hpp>

#include <sys/socket.h>

namespace app {

namespace {

using Channel = boost::asio::posix::stream_descriptor;

constexpr std::chrono::seconds time_for_words{30};
// To migrate a large database, and to read it.
constexpr std::chrono::seconds time_to_start{600};
constexpr std::chrono::seconds pause{1};
constexpr int attempts_to_take_back = 60;

base::Task<> send(Channel& channel, std::string text, int file = -1)
{
    while (true) {
        auto sent = send_message(channel.native_handle(), text, file);
        if (sent || sent.error().kind() != base::Errc::rate_limited) {
            co_return sent;
        }
        boost::system::error_code ignored;
        co_await channel.async_wait(Channel::wait_write,
                                    boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
}

base::Task<> wait_for(Channel& channel, std::string expected)
{
    while (true) {
        auto message = receive_message(channel.native_handle());
        if (message) {
            co_return message->text == expected
                ? base::Result<>()
                : base::fail(base::Errc::unavailable, "the next process ended before it said " + expected);
        }
        if (message.error().kind() != base::Errc::rate_limited) {
            co_return base::fail(std::move(message).error());
        }
        boost::system::error_code ignored;
        co_await channel.async_wait(Channel::wait_read,
                                    boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
}

}  // namespace

base::Result<std::unique_ptr<HandoverDesk>> HandoverDesk::open(boost::asio::any_io_executor executor,
                                                               const std::filesystem::path& folder,
                                                               const net::PassedSockets& sockets,
                                                               FolderKeeper& keeper)
{
    TRY(listening, listen_in(folder));
    Channel channel(executor, listening.release());
    return std::unique_ptr<HandoverDesk>(new HandoverDesk(std::move(channel), sockets, keeper));
}

base::Task<> HandoverDesk::run()
{
    while (true) {
        boost::system::error_code ignored;
        co_await listening_.async_wait(Channel::wait_read,
                                       boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        net::Descriptor peer(
            ::accept4(listening_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!peer || !is_trusted(peer.get())) {
            co_await base::sleep_for(pause);
            continue;
        }
        bool lost = false;
        auto given = co_await converse(std::move(peer), lost);
        if (given || lost) {
            co_return given;
        }
        base::log::warning("takeover_failed", {{"error", given.error().message()}});
    }
}

// `lost`: the data is in nobody's hands.
base::Task<> HandoverDesk::converse(net::Descriptor peer, bool& lost)
{
    const auto executor = co_await boost::asio::this_coro::executor;
    Channel channel(executor, peer.release());
    CO_CHECKED(co_await base::with_timeout(time_for_words, give_sockets(channel)));
    CO_CHECKED(co_await base::with_timeout(time_for_words, wait_for(channel, "let go")));
    auto given = co_await give_folder(channel);
    if (!given) {
        channel.close();
        auto taken = co_await take_back();
        lost = !taken;
        co_return lost ? taken : given;
    }
    co_return given;
}

base::Task<> HandoverDesk::give_sockets(Channel& channel)
{
    CO_CHECKED(co_await wait_for(channel, "sockets"));
    for (const auto& each : sockets_.all()) {
        auto text = fmt::format("socket {} {}", each.use, each.from_systemd ? "systemd" : "opened");
        CO_CHECKED(co_await send(channel, std::move(text), each.file.get()));
    }
    co_return co_await send(channel, "end");
}

base::Task<> HandoverDesk::give_folder(Channel& channel)
{
    base::log::info("handing_over");
    CO_CHECKED(co_await keeper_.let_go());
    CO_CHECKED(co_await base::with_timeout(time_for_words, send(channel, "gone")));
    co_return co_await base::with_timeout(time_to_start, wait_for(channel, "ready"));
}

// The next process may need a moment to end.
base::Task<> HandoverDesk::take_back()
{
    base::Result<> taken;
    for (int i = 0; i < attempts_to_take_back; ++i) {
        taken = co_await keeper_.take_back();
        if (taken) {
            base::log::info("taken_back");
            co_return taken;
        }
        base::log::error("not_taken_back", {{"error", taken.error().message()}});
        co_await base::sleep_for(pause);
    }
    co_return taken;
}

}  // namespace app
