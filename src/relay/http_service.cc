#include "relay/http_service.h"

#include "base/log.h"

namespace relay {

namespace {

// A request for a hundred names of full length, with a key of 4096 bits, has about 60 KB.
constexpr std::size_t largest_body = 256 * 1024;

// Promises the whole body, and breaks off.
boost::asio::awaitable<void> send_half(http::Exchange& exchange, Reply reply)
{
    http::ResponseHead head;
    head.status = reply.status;
    head.headers = std::move(reply.headers);
    head.headers.set("Content-Length", std::to_string(reply.body.size()));
    const auto begun = exchange.send_head(std::move(head));
    const auto sent =
        begun ? co_await exchange.send_body(std::span(reply.body).first(reply.body.size() / 2)) : begun;
    const auto flushed = sent ? co_await exchange.flush() : sent;
    if (!flushed) {
        base::log::debug("acme_reply_unsent", {{"error", flushed.error().message()}});
    }
    exchange.reset();
}

}  // namespace

boost::asio::awaitable<void> AcmeHandler::handle(http::Exchange& exchange)
{
    const auto& head = exchange.request();
    Call call;
    call.method = head.method;
    call.target = head.target;
    call.base_url = (exchange.connection().tls ? "https://" : "http://") + head.authority;
    call.client = exchange.connection().client.address().to_string();
    call.headers = head.headers;
    auto body = co_await http::read_all(exchange, largest_body);
    if (!body) {
        exchange.reset();
        co_return;
    }
    call.body = std::move(*body);
    auto reply = co_await server_.handle(std::move(call));
    if (reply.lost) {
        exchange.reset();
        co_return;
    }
    if (reply.truncated) {
        co_await send_half(exchange, std::move(reply));
        co_return;
    }
    const auto type = std::string(reply.headers.find("Content-Type").value_or(""));
    const auto sent =
        co_await http::send_text(exchange, reply.status, type, std::move(reply.body), reply.headers);
    if (!sent) {
        base::log::debug("acme_reply_unsent", {{"error", sent.error().message()}});
    }
}

base::Task<http::ClientResponse> LocalClient::send(http::ClientRequest request)
{
    const auto scheme = request.url.find("://");
    const auto path = scheme == std::string::npos ? scheme : request.url.find('/', scheme + 3);
    if (path == std::string::npos) {
        co_return base::fail(base::Errc::invalid, "not a URL: " + request.url);
    }
    Call call;
    call.method = std::move(request.method);
    call.base_url = request.url.substr(0, path);
    call.target = request.url.substr(path);
    call.client = address_;
    call.headers = std::move(request.headers);
    call.headers.set("User-Agent", "certwright");
    call.body = std::move(request.body);
    auto reply = co_await server_.handle(std::move(call));
    if (reply.lost || reply.truncated) {
        co_return base::fail(base::Errc::unavailable, "the connection ended without an answer");
    }
    http::ClientResponse response;
    response.status = reply.status;
    response.headers = std::move(reply.headers);
    response.body = std::move(reply.body);
    co_return std::move(response);
}

}  // namespace relay
