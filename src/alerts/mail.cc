#include "alerts/mail.h"

#include "base/bytes.h"
#include "http/mail_sender.h"
#include "model/domain_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace alerts {

namespace {

bool plain(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 127; });
}

// The longest beginning of `text` of at most `most` bytes that ends between two characters of UTF-8.
std::size_t whole_characters(std::string_view text, std::size_t most)
{
    if (text.size() <= most) {
        return text.size();
    }
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return end == 0 ? most : end;
}

std::string encoded_words(std::string_view text)
{
    constexpr std::size_t bytes_a_word = 42;  // 56 characters of base64 in a word of 68
    std::string made;
    while (!text.empty()) {
        const auto piece = text.substr(0, whole_characters(text, bytes_a_word));
        text.remove_prefix(piece.size());
        made += fmt::format("{}=?UTF-8?B?{}?=", made.empty() ? "" : "\r\n ",
                            base::to_base64(base::as_bytes(piece)));
    }
    return made;
}

std::string folded(std::string_view text)
{
    constexpr std::size_t width = 66;
    std::string made;
    std::size_t column = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at + 1), text.size());
        const auto word = text.substr(at, end - at);
        if (column > 0 && column + word.size() > width) {
            made += "\r\n";
            column = 0;
        }
        made += word;  // begins with the blank that the fold keeps
        column += word.size();
        at = end;
    }
    return made;
}

std::string one_line(std::string_view text)
{
    std::string made(text);
    std::ranges::replace_if(made, [](char c) { return (c >= 0 && c < ' ') || c == 127; }, ' ');
    return made;
}

}  // namespace

std::string mail_date(base::Time time)
{
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::weekday weekday(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", days[weekday.c_encoding()],
                       static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                       clock.seconds().count());
}

std::string mail_header_text(std::string_view text)
{
    const auto line = one_line(text);
    return plain(line) && !line.contains("=?") ? folded(line) : encoded_words(line);
}

std::string quoted_printable(std::string_view text)
{
    constexpr std::size_t width = 75;
    std::string made;
    std::size_t column = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\n') {
            made += "\r\n";
            column = 0;
            continue;
        }
        const bool at_end = at + 1 == text.size() || text[at + 1] == '\n';
        const bool literal = (c > ' ' && c < 127 && c != '=') || (c == ' ' && !at_end);
        const auto piece =
            literal ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c));
        if (column + piece.size() > width) {
            made += "=\r\n";
            column = 0;
        }
        made += piece;
        column += piece.size();
    }
    return made;
}

std::string mail_message(const MailFields& fields)
{
    std::string made;
    const auto add = [&](std::string_view name, std::string_view value) {
        made += fmt::format("{}: {}\r\n", name, value);
    };
    add("Date", mail_date(fields.date));
    add("From", fmt::format("certwright <{}>", fields.from));
    add("To", fmt::format("<{}>", fields.to));
    add("Subject", mail_header_text(fields.subject));
    add("Message-ID", fmt::format("<{}>", fields.id));
    if (!fields.thread.empty() && fields.thread != fields.id) {
        add("In-Reply-To", fmt::format("<{}>", fields.thread));
        add("References", fmt::format("<{}>", fields.thread));
    }
    add("Auto-Submitted", "auto-generated");  // RFC 3834: no holiday replies
    for (const auto& [name, value] : fields.extra) {
        add(name, one_line(value));
    }
    add("MIME-Version", "1.0");
    add("Content-Type", "text/plain; charset=utf-8");
    add("Content-Transfer-Encoding", "quoted-printable");
    return made + "\r\n" + quoted_printable(fields.text) + (fields.text.ends_with('\n') ? "" : "\r\n");
}

std::string mail_address(std::string_view text)
{
    const auto at = text.rfind('@');
    if (at == std::string_view::npos) {
        return {};
    }
    const auto domain = model::DomainName::parse(text.substr(at + 1));
    if (!domain || domain->wildcard()) {
        return {};
    }
    auto made = std::string(text.substr(0, at + 1)) + domain->text();
    return http::is_mail_address(made) ? made : std::string();
}

}  // namespace alerts
