#include "app/predecessor.h"

#include "base/log.h"

#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/time.h>

namespace app {

namespace {

// To end requests and background work, and to close the database.
constexpr timeval longest_answer{120, 0};
constexpr std::size_t most_sockets = 4'096;

base::Error ended(std::string_view while_doing)
{
    return base::Error(base::Errc::unavailable,
                       fmt::format("the process before ended its side {}", while_doing))
        .with_code("takeover_failed")
        .with_fix("look at its log; without --take-over this one starts once the other is stopped");
}

// "socket https systemd"
base::Result<> take_one(net::PassedSockets& sockets, HandoverMessage message)
{
    constexpr std::string_view prefix = "socket ";
    const std::string_view text = message.text;
    const auto blank = text.rfind(' ');
    if (!text.starts_with(prefix) || blank < prefix.size() || !message.file) {
        return base::fail(ended("with words that this version does not know"));
    }
    const auto use = text.substr(prefix.size(), blank - prefix.size());
    return sockets.add(use, std::move(message.file), text.substr(blank + 1) == "systemd");
}

}  // namespace

base::Result<Predecessor> Predecessor::find(const std::filesystem::path& folder)
{
    TRY(channel, connect_in(folder));
    ::setsockopt(channel.get(), SOL_SOCKET, SO_RCVTIMEO, &longest_answer, sizeof longest_answer);
    ::setsockopt(channel.get(), SOL_SOCKET, SO_SNDTIMEO, &longest_answer, sizeof longest_answer);
    return Predecessor(std::move(channel));
}

base::Result<> Predecessor::take_sockets(net::PassedSockets& sockets)
{
    CHECKED(send_message(channel_.get(), "sockets"));
    for (std::size_t i = 0; i < most_sockets; ++i) {
        TRY(message, receive_message(channel_.get()));
        if (message.text == "end") {
            return {};
        }
        CHECKED(take_one(sockets, std::move(message)));
    }
    return base::fail(ended("with too many sockets"));
}

base::Result<> Predecessor::let_go()
{
    CHECKED(send_message(channel_.get(), "let go"));
    TRY(message, receive_message(channel_.get()));
    return message.text == "gone" ? base::Result<>()
                                  : base::fail(ended("while it was to let go of its data"));
}

base::Result<> Predecessor::end()
{
    auto said = send_message(channel_.get(), "ready");
    if (!said && said.error().code() == "nobody_there") {
        base::log::warning("predecessor_gone", {{"error", said.error().message()}});
        return {};  // It died meanwhile: nobody else serves.
    }
    return said;
}

}  // namespace app
