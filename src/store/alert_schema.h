// The step that makes the tables of alerts, their channels and the outbox. Internal to store/.
#pragma once

#include <string_view>

namespace store {

inline constexpr std::string_view alert_schema = R"sql(
CREATE TABLE alerts (
  id {text} PRIMARY KEY,
  tenant {text} NOT NULL,
  rule {text} NOT NULL,
  subject {text} NOT NULL,
  name {text} NOT NULL,
  severity {text} NOT NULL,
  code {text} NOT NULL,
  problem {text} NOT NULL,
  deadline BIGINT,
  seen_count BIGINT NOT NULL,
  opened_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  resolved_at BIGINT,
  notified_at BIGINT,
  notify_at BIGINT,
  quiet_until BIGINT
);
CREATE UNIQUE INDEX alerts_open ON alerts (subject, rule) WHERE resolved_at IS NULL;
CREATE INDEX alerts_by_age ON alerts (opened_at, id);
CREATE INDEX alerts_by_tenant ON alerts (tenant, opened_at, id);
CREATE INDEX alerts_open_by_age ON alerts (opened_at, id) WHERE resolved_at IS NULL;
CREATE INDEX alerts_open_of_tenant ON alerts (tenant, opened_at, id) WHERE resolved_at IS NULL;
CREATE INDEX alerts_of_subject ON alerts (subject, opened_at, id);
CREATE INDEX alerts_to_notify ON alerts (notify_at, id) WHERE notify_at IS NOT NULL;
CREATE INDEX alerts_over ON alerts (resolved_at) WHERE resolved_at IS NOT NULL;

CREATE TABLE alert_looks (
  subject {text} PRIMARY KEY,
  due_at BIGINT NOT NULL
);
CREATE INDEX alert_looks_due ON alert_looks (due_at, subject);

CREATE TABLE notice_queue (
  channel {text} NOT NULL,
  reason {text} NOT NULL,
  alert {text} NOT NULL,
  type {text} NOT NULL,
  due_at BIGINT NOT NULL,
  PRIMARY KEY (channel, alert)
);
CREATE INDEX notice_queue_due ON notice_queue (due_at, channel, alert);
CREATE INDEX notice_queue_alike ON notice_queue (channel, reason, alert);
CREATE TABLE notice_bursts (
  channel {text} NOT NULL,
  reason {text} NOT NULL,
  since BIGINT NOT NULL,
  notices BIGINT NOT NULL,
  PRIMARY KEY (channel, reason)
);
CREATE INDEX notice_bursts_by_age ON notice_bursts (since);

CREATE TABLE alert_silences (
  id {text} PRIMARY KEY,
  tenant {text} NOT NULL,
  alert {text} NOT NULL,
  subject {text} NOT NULL,
  rule {text} NOT NULL,
  ends_at BIGINT NOT NULL,
  reason {text} NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX alert_silences_by_end ON alert_silences (ends_at, id);

CREATE TABLE channels (
  id {text} PRIMARY KEY,
  tenant {text} NOT NULL,
  name {text} NOT NULL,
  kind {text} NOT NULL,
  target {text} NOT NULL,
  audience {text} NOT NULL,
  least {text} NOT NULL,
  events {text} NOT NULL,
  sealed_secret {bytes} NOT NULL,
  enabled BIGINT NOT NULL,
  configured BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  succeeded_at BIGINT,
  failed_at BIGINT,
  error {text} NOT NULL,
  failures BIGINT NOT NULL,
  tested_at BIGINT
);
CREATE INDEX channels_of_tenant ON channels (tenant, created_at, id);
CREATE INDEX channels_failing ON channels (id) WHERE failures > 0;

CREATE TABLE outbox_head (
  id BIGINT PRIMARY KEY,
  number BIGINT NOT NULL
);
INSERT INTO outbox_head (id, number) VALUES (1, 0);
CREATE TABLE deliveries (
  id {text} PRIMARY KEY,
  number BIGINT NOT NULL UNIQUE,
  channel {text} NOT NULL,
  subject {text} NOT NULL,
  type {text} NOT NULL,
  document {text} NOT NULL,
  state {text} NOT NULL,
  attempts BIGINT NOT NULL,
  error {text} NOT NULL,
  next_attempt_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  finished_at BIGINT,
  first BIGINT NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (channel, next_attempt_at, number) WHERE state = 'waiting' AND first = 1;
CREATE INDEX deliveries_waiting ON deliveries (channel, subject, number) WHERE state = 'waiting';
CREATE INDEX deliveries_of_channel ON deliveries (channel, number);
CREATE INDEX deliveries_alike ON deliveries (channel, subject, type, number);
CREATE INDEX deliveries_finished ON deliveries (finished_at) WHERE finished_at IS NOT NULL;
)sql";

}  // namespace store
