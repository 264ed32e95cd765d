-- Imports by rhythm: the same columns of the same table into the same resource, again and again until it is paused or removed.
create table delivery_import_schedules (
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
  rhythm jsonb not null,
  -- Null while it is paused, and for good once it is removed.
  next_at timestamptz,
  created_by text not null,
  created_at timestamptz not null,
  removed_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  check (removed_at is null or next_at is null)
);
create index delivery_import_schedules_owner on delivery_import_schedules (participant, id);
create index delivery_import_schedules_due on delivery_import_schedules (next_at) where next_at is not null;
-- One for each resource.
create unique index delivery_import_schedules_open on delivery_import_schedules (resource) where removed_at is null;
