#include "feed/http_source.h"

#include "base/log.h"
#include "feed/cursor.h"
#include "feed/json.h"
#include "http/uri.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace feed {

namespace {

// Short, so that a connection that died without a word is noticed in seconds.
constexpr std::chrono::seconds wait_at_control{10};
constexpr std::chrono::seconds slack{8};
constexpr std::size_t largest_batch = 64 * 1024 * 1024;

std::string member(const boost::json::value& document, std::string_view name)
{
    const auto* object = document.if_object();
    const auto* value = object == nullptr ? nullptr : object->if_contains(name);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string() : std::string(*text);
}

}  // namespace

base::Error refused_by_control(const http::ClientResponse& response)
{
    boost::system::error_code unreadable;
    const auto problem = boost::json::parse(response.body, unreadable);
    auto sentence = fmt::format("the control node answered {} to the feed", response.status);
    if (!unreadable && !member(problem, "detail").empty()) {
        sentence += ": " + member(problem, "detail");
    }
    if (response.status != 401 && response.status != 403) {
        return base::Error(base::Errc::unavailable, std::move(sentence));
    }
    const auto code = unreadable ? std::string() : member(problem, "code");
    const auto fix = unreadable ? std::string() : member(problem, "fix");
    return base::Error(base::Errc::unauthorized, std::move(sentence))
        .with_code(code.empty() || code == "unauthorized" ? "feed_unauthorized" : code)
        .with_fix(!fix.empty()
                      ? fix
                      : "on the control node make a new token with `certwright edge invite`, and start "
                        "with it");
}

HttpSource::HttpSource(http::Client& client, std::vector<std::string> controls, std::string token,
                       FollowerIdentity identity)
    : client_(client),
      controls_(std::move(controls)),
      token_(std::move(token)),
      identity_(std::move(identity))
{
    for (auto& control : controls_) {
        while (control.ends_with('/')) {
            control.pop_back();
        }
    }
}

// `request.url` is a path and query.
base::Task<http::ClientResponse> HttpSource::ask(http::ClientRequest request)
{
    if (!token_.empty()) {
        request.headers.add("Authorization", "Bearer " + token_);
    }
    request.headers.add("Certwright-Node", identity_.id);
    request.headers.add("Certwright-Node-Name", identity_.name);
    request.headers.add("Certwright-Version", identity_.version);
    request.max_body = largest_batch;
    base::Error failure(base::Errc::invalid, "no control node is named");
    for (std::size_t tried = 0; tried < controls_.size(); ++tried) {
        auto here = request;
        const auto asked = at_;
        here.url = controls_[asked] + request.url;
        auto response = co_await client_.send(std::move(here));
        if (response && response->status / 100 == 2) {
            if (tried > 0) {
                base::log::info("feed_control_changed", {{"control", controls_[asked]}});
            }
            co_return std::move(*response);
        }
        // What a control node said tells more than that another one cannot be reached.
        if (response) {
            failure = refused_by_control(*response);
        } else if (failure.kind() != base::Errc::unauthorized) {
            failure = std::move(response).error();
        }
        // Another question may have moved on meanwhile.
        at_ = at_ == asked ? (asked + 1) % controls_.size() : at_;
    }
    co_return base::fail(std::move(failure));
}

base::Task<Batch> HttpSource::next(model::Position after)
{
    std::string query = fmt::format("/feed/v1/changes?epoch={}&after={}&wait={}", after.epoch, after.number,
                                    wait_at_control.count());
    if (const auto cursor = cursor_of(after)) {
        query = fmt::format("/feed/v1/changes?epoch={}&after={}&snapshot={}", cursor->epoch, cursor->number,
                            to_query(*cursor));
    }
    http::ClientRequest get("GET", std::move(query));
    get.limit = wait_at_control + slack;
    get.compressed = true;
    CO_TRY(response, co_await ask(std::move(get)));
    co_return batch_from_json(response.body);
}

base::Task<> HttpSource::acknowledge(model::Position position)
{
    http::ClientRequest post("POST", "/feed/v1/ack");
    post.headers.add("Content-Type", "application/json");
    if (!trouble_.empty()) {
        post.headers.add("Certwright-Trouble", http::percent_encode(trouble_));
    }
    post.body = to_json(position);
    post.limit = slack;
    CO_TRY(response, co_await ask(std::move(post)));
    co_return base::Result<>();
}

base::Task<model::WishAnswer> HttpSource::wish(model::Wish wish)
{
    CO_TRY(answer, co_await post("/feed/v1/wishes", to_json(wish)));
    co_return wish_answer_from_json(answer);
}

base::Task<std::string> HttpSource::post(std::string path, std::string json)
{
    http::ClientRequest posting("POST", std::move(path));
    posting.headers.add("Content-Type", "application/json");
    posting.body = std::move(json);
    posting.limit = slack;
    CO_TRY(response, co_await ask(std::move(posting)));
    co_return std::move(response.body);
}

}  // namespace feed
