#include "relay/network_validator.h"

#include "relay/checks.h"

#include <fmt/format.h>

namespace relay {

namespace {

using boost::asio::awaitable;

std::size_t most_dissenters(std::size_t remotes)
{
    constexpr std::size_t many = 6;  // baseline requirements 3.2.2.9
    return remotes >= many ? 2 : remotes > 1 ? 1 : 0;
}

}  // namespace

awaitable<Problem> NetworkValidator::look(dns::Resolver& resolver, const ValidationRequest& request)
{
    Problem problem(400, "malformed", fmt::format("unknown challenge {}", request.challenge));
    if (request.challenge == "http-01") {
        problem = co_await check_http_01(resolver, options_, request);
    } else if (request.challenge == "dns-01") {
        problem = co_await check_dns_01(resolver, request);
    } else if (request.challenge == "tls-alpn-01") {
        problem = co_await check_tls_alpn_01(resolver, options_, request);
    }
    if (problem.none() && !options_.caa_identities.empty()) {
        problem = co_await check_caa_records(resolver, options_.caa_identities, request);
    }
    co_return problem;
}

awaitable<Problem> NetworkValidator::validate(ValidationRequest request)
{
    auto problem = co_await look(*perspectives_.front(), request);
    if (!problem.none()) {
        co_return problem;
    }
    std::size_t dissent = 0;
    for (std::size_t i = 1; i < perspectives_.size(); ++i) {
        auto remote = co_await look(*perspectives_[i], request);
        if (!remote.none()) {
            ++dissent;
            problem = std::move(remote);
        }
    }
    if (dissent <= most_dissenters(perspectives_.size() - 1)) {
        co_return Problem();
    }
    problem.detail = "During secondary validation: " + problem.detail;
    co_return problem;
}

awaitable<Problem> NetworkValidator::check_caa(ValidationRequest request)
{
    if (options_.caa_identities.empty()) {
        co_return Problem();
    }
    co_return co_await check_caa_records(*perspectives_.front(), options_.caa_identities, request);
}

}  // namespace relay
