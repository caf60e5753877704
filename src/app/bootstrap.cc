#include "app/bootstrap.h"

#include "base/log.h"
#include "base/random.h"
#include "crypto/digest.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <system_error>

namespace app {

namespace {

using base::Errc;
using base::Error;
using base::fail;
using base::Result;
using base::Task;

constexpr std::string_view operator_token_name = "operator on this machine";

std::string hash_of(std::string_view secret)
{
    return base::to_hex(crypto::sha256(base::as_bytes(secret)));
}

std::string read_first_line(const std::filesystem::path& file)
{
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

// Written beside and renamed, so that a reader sees the old or the new content and never half of it.
Result<> write_secret_file(const std::filesystem::path& file, const std::string& content)
{
    const std::filesystem::path draft = file.string() + ".new";
    const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const auto written = descriptor < 0 ? -1 : ::write(descriptor, content.data(), content.size());
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    if (descriptor >= 0) {
        ::close(descriptor);
    }
    if (written != static_cast<ssize_t>(content.size()) || !synced ||
        ::rename(draft.c_str(), file.c_str()) != 0) {
        return fail(Error(Errc::unavailable, fmt::format("cannot write {}: {}", file.string(),
                                                         std::generic_category().message(errno))));
    }
    return {};
}

model::NameServer parse_name_server(const std::string& text)
{
    model::NameServer server;
    std::size_t from = text.find('=');
    server.name = model::DomainName::parse(text.substr(0, from)).value().text();
    while (from != std::string::npos) {
        const auto end = text.find('=', from + 1);
        server.addresses.push_back(text.substr(from + 1, end == std::string::npos ? end : end - from - 1));
        from = end;
    }
    return server;
}

std::vector<model::NameServer> name_servers_of(const Settings& settings)
{
    std::vector<model::NameServer> servers;
    for (const auto& text : settings.name_servers) {
        servers.push_back(parse_name_server(text));
    }
    if (servers.empty()) {
        servers.push_back({"ns1." + settings.domain, {}});
        if (!settings.addresses.empty()) {
            servers.back().addresses.push_back(settings.addresses.front());
        }
    }
    return servers;
}

Result<> put_default_tenant(store::Transaction& tx, base::Time now)
{
    const auto existing = tx.tenants.get(model::own_tenant);
    if (existing || existing.error().kind() != Errc::not_found) {
        return existing ? Result<>() : fail(existing.error());
    }
    return tx.tenants.put({model::own_tenant, "Default", now});
}

Result<> put_default_group(store::Transaction& tx, const std::vector<std::string>& addresses)
{
    const auto existing = tx.groups.get("default");
    if (!existing && existing.error().kind() != Errc::not_found) {
        return fail(existing.error());
    }
    auto group = existing ? *existing : model::EdgeGroup{"default", {}, "", ""};
    if (existing && group.addresses == addresses) {
        return {};
    }
    group.addresses = addresses;
    CHECKED(tx.groups.put(group));
    tx.revisions.append(model::RevisionKind::group, group.name);
    return {};
}

Result<> put_zone(store::Transaction& tx, const model::Zone& zone)
{
    const auto existing = tx.groups.zone(zone.apex);
    if (existing && *existing == zone) {
        return {};
    }
    if (!existing && existing.error().kind() != Errc::not_found) {
        return fail(existing.error());
    }
    CHECKED(tx.groups.put_zone(zone));
    tx.revisions.append(model::RevisionKind::zone, zone.apex);
    return {};
}

Result<> replace_operator_token(store::Transaction& tx, const model::Token& token)
{
    TRY(tokens, tx.tokens.list(""));
    for (const auto& old : tokens) {
        if (old.tenant.empty() && old.name == operator_token_name && !old.revoked_at) {
            CHECKED(tx.tokens.revoke(old.id, token.created_at));
        }
    }
    return tx.tokens.put(token);
}

}  // namespace

Result<> prepare_data_folder(const std::filesystem::path& folder)
{
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure) {
        return fail(Error(Errc::unavailable, fmt::format("cannot make the data folder {}: {}",
                                                         folder.string(), failure.message()))
                        .with_fix("choose another one with --data, or run as a user who may write there"));
    }
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failure);
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        return fail(
            Error(Errc::unavailable, fmt::format("the data folder {} cannot be written", folder.string()))
                .with_fix("choose another one with --data, or run as the user who owns it"));
    }
    return {};
}

