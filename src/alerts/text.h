// What people read: one line with what and until when, then who must do what. Pure; plain text, UTF-8.
#pragma once

#include "alerts/rules.h"

#include <string>
#include <string_view>
#include <vector>

namespace alerts {

struct Text {
    std::string summary;  // of one line
    std::string body;     // lines ended by '\n'
};

// How an alert is told.
enum class Telling { opened, reminder, resolved };
// Why it is over: what was wrong is mended, or nobody watches its subject any more.
enum class Ending { mended, removed, suspended, transferred };
std::string_view to_string(Ending ending);

struct TextFacts {
    Telling telling = Telling::opened;
    Ending ending = Ending::mended;      // of what is over
    bool to_customer = false;            // the reader is the tenant whose name it is
    std::string link{};                  // where more is shown; see Options::link
    std::vector<std::string> records{};  // of DNS that are not as they should be, a line each
    base::Time now{};
};

Text text_of(const model::Alert& alert, const TextFacts& facts);
// Of many alerts with one reason; `all`: how many there are, of which `alerts` are the first.
Text text_of(const std::vector<model::Alert>& alerts, std::size_t all, const TextFacts& facts);
Text text_of(const model::Event& event);
Text text_of_test(const model::Channel& channel, base::Time now);

// The mail that asks a tenant's address whether it wants what comes.
Text text_of_confirmation(const model::Channel& channel, const std::string& code);

// Options::link with what it names filled in.
std::string link_to(std::string form, const model::Alert& alert);
// A name as people know it, with the form that DNS knows where they differ.
std::string both_forms(const std::string& name);
// "2027-01-03 12:00 UTC (in 12 days)".
std::string moment(base::Time time, base::Time now);

}  // namespace alerts
