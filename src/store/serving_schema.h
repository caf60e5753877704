// Steps of the schema that came with many edges: search, redirects, edges' certificates, the dashboard.
// Internal to store/.
#pragma once

#include <string_view>

namespace store {

// The index of names (docs/decisions/0021), totals over all tenants, and listings that do not walk over what
// is deleted or of another rule.
inline constexpr std::string_view search = R"sql(
CREATE TABLE search_lines (
  number BIGINT PRIMARY KEY,
  endpoint {text} NOT NULL UNIQUE,
  tenant {text} NOT NULL,
  names {text} NOT NULL
);
CREATE TABLE search_blocks (
  pair BIGINT NOT NULL,
  block BIGINT NOT NULL,
  places {bytes} NOT NULL,
  PRIMARY KEY (pair, block)
);
ALTER TABLE revision_head ADD COLUMN line BIGINT NOT NULL DEFAULT 0;
ALTER TABLE revision_head ADD COLUMN sealed BIGINT NOT NULL DEFAULT 0;
INSERT INTO search_lines (number, endpoint, tenant, names)
  SELECT ROW_NUMBER() OVER (ORDER BY created_at, id), id, tenant, names FROM endpoints WHERE deleted_at IS NULL;
UPDATE revision_head SET line = (SELECT COUNT(*) FROM search_lines);

CREATE TABLE endpoint_totals (
  state {text} PRIMARY KEY,
  total BIGINT NOT NULL
);
INSERT INTO endpoint_totals (state, total)
  SELECT state, COUNT(*) FROM endpoints WHERE deleted_at IS NULL GROUP BY state;

DROP INDEX endpoints_by_age;
DROP INDEX endpoints_by_tenant;
CREATE INDEX endpoints_live_by_age ON endpoints (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX endpoints_live_of_tenant ON endpoints (tenant, created_at, id) WHERE deleted_at IS NULL;

CREATE INDEX alerts_open_of_rule ON alerts (rule, opened_at, id) WHERE resolved_at IS NULL;
CREATE INDEX alerts_open_of_tenant_rule ON alerts (tenant, rule, opened_at, id) WHERE resolved_at IS NULL;
CREATE INDEX alerts_open_by_severity ON alerts (rule, severity, resolved_at) WHERE resolved_at IS NULL;
CREATE INDEX alerts_open_of_tenant_by_severity ON alerts (tenant, rule, severity, resolved_at)
  WHERE resolved_at IS NULL;
CREATE INDEX alerts_of_rule ON alerts (rule, opened_at, id);
CREATE INDEX alerts_of_tenant_rule ON alerts (tenant, rule, opened_at, id);
)sql";

// Names that lead elsewhere in place of an app, and groups that do so with names that nobody added.
inline constexpr std::string_view redirects = R"sql(
ALTER TABLE endpoints ADD COLUMN redirect_to {text} NOT NULL DEFAULT '';
ALTER TABLE endpoints ADD COLUMN redirect_status BIGINT NOT NULL DEFAULT 301;
ALTER TABLE endpoints ADD COLUMN redirect_keep_path BIGINT NOT NULL DEFAULT 1;
ALTER TABLE endpoints ADD COLUMN on_demand BIGINT NOT NULL DEFAULT 0;
CREATE INDEX endpoints_redirects ON endpoints (created_at, id) WHERE deleted_at IS NULL AND redirect_to <> '';
ALTER TABLE edge_groups ADD COLUMN pool_to {text} NOT NULL DEFAULT '';
ALTER TABLE edge_groups ADD COLUMN pool_status BIGINT NOT NULL DEFAULT 301;
ALTER TABLE edge_groups ADD COLUMN pool_keep_path BIGINT NOT NULL DEFAULT 1;
ALTER TABLE edge_groups ADD COLUMN pool_labels BIGINT NOT NULL DEFAULT 0;
)sql";

// How an endpoint is served, where that is not as usual: JSON texts, empty for the usual.
inline constexpr std::string_view serving_settings = R"sql(
ALTER TABLE endpoints ADD COLUMN forwarding {text} NOT NULL DEFAULT '';
ALTER TABLE endpoints ADD COLUMN hsts {text} NOT NULL DEFAULT '';
ALTER TABLE endpoints ADD COLUMN plain_http {text} NOT NULL DEFAULT 'redirect';
)sql";

// Edges with a certificate of their own, and such as are gone for good.
inline constexpr std::string_view members = R"sql(
ALTER TABLE edge_nodes ADD COLUMN certificate_until BIGINT;
ALTER TABLE edge_nodes ADD COLUMN removed_at BIGINT;
CREATE INDEX revisions_of_route ON revisions (subject, number) WHERE kind = 'route';
)sql";

// Who is signed in at the dashboard, and an index that counts certificates by their end.
inline constexpr std::string_view dashboard = R"sql(
CREATE TABLE sessions (
  secret_hash {text} PRIMARY KEY,
  token {text} NOT NULL REFERENCES tokens (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_of_token ON sessions (token, created_at);
CREATE INDEX sessions_ended ON sessions (expires_at);

CREATE TABLE sign_in_codes (
  code_hash {text} PRIMARY KEY,
  token {text} NOT NULL REFERENCES tokens (id),
  expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_codes_ended ON sign_in_codes (expires_at);

CREATE INDEX certificates_by_end ON certificates (tenant, not_after) WHERE state = 'live';
)sql";

}  // namespace store
