#include "diagnosis/parked_ring.h"

#include "base/log.h"
#include "base/random.h"
#include "diagnosis/authorities.h"
#include "dns/ask.h"

#include <algorithm>

namespace diagnosis {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds tick{100};
constexpr std::size_t page_size = 500;
constexpr std::size_t kept_servers = 4;
constexpr int most_doublings = 9;      // of the pause after waking in vain: some six hours
constexpr double cost_of_servers = 8;  // questions that a resolver is asked to find a zone's name servers

// Between three and five quarters of it, so that what was looked up together is not again.
std::chrono::milliseconds around(std::chrono::milliseconds time)
{
    const auto half = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count() / 2, 1));
    return time * 3 / 4 + std::chrono::milliseconds(static_cast<std::int64_t>(base::random_below(half)));
}

}  // namespace

ParkedRing::ParkedRing(boost::asio::any_io_executor executor, store::Store& store, dns::Resolver& resolver,
                       const ProbeOptions& probes, RingOptions options, Wake wake)
    : store_(store),
      resolver_(resolver),
      probes_(probes),
      options_(options),
      wake_(std::move(wake)),
      visits_(executor)
{
}

void ParkedRing::note(const model::Endpoint& endpoint)
{
    auto questions = parked_questions(endpoint);
    if (endpoint.status.state != model::EndpointState::parked || endpoint.deleted_at || questions.empty()) {
        entries_.erase(endpoint.id);
        return;
    }
    entries_[endpoint.id].questions = std::move(questions);
    if (ordered_.insert(endpoint.id).second) {
        order_.emplace_back(Clock::now(), endpoint.id);
    }
}

base::Task<> ParkedRing::load()
{
    std::string after;
    do {
        store::EndpointFilter filter;
        filter.state = model::EndpointState::parked;
        filter.after = after;
        filter.limit = page_size;
        auto read = [filter](store::Transaction& tx) { return tx.endpoints.list(filter); };
        CO_TRY(page, co_await store_.read(std::move(read)));
        for (const auto& each : page.items) {
            note(each);
        }
        after = page.next;
    } while (!after.empty());
    co_return base::Result<>();
}

boost::asio::awaitable<void> ParkedRing::run()
{
    std::exception_ptr stopped;
    try {
        if (const auto loaded = co_await load(); !loaded) {
            base::log::warning("parked_not_loaded", {{"error", loaded.error().message()}});
        }
        for (;;) {
            co_await pass();
            co_await base::sleep_for(tick);
        }
    } catch (...) {
        stopped = std::current_exception();
    }
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await visits_.stop();
    std::rethrow_exception(stopped);
}

// Whose turn it is, as far as the allowance goes.
boost::asio::awaitable<void> ParkedRing::pass()
{
    const double share = options_.queries_per_second * std::chrono::duration<double>(tick).count();
    allowance_ = std::min(allowance_ + share, std::max(share, 1.0));
    const auto now = Clock::now();
    while (!order_.empty() && order_.front().first <= now && allowance_ >= 1 &&
           visits_.size() < options_.in_flight) {
        const std::string id = std::move(order_.front().second);
        order_.pop_front();
        const auto found = entries_.find(id);
        if (found == entries_.end()) {
            ordered_.erase(id);
            continue;
        }
        order_.emplace_back(now + options_.turn, id);
        if (!found->second.running) {
            allowance_ -= cost(found->second, now);
            found->second.running = true;
            visits_.spawn("parked " + id, visit(id, found->second.questions.front().name));
        }
    }
    co_return;
}

double ParkedRing::cost(const Entry& entry, SteadyTime now) const
{
    const auto questions = std::min(entry.questions.size(), options_.most_questions);
    return static_cast<double>(questions) + (entry.servers_until <= now ? cost_of_servers : 0.0);
}

// The servers of the first question's zone: the records of an endpoint lie in one zone, but for rare names.
boost::asio::awaitable<void> ParkedRing::find_servers(std::string id, std::string name)
{
    Authorities authorities(resolver_, probes_);
    const auto servers = co_await authorities.servers_of(name);
    const auto found = entries_.find(id);
    if (found == entries_.end()) {
        co_return;
    }
    auto& entry = found->second;
    entry.servers.clear();
    for (const auto& each : servers) {
        if (entry.servers.size() < kept_servers) {
            entry.servers.push_back(each.address);
        }
    }
    // None were found: that may be a moment's failure of the resolver.
    entry.servers_until = Clock::now() + (entry.servers.empty() ? options_.turn : around(options_.servers));
}

boost::asio::awaitable<void> ParkedRing::visit(std::string id, std::string name)
{
    const auto known = entries_.find(id);
    if (known != entries_.end() && known->second.servers_until <= Clock::now()) {
        co_await find_servers(id, std::move(name));
    }
    for (std::size_t i = 0;; ++i) {
        const auto found = entries_.find(id);
        if (found == entries_.end()) {
            co_return;
        }
        auto& entry = found->second;
        const auto count = entry.questions.size();
        if (entry.servers.empty() || i >= std::min(count, options_.most_questions)) {
            entry.running = false;
            co_return;
        }
        co_await ask(id, entry.next++ % count);
    }
}

boost::asio::awaitable<void> ParkedRing::ask(std::string id, std::size_t question)
{
    auto& entry = entries_.at(id);
    const auto asked = entry.questions[question];
    dns::Query query;
    const auto parsed = dns::Name::parse(asked.name);
    query.name = parsed ? *parsed : dns::Name();
    query.type = asked.type;
    query.limit = probes_.ask;
    const auto& server = entry.servers[entry.asked++ % entry.servers.size()];
    const boost::asio::ip::tcp::endpoint where(server, probes_.dns_port);
    ++asked_;
    const auto reply = co_await dns::ask(where, query);
    if (reply) {
        judge(id, question, said(*reply, asked));
    }
}

void ParkedRing::judge(const std::string& id, std::size_t question, const std::set<std::string>& answer)
{
    const auto found = entries_.find(id);
    if (found == entries_.end() || question >= found->second.questions.size()) {
        return;
    }
    auto& entry = found->second;
    auto& usual = entry.questions[question].usual;
    if (!usual) {
        usual = answer;
    }
    if (*usual == answer || Clock::now() < entry.quiet_until) {
        return;
    }
    // Answers that change all the time must not bring a full look each turn.
    const auto pause = options_.turn * (1 << std::min(entry.woken, most_doublings));
    entry.quiet_until = Clock::now() + pause;
    ++entry.woken;
    usual = answer;
    wake_(id);
}

}  // namespace diagnosis
