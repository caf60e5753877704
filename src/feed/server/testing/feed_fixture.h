// A world to follow, on a real SQLite store, and a follower that keeps it in a map. For tests of feed/ only.
#pragma once

#include "feed/json.h"
#include "feed/server/store_source.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace feed {

// What a follower knows: the JSON of each entry, by kind and key.
class MapSink final : public Sink {
public:
    using Entries = std::map<std::pair<model::RevisionKind, std::string>, std::string>;

    base::Task<> apply(std::shared_ptr<const Batch> batch) override;
    model::Position position() const override { return position_; }

    const Entries& entries() const { return entries_; }
    bool has(model::RevisionKind kind, const std::string& key) const
    {
        return entries_.contains({kind, key});
    }
    std::string entry(model::RevisionKind kind, const std::string& key) const;
    int snapshots() const { return snapshots_; }

private:
    Entries entries_;
    Entries incoming_;
    model::Position position_;
    int snapshots_ = 0;
};

class FeedTest : public testing::Test {
protected:
    FeedTest();
    ~FeedTest() override;

    World world() { return {*store, sealer, clock, signal, *acknowledgements}; }

    template <class F>
    auto write(F function)
    {
        return test::run(loop, store->write(std::move(function)));
    }

    // Each of them appends its revisions.
    void put_endpoint(const std::string& id, std::vector<std::string> names,
                      const std::string& group = "default");
    void delete_endpoint(const std::string& id);
    void put_certificate(const std::string& id, const std::string& endpoint,
                         const std::string& group = "default",
                         model::CertificateSource source = model::CertificateSource::managed);
    void retire_certificate(const std::string& id);
    void put_group(const std::string& name, const std::string& default_certificate = "");

    // Follows until nothing is left.
    void catch_up(MapSink& sink, const Filter& filter, std::size_t page = BatchReader::usual_page);
    model::Position head();

    test::TempDir folder;
    boost::asio::io_context loop{1};
    base::ManualClock clock{base::from_millis(1'800'000'000'000)};
    crypto::Sealer sealer{std::array<std::uint8_t, 32>{1, 2, 3}};
    RevisionSignal signal;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Acknowledgements> acknowledgements;
};

}  // namespace feed
