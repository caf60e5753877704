#include "endpoints/redirect_rules.h"

#include "base/ascii.h"
#include "endpoints/upstream_policy.h"

#include <fmt/format.h>

#include <algorithm>

namespace endpoints {

namespace {

constexpr UrlUse redirect_use{.what = "the target of a redirect",
                              .name = "redirect",
                              .example = "https://www.example.com or https://www.{name}",
                              .query = true};
constexpr int most_pool_labels = 10;

base::Error refused_redirect(std::string code, std::string message, std::string fix)
{
    return base::Error(base::Errc::invalid, std::move(message))
        .with_code(std::move(code))
        .with_fix(std::move(fix));
}

// The target for one name. Nothing connects to it, so any address may be named.
base::Result<std::string> target_for(const model::Redirect& redirect, std::string_view name)
{
    return UpstreamPolicy().check(model::expand_target(redirect.to, name), true, redirect_use);
}

// The case of scheme and host means nothing, and loops are found without it. `to` is an absolute URL.
std::string with_lower_host(const std::string& to)
{
    const auto path = std::min(to.find_first_of("/?#", to.find("://") + 3), to.size());
    return base::to_lower(to.substr(0, path)) + to.substr(path);
}

base::Result<> check_form(model::Redirect& redirect, std::string_view name)
{
    TRY(target, target_for(redirect, name));
    if (!model::is_redirect_status(redirect.status)) {
        return base::fail(refused_redirect("redirect_invalid",
                                           fmt::format("{} is no status of a redirect", redirect.status),
                                           "Give 301, 302, 307 or 308."));
    }
    if (redirect.keep_path && target.contains('?')) {
        return base::fail(refused_redirect(
            "redirect_invalid", "a target with a query cannot keep the path and query of requests",
            "Leave out what follows the ?, or turn keep_path off (--no-keep-path)."));
    }
    redirect.to = redirect.to.contains('{') ? with_lower_host(redirect.to) : std::move(target);
    return {};
}

// A name below a wildcard.
std::string sample(const model::DomainName& name)
{
    return name.wildcard() ? "any." + std::string(name.base()) : name.text();
}

std::string host_of_target(const std::string& url)
{
    return std::string(model::target_authority(url));
}

}  // namespace

base::Result<> check_redirect(model::Endpoint& endpoint)
{
    auto& redirect = endpoint.redirect;
    if (!endpoint.upstream.empty()) {
        return base::fail(refused_redirect("redirect_invalid", "a redirect has no upstream",
                                           "Give either where requests go or where they are redirected to."));
    }
    if (endpoint.behind_proxies || endpoint.own_challenges) {
        return base::fail(refused_redirect(
            "redirect_needs_edges",
            endpoint.behind_proxies
                ? fmt::format("'{}' is a group of proxies, which redirect by their own configuration",
                              endpoint.edge_group)
                : std::string("behind a redirect is no app that could answer challenges"),
            endpoint.behind_proxies ? "Use a group of edges, or leave the group out."
                                    : "Leave own_challenges out."));
    }
    for (const auto& name : endpoint.names) {
        CHECKED(check_form(redirect, sample(name)));
        TRY(target, target_for(redirect, sample(name)));
        if (host_of_target(target) == sample(name)) {
            return base::fail(refused_redirect(
                "redirect_loop", fmt::format("{} would be redirected to itself", name.display()),
                fmt::format("Name another target, such as https://www.{}.", name.base())));
        }
        const bool own = std::ranges::any_of(endpoint.names, [&](const model::DomainName& each) {
            return each.text() == host_of_target(target);
        });
        if (own) {
            return base::fail(refused_redirect("redirect_loop",
                                               fmt::format("{} would lead to {}, which is redirected too",
                                                           name.display(), host_of_target(target)),
                                               "Leave the target's name out of the redirect."));
        }
    }
    return {};
}

base::Result<> check_pool(model::Pool& pool)
{
    constexpr std::string_view any_name = "name.example";
    CHECKED(check_form(pool.redirect, any_name));
    TRY(target, target_for(pool.redirect, any_name));
    if (host_of_target(target) == any_name) {
        return base::fail(refused_redirect("redirect_loop", "every name would be redirected to itself",
                                           "Give a target such as https://www.{name}."));
    }
    if (pool.labels < 0 || pool.labels > most_pool_labels) {
        return base::fail(refused_redirect(
            "pool_invalid", fmt::format("a pool takes 0 to {} labels in front of a domain", most_pool_labels),
            "Give 0 for bare domains alone."));
    }
    return {};
}

std::optional<model::Problem> loop_warning(const model::Endpoint& endpoint)
{
    if (endpoint.redirect.none()) {
        return std::nullopt;
    }
    for (const auto& name : endpoint.names) {
        const auto host = host_of_target(model::expand_target(endpoint.redirect.to, sample(name)));
        if (name.wildcard() && name.covers(host)) {
            model::Problem problem;
            problem.code = "redirect_loop";
            problem.message = fmt::format("{} covers {} too, where it leads.", name.display(), host);
            problem.actor = model::Actor::customer;
            problem.fix = fmt::format("See that {} is served elsewhere, or add it as an endpoint.", host);
            return problem;
        }
    }
    return std::nullopt;
}

}  // namespace endpoints
