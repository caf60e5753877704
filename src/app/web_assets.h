// The dashboard: its files, embedded at build time, and the routes that serve them.
#pragma once

#include "http/router.h"

#include <span>
#include <string_view>

namespace app {

struct WebAsset {
    std::string_view path;  // index.html, assets/<name>-<hash of the content>.<type>
    std::string_view content_type;
    std::string_view plain;
    std::string_view packed;  // gzipped
};

// Empty in a build without the dashboard.
std::span<const WebAsset> web_assets();

// The page at each of its addresses, never cached without asking, and the assets, cached for ever. Nothing of
// another origin, no inline script or style, no frame around it.
void add_web_routes(http::Router& router, std::span<const WebAsset> assets);

}  // namespace app
