#include "nameserver/server.h"

#include "base/log.h"
#include "base/random.h"
#include "base/task.h"
#include "nameserver/sockets.h"
#include "nameserver/tcp_port.h"
#include "nameserver/udp_port.h"

#include <boost/asio/executor_work_guard.hpp>

#include <fcntl.h>

#include <algorithm>
#include <thread>

namespace nameserver {

namespace asio = boost::asio;

void LoopCounters::add_to(Counters& sum) const
{
    const auto outcome = [this](Outcome which) { return outcomes[static_cast<std::size_t>(which)].value(); };
    sum.udp_queries += udp_queries.value();
    sum.tcp_queries += tcp_queries.value();
    sum.tcp_connections += tcp_connections.value();
    sum.answered += outcome(Outcome::answered);
    sum.nodata += outcome(Outcome::nodata);
    sum.nxdomain += outcome(Outcome::nxdomain);
    sum.refused += outcome(Outcome::refused);
    sum.malformed += outcome(Outcome::malformed);
    sum.unsupported += outcome(Outcome::unsupported);
    sum.dropped += dropped.value() + outcome(Outcome::dropped);
    sum.truncated += truncated.value();
    sum.rate_limited += rate_limited.value();
}

namespace {

constexpr std::string_view use = "dns";  // of net::PassedSockets

// One loop with its thread and its sockets on every address.
class Worker {
public:
    Worker(Shared& shared, Manners manners)
        : shared_(shared),
          manners_(std::move(manners)),
          loop_(1),
          work_(loop_.get_executor()),
          tasks_(loop_.get_executor())
    {
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() { stop(); }

    base::Result<Endpoint> listen(const Endpoint& where, net::PassedSockets* passed)
    {
        TRY(sockets, open_sockets(loop_, where));
        const Endpoint bound = sockets.tcp.local_endpoint();
        if (passed != nullptr) {
            passed->keep(use, sockets.udp.native_handle());
            passed->keep(use, sockets.tcp.native_handle());
        }
        udp_.push_back(std::make_unique<UdpPort>(std::move(sockets.udp), shared_, counters_, manners_));
        tcp_.push_back(
            std::make_unique<TcpPort>(std::move(sockets.tcp), shared_, counters_, manners_, tasks_));
        return bound;
    }

    base::Result<> adopt(const Endpoint& where, net::Transport transport, net::Descriptor file)
    {
        if (transport == net::Transport::udp) {
            TRY(udp, adopt_udp(loop_, where, std::move(file)));
            udp_.push_back(std::make_unique<UdpPort>(std::move(udp), shared_, counters_, manners_));
        } else {
            TRY(tcp, adopt_tcp(loop_, where, std::move(file)));
            tcp_.push_back(std::make_unique<TcpPort>(std::move(tcp), shared_, counters_, manners_, tasks_));
        }
        return {};
    }

    void start()
    {
        for (auto& port : udp_) {
            tasks_.spawn("dns_udp_port", port->serve());
        }
        for (auto& port : tcp_) {
            tasks_.spawn("dns_tcp_port", port->serve());
        }
        tasks_.spawn("dns_clockwork", keep_time());
        thread_ = std::thread([this] { loop_.run(); });
    }

    void stop()
    {
        if (!thread_.joinable()) {
            return;
        }
        asio::co_spawn(loop_, end(), [this](std::exception_ptr) { work_.reset(); });
        thread_.join();
    }

    const LoopCounters& counters() const { return counters_; }
    asio::io_context& loop() { return loop_; }

private:
    asio::awaitable<void> end()
    {
        for (auto& port : udp_) {
            port->close();
        }
        for (auto& port : tcp_) {
            port->close();
        }
        co_await tasks_.stop();
    }

    // Closes idle connections, and turns the secrets of cookies.
    asio::awaitable<void> keep_time()
    {
        const auto pause = std::clamp<std::chrono::milliseconds>(
            shared_.tcp_idle / 4, std::chrono::milliseconds(10), std::chrono::seconds(1));
        while (true) {
            co_await base::sleep_for(pause);
            manners_.cookies.turn(shared_.now());
            for (auto& port : tcp_) {
                port->close_idle();
            }
        }
    }

    Shared& shared_;
    Manners manners_;
    LoopCounters counters_;
    asio::io_context loop_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::vector<std::unique_ptr<UdpPort>> udp_;
    std::vector<std::unique_ptr<TcpPort>> tcp_;
    base::TaskGroup tasks_;
    std::thread thread_;
};

constexpr std::size_t longest_nsid = 128;  // it takes room from answers

dns::CookieSecret random_key()
{
    dns::CookieSecret key{};
    std::ranges::copy(base::random_bytes(key.size()), key.begin());
    return key;
}

asio::awaitable<void> pass()
{
    co_return;
}

class NameServer final : public Server, private feed::Sink {
public:
    NameServer(const Options& options, const base::Clock& clock) : shared_(clock, options) {}
    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;
    ~NameServer() override { stop(); }

