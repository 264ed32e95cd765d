-- The table share: what a supplier has published of a version's data, and that data cut to the terms of grants.

alter table delivery_endpoints drop constraint delivery_endpoints_kind_check;
alter table delivery_endpoints add constraint delivery_endpoints_kind_check
  check (kind in ('api', 'file', 'proxy', 'query', 'share'));
alter table delivery_grants drop constraint delivery_grants_kinds_check;
alter table delivery_grants add constraint delivery_grants_kinds_check check (cardinality(kinds) between 1 and 5);

create table delivery_revisions (
  id text primary key,
  node text not null,
  market text not null,
  -- The supplier.
  participant text not null,
  version text not null,
  -- From 0, the data that the version was made of; without gaps.
  number int not null check (number >= 0),
  -- [{"name": …, "digest": …}] of the normal form in the object store.
  tables jsonb not null,
  published_by text not null,
  published_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  unique (version, number)
);

create table delivery_cuts (
  id text primary key,
  node text not null,
  market text not null,
  -- The supplier.
  participant text not null,
  version text not null,
  -- Equal keys, equal rows and columns: grants of the same terms share a cut, unless a mask is keyed by the grant.
  key text not null,
  columns jsonb,
  masks jsonb not null,
  row_filter jsonb not null,
  -- Whose key replaces masked values, where a mask needs one.
  line text,
  state text not null check (state in ('building', 'ready', 'failed')),
  fault jsonb,
  -- The newest revision that is served; null before the first is ready.
  built int,
  row_count bigint,
  job text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  unique (version, key),
  check (state <> 'ready' or built is not null)
);
