#include "http/body_reader.h"
#include "http/http1_head.h"
#include "http/input_buffer.h"
#include "http/syntax.h"
#include "http/upstream.h"
#include "net/address_set.h"
#include "net/tls.h"

namespace http {

namespace {

using Clock = std::chrono::steady_clock;

base::Task<std::unique_ptr<net::Stream>> open_plain(Origin origin, std::chrono::milliseconds limit,
                                                    net::AddressPolicy allowed, net::AddressMemory& memory)
{
    const auto deadline = Clock::now() + limit;
    CO_TRY(stream,
           co_await net::connect(std::move(origin.host), origin.port, limit, std::move(allowed), memory));
    if (!origin.preamble.empty()) {
        stream->set_deadline(deadline);
        CO_CHECKED(co_await stream->write(std::span<const char>(origin.preamble)));
        stream->set_deadline(Clock::time_point::max());
    }
    co_return std::move(stream);
}

base::Task<std::unique_ptr<net::Stream>> open(Origin origin, std::chrono::milliseconds limit,
                                              net::AddressPolicy allowed, std::string trust_file,
                                              net::AddressMemory& memory)
{
    if (origin.scheme != "https") {
        co_return co_await open_plain(std::move(origin), limit, std::move(allowed), memory);
    }
    net::TlsClientOptions options;
    options.server_name = origin.server_name.empty() ? origin.host : origin.server_name;
    options.trust_file = std::move(trust_file);
    options.verify = origin.verify;
    options.alpn.emplace_back("http/1.1");
    options.allowed = std::move(allowed);
    options.memory = &memory;
    options.preamble = std::move(origin.preamble);
    co_return co_await net::connect_tls(std::move(origin.host), origin.port, std::move(options), limit);
}

}  // namespace

UpstreamPool::UpstreamPool(PoolLimits limits, net::AddressPolicy allowed, std::string trust_file)
    : limits_(limits), allowed_(std::move(allowed)), trust_file_(std::move(trust_file))
{
}

UpstreamPool::~UpstreamPool() = default;

base::Task<std::unique_ptr<Http1Connection>> UpstreamPool::connect(Origin origin,
                                                                   std::chrono::milliseconds limit)
{
    net::AddressPolicy allowed = allowed_;
    if (origin.public_only) {
        allowed = [usual = allowed_](const boost::asio::ip::address& address) {
            return !net::is_special(address) && (!usual || usual(address));
        };
    }
    CO_TRY(stream, co_await open(origin, limit, std::move(allowed), trust_file_, memory_));
    auto connection = std::make_unique<Http1Connection>(std::move(stream));
    connection->origin_ = std::move(origin);
    co_return std::move(connection);
}

base::Task<std::unique_ptr<Http1Connection>> UpstreamPool::acquire(Origin origin,
                                                                   std::chrono::milliseconds limit)
{
    if (auto idle = take(origin)) {
        co_return std::move(idle);
    }
    co_return co_await connect(std::move(origin), limit);
}

base::Task<UpstreamPool::Answer> UpstreamPool::send(Origin origin, RequestHead head,
                                                    std::chrono::milliseconds limit)
{
    const auto deadline = Clock::now() + limit;
    for (bool fresh = false;; fresh = true) {
        auto connection = fresh ? nullptr : take(origin);
        if (!connection) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
            CO_TRY(opened, co_await connect(origin, left));
            connection = std::move(opened);
        }
        connection->set_deadline(deadline);
        connection->begin(head, Framing::none());
        auto sent = co_await connection->finish();
        if (sent) {
            auto response = co_await connection->read_head();
            if (response) {
                Answer answer{std::move(connection), std::move(*response)};
                co_return std::move(answer);
            }
            sent = base::fail(std::move(response).error());
        }
        const bool gone = sent.error().kind() == base::Errc::unavailable;
        if (!gone || !connection->stale() || !is_idempotent(head.method)) {
            co_return base::fail(std::move(sent).error());
        }
    }
}

std::unique_ptr<Http1Connection> UpstreamPool::take(const Origin& origin)
{
    auto& list = list_of(origin);
    drop_expired(list);
    const auto found = by_origin_.find(origin);
    if (found == by_origin_.end()) {
        return nullptr;
    }
    std::unique_ptr<Http1Connection> good;
    while (!good && !found->second.empty()) {
        auto last = found->second.back();  // the one used last is the least likely to have been closed
        auto connection = std::move(*last);
        found->second.pop_back();
        list.erase(last);
        if (connection->is_idle()) {
            connection->reused_ = true;
            good = std::move(connection);
        }
    }
    if (found->second.empty()) {
        by_origin_.erase(found);
    }
    return good;
}

void UpstreamPool::release(std::unique_ptr<Http1Connection> connection)
{
    if (!connection || !connection->reusable()) {
        return;
    }
    const auto& origin = connection->origin_;
    const bool preamble = !origin.preamble.empty();
    auto& list = list_of(origin);
    drop_expired(list);
    connection->set_deadline(Clock::time_point::max());
    connection->idle_since_ = Clock::now();
    list.push_back(std::move(connection));
    auto& same = by_origin_[origin];
    same.push_back(std::prev(list.end()));
    if (same.size() > limits_.idle_per_origin) {
        drop(same.front());
    }
    if (list.size() > (preamble ? limits_.idle_with_preamble : limits_.idle_total)) {
        drop(list.begin());
    }
}

void UpstreamPool::drop(Idle::iterator connection)
{
    const auto found = by_origin_.find((*connection)->origin_);
    std::erase(found->second, connection);
    if (found->second.empty()) {
        by_origin_.erase(found);
    }
    list_of((*connection)->origin_).erase(connection);
}

void UpstreamPool::clear()
{
    by_origin_.clear();
    idle_.clear();
    idle_with_preamble_.clear();
}

void UpstreamPool::drop_expired(Idle& list)
{
    const auto oldest = Clock::now() - limits_.idle_time;
    while (!list.empty() && list.front()->idle_since_ < oldest) {
        drop(list.begin());
    }
}

}  // namespace http
