// Connection: one session with a database engine. One set of SQL text serves both engines: `$1..$n`
// parameters, RETURNING, ON CONFLICT, columns named one by one. Internal to store/. Used by one thread at a
// time.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "store/sql/value.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sql {

enum class Access { read, write };

// What the last failure left of the transaction.
enum class Health {
    usable,   // roll back to a savepoint and go on
    aborted,  // the engine ended the transaction
    retry,    // a deadlock or a serialization failure: the same transaction may succeed when repeated
    lost,     // the session is gone or useless: open another one
};

// The few words in which the engines differ.
struct Dialect {
    std::string_view text_type;  // ordered by bytes
    std::string_view bytes_type;
    std::string_view row_lock;     // after a SELECT whose row the transaction is going to change
    std::string_view skip_locked;  // the same, leaving out rows that others hold
};

class Connection {
public:
    virtual ~Connection() = default;

    // Runs one statement, prepared once and kept; `text` is one of a bounded set.
    virtual base::Result<Rows> execute(std::string_view text, const Params& values) = 0;
    // Runs statements without parameters or results.
    virtual base::Result<> run(const std::string& text) = 0;

    // A write transaction is READ COMMITTED or stricter; a read one is a snapshot. begin() makes health
    // `usable`.
    virtual base::Result<> begin() = 0;
    // When it fails the transaction has ended; health `lost` then means that nobody knows whether it was
    // committed.
    virtual base::Result<> commit() = 0;
    virtual void rollback() = 0;

    virtual Health health() const = 0;
    virtual const Dialect& dialect() const = 0;
    // The engine's time, which all nodes share.
    virtual base::Result<base::Time> now() = 0;
    // Keeps other nodes from migrating at the same time, until the transaction ends, whose statements may
    // take as long as they need. Only a help: migrations also work where it does nothing.
    virtual base::Result<> lock_migrations() = 0;
    // Keeps other sessions from reading and writing those of the tables that there are, taken one after the
    // other, until the transaction ends. Nothing where a write transaction has the database to itself.
    virtual base::Result<> lock_tables(std::span<const std::string_view> tables) = 0;

    base::Result<Rows> execute(std::string_view text) { return execute(text, Params{}); }
};

// Opens sessions with one database. Safe from any thread.
class Driver {
public:
    virtual ~Driver() = default;
    virtual base::Result<std::unique_ptr<Connection>> open(Access access) = 0;
};

}  // namespace sql