Result<std::unique_ptr<store::Store>> open_store(const Settings& settings, base::Clock& clock)
{
    if (!settings.store.empty()) {
        return store::open_postgres(settings.store);
    }
    return store::open_sqlite(settings.data_dir() / "certwright.db", clock);
}

Task<> check_master_key(store::Store& store, const crypto::Sealer& sealer)
{
    const auto mine = sealer.check_value();
    auto check = [mine](store::Transaction& tx) -> Result<> {
        TRY(known, tx.settings.get("master_key_check"));
        if (!known) {
            return tx.settings.put("master_key_check", mine);
        }
        if (*known != mine) {
            return fail(
                Error(Errc::invalid, "the master key is not the one that sealed the secrets in this database")
                    .with_code("wrong_master_key")
                    .with_fix("point master_key at the right file, or restore it from the recovery copy"));
        }
        return {};
    };
    co_return co_await store.write(std::move(check));
}

std::vector<model::Zone> zones_of(const Settings& settings)
{
    if (settings.dns_listen.empty()) {
        return {};
    }
    model::Zone platform;
    platform.apex = model::DomainName::parse(settings.domain).value().text();
    platform.name_servers = name_servers_of(settings);
    platform.hostmaster = "hostmaster." + platform.apex;
    platform.group = "default";
    if (settings.dns01_elsewhere()) {
        return {platform};
    }
    model::Zone challenge = platform;
    challenge.apex = model::DomainName::parse(settings.challenge_zone_or_default()).value().text();
    challenge.group.clear();
    challenge.kind = model::ZoneKind::challenge;
    return {platform, challenge};
}

Task<> apply_settings(store::Store& store, Settings settings, base::Clock& clock)
{
    const auto now = clock.now();
    auto apply = [settings = std::move(settings), now](store::Transaction& tx) -> Result<> {
        CHECKED(put_default_tenant(tx, now));
        CHECKED(put_default_group(tx, settings.addresses));
        for (const auto& zone : zones_of(settings)) {
            CHECKED(put_zone(tx, zone));
        }
        return {};
    };
    co_return co_await store.write(std::move(apply));
}

Task<> ensure_operator_token(store::Store& store, std::filesystem::path folder, base::Clock& clock)
{
    const auto file = folder / "operator.token";
    const auto now = clock.now();
    if (const auto secret = read_first_line(file); !secret.empty()) {
        const auto hash = hash_of(secret);
        auto find = [hash, now](store::Transaction& tx) -> Result<model::Token> {
            return tx.tokens.find(hash, now);
        };
        const auto known = co_await store.read(std::move(find));
        if (known || known.error().kind() != Errc::not_found) {
            co_return known ? Result<>() : fail(known.error());
        }
    }
    const auto secret = base::random_secret();
    model::Token token;
    token.id = base::new_id("tok");
    token.name = operator_token_name;
    token.secret_hash = hash_of(secret);
    token.scopes = {"read", "write", "admin"};
    token.created_at = now;
    // Stored before it is written: a token that nobody can read is harmless, a file that opens nothing is
    // not.
    auto replace = [token](store::Transaction& tx) -> Result<> { return replace_operator_token(tx, token); };
    CO_CHECKED(co_await store.write(std::move(replace)));
    CO_CHECKED(write_secret_file(file, secret + "\n"));
    base::log::info("operator_token_made", {{"file", file.string()}});
    co_return Result<>();
}

}  // namespace app
