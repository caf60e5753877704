#include "relay/management.h"

#include "base/log.h"
#include "relay/fields.h"

#include <fmt/format.h>

#include <charconv>

namespace relay {

namespace {

namespace json = boost::json;

constexpr std::size_t largest_body = 1024 * 1024;
constexpr std::size_t most_listed = 10'000;

json::object show(const Certificate& certificate)
{
    const auto time = [](std::int64_t millis) { return base::to_rfc3339(base::from_millis(millis)); };
    json::object object{{"id", certificate.id},
                        {"account", certificate.account},
                        {"ari_id", certificate.ari_id},
                        {"sha256", certificate.sha256},
                        {"identifiers", json::value_from(texts_of(certificate.identifiers))},
                        {"not_before", time(certificate.not_before)},
                        {"not_after", time(certificate.not_after)},
                        {"revoked", certificate.revoked_at != 0},
                        {"replaced_by_order", certificate.successor}};
    if (certificate.revoked_at != 0) {
        object["revoked_at"] = time(certificate.revoked_at);
        object["reason"] = certificate.reason;
    }
    return object;
}

json::value done()
{
    return json::object();
}

}  // namespace

Management::Management(TestCa& ca) : ca_(ca)
{
    add("GET", "/", &Management::about);
    add("GET", "/behaviour", &Management::show_behaviour);
    add("PATCH", "/behaviour", &Management::change_behaviour);
    add("GET", "/rules", &Management::list_rules);
    add("POST", "/rules", &Management::add_rule);
    add("DELETE", "/rules", &Management::clear_rules);
    add("DELETE", "/rules/{id}", &Management::remove_rule);
    add("POST", "/outages", &Management::add_outage);
    add("DELETE", "/outages", &Management::end_outages);
    add("PUT", "/windows/{id}", &Management::set_window);
    add("DELETE", "/windows", &Management::clear_windows);
    add("POST", "/script", &Management::run_script);
    add("GET", "/certificates", &Management::list_certificates);
    add("POST", "/certificates/{id}/revoke", &Management::revoke);
    add("POST", "/pauses", &Management::pause);
    add("DELETE", "/pauses/{account}", &Management::unpause);
    add("GET", "/limits", &Management::limits);
    add("GET", "/calls", &Management::calls);
    const auto show_pem = [this](http::Exchange& exchange, Match match) {
        return pem(exchange, std::move(match));
    };
    router_.add("GET", "/{kind}/{number}", show_pem);
}

void Management::add(std::string method, std::string pattern, Action action)
{
    router_.add(std::move(method), std::move(pattern), [this, action](http::Exchange& exchange, Match match) {
        return run(exchange, std::move(match), action);
    });
}

Management::Nothing Management::run(http::Exchange& exchange, Match match, Action action)
{
    auto text = co_await http::read_all(exchange, largest_body);
    auto body = !text           ? base::Result<json::object>(base::fail(text.error()))
                : text->empty() ? base::Result<json::object>(json::object())
                                : parse_object(*text, "the body");
    base::Result<json::value> outcome(base::fail(base::Errc::invalid, ""));
    if (body) {
        outcome = co_await (this->*action)(std::move(*body), std::move(match));
    } else {
        outcome = base::fail(body.error());
    }
    constexpr int good = 200;
    const int status = outcome ? good : outcome.error().kind() == base::Errc::not_found ? 404 : 400;
    const auto answer =
        outcome ? *outcome : json::value{{"detail", outcome.error().message()}, {"status", status}};
    const auto sent =
        co_await http::send_text(exchange, status, outcome ? "application/json" : "application/problem+json",
                                 json::serialize(answer) + "\n");
    if (!sent) {
        base::log::debug("test_ca_reply_unsent", {{"error", sent.error().message()}});
    }
}

// GET /roots/N, /intermediates/N.
Management::Nothing Management::pem(http::Exchange& exchange, Match match)
{
    const auto& kind = match.parameters["kind"];
    const auto& text = match.parameters["number"];
    std::size_t number = ca_.authority().chains();
    std::from_chars(text.data(), text.data() + text.size(), number);
    const bool known = (kind == "roots" || kind == "intermediates") && number < ca_.authority().chains();
    std::string body = "there is no such certificate\n";
    if (known) {
        body = kind == "roots" ? ca_.authority().root_pem(number) : ca_.authority().intermediate_pem(number);
    }
    const auto sent = co_await http::send_text(
        exchange, known ? 200 : 404, known ? "application/x-pem-file" : "text/plain", std::move(body));
    if (!sent) {
        base::log::debug("test_ca_reply_unsent", {{"error", sent.error().message()}});
    }
}

base::Task<json::value> Management::about(json::object, Match)
{
    json::array routes;
    for (const auto& [method, pattern] : router_.routes()) {
        routes.push_back(json::string(method + " " + pattern));
    }
    co_return json::value{{"directory", ca_.directory_url()},
                          {"trust_file", ca_.trust_file().string()},
                          {"time", base::to_rfc3339(ca_.clock().now())},
                          {"routes", std::move(routes)}};
}

base::Task<json::value> Management::show_behaviour(json::object, Match)
{
    co_return json::value(ca_.faults().behaviour.to_json());
}

base::Task<json::value> Management::change_behaviour(json::object body, Match)
{
    CO_CHECKED(ca_.faults().behaviour.apply(body));
    co_return json::value(ca_.faults().behaviour.to_json());
}

base::Task<json::value> Management::list_rules(json::object, Match)
{
    json::array rules;
    for (const auto& each : ca_.faults().rules()) {
        rules.push_back(each.to_json());
    }
    co_return json::value{{"rules", std::move(rules)}};
}

base::Task<json::value> Management::add_rule(json::object body, Match)
{
    CO_TRY(rule, FaultRule::parse(body));
    co_return json::value{{"id", ca_.faults().add(rule)}};
}

base::Task<json::value> Management::clear_rules(json::object, Match)
{
    ca_.faults().clear();
    co_return done();
}

base::Task<json::value> Management::remove_rule(json::object, Match match)
{
    if (!ca_.faults().remove(match.parameters["id"])) {
        co_return base::fail(base::Errc::not_found, "there is no such rule");
    }
    co_return done();
}

base::Task<json::value> Management::add_outage(json::object body, Match)
{
    CO_TRY(outage, Outage::parse(body, ca_.clock().now()));
    ca_.faults().add_outage(outage);
    co_return done();
}

base::Task<json::value> Management::end_outages(json::object, Match)
{
    ca_.faults().end_outages();
    co_return done();
}

base::Task<json::value> Management::set_window(json::object body, Match match)
{
    CO_TRY(window, RenewalWindow::parse(body));
    ca_.faults().set_window(match.parameters["id"], window);
    co_return done();
}

base::Task<json::value> Management::clear_windows(json::object, Match)
{
    ca_.faults().clear_windows();
    co_return done();
}

base::Task<json::value> Management::run_script(json::object body, Match)
{
    CO_CHECKED(apply_script(ca_.faults(), body, ca_.clock().now()));
    co_return done();
}

base::Task<json::value> Management::list_certificates(json::object, Match)
{
    CO_TRY(found, co_await ca_.state().certificates(0, most_listed));
    json::array list;
    for (const auto& each : found) {
        list.push_back(show(each));
    }
    co_return json::value{{"certificates", std::move(list)}};
}

base::Task<json::value> Management::revoke(json::object body, Match match)
{
    Fields fields(body);
    const auto reason = fields.number("reason", 0, 10).value_or(0);
    CO_CHECKED(fields.finish());
    CO_CHECKED(co_await ca_.server().revoke(match.parameters["id"], static_cast<int>(reason)));
    co_return done();
}

base::Task<json::value> Management::pause(json::object body, Match)
{
    Fields fields(body);
    const auto account = fields.text("account").value_or("");
    const auto identifiers = fields.texts("identifiers").value_or(std::vector<std::string>());
    CO_CHECKED(fields.finish());
    for (const auto& each : identifiers) {
        ca_.limits().pause(account, each, ca_.clock().now());
    }
    co_return done();
}

base::Task<json::value> Management::unpause(json::object, Match match)
{
    const auto count = ca_.limits().unpause(match.parameters["account"]);
    co_return json::value{{"unpaused", count}};
}

base::Task<json::value> Management::limits(json::object, Match)
{
    json::array list;
    for (const auto& each : ca_.limits().violations()) {
        list.push_back({{"limit", to_string(each.limit)},
                        {"key", each.key},
                        {"when", base::to_rfc3339(each.when)},
                        {"refused", each.refused}});
    }
    co_return json::value{{"violation_count", ca_.limits().violation_count()},
                          {"violations", std::move(list)}};
}

base::Task<json::value> Management::calls(json::object, Match)
{
    json::array list;
    for (const auto& each : ca_.server().calls()) {
        list.push_back({{"at", base::to_rfc3339(base::from_millis(each.at))},
                        {"method", each.method},
                        {"path", each.path},
                        {"client", each.client},
                        {"status", each.status},
                        {"problem", each.problem},
                        {"lost", each.lost}});
    }
    co_return json::value{{"calls", std::move(list)}};
}

}  // namespace relay
