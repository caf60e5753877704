#include "api/event_stream.h"

#include "api/problem_document.h"
#include "api/views.h"

namespace api {

namespace {

constexpr std::size_t most_streams = 200;
constexpr std::size_t batch = 200;
constexpr auto longest_life = std::chrono::minutes(10);
constexpr auto look_every = std::chrono::seconds(1);
constexpr auto sign_of_life = std::chrono::seconds(15);

std::string frame(const model::Event& event)
{
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.number, event.type,
                       json::serialize(view(event)));
}

// Counts an open stream for as long as it lives, however it ends.
struct Place {
    explicit Place(std::size_t& c) : count(c) { ++count; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { --count; }
    std::size_t& count;
};

}  // namespace

bool EventStreams::full() const
{
    return open_ >= most_streams;
}

void EventStreams::wake()
{
    for (auto* timer : waiting_) {
        timer->cancel();
    }
}

void EventStreams::stop()
{
    stopping_ = true;
    wake();
}

boost::asio::awaitable<void> EventStreams::wait()
{
    boost::asio::steady_timer timer(executor_, look_every);
    const auto place = waiting_.insert(waiting_.end(), &timer);
    struct Leave {
        std::list<boost::asio::steady_timer*>& list;
        std::list<boost::asio::steady_timer*>::iterator where;
        ~Leave() { list.erase(where); }
    } leave{waiting_, place};
    boost::system::error_code woken;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
}

base::Task<std::int64_t> EventStreams::start(std::string tenant, std::optional<std::int64_t> after)
{
    if (after) {
        co_return *after;
    }
    auto newest = [tenant](store::Transaction& tx) { return tx.events.newest(tenant, 1); };
    CO_TRY(events, co_await parts_.store.read(std::move(newest)));
    co_return events.empty() ? 0 : events.back().number;
}

base::Task<std::int64_t> EventStreams::send_new(http::Exchange& exchange, std::string tenant,
                                                std::int64_t after)
{
    for (;;) {
        auto read = [tenant, after](store::Transaction& tx) { return tx.events.after(after, tenant, batch); };
        CO_TRY(events, co_await parts_.store.read(std::move(read)));
        if (events.empty()) {
            co_return after;
        }
        std::string text;
        for (const auto& each : events) {
            text += frame(each);
        }
        after = events.back().number;
        CO_CHECKED(co_await exchange.send_body(text));
    }
}

// Whoever sent `request` could not send it any more.
boost::asio::awaitable<bool> EventStreams::has_ended(http::RequestHead request)
{
    const auto access = co_await authenticate(parts_, request);
    co_return !access && access.error().kind() == base::Errc::unauthorized;
}

boost::asio::awaitable<void> EventStreams::serve(http::Exchange& exchange, endpoints::Caller caller,
                                                 std::optional<std::int64_t> after)
{
    Place place(open_);
    auto position = co_await start(caller.tenant, after);
    http::ResponseHead head;
    head.headers = {
        {"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
    if (!position || !exchange.send_head(std::move(head))) {
        co_return;
    }
    const auto request = exchange.request();
    const auto end = std::chrono::steady_clock::now() + longest_life;
    auto last_look = std::chrono::steady_clock::now();
    auto last_sign = std::chrono::steady_clock::time_point{};
    while (!stopping_ && std::chrono::steady_clock::now() < end) {
        if (std::chrono::steady_clock::now() - last_look >= look_every) {
            last_look = std::chrono::steady_clock::now();
            if (co_await has_ended(request)) {
                break;  // who comes again is told why
            }
        }
        const auto before = *position;
        position = co_await send_new(exchange, caller.tenant, before);
        if (!position) {
            co_return;
        }
        const auto now = std::chrono::steady_clock::now();
        if (*position != before) {
            last_sign = now;
        } else if (now - last_sign >= sign_of_life) {
            last_sign = now;
            const std::string sign = ": here\n\n";
            if (!co_await exchange.send_body(sign)) {
                co_return;
            }
        }
        co_await wait();
    }
    static_cast<void>(co_await exchange.finish(http::Headers()));
}

}  // namespace api
