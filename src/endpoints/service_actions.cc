// Looking again, renewing, and certificates that people bring.
#include "base/random.h"
#include "crypto/certificate.h"
#include "endpoints/lookup.h"
#include "endpoints/service.h"

#include <fmt/format.h>

#include <algorithm>

namespace endpoints {

namespace {

std::vector<std::string> texts(const std::vector<model::DomainName>& names)
{
    std::vector<std::string> made;
    std::ranges::transform(names, std::back_inserter(made), &model::DomainName::text);
    return made;
}

base::Result<model::Certificate> to_certificate(const crypto::Sealer& sealer, const model::Endpoint& endpoint,
                                                const Upload& upload, base::Time now)
{
    TRY(chain, crypto::check_upload(upload.chain_pem, upload.key_pem, texts(endpoint.names), now));
    TRY(key, crypto::PrivateKey::from_pem(upload.key_pem));
    model::Certificate made;
    made.id = base::new_id("crt");
    made.tenant = endpoint.tenant;
    made.endpoint = endpoint.id;
    made.edge_group = endpoint.edge_group;
    made.source = upload.source;
    made.identifiers = chain.leaf.identifiers;
    made.key_type = chain.leaf.key_type;
    made.issuer = chain.leaf.issuer;
    made.serial = chain.leaf.serial;
    made.sha256 = chain.leaf.sha256;
    made.not_before = chain.leaf.not_before;
    made.not_after = chain.leaf.not_after;
    made.chain_pem = crypto::to_pem(chain.der);
    made.sealed_key = sealer.seal(key.to_pkcs8(), model::certificate_context(made));
    made.created_at = now;
    return made;
}

// The live certificate that `made` replaces or, when it is the same one, repeats; none: it is the first of
// its kind.
base::Result<std::optional<model::Certificate>> replaced_by_upload(store::Transaction& tx,
                                                                   const model::Certificate& made)
{
    TRY(live, tx.certificates.of_endpoint(made.endpoint));
    for (auto& each : live) {
        if (each.source != made.source || each.key_type != made.key_type) {
            continue;
        }
        if (each.sha256 == made.sha256) {
            return each;
        }
        if (each.not_after > made.created_at && made.not_after < each.not_after) {
            return base::fail(
                base::Error(base::Errc::conflict,
                            fmt::format("this certificate ends at {}, before the one that is there, at {}",
                                        base::to_rfc3339(made.not_after), base::to_rfc3339(each.not_after)))
                    .with_code("cert_upload_older")
                    .with_fix("To use it all the same, remove the other one first: certwright certificate "
                              "remove " +
                              each.id));
        }
        return each;
    }
    return std::nullopt;
}

// Stores `made`, or returns the live certificate that it repeats.
base::Result<model::Certificate> put_upload(store::Transaction& tx, const model::Endpoint& endpoint,
                                            const model::Certificate& made)
{
    TRY(old, replaced_by_upload(tx, made));
    if (old && old->sha256 == made.sha256) {
        return std::move(*old);
    }
    if (old) {
        old->state = model::CertificateState::superseded;
        old->replaced_by = made.id;
        CHECKED(tx.certificates.update(*old));
        tx.revisions.append(model::RevisionKind::certificate, old->id, old->edge_group);
    }
    CHECKED(tx.certificates.insert(made));
    tx.revisions.append(model::RevisionKind::certificate, made.id, made.edge_group);
    tx.revisions.append(model::RevisionKind::route, endpoint.id, endpoint.edge_group);
    return made;
}

model::Event certificate_event(const model::Endpoint& endpoint, const model::Certificate& certificate,
                               std::string type, std::string_view what, base::Time now)
{
    auto event =
        endpoint_event(endpoint, std::move(type),
                       fmt::format("A {} certificate of {} was {}.", model::to_string(certificate.source),
                                   endpoint.name().display(), what),
                       now);
    event.data["certificate"] = certificate.id;
    event.data["serial"] = certificate.serial;
    event.data["not_after"] = base::to_rfc3339(certificate.not_after);
    return event;
}

bool brought_by_people(const model::Certificate& certificate)
{
    return certificate.source == model::CertificateSource::uploaded ||
           certificate.source == model::CertificateSource::transitional;
}

}  // namespace

base::Task<Detail> Service::check(Caller caller, std::string reference)
{
    auto find = [caller, reference](store::Transaction& tx) { return find_working(tx, caller, reference); };
    CO_TRY(endpoint, co_await store_.read(std::move(find)));
    CO_CHECKED(co_await checks_.check_now(endpoint.id));
    co_return co_await get(caller, endpoint.id);
}

base::Task<std::vector<model::Order>> Service::renew(Caller caller, std::string reference)
{
    const auto now = clock_.now();
    auto work = [this, caller, reference,
                 now](store::Transaction& tx) -> base::Result<std::vector<model::Order>> {
        TRY(endpoint, find_working(tx, caller, reference));
        TRY(live, tx.certificates.of_endpoint(endpoint.id));
        std::vector<model::Order> orders;
        for (const auto& each : live) {
            if (each.source == model::CertificateSource::managed) {
                TRY(order, issuance_.enqueue(tx, endpoint, each, now));
                orders.push_back(std::move(order));
            }
        }
        if (orders.empty()) {
            TRY(order, issuance_.enqueue(tx, endpoint, std::nullopt, now));
            orders.push_back(std::move(order));
        }
        CHECKED(tx.events.append(endpoint_event(
            endpoint, "certificate.renewal.requested",
            fmt::format("A new certificate of {} was asked for.", endpoint.name().display()), now)));
        return orders;
    };
    auto orders = co_await store_.write(std::move(work));
    issuance_.wake();
    co_return orders;
}

base::Task<Detail> Service::retry(Caller caller, std::string reference)
{
    const auto now = clock_.now();
    auto work = [this, caller, reference, now](store::Transaction& tx) -> base::Result<Detail> {
        TRY(endpoint, find_working(tx, caller, reference));
        TRY(hastened, issuance_.hasten(tx, endpoint, now));
        endpoint.next_check_at = now;
        endpoint.checks = 0;
        CHECKED(tx.endpoints.update(endpoint));
        CHECKED(
            tx.events.append(endpoint_event(endpoint, "endpoint.resumed",
                                            fmt::format("{} is tried again {}.", endpoint.name().display(),
                                                        hastened ? "at once" : "as soon as its DNS is right"),
                                            now)));
        return read_detail(tx, caller, endpoint.id);
    };
    auto detail = co_await store_.write(std::move(work));
    issuance_.wake();
    co_return detail;
}

base::Task<Uploaded> Service::upload(Caller caller, std::string reference, Upload upload)
{
    const auto now = clock_.now();
    if (upload.source != model::CertificateSource::uploaded &&
        upload.source != model::CertificateSource::transitional) {
        co_return base::fail(base::Error(base::Errc::invalid, "an upload is 'uploaded' or 'transitional'")
                                 .with_code("source_invalid"));
    }
    auto find = [caller, reference](store::Transaction& tx) { return find_working(tx, caller, reference); };
    CO_TRY(checked, co_await store_.read(std::move(find)));
    // Signatures are verified here, not on the store's writer.
    CO_TRY(made, to_certificate(sealer_, checked, upload, now));
    if (upload.preview) {
        auto look = [checked, made](store::Transaction& tx) -> base::Result<Uploaded> {
            CHECKED(replaced_by_upload(tx, made));
            TRY(warnings, unproved_names(tx, checked));
            return Uploaded{made, std::move(warnings)};
        };
        co_return co_await store_.read(std::move(look));
    }
    auto work = [this, caller, id = checked.id, made, now](store::Transaction& tx) -> base::Result<Uploaded> {
        TRY(endpoint, find_working(tx, caller, id));
        TRY(stored, put_upload(tx, endpoint, made));
        TRY(warnings, unproved_names(tx, endpoint));
        if (stored.id == made.id) {
            CHECKED(checks_.refresh_status(tx, endpoint.id, now));
            CHECKED(tx.events.append(
                certificate_event(endpoint, stored, "certificate.uploaded", "uploaded", now)));
        }
        return Uploaded{std::move(stored), std::move(warnings)};
    };
    co_return co_await store_.write(std::move(work));
}

base::Task<model::Certificate> Service::certificate(Caller caller, std::string id)
{
    auto work = [caller, id](store::Transaction& tx) { return find_certificate(tx, caller, id); };
    co_return co_await store_.read(std::move(work));
}

base::Task<store::Page<model::Certificate>> Service::certificates(Caller caller, std::string after,
                                                                  std::size_t limit)
{
    auto work = [caller, after, limit](store::Transaction& tx) {
        return tx.certificates.list(caller.tenant, after, limit);
    };
    co_return co_await store_.read(std::move(work));
}

base::Task<model::Certificate> Service::remove_certificate(Caller caller, std::string id)
{
    const auto now = clock_.now();
    auto work = [this, caller, id, now](store::Transaction& tx) -> base::Result<model::Certificate> {
        TRY(certificate, find_certificate(tx, caller, id));
        if (!brought_by_people(certificate)) {
            return base::fail(
                base::Error(base::Errc::conflict, fmt::format("'{}' is managed by certwright", id))
                    .with_code("certificate_managed")
                    .with_fix("Remove the endpoint, or renew it to replace this certificate."));
        }
        if (certificate.state == model::CertificateState::deleted) {
            return certificate;
        }
        certificate.state = model::CertificateState::deleted;
        certificate.sealed_key.clear();  // Whoever removes it wants its key gone.
        CHECKED(tx.certificates.update(certificate));
        TRY(endpoint, tx.endpoints.get(certificate.endpoint));
        tx.revisions.append(model::RevisionKind::certificate, certificate.id, certificate.edge_group);
        tx.revisions.append(model::RevisionKind::route, endpoint.id, endpoint.edge_group);
        CHECKED(checks_.refresh_status(tx, endpoint.id, now));
        CHECKED(tx.events.append(
            certificate_event(endpoint, certificate, "certificate.deleted", "removed", now)));
        return certificate;
    };
    co_return co_await store_.write(std::move(work));
}

}  // namespace endpoints
