// What a CA's renewal information does to a certificate (RFC 9773). Its state belongs to one certID: an
// answer about a certificate can never move the renewal of its successor.
#pragma once

#include "acme/resources.h"
#include "model/certificate.h"
#include "model/records.h"
#include "store/store.h"

namespace issuance {

// How long after a window's start a renewal may be chosen: not in its last moments, because what is sent
// after the window counts against the CA's limits (ca-facts 1.2).
std::chrono::milliseconds choices_within(base::Time start, base::Time end);

// When to renew although the CA chose `chosen`: not in the first minutes of a certificate's life, and not so
// late that nothing may go wrong any more.
base::Time advised_renewal(const model::Certificate& certificate, base::Time chosen);

// The CA is asked for the first time right after it issued. `ari_id`: certID (RFC 9773 4.1), empty when the
// certificate has none.
base::Result<> begin_advice(store::Transaction& tx, const model::Certificate& certificate,
                            const std::string& ari_id);
// It is asked no more: the certificate was replaced.
base::Result<> end_advice(store::Transaction& tx, const std::string& certificate);

// What the poller does with an answer: the instant is chosen once a window, and becomes the certificate's
// renewal time.
base::Result<> apply_answer(store::Transaction& tx, const std::string& ari_id, const acme::RenewalInfo& info,
                            base::Time now);
// No answer, or none that makes sense: what is known stays, and without a window the certificate is renewed
// by its lifetime.
base::Result<> apply_failure(store::Transaction& tx, const std::string& ari_id, const base::Error& error,
                             base::Time now);

// Takes up to `limit` certificates to ask about. Others do not take them for some minutes, so that nodes
// share the work and a crash loses nothing. Those that expired or were replaced are dropped on the way; those
// whose renewals are stopped are looked at again later.
base::Result<std::vector<model::RenewalAdvice>> take_due_advice(store::Transaction& tx, base::Time now,
                                                                std::size_t limit);

}  // namespace issuance
