#include "store/migrations.h"

#include "base/log.h"
#include "base/random.h"
#include "store/migration_steps.h"

#include <fmt/format.h>

#include <array>
#include <thread>

namespace store {

namespace {

std::string in_dialect(std::string_view step, const sql::Dialect& words)
{
    std::string text;
    for (std::size_t at = 0; at < step.size();) {
        if (step.substr(at).starts_with("{text}")) {
            text += words.text_type;
            at += 6;
        } else if (step.substr(at).starts_with("{bytes}")) {
            text += words.bytes_type;
            at += 7;
        } else {
            text += step[at++];
        }
    }
    return text;
}

base::Result<int> applied_version(sql::Connection& db)
{
    TRY(rows, db.execute("SELECT COALESCE(MAX(version), 0) FROM schema_migrations"));
    return sql::RowReader(rows.front()).small();
}

// Tables that steps change while nodes of an older program use them. All are taken before the first step, in
// the order of a batch (its rows, the head, then revisions): a step that took the head first would meet a
// batch that holds rows of endpoints and waits for the head.
constexpr std::array<std::string_view, 8> shared_tables{"endpoints",     "alerts",       "edge_nodes",
                                                        "edge_groups",   "certificates", "tokens",
                                                        "revision_head", "revisions"};

base::Result<> apply(sql::Connection& db, int version)
{
    CHECKED(db.lock_migrations());
    CHECKED(
        db.run("CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, applied_at BIGINT "
               "NOT NULL)"));
    TRY(applied, applied_version(db));
    if (applied > latest_schema()) {
        return base::fail(
            base::Error(base::Errc::conflict,
                        fmt::format("the database has schema {}, but this program only knows {}", applied,
                                    latest_schema()))
                .with_code("store_newer")
                .with_fix("start the newer version of certwright that last used this database, or restore a "
                          "backup made before it"));
    }
    if (applied < version) {
        CHECKED(db.lock_tables(shared_tables));
    }
    for (int step = applied + 1; step <= version; ++step) {
        CHECKED(db.run(in_dialect(migration_steps()[static_cast<std::size_t>(step - 1)], db.dialect())));
        TRY(now, db.now());
        CHECKED(db.execute("INSERT INTO schema_migrations (version, applied_at) VALUES ($1, $2)",
                           sql::params(step, now)));
    }
    CHECKED(db.execute("INSERT INTO revision_head (id, epoch) VALUES (1, $1) ON CONFLICT DO NOTHING",
                       sql::params(base::random_label(20))));
    if (version > applied) {
        base::log::info("schema_migrated", {{"from", applied}, {"to", version}});
    }
    return {};
}

base::Result<> migrate_once(sql::Connection& db, int version)
{
    CHECKED(db.begin());
    auto done = apply(db, version);
    if (!done) {
        db.rollback();
        return done;
    }
    return db.commit();
}

}  // namespace

int latest_schema()
{
    return static_cast<int>(migration_steps().size());
}

base::Result<> migrate(sql::Connection& db, int version)
{
    // Without the lock, the losers of a race between nodes fail on what the winner made, and find it done
    // afterwards.
    constexpr int tries = 5;
    for (int attempt = 1;; ++attempt) {
        auto done = migrate_once(db, version);
        if (done || attempt == tries || done.error().code() == "store_newer" ||
            db.health() == sql::Health::lost || done.error().code() == "disk_full") {
            return done;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50 * attempt));
    }
}

}  // namespace store
