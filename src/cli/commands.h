// The nouns and their verbs. Internal to cli/.
#pragma once

#include "cli/console.h"

#include <CLI/CLI.hpp>

namespace cli {

void add_endpoint_commands(CLI::App& app, Console& console);
void add_endpoint_lifecycle_commands(CLI::App& noun, Console& console);  // more verbs of endpoint
void add_redirect_commands(CLI::App& app, Console& console);
void add_certificate_commands(CLI::App& app, Console& console);
void add_access_commands(CLI::App& app, Console& console);  // token, tenant
void add_alert_commands(CLI::App& app, Console& console);   // alert, channel
void add_pool_commands(CLI::App& app, Console& console);
void add_dashboard_command(CLI::App& app, Console& console);
void add_group_commands(CLI::App& app, Console& console);
void add_zone_commands(CLI::App& app, Console& console);
void add_record_commands(CLI::App& app, Console& console);
void add_overview_commands(CLI::App& app, Console& console);  // status, doctor, ca, edge, event
void add_edge_commands(CLI::App& app, Console& console);
void add_doctor_command(CLI::App& app, Console& console);

// Below `ca`: limits, set-limit, reset-limit.
void add_limit_commands(CLI::App& noun, Console& console);

// Below `ca`: everything about accounts.
void add_ca_verbs(CLI::App& noun, Console& console);

// A noun, which wants one verb.
CLI::App& add_noun(CLI::App& app, const std::string& name, const std::string& description);
// A verb below `noun`; its examples stand at the end of its help.
CLI::App& add_verb(CLI::App& noun, const std::string& name, const std::string& description,
                   const std::string& examples);

}  // namespace cli
