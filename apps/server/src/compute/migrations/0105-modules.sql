-- Foreign programs that contracts name by their digest.

create table compute_modules (
  digest text not null,
  node text not null,
  market text not null,
  -- Who sent it, and may name it in a draft.
  participant text not null,
  person text not null,
  name text not null,
  bytes int not null check (bytes > 0),
  created_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  primary key (participant, digest)
);
