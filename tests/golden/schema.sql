CREATE TABLE alert_looks (
  subject TEXT PRIMARY KEY,
  due_at BIGINT NOT NULL
);
CREATE INDEX alert_looks_due ON alert_looks (due_at, subject);
CREATE TABLE alert_silences (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  alert TEXT NOT NULL,
  subject TEXT NOT NULL,
  rule TEXT NOT NULL,
  ends_at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX alert_silences_by_end ON alert_silences (ends_at, id);
CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  rule TEXT NOT NULL,
  subject TEXT NOT NULL,
  name TEXT NOT NULL,
  severity TEXT NOT NULL,
  code TEXT NOT NULL,
  problem TEXT NOT NULL,
  deadline BIGINT,
  seen_count BIGINT NOT NULL,
  opened_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  resolved_at BIGINT,
  notified_at BIGINT,
  notify_at BIGINT,
  quiet_until BIGINT
);
CREATE INDEX alerts_by_age ON alerts (opened_at, id);
CREATE INDEX alerts_by_tenant ON alerts (tenant, opened_at, id);
CREATE INDEX alerts_of_rule ON alerts (rule, opened_at, id);
CREATE INDEX alerts_of_subject ON alerts (subject, opened_at, id);
CREATE INDEX alerts_of_tenant_rule ON alerts (tenant, rule, opened_at, id);
CREATE UNIQUE INDEX alerts_open ON alerts (subject, rule) WHERE resolved_at IS NULL;
CREATE INDEX alerts_open_by_age ON alerts (opened_at, id) WHERE resolved_at IS NULL;
CREATE INDEX alerts_open_by_severity ON alerts (rule, severity, resolved_at) WHERE resolved_at IS NULL;
CREATE INDEX alerts_open_of_rule ON alerts (rule, opened_at, id) WHERE resolved_at IS NULL;
CREATE INDEX alerts_open_of_tenant ON alerts (tenant, opened_at, id) WHERE resolved_at IS NULL;
CREATE INDEX alerts_open_of_tenant_by_severity ON alerts (tenant, rule, severity, resolved_at)
  WHERE resolved_at IS NULL;
