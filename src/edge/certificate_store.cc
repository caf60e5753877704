#include "edge/certificate_store.h"

#include "base/log.h"
#include "edge/tables.h"
#include "edge/update.h"

namespace edge {

namespace {

// Address space, not memory or disk: several times what a million certificates need.
constexpr std::size_t map_bytes = std::size_t(64) << 30;

}  // namespace

std::string sealing_context(std::string_view certificate)
{
    return "edge/" + std::string(certificate);
}

base::Result<std::unique_ptr<CertificateStore::Tables>> CertificateStore::Tables::open(
    const std::filesystem::path& file)
{
    auto tables = std::make_unique<Tables>();
    TRY(env, lmdb::open(file, map_bytes, 16));
    tables->env = std::move(env);
    TRY(tx, lmdb::Transaction::write(tables->env.get()));
    const std::pair<MDB_dbi*, const char*> named[] = {
        {&tables->meta, "meta"},     {&tables->name, "name"},
        {&tables->route, "route"},   {&tables->certificate, "certificate"},
        {&tables->issuer, "issuer"}, {&tables->group, "group"},
        {&tables->token, "token"},   {&tables->alpn, "alpn"}};
    for (const auto& [table, name] : named) {
        TRY(opened, tx.table(name));
        *table = opened;
    }
    CHECKED(tx.commit());
    return tables;
}

CertificateStore::CertificateStore(std::unique_ptr<Tables> tables, crypto::Sealer sealer)
    : tables_(std::move(tables)), sealer_(std::move(sealer))
{
}

CertificateStore::~CertificateStore() = default;

base::Result<std::unique_ptr<CertificateStore>> CertificateStore::open(const std::filesystem::path& folder)
{
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return base::fail(
            base::Error(base::Errc::unauthorized, "make " + folder.string() + ": " + error.message())
                .with_code("data_not_writable"));
    }
    auto store = open_tables(folder);
    if (!store && store.error().code() == "edge_cache_broken") {
        base::log::error("edge_cache_dropped", {{"reason", store.error().message()}});
        std::filesystem::remove(folder / "edge.mdb", error);
        std::filesystem::remove(folder / "edge.mdb-lock", error);
        store = open_tables(folder);
    }
    return store;
}

base::Result<std::unique_ptr<CertificateStore>> CertificateStore::open_tables(
    const std::filesystem::path& folder)
{
    TRY(sealer, crypto::Sealer::open(folder / "edge.key", true));
    TRY(tables, Tables::open(folder / "edge.mdb"));
    std::unique_ptr<CertificateStore> store(new CertificateStore(std::move(tables), std::move(sealer)));
    CHECKED(store->forget_if_sealed_otherwise());
    return store;
}

base::Result<> CertificateStore::forget_if_sealed_otherwise()
{
    TRY(tx, lmdb::Transaction::write(tables_->env.get()));
    const auto check = sealer_.check_value();
    TRY(stored, tx.get(tables_->meta, "key_check"));
    if (stored && base::as_text(*stored) == check) {
        return {};
    }
    if (stored) {
        base::log::error("edge_cache_dropped", {{"reason", "edge.key is not the key that sealed it"}});
    }
    for (const auto table : {tables_->meta, tables_->name, tables_->route, tables_->certificate,
                             tables_->issuer, tables_->group, tables_->token, tables_->alpn}) {
        CHECKED(tx.clear(table));
    }
    CHECKED(tx.put(tables_->meta, "key_check", base::as_bytes(check)));
    return tx.commit();
}

base::Result<std::optional<FoundRoute>> CertificateStore::find(std::string_view host) const
{
    TRY(tx, lmdb::Transaction::read(tables_->env.get()));
    TRY(endpoint, tx.get(tables_->name, host));
    if (const auto dot = host.find('.'); !endpoint && dot != std::string_view::npos) {
        const std::string wildcard = "*" + std::string(host.substr(dot));
        TRY(covering, tx.get(tables_->name, wildcard));
        endpoint = covering;
    }
    return endpoint ? route_of(tx, base::as_text(*endpoint)) : std::optional<FoundRoute>();
}

base::Result<std::optional<FoundRoute>> CertificateStore::find_endpoint(std::string_view endpoint) const
{
    TRY(tx, lmdb::Transaction::read(tables_->env.get()));
    return route_of(tx, endpoint);
}

base::Result<std::vector<std::string>> CertificateStore::endpoints(std::string_view after,
                                                                   std::size_t limit) const
{
    TRY(tx, lmdb::Transaction::read(tables_->env.get()));
    TRY(cursor, lmdb::Cursor::open(tx, tables_->route));
    std::vector<std::string> found;
    TRY(item, cursor.next_after(after));
    for (; item && found.size() < limit;) {
        found.emplace_back(item->key);
        TRY(following, cursor.next());
        item = following;
    }
    return found;
}

