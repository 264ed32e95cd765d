-- Push: the exchange brings what a grant gives to a destination of the buyer, now or by rhythm.

create table delivery_destinations (
  id text primary key,
  node text not null,
  market text not null,
  -- The buyer.
  participant text not null,
  name text not null,
  kind text not null check (kind in ('folder', 's3', 'postgres')),
  -- Where to, without what is secret.
  settings jsonb not null,
  secret_sealed text,
  checked_at timestamptz,
  -- What the last check found; null where it went well.
  check_fault jsonb,
  created_by text not null,
  created_at timestamptz not null,
  -- Its secret goes with it.
  removed_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  check (removed_at is null or secret_sealed is null)
);
create index delivery_destinations_owner on delivery_destinations (participant, id);

create table delivery_pushes (
  id text primary key,
  node text not null,
  market text not null,
  -- The buyer.
  participant text not null,
  grant_id text not null references delivery_grants (id),
  destination text not null references delivery_destinations (id),
  rhythm jsonb not null,
  -- Stated with every use, where the contract permits several.
  purpose text,
  created_by text not null,
  created_at timestamptz not null,
  -- When the rhythm starts the next run; null where time does not.
  next_at timestamptz,
  ended_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  check (ended_at is null or next_at is null)
);
create index delivery_pushes_owner on delivery_pushes (participant, id);
create index delivery_pushes_due on delivery_pushes (next_at) where next_at is not null;

create table delivery_push_runs (
  id text primary key,
  node text not null,
  market text not null,
  -- The buyer.
  participant text not null,
  push text not null references delivery_pushes (id),
  cause text not null check (cause in ('asked', 'rhythm', 'revision')),
  state text not null check (state in ('waiting', 'running', 'done', 'failed', 'stopped')),
  -- The job that may write here; another's words come too late.
  job text,
  -- Number of the revision that is brought; settled when the run first starts.
  version int,
  rows bigint not null default 0,
  bytes bigint not null default 0,
  rows_total bigint,
  bytes_total bigint,
  -- Tables whose use is counted and recorded: a run that goes on does not count again.
  counted jsonb not null default '[]',
  -- Files, by digest, that were read back: going on does not read them again.
  read_back jsonb not null default '[]',
  -- Per table: rows and checksum as sent, and as read back from the far end.
  sent jsonb not null default '[]',
  fault jsonb,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region()
);
create index delivery_push_runs_of on delivery_push_runs (push, id);
create index delivery_push_runs_owner on delivery_push_runs (participant, id);
-- One run of a push at a time.
create unique index delivery_push_runs_open on delivery_push_runs (push) where state in ('waiting', 'running');
