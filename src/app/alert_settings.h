// What an operator can choose of alerts.
#pragma once

#include "alerts/options.h"
#include "base/config.h"
#include "http/mail_sender.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace app {

struct AlertSettings {
    std::vector<std::string> mail;
    std::vector<std::string> support_mail;
    std::vector<std::string> exec;  // "name=program argument ..."
    std::string smtp;
    std::string smtp_user;
    std::string smtp_password_file;
    std::string smtp_trust;
    bool smtp_secure = true;
    std::string mail_from;
    std::string webhook_trust;
    std::string link;  // with {alert}, {name} and {tenant}
    std::int64_t expiring_percent = 20;
    std::int64_t critical_percent = 7;
    std::chrono::milliseconds gather{30'000};
    std::chrono::milliseconds error_interval{3'600'000};
    std::chrono::milliseconds expiry_interval{86'400'000};
    std::chrono::milliseconds remind_interval{86'400'000};
    std::chrono::milliseconds edge_silent{300'000};
    std::chrono::milliseconds give_up{3 * 86'400'000};
    std::int64_t group_over = 5;
    std::int64_t channels_per_tenant = 10;
};

// The variables of `settings` outlive the table.
void add_alert_fields(base::ConfigTable& table, AlertSettings& settings);
// What only makes sense together, a line each.
std::vector<std::string> alert_problems(const AlertSettings& settings);

alerts::Options alert_options(const AlertSettings& settings, const std::string& domain,
                              const std::string& node);
// Reads the password's file. Errors: password_unreadable.
base::Result<http::MailServer> mail_server(const AlertSettings& settings);

}  // namespace app
