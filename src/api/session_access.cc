#include "api/session_access.h"

#include "http/syntax.h"

#include <fmt/format.h>

namespace api {

namespace {

constexpr std::string_view plain_name = "certwright_session";
constexpr std::string_view secure_name = "__Host-certwright_session";
constexpr std::string_view mark = "X-Certwright-Dashboard";

// RFC 6265, 4.2.1: pairs, parted by "; ".
std::string_view cookie_in(std::string_view header, std::string_view name)
{
    while (!header.empty()) {
        const auto end = std::min(header.find(';'), header.size());
        const auto pair = http::trim(header.substr(0, end));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
            return pair.substr(equals + 1);
        }
        header.remove_prefix(std::min(end + 1, header.size()));
    }
    return {};
}

std::string cookie(std::string_view value, std::int64_t life, bool secure)
{
    return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}",
                       secure ? secure_name : plain_name, value, life, secure ? "; Secure" : "");
}

}  // namespace

Browser browser_of(const http::RequestHead& request)
{
    Browser browser;
    // Nobody but the browser's own way to us can say so to its own harm, so whoever says it is believed.
    const auto proto = request.headers.find("X-Forwarded-Proto").value_or(request.scheme);
    browser.secure = http::same_name(http::trim(proto), "https");
    const auto site = request.headers.find("Sec-Fetch-Site");
    browser.ours = request.headers.contains(mark) && (!site || *site == "same-origin");
    return browser;
}

std::string session_secret(const http::RequestHead& request)
{
    const auto name = browser_of(request).secure ? secure_name : plain_name;
    for (const auto& [field, value] : request.headers.fields()) {  // HTTP/2 may split them (RFC 9113, 8.2.3)
        if (http::same_name(field, "Cookie")) {
            if (const auto found = cookie_in(value, name); !found.empty()) {
                return std::string(found);
            }
        }
    }
    return {};
}

std::string session_cookie(std::string_view secret, std::chrono::seconds life, bool secure)
{
    return cookie(secret, life.count(), secure);
}

std::string no_session_cookie(bool secure)
{
    return cookie("", 0, secure);
}

base::Task<Access> authenticate_session(Parts parts, std::string secret, bool may_change)
{
    if (!may_change) {
        co_return base::fail(
            base::Error(base::Errc::unauthorized, "a page of another site may have sent this request")
                .with_code("request_foreign")
                .with_fix("Use the dashboard's own pages; programs send Authorization: Bearer <token>."));
    }
    auto find = [hash = hash_secret(secret), now = parts.clock.now()](store::Transaction& tx) {
        return tx.sessions.find(hash, now);
    };
    auto found = co_await parts.store.read(std::move(find));
    if (!found && found.error().kind() == base::Errc::not_found) {
        co_return base::fail(base::Error(base::Errc::unauthorized, "you are signed out")
                                 .with_code("session_ended")
                                 .with_fix("Sign in again: certwright dashboard prints a link."));
    }
    if (!found) {
        co_return base::fail(std::move(found).error());
    }
    const auto& [session, token] = *found;
    auto access = access_of(token);
    access.session = session.secret_hash;
    access.ends_at = session.expires_at;
    co_return access;
}

}  // namespace api
