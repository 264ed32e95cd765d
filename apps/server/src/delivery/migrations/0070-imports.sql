-- Import: the exchange reads a table of a supplier's own database into a resource.

create table delivery_connections (
  id text primary key,
  node text not null,
  market text not null,
  -- The supplier.
  participant text not null,
  name text not null,
  -- Where to, without what is secret.
  address jsonb not null,
  password_sealed text,
  checked_at timestamptz,
  -- What the last check found; null where it went well.
  check_fault jsonb,
  created_by text not null,
  created_at timestamptz not null,
  -- Its password goes with it.
  removed_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  check ((removed_at is null) = (password_sealed is not null))
);
create index delivery_connections_owner on delivery_connections (participant, id);

create table delivery_imports (
  id text primary key,
  node text not null,
  market text not null,
  -- The supplier.
  participant text not null,
  connection text not null references delivery_connections (id),
  resource text not null,
  schema_name text not null,
  table_name text not null,
  columns text[] not null check (cardinality(columns) > 0),
  state text not null check (state in ('waiting', 'running', 'done', 'unchanged', 'failed', 'stopped')),
  -- The job that may write here; another's words come too late.
  job text,
  rows bigint not null default 0,
  bytes bigint not null default 0,
  -- As the database estimates.
  rows_about bigint,
  -- What the columns became, and a checksum over all rows, whatever their order.
  types text[],
  checksum text,
  -- What it became in the resource.
  content text,
  fault jsonb,
  created_by text not null,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  check (state not in ('done', 'unchanged') or (types is not null and checksum is not null and content is not null))
);
create index delivery_imports_owner on delivery_imports (participant, id);
create index delivery_imports_of on delivery_imports (resource, id);
-- One reading into a resource at a time.
create unique index delivery_imports_open on delivery_imports (resource) where state in ('waiting', 'running');
