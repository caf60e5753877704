#include "store/migration_steps.h"

#include "store/alert_schema.h"
#include "store/serving_schema.h"

#include <array>

namespace store {

namespace {

constexpr std::string_view resources = R"sql(
CREATE TABLE tenants (
  id {text} PRIMARY KEY,
  name {text} NOT NULL,
  created_at BIGINT NOT NULL
);
INSERT INTO tenants (id, name, created_at) VALUES ('default', 'default', 0);

CREATE TABLE tokens (
  id {text} PRIMARY KEY,
  tenant {text} NOT NULL,
  name {text} NOT NULL,
  secret_hash {text} NOT NULL UNIQUE,
  scopes {text} NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
);
CREATE INDEX tokens_by_tenant ON tokens (tenant, created_at, id);

CREATE TABLE endpoints (
  id {text} PRIMARY KEY,
  tenant {text} NOT NULL,
  edge_group {text} NOT NULL,
  names {text} NOT NULL,
  kind {text} NOT NULL,
  ip_filter {text} NOT NULL,
  filter_at {text} NOT NULL,
  upstream {text} NOT NULL,
  key_types {text} NOT NULL,
  label {text} NOT NULL UNIQUE,
  alias {text} NOT NULL,
  required_records {text} NOT NULL,
  state {text} NOT NULL,
  state_since BIGINT NOT NULL,
  reason {text} NOT NULL,
  retrying BIGINT NOT NULL,
  next_attempt_at BIGINT,
  serving BIGINT NOT NULL,
  conditions {text} NOT NULL,
  created_at BIGINT NOT NULL,
  next_check_at BIGINT,
  checks BIGINT NOT NULL,
  deleted_at BIGINT
);
CREATE INDEX endpoints_due ON endpoints (next_check_at, id) WHERE deleted_at IS NULL AND next_check_at IS NOT NULL;
CREATE INDEX endpoints_live ON endpoints (id) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_by_alias ON endpoints (alias) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_by_age ON endpoints (created_at, id);
CREATE INDEX endpoints_by_tenant ON endpoints (tenant, created_at, id);
CREATE INDEX endpoints_by_state ON endpoints (state, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_by_tenant_state ON endpoints (tenant, state, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE endpoint_names (
  endpoint {text} NOT NULL REFERENCES endpoints (id),
  name {text} NOT NULL,
  live BIGINT NOT NULL,
  PRIMARY KEY (endpoint, name)
);
CREATE UNIQUE INDEX endpoint_names_live ON endpoint_names (name) WHERE live = 1;

CREATE TABLE certificates (
  id {text} PRIMARY KEY,
  tenant {text} NOT NULL,
  endpoint {text} NOT NULL,
  edge_group {text} NOT NULL,
  source {text} NOT NULL,
  state {text} NOT NULL,
  identifiers {text} NOT NULL,
  key_type {text} NOT NULL,
  issuer {text} NOT NULL,
  serial {text} NOT NULL,
  sha256 {text} NOT NULL,
  not_before BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  chain_pem {text} NOT NULL,
  sealed_key {bytes} NOT NULL,
  account {text} NOT NULL,
  order_id {text} NOT NULL,
  replaced_by {text} NOT NULL,
  renew_at BIGINT,
  created_at BIGINT NOT NULL
);
CREATE INDEX certificates_due ON certificates (renew_at, id) WHERE state = 'live' AND renew_at IS NOT NULL;
CREATE INDEX certificates_live ON certificates (id) WHERE state = 'live';
CREATE INDEX certificates_of_endpoint ON certificates (endpoint, created_at, id) WHERE state = 'live';
CREATE INDEX certificates_by_age ON certificates (created_at, id);
CREATE INDEX certificates_by_tenant ON certificates (tenant, created_at, id);

CREATE TABLE orders (
  id {text} PRIMARY KEY,
  tenant {text} NOT NULL,
  endpoint {text} NOT NULL,
  account {text} NOT NULL,
  queue_class BIGINT NOT NULL,
  identifiers {text} NOT NULL,
  key_type {text} NOT NULL,
  profile {text} NOT NULL,
  replaces {text} NOT NULL,
  status {text} NOT NULL,
  challenge {text} NOT NULL,
  csr_der {bytes} NOT NULL,
  sealed_key {bytes} NOT NULL,
  order_url {text} NOT NULL,
  finalize_url {text} NOT NULL,
  certificate_url {text} NOT NULL,
  certificate {text} NOT NULL,
  reservation {text} NOT NULL,
  attempt BIGINT NOT NULL,
  problem {text} NOT NULL,
  forced BIGINT NOT NULL,
  next_action_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  finished BIGINT NOT NULL,
  lease_node {text} NOT NULL DEFAULT '',
  lease_until BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX orders_due ON orders (queue_class, next_action_at, created_at, id) WHERE finished = 0;
CREATE INDEX orders_open_of_endpoint ON orders (endpoint) WHERE finished = 0;
CREATE INDEX orders_open_replacing ON orders (replaces) WHERE finished = 0;
CREATE INDEX orders_of_endpoint ON orders (endpoint, created_at, id);
CREATE INDEX orders_by_status ON orders (status);

CREATE TABLE revision_head (
  id BIGINT PRIMARY KEY,
  epoch {text} NOT NULL,
  number BIGINT NOT NULL DEFAULT 0,
  compacted BIGINT NOT NULL DEFAULT 0,
  event BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE revisions (
  number BIGINT PRIMARY KEY,
  kind {text} NOT NULL,
  subject {text} NOT NULL,
  edge_group {text} NOT NULL
);

CREATE TABLE ca_accounts (
  id {text} PRIMARY KEY,
  name {text} NOT NULL,
  directory_url {text} NOT NULL,
  account_url {text} NOT NULL,
  contacts {text} NOT NULL,
  sealed_key {bytes} NOT NULL,
  thumbprint {text} NOT NULL,
  eab_kid {text} NOT NULL,
  sealed_eab_key {bytes} NOT NULL,
  is_default BIGINT NOT NULL,
  deactivated BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX ca_accounts_default ON ca_accounts (is_default) WHERE is_default = 1;

CREATE TABLE challenge_txt (
  owner {text} NOT NULL,
  value {text} NOT NULL,
  order_id {text} NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (owner, value)
);
CREATE INDEX challenge_txt_of_order ON challenge_txt (order_id, owner, value);
CREATE TABLE challenge_tokens (
  token {text} PRIMARY KEY,
  thumbprint {text} NOT NULL,
  order_id {text} NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX challenge_tokens_of_order ON challenge_tokens (order_id, token);

CREATE TABLE settings (
  name {text} PRIMARY KEY,
  value {text} NOT NULL
);
)sql";

constexpr std::string_view fleet = R"sql(
CREATE TABLE leases (
  name {text} PRIMARY KEY,
  node {text} NOT NULL,
  fence BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE buckets (
  name {text} PRIMARY KEY,
  capacity DOUBLE PRECISION NOT NULL,
  period_ms BIGINT NOT NULL,
  level DOUBLE PRECISION NOT NULL,
  updated_at BIGINT NOT NULL,
  blocked_until BIGINT
);
CREATE TABLE reservations (
  id {text} PRIMARY KEY,
  buckets {text} NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE events (
  number BIGINT PRIMARY KEY,
  tenant {text} NOT NULL,
  subject {text} NOT NULL,
  type {text} NOT NULL,
  message {text} NOT NULL,
  data {text} NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX events_by_tenant ON events (tenant, number);
CREATE INDEX events_of_subject ON events (subject, number);

CREATE TABLE edge_nodes (
  id {text} PRIMARY KEY,
  name {text} NOT NULL,
  edge_group {text} NOT NULL,
  version {text} NOT NULL,
  revision BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
);
CREATE TABLE edge_groups (
  name {text} PRIMARY KEY,
  addresses {text} NOT NULL,
  default_certificate {text} NOT NULL,
  thumbprint {text} NOT NULL
);
CREATE TABLE zones (
  apex {text} PRIMARY KEY,
  name_servers {text} NOT NULL,
  hostmaster {text} NOT NULL,
  edge_group {text} NOT NULL,
  negative_ttl BIGINT NOT NULL
);
)sql";

constexpr std::string_view alpn_challenges = R"sql(
ALTER TABLE challenge_tokens ADD COLUMN identifier {text} NOT NULL DEFAULT '';
)sql";

constexpr std::string_view ledger_and_queue = R"sql(
ALTER TABLE buckets ADD COLUMN owner {text} NOT NULL DEFAULT '';
ALTER TABLE buckets ADD COLUMN limit_name {text} NOT NULL DEFAULT '';
ALTER TABLE buckets ADD COLUMN subject {text} NOT NULL DEFAULT '';
ALTER TABLE buckets ADD COLUMN reserved BIGINT NOT NULL DEFAULT 0;
ALTER TABLE buckets ADD COLUMN full_at BIGINT NOT NULL DEFAULT 0;
UPDATE buckets SET full_at = updated_at + period_ms;
CREATE INDEX buckets_scarcest ON buckets (owner, limit_name, full_at, name);
CREATE INDEX buckets_by_subject ON buckets (owner, limit_name, subject);
CREATE INDEX buckets_full ON buckets (full_at) WHERE reserved <= 0;
ALTER TABLE reservations ADD COLUMN failures {text} NOT NULL DEFAULT '[]';
CREATE INDEX reservations_by_age ON reservations (created_at);
CREATE TABLE limit_overrides (
  account {text} NOT NULL,
  limit_name {text} NOT NULL,
  subject {text} NOT NULL,
  capacity DOUBLE PRECISION NOT NULL,
  period_ms BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account, limit_name, subject)
);

ALTER TABLE orders ADD COLUMN ready BIGINT NOT NULL DEFAULT 0;
DROP INDEX orders_due;
CREATE INDEX orders_waiting ON orders (next_action_at, id) WHERE finished = 0 AND ready = 0;
CREATE INDEX orders_ready ON orders (queue_class, tenant, next_action_at, created_at, id) WHERE finished = 0 AND ready = 1;
CREATE TABLE queue_turns (
  queue_class BIGINT PRIMARY KEY,
  tenant {text} NOT NULL,
  pass BIGINT NOT NULL
);
INSERT INTO queue_turns (queue_class, tenant, pass) VALUES (1, '', 1), (2, '', 2), (3, '', 4), (4, '', 8);

DROP INDEX orders_by_status;
CREATE INDEX orders_open_by_status ON orders (status, finished) WHERE finished = 0;

CREATE TABLE endpoint_counts (
  tenant {text} NOT NULL,
  state {text} NOT NULL,
  total BIGINT NOT NULL,
  PRIMARY KEY (tenant, state)
);
INSERT INTO endpoint_counts (tenant, state, total)
  SELECT tenant, state, COUNT(*) FROM endpoints WHERE deleted_at IS NULL GROUP BY tenant, state;

CREATE TABLE renewal_advice (
  ari_id {text} PRIMARY KEY,
  certificate {text} NOT NULL,
  account {text} NOT NULL,
  window_start BIGINT,
  window_end BIGINT,
  chosen_at BIGINT,
  explanation_url {text} NOT NULL,
  next_poll_at BIGINT,
  answered_at BIGINT,
  failures BIGINT NOT NULL,
  replaces_refused BIGINT NOT NULL
);
CREATE INDEX renewal_advice_due ON renewal_advice (next_poll_at, ari_id) WHERE next_poll_at IS NOT NULL;
CREATE INDEX renewal_advice_of_certificate ON renewal_advice (certificate, ari_id);
)sql";
// CAs beside the default one, their health, revocations.
constexpr std::string_view several_cas = R"sql(
ALTER TABLE certificates ADD COLUMN trusted BIGINT NOT NULL DEFAULT 1;
CREATE INDEX certificates_of_account ON certificates (account, id) WHERE state = 'live';
CREATE INDEX certificates_untrusted ON certificates (endpoint, id) WHERE state = 'live' AND trusted = 0;

ALTER TABLE orders ADD COLUMN tried {text} NOT NULL DEFAULT '';
CREATE INDEX orders_open_of_account ON orders (account, id) WHERE finished = 0;

ALTER TABLE endpoints ADD COLUMN ca_policy {text} NOT NULL DEFAULT '';
ALTER TABLE endpoints ADD COLUMN profile {text} NOT NULL DEFAULT '';

ALTER TABLE ca_accounts ADD COLUMN trusted BIGINT NOT NULL DEFAULT 1;
ALTER TABLE ca_accounts ADD COLUMN fallback BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ca_accounts ADD COLUMN profile {text} NOT NULL DEFAULT '';
ALTER TABLE ca_accounts ADD COLUMN preferred_issuer {text} NOT NULL DEFAULT '';
ALTER TABLE ca_accounts ADD COLUMN key_types {text} NOT NULL DEFAULT '';
ALTER TABLE ca_accounts ADD COLUMN caa_identities {text} NOT NULL DEFAULT '';
ALTER TABLE ca_accounts ADD COLUMN profiles {text} NOT NULL DEFAULT '';
ALTER TABLE ca_accounts ADD COLUMN problem {text} NOT NULL DEFAULT '';
ALTER TABLE ca_accounts ADD COLUMN rotation {text} NOT NULL DEFAULT '';
ALTER TABLE ca_accounts ADD COLUMN sealed_next_key {bytes};
ALTER TABLE ca_accounts ADD COLUMN next_thumbprint {text} NOT NULL DEFAULT '';

CREATE TABLE ca_health (
  directory_url {text} PRIMARY KEY,
  state {text} NOT NULL,
  failures BIGINT NOT NULL,
  since BIGINT NOT NULL,
  probe_at BIGINT NOT NULL,
  problem {text} NOT NULL,
  limited_until BIGINT
);

CREATE TABLE revocations (
  certificate {text} PRIMARY KEY,
  endpoint {text} NOT NULL,
  reason BIGINT NOT NULL,
  replace_it BIGINT NOT NULL,
  requested_at BIGINT NOT NULL,
  next_action_at BIGINT,
  attempt BIGINT NOT NULL,
  problem {text} NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX revocations_due ON revocations (next_action_at, certificate) WHERE next_action_at IS NOT NULL;
CREATE INDEX revocations_of_endpoint ON revocations (endpoint, requested_at);
)sql";
// Proxies of others: who leaves the challenge path to the app, and what keeps a deploy target from its work.
constexpr std::string_view proxies = R"sql(
ALTER TABLE endpoints ADD COLUMN own_challenges BIGINT NOT NULL DEFAULT 0;
ALTER TABLE edge_groups ADD COLUMN own_challenges BIGINT NOT NULL DEFAULT 0;
ALTER TABLE edge_nodes ADD COLUMN trouble {text} NOT NULL DEFAULT '';
)sql";
// Claims on a name stopped being exclusive: the first that is proved holds it. Those from before were.
constexpr std::string_view ownership = R"sql(
ALTER TABLE endpoints ADD COLUMN vouched BIGINT NOT NULL DEFAULT 0;
ALTER TABLE endpoints ADD COLUMN bulk BIGINT NOT NULL DEFAULT 0;
UPDATE endpoints SET vouched = 1 WHERE tenant = 'default';

ALTER TABLE endpoint_names ADD COLUMN tenant {text} NOT NULL DEFAULT '';
ALTER TABLE endpoint_names ADD COLUMN registrable {text} NOT NULL DEFAULT '';
UPDATE endpoint_names SET tenant = (SELECT tenant FROM endpoints WHERE id = endpoint_names.endpoint);
DROP INDEX endpoint_names_live;
CREATE UNIQUE INDEX endpoint_names_live ON endpoint_names (name, tenant) WHERE live = 1;
CREATE INDEX endpoint_names_by_registrable ON endpoint_names (tenant, registrable) WHERE live = 1;

CREATE TABLE name_holders (
  name {text} PRIMARY KEY,
  endpoint {text} NOT NULL REFERENCES endpoints (id)
);
CREATE INDEX name_holders_of_endpoint ON name_holders (endpoint);
INSERT INTO name_holders (name, endpoint) SELECT name, endpoint FROM endpoint_names WHERE live = 1;

CREATE INDEX certificates_retired ON certificates (endpoint, created_at, id) WHERE state = 'deleted';
)sql";

// A group is of our edges or of proxies of others. Those that were added until now were for proxies. Whoever
// follows one of them reads all anew: no revision says that it has a default certificate now.
constexpr std::string_view proxy_groups = R"sql(
ALTER TABLE endpoints ADD COLUMN behind_proxies BIGINT NOT NULL DEFAULT 0;
ALTER TABLE edge_groups ADD COLUMN proxies BIGINT NOT NULL DEFAULT 0;
UPDATE endpoints SET behind_proxies = 1 WHERE edge_group <> 'default';
UPDATE edge_groups SET proxies = 1 WHERE name <> 'default';
UPDATE edge_groups SET default_certificate =
  COALESCE((SELECT own.default_certificate FROM edge_groups own WHERE own.name = 'default'), '')
  WHERE default_certificate = '';
UPDATE revision_head SET number = number + 1, compacted = number + 1
  WHERE EXISTS (SELECT 1 FROM edge_groups WHERE name <> 'default');
)sql";

// Record sets of zones, in two orders: by name, and the names of a zone in canonical order (`place`).
constexpr std::string_view record_sets = R"sql(
CREATE TABLE record_sets (
  name {text} NOT NULL,
  zone {text} NOT NULL,
  type BIGINT NOT NULL,
  place {bytes} NOT NULL,
  ttl BIGINT NOT NULL,
  data {bytes} NOT NULL,
  expires_at BIGINT,
  source {text} NOT NULL,
  PRIMARY KEY (name, zone, type)
);
CREATE INDEX record_sets_of_zone ON record_sets (zone, place, type);
CREATE INDEX record_sets_expiring ON record_sets (expires_at) WHERE expires_at IS NOT NULL;
ALTER TABLE zones ADD COLUMN kind {text} NOT NULL DEFAULT 'platform';
ALTER TABLE zones ADD COLUMN tenant {text} NOT NULL DEFAULT 'default';
ALTER TABLE zones ADD COLUMN primary_server {text} NOT NULL DEFAULT '';
ALTER TABLE zones ADD COLUMN refresh BIGINT NOT NULL DEFAULT 3600;
ALTER TABLE zones ADD COLUMN retry BIGINT NOT NULL DEFAULT 600;
ALTER TABLE zones ADD COLUMN expire BIGINT NOT NULL DEFAULT 604800;
ALTER TABLE zones ADD COLUMN apex_ttl BIGINT NOT NULL DEFAULT 3600;
)sql";

// Tenants take turns where more names are due for a look than fit at once: their order is found in the index.
constexpr std::string_view turns = R"sql(
DROP INDEX endpoints_due;
CREATE INDEX endpoints_due ON endpoints (next_check_at, id, tenant)
  WHERE deleted_at IS NULL AND next_check_at IS NOT NULL;
)sql";

constexpr std::array steps{resources,    fleet,        alpn_challenges, ledger_and_queue,
                           several_cas,  alert_schema, proxies,         ownership,
                           proxy_groups, search,       redirects,       serving_settings,
                           members,      dashboard,    record_sets,     turns};

}  // namespace

std::span<const std::string_view> migration_steps()
{
    return steps;
}

}  // namespace store
