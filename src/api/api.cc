#include "api/api.h"

#include "api/event_stream.h"
#include "api/problem_document.h"
#include "api/session_access.h"
#include "base/log.h"
#include "http/uri.h"

#include <charconv>

namespace api {

namespace {

constexpr std::size_t deepest_json = 8;

base::Result<json::object> parse_body(const std::string& text)
{
    json::parse_options options;
    options.max_depth = deepest_json;
    boost::system::error_code error;
    auto value = json::parse(text, error, json::storage_ptr(), options);
    if (error || !value.is_object()) {
        const std::string why = error ? error.message() : "the body must be one JSON object";
        return base::fail(base::Error(base::Errc::invalid, "the request body cannot be read: " + why)
                              .with_code("json_invalid")
                              .with_fix("Send one JSON object in UTF-8, nested at most 8 deep."));
    }
    return std::move(value.as_object());
}

base::Task<json::object> read_body(http::Exchange& exchange, std::size_t most)
{
    CO_TRY(text, co_await http::read_all(exchange, most));
    if (text.empty()) {
        co_return json::object();
    }
    const auto type = exchange.request().headers.find("Content-Type").value_or("");
    const auto media = type.substr(0, type.find(';'));
    if (!http::same_name(media, "application/json")) {
        co_return base::fail(base::Error(base::Errc::invalid, "a request body must be JSON")
                                 .with_code("media_type_unsupported")
                                 .with_fix("Send the header Content-Type: application/json."));
    }
    co_return parse_body(text);
}

// What is not UTF-8 can neither be stored nor repeated in an answer.
base::Result<> check_text(const std::map<std::string, std::string>& values)
{
    for (const auto& [name, value] : values) {
        for (const auto& text : {name, value}) {
            boost::system::error_code error;
            static_cast<void>(json::parse(json::serialize(json::string(text)), error));
            if (error || text.contains('\0')) {
                return base::fail(
                    base::Error(base::Errc::invalid, "the address of the request is not UTF-8 text")
                        .with_code("parameters_invalid")
                        .with_fix("Encode names and values as UTF-8, then with percent signs."));
            }
        }
    }
    return {};
}

bool has_body(const std::string& method)
{
    return method == "POST" || method == "PATCH" || method == "PUT";
}

base::Task<Call> read_call(Parts parts, http::Exchange& exchange, const Operation& operation,
                           std::map<std::string, std::string> path)
{
    Call call;
    const auto& request = exchange.request();
    if (operation.scope != Scope::none) {
        CO_TRY(access, co_await authenticate(parts, request));
        CO_CHECKED(authorize(access, operation));
        call.access = std::move(access);
    }
    const auto browser = browser_of(request);
    call.secure = browser.secure;
    call.dashboard = browser.ours;
    call.query = http::parse_query(request.query());
    call.path = std::move(path);
    CO_CHECKED(check_text(call.query));
    CO_CHECKED(check_text(call.path));
    if (has_body(request.method)) {
        CO_TRY(body, co_await read_body(exchange, operation.most_body));
        call.body = std::move(body);
    }
    co_return std::move(call);
}

boost::asio::awaitable<void> send(http::Exchange& exchange, Answer answer)
{
    answer.headers.add("Cache-Control", "no-store");
    answer.headers.add("X-Content-Type-Options", "nosniff");
    if (answer.status == 204) {
        http::ResponseHead head;
        head.status = 204;
        head.headers = std::move(answer.headers);
        if (exchange.send_head(std::move(head))) {
            static_cast<void>(co_await exchange.finish(http::Headers()));
        }
        co_return;
    }
    auto text = answer.body.is_null() ? std::move(answer.text) : json::serialize(answer.body) + "\n";
    // A client that has gone needs no answer.
    static_cast<void>(co_await http::send_text(exchange, answer.status, std::move(answer.content_type),
                                               std::move(text), std::move(answer.headers)));
}

void log_change(const Operation& operation, const Call& call, const std::map<std::string, std::string>& path,
                int status)
{
    std::string subject;
    for (const auto& [name, value] : path) {
        subject = value;
    }
    base::log::info("api_change", {{"method", operation.method},
                                   {"route", operation.pattern},
                                   {"subject", subject},
                                   {"token", call.access.token},
                                   {"tenant", call.access.caller.tenant},
                                   {"status", status}});
}

boost::asio::awaitable<void> serve(Parts parts, Operation operation, http::Exchange& exchange,
                                   http::RouteMatch match)
{
    auto call = co_await read_call(parts, exchange, operation, match.parameters);
    if (!call) {
        auto refused = problem(call.error());
        co_await send(exchange, std::move(refused));
        co_return;
    }
    auto answer = co_await operation.handler(parts, *call);
    if (!answer) {
        answer = problem(answer.error());
    }
    if (operation.method != "GET") {
        log_change(operation, *call, match.parameters, answer->status);
    }
    co_await send(exchange, std::move(*answer));
}

// Where a stream begins: the header that browsers send when they come again, or ?after= at first.
std::optional<std::int64_t> position_of(const http::RequestHead& request)
{
    std::string text(request.headers.find("Last-Event-ID").value_or(""));
    if (text.empty()) {
        const auto query = http::parse_query(request.query());
        const auto found = query.find("after");
        text = found == query.end() ? "" : found->second;
    }
    std::int64_t number = 0;
    const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || stopped != text.data() + text.size() || number < 0) {
        return std::nullopt;
    }
    return number;
}

bool wants_stream(const http::RequestHead& request)
{
    return request.headers.find("Accept").value_or("").contains("text/event-stream");
}

boost::asio::awaitable<void> serve_events(Parts parts, EventStreams& streams, Operation operation,
                                          http::Exchange& exchange, http::RouteMatch match)
{
    if (!wants_stream(exchange.request())) {
        co_await serve(parts, operation, exchange, std::move(match));
        co_return;
    }
    auto call = co_await read_call(parts, exchange, operation, match.parameters);
    if (call && streams.full()) {
        call = base::fail(base::Error(base::Errc::unavailable, "too many event streams are open")
                              .with_code("streams_exhausted"));
    }
    if (!call) {
        auto refused = problem(call.error());
        co_await send(exchange, std::move(refused));
        co_return;
    }
    co_await streams.serve(exchange, call->access.caller, position_of(exchange.request()));
}

}  // namespace