CREATE INDEX alerts_open_of_tenant_rule ON alerts (tenant, rule, opened_at, id) WHERE resolved_at IS NULL;
CREATE INDEX alerts_over ON alerts (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX alerts_to_notify ON alerts (notify_at, id) WHERE notify_at IS NOT NULL;
CREATE TABLE buckets (
  name TEXT PRIMARY KEY,
  capacity DOUBLE PRECISION NOT NULL,
  period_ms BIGINT NOT NULL,
  level DOUBLE PRECISION NOT NULL,
  updated_at BIGINT NOT NULL,
  blocked_until BIGINT
, owner TEXT NOT NULL DEFAULT '', limit_name TEXT NOT NULL DEFAULT '', subject TEXT NOT NULL DEFAULT '', reserved BIGINT NOT NULL DEFAULT 0, full_at BIGINT NOT NULL DEFAULT 0);
CREATE INDEX buckets_by_subject ON buckets (owner, limit_name, subject);
CREATE INDEX buckets_full ON buckets (full_at) WHERE reserved <= 0;
CREATE INDEX buckets_scarcest ON buckets (owner, limit_name, full_at, name);
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
, trusted BIGINT NOT NULL DEFAULT 1, fallback BIGINT NOT NULL DEFAULT 0, profile TEXT NOT NULL DEFAULT '', preferred_issuer TEXT NOT NULL DEFAULT '', key_types TEXT NOT NULL DEFAULT '', caa_identities TEXT NOT NULL DEFAULT '', profiles TEXT NOT NULL DEFAULT '', problem TEXT NOT NULL DEFAULT '', rotation TEXT NOT NULL DEFAULT '', sealed_next_key BLOB, next_thumbprint TEXT NOT NULL DEFAULT '');
CREATE UNIQUE INDEX ca_accounts_default ON ca_accounts (is_default) WHERE is_default = 1;
CREATE TABLE ca_health (
  directory_url TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  failures BIGINT NOT NULL,
  since BIGINT NOT NULL,
  probe_at BIGINT NOT NULL,
  problem TEXT NOT NULL,
  limited_until BIGINT
);
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
, trusted BIGINT NOT NULL DEFAULT 1);
CREATE INDEX certificates_by_age ON certificates (created_at, id);
CREATE INDEX certificates_by_end ON certificates (tenant, not_after) WHERE state = 'live';
CREATE INDEX certificates_by_tenant ON certificates (tenant, created_at, id);
CREATE INDEX certificates_due ON certificates (renew_at, id) WHERE state = 'live' AND renew_at IS NOT NULL;
CREATE INDEX certificates_live ON certificates (id) WHERE state = 'live';
CREATE INDEX certificates_of_account ON certificates (account, id) WHERE state = 'live';
CREATE INDEX certificates_of_endpoint ON certificates (endpoint, created_at, id) WHERE state = 'live';
CREATE INDEX certificates_retired ON certificates (endpoint, created_at, id) WHERE state = 'deleted';
CREATE INDEX certificates_untrusted ON certificates (endpoint, id) WHERE state = 'live' AND trusted = 0;
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
CREATE TABLE channels (
  id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  audience TEXT NOT NULL,
  least TEXT NOT NULL,
  events TEXT NOT NULL,
  sealed_secret BLOB NOT NULL,
  enabled BIGINT NOT NULL,
  configured BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  succeeded_at BIGINT,
  failed_at BIGINT,
  error TEXT NOT NULL,
  failures BIGINT NOT NULL,
  tested_at BIGINT
);
CREATE INDEX channels_failing ON channels (id) WHERE failures > 0;
CREATE INDEX channels_of_tenant ON channels (tenant, created_at, id);
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  number BIGINT NOT NULL UNIQUE,
  channel TEXT NOT NULL,
  subject TEXT NOT NULL,
  type TEXT NOT NULL,
  document TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  error TEXT NOT NULL,
  next_attempt_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  finished_at BIGINT,
  first BIGINT NOT NULL
);
CREATE INDEX deliveries_alike ON deliveries (channel, subject, type, number);
CREATE INDEX deliveries_due ON deliveries (channel, next_attempt_at, number) WHERE state = 'waiting' AND first = 1;
CREATE INDEX deliveries_finished ON deliveries (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX deliveries_of_channel ON deliveries (channel, number);
CREATE INDEX deliveries_waiting ON deliveries (channel, subject, number) WHERE state = 'waiting';
CREATE TABLE edge_groups (
  name TEXT PRIMARY KEY,
  addresses TEXT NOT NULL,
  default_certificate TEXT NOT NULL,
  thumbprint TEXT NOT NULL
, own_challenges BIGINT NOT NULL DEFAULT 0, proxies BIGINT NOT NULL DEFAULT 0, pool_to TEXT NOT NULL DEFAULT '', pool_status BIGINT NOT NULL DEFAULT 301, pool_keep_path BIGINT NOT NULL DEFAULT 1, pool_labels BIGINT NOT NULL DEFAULT 0);
CREATE TABLE edge_nodes (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  edge_group TEXT NOT NULL,
  version TEXT NOT NULL,
  revision BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
, trouble TEXT NOT NULL DEFAULT '', certificate_until BIGINT, removed_at BIGINT);
CREATE TABLE endpoint_counts (
  tenant TEXT NOT NULL,
  state TEXT NOT NULL,
  total BIGINT NOT NULL,
  PRIMARY KEY (tenant, state)
);
CREATE TABLE endpoint_names (
  endpoint TEXT NOT NULL REFERENCES endpoints (id),
  name TEXT NOT NULL,
  live BIGINT NOT NULL, tenant TEXT NOT NULL DEFAULT '', registrable TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (endpoint, name)
);
CREATE INDEX endpoint_names_by_registrable ON endpoint_names (tenant, registrable) WHERE live = 1;
CREATE UNIQUE INDEX endpoint_names_live ON endpoint_names (name, tenant) WHERE live = 1;
CREATE TABLE endpoint_totals (
  state TEXT PRIMARY KEY,
  total BIGINT NOT NULL
);
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
, ca_policy TEXT NOT NULL DEFAULT '', profile TEXT NOT NULL DEFAULT '', own_challenges BIGINT NOT NULL DEFAULT 0, vouched BIGINT NOT NULL DEFAULT 0, bulk BIGINT NOT NULL DEFAULT 0, behind_proxies BIGINT NOT NULL DEFAULT 0, redirect_to TEXT NOT NULL DEFAULT '', redirect_status BIGINT NOT NULL DEFAULT 301, redirect_keep_path BIGINT NOT NULL DEFAULT 1, on_demand BIGINT NOT NULL DEFAULT 0, forwarding TEXT NOT NULL DEFAULT '', hsts TEXT NOT NULL DEFAULT '', plain_http TEXT NOT NULL DEFAULT 'redirect');
CREATE INDEX endpoints_by_alias ON endpoints (alias) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_by_state ON endpoints (state, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_by_tenant_state ON endpoints (tenant, state, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_due ON endpoints (next_check_at, id, tenant)
  WHERE deleted_at IS NULL AND next_check_at IS NOT NULL;
CREATE INDEX endpoints_live ON endpoints (id) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_live_by_age ON endpoints (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_live_of_tenant ON endpoints (tenant, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_redirects ON endpoints (created_at, id) WHERE deleted_at IS NULL AND redirect_to <> '';
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
CREATE TABLE limit_overrides (
  account TEXT NOT NULL,
  limit_name TEXT NOT NULL,
  subject TEXT NOT NULL,
  capacity DOUBLE PRECISION NOT NULL,
  period_ms BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account, limit_name, subject)
);
CREATE TABLE name_holders (
  name TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL REFERENCES endpoints (id)
);
CREATE INDEX name_holders_of_endpoint ON name_holders (endpoint);
CREATE TABLE notice_bursts (
  channel TEXT NOT NULL,
  reason TEXT NOT NULL,
  since BIGINT NOT NULL,
  notices BIGINT NOT NULL,
  PRIMARY KEY (channel, reason)
);
CREATE INDEX notice_bursts_by_age ON notice_bursts (since);
CREATE TABLE notice_queue (
  channel TEXT NOT NULL,
  reason TEXT NOT NULL,
  alert TEXT NOT NULL,
  type TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  PRIMARY KEY (channel, alert)
);
CREATE INDEX notice_queue_alike ON notice_queue (channel, reason, alert);
CREATE INDEX notice_queue_due ON notice_queue (due_at, channel, alert);
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
, ready BIGINT NOT NULL DEFAULT 0, tried TEXT NOT NULL DEFAULT '');
CREATE INDEX orders_of_endpoint ON orders (endpoint, created_at, id);
CREATE INDEX orders_open_by_status ON orders (status, finished) WHERE finished = 0;
CREATE INDEX orders_open_of_account ON orders (account, id) WHERE finished = 0;
CREATE INDEX orders_open_of_endpoint ON orders (endpoint) WHERE finished = 0;
CREATE INDEX orders_open_replacing ON orders (replaces) WHERE finished = 0;
CREATE INDEX orders_ready ON orders (queue_class, tenant, next_action_at, created_at, id) WHERE finished = 0 AND ready = 1;
CREATE INDEX orders_waiting ON orders (next_action_at, id) WHERE finished = 0 AND ready = 0;
CREATE TABLE outbox_head (
  id BIGINT PRIMARY KEY,
  number BIGINT NOT NULL
);
CREATE TABLE queue_turns (
  queue_class BIGINT PRIMARY KEY,
  tenant TEXT NOT NULL,
  pass BIGINT NOT NULL
);
CREATE TABLE record_sets (
  name TEXT NOT NULL,
  zone TEXT NOT NULL,
  type BIGINT NOT NULL,
  place BLOB NOT NULL,
  ttl BIGINT NOT NULL,
  data BLOB NOT NULL,
  expires_at BIGINT,
  source TEXT NOT NULL,
  PRIMARY KEY (name, zone, type)
);
CREATE INDEX record_sets_expiring ON record_sets (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX record_sets_of_zone ON record_sets (zone, place, type);
CREATE TABLE renewal_advice (
  ari_id TEXT PRIMARY KEY,
  certificate TEXT NOT NULL,
  account TEXT NOT NULL,
  window_start BIGINT,
  window_end BIGINT,
  chosen_at BIGINT,
  explanation_url TEXT NOT NULL,
  next_poll_at BIGINT,
  answered_at BIGINT,
  failures BIGINT NOT NULL,
  replaces_refused BIGINT NOT NULL
);
CREATE INDEX renewal_advice_due ON renewal_advice (next_poll_at, ari_id) WHERE next_poll_at IS NOT NULL;
CREATE INDEX renewal_advice_of_certificate ON renewal_advice (certificate, ari_id);
CREATE TABLE reservations (
  id TEXT PRIMARY KEY,
  buckets TEXT NOT NULL,
  created_at BIGINT NOT NULL
, failures TEXT NOT NULL DEFAULT '[]');
CREATE INDEX reservations_by_age ON reservations (created_at);
CREATE TABLE revision_head (
  id BIGINT PRIMARY KEY,
  epoch TEXT NOT NULL,
  number BIGINT NOT NULL DEFAULT 0,
  compacted BIGINT NOT NULL DEFAULT 0,
  event BIGINT NOT NULL DEFAULT 0
, line BIGINT NOT NULL DEFAULT 0, sealed BIGINT NOT NULL DEFAULT 0);
CREATE TABLE revisions (
  number BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  edge_group TEXT NOT NULL
);
CREATE INDEX revisions_of_route ON revisions (subject, number) WHERE kind = 'route';
CREATE TABLE revocations (
  certificate TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  reason BIGINT NOT NULL,
  replace_it BIGINT NOT NULL,
  requested_at BIGINT NOT NULL,
  next_action_at BIGINT,
  attempt BIGINT NOT NULL,
  problem TEXT NOT NULL,
  revoked_at BIGINT
);
CREATE INDEX revocations_due ON revocations (next_action_at, certificate) WHERE next_action_at IS NOT NULL;
CREATE INDEX revocations_of_endpoint ON revocations (endpoint, requested_at);
CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL);
CREATE TABLE search_blocks (
  pair BIGINT NOT NULL,
  block BIGINT NOT NULL,
  places BLOB NOT NULL,
  PRIMARY KEY (pair, block)
);
CREATE TABLE search_lines (
  number BIGINT PRIMARY KEY,
  endpoint TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  names TEXT NOT NULL
);
CREATE TABLE sessions (
  secret_hash TEXT PRIMARY KEY,
  token TEXT NOT NULL REFERENCES tokens (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_ended ON sessions (expires_at);
CREATE INDEX sessions_of_token ON sessions (token, created_at);
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
CREATE TABLE sign_in_codes (
  code_hash TEXT PRIMARY KEY,
  token TEXT NOT NULL REFERENCES tokens (id),
  expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_codes_ended ON sign_in_codes (expires_at);
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
, kind TEXT NOT NULL DEFAULT 'platform', tenant TEXT NOT NULL DEFAULT 'default', primary_server TEXT NOT NULL DEFAULT '', refresh BIGINT NOT NULL DEFAULT 3600, retry BIGINT NOT NULL DEFAULT 600, expire BIGINT NOT NULL DEFAULT 604800, apex_ttl BIGINT NOT NULL DEFAULT 3600);
