-- Claims: what participants hold of issuers, who asked whom for it, and which tokens of others were used already.

-- Places of this node's own credentials in its status lists, from 0 on; each is given once.
create sequence federation_status_places minvalue 0 start 0;

create table federation_credentials (
  id text primary key,
  node text not null,
  market text not null,
  -- Whose it is.
  participant text not null,
  issuer text not null,
  subject text not null,
  types text[] not null,
  -- As it travels.
  jwt text not null,
  -- Of our own issuer: the key that signed it, and its place in the status lists.
  key_id text,
  status_place bigint unique,
  valid_from timestamptz not null,
  valid_until timestamptz not null,
  received_at timestamptz not null,
  -- A newer one stands in its place: still good, not shown any more.
  replaced_at timestamptz,
  revoked_at timestamptz,
  reason text not null default '',
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  check ((key_id is null) = (status_place is null))
);
create index federation_credentials_holder on federation_credentials (participant, received_at desc, id);
create index federation_credentials_revoked on federation_credentials (status_place) where revoked_at is not null;
create index federation_credentials_standing on federation_credentials (key_id)
  where key_id is not null and replaced_at is null and revoked_at is null;

create table federation_issuances (
  -- Our own pid as holder.
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  issuer text not null,
  -- Ids in the issuer's metadata.
  credentials text[] not null,
  state text not null check (state in ('OFFERED', 'REQUESTED', 'ISSUED', 'REJECTED')),
  issuer_pid text,
  -- Of handing the request over; null when nothing is to be tried any more.
  attempts int not null default 0,
  due_at timestamptz,
  reason text not null default '',
  created_at timestamptz not null,
  changed_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region()
);
create index federation_issuances_of on federation_issuances (participant, created_at desc, id);
create index federation_issuances_due on federation_issuances (due_at) where due_at is not null;

create table federation_replays (
  -- Of whom it reached, its issuer and its jti.
  digest text primary key,
  node text not null,
  market text not null,
  participant text not null,
  -- Nobody could use it any longer.
  until timestamptz not null,
  retention_class text not null default 'retry',
  stored_region text not null default storage_region()
);
create index federation_replays_until on federation_replays (until);
