CREATE TABLE buckets (
  name TEXT PRIMARY KEY,
  capacity DOUBLE PRECISION NOT NULL,
  period_ms BIGINT NOT NULL,
  level DOUBLE PRECISION NOT NULL,
  updated_at BIGINT NOT NULL,
  blocked_until BIGINT
);
CREATE TABLE ca_accounts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  directory_url TEXT NOT NULL,
  account_url TEXT NOT NULL,
  contacts TEXT NOT NULL,
  sealed_key BLOB NOT NULL,
  thumbprint TEXT NOT NULL,
  eab_kid TEXT NOT NULL,
  sealed_eab_key BLOB NOT NULL,
  is_default BIGINT NOT NULL,
  deactivated BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX ca_accounts_default ON ca_accounts (is_default) WHERE is_default = 1;
CREATE TABLE certificates (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  edge_group TEXT NOT NULL,
  source TEXT NOT NULL,
  state TEXT NOT NULL,
  identifiers TEXT NOT NULL,
  key_type TEXT NOT NULL,
  issuer TEXT NOT NULL,
  serial TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  not_before BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  chain_pem TEXT NOT NULL,
  sealed_key BLOB NOT NULL,
  account TEXT NOT NULL,
  order_id TEXT NOT NULL,
  replaced_by TEXT NOT NULL,
  renew_at BIGINT,
  created_at BIGINT NOT NULL
);
CREATE INDEX certificates_by_age ON certificates (created_at, id);
CREATE INDEX certificates_by_tenant ON certificates (tenant, created_at, id);
CREATE INDEX certificates_due ON certificates (renew_at, id) WHERE state = 'live' AND renew_at IS NOT NULL;
CREATE INDEX certificates_live ON certificates (id) WHERE state = 'live';
CREATE INDEX certificates_of_endpoint ON certificates (endpoint, created_at, id) WHERE state = 'live';
CREATE TABLE challenge_tokens (
  token TEXT PRIMARY KEY,
  thumbprint TEXT NOT NULL,
  order_id TEXT NOT NULL,
  expires_at BIGINT NOT NULL
, identifier TEXT NOT NULL DEFAULT '');
CREATE INDEX challenge_tokens_of_order ON challenge_tokens (order_id, token);
CREATE TABLE challenge_txt (
  owner TEXT NOT NULL,
  value TEXT NOT NULL,
  order_id TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (owner, value)
);
CREATE INDEX challenge_txt_of_order ON challenge_txt (order_id, owner, value);
CREATE TABLE edge_groups (
  name TEXT PRIMARY KEY,
  addresses TEXT NOT NULL,
  default_certificate TEXT NOT NULL,
  thumbprint TEXT NOT NULL
, own_challenges BIGINT NOT NULL DEFAULT 0);
CREATE TABLE edge_nodes (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  edge_group TEXT NOT NULL,
  version TEXT NOT NULL,
  revision BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
, trouble TEXT NOT NULL DEFAULT '');
CREATE TABLE endpoint_names (
  endpoint TEXT NOT NULL REFERENCES endpoints (id),
  name TEXT NOT NULL,
  live BIGINT NOT NULL,
  PRIMARY KEY (endpoint, name)
);
CREATE UNIQUE INDEX endpoint_names_live ON endpoint_names (name) WHERE live = 1;
CREATE TABLE endpoints (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  edge_group TEXT NOT NULL,
  names TEXT NOT NULL,
  kind TEXT NOT NULL,
  ip_filter TEXT NOT NULL,
  filter_at TEXT NOT NULL,
  upstream TEXT NOT NULL,
  key_types TEXT NOT NULL,
  label TEXT NOT NULL UNIQUE,
  alias TEXT NOT NULL,
  required_records TEXT NOT NULL,
  state TEXT NOT NULL,
  state_since BIGINT NOT NULL,
  reason TEXT NOT NULL,
  retrying BIGINT NOT NULL,
  next_attempt_at BIGINT,
  serving BIGINT NOT NULL,
  conditions TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  next_check_at BIGINT,
  checks BIGINT NOT NULL,
  deleted_at BIGINT
, own_challenges BIGINT NOT NULL DEFAULT 0);
CREATE INDEX endpoints_by_age ON endpoints (created_at, id);
CREATE INDEX endpoints_by_alias ON endpoints (alias) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_by_state ON endpoints (state, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_by_tenant ON endpoints (tenant, created_at, id);
CREATE INDEX endpoints_by_tenant_state ON endpoints (tenant, state, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_due ON endpoints (next_check_at, id) WHERE deleted_at IS NULL AND next_check_at IS NOT NULL;
CREATE INDEX endpoints_live ON endpoints (id) WHERE deleted_at IS NULL;
CREATE TABLE events (
  number BIGINT PRIMARY KEY,
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  type TEXT NOT NULL,
  message TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX events_by_tenant ON events (tenant, number);
CREATE INDEX events_of_subject ON events (subject, number);
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  node TEXT NOT NULL,
  fence BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE TABLE orders (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  account TEXT NOT NULL,
  queue_class BIGINT NOT NULL,
  identifiers TEXT NOT NULL,
  key_type TEXT NOT NULL,
  profile TEXT NOT NULL,
  replaces TEXT NOT NULL,
  status TEXT NOT NULL,
  challenge TEXT NOT NULL,
  csr_der BLOB NOT NULL,
  sealed_key BLOB NOT NULL,
  order_url TEXT NOT NULL,
  finalize_url TEXT NOT NULL,
  certificate_url TEXT NOT NULL,
  certificate TEXT NOT NULL,
  reservation TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  problem TEXT NOT NULL,
  forced BIGINT NOT NULL,
  next_action_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  finished BIGINT NOT NULL,
  lease_node TEXT NOT NULL DEFAULT '',
  lease_until BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX orders_by_status ON orders (status);
CREATE INDEX orders_due ON orders (queue_class, next_action_at, created_at, id) WHERE finished = 0;
CREATE INDEX orders_of_endpoint ON orders (endpoint, created_at, id);
CREATE INDEX orders_open_of_endpoint ON orders (endpoint) WHERE finished = 0;
CREATE INDEX orders_open_replacing ON orders (replaces) WHERE finished = 0;
CREATE TABLE reservations (
  id TEXT PRIMARY KEY,
  buckets TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE revision_head (
  id BIGINT PRIMARY KEY,
  epoch TEXT NOT NULL,
  number BIGINT NOT NULL DEFAULT 0,
  compacted BIGINT NOT NULL DEFAULT 0,
  event BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE revisions (
  number BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  edge_group TEXT NOT NULL
);
CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL);
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  secret_hash TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT
);
CREATE INDEX tokens_by_tenant ON tokens (tenant, created_at, id);
CREATE TABLE zones (
  apex TEXT PRIMARY KEY,
  name_servers TEXT NOT NULL,
  hostmaster TEXT NOT NULL,
  edge_group TEXT NOT NULL,
  negative_ttl BIGINT NOT NULL
);
