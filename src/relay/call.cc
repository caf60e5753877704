#include "relay/call.h"

#include <algorithm>

namespace relay {

namespace {

constexpr std::size_t most_segments = 6;

std::vector<std::string> split(std::string_view path)
{
    std::vector<std::string> segments;
    path.remove_prefix(path.starts_with('/') ? 1 : 0);
    while (segments.size() < most_segments) {
        const auto slash = path.find('/');
        segments.emplace_back(path.substr(0, slash));
        if (slash == std::string_view::npos) {
            break;
        }
        path.remove_prefix(slash + 1);
    }
    return segments;
}

struct Row {
    std::string_view name;
    Step step;
    std::size_t least;  // ids behind the name
    std::size_t most;
};
constexpr Row rows[] = {
    {"new-nonce", Step::new_nonce, 0, 0},   {"new-acct", Step::new_account, 0, 0},
    {"new-order", Step::new_order, 0, 0},   {"revoke-cert", Step::revoke, 0, 0},
    {"key-change", Step::key_change, 0, 0}, {"renewal-info", Step::renewal_info, 1, 1},
    {"acct", Step::account, 1, 1},          {"orders", Step::orders, 1, 1},
    {"order", Step::order, 1, 1},           {"authz", Step::authorization, 1, 1},
    {"chall", Step::challenge, 2, 2},       {"finalize", Step::finalize, 1, 1},
    {"cert", Step::certificate, 1, 2},      {"unpause", Step::unpause, 1, 1},
};

}  // namespace

Place place_of(std::string_view path)
{
    auto segments = split(path);
    if (segments.size() == 1 && segments[0] == "directory") {
        return {Step::directory, {}};
    }
    if (segments.size() < 2 || segments[0] != "acme") {
        return {};
    }
    const auto* row = std::ranges::find(rows, std::string_view(segments[1]), &Row::name);
    const auto ids = segments.size() - 2;
    if (row == std::end(rows) || ids < row->least || ids > row->most) {
        return {};
    }
    segments.erase(segments.begin(), segments.begin() + 2);
    return {row->step, std::move(segments)};
}

}  // namespace relay