    base::Result<> open(const Options& options)
    {
        const unsigned threads =
            options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
        shared_.tcp_connections = std::max<std::size_t>(1, options.tcp_connections / threads);
        where_ = options.sockets == nullptr ? options.listen : options.sockets->places(use, options.listen);
        const Manners manners{options.nsid.substr(0, longest_nsid),
                              CookieSecrets(options.cookie_key.value_or(random_key()), shared_.now())};
        for (unsigned i = 0; i < threads; ++i) {
            workers_.push_back(std::make_unique<Worker>(shared_, manners));
        }
        for (auto& where : where_) {
            CHECKED(listen(where, options.sockets));
        }
        if (!options.wait_for_data) {
            run();
        }
        return {};
    }

    feed::Sink& sink() override { return *this; }
    std::vector<Endpoint> where() const override { return where_; }
    std::size_t names() const override { return shared_.data.names(); }

    Counters counters() const override
    {
        Counters sum;
        for (const auto& worker : workers_) {
            worker->counters().add_to(sum);
        }
        return sum;
    }

    void stop() override
    {
        running_ = false;
        stopped_ = true;
        for (auto& worker : workers_) {
            worker->stop();
        }
    }

private:
    // Every loop has sockets of its own, or copies of those that are there already.
    base::Result<> listen(Endpoint& where, net::PassedSockets* passed)
    {
        if (passed != nullptr) {
            auto udp = passed->take(use, where, net::Transport::udp);
            auto tcp = passed->take(use, where, net::Transport::tcp);
            if (!udp.empty() && !tcp.empty()) {
                CHECKED(adopt(where, net::Transport::udp, std::move(udp)));
                return adopt(where, net::Transport::tcp, std::move(tcp));
            }
        }
        CHECKED(check_free(where));
        for (auto& worker : workers_) {
            TRY(bound, worker->listen(where, passed));
            where = bound;
        }
        return {};
    }

    base::Result<> adopt(const Endpoint& where, net::Transport transport, std::vector<net::Descriptor> files)
    {
        for (std::size_t i = 0; i < std::max(files.size(), workers_.size()); ++i) {
            net::Descriptor copy(::fcntl(files[i % files.size()].get(), F_DUPFD_CLOEXEC, 0));
            CHECKED(workers_[i % workers_.size()]->adopt(where, transport, std::move(copy)));
        }
        return {};
    }

    void run()
    {
        for (auto& worker : workers_) {
            worker->start();
        }
        running_ = true;
    }

    // Every loop runs one empty handler after the data has changed: from then on it answers with the new
    // data, and holds no pointer to the old.
    base::Task<> apply(std::shared_ptr<const feed::Batch> batch) override
    {
        shared_.data.apply(*batch);
        for (auto& worker : workers_) {
            if (running_) {
                co_await base::run_on(worker->loop().get_executor(), pass());
            }
        }
        shared_.data.collect();
        position_ = batch->position;
        if (!running_ && !stopped_ && batch->last) {
            run();
        }
        co_return base::Result<>();
    }

    model::Position position() const override { return position_; }

    Shared shared_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<Endpoint> where_;
    model::Position position_;
    bool running_ = false;
    bool stopped_ = false;
};

}  // namespace

base::Result<std::unique_ptr<Server>> Server::start(Options options, const base::Clock& clock)
{
    auto server = std::make_unique<NameServer>(options, clock);
    CHECKED(server->open(options));
    return server;
}

}  // namespace nameserver
