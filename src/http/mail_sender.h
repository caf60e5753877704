// MailSender: hands mails to an SMTP server (RFC 5321), on libcurl driven by our loop.
#pragma once

#include "base/task.h"

#include <chrono>
#include <memory>
#include <string>

namespace http {

struct MailServer {
    std::string url;         // smtp://host[:25], made secure by STARTTLS; smtps://host[:465]
    std::string user;        // empty: no authentication
    std::string password;    // never sent over an open connection
    std::string trust_file;  // PEM added to the system's roots
    std::string helo;        // what we call ourselves; empty: the name of the machine
    // Over smtp:// a server that does not offer STARTTLS is refused. Without it mails, but never passwords,
    // go in the clear.
    bool secure = true;
    std::chrono::milliseconds limit{60'000};  // for the whole conversation
};

struct Mail {
    std::string from;     // the envelope's address
    std::string to;       // one address, so that a refused one holds up nobody else
    std::string message;  // header fields, an empty line and the text, lines ended by CRLF (RFC 5322)
};

// Runs on one executor: no locks. Destroying it cancels what is in flight.
class MailSender {
public:
    virtual ~MailSender() = default;
    // The server took the mail when this returns. Fails with unavailable (cannot connect, TLS, a refusal for
    // now), invalid (a refusal for good; code mail_refused), unauthorized (code mail_login), or timeout.
    virtual base::Task<> send(Mail mail) = 0;
};

std::unique_ptr<MailSender> make_mail_sender(boost::asio::any_io_executor executor, MailServer server);

// An address that SMTP takes as it is: one '@', printable ASCII, no blanks, quotes or angle brackets.
bool is_mail_address(std::string_view text);

}  // namespace http
