// Mails as SMTP takes them (RFC 5322, 2045, 2047): ASCII header fields, UTF-8 text in quoted-printable.
#pragma once

#include "base/clock.h"

#include <string>
#include <string_view>
#include <vector>

namespace alerts {

struct MailFields {
    std::string from;
    std::string to;
    std::string subject;
    std::string text;    // lines ended by '\n'
    std::string id;      // of this mail, without "<>": the same in every attempt
    std::string thread;  // id of the mail that began the thread; empty, or `id` itself: it begins one
    base::Time date{};
    std::vector<std::pair<std::string, std::string>> extra;  // "X-..." fields, ASCII
};

// Lines end in CRLF.
std::string mail_message(const MailFields& fields);

// RFC 5322 3.3, in UTC: "Sun, 03 Jan 2027 12:00:00 +0000".
std::string mail_date(base::Time time);
// An unstructured header field's value, folded, with encoded words where it is not ASCII (RFC 2047).
std::string mail_header_text(std::string_view text);
std::string quoted_printable(std::string_view text);

// The address with its domain as A-labels; empty when it is no address.
std::string mail_address(std::string_view text);

}  // namespace alerts
