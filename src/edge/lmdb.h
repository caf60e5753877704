// Owners of LMDB handles and errors in our words. Internal to edge/.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <lmdb.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace edge::lmdb {

base::Error error(int code, std::string_view doing);

struct CloseEnvironment {
    void operator()(MDB_env* env) const { mdb_env_close(env); }
};
using Environment = std::unique_ptr<MDB_env, CloseEnvironment>;

// Opens or makes a database file (mode 0600). Commits survive a crash of the process at once and of the
// machine up to the one before: what is lost is the position too, so the feed sends it again.
base::Result<Environment> open(const std::filesystem::path& file, std::size_t map_bytes, unsigned tables);

// A transaction; what it wrote is undone unless commit() succeeds. Values that it returns are views into the
// map, valid until it ends. Runs on one thread.
class Transaction {
public:
    static base::Result<Transaction> read(MDB_env* env) { return begin(env, MDB_RDONLY); }
    static base::Result<Transaction> write(MDB_env* env) { return begin(env, 0); }

    base::Result<MDB_dbi> table(const char* name);
    base::Result<std::optional<base::ByteView>> get(MDB_dbi table, std::string_view key) const;
    base::Result<> put(MDB_dbi table, std::string_view key, base::ByteView value);
    // A key that is not there is no error.
    base::Result<> remove(MDB_dbi table, std::string_view key);
    // Empties the table.
    base::Result<> clear(MDB_dbi table);
    base::Result<std::size_t> count(MDB_dbi table) const;
    base::Result<> commit();

    MDB_txn* native() const { return txn_.get(); }

private:
    struct Abort {
        void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
    };

    explicit Transaction(MDB_txn* txn) : txn_(txn) {}
    static base::Result<Transaction> begin(MDB_env* env, unsigned flags);

    std::unique_ptr<MDB_txn, Abort> txn_;
};

// Walks a table in key order.
class Cursor {
public:
    static base::Result<Cursor> open(const Transaction& tx, MDB_dbi table);

    struct Item {
        std::string_view key;
        base::ByteView value;
    };
    // Empty at the end.
    base::Result<std::optional<Item>> next();
    // The first one whose key is greater than `key`.
    base::Result<std::optional<Item>> next_after(std::string_view key);

private:
    struct Close {
        void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
    };

    explicit Cursor(MDB_cursor* cursor) : cursor_(cursor) {}

    std::unique_ptr<MDB_cursor, Close> cursor_;
};

}  // namespace edge::lmdb
