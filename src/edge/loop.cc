#include "edge/loop.h"

#include "base/log.h"
#include "net/proxy_protocol.h"

#include <pthread.h>

namespace edge {

namespace asio = boost::asio;

namespace {

base::Task<> joined(base::TaskGroup& tasks)
{
    co_await tasks.join();
    co_return base::Result<>();
}

// The IPv4 address that a NAT64 would connect to for 64:ff9b::/96 (RFC 6052 2.1).
asio::ip::address behind_nat64(const asio::ip::address& address)
{
    static const auto well_known = net::AddressSet::parse({"64:ff9b::/96"}).value();
    if (!well_known.contains(address)) {
        return address;
    }
    const auto octets = address.to_v6().to_bytes();
    return asio::ip::address_v4({octets[12], octets[13], octets[14], octets[15]});
}

}  // namespace

net::TlsPolicy usual_tls()
{
    net::TlsPolicy policy;
    policy.alpn = {"h2", "http/1.1"};
    policy.acme = true;
    return policy;
}

net::AddressPolicy usual_upstreams()
{
    // Link-local and unspecified addresses, multicast, the metadata services that clouds keep elsewhere, and
    // 6to4, behind which any of them may be.
    static const auto never =
        net::AddressSet::parse({"0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "100.100.100.200",
                                "::", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::254", "2002::/16"})
            .value();
    return [](const asio::ip::address& address) { return !never.contains(behind_nat64(address)); };
}

Loop::Loop(const CertificateStore& store, asio::thread_pool& workers, const base::Clock& clock,
           LoopOptions options)
    : options_(std::move(options)),
      context_(1),
      work_(context_.get_executor()),
      cache_(store, workers, clock, options_.cache),
      pool_(options_.pool, options_.upstream_policy, options_.upstream_trust_file),
      forwarder_(pool_, health_, counters_, options_.forward),
      proxy_(cache_, store, workers, forwarder_, counters_, options_.https_port),
      admission_(connections_, counters_, options_.most_connections),
      upkeep_(context_.get_executor()),
      checks_(pool_, health_, upkeep_),
      tasks_(context_.get_executor())
{
}

Loop::~Loop()
{
    join();
}

base::Result<std::unique_ptr<Loop>> Loop::create(const CertificateStore& store, asio::thread_pool& workers,
                                                 const base::Clock& clock, LoopOptions options)
{
    std::unique_ptr<Loop> loop(new Loop(store, workers, clock, std::move(options)));
    TRY(tls, net::TlsServer::create(loop->options_.tls));
    loop->tls_ = std::move(tls);
    if (!loop->options_.access_log.empty()) {
        TRY(log, AccessLog::open(loop->options_.access_log, loop->executor(), loop->counters_));
        loop->access_log_ = std::move(log);
        loop->proxy_.log_to(loop->access_log_.get());
    }
    return loop;
}

void Loop::listen(net::Listener listener, bool tls)
{
    listeners_.push_back(std::make_unique<Open>(std::move(listener), tls));
}

void Loop::start()
{
    if (access_log_) {
        upkeep_.spawn("access_log", access_log_->keep_writing());
    }
    upkeep_.spawn("upstream_checks", checks_.run());
    for (const auto& open : listeners_) {
        tasks_.spawn("accept", accept(open->listener, open->tls));
    }
    thread_ = std::thread([this] {
        pthread_setname_np(pthread_self(), "edge");
        context_.run();
    });
}

void Loop::join()
{
    work_.reset();
    if (thread_.joinable()) {
        thread_.join();
    }
}

asio::awaitable<void> Loop::accept(net::Listener& listener, bool tls)
{
    while (true) {
        auto socket = co_await listener.accept();
        // Counted by their tasks: a connection that does not shake hands is one too.
        if (socket && admission_.admit(tasks_.size() - listeners_.size())) {
            tasks_.spawn("connection", serve(std::move(*socket), tls));
        } else if (!socket && socket.error().kind() == base::Errc::unavailable) {
            co_return;  // Closed.
        } else if (!socket) {
            co_await admission_.failed(std::move(socket).error());
        }
    }
}

asio::awaitable<void> Loop::serve(asio::ip::tcp::socket socket, bool tls)
{
    Counters::count(counters_.connections);
    std::optional<net::Endpoint> client;
    if (!options_.proxies.empty() && from_proxy(socket)) {
        auto said = co_await net::take_proxy_header(socket, options_.handshake);
        if (!said) {
            Counters::count(counters_.handshakes_failed);
            base::log::debug("proxy_header_failed", {{"error", said.error().message()}});
            co_return;
        }
        client = *said;
    }
    std::unique_ptr<net::Stream> stream;
    if (tls) {
        auto accepted = co_await tls_->accept(std::move(socket), cache_, options_.handshake, client);
        if (!accepted) {
            Counters::count(counters_.handshakes_failed);
            base::log::debug("handshake_failed", {{"error", accepted.error().message()}});
            co_return;
        }
        stream = std::move(*accepted);
        if (stream->facts().alpn == net::acme_protocol) {
            Counters::count(counters_.challenges);
            co_await stream->shutdown();  // The handshake was all of it (RFC 8737 3).
            co_return;
        }
    } else {
        stream = net::make_stream(std::move(socket));
    }
    Connections::Member member(connections_, proxy_);
    auto tracked = member.track(std::move(stream), client);
    co_await http::serve_http(std::move(tracked), member, options_.server);
}

bool Loop::from_proxy(const asio::ip::tcp::socket& socket) const
{
    boost::system::error_code gone;
    const auto peer = socket.remote_endpoint(gone);
    return !gone && options_.proxies.contains(peer.address());
}

base::Task<> Loop::refresh(std::shared_ptr<const Touched> touched)
{
    cache_.forget(*touched);
    if (touched->groups || touched->everything) {
        CO_CHECKED(co_await cache_.refresh_group());
    }
    co_return base::Result<>();
}

asio::awaitable<void> Loop::begin_drain(Ending ending)
{
    for (const auto& open : listeners_) {
        open->listener.close();
    }
    connections_.drain(ending);
    co_return;
}

asio::awaitable<void> Loop::drain(std::chrono::milliseconds limit)
{
    static_cast<void>(co_await base::with_timeout(limit, joined(tasks_)));  // What is left is cancelled.
    co_await tasks_.stop();
    co_await upkeep_.stop();
    pool_.clear();
}

}  // namespace edge
