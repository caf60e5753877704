#include "edge/connections.h"

namespace edge {

namespace {

// HTTP/2 answers are queued when their handler returns.
constexpr std::chrono::milliseconds time_to_send{200};

}  // namespace

// Tells its member when it is destroyed, which an upgrade may do before the request's handler returns.
class Connections::Member::Tracked final : public net::Stream {
public:
    Tracked(Member& member, std::unique_ptr<net::Stream> inner, const std::optional<net::Endpoint>& client)
        : member_(member), inner_(std::move(inner))
    {
        if (client) {
            replaced_ = std::make_unique<net::ConnectionFacts>(inner_->facts());
            replaced_->client = *client;
        }
    }
    ~Tracked() override { member_.stream_ = nullptr; }

    base::Result<std::optional<std::size_t>> read_now(std::span<char> buffer) override
    {
        return inner_->read_now(buffer);
    }
    base::Task<> readable() override { return inner_->readable(); }
    using net::Stream::write_now;
    base::Result<bool> write_now(Pieces pieces) override { return inner_->write_now(pieces); }
    base::Task<> flush() override { return inner_->flush(); }
    void set_deadline(std::chrono::steady_clock::time_point when) override { inner_->set_deadline(when); }
    boost::asio::awaitable<void> shutdown() override { return inner_->shutdown(); }
    void close() override { inner_->close(); }
    bool is_idle() override { return inner_->is_idle(); }
    bool peer_ended() override { return inner_->peer_ended(); }
    const net::ConnectionFacts& facts() const override { return replaced_ ? *replaced_ : inner_->facts(); }
    boost::asio::any_io_executor executor() override { return inner_->executor(); }

private:
    Member& member_;
    std::unique_ptr<net::Stream> inner_;
    std::unique_ptr<net::ConnectionFacts> replaced_;
};

Connections::Member::Member(Connections& all, http::Handler& next)
    : all_(all), next_(next), list_(&all.idle_), place_(all.idle_.insert(all.idle_.end(), this))
{
}

Connections::Member::~Member()
{
    list_->erase(place_);
    all_.closing_ -= shed_ ? 1 : 0;
}

void Connections::Member::move_to(std::list<Member*>& list)
{
    list.splice(list.end(), *list_, place_);
    list_ = &list;
}

std::unique_ptr<net::Stream> Connections::Member::track(std::unique_ptr<net::Stream> stream,
                                                        const std::optional<net::Endpoint>& client)
{
    auto tracked = std::make_unique<Tracked>(*this, std::move(stream), client);
    stream_ = tracked.get();
    if (all_.ending_ == Ending::alone) {
        close();
    }
    return tracked;
}

boost::asio::awaitable<void> Connections::Member::handle(http::Exchange& exchange)
{
    const bool queued = exchange.request().version == 20;
    ++requests_;
    move_to(all_.others_);
    co_await next_.handle(exchange);
    const bool alone = all_.ending_ == Ending::alone;
    if (alone && queued) {
        co_await base::sleep_for(time_to_send);
    }
    --requests_;
    if (requests_ == 0 && !shed_) {
        move_to(all_.idle_);
    }
    if (alone && requests_ == 0) {
        close();
    }
}

void Connections::Member::serves(http::Endable* connection)
{
    endable_ = connection;
    if (endable_ != nullptr && all_.ending_) {
        endable_->end_soon();
    }
}

void Connections::Member::close()
{
    if (stream_ != nullptr) {
        stream_->close();
    }
}

std::size_t Connections::shed(std::size_t most)
{
    std::size_t closed = 0;
    while (closed < most && !idle_.empty()) {
        auto* member = idle_.front();
        member->move_to(others_);
        member->shed_ = true;  // Once: until it has unwound it is here still.
        member->close();
        ++closing_;
        ++closed;
    }
    return closed;
}

void Connections::drain(Ending ending)
{
    ending_ = ending;
    for (auto* member : idle_) {
        if (ending == Ending::alone) {
            member->close();
        } else if (member->endable_ != nullptr) {
            member->endable_->end_soon();
        }
    }
    for (auto* member : others_) {
        if (ending == Ending::succeeded && member->endable_ != nullptr) {
            member->endable_->end_soon();
        }
    }
}

}  // namespace edge
