// /v1/edges, /v1/edge-invitations: who serves, how far each has come, who may join and who is gone.
#include "api/edge_count.h"
#include "api/field_reader.h"
#include "api/views.h"
#include "model/serving.h"

#include <algorithm>

namespace api {

namespace {

constexpr std::int64_t usual_hours = 24;
constexpr std::int64_t most_hours = 24 * 30;

std::string health_of(const model::EdgeNode& node, const Parts& parts)
{
    if (!node.trouble.empty()) {
        return "trouble";
    }
    return node.seen_at + parts.facts.edges_lost_after() > parts.clock.now() ? "live" : "lost";
}

base::Task<Answer> list_edges(Parts parts, Call)
{
    auto read = [](store::Transaction& tx) { return tx.edges.list(); };
    CO_TRY(nodes, co_await parts.store.read(std::move(read)));
    auto head = [](store::Transaction& tx) { return tx.revisions.head(); };
    CO_TRY(position, co_await parts.store.read(std::move(head)));
    auto body = page(nodes, "");
    auto& items = body["items"].as_array();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        auto& item = items[i].as_object();
        item["health"] = health_of(nodes[i], parts);
        item["behind"] = std::max<std::int64_t>(position.number - nodes[i].revision, 0);
    }
    body["revision"] = position.number;
    co_return Answer(200, std::move(body));
}

base::Error edge_not_found(std::string_view edge)
{
    return base::Error(base::Errc::not_found, fmt::format("there is no edge '{}'", edge.substr(0, 60)))
        .with_code("edge_not_found")
        .with_fix("See what exists with: certwright edge list");
}

// By id, else by name. One that was removed before is found when no other is meant: removing it again changes
// nothing.
base::Result<model::EdgeNode> find_edge(store::Transaction& tx, const std::string& wanted)
{
    TRY(nodes, tx.edges.all());
    std::vector<model::EdgeNode> there;
    std::vector<model::EdgeNode> gone;
    for (const auto& each : nodes) {
        if (each.id == wanted) {
            return each;
        }
        if (each.name == wanted) {
            (each.removed_at ? gone : there).push_back(each);
        }
    }
    if (there.size() > 1) {
        return base::fail(base::Error(base::Errc::conflict, fmt::format("{} edges are called '{}'",
                                                                        there.size(), wanted.substr(0, 60)))
                              .with_code("edge_ambiguous")
                              .with_fix("Name it by its id: certwright edge list --json"));
    }
    if (there.empty() && gone.empty()) {
        return base::fail(edge_not_found(wanted));
    }
    return there.empty() ? gone.back() : there.front();
}

base::Task<Answer> remove_edge(Parts parts, Call call)
{
    const auto now = parts.clock.now();
    auto write = [wanted = call.parameter("edge"),
                  now](store::Transaction& tx) -> base::Result<model::EdgeNode> {
        TRY(node, find_edge(tx, wanted));
        if (node.removed_at) {
            return node;
        }
        CHECKED(tx.edges.remove(node.id, now));
        node.removed_at = now;
        model::Event event;
        event.subject = node.id;
        event.type = "edge.removed";
        event.message = fmt::format("The edge {} of the group {} was removed.", node.name, node.group);
        event.created_at = now;
        CHECKED(tx.events.append(event));
        return node;
    };
    CO_TRY(removed, co_await parts.store.write(std::move(write)));
    co_return Answer(200, view(removed));
}

base::Error not_listening()
{
    return base::Error(base::Errc::conflict, "this control node serves its feed to no other machine")
        .with_code("feed_not_listening")
        .with_fix(
            "Set feed.listen on the control node, e.g. --feed-listen 0.0.0.0:8701, and start it again.");
}

// A token that works once, with the hash of the root that the edge is to trust.
base::Task<Answer> invite(Parts parts, Call call)
{
    FieldReader reader(call.body);
    const auto group = reader.text("group").value_or(std::string(model::own_group));
    const auto hours = reader.number("hours", 1, most_hours).value_or(usual_hours);
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    const auto root = parts.facts.feed_root();
    if (root.empty()) {
        co_return base::fail(not_listening());
    }
    auto minted = mint_token("invitation of an edge", "", {"join:" + group}, parts.clock.now());
    minted.row.expires_at = parts.clock.now() + std::chrono::hours(hours);
    auto put = [row = minted.row, group](store::Transaction& tx) -> base::Result<> {
        const auto known = tx.groups.get(group);
        if (!known && known.error().kind() == base::Errc::not_found) {
            return base::fail(
                base::Error(base::Errc::invalid,
                            fmt::format("there is no edge group '{}'", group.substr(0, 60)))
                    .with_code("group_not_found")
                    .with_fix("Add it first: certwright group add NAME --address ADDRESS --edges"));
        }
        return known ? tx.tokens.put(row) : base::Result<>(base::fail(known.error()));
    };
    CO_CHECKED(co_await parts.store.write(std::move(put)));
    json::object body;
    body["group"] = group;
    body["token"] = minted.secret + "." + root;
    body["expires_at"] = base::to_rfc3339(*minted.row.expires_at);
    co_return Answer(201, std::move(body));
}

}  // namespace

base::Task<> add_edge_count(Parts parts, Call call, const endpoints::Detail& detail, json::object& body)
{
    const auto now = parts.clock.now();
    const bool serves = !model::serving_order(detail.endpoint, detail.certificates, now).empty();
    auto read = [id = detail.endpoint.id](store::Transaction& tx) {
        return tx.revisions.newest_of_route(id);
    };
    CO_TRY(position, co_await parts.store.read(std::move(read)));
    auto group = detail.endpoint.edge_group;
    CO_TRY(count, co_await parts.facts.edges_with(std::move(group), position));
    json::object made;
    made["serving"] = serves ? count.serving : 0;
    made["live"] = count.live;
    if (call.access.caller.is_operator()) {
        made["behind"] = json::array(count.behind.begin(), count.behind.end());
        json::array lost;
        for (const auto& each : count.lost) {
            lost.push_back(json::object{{"name", each.name}, {"seen_at", base::to_rfc3339(each.seen_at)}});
        }
        made["lost"] = std::move(lost);
    }
    if (serves && count.serving < count.live) {
        set_partly_deployed(body, count);
    }
    body["edges"] = std::move(made);
    co_return base::Result<>();
}

void set_partly_deployed(json::object& body, const EdgeCount& count)
{
    auto* conditions = body.contains("conditions") ? body["conditions"].if_array() : nullptr;
    if (conditions == nullptr) {
        return;
    }
    model::Problem problem;
    problem.code = "deploy_partial";
    problem.message = fmt::format("{} of {} edges serve it.", count.serving, count.live);
    for (auto& each : *conditions) {
        auto* condition = each.if_object();
        const auto* type = condition == nullptr ? nullptr : condition->if_contains("type");
        if (type != nullptr && *type == "Deployed") {
            (*condition)["status"] = "unknown";
            (*condition)["problem"] = view(problem);
        }
    }
}

std::vector<Operation> edge_operations()
{
    return {
        {"GET", "/v1/edges", Scope::read, true, list_edges},
        {"DELETE", "/v1/edges/{edge}", Scope::admin, true, remove_edge},
        {"POST", "/v1/edge-invitations", Scope::admin, true, invite},
    };
}

}  // namespace api
