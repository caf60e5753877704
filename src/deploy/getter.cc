#include "deploy/getter.h"

#include "base/ascii.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "http/uri.h"

#include <algorithm>

namespace deploy {

namespace {

constexpr std::string_view ecdsa_p256_sha256 = "403";  // RFC 8446 4.2.3

bool lists(std::string_view schemes, std::string_view wanted)
{
    while (!schemes.empty()) {
        const auto comma = std::min(schemes.find(','), schemes.size());
        if (schemes.substr(0, comma) == wanted) {
            return true;
        }
        schemes.remove_prefix(std::min(comma + 1, schemes.size()));
    }
    return false;
}

std::string in(const std::map<std::string, std::string>& query, const std::string& name)
{
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
}

bool names_it(const Bundle& bundle, std::string_view host)
{
    const auto dot = host.find('.');
    return std::ranges::any_of(bundle.names, [&](std::string_view name) {
        return name == host || (name.starts_with("*.") && dot != std::string_view::npos &&
                                name.substr(1) == host.substr(dot));
    });
}

}  // namespace

const Bundle* choose_bundle(const Item& item, std::string_view host, std::string_view schemes)
{
    const Bundle* chosen = nullptr;
    const bool ecdsa = schemes.empty() || lists(schemes, ecdsa_p256_sha256);
    for (const auto& each : item.bundles) {
        if (!names_it(each, host)) {
            continue;
        }
        const bool fits = (each.key_type == model::KeyType::ecdsa_p256) == ecdsa;
        if (fits) {
            return &each;
        }
        chosen = chosen == nullptr ? &each : chosen;
    }
    return chosen;
}

boost::asio::awaitable<void> Getter::handle(http::Exchange& exchange)
{
    const auto answered = co_await answer(exchange);
    if (!answered) {
        base::log::debug("exchange_reset", {{"error", answered.error().message()}});
        exchange.reset();
    }
}

bool Getter::may(const http::RequestHead& request) const
{
    const auto is_secret = [&](std::string_view given) {
        return crypto::equal_secret(base::as_bytes(given), base::as_bytes(secret_));
    };
    const auto authorization = request.headers.find("Authorization").value_or("");
    if (authorization.starts_with("Bearer ")) {
        return is_secret(authorization.substr(7));
    }
    if (authorization.starts_with("Basic ")) {
        const auto decoded = base::from_base64(authorization.substr(6));
        const auto text = decoded ? std::string(base::as_text(*decoded)) : std::string();
        return is_secret(text.substr(std::min(text.find(':') + 1, text.size())));
    }
    return is_secret(in(http::parse_query(request.query()), "secret"));
}

base::Task<> Getter::answer(http::Exchange& exchange)
{
    http::Headers fresh{{"Cache-Control", "no-store"}};
    if (exchange.request().method != "GET" || !may(exchange.request())) {
        co_return co_await http::send_text(exchange, 403, "text/plain; charset=utf-8",
                                           "The secret is missing or wrong.\n", std::move(fresh));
    }
    const auto query = http::parse_query(exchange.request().query());
    const auto host = base::to_lower(in(query, "server_name"));
    auto find = [this, host] { return inventory_.item_for(host); };
    CO_TRY(item, co_await base::blocking(pool_, std::move(find)));
    const auto* bundle = choose_bundle(item, host, in(query, "signature_schemes"));
    if (bundle == nullptr) {
        co_return co_await http::send_text(exchange, 204, "text/plain; charset=utf-8", "", std::move(fresh));
    }
    co_return co_await http::send_text(exchange, 200, "application/pem-certificate-chain", bundle->combined(),
                                       std::move(fresh));
}

}  // namespace deploy
