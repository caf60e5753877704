// What a finalize request's key and names must be (RFC 8555 7.4, ca-facts 4.8).
#pragma once

#include "crypto/request_facts.h"
#include "relay/records.h"

namespace relay {

// None, or badCSR with the reason. `account_key` is the account's SubjectPublicKeyInfo.
Problem check_request(const crypto::RequestFacts& facts, const Order& order, base::ByteView account_key);

}  // namespace relay