struct Api::State {
    State(boost::asio::any_io_executor executor, Parts p) : parts(p), streams(std::move(executor), p)
    {
        parts.counts = &counts;
    }

    base::ShortMemory<CertificateCounts> counts{1'000};
    Parts parts;
    EventStreams streams;
};

Api::Api(boost::asio::any_io_executor executor, Parts parts)
    : state_(std::make_unique<State>(std::move(executor), parts))
{
}

Api::~Api() = default;

void Api::add_routes(http::Router& router)
{
    std::vector<Operation> operations;
    for (const auto& part :
         {endpoint_operations(), endpoint_lifecycle_operations(), certificate_operations(),
          account_operations(), ca_operations(), limit_operations(), alert_operations(), group_operations(),
          edge_operations(), zone_operations(), session_operations(), overview_operations()}) {
        operations.insert(operations.end(), part.begin(), part.end());
    }
    for (const auto& operation : operations) {
        auto* state = state_.get();
        http::RouteFunction function;
        if (operation.pattern == "/v1/events") {
            function = [state, operation](http::Exchange& exchange, http::RouteMatch match) {
                return serve_events(state->parts, state->streams, operation, exchange, std::move(match));
            };
        } else {
            function = [state, operation](http::Exchange& exchange, http::RouteMatch match) {
                return serve(state->parts, operation, exchange, std::move(match));
            };
        }
        router.add(std::string(operation.method), std::string(operation.pattern), std::move(function));
    }
}

void Api::events_appended()
{
    state_->streams.wake();
}

void Api::stop_streams()
{
    state_->streams.stop();
}

}  // namespace api
