-- Harvest: catalogues elsewhere, what they say they have, and each reading of one.

create table harvest_sources (
  id text primary key,
  node text not null,
  market text not null,
  -- Who registered it and answers for what comes in.
  participant text not null,
  name text not null,
  kind text not null check (kind in ('ckan', 'dcat')),
  address text not null,
  rhythm text not null check (rhythm in ('manual', 'hourly', 'daily', 'weekly')),
  next_at timestamptz,
  -- Of the last run that saw all: the newest change the source told of, in its own words, and when everything was read.
  watermark text,
  read_whole_at timestamptz,
  created_by text not null,
  created_at timestamptz not null,
  removed_at timestamptz,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region(),
  check (removed_at is null or next_at is null)
);
create index harvest_sources_owner on harvest_sources (participant, id);
create index harvest_sources_due on harvest_sources (next_at) where next_at is not null;

create table harvest_entries (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  source text not null references harvest_sources (id),
  foreign_id text not null,
  -- A second name by which the source lists it, where it has one.
  foreign_name text not null,
  digest text not null,
  content jsonb not null,
  -- What a search looks through, in small letters.
  words text not null,
  withdrawn_at timestamptz,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region(),
  unique (source, foreign_id)
);

create table harvest_runs (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  source text not null references harvest_sources (id),
  dry boolean not null,
  state text not null check (state in ('waiting', 'running', 'done', 'failed', 'stopped')),
  -- The job that may write here; another's words come too late.
  job text,
  incremental boolean not null default false,
  complete boolean not null default false,
  added int not null default 0,
  changed int not null default 0,
  unchanged int not null default 0,
  withdrawn int not null default 0,
  refused int not null default 0,
  pages int not null default 0,
  bytes bigint not null default 0,
  total int,
  fault jsonb,
  created_by text not null,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region()
);
create index harvest_runs_of on harvest_runs (source, id);
create index harvest_runs_owner on harvest_runs (participant, id);
-- One reading of a source at a time.
create unique index harvest_runs_open on harvest_runs (source) where state in ('waiting', 'running');

create table harvest_differences (
  run text not null references harvest_runs (id),
  foreign_id text not null,
  node text not null,
  market text not null,
  participant text not null,
  title text not null,
  outcome text not null check (outcome in ('added', 'changed', 'withdrawn', 'refused')),
  changes jsonb not null,
  reason jsonb,
  created_at timestamptz not null,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region(),
  primary key (run, foreign_id)
);
