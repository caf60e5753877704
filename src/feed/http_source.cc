#include "feed/http_source.h"

#include "feed/cursor.h"
#include "feed/json.h"
#include "http/uri.h"

#include <fmt/format.h>

namespace feed {

namespace {

constexpr std::chrono::seconds wait_at_control{30};
constexpr std::chrono::seconds slack{15};
constexpr std::chrono::seconds longest_wish{10};
constexpr std::size_t largest_batch = 64 * 1024 * 1024;

base::Error refused(const http::ClientResponse& response)
{
    auto sentence = fmt::format("the control node answered {} to the feed", response.status);
    if (response.status == 401 || response.status == 403) {
        return base::Error(base::Errc::unauthorized, std::move(sentence))
            .with_code("feed_unauthorized")
            .with_fix("make a new join token with `certwright edge add` and start the edge with it");
    }
    return base::Error(base::Errc::unavailable, std::move(sentence));
}

}  // namespace

HttpSource::HttpSource(http::Client& client, std::string control, std::string token,
                       FollowerIdentity identity)
    : client_(client), control_(std::move(control)), token_(std::move(token)), identity_(std::move(identity))
{
    while (control_.ends_with('/')) {
        control_.pop_back();
    }
}

http::ClientRequest HttpSource::request(std::string method, std::string path_and_query) const
{
    http::ClientRequest made(std::move(method), control_ + path_and_query);
    made.headers.add("Authorization", "Bearer " + token_);
    made.headers.add("Certwright-Node", identity_.id);
    made.headers.add("Certwright-Node-Name", identity_.name);
    made.headers.add("Certwright-Version", identity_.version);
    made.max_body = largest_batch;
    return made;
}

base::Task<Batch> HttpSource::next(model::Position after)
{
    std::string query = fmt::format("/feed/v1/changes?epoch={}&after={}&wait={}", after.epoch, after.number,
                                    wait_at_control.count());
    if (const auto cursor = cursor_of(after)) {
        query = fmt::format("/feed/v1/changes?epoch={}&after={}&snapshot={}", cursor->epoch, cursor->number,
                            to_query(*cursor));
    }
    auto get = request("GET", std::move(query));
    get.limit = wait_at_control + slack;
    CO_TRY(response, co_await client_.send(std::move(get)));
    if (response.status != 200) {
        co_return base::fail(refused(response));
    }
    co_return batch_from_json(response.body);
}

base::Task<> HttpSource::acknowledge(model::Position position)
{
    auto post = request("POST", "/feed/v1/ack");
    post.headers.add("Content-Type", "application/json");
    if (!trouble_.empty()) {
        post.headers.add("Certwright-Trouble", http::percent_encode(trouble_));
    }
    post.body = to_json(position);
    CO_TRY(response, co_await client_.send(std::move(post)));
    if (response.status / 100 != 2) {
        co_return base::fail(refused(response));
    }
    co_return base::Result<>();
}

base::Task<model::WishAnswer> HttpSource::wish(model::Wish wish)
{
    auto post = request("POST", "/feed/v1/wishes");
    post.headers.add("Content-Type", "application/json");
    post.body = to_json(wish);
    post.limit = longest_wish;
    CO_TRY(response, co_await client_.send(std::move(post)));
    if (response.status != 200) {
        co_return base::fail(refused(response));
    }
    co_return wish_answer_from_json(response.body);
}

}  // namespace feed
