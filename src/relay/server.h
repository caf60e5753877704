// AcmeServer: an ACME server (RFC 8555, RFC 8737, RFC 8738, RFC 9773, profiles). It knows the protocol;
// accounts, names, proofs, signing and storage are behind interfaces: with the private CA it is a test CA,
// and the same server can stand before public CAs.
#pragma once

#include "relay/account_desk.h"
#include "relay/certificate_desk.h"
#include "relay/door.h"
#include "relay/finalize_desk.h"
#include "relay/order_desk.h"
#include "relay/proof_desk.h"

#include <deque>

namespace relay {

// A request as it was answered, for tests and people.
struct LoggedCall {
    std::int64_t at = 0;
    std::string method;
    std::string path;
    std::string client;
    int status = 0;
    std::string problem;  // type; empty: none
    bool lost = false;
};

// Runs on one executor: no locks. stop() before it dies.
class AcmeServer {
public:
    AcmeServer(boost::asio::any_io_executor executor, ServerParts parts, ServerSettings settings);

    // Any request of a client, to its answer; never fails.
    boost::asio::awaitable<Reply> handle(Call call);

    // Goes on with what an earlier process left unfinished.
    base::Task<> resume();
    boost::asio::awaitable<void> stop();

    // By the operator, not by a client. not_found, conflict.
    base::Task<> revoke(std::string certificate, int reason);
    const std::deque<LoggedCall>& calls() const { return calls_; }
    const ServerSettings& settings() const { return world_.settings; }

private:
    Answer answer(Call call, Place place, Delivery& delivery);
    Answer answer_plain(Request& request);
    Answer answer_signed(Request& request);
    Checked<> limit_requests(const Call& call, Step step);
    boost::json::object directory(const Call& call) const;
    Reply refuse_with(const Problem& problem, const Call& call) const;
    Answer unpause(Request& request);
    void log(const Call& call, const Reply& reply, const std::string& problem);

    World world_;
    Door door_;
    AccountDesk accounts_;
    OrderDesk orders_;
    ProofDesk proofs_;
    FinalizeDesk finalize_;
    CertificateDesk certificates_;
    std::deque<LoggedCall> calls_;
};

}  // namespace relay
