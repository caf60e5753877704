#include "http/http1_head.h"

#include "base/ascii.h"
#include "http/syntax.h"

#include <algorithm>
#include <cstring>

namespace http {

namespace {

std::unexpected<HeadError> refuse(int status, std::string_view why)
{
    return std::unexpected(HeadError{status, why});
}

// The line up to CRLF, taken off the front. REQUIRES: `text` holds a CRLF.
std::string_view take_line(std::string_view& text)
{
    const auto end = text.find("\r\n");
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 2);
    return line;
}

// The fields that decide framing and persistence, found in one pass.
struct Control {
    std::size_t hosts = 0;
    std::size_t lengths = 0;
    std::size_t codings = 0;
    std::string_view host;
    std::string_view length;
    std::string_view coding;
    bool close = false;
    bool keep_alive = false;
    std::optional<std::string_view> expect;
};

Control read_control(const Headers& headers)
{
    Control control;
    for (const auto& [name, value] : headers.fields()) {
        switch (name.size()) {
            case 4:
                if (same_name(name, "host")) {
                    ++control.hosts;
                    control.host = value;
                }
                break;
            case 6:
                if (same_name(name, "expect")) {
                    control.expect = value;
                }
                break;
            case 10:
                if (same_name(name, "connection")) {
                    control.close = control.close || list_has(value, "close");
                    control.keep_alive = control.keep_alive || list_has(value, "keep-alive");
                }
                break;
            case 14:
                if (same_name(name, "content-length")) {
                    ++control.lengths;
                    control.length = value;
                }
                break;
            case 17:
                if (same_name(name, "transfer-encoding")) {
                    ++control.codings;
                    control.coding = value;
                }
                break;
            default:
                break;
        }
    }
    return control;
}

// RFC 9112 6.1, 6.3.
std::expected<BodyFraming, HeadError> frame(const Control& control, int version)
{
    BodyFraming framing;
    if (control.codings > 0) {
        if (control.lengths > 0) {
            return refuse(400, "both Content-Length and Transfer-Encoding");
        }
        if (version == 10) {
            return refuse(400, "Transfer-Encoding in HTTP/1.0");
        }
        if (control.codings > 1) {
            return refuse(400, "repeated Transfer-Encoding");
        }
        if (!same_name(control.coding, "chunked")) {
            const bool chunked_last = control.coding.size() > 7 &&
                                      same_name(control.coding.substr(control.coding.size() - 7), "chunked");
            return chunked_last ? refuse(501, "a transfer coding other than chunked")
                                : refuse(400, "a body without an end");
        }
        framing.kind = BodyFraming::Kind::chunked;
        return framing;
    }
    if (control.lengths > 1) {
        return refuse(400, "repeated Content-Length");
    }
    if (control.lengths == 1) {
        const auto length = parse_length(control.length);
        if (!length) {
            return refuse(400, "a Content-Length that is not a number");
        }
        framing.kind = *length == 0 ? BodyFraming::Kind::none : BodyFraming::Kind::length;
        framing.length = *length;
    }
    return framing;
}

std::expected<int, HeadError> parse_version(std::string_view text)
{
    if (text == "HTTP/1.1") {
        return 11;
    }
    if (text == "HTTP/1.0") {
        return 10;
    }
    const bool shaped = text.size() == 8 && text.starts_with("HTTP/") && text[6] == '.';
    return shaped ? refuse(505, "an HTTP version other than 1.0 and 1.1")
                  : refuse(400, "a malformed HTTP version");
}

struct Target {
    std::string_view path;
    std::optional<std::string_view> authority;  // of an absolute-form
};

// RFC 9112 3.2.
std::expected<Target, HeadError> parse_target(std::string_view method, std::string_view text)
{
    if (!is_target(text)) {
        return refuse(400, "a malformed request target");
    }
    if (method == "CONNECT") {
        return refuse(501, "CONNECT");
    }
    if (text.front() == '/' || (text == "*" && method == "OPTIONS")) {
        return Target{text, std::nullopt};
    }
    const auto scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos ||
        (!same_name(text.substr(0, scheme_end), "http") && !same_name(text.substr(0, scheme_end), "https"))) {
        return refuse(400, "a malformed request target");
    }
    const auto rest = text.substr(scheme_end + 3);
    const auto path = rest.find_first_of("/?");
    const auto authority = rest.substr(0, path);
    if (path == std::string_view::npos) {
        return Target{"/", authority};
    }
    return Target{rest.substr(path), authority};
}

std::expected<ParsedRequest, HeadError> parse_request_line(std::string_view line, Target& target)
{
    ParsedRequest request;
    const auto method_end = line.find(' ');
    const auto target_end = line.rfind(' ');
    if (method_end == std::string_view::npos || target_end == method_end) {
        return refuse(400, "a malformed request line");
    }
    const auto method = line.substr(0, method_end);
    if (!is_token(method) || method.size() > 32) {
        return refuse(400, "a malformed method");
    }
    const auto version = parse_version(line.substr(target_end + 1));
    if (!version) {
        return std::unexpected(version.error());
    }
    const auto parsed = parse_target(method, line.substr(method_end + 1, target_end - method_end - 1));
    if (!parsed) {
        return std::unexpected(parsed.error());
    }
    target = *parsed;
    request.head.method = method;
    request.head.version = *version;
    if (target.path.front() == '?') {
        request.head.target = "/";
    }
    request.head.target += target.path;
    return request;
}

