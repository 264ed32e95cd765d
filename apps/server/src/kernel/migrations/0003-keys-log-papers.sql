-- Keys, sealed subjects, the public log, issued papers.

-- Every signing key this node keeps for itself or for an organisation. The private part is sealed by the node's secret.
create table keys (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  purpose text not null,
  suite text not null check (suite in ('intl', 'sm')),
  level text not null,
  public_key text not null,
  sealed_private text,
  created_at timestamptz not null,
  retired_at timestamptz
);
create unique index keys_current on keys (participant, purpose, suite) where retired_at is null;

-- One key per person or matter; destroying it erases every field sealed under it, backups included.
create table subject_keys (
  subject text primary key,
  node text not null,
  market text not null,
  participant text not null,
  sealed_key text,
  created_at timestamptz not null,
  destroyed_at timestamptz
);

create table log_origins (
  origin text primary key,
  node text not null,
  market text not null,
  participant text not null,
  suite text not null,
  key text not null references keys (id),
  size bigint not null default 0,
  opened_at timestamptz not null,
  closed_at timestamptz,
  successor text
);
create unique index log_origins_open on log_origins (node) where closed_at is null;

create table log_entries (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  kind text not null,
  form text not null check (form in ('clear', 'commitment')),
  entry bytea not null,
  title jsonb,
  transaction xid8 not null default pg_current_xact_id(),
  created_at timestamptz not null,
  origin text references log_origins (origin),
  position bigint,
  sequenced_at timestamptz,
  unique (origin, position)
);
create index log_entries_pending on log_entries (created_at) where position is null;
create index log_entries_recent on log_entries (sequenced_at desc) where form = 'clear';

create table log_tiles (
  origin text not null references log_origins (origin),
  path text not null,
  bytes bytea not null,
  primary key (origin, path)
);

create table log_checkpoints (
  origin text not null references log_origins (origin),
  size bigint not null,
  root bytea not null,
  note text not null,
  at timestamptz not null,
  witnessed boolean not null default false,
  primary key (origin, size)
);

-- A paper: numbered, signed, proven. PDF and bundle are made once its log entry is sequenced.
create table papers (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  parties text[] not null,
  kind text not null,
  number text not null,
  title jsonb not null,
  disclosure text not null check (disclosure in ('clear', 'commitment')),
  document jsonb not null,
  signatures jsonb not null,
  salt text,
  layout jsonb,
  log_entry text not null references log_entries (id),
  pdf_digest text,
  bundle_digest text,
  issued_at timestamptz not null,
  withdrawn_at timestamptz,
  withdrawn_reason jsonb,
  verify_code text not null unique,
  retention_class text not null,
  unique (node, kind, number)
);
create index papers_parties on papers using gin (parties);
