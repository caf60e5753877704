#include "feed/server/handlers.h"

#include "feed/json.h"
#include "feed/server/members.h"
#include "feed/server/problem_answer.h"
#include "feed/wish.h"
#include "http/gzip.h"
#include "http/uri.h"

#include <algorithm>
#include <charconv>

namespace feed {

namespace {

constexpr std::int64_t longest_wait = 30;  // seconds
constexpr std::size_t largest_acknowledgement = 4096;
constexpr std::string_view scope_prefix = "edge:";
constexpr std::size_t least_to_compress = 1024;

std::int64_t number_in(const std::map<std::string, std::string>& query, const std::string& name)
{
    std::int64_t value = 0;
    if (const auto found = query.find(name); found != query.end()) {
        std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
    }
    return value;
}

std::string text_in(const std::map<std::string, std::string>& query, const std::string& name)
{
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
}

std::string header(const http::Exchange& exchange, std::string_view name)
{
    return std::string(exchange.request().headers.find(name).value_or("").substr(0, 200));
}

std::string trouble_in(const http::Exchange& exchange)
{
    const auto given = exchange.request().headers.find("Certwright-Trouble").value_or("").substr(0, 900);
    return http::percent_decode(given).value_or("").substr(0, 300);
}

model::Position position_in(const std::map<std::string, std::string>& query)
{
    model::Position after{text_in(query, "epoch"), number_in(query, "after")};
    if (query.contains("snapshot")) {
        const auto cursor = cursor_from_query(after.epoch, after.number, text_in(query, "snapshot"));
        return cursor ? to_position(*cursor) : model::Position();
    }
    return after;
}

}  // namespace

FeedHandlers::FeedHandlers(const World& world, Authorise authorise, boost::asio::thread_pool& pool,
                           Grant grant)
    : world_(world), authorise_(std::move(authorise)), pool_(pool), grant_(std::move(grant))
{
}

void FeedHandlers::add_to(http::Router& router)
{
    router.add("GET", "/feed/v1/changes",
               [this](http::Exchange& exchange, const http::RouteMatch&) { return changes(exchange); });
    router.add("POST", "/feed/v1/ack",
               [this](http::Exchange& exchange, const http::RouteMatch&) { return acknowledge(exchange); });
    if (grant_) {
        router.add("POST", "/feed/v1/wishes",
                   [this](http::Exchange& exchange, const http::RouteMatch&) { return wish(exchange); });
    }
}

boost::asio::awaitable<void> FeedHandlers::changes(http::Exchange& exchange)
{
    auto text = co_await batch_for(exchange);
    base::Result<> sent;
    if (text) {
        sent = co_await send_batch(exchange, std::move(*text));
    } else {
        sent = co_await send_problem(exchange, std::move(text).error());
    }
    if (!sent) {
        exchange.reset();
    }
}

boost::asio::awaitable<void> FeedHandlers::wish(http::Exchange& exchange)
{
    auto text = co_await decide(exchange);
    base::Result<> sent;
    if (text) {
        sent = co_await http::send_text(exchange, 200, "application/json", std::move(*text));
    } else {
        sent = co_await send_problem(exchange, std::move(text).error());
    }
    if (!sent) {
        exchange.reset();
    }
}

// Certificates of one CA have much in common: compressed, a snapshot is a fraction of its size.
base::Task<> FeedHandlers::send_batch(http::Exchange& exchange, std::string text)
{
    http::Headers extra;
    const auto accepted = exchange.request().headers.find("Accept-Encoding").value_or("");
    if (text.size() >= least_to_compress && http::accepts_gzip(accepted)) {
        auto squeeze = [&text] { return http::gzip(text); };
        text = co_await base::blocking(pool_, std::move(squeeze));
        extra.add("Content-Encoding", "gzip");
    }
    co_return co_await http::send_text(exchange, 200, "application/json", std::move(text), std::move(extra));
}

boost::asio::awaitable<void> FeedHandlers::acknowledge(http::Exchange& exchange)
{
    auto noted = co_await note(exchange);
    base::Result<> sent;
    if (noted) {
        sent = co_await http::send_text(exchange, 204, "application/json", "");
    } else {
        sent = co_await send_problem(exchange, std::move(noted).error());
    }
    if (!sent) {
        exchange.reset();
    }
}

base::Task<std::string> FeedHandlers::group_of_token(http::Exchange& exchange)
{
    constexpr std::string_view scheme = "Bearer ";
    const auto given = exchange.request().headers.find("Authorization").value_or("");
    if (!given.starts_with(scheme)) {
        co_return base::fail(
            base::Error(base::Errc::unauthorized, "the feed needs a bearer token").with_code("unauthorized"));
    }
    std::string secret(given.substr(scheme.size()));
    CO_TRY(token, co_await authorise_(std::move(secret)));
    const auto scope =
        std::ranges::find_if(token.scopes, [](const auto& each) { return each.starts_with(scope_prefix); });
    if (scope == token.scopes.end()) {
        co_return base::fail(
            base::Error(base::Errc::unauthorized, "this token is not an edge's").with_code("unauthorized"));
    }
    co_return scope->substr(scope_prefix.size());
}

// A certificate names the edge; with a token it names itself, and only one that was removed is known by that.
base::Task<FeedHandlers::Caller> FeedHandlers::caller_of(http::Exchange& exchange)
{
    Caller caller;
    caller.id = exchange.connection().client_name;
    const bool certified = !caller.id.empty();
    if (!certified) {
        CO_TRY(group, co_await group_of_token(exchange));
        caller.group = group;
        caller.id = header(exchange, "Certwright-Node");
    }
    auto find = [id = caller.id](store::Transaction& tx) { return tx.edges.get(id); };
    const auto node = co_await world_.store.read(std::move(find));
    if (!node && node.error().kind() != base::Errc::not_found) {
        co_return base::fail(node.error());
    }
    if (node ? node->removed_at.has_value() : certified) {
        co_return base::fail(edge_removed(caller.id));
    }
    // A token speaks for no edge that has a certificate, nor for this node.
    if (!certified && (caller.id == local_follower || (node && node->certificate_until))) {
        co_return base::fail(base::Error(base::Errc::unauthorized, "this edge follows with its certificate")
                                 .with_code("certificate_needed")
                                 .with_fix("Start it with the folder that it joined with."));
    }
    if (certified) {
        caller.group = node->group;
    }
    co_return caller;
}

base::Task<std::string> FeedHandlers::batch_for(http::Exchange& exchange)
{
    CO_TRY(caller, co_await caller_of(exchange));
    auto group = caller.group;
    const auto query = http::parse_query(exchange.request().query());
    const auto wait =
        std::chrono::seconds(std::clamp<std::int64_t>(number_in(query, "wait"), 0, longest_wait));
    BatchReader reader(world_, edge_filter(std::move(group)));
    auto after = position_in(query);
    CO_TRY(batch, co_await reader.next(std::move(after), wait));
    co_return to_json(batch);
}

base::Task<std::string> FeedHandlers::decide(http::Exchange& exchange)
{
    CO_TRY(caller, co_await caller_of(exchange));
    CO_TRY(body, co_await http::read_all(exchange, largest_acknowledgement));
    CO_TRY(wish, wish_from_json(body));
    auto deciding = grant_(std::move(caller.group), std::move(wish));
    CO_TRY(answer, co_await std::move(deciding));
    co_return to_json(answer);
}

base::Task<> FeedHandlers::note(http::Exchange& exchange)
{
    CO_TRY(caller, co_await caller_of(exchange));
    CO_TRY(body, co_await http::read_all(exchange, largest_acknowledgement));
    CO_TRY(position, position_from_json(body));
    Follower follower{edge_class(caller.group),
                      caller.id,
                      header(exchange, "Certwright-Node-Name"),
                      header(exchange, "Certwright-Version"),
                      true,
                      trouble_in(exchange)};
    if (follower.id.empty()) {
        co_return base::fail(base::Errc::invalid, "an acknowledgement needs the header Certwright-Node");
    }
    co_return co_await world_.acknowledgements.acknowledge(std::move(follower), std::move(position));
}

}  // namespace feed
