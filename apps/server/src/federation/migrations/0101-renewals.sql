-- Renewal of access tokens by the HTTP transfer profile: what consumers renew by, and what of others is renewed here.

create table federation_refresh_tokens (
  process text primary key references federation_processes (id),
  node text not null,
  market text not null,
  -- The provider, which has given it.
  participant text not null,
  -- SHA-256 of the one that holds: those before it renew nothing.
  digest text not null unique check (digest ~ '^[0-9a-f]{64}$'),
  -- SHA-256 of the access token that it came with.
  access_digest text not null check (access_digest ~ '^[0-9a-f]{64}$'),
  renewals int not null default 0,
  given_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region()
);

create table federation_renewals (
  process text primary key references federation_processes (id),
  node text not null,
  market text not null,
  -- The consumer, whose data address holds the refresh token.
  participant text not null,
  -- SHA-256 of that: another one makes another renewal of it.
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  expires_at timestamptz not null,
  -- Null: the transfer is suspended, or the renewal given up.
  due_at timestamptz,
  attempts int not null default 0,
  fault text,
  changed_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region()
);
create index federation_renewals_due on federation_renewals (due_at) where due_at is not null;
