#include "edge/edge.h"

#include "base/log.h"
#include "base/random.h"
#include "net/open_files.h"

#include <boost/asio/use_future.hpp>

#include <fcntl.h>

#include <algorithm>

namespace edge {

namespace asio = boost::asio;

namespace {

// Octets of ticket keys that the loops share (net::TlsPolicy).
constexpr std::size_t ticket_key_octets = 80;

// Files that are neither a visitor's connection nor the upstream's for it.
constexpr std::size_t other_files = 128;

// Each connection may need one more, to an upstream.
std::size_t most_connections(std::size_t wanted, unsigned loops)
{
    const auto files = net::allow_open_files();
    const auto possible =
        files > 2 * other_files ? (files - other_files) / 2 / loops : other_files / 2 / loops;
    return std::clamp<std::size_t>(possible, 1, wanted);
}

}  // namespace

class Edge::StoreSink final : public feed::Sink {
public:
    explicit StoreSink(Edge& edge) : edge_(edge) {}

    base::Task<> apply(std::shared_ptr<const feed::Batch> batch) override
    {
        auto write = [&store = *edge_.store_, batch] { return store.apply(*batch); };
        CO_TRY(written, co_await base::blocking(*edge_.writer_, std::move(write)));
        const auto touched = std::make_shared<const Touched>(std::move(written));
        for (const auto& loop : edge_.loops_) {
            auto refresh = loop->refresh(touched);
            const auto refreshed = co_await base::run_on(loop->executor(), std::move(refresh));
            if (!refreshed) {
                // Written and forgotten everywhere all the same; only the new default certificate is missing
                // here.
                base::log::error("edge_group_unreadable", {{"error", refreshed.error().message()}});
            }
        }
        co_return base::Result<>();
    }

    model::Position position() const override { return edge_.store_->position(); }

private:
    Edge& edge_;
};

Edge::Edge(EdgeOptions options, std::unique_ptr<CertificateStore> store)
    : options_(std::move(options)),
      store_(std::move(store)),
      http_(options_.http),
      https_(options_.https),
      workers_(std::make_unique<asio::thread_pool>(std::max(1U, options_.workers))),
      writer_(std::make_unique<asio::thread_pool>(1)),
      sink_(std::make_unique<StoreSink>(*this))
{
}

Edge::~Edge()
{
    for (const auto& loop : loops_) {
        if (!loop->running()) {
            continue;
        }
        auto begin = loop->begin_drain(Ending::alone);
        asio::co_spawn(loop->executor(), std::move(begin), asio::use_future).wait();
        auto cut = loop->drain(std::chrono::milliseconds(0));
        asio::co_spawn(loop->executor(), std::move(cut), asio::use_future).wait();
        loop->join();
    }
    writer_->join();
    workers_->join();
}

base::Result<std::unique_ptr<Edge>> Edge::start(EdgeOptions options, const base::Clock& clock,
                                                asio::any_io_executor control)
{
    TRY(store, CertificateStore::open(options.folder));
    std::unique_ptr<Edge> edge(new Edge(std::move(options), std::move(store)));
    if (edge->options_.desk != nullptr) {
        edge->wishes_ =
            std::make_unique<Wishes>(std::move(control), *edge->options_.desk, edge->options_.wishes);
    }
    CHECKED(edge->open_loops(clock));
    if (auto* passed = edge->options_.sockets) {
        edge->http_ = passed->places("http", std::move(edge->http_));
        edge->https_ = passed->places("https", std::move(edge->https_));
    }
    CHECKED(edge->listen(edge->http_, false));
    CHECKED(edge->listen(edge->https_, true));
    for (const auto& loop : edge->loops_) {
        loop->start();
    }
    CHECKED(edge->warm());
    base::log::info("edge_started", {{"endpoints", edge->store_->route_count()},
                                     {"certificates", edge->store_->certificate_count()},
                                     {"loops", edge->loops_.size()}});
    return edge;
}

base::Result<> Edge::open_loops(const base::Clock& clock)
{
    const unsigned count =
        options_.threads > 0 ? options_.threads : std::max(1U, std::thread::hardware_concurrency());
    auto options = options_.loop;
    if (wishes_) {
        options.cache.ask = [wishes = wishes_.get()](model::Wish wish) {
            return wishes->ask_from_elsewhere(std::move(wish));
        };
    }
    options.cache.identity_bytes = options_.hot_bytes / count;
    options.most_connections = most_connections(options.most_connections, count);
    if (options.tls.ticket_keys.empty()) {
        options.tls.ticket_keys = base::random_bytes(ticket_key_octets);
    }
    for (unsigned i = 0; i < count; ++i) {
        TRY(loop, Loop::create(*store_, *workers_, clock, options));
        loops_.push_back(std::move(loop));
    }
    return {};
}

// The first loop finds the real port, the others share it.
base::Result<> Edge::listen(std::vector<net::Endpoint>& places, bool tls)
{
    const std::string_view use = tls ? "https" : "http";
    auto* passed = options_.sockets;
    for (auto& place : places) {
        if (passed != nullptr) {
            if (auto there = passed->take(use, place); !there.empty()) {
                CHECKED(adopt(place, std::move(there), tls));
                continue;
            }
        }
        for (const auto& loop : loops_) {
            TRY(listener, net::Listener::open(loop->executor(), place, true));
            place = listener.where();
            if (passed != nullptr) {
                passed->keep(use, listener.descriptor());
            }
            loop->listen(std::move(listener), tls);
        }
    }
    return {};
}

// Every loop has one, and every one has a loop: what waits in its queue is accepted.
base::Result<> Edge::adopt(const net::Endpoint& where, std::vector<net::Descriptor> sockets, bool tls)
{
    for (std::size_t i = 0; i < std::max(sockets.size(), loops_.size()); ++i) {
        auto& loop = *loops_[i % loops_.size()];
        net::Descriptor copy(::fcntl(sockets[i % sockets.size()].get(), F_DUPFD_CLOEXEC, 0));
        TRY(listener, net::Listener::adopt(loop.executor(), where, std::move(copy)));
        loop.listen(std::move(listener), tls);
    }
    return {};
}

// The default certificate is hot before the first handshake.
base::Result<> Edge::warm()
{
    Touched touched;
    touched.groups = true;
    const auto shared = std::make_shared<const Touched>(touched);
    for (const auto& loop : loops_) {
        auto refresh = loop->refresh(shared);
        CHECKED(asio::co_spawn(loop->executor(), std::move(refresh), asio::use_future).get());
    }
    return {};
}

feed::Sink& Edge::sink()
{
    return *sink_;
}

std::vector<const Counters*> Edge::counters() const
{
    std::vector<const Counters*> all;
    for (const auto& loop : loops_) {
        all.push_back(&loop->counters());
    }
    return all;
}

asio::awaitable<void> Edge::stop(Ending ending)
{
    for (const auto& loop : loops_) {
        auto begin = loop->begin_drain(ending);
        co_await base::run_on(loop->executor(), std::move(begin));
    }
    const auto limit = ending == Ending::alone ? options_.drain : options_.drain_succeeded;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (const auto& loop : loops_) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            std::max(deadline - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration{0}));
        auto drain = loop->drain(left);
        co_await base::run_on(loop->executor(), std::move(drain));
    }
    // They go after the workers, which may still be posting to them.
    for (const auto& loop : loops_) {
        loop->join();
    }
}

}  // namespace edge
