#include "http/message.h"

#include "base/ascii.h"

#include <algorithm>

namespace http {

namespace {

// RFC 9110 15.
constexpr std::pair<int, std::string_view> phrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {508, "Loop Detected"},
};

}  // namespace

bool same_name(std::string_view a, std::string_view b)
{
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i] && base::to_lower(a[i]) != base::to_lower(b[i])) {
            return false;
        }
    }
    return true;
}

void Headers::lower_names()
{
    for (auto& [name, value] : fields_) {
        std::ranges::transform(name, name.begin(), [](char c) { return base::to_lower(c); });
    }
}

std::optional<std::string_view> Headers::find(std::string_view name) const
{
    const auto found =
        std::ranges::find_if(fields_, [&](const Field& field) { return same_name(field.first, name); });
    if (found == fields_.end()) {
        return std::nullopt;
    }
    return found->second;
}

void Headers::set(std::string_view name, std::string value)
{
    remove(name);
    fields_.emplace_back(name, std::move(value));
}

void Headers::remove(std::string_view name)
{
    std::erase_if(fields_, [&](const Field& field) { return same_name(field.first, name); });
}

std::string_view RequestHead::query() const
{
    const auto mark = target.find('?');
    return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string_view RequestHead::host() const
{
    const std::string_view text = authority;
    if (text.starts_with('[')) {
        return text.substr(0,
                           std::min(text.find(']'), text.size() - 1) + 1);  // IPv6 literal, with its brackets
    }
    return text.substr(0, text.find(':'));
}

std::string_view reason_phrase(int status)
{
    const auto* found = std::ranges::find(phrases, status, &std::pair<int, std::string_view>::first);
    return found == std::end(phrases) ? "Unknown" : found->second;
}

}  // namespace http
