#include "model/redirect.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace model {

namespace {

constexpr std::string_view placeholder = "{name}";
constexpr int most_repetitions = 2;  // of one label in a name

bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

std::vector<std::string_view> labels_of(std::string_view name)
{
    std::vector<std::string_view> labels;
    for (std::size_t from = 0; from <= name.size();) {
        const auto end = std::min(name.find('.', from), name.size());
        labels.push_back(name.substr(from, end - from));
        from = end + 1;
    }
    return labels;
}

bool looks_recursive(std::string_view name)
{
    const auto labels = labels_of(name);
    std::map<std::string_view, int> times;
    for (const auto& each : labels) {
        if (++times[each] > most_repetitions) {
            return true;
        }
    }
    return std::ranges::adjacent_find(labels) != labels.end();
}

base::Error not_for_pool(const DomainName& name, std::string_view why)
{
    return base::Error(base::Errc::invalid, fmt::format("'{}' is not for a pool: {}", name.display(), why))
        .with_code("name_not_for_pool")
        .with_fix("Add it by hand: certwright redirect add " + name.text() + " --to URL");
}

}  // namespace

bool is_redirect_status(int status)
{
    return status == 301 || status == 302 || status == 307 || status == 308;
}

std::string expand_target(std::string_view to, std::string_view name)
{
    std::string made(to);
    for (auto at = made.find(placeholder); at != std::string::npos; at = made.find(placeholder, at)) {
        made.replace(at, placeholder.size(), name);
        at += name.size();
    }
    return made;
}

std::string_view target_authority(std::string_view url)
{
    const auto mark = url.find("://");
    if (mark == std::string_view::npos) {
        return {};
    }
    const auto scheme = url.substr(0, mark);
    auto rest = url.substr(mark + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    const std::string_view own_port = scheme == "https" ? ":443" : ":80";
    if (rest.ends_with(own_port)) {
        rest.remove_suffix(own_port.size());
    }
    return rest;
}

std::string redirect_location(const Redirect& redirect, std::string_view host, std::string_view target)
{
    if (host.empty() || !std::ranges::all_of(host, is_host_character)) {
        return {};
    }
    auto location = expand_target(redirect.to, host);
    if (target_authority(location) == host) {
        return {};
    }
    if (!redirect.keep_path) {
        return location;
    }
    while (location.ends_with('/')) {
        location.pop_back();
    }
    if (!target.starts_with('/')) {
        location += '/';
    }
    if (target != "*") {  // OPTIONS *
        location += target;
    }
    return location;
}

base::Result<> check_pool_name(const Pool& pool, const DomainName& name)
{
    const auto registrable = name.registrable();
    if (registrable.empty() || name.wildcard() || !name.text().contains('.')) {
        return base::fail(not_for_pool(name, "it is no name that somebody registered"));
    }
    const auto last = name.text().substr(name.text().rfind('.') + 1);
    if (last.find_first_not_of("0123456789") == std::string::npos || name.text().contains('_')) {
        return base::fail(not_for_pool(name, "no public CA certifies it"));
    }
    const auto labels = std::ranges::count(name.text(), '.') - std::ranges::count(registrable, '.');
    if (labels > pool.labels) {
        return base::fail(not_for_pool(
            name, pool.labels == 0
                      ? std::string("it takes bare domains")
                      : fmt::format("it takes at most {} labels in front of {}", pool.labels, registrable)));
    }
    const auto leads_to = expand_target(pool.redirect.to, name.text());
    if (looks_recursive(name.text()) || looks_recursive(target_authority(leads_to))) {
        return base::fail(not_for_pool(name, "it looks like a recursion"));
    }
    return {};
}

}  // namespace model