base::Result<std::optional<FoundRoute>> CertificateStore::route_of(const lmdb::Transaction& tx,
                                                                   std::string_view endpoint) const
{
    TRY(stored, tx.get(tables_->route, endpoint));
    if (!stored) {
        return std::optional<FoundRoute>();
    }
    FoundRoute found;
    TRY(route, route_from(*stored));
    found.route = std::move(route);
    for (const auto& id : found.route.certificates) {
        TRY(record, tx.get(tables_->certificate, id));
        if (!record) {
            continue;
        }
        if (auto known = facts_from(*record)) {
            found.certificates.push_back(std::move(*known));
        } else {
            base::log::error("edge_certificate_unreadable",
                             {{"certificate", id}, {"error", known.error().message()}});
        }
    }
    return std::optional<FoundRoute>(std::move(found));
}

base::Result<std::optional<CertificateFacts>> CertificateStore::facts(std::string_view certificate) const
{
    TRY(tx, lmdb::Transaction::read(tables_->env.get()));
    TRY(stored, tx.get(tables_->certificate, certificate));
    if (!stored) {
        return std::optional<CertificateFacts>();
    }
    TRY(known, facts_from(*stored));
    return std::optional<CertificateFacts>(std::move(known));
}

base::Result<std::optional<CertificateMaterial>> CertificateStore::material(
    std::string_view certificate) const
{
    TRY(tx, lmdb::Transaction::read(tables_->env.get()));
    TRY(stored, tx.get(tables_->certificate, certificate));
    if (!stored) {
        return std::optional<CertificateMaterial>();
    }
    TRY(record, certificate_from(*stored));
    TRY(key, sealer_.open(record.sealed_key, sealing_context(certificate)));
    CertificateMaterial made;
    made.facts = std::move(record.facts);
    made.leaf_der = std::move(record.leaf_der);
    made.key_pkcs8 = std::move(key);
    for (const auto& hash : record.issuer_hashes) {
        TRY(issuer, tx.get(tables_->issuer, base::as_text(hash)));
        if (!issuer || issuer->size() <= 8) {
            return base::fail(base::Errc::invalid, "an issuer is missing from the edge cache");
        }
        const auto der = issuer->subspan(8);
        made.issuers.emplace_back(der.begin(), der.end());
    }
    return std::optional<CertificateMaterial>(std::move(made));
}

base::Result<std::optional<model::EdgeGroup>> CertificateStore::group(std::string_view name) const
{
    TRY(tx, lmdb::Transaction::read(tables_->env.get()));
    TRY(stored, tx.get(tables_->group, name));
    if (!stored) {
        return std::optional<model::EdgeGroup>();
    }
    TRY(entry, group_from(*stored));
    return std::optional<model::EdgeGroup>(std::move(entry));
}

base::Result<std::vector<model::EdgeGroup>> CertificateStore::groups() const
{
    TRY(tx, lmdb::Transaction::read(tables_->env.get()));
    TRY(cursor, lmdb::Cursor::open(tx, tables_->group));
    std::vector<model::EdgeGroup> found;
    TRY(item, cursor.next_after(""));
    while (item) {
        TRY(group, group_from(item->value));
        found.push_back(std::move(group));
        TRY(following, cursor.next());
        item = following;
    }
    return found;
}

base::Result<std::optional<std::string>> CertificateStore::thumbprint_of(std::string_view token) const
{
    TRY(tx, lmdb::Transaction::read(tables_->env.get()));
    TRY(stored, tx.get(tables_->token, token));
    if (!stored) {
        return std::optional<std::string>();
    }
    TRY(entry, token_from(*stored));
    return std::optional<std::string>(std::move(entry.thumbprint));
}

base::Result<std::optional<AlpnChallenge>> CertificateStore::alpn_challenge(std::string_view name) const
{
    TRY(tx, lmdb::Transaction::read(tables_->env.get()));
    TRY(token, tx.get(tables_->alpn, name));
    if (!token) {
        return std::optional<AlpnChallenge>();
    }
    TRY(stored, tx.get(tables_->token, base::as_text(*token)));
    if (!stored) {
        return std::optional<AlpnChallenge>();
    }
    TRY(entry, token_from(*stored));
    return std::optional<AlpnChallenge>({std::string(base::as_text(*token)), std::move(entry.thumbprint)});
}

model::Position CertificateStore::position() const
{
    auto tx = lmdb::Transaction::read(tables_->env.get());
    if (!tx) {
        return {};
    }
    const auto stored = tx->get(tables_->meta, "position");
    return stored && *stored ? position_from(**stored) : model::Position();
}

std::size_t CertificateStore::route_count() const
{
    auto tx = lmdb::Transaction::read(tables_->env.get());
    return tx ? tx->count(tables_->route).value_or(0) : 0;
}

std::size_t CertificateStore::certificate_count() const
{
    auto tx = lmdb::Transaction::read(tables_->env.get());
    return tx ? tx->count(tables_->certificate).value_or(0) : 0;
}

base::Result<Touched> CertificateStore::apply(const feed::Batch& batch)
{
    TRY(tx, lmdb::Transaction::write(tables_->env.get()));
    Update update(*tables_, sealer_, tx);
    TRY(touched, update.run(batch));
    CHECKED(tx.commit());
    return std::move(touched);
}

}  // namespace edge
