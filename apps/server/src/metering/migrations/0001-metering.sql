-- Sealed segments are the truth about uses. Here stand watermarks, manifests and roll-ups made from them.

-- What metering must know of a grant to roll up its uses and to say whose they are.
create table metered_grants (
  id text primary key,
  node text not null,
  market text not null,
  -- The supplier.
  participant text not null,
  buyer text not null,
  contract text,
  product text not null,
  product_version text not null,
  time_zone text not null,
  quotas jsonb not null,
  trial boolean not null,
  ended boolean not null default false,
  created_at timestamptz not null
);
create index metered_grants_contract on metered_grants (contract);
create index metered_grants_buyer on metered_grants (buyer, id);
create index metered_grants_supplier on metered_grants (participant, id);

create table metering_sources (
  source text primary key,
  node text not null,
  market text not null,
  participant text not null,
  -- Last record that the roll-ups contain, and last segment whose manifest was checked.
  sequence bigint not null default 0,
  segment bigint not null default 0,
  digest text,
  created_at timestamptz not null,
  imported_at timestamptz not null
);

create table segment_manifests (
  source text not null references metering_sources,
  segment bigint not null,
  node text not null,
  market text not null,
  participant text not null,
  first_sequence bigint not null,
  last_sequence bigint not null,
  -- Smallest and largest id of a use in it: ids are ordered by time, so few segments may hold a given one.
  first_use text not null,
  last_use text not null,
  manifest jsonb not null,
  salt text not null,
  log_entry text not null,
  retention_class text not null default 'trade-record',
  created_at timestamptz not null,
  primary key (source, segment),
  check (last_sequence >= first_sequence)
);
create index segment_manifests_uses on segment_manifests (first_use, last_use);

create table segment_grants (
  grant_id text not null,
  source text not null,
  segment bigint not null,
  node text not null,
  market text not null,
  participant text not null,
  uses int not null,
  created_at timestamptz not null,
  primary key (grant_id, source, segment)
);

create table usage_days (
  grant_id text not null,
  day date not null,
  node text not null,
  market text not null,
  participant text not null,
  call_count bigint not null,
  incomplete_count bigint not null,
  row_count bigint not null,
  byte_count bigint not null,
  retention_class text not null default 'trade-record',
  created_at timestamptz not null,
  primary key (grant_id, day)
);
create index usage_days_day on usage_days (market, day);

create table usage_corrections (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  grant_id text not null references metered_grants,
  use_id text not null,
  record jsonb not null,
  call_count bigint not null,
  row_count bigint not null,
  byte_count bigint not null,
  reason text not null check (reason <> ''),
  state text not null check (state in ('proposed', 'confirmed', 'recorded', 'declined')),
  proposed_by text not null,
  decided_by text,
  created_at timestamptz not null,
  decided_at timestamptz,
  sequence bigint,
  retention_class text not null default 'trade-record',
  check (decided_by is distinct from proposed_by),
  check (call_count <> 0 or row_count <> 0 or byte_count <> 0)
);
create unique index usage_corrections_open on usage_corrections (use_id) where state in ('proposed', 'confirmed');
