#include "app/alert_settings.h"

#include "alerts/mail.h"
#include "base/command.h"

#include <fmt/format.h>

#include <fstream>

namespace app {

namespace {

using base::Errc;
using base::fail;
using base::Result;

Result<> check_address(const std::string& text)
{
    if (alerts::mail_address(text).empty()) {
        return fail(Errc::invalid, fmt::format("'{}' is not a mail address", text));
    }
    return {};
}

Result<> check_optional_address(const std::string& text)
{
    return text.empty() ? Result<>() : check_address(text);
}

Result<> check_smtp(const std::string& text)
{
    const bool known = text.empty() || text.starts_with("smtp://") || text.starts_with("smtps://");
    const auto host = text.find("://");
    if (!known || (host != std::string::npos &&
                   (host + 3 == text.size() || text.find_first_of("/@ ?#", host + 3) != std::string::npos))) {
        return fail(Errc::invalid,
                    fmt::format("'{}' is neither smtp://host:port nor smtps://host:port", text));
    }
    return {};
}

// A name and the words of a command.
Result<std::pair<std::string, std::vector<std::string>>> parse_command(const std::string& text)
{
    const auto equals = text.find('=');
    auto name = text.substr(0, equals);
    auto words = equals == std::string::npos ? std::vector<std::string>()
                                             : base::words_of(std::string_view(text).substr(equals + 1));
    const bool named = !name.empty() && name.find_first_of(" \t/") == std::string::npos;
    if (!named || words.empty() || !words.front().starts_with('/')) {
        return fail(Errc::invalid,
                    fmt::format("'{}' is no command; write name=/full/path/of/program argument ...", text));
    }
    return std::pair(std::move(name), std::move(words));
}

Result<> check_command(const std::string& text)
{
    TRY(command, parse_command(text));
    return {};
}

Result<> check_link(const std::string& text)
{
    if (text.empty() || text.starts_with("https://") || text.starts_with("http://")) {
        return {};
    }
    return fail(Errc::invalid, fmt::format("'{}' is not a link; it begins with https://", text));
}

void add_mail_fields(base::ConfigTable& table, AlertSettings& settings)
{
    table.list("alerts.mail", settings.mail, "Mail addresses that are told what operators must mend.",
               check_address);
    table.list("alerts.support_mail", settings.support_mail,
               "Mail addresses of the support team, who are told what customers must mend.", check_address);
    table.list("alerts.exec", settings.exec,
               "Commands that are run for each notice, as name=/path/of/program argument ...; they get it as "
               "JSON on standard input. Only settable here.",
               check_command);
    table.text("alerts.smtp", settings.smtp,
               "The mail server: smtp://host:port (made secure by STARTTLS) or smtps://host:port; empty: no "
               "mail is sent.",
               check_smtp);
    table.text("alerts.smtp_user", settings.smtp_user, "The user name at the mail server; empty: none.");
    table.text("alerts.smtp_password_file", settings.smtp_password_file,
               "A file with the password at the mail server, on one line.");
    table.text("alerts.smtp_trust", settings.smtp_trust,
               "A PEM file with the root of the mail server's certificate, for private CAs.");
    table.boolean(
        "alerts.smtp_secure", settings.smtp_secure,
        "Refuse a mail server at smtp:// that does not offer STARTTLS; false for one on this machine.");
    table.text("alerts.mail_from", settings.mail_from, "The sender of mails; empty: certwright@<domain>.",
               check_optional_address);
    table.text("alerts.webhook_trust", settings.webhook_trust,
               "A PEM file with the root of the operator's own webhook receivers, for private CAs.");
    table.text(
        "alerts.link", settings.link,
        "A link in notices to where you show more, e.g. https://panel.example.com/alerts/{alert}; {alert}, "
        "{name} and {tenant} are replaced; empty: none.",
        check_link);
}

}  // namespace

void add_alert_fields(base::ConfigTable& table, AlertSettings& settings)
{
    add_mail_fields(table, settings);
    table.number("alerts.expiring_percent", settings.expiring_percent, 1, 90,
                 "A certificate with less than this part of its lifetime left and no successor is an alert.");
    table.number("alerts.critical_percent", settings.critical_percent, 0, 90,
                 "The same, critical. Both are parts, since lifetimes go from days to months.");
    table.duration("alerts.gather", settings.gather,
                   "What comes within this time for one reason is told together.");
    table.duration("alerts.error_interval", settings.error_interval,
                   "The least time between notices of an error about one name.");
    table.duration("alerts.expiry_interval", settings.expiry_interval,
                   "The least time between notices of an expiry about one name.");
    table.duration("alerts.remind_interval", settings.remind_interval,
                   "An alert that lasts is told again after this time; 0s: never.");
    table.number("alerts.group_over", settings.group_over, 1, 1000,
                 "More alerts than this for one reason within the interval of errors become one notice.");
    table.duration("alerts.edge_silent", settings.edge_silent,
                   "An edge that is not heard of for this time is an alert.");
    table.duration("alerts.give_up", settings.give_up,
                   "A notice that cannot be delivered is tried this long, then abandoned.");
    table.number("tenants.channels", settings.channels_per_tenant, 0, 1000,
                 "Channels (mail addresses, webhooks) that one tenant may have.");
}

std::vector<std::string> alert_problems(const AlertSettings& settings)
{
    std::vector<std::string> problems;
    if (settings.smtp.empty() && (!settings.mail.empty() || !settings.support_mail.empty())) {
        problems.emplace_back(
            "alerts.mail: say which server takes the mail, e.g. alerts.smtp = "
            "\"smtp://mail.example.com:587\"");
    }
    if (settings.smtp_user.empty() != settings.smtp_password_file.empty()) {
        problems.emplace_back("alerts.smtp_user and alerts.smtp_password_file: give both or neither");
    }
    if (settings.critical_percent > settings.expiring_percent) {
        problems.emplace_back("alerts.critical_percent: must not be more than alerts.expiring_percent");
    }
    return problems;
}

alerts::Options alert_options(const AlertSettings& settings, const std::string& domain,
                              const std::string& node)
{
    alerts::Options options;
    options.node = node;
    options.domain = domain;
    options.mail_from = alerts::mail_address(settings.mail_from);
    options.sends_mail = !settings.smtp.empty();
    options.link = settings.link;
    options.mail = settings.mail;
    options.support_mail = settings.support_mail;
    for (const auto& text : settings.exec) {
        if (auto command = parse_command(text)) {
            options.commands.insert(std::move(*command));
        }
    }
    options.thresholds.expiring = static_cast<double>(settings.expiring_percent) / 100;
    options.thresholds.critical = static_cast<double>(settings.critical_percent) / 100;
    options.gather = settings.gather;
    options.error_interval = settings.error_interval;
    options.expiry_interval = settings.expiry_interval;
    options.remind = settings.remind_interval;
    options.edge_silent = settings.edge_silent;
    options.give_up = settings.give_up;
    options.group_over = static_cast<std::size_t>(settings.group_over);
    options.channels_per_tenant = settings.channels_per_tenant;
    return options;
}

Result<http::MailServer> mail_server(const AlertSettings& settings)
{
    http::MailServer server;
    server.url = settings.smtp;
    server.user = settings.smtp_user;
    server.trust_file = settings.smtp_trust;
    server.secure = settings.smtp_secure;
    if (!settings.smtp_password_file.empty()) {
        std::ifstream in(settings.smtp_password_file);
        if (!std::getline(in, server.password) || server.password.empty()) {
            return fail(
                base::Error(Errc::invalid, fmt::format("{} holds no password", settings.smtp_password_file))
                    .with_code("password_unreadable")
                    .with_fix("put the password of alerts.smtp_user into that file, on one line"));
        }
        if (server.password.ends_with('\r')) {
            server.password.pop_back();
        }
    }
    return server;
}

}  // namespace app
