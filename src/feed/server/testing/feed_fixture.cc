#include "feed/server/testing/feed_fixture.h"

namespace feed {

using model::RevisionKind;

base::Task<> MapSink::apply(std::shared_ptr<const Batch> batch)
{
    if (batch->snapshot && batch->first) {
        incoming_.clear();
    }
    auto& target = batch->snapshot ? incoming_ : entries_;
    for (const auto& change : batch->changes) {
        if (change.entry) {
            Batch alone;
            alone.changes.push_back(change);
            target[{change.kind, change.key}] = to_json(alone);
        } else {
            target.erase({change.kind, change.key});
        }
    }
    if (batch->snapshot && batch->last) {
        entries_ = std::exchange(incoming_, {});
        ++snapshots_;
    }
    if (!batch->snapshot || batch->last) {
        position_ = batch->position;
    }
    co_return base::Result<>();
}

std::string MapSink::entry(RevisionKind kind, const std::string& key) const
{
    const auto found = entries_.find({kind, key});
    return found == entries_.end() ? std::string() : found->second;
}

FeedTest::FeedTest() : store(store::open_sqlite(folder.path() / "control.db", clock).value())
{
    store->on_revision([this](std::int64_t number) { signal.notify(number); });
    acknowledgements = std::make_unique<Acknowledgements>(loop.get_executor(), *store, clock);
}

FeedTest::~FeedTest() = default;

void FeedTest::put_endpoint(const std::string& id, std::vector<std::string> names, const std::string& group)
{
    model::Endpoint endpoint;
    endpoint.id = id;
    endpoint.tenant = "default";
    endpoint.edge_group = group;
    endpoint.vouched = true;
    endpoint.label = id.substr(3);
    endpoint.upstream = "http://127.0.0.1:8080";
    for (const auto& name : names) {
        endpoint.names.push_back(model::DomainName::parse(name).value());
    }
    model::RequiredRecord routing;
    routing.purpose = model::RecordPurpose::routing;
    routing.type = "CNAME";
    routing.name = names.front();
    routing.value = endpoint.label + ".platform.test";
    endpoint.required_records.push_back(routing);
    endpoint.created_at = clock.now();
    const auto done = write([endpoint](store::Transaction& tx) -> base::Result<> {
        if (tx.endpoints.get(endpoint.id)) {
            CHECKED(tx.endpoints.update(endpoint));
        } else {
            CHECKED(tx.endpoints.insert(endpoint));
        }
        tx.revisions.append(RevisionKind::route, endpoint.id, endpoint.edge_group);
        tx.revisions.append(RevisionKind::alias, endpoint.label + ".platform.test");
        return {};
    });
    ASSERT_TRUE(done) << done.error().message();
}

void FeedTest::delete_endpoint(const std::string& id)
{
    const auto done = write([id, now = clock.now()](store::Transaction& tx) -> base::Result<> {
        TRY(endpoint, tx.endpoints.get(id));
        endpoint.deleted_at = now;
        CHECKED(tx.endpoints.update(endpoint));
        tx.revisions.append(RevisionKind::route, id, endpoint.edge_group);
        tx.revisions.append(RevisionKind::alias, endpoint.label + ".platform.test");
        return {};
    });
    ASSERT_TRUE(done) << done.error().message();
}

void FeedTest::put_certificate(const std::string& id, const std::string& endpoint, const std::string& group,
                               model::CertificateSource source)
{
    model::Certificate certificate;
    certificate.id = id;
    certificate.tenant = "default";
    certificate.endpoint = endpoint;
    certificate.edge_group = group;
    certificate.source = source;
    certificate.identifiers = {endpoint + ".test"};
    certificate.chain_pem = "chain of " + id;
    certificate.not_before = clock.now() - std::chrono::hours(1);
    certificate.not_after = clock.now() + std::chrono::days(90);
    certificate.created_at = clock.now();
    certificate.sealed_key =
        sealer.seal(base::as_bytes("key of " + id), model::certificate_context(certificate));
    const auto done = write([certificate](store::Transaction& tx) -> base::Result<> {
        CHECKED(tx.certificates.insert(certificate));
        tx.revisions.append(RevisionKind::certificate, certificate.id, certificate.edge_group);
        if (!certificate.endpoint.empty()) {
            tx.revisions.append(RevisionKind::route, certificate.endpoint, certificate.edge_group);
        }
        return {};
    });
    ASSERT_TRUE(done) << done.error().message();
}

void FeedTest::retire_certificate(const std::string& id)
{
    const auto done = write([id](store::Transaction& tx) -> base::Result<> {
        TRY(certificate, tx.certificates.get(id));
        certificate.state = model::CertificateState::superseded;
        CHECKED(tx.certificates.update(certificate));
        tx.revisions.append(RevisionKind::certificate, id, certificate.edge_group);
        tx.revisions.append(RevisionKind::route, certificate.endpoint, certificate.edge_group);
        return {};
    });
    ASSERT_TRUE(done) << done.error().message();
}

void FeedTest::put_group(const std::string& name, const std::string& default_certificate)
{
    model::EdgeGroup group;
    group.name = name;
    group.addresses = {"192.0.2.1"};
    group.default_certificate = default_certificate;
    const auto done = write([group](store::Transaction& tx) -> base::Result<> {
        CHECKED(tx.groups.put(group));
        tx.revisions.append(RevisionKind::group, group.name);
        return {};
    });
    ASSERT_TRUE(done) << done.error().message();
}

void FeedTest::catch_up(MapSink& sink, const Filter& filter, std::size_t page)
{
    BatchReader reader(world(), filter, page);
    auto position = sink.position();
    for (int round = 0; round < 10'000; ++round) {
        auto batch = test::run(loop, reader.next(position, std::chrono::milliseconds(0)));
        ASSERT_TRUE(batch) << batch.error().message();
        if (!batch->snapshot && batch->position == position) {
            return;
        }
        position = batch->position;
        ASSERT_TRUE(test::run(loop, sink.apply(std::make_shared<const Batch>(std::move(*batch)))));
    }
    FAIL() << "the feed never ends";
}

model::Position FeedTest::head()
{
    return test::run(loop, store->read([](store::Transaction& tx) { return tx.revisions.head(); })).value();
}

}  // namespace feed
