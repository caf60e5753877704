// What an operator can choose of alerts, with its defaults.
#pragma once

#include "alerts/rules.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace alerts {

struct Options {
    std::string node;                       // this control node, as leases name it
    std::string domain;                     // the platform's; Message-IDs end in it
    std::string mail_from;                  // empty: certwright@<domain>
    bool sends_mail = true;                 // a mail server is configured
    std::string link;                       // where more is shown; {alert}, {name}, {tenant}
    std::vector<std::string> mail;          // the operators'
    std::vector<std::string> support_mail;  // for what customers must mend
    std::map<std::string, std::vector<std::string>> commands;  // of exec channels, by name

    Thresholds thresholds;
    std::chrono::milliseconds gather{30'000};             // what comes together is told together
    std::chrono::milliseconds error_interval{3'600'000};  // least time between notices of one alert
    std::chrono::milliseconds expiry_interval{86'400'000};
    std::chrono::milliseconds remind{86'400'000};  // a notice again while it lasts; 0: never
    std::chrono::milliseconds recheck{600'000};    // an open alert is looked at again
    std::chrono::milliseconds edge_silent{300'000};
    std::size_t group_over = 5;  // more of one reason for one channel within an hour become one notice
    std::chrono::milliseconds give_up{3 * 86'400'000};  // a delivery that fails is abandoned after
    std::chrono::milliseconds keep{30 * 86'400'000LL};  // what is over is forgotten after
    std::chrono::milliseconds poll{1'000};
    std::chrono::milliseconds platform_poll{60'000};
    std::int64_t channels_per_tenant = 10;
    std::chrono::milliseconds command_limit{30'000};
};

// The least time between two notices of an alert of that rule.
std::chrono::milliseconds interval_of(const Options& options, std::string_view rule);

}  // namespace alerts
