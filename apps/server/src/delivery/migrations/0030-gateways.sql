-- Gateways of their own process: who may serve in the exchange's name, and which life of theirs was seen last.
create table delivery_gateways (
  id text primary key,
  node text not null,
  market text not null,
  -- The operator.
  participant text not null,
  name text not null,
  source text not null unique,
  prefix text not null,
  hash text not null unique check (hash ~ '^[0-9a-f]{64}$'),
  created_by text not null,
  created_at timestamptz not null,
  rotated_at timestamptz,
  revoked_at timestamptz,
  -- A new one with every start of the process; slices of the one before are settled by its records.
  life text,
  software_version text,
  connected_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region()
);
