// Faults: what goes wrong at our CA, by script. Rules meet single steps; behaviour holds for all; an outage
// holds for a time; renewal windows are told per certificate.
//
// A rule as JSON, every member optional:
//     {"step": "new_order", "identifier": "shop.test", "account": "<id>", "skip": 1, "times": 2, "percent":
//     100,
//      "delay_ms": 200, "problem": "rateLimited", "status": 429, "detail": "...", "retry_after": 30,
//      "page": "<html>...", "redirect": "https://...", "cut": true, "lose_reply": true, "truncate": true,
//      "content_type": "text/html"}
// "identifier" is one exactly, or ".shop.test" for all below it. Of the rules that meet a step, the first
// that is not used up decides; delays add up. Steps are those of `Step`; without one, every request is met.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "relay/problem.h"

#include <boost/describe/enum.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relay {

// `validation` is the outcome of a challenge, `issuance` that of an order; the others are requests.
BOOST_DEFINE_ENUM_CLASS(Step, directory, new_nonce, new_account, account, key_change, new_order, orders,
                        order, authorization, challenge, finalize, certificate, revoke, renewal_info, unpause,
                        unknown, validation, issuance)

// What becomes of an answer on its way; the request has its effect.
struct Delivery {
    bool lost = false;         // the connection ends without it
    bool truncated = false;    // the connection ends in the middle of its body
    std::string content_type;  // instead of its own; empty: its own

    bool whole() const { return !lost && !truncated && content_type.empty(); }
};

struct FaultRule {
    std::string id;
    std::optional<Step> step;
    std::string identifier;
    std::string account;
    std::int64_t skip = 0;    // so many times nothing happens first
    std::int64_t times = -1;  // then so many times it does; -1: for ever
    int percent = 100;
    std::chrono::milliseconds delay{0};
    Problem problem;  // may be none
    Delivery delivery;

    static base::Result<FaultRule> parse(const boost::json::object& object);
    boost::json::object to_json() const;
};

// Holds until it is changed.
struct Behaviour {
    int bad_nonce_percent = 0;             // of good nonces, refused
    std::chrono::milliseconds latency{0};  // of every answer
    std::chrono::milliseconds validation_delay{0};
    std::chrono::milliseconds issuance_delay{0};
    std::int64_t processing_polls = 0;  // an issued order says `processing` for so many more polls
    std::chrono::milliseconds finalize_wait{
        5'000};                                   // finalize answers `processing` when issuing takes longer
    std::chrono::seconds poll_after{1};           // Retry-After of what is unfinished; 0: none
    bool retry_as_date = false;                   // Retry-After as an HTTP date
    std::chrono::seconds renewal_poll{6 * 3600};  // Retry-After of renewal information
    bool pre_approved = false;                    // authorizations are valid from the start
    bool reuse_authorizations = true;
    bool reuse_orders = true;

    // Changes what `object` names.
    base::Result<> apply(const boost::json::object& object);
    boost::json::object to_json() const;
};

// Connections are refused (nobody listens), cut once they are made, or made and never answered; or requests
// get a problem or a page.
BOOST_DEFINE_ENUM_CLASS(OutageKind, refuse, cut, silent, unavailable, page)

struct Outage {
    OutageKind kind = OutageKind::unavailable;
    base::Time from{};
    base::Time until{};
    std::optional<std::chrono::seconds> retry_after;

    static base::Result<Outage> parse(const boost::json::object& object, base::Time now);
};

// RFC 9773 4.2. `raw` is sent as it is, whatever it is.
struct RenewalWindow {
    base::Time start{};
    base::Time end{};
    std::string explanation_url;
    std::optional<std::chrono::seconds> retry_after;
    std::optional<std::string> raw;

    static base::Result<RenewalWindow> parse(const boost::json::object& object);
};

// Runs on one executor: no locks.
class Faults {
public:
    Behaviour behaviour;

    // Returns its id.
    std::string add(FaultRule rule);
    bool remove(const std::string& id);
    void clear() { rules_.clear(); }
    const std::vector<FaultRule>& rules() const { return rules_; }

    struct Verdict {
        Problem problem;
        Delivery delivery;
        std::chrono::milliseconds delay{0};
    };
    // Counts as one use of the rules that meet it.
    Verdict judge(Step step, const std::vector<std::string>& identifiers, const std::string& account);

    void add_outage(Outage outage) { outages_.push_back(outage); }
    void end_outages() { outages_.clear(); }
    // What every request gets now; none: no outage. For those kinds that end connections: cut.
    Problem outage(base::Time now) const;
    std::optional<OutageKind> outage_kind(base::Time now) const;

    // For the certificate with that ARI id; "*": all others.
    void set_window(const std::string& ari_id, RenewalWindow window) { windows_[ari_id] = std::move(window); }
    void clear_windows() { windows_.clear(); }
    const RenewalWindow* window(const std::string& ari_id) const;

    // True for a share of calls.
    static bool chance(int percent);

private:
    const Outage* current(base::Time now) const;

    std::vector<FaultRule> rules_;
    std::vector<Outage> outages_;
    std::map<std::string, RenewalWindow> windows_;
};

// Reads {"behaviour": {...}, "rules": [...], "outages": [...], "windows": {"*": {...}}}.
base::Result<> apply_script(Faults& faults, const boost::json::object& script, base::Time now);

}  // namespace relay
