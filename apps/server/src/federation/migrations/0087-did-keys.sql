-- Keys of DIDs, of the organisations and of the node (participant ''): ES256 from now on, the Ed25519 ones from before beside them.

create table federation_did_keys (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  algorithm text not null check (algorithm in ('ES256', 'EdDSA')),
  public_jwk jsonb not null,
  -- Null where the private part is the kernel's.
  sealed_private text,
  created_at timestamptz not null,
  retired_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region()
);
create unique index federation_did_keys_current on federation_did_keys (participant, algorithm) where retired_at is null;

insert into federation_did_keys (id, node, market, participant, algorithm, public_jwk, created_at, retired_at)
  select id, node, market, participant, 'EdDSA', public_key::jsonb, created_at, retired_at from keys where purpose = 'did';
