#include "edge/forwarded_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace edge {

namespace {

constexpr std::array<std::string_view, 10> hop_by_hop{"Connection",
                                                      "Keep-Alive",
                                                      "Proxy-Connection",
                                                      "TE",
                                                      "Trailer",
                                                      "Transfer-Encoding",
                                                      "Upgrade",
                                                      "HTTP2-Settings",
                                                      "Proxy-Authenticate",
                                                      "Proxy-Authorization"};
constexpr std::array<std::string_view, 8> ours{
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
    "X-Real-IP",       "Forwarded",         "X-Request-Id",     "Expect"};

// X-Forwarded-* and so on, and Upgrade.
constexpr std::size_t added_fields = 7;

constexpr std::array<std::string_view, 12> not_in_trailers{
    "Host",   "Content-Length", "Content-Encoding", "Content-Type", "Content-Range", "Authorization",
    "Cookie", "Set-Cookie",     "Cache-Control",    "Max-Forwards", "Expect",        "Range"};

bool is_one_of(std::string_view name, const auto& names)
{
    return std::ranges::any_of(names, [&](std::string_view each) { return http::same_name(each, name); });
}

// Calls `use` for each element of a comma-separated list.
void for_each_element(std::string_view list, auto use)
{
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        auto element = list.substr(0, comma);
        while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) {
            element.remove_prefix(1);
        }
        while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) {
            element.remove_suffix(1);
        }
        if (!element.empty()) {
            use(element);
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
}

// The fields of one connection: those that always are, and those that Connection names.
class HopByHop {
public:
    explicit HopByHop(const http::Headers& headers)
    {
        for (const auto& [name, value] : headers.fields()) {
            if (http::same_name(name, "Connection")) {
                for_each_element(value, [&](std::string_view element) { add(element); });
            }
        }
    }

    bool has(std::string_view name) const
    {
        return is_one_of(name, hop_by_hop) || (!named_.empty() && is_one_of(name, named_));
    }
    // Connection names it, as the one that it always is.
    bool upgrade() const { return upgrade_; }

private:
    void add(std::string_view element)
    {
        upgrade_ = upgrade_ || http::same_name(element, "upgrade");
        if (!http::same_name(element, "close") && !is_one_of(element, hop_by_hop)) {
            named_.emplace_back(element);
        }
    }

    std::vector<std::string> named_;
    bool upgrade_ = false;
};

// HTTP again inside a tunnel (h2c) would carry requests past everything that is decided here.
bool names_http(std::string_view protocols)
{
    bool found = false;
    for_each_element(protocols, [&](std::string_view protocol) {
        const auto name = protocol.substr(0, protocol.find('/'));
        found = found || is_one_of(name, std::array<std::string_view, 3>{"h2c", "h2", "HTTP"}) ||
                http::same_name(name, "TLS");
    });
    return found;
}

// Origins behind CGI and its heirs cannot tell X_Real_IP from X-Real-IP.
bool claims_ours(std::string_view name)
{
    if (!name.contains('_')) {
        return is_one_of(name, ours);
    }
    std::string dashed(name);
    std::ranges::replace(dashed, '_', '-');
    return is_one_of(dashed, ours);
}

// Dots and slashes as an origin may come to see them, whether the rest of the path decodes or not.
std::string with_plain_separators(std::string_view path)
{
    std::string plain;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const auto escaped = path[i] == '%' ? path.substr(i + 1, 2) : std::string_view();
        const bool dot = http::same_name(escaped, "2e");
        const bool slash = http::same_name(escaped, "2f") || http::same_name(escaped, "5c");
        plain += dot ? '.' : slash || path[i] == '\\' ? '/' : path[i];
        i += dot || slash ? 2 : 0;
    }
    return plain;
}

std::string address_of(const net::Endpoint& client)
{
    const auto address = client.address();
    const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
    if (address.is_v6() && !mapped) {
        return address.to_string();
    }
    const auto octets =
        (mapped ? boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
                : address.to_v4())
            .to_bytes();
    std::string text;  // Not by inet_ntop(), which goes by way of sprintf().
    for (const auto octet : octets) {
        text += text.empty() ? "" : ".";
        text += fmt::format_int(octet).c_str();
    }
    return text;
}

void add_origin_of_request(http::Headers& headers, const http::RequestHead& request,
                           const net::ConnectionFacts& connection)
{
    const auto client = address_of(connection.client);
    const std::string_view scheme = connection.tls ? "https" : "http";
    const bool v6 = client.find(':') != std::string::npos;
    headers.add("X-Forwarded-For", client);
    headers.add("X-Forwarded-Proto", std::string(scheme));
    headers.add("X-Forwarded-Host", request.authority);
    // The authority came through the server's check of Host, so it cannot break out of the quotes.
    std::string forwarded;
    forwarded.reserve(client.size() + request.authority.size() + 40);
    forwarded += v6 ? "for=\"[" : "for=";
    forwarded += client;
    forwarded += v6 ? "]\";proto=" : ";proto=";
    forwarded += scheme;
    forwarded += ";host=\"";
    forwarded += request.authority;
    forwarded += '"';
    headers.add("Forwarded", std::move(forwarded));
}

}  // namespace

bool wants_upgrade(const http::RequestHead& request)
{
    if (request.version != 11 || !request.headers.contains("Upgrade")) {
        return false;
    }
    return HopByHop(request.headers).upgrade() && !names_http(*request.headers.find("Upgrade"));
}

http::Headers passed_trailers(const http::Headers& trailers)
{
    const HopByHop of_hop(trailers);
    http::Headers passed;
    for (const auto& [name, value] : trailers.fields()) {
        if (!of_hop.has(name) && !claims_ours(name) && !is_one_of(name, not_in_trailers)) {
            passed.add(name, value);
        }
    }
    return passed;
}

http::RequestHead forwarded_request(const http::RequestHead& request, const net::ConnectionFacts& connection,
                                    std::string_view prefix, std::string request_id)
{
    http::RequestHead head;
    head.method = request.method;
    head.target = request.target == "*" ? "*" : std::string(prefix) + request.target;
    head.authority = request.authority;
    head.scheme = request.scheme;
    const HopByHop of_hop(request.headers);
    head.headers.reserve(request.headers.fields().size() + added_fields);
    for (const auto& [name, value] : request.headers.fields()) {
        if (!of_hop.has(name) && !claims_ours(name)) {
            head.headers.add(name, value);
        }
    }
    add_origin_of_request(head.headers, request, connection);
    head.headers.add("X-Request-Id", std::move(request_id));
    if (wants_upgrade(request)) {
        head.headers.add("Upgrade", std::string(*request.headers.find("Upgrade")));
    }
    return head;
}

bool leads_upwards(std::string_view path)
{
    const auto plain = with_plain_separators(path);
    std::string_view left = plain;
    while (!left.empty()) {
        const auto end = std::min(left.find('/'), left.size());
        const auto segment = left.substr(0, end);
        if (segment.substr(0, segment.find(';')) == "..") {
            return true;
        }
        left.remove_prefix(std::min(end + 1, left.size()));
    }
    return false;
}

http::Headers forwarded_answer(http::Headers headers, bool upgrade)
{
    const auto found = headers.find("Upgrade");
    std::string protocol(upgrade && found ? *found : "");
    const HopByHop of_hop(headers);
    headers.remove_if([&](const http::Headers::Field& field) { return of_hop.has(field.first); });
    if (!protocol.empty()) {
        headers.add("Upgrade", std::move(protocol));
        headers.add("Connection", "upgrade");
    }
    return headers;
}

}  // namespace edge
