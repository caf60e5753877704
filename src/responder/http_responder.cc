#include "responder/http_responder.h"

#include "base/log.h"
#include "edge/http_01.h"

#include <fmt/format.h>

namespace responder {

namespace {

// The thumbprint that answers `token` for `host`; empty when the name is not ours to prove in this way.
base::Result<std::string> thumbprint_for(store::Transaction& tx, const model::DomainName& host,
                                         const std::string& token)
{
    const auto endpoint = tx.endpoints.find_by_name(host);
    if (!endpoint && endpoint.error().kind() != base::Errc::not_found) {
        return base::fail(endpoint.error());
    }
    if (!endpoint || endpoint->own_challenges || endpoint->status.state == model::EndpointState::deleting) {
        return std::string();
    }
    TRY(announced, tx.challenges.token(token));
    if (announced) {
        return announced->thumbprint;
    }
    auto account = tx.accounts.default_account();
    if (!account && account.error().kind() != base::Errc::not_found) {
        return base::fail(std::move(account).error());
    }
    return account ? account->thumbprint : std::string();
}

}  // namespace

boost::asio::awaitable<void> HttpResponder::handle(http::Exchange& exchange)
{
    const auto answered = co_await answer(exchange);
    if (!answered) {
        base::log::debug("exchange_reset", {{"error", answered.error().message()}});
        exchange.reset();
    }
}

base::Task<> HttpResponder::answer(http::Exchange& exchange)
{
    const auto& request = exchange.request();
    const bool reads = request.method == "GET" || request.method == "HEAD";
    const auto token = edge::challenge_token(request.path());
    const auto host = model::DomainName::parse(request.host());
    std::string thumbprint;
    if (reads && token && host) {
        auto find = [host = *host, token = *token](store::Transaction& tx) {
            return thumbprint_for(tx, host, token);
        };
        CO_TRY(found, co_await store_.read(std::move(find)));
        thumbprint = found;
    }
    http::Headers fresh{{"Cache-Control", "no-store"}};
    if (thumbprint.empty()) {
        ++refused_;
        co_return co_await http::send_text(
            exchange, 404, "text/plain; charset=utf-8",
            fmt::format("There is no challenge to answer here for {}.\n", request.host()), std::move(fresh));
    }
    ++answered_;
    co_return co_await http::send_text(exchange, 200, "application/octet-stream",
                                       edge::key_authorization(*token, thumbprint), std::move(fresh));
}

}  // namespace responder
