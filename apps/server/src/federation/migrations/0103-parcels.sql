-- Files of a push transfer that its consumer has taken: a transfer that goes on, goes on with the others. Gone when it is over.
create table federation_parcels (
  process text not null references federation_processes (id),
  node text not null,
  market text not null,
  -- The provider.
  participant text not null,
  name text not null,
  taken_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  primary key (process, name)
);
