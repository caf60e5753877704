#include "http/mail_sender.h"

#include "http/client_flights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace http {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds longest_connect{15'000};

template <class T>
void set(CURL* easy, CURLoption option, T value)
{
    curl_easy_setopt(easy, option, value);
}

// What coroutines keep alive although the sender may be gone by the time they unwind.
struct Shared {
    Shared(asio::any_io_executor executor, MailServer s)
        : server(std::move(s)), flights(std::make_shared<Flights>(std::move(executor)))
    {
    }

    MailServer server;
    std::shared_ptr<Flights> flights;
};

// One conversation with the server. Must stay in its place while the loop works on it.
class Conversation {
public:
    Conversation(Mail mail, const MailServer& server)
        : mail_(std::move(mail)), server_(server), easy_(curl_easy_init())
    {
        if (easy_ == nullptr) {
            throw std::bad_alloc();
        }
    }
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;
    ~Conversation()
    {
        curl_easy_cleanup(easy_);
        curl_slist_free_all(recipients_);
    }

    CURL* easy() const { return easy_; }
    base::Result<> prepare();
    base::Result<> outcome(CURLcode result) const;

private:
    static std::size_t on_read(char* to, std::size_t size, std::size_t count, void* self);
    void set_security();

    Mail mail_;
    const MailServer& server_;
    CURL* easy_;
    curl_slist* recipients_ = nullptr;
    std::string url_;
    std::array<char, CURL_ERROR_SIZE> explanation_{};
    std::size_t sent_ = 0;
};

base::Result<> Conversation::prepare()
{
    if (!is_mail_address(mail_.from) || !is_mail_address(mail_.to)) {
        return base::fail(base::Error(base::Errc::invalid,
                                      fmt::format("'{}' or '{}' is no mail address", mail_.from, mail_.to))
                              .with_code("mail_address_invalid"));
    }
    recipients_ = curl_slist_append(nullptr, mail_.to.c_str());
    if (recipients_ == nullptr) {
        throw std::bad_alloc();
    }
    url_ = server_.url + (server_.helo.empty() ? "" : "/" + server_.helo);
    set(easy_, CURLOPT_URL, url_.c_str());
    set(easy_, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(easy_, CURLOPT_MAIL_FROM, mail_.from.c_str());
    set(easy_, CURLOPT_MAIL_RCPT, recipients_);
    set(easy_, CURLOPT_UPLOAD, 1L);
    set(easy_, CURLOPT_READFUNCTION, &Conversation::on_read);
    set(easy_, CURLOPT_READDATA, static_cast<void*>(this));
    set(easy_, CURLOPT_NOSIGNAL, 1L);
    set(easy_, CURLOPT_QUICK_EXIT, 1L);
    set(easy_, CURLOPT_PROXY, "");  // Proxies of the environment are for the web.
    set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(server_.limit.count()));
    set(easy_, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min(server_.limit, longest_connect).count()));
    set(easy_, CURLOPT_ERRORBUFFER, explanation_.data());
    set_security();
    return {};
}

void Conversation::set_security()
{
    // A password makes TLS a must: libcurl would send it to a server that merely offers no STARTTLS.
    const bool must = server_.secure || !server_.user.empty();
    set(easy_, CURLOPT_USE_SSL, static_cast<long>(must ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    if (!server_.user.empty()) {
        set(easy_, CURLOPT_USERNAME, server_.user.c_str());
        set(easy_, CURLOPT_PASSWORD, server_.password.c_str());
    }
    if (!server_.trust_file.empty()) {
        set(easy_, CURLOPT_CAINFO, server_.trust_file.c_str());
        const auto* version = curl_version_info(CURLVERSION_NOW);
        if (version->capath != nullptr) {
            set(easy_, CURLOPT_CAPATH, version->capath);
        }
    }
}

std::size_t Conversation::on_read(char* to, std::size_t size, std::size_t count, void* self)
{
    auto* conversation = static_cast<Conversation*>(self);
    const auto& message = conversation->mail_.message;
    const auto piece = std::min(size * count, message.size() - conversation->sent_);
    std::memcpy(to, message.data() + conversation->sent_, piece);
    conversation->sent_ += piece;
    return piece;
}

base::Result<> Conversation::outcome(CURLcode result) const
{
    if (result == CURLE_OK) {
        return {};
    }
    long reply = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &reply);
    const std::string why = explanation_[0] != '\0' ? explanation_.data() : curl_easy_strerror(result);
    const auto told = fmt::format("{}: {}{}", server_.url, why,
                                  reply >= 400 ? fmt::format(" (the server said {})", reply) : "");
    if (result == CURLE_OPERATION_TIMEDOUT) {
        return base::fail(base::Errc::timeout, told);
    }
    if (result == CURLE_LOGIN_DENIED) {
        return base::fail(base::Error(base::Errc::unauthorized, told)
                              .with_code("mail_login")
                              .with_fix("Check alerts.smtp_user and the file with its password."));
    }
    if (result == CURLE_USE_SSL_FAILED) {
        return base::fail(
            base::Error(base::Errc::unavailable, told)
                .with_code("mail_not_secure")
                .with_fix("The server offers no STARTTLS: use smtps://, or alerts.smtp_secure = "
                          "false for a server on this machine."));
    }
    if (result == CURLE_PEER_FAILED_VERIFICATION) {
        return base::fail(base::Error(base::Errc::unavailable, told)
                              .with_code("tls_untrusted")
                              .with_fix("If the mail server has a private CA, give its root as "
                                        "alerts.smtp_trust."));
    }
    if (reply >= 500) {
        return base::fail(base::Error(base::Errc::invalid, told).with_code("mail_refused"));
    }
    return base::fail(base::Errc::unavailable, told);
}

base::Task<> send_with(std::shared_ptr<Shared> shared, Mail mail)
{
    Conversation conversation(std::move(mail), shared->server);
    CO_CHECKED(conversation.prepare());
    CO_TRY(result, co_await Flights::fly(shared->flights, conversation.easy()));
    co_return conversation.outcome(result);
}

class CurlMailSender final : public MailSender {
public:
    CurlMailSender(asio::any_io_executor executor, MailServer server)
        : shared_(std::make_shared<Shared>(std::move(executor), std::move(server)))
    {
    }
    CurlMailSender(const CurlMailSender&) = delete;
    CurlMailSender& operator=(const CurlMailSender&) = delete;
    ~CurlMailSender() override { shared_->flights->close(); }

    base::Task<> send(Mail mail) override { return send_with(shared_, std::move(mail)); }

private:
    std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<MailSender> make_mail_sender(asio::any_io_executor executor, MailServer server)
{
    return std::make_unique<CurlMailSender>(std::move(executor), std::move(server));
}

bool is_mail_address(std::string_view text)
{
    const auto at = text.find('@');
    return text.size() <= 254 && at != std::string_view::npos && at > 0 && at <= 64 && at + 1 < text.size() &&
           text.find('@', at + 1) == std::string_view::npos && text.front() != '-' &&
           std::ranges::all_of(text, [](char c) {
               return c > ' ' && c < 127 && !std::string_view("\"<>(),;:\\[]").contains(c);
           });
}

}  // namespace http
