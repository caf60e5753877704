// Faults as scripts write them.
#include "relay/faults.h"
#include "relay/fields.h"

#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <fmt/format.h>

namespace relay {

namespace {

namespace json = boost::json;

constexpr std::int64_t most_count = 1'000'000'000;

// The status that CAs send with a type (RFC 8555 6.7, ca-facts 1.4).
int usual_status(std::string_view type)
{
    struct Row {
        std::string_view type;
        int status;
    };
    static constexpr Row rows[] = {
        {"rateLimited", 429},        {"serverInternal", 500},          {"unauthorized", 403},
        {"orderNotReady", 403},      {"alreadyReplaced", 409},         {"conflict", 409},
        {"userActionRequired", 403}, {"externalAccountRequired", 403}, {"caa", 403}};
    const auto* found = std::ranges::find(rows, type, &Row::type);
    return found == std::end(rows) ? 400 : found->status;
}

template <class E>
base::Result<E> from_text(const std::string& text, std::string_view what)
{
    E value{};
    if (!boost::describe::enum_from_string(text.c_str(), value)) {
        return base::fail(base::Errc::invalid, fmt::format("there is no {} \"{}\"", what, text));
    }
    return value;
}

template <class Each>
base::Result<> for_each_object(const json::value* list, std::string_view name, Each each)
{
    if (list == nullptr) {
        return {};
    }
    if (!list->is_array()) {
        return base::fail(base::Errc::invalid, fmt::format("\"{}\" must be a list", name));
    }
    for (const auto& item : list->get_array()) {
        if (!item.is_object()) {
            return base::fail(base::Errc::invalid, fmt::format("\"{}\" must be a list of objects", name));
        }
        CHECKED(each(item.get_object()));
    }
    return {};
}

template <class T>
void set(T& variable, const std::optional<T>& given)
{
    if (given) {
        variable = *given;
    }
}

}  // namespace

base::Result<FaultRule> FaultRule::parse(const json::object& object)
{
    Fields fields(object);
    FaultRule rule;
    rule.id = fields.text("id").value_or("");
    const auto step = fields.text("step");
    rule.identifier = fields.text("identifier").value_or("");
    rule.account = fields.text("account").value_or("");
    rule.skip = fields.number("skip", 0, most_count).value_or(0);
    rule.times = fields.number("times", 0, most_count).value_or(-1);
    rule.percent = static_cast<int>(fields.number("percent", 0, 100).value_or(100));
    rule.delay = fields.millis("delay_ms").value_or(std::chrono::milliseconds(0));
    rule.delivery.lost = fields.flag("lose_reply").value_or(false);
    rule.delivery.truncated = fields.flag("truncate").value_or(false);
    rule.delivery.content_type = fields.text("content_type").value_or("");
    rule.problem.type = fields.text("problem").value_or("");
    rule.problem.page = fields.text("page");
    rule.problem.cut = fields.flag("cut").value_or(false);
    const auto redirect = fields.text("redirect");
    if (redirect) {
        rule.problem.page = rule.problem.page.value_or("");
        rule.problem.location = *redirect;
    }
    const int usual = redirect ? 302 : rule.problem.page ? 502 : usual_status(rule.problem.type);
    rule.problem.status = static_cast<int>(fields.number("status", 200, 599).value_or(usual));
    rule.problem.detail = fields.text("detail").value_or("by script");
    rule.problem.retry_after = fields.seconds("retry_after");
    CHECKED(fields.finish());
    if (step) {
        TRY(known, from_text<Step>(*step, "step"));
        rule.step = known;
    }
    return rule;
}

json::object FaultRule::to_json() const
{
    json::object object{{"id", id},
                        {"percent", percent},
                        {"delay_ms", delay.count()},
                        {"lose_reply", delivery.lost},
                        {"truncate", delivery.truncated}};
    if (!delivery.content_type.empty()) {
        object["content_type"] = delivery.content_type;
    }
    if (!problem.location.empty()) {
        object["redirect"] = problem.location;
    }
    if (step) {
        object["step"] = boost::describe::enum_to_string(*step, "");
    }
    if (!identifier.empty()) {
        object["identifier"] = identifier;
    }
    if (!account.empty()) {
        object["account"] = account;
    }
    if (skip > 0) {
        object["skip"] = skip;
    }
    if (times >= 0) {
        object["times"] = times;
    }
    if (!problem.none()) {
        object["problem"] = problem.type;
        object["status"] = problem.status;
        object["detail"] = problem.detail;
        object["cut"] = problem.cut;
    }
    if (problem.page) {
        object["page"] = *problem.page;
    }
    if (problem.retry_after) {
        object["retry_after"] = problem.retry_after->count();
    }
    return object;
}

base::Result<> Behaviour::apply(const json::object& object)
{
    Fields fields(object);
    Behaviour changed = *this;
    if (const auto percent = fields.number("bad_nonce_percent", 0, 100)) {
        changed.bad_nonce_percent = static_cast<int>(*percent);
    }
    set(changed.latency, fields.millis("latency_ms"));
    set(changed.validation_delay, fields.millis("validation_delay_ms"));
    set(changed.issuance_delay, fields.millis("issuance_delay_ms"));
    set(changed.processing_polls, fields.number("processing_polls", 0, most_count));
    set(changed.finalize_wait, fields.millis("finalize_wait_ms"));
    set(changed.poll_after, fields.seconds("poll_after"));
    set(changed.retry_as_date, fields.flag("retry_as_date"));
    set(changed.renewal_poll, fields.seconds("renewal_poll"));
    set(changed.pre_approved, fields.flag("pre_approved"));
    set(changed.reuse_authorizations, fields.flag("reuse_authorizations"));
    set(changed.reuse_orders, fields.flag("reuse_orders"));
    CHECKED(fields.finish());
    *this = changed;
    return {};
}

json::object Behaviour::to_json() const
{
    return {{"bad_nonce_percent", bad_nonce_percent},
            {"latency_ms", latency.count()},
            {"validation_delay_ms", validation_delay.count()},
            {"issuance_delay_ms", issuance_delay.count()},
            {"processing_polls", processing_polls},
            {"finalize_wait_ms", finalize_wait.count()},
            {"poll_after", poll_after.count()},
            {"retry_as_date", retry_as_date},
            {"renewal_poll", renewal_poll.count()},
            {"pre_approved", pre_approved},
            {"reuse_authorizations", reuse_authorizations},
            {"reuse_orders", reuse_orders}};
}

base::Result<Outage> Outage::parse(const json::object& object, base::Time now)
{
    Fields fields(object);
    Outage outage;
    const auto kind = fields.text("kind");
    outage.from = fields.time("from").value_or(now);
    const auto length = fields.seconds("seconds");
    outage.until = fields.time("until").value_or(length ? outage.from + *length : base::Time::max());
    outage.retry_after = fields.seconds("retry_after");
    CHECKED(fields.finish());
    if (kind) {
        TRY(known, from_text<OutageKind>(*kind, "kind of outage"));
        outage.kind = known;
    }
    return outage;
}

base::Result<RenewalWindow> RenewalWindow::parse(const json::object& object)
{
    Fields fields(object);
    RenewalWindow window;
    const auto start = fields.time("start");
    const auto end = fields.time("end");
    window.explanation_url = fields.text("explanation_url").value_or("");
    window.retry_after = fields.seconds("retry_after");
    window.raw = fields.text("raw");
    CHECKED(fields.finish());
    if (!window.raw && (!start || !end)) {
        return base::fail(base::Errc::invalid, "a window has \"start\" and \"end\", or \"raw\"");
    }
    window.start = start.value_or(base::Time());
    window.end = end.value_or(base::Time());
    return window;
}

base::Result<> apply_script(Faults& faults, const json::object& script, base::Time now)
{
    Fields fields(script);
    const auto* behaviour = fields.any("behaviour");
    const auto* rules = fields.any("rules");
    const auto* outages = fields.any("outages");
    const auto* windows = fields.any("windows");
    CHECKED(fields.finish());
    if (behaviour != nullptr) {
        const auto* object = behaviour->if_object();
        CHECKED(object != nullptr ? faults.behaviour.apply(*object)
                                  : base::fail(base::Errc::invalid, "\"behaviour\" must be an object"));
    }
    CHECKED(for_each_object(rules, "rules", [&](const json::object& each) -> base::Result<> {
        TRY(rule, FaultRule::parse(each));
        faults.add(rule);
        return {};
    }));
    CHECKED(for_each_object(outages, "outages", [&](const json::object& each) -> base::Result<> {
        TRY(outage, Outage::parse(each, now));
        faults.add_outage(outage);
        return {};
    }));
    if (windows != nullptr && !windows->is_object()) {
        return base::fail(base::Errc::invalid, "\"windows\" must be an object");
    }
    for (const auto& [id, value] : windows != nullptr ? windows->get_object() : json::object()) {
        if (!value.is_object()) {
            return base::fail(base::Errc::invalid, "each of \"windows\" must be an object");
        }
        TRY(window, RenewalWindow::parse(value.get_object()));
        faults.set_window(id, window);
    }
    return {};
}

}  // namespace relay
