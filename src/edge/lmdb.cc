#include "edge/lmdb.h"

#include <fmt/format.h>

namespace edge::lmdb {

namespace {

constexpr unsigned most_readers = 1024;

MDB_val value_of(std::string_view text)
{
    // LMDB does not write through the keys and values that it is given.
    return {text.size(), const_cast<char*>(text.data())};
}

std::string_view text_of(const MDB_val& value)
{
    return {static_cast<const char*>(value.mv_data), value.mv_size};
}

}  // namespace

base::Error error(int code, std::string_view doing)
{
    auto sentence = fmt::format("edge cache, {}: {}", doing, mdb_strerror(code));
    switch (code) {
        case MDB_MAP_FULL:
            return base::Error(base::Errc::unavailable, std::move(sentence)).with_code("edge_cache_full");
        case ENOSPC:
            return base::Error(base::Errc::unavailable, std::move(sentence))
                .with_code("disk_full")
                .with_fix("free space on the disk of the data folder");
        case EACCES:
        case EPERM:
        case EROFS:
            return base::Error(base::Errc::unauthorized, std::move(sentence))
                .with_code("data_not_writable")
                .with_fix("make the data folder writable for the user that runs certwright");
        case MDB_INVALID:
        case MDB_VERSION_MISMATCH:
        case MDB_CORRUPTED:
        case MDB_PAGE_NOTFOUND:
            return base::Error(base::Errc::invalid, std::move(sentence)).with_code("edge_cache_broken");
        default:
            return {base::Errc::internal, std::move(sentence)};
    }
}

base::Result<Environment> open(const std::filesystem::path& file, std::size_t map_bytes, unsigned tables)
{
    MDB_env* made = nullptr;
    if (const int code = mdb_env_create(&made); code != 0) {
        return base::fail(error(code, "create"));
    }
    Environment env(made);
    mdb_env_set_mapsize(made, map_bytes);
    mdb_env_set_maxdbs(made, tables);
    mdb_env_set_maxreaders(made, most_readers);
    constexpr unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | MDB_NOMETASYNC;
    if (const int code = mdb_env_open(made, file.c_str(), flags, 0600); code != 0) {
        return base::fail(error(code, fmt::format("open {}", file.string())));
    }
    int dead = 0;
    mdb_reader_check(made, &dead);
    return env;
}

base::Result<Transaction> Transaction::begin(MDB_env* env, unsigned flags)
{
    MDB_txn* txn = nullptr;
    if (const int code = mdb_txn_begin(env, nullptr, flags, &txn); code != 0) {
        return base::fail(error(code, "begin"));
    }
    return Transaction(txn);
}

base::Result<MDB_dbi> Transaction::table(const char* name)
{
    MDB_dbi dbi = 0;
    if (const int code = mdb_dbi_open(txn_.get(), name, MDB_CREATE, &dbi); code != 0) {
        return base::fail(error(code, "open table"));
    }
    return dbi;
}

base::Result<std::optional<base::ByteView>> Transaction::get(MDB_dbi table, std::string_view key) const
{
    auto wanted = value_of(key);
    MDB_val found{};
    const int code = key.empty() ? MDB_NOTFOUND : mdb_get(txn_.get(), table, &wanted, &found);
    if (code == MDB_NOTFOUND) {
        return std::optional<base::ByteView>();
    }
    if (code != 0) {
        return base::fail(error(code, "read"));
    }
    return std::optional<base::ByteView>(base::as_bytes(text_of(found)));
}

base::Result<> Transaction::put(MDB_dbi table, std::string_view key, base::ByteView value)
{
    auto where = value_of(key);
    auto what = value_of(base::as_text(value));
    if (const int code = mdb_put(txn_.get(), table, &where, &what, 0); code != 0) {
        return base::fail(error(code, "write"));
    }
    return {};
}

base::Result<> Transaction::remove(MDB_dbi table, std::string_view key)
{
    auto where = value_of(key);
    const int code = key.empty() ? MDB_NOTFOUND : mdb_del(txn_.get(), table, &where, nullptr);
    if (code != 0 && code != MDB_NOTFOUND) {
        return base::fail(error(code, "remove"));
    }
    return {};
}

base::Result<> Transaction::clear(MDB_dbi table)
{
    if (const int code = mdb_drop(txn_.get(), table, 0); code != 0) {
        return base::fail(error(code, "clear"));
    }
    return {};
}

base::Result<std::size_t> Transaction::count(MDB_dbi table) const
{
    MDB_stat stat{};
    if (const int code = mdb_stat(txn_.get(), table, &stat); code != 0) {
        return base::fail(error(code, "count"));
    }
    return stat.ms_entries;
}

base::Result<> Transaction::commit()
{
    if (const int code = mdb_txn_commit(txn_.release()); code != 0) {
        return base::fail(error(code, "commit"));
    }
    return {};
}

base::Result<Cursor> Cursor::open(const Transaction& tx, MDB_dbi table)
{
    MDB_cursor* cursor = nullptr;
    if (const int code = mdb_cursor_open(tx.native(), table, &cursor); code != 0) {
        return base::fail(error(code, "walk"));
    }
    return Cursor(cursor);
}

base::Result<std::optional<Cursor::Item>> Cursor::next()
{
    MDB_val key{};
    MDB_val value{};
    const int code = mdb_cursor_get(cursor_.get(), &key, &value, MDB_NEXT);
    if (code == MDB_NOTFOUND) {
        return std::optional<Item>();
    }
    if (code != 0) {
        return base::fail(error(code, "walk"));
    }
    return std::optional<Item>(Item{text_of(key), base::as_bytes(text_of(value))});
}

base::Result<std::optional<Cursor::Item>> Cursor::next_after(std::string_view after)
{
    if (after.empty()) {
        return next();
    }
    MDB_val key{after.size(), const_cast<char*>(after.data())};
    MDB_val value{};
    const int code = mdb_cursor_get(cursor_.get(), &key, &value, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND) {
        return std::optional<Item>();
    }
    if (code != 0) {
        return base::fail(error(code, "walk"));
    }
    return text_of(key) == after ? next()
                                 : std::optional<Item>(Item{text_of(key), base::as_bytes(text_of(value))});
}

}  // namespace edge::lmdb
