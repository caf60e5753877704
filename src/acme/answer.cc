#include "acme/answer.h"

#include "acme/parse.h"
#include "http/syntax.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

namespace acme {

namespace {

constexpr std::chrono::seconds longest_wait = std::chrono::days(30);
constexpr std::size_t longest_text = 1000;

// RFC 9110 5.6.7.
std::optional<base::Time> parse_http_date(const std::string& text)
{
    for (const char* format :
         {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
        std::tm parts{};
        const char* end = ::strptime(text.c_str(), format, &parts);
        if (end != nullptr && *end == '\0') {
            return base::Time(std::chrono::seconds(timegm(&parts)));
        }
    }
    return std::nullopt;
}

// The value of rel in the parameters of a link: one token, or several in quotes.
bool has_relation(std::string_view parameters, std::string_view relation)
{
    while (!parameters.empty()) {
        const auto end = std::min(parameters.find(';'), parameters.size());
        const auto parameter = http::trim(parameters.substr(0, end));
        parameters.remove_prefix(std::min(end + 1, parameters.size()));
        const auto equals = parameter.find('=');
        if (equals == std::string_view::npos ||
            !http::same_name(http::trim(parameter.substr(0, equals)), "rel")) {
            continue;
        }
        const auto value = " " + std::string(http::trim(parameter.substr(equals + 1))) + " ";
        auto plain = value;
        std::ranges::replace(plain, '"', ' ');
        return plain.contains(" " + std::string(relation) + " ");
    }
    return false;
}

// For logs and people: one line without control characters, of bounded length.
std::string printable(std::string_view text)
{
    std::string line;
    for (const char c : text.substr(0, longest_text)) {
        const bool blank = (c >= 0 && c <= ' ') || c == 127;
        if (!blank) {
            line += c;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    return line;
}

// What an HTML page says, without its markup.
std::string page_text(std::string_view body)
{
    constexpr std::size_t enough = 120;
    std::string text;
    bool markup = false;
    for (const char c : body.substr(0, 4096)) {
        markup = markup || c == '<';
        if (!markup) {
            text += c;
        }
        if (c == '>') {
            markup = false;
            text += ' ';
        }
    }
    return printable(text).substr(0, enough);
}

std::string sentence(const Problem& problem)
{
    std::string text = problem.detail.empty() ? "the CA gave no detail" : problem.detail;
    std::string separator = " (";
    for (const auto& sub : problem.subproblems) {
        text += fmt::format("{}{}: {}", separator, sub.identifier.value,
                            sub.detail.empty() ? sub.type : sub.detail);
        separator = "; ";
    }
    if (!problem.subproblems.empty()) {
        text += ")";
    }
    return printable(text);
}

base::Errc kind_of(int status, const std::string& type)
{
    if (status == 429 || type == "rateLimited") {
        return base::Errc::rate_limited;
    }
    if (status >= 500 || type == "serverInternal") {
        return base::Errc::unavailable;
    }
    if (status == 404 || type == "accountDoesNotExist") {
        return base::Errc::not_found;
    }
    if (status == 409 || type == "alreadyReplaced") {
        return base::Errc::conflict;
    }
    if (status == 401 || type == "unauthorized" || type == "externalAccountRequired" ||
        type == "userActionRequired") {
        return base::Errc::unauthorized;
    }
    return base::Errc::invalid;
}

// A load balancer that takes no more for a while (ca-facts 1.3): the CA itself is well.
bool is_busy(const http::ClientResponse& answer)
{
    return answer.status == 503 && answer.headers.contains("Retry-After");
}

std::string fallback_type(int status)
{
    if (status == 429) {
        return "rateLimited";
    }
    // What stands before the CA got no answer of it: the request may have had its effect.
    if (status == 502 || status == 504) {
        return "gateway";
    }
    return status >= 500 ? "serverInternal" : "malformed";
}

std::string url_in(const std::string& detail)
{
    const auto at = detail.find("https://");
    return at == std::string::npos ? std::string() : detail.substr(at, detail.find_first_of(" \n", at) - at);
}

// Let's Encrypt pauses names that failed for months: no waiting helps, a person must follow the link.
bool is_paused(const http::ClientResponse& answer, const Problem& problem)
{
    const auto url = url_in(problem.detail);
    return answer.status == 429 && !answer.headers.contains("Retry-After") &&
           (url.contains("unpause") || url.contains("jwt="));
}

std::string fix_of(const Problem& problem)
{
    if (problem.type == "externalAccountRequired") {
        return "Get a key id and an HMAC key from the CA's web site and set them for this CA account.";
    }
    if (problem.type == "userActionRequired") {
        return "Open " + printable(problem.instance) + " and do what the CA asks for.";
    }
    if (problem.type == "accountDoesNotExist") {
        return "Register the account at this CA.";
    }
    return {};
}

}  // namespace

std::optional<std::chrono::seconds> retry_after(const http::Headers& headers, base::Time now)
{
    const auto field = headers.find("Retry-After");
    if (!field) {
        return std::nullopt;
    }
    const std::string text(http::trim(*field));
    long long seconds = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool whole = !text.empty() && parsed.ptr == text.data() + text.size();
    if (whole && parsed.ec == std::errc::result_out_of_range) {
        return longest_wait;
    }
    if (!whole || parsed.ec != std::errc()) {
        const auto date = parse_http_date(text);
        if (!date) {
            return std::nullopt;
        }
        seconds = std::chrono::ceil<std::chrono::seconds>(*date - now).count();
    }
    return std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(0), longest_wait);
}

std::vector<std::string> links(const http::Headers& headers, std::string_view relation)
{
    std::vector<std::string> targets;
    for (const auto& [name, value] : headers.fields()) {
        if (!http::same_name(name, "Link")) {
            continue;
        }
        std::string_view rest = value;
        for (auto open = rest.find('<'); open != std::string_view::npos; open = rest.find('<')) {
            const auto close = rest.find('>', open);
            if (close == std::string_view::npos) {
                break;
            }
            const auto target = rest.substr(open + 1, close - open - 1);
            rest.remove_prefix(close + 1);
            const auto parameters = rest.substr(0, std::min(rest.find(",<"), rest.find(", <")));
            if (has_relation(parameters, relation)) {
                targets.emplace_back(target);
            }
        }
    }
    return targets;
}

base::Error to_error(const http::ClientResponse& answer, base::Time now)
{
    if (answer.status < 400) {
        return base::Error(base::Errc::invalid,
                           fmt::format("the CA redirects to {}, which ACME does not know",
                                       printable(answer.headers.find("Location").value_or("?"))))
            .with_code("acme:badAnswer");
    }
    auto problem = parse_problem(answer.body);
    if (problem.none()) {
        problem.detail = fmt::format("the CA answered {} {}: {}", answer.status,
                                     http::reason_phrase(answer.status), page_text(answer.body));
    }
    if (problem.type.empty() || problem.type == "about:blank") {
        problem.type = is_busy(answer) ? "serverBusy" : fallback_type(answer.status);
    }
    base::Error error(kind_of(answer.status, problem.type), sentence(problem));
    if (is_paused(answer, problem)) {
        const auto fix = fmt::format("Open {} and let the CA try these names again.", url_in(problem.detail));
        return std::move(error).with_code("acme:paused").with_fix(fix);
    }
    error = std::move(error).with_code("acme:" + printable(problem.type)).with_fix(fix_of(problem));
    if (const auto wait = retry_after(answer.headers, now)) {
        error = std::move(error).with_retry_after(*wait);
    }
    return error;
}

bool is_bad_nonce(const http::ClientResponse& answer)
{
    return answer.status >= 400 && answer.status < 500 && parse_problem(answer.body).type == "badNonce";
}

}  // namespace acme
