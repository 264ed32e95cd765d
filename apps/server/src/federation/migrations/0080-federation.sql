-- Federation: participants of this node as connectors of the Dataspace Protocol, and what they speak with others.

create table federation_connectors (
  -- One connector for each organisation.
  participant text primary key,
  node text not null,
  market text not null,
  -- Its id as others know it.
  name text not null unique,
  -- Ordered; the first that fits an event decides the reaction.
  rules jsonb not null default '[]',
  opened_at timestamptz not null,
  closed_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region()
);

create table federation_datasets (
  node text not null,
  market text not null,
  participant text not null,
  id text not null,
  -- As it stands in the catalogue.
  body jsonb not null,
  -- Of its offers.
  offers text[] not null,
  digest text not null,
  published_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  primary key (participant, id)
);

create table federation_processes (
  -- Our own pid.
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  kind text not null check (kind in ('negotiation', 'transfer')),
  side text not null check (side in ('consumer', 'provider')),
  -- Their participant id, pid, and where their endpoints stand.
  counterparty text not null,
  their_pid text,
  address text not null,
  -- Null until the counter-party has acknowledged our first message.
  state text check (state in ('REQUESTED', 'OFFERED', 'ACCEPTED', 'AGREED', 'VERIFIED', 'FINALIZED',
    'STARTED', 'SUSPENDED', 'COMPLETED', 'TERMINATED')),
  suspended_by text check (suspended_by in ('consumer', 'provider')),
  -- Grows with every change; a writer that saw an older one has lost.
  version int not null default 0,
  -- What was taken last, and the version that it made: the same again changes nothing.
  taken jsonb,
  -- Data set of a negotiation, agreement of a transfer.
  subject text not null,
  -- The offer on the table and the first one of our own.
  offer jsonb,
  own_offer jsonb,
  agreement jsonb,
  format text,
  data_address jsonb,
  -- The event that waits for a person.
  held jsonb,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  check (state is null or their_pid is not null)
);
create index federation_processes_owner on federation_processes (participant, created_at, id);
create index federation_processes_held on federation_processes (participant, id) where held is not null;
-- A first message that comes twice is one process.
create unique index federation_processes_theirs on federation_processes (participant, kind, side, counterparty, their_pid)
  where their_pid is not null;

create table federation_messages (
  id text primary key,
  -- In which they were written; several have the same moment.
  sequence bigint generated always as identity,
  node text not null,
  market text not null,
  participant text not null,
  process text not null references federation_processes (id),
  direction text not null check (direction in ('in', 'out')),
  act text not null,
  -- Of the body, so that the same is known again.
  digest text not null,
  body jsonb not null,
  state text not null check (state in ('taken', 'waiting', 'sent', 'dropped')),
  attempts int not null default 0,
  -- Not sent before; after a try not tried again before.
  due_at timestamptz,
  fault text,
  created_at timestamptz not null,
  done_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  check ((state = 'waiting') = (due_at is not null))
);
create index federation_messages_of on federation_messages (process, sequence);
create index federation_messages_due on federation_messages (due_at) where state = 'waiting';
-- Strictly one after the other.
create unique index federation_messages_open on federation_messages (process) where state = 'waiting';

create table federation_agreements (
  node text not null,
  market text not null,
  participant text not null,
  id text not null,
  side text not null check (side in ('consumer', 'provider')),
  counterparty text not null,
  dataset text not null,
  -- As it was sent or taken.
  body jsonb not null,
  negotiation text references federation_processes (id),
  finalized_at timestamptz not null,
  ended_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  primary key (participant, id)
);
