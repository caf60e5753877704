#include "app/web_assets.h"

#include "http/gzip.h"

#include <algorithm>
#include <array>
#include <string>

namespace app {

namespace {

// What the page itself makes views of; web/src/main.tsx has the same list.
constexpr std::array page_paths{"/",          "/sign-in", "/endpoints", "/endpoints/{rest...}",
                                "/redirects", "/alerts",  "/events",    "/edges",
                                "/cas",       "/access"};

constexpr const char* content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

http::Headers headers_of(bool packed, bool immutable)
{
    http::Headers headers{
        {"Cache-Control", immutable ? "public, max-age=31536000, immutable" : "no-cache"},
        {"Content-Security-Policy", content_policy},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
        {"Vary", "Accept-Encoding"},
    };
    if (packed) {
        headers.add("Content-Encoding", "gzip");
    }
    return headers;
}

boost::asio::awaitable<void> serve_asset(http::Exchange& exchange, const WebAsset& asset, bool immutable)
{
    const auto accepted = exchange.request().headers.find("Accept-Encoding").value_or("");
    const bool packed = http::accepts_gzip(accepted);
    // A client that has gone needs no answer.
    static_cast<void>(co_await http::send_text(exchange, 200, std::string(asset.content_type),
                                               std::string(packed ? asset.packed : asset.plain),
                                               headers_of(packed, immutable)));
}

}  // namespace

void add_web_routes(http::Router& router, std::span<const WebAsset> assets)
{
    for (const auto& asset : assets) {
        if (asset.path != "index.html") {
            router.add("GET", "/" + std::string(asset.path), [&asset](http::Exchange& exchange, auto) {
                return serve_asset(exchange, asset, true);
            });
            continue;
        }
        for (const char* path : page_paths) {
            router.add("GET", path, [&asset](http::Exchange& exchange, auto) {
                return serve_asset(exchange, asset, false);
            });
        }
    }
}

}  // namespace app
