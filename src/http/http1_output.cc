#include "http/http1_output.h"

#include "http/date.h"
#include "http/syntax.h"

#include <fmt/format.h>

namespace http {

namespace {

// Fields that speak of one connection; the writer makes its own (RFC 9110 7.6.1).
bool is_hop_by_hop(std::string_view name)
{
    switch (name.size()) {
        case 2:
            return same_name(name, "te");
        case 7:
            return same_name(name, "upgrade");
        case 10:
            return same_name(name, "connection") || same_name(name, "keep-alive");
        case 16:
            return same_name(name, "proxy-connection");
        case 17:
            return same_name(name, "transfer-encoding");
        default:
            return false;
    }
}

// The fields that Connection names are of the hop too.
bool is_nominated(const Headers& headers, std::string_view name)
{
    for (const auto& [field, value] : headers.fields()) {
        if (field.size() == 10 && same_name(field, "connection") && list_has(value, name)) {
            return true;
        }
    }
    return false;
}

void append_status_line(std::string& out, int status)
{
    out += "HTTP/1.1 ";
    out += fmt::format_int(status).c_str();
    out += ' ';
    out += reason_phrase(status);
    out += "\r\n";
}

void append_framing(std::string& out, OutputFraming framing)
{
    switch (framing.kind) {
        case OutputFraming::Kind::none:
            break;
        case OutputFraming::Kind::length:
            out += "Content-Length: ";
            out += fmt::format_int(framing.length).c_str();
            out += "\r\n";
            break;
        case OutputFraming::Kind::chunked:
            out += "Transfer-Encoding: chunked\r\n";
            break;
    }
}

void append_persistence(std::string& out, Persistence persistence)
{
    switch (persistence) {
        case Persistence::implied:
            break;
        case Persistence::keep_alive:
            out += "Connection: keep-alive\r\n";
            break;
        case Persistence::close:
            out += "Connection: close\r\n";
            break;
        case Persistence::upgrade:
            out += "Connection: Upgrade\r\n";
            break;
    }
}

bool append_field(std::string& out, const Headers::Field& field)
{
    const auto& [name, value] = field;
    if (!is_token(name) || !is_field_value(value)) {
        return false;
    }
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
    return true;
}

// Content-Length is left out unless `keep_length`: a HEAD or 304 answer that says how long the body would be.
bool append_fields(std::string& out, const Headers& headers, Persistence persistence, bool keep_length)
{
    const bool nominates = headers.contains("connection");
    for (const auto& field : headers.fields()) {
        const std::string_view name = field.first;
        const bool upgrade =
            persistence == Persistence::upgrade && name.size() == 7 && same_name(name, "upgrade");
        if (!upgrade && (is_hop_by_hop(name) || (nominates && is_nominated(headers, name)))) {
            continue;
        }
        if (!keep_length && name.size() == 14 && same_name(name, "content-length")) {
            continue;
        }
        if (!append_field(out, field)) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool append_interim_head(std::string& out, const ResponseHead& head)
{
    const auto before = out.size();
    append_status_line(out, head.status);
    if (!append_fields(out, head.headers, Persistence::implied, false)) {
        out.resize(before);
        return false;
    }
    out += "\r\n";
    return true;
}

bool append_response_head(std::string& out, const ResponseHead& head, OutputFraming framing,
                          Persistence persistence)
{
    const auto before = out.size();
    append_status_line(out, head.status);
    const bool keep_length =
        framing.kind == OutputFraming::Kind::none && head.status >= 200 && head.status != 204;
    if (!append_fields(out, head.headers, persistence, keep_length)) {
        out.resize(before);
        return false;
    }
    if (!head.headers.contains("date")) {
        out += "Date: ";
        out += http_date_now();
        out += "\r\n";
    }
    append_framing(out, framing);
    append_persistence(out, persistence);
    out += "\r\n";
    return true;
}

bool append_request_head(std::string& out, const RequestHead& head, OutputFraming framing,
                         Persistence persistence)
{
    const auto before = out.size();
    if (!is_token(head.method) || !is_target(head.target) || !is_field_value(head.authority)) {
        return false;
    }
    out += head.method;
    out += ' ';
    out += head.target;
    out += " HTTP/1.1\r\nHost: ";
    out += head.authority;
    out += "\r\n";
    const bool nominates = head.headers.contains("connection");
    for (const auto& field : head.headers.fields()) {
        const std::string_view name = field.first;
        const bool upgrade =
            persistence == Persistence::upgrade && name.size() == 7 && same_name(name, "upgrade");
        const bool own = (name.size() == 4 && same_name(name, "host")) ||
                         (name.size() == 14 && same_name(name, "content-length"));
        const bool of_hop = is_hop_by_hop(name) || (nominates && is_nominated(head.headers, name));
        if (own || (of_hop && !upgrade)) {
            continue;
        }
        if (!append_field(out, field)) {
            out.resize(before);
            return false;
        }
    }
    append_framing(out, framing);
    append_persistence(out, persistence);
    out += "\r\n";
    return true;
}

bool append_trailers(std::string& out, const Headers& trailers)
{
    const auto before = out.size();
    out += "0\r\n";
    for (const auto& field : trailers.fields()) {
        if (!append_field(out, field)) {
            out.resize(before);
            return false;
        }
    }
    out += "\r\n";
    return true;
}

void append_chunk_size(std::string& out, std::size_t size)
{
    fmt::format_to(std::back_inserter(out), "{:x}\r\n", size);
}

}  // namespace http