std::optional<HeadError> set_authority(RequestHead& head, const Control& control, const Target& target)
{
    if (control.hosts > 1) {
        return HeadError{400, "repeated Host"};
    }
    if (control.hosts == 0 && head.version == 11) {
        return HeadError{400, "no Host"};
    }
    if (control.hosts == 1 && !is_authority(control.host)) {
        return HeadError{400, "a malformed Host"};
    }
    if (target.authority && !is_authority(*target.authority)) {
        return HeadError{400, "a malformed request target"};
    }
    head.authority = base::to_lower(target.authority.value_or(control.host));
    return std::nullopt;
}

bool forbids_body(int status)
{
    return (status >= 100 && status < 200) || status == 204 || status == 304;
}

}  // namespace

std::size_t find_head_end(std::string_view data, std::size_t seen)
{
    const auto end = data.find("\r\n\r\n", seen > 3 ? seen - 3 : 0);
    return end == std::string_view::npos ? 0 : end + 4;
}

bool has_bare_line_feed(std::string_view data)
{
    for (auto at = data.find('\n'); at != std::string_view::npos; at = data.find('\n', at + 1)) {
        if (at == 0 || data[at - 1] != '\r') {
            return true;
        }
    }
    return false;
}

std::expected<Headers, HeadError> parse_fields(std::string_view lines, std::size_t most)
{
    Headers headers;
    headers.reserve(static_cast<std::size_t>(std::ranges::count(lines, '\n')));
    std::size_t count = 0;
    while (!lines.empty()) {
        const auto line = take_line(lines);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) {
            return refuse(400, "a field line without a colon");
        }
        const auto name = line.substr(0, colon);
        const auto value = trim(line.substr(colon + 1));
        if (!is_token(name)) {
            return refuse(
                400, "a malformed field name (folded lines and spaces before the colon are not allowed)");
        }
        if (!is_field_value(value)) {
            return refuse(400, "a control character in a field value");
        }
        if (++count > most) {
            return refuse(431, "too many fields");
        }
        headers.add(std::string(name), std::string(value));
    }
    return headers;
}

std::expected<ParsedRequest, HeadError> parse_request(std::string_view head, const HeadLimits& limits)
{
    auto left = head.substr(0, head.size() - 2);
    Target target;
    auto request = parse_request_line(take_line(left), target);
    if (!request) {
        return request;
    }
    auto headers = parse_fields(left, limits.fields);
    if (!headers) {
        return std::unexpected(headers.error());
    }
    request->head.headers = std::move(*headers);
    const auto control = read_control(request->head.headers);
    if (const auto error = set_authority(request->head, control, target)) {
        return std::unexpected(*error);
    }
    const auto framing = frame(control, request->head.version);
    if (!framing) {
        return std::unexpected(framing.error());
    }
    request->body = *framing;
    request->keep_alive = !control.close && (request->head.version == 11 || control.keep_alive);
    if (control.expect && request->head.version == 11) {
        if (!same_name(*control.expect, "100-continue")) {
            return refuse(417, "an unknown expectation");
        }
        request->expects_continue = request->body.kind != BodyFraming::Kind::none;
    }
    return request;
}

std::expected<ParsedResponse, HeadError> parse_response(std::string_view head,
                                                        std::string_view request_method,
                                                        const HeadLimits& limits)
{
    auto left = head.substr(0, head.size() - 2);
    const auto line = take_line(left);
    const auto version = parse_version(line.substr(0, line.find(' ')));
    if (!version) {
        return std::unexpected(version.error());
    }
    const auto status = line.size() >= 12 ? parse_length(line.substr(9, 3)) : std::nullopt;
    if (!status || *status < 100 || line[8] != ' ' || (line.size() > 12 && line[12] != ' ') ||
        !is_field_value(line)) {
        return refuse(502, "a malformed status line");
    }
    auto headers = parse_fields(left, limits.fields);
    if (!headers) {
        return std::unexpected(headers.error());
    }
    ParsedResponse response;
    response.head.status = static_cast<int>(*status);
    response.head.headers = std::move(*headers);
    const auto control = read_control(response.head.headers);
    response.keep_alive = !control.close && (*version == 11 || control.keep_alive);
    auto framing = frame(control, *version);
    if (!framing) {
        return std::unexpected(framing.error());
    }
    if (forbids_body(response.head.status) || request_method == "HEAD") {
        return response;
    }
    if (framing->kind == BodyFraming::Kind::none && control.lengths == 0) {
        framing->kind = BodyFraming::Kind::until_close;
        response.keep_alive = false;
    }
    response.body = *framing;
    return response;
}

}  // namespace http
