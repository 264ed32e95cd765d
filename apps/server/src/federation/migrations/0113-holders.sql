-- Members whose credential service is elsewhere: by which DID, and what was asked of this node as issuer in its name.

-- The object of the issuer's metadata that a holder elsewhere asked for; null: held in the credential service here.
alter table federation_credentials add column asked_as text;

create table federation_holders (
  participant text primary key,
  node text not null,
  market text not null,
  did text not null unique,
  registered_at timestamptz not null,
  -- Of telling it what it may ask for; null when nothing is to be told.
  offer_attempts int not null default 0,
  offer_due_at timestamptz,
  offered_at timestamptz,
  fault text,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region()
);
create index federation_holders_due on federation_holders (offer_due_at) where offer_due_at is not null;

create table federation_credential_requests (
  -- Our own pid as issuer.
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  holder text not null,
  holder_pid text not null,
  -- Ids in our metadata.
  credentials text[] not null,
  state text not null check (state in ('RECEIVED', 'ISSUED', 'REJECTED')),
  -- What the holder wants to be shown at the delivery; gone with it.
  sealed_access text,
  attempts int not null default 0,
  due_at timestamptz,
  reason text not null default '',
  created_at timestamptz not null,
  changed_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region()
);
create index federation_credential_requests_of on federation_credential_requests (participant, created_at desc, id);
create index federation_credential_requests_due on federation_credential_requests (due_at) where due_at is not null;
