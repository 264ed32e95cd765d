-- Data planes outside that may register themselves: under which name, for which types, by which token.
create table federation_plane_passes (
  node text not null,
  market text not null,
  participant text not null,
  -- The name under which it registers.
  id text not null,
  -- SHA-256 of what it shows, to register and afterwards.
  digest text not null unique check (digest ~ '^[0-9a-f]{64}$'),
  -- The types of transfers that it may take.
  profiles text[] not null,
  made_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  primary key (participant, id)
);
