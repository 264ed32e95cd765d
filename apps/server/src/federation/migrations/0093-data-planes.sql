-- Data planes outside that organisations have registered, the data flows that are theirs, and what they are told.

create table federation_data_planes (
  node text not null,
  market text not null,
  participant text not null,
  -- As the organisation calls it.
  id text not null,
  endpoint text not null,
  -- Types of transfers that are handed to it.
  profiles text[] not null,
  labels text[] not null default '{}',
  -- By what we show who we are: the open part, and the sealed one.
  access jsonb not null,
  sealed_secret text not null,
  -- SHA-256 of what it shows in turn.
  callback_digest text not null unique,
  registered_at timestamptz not null,
  changed_at timestamptz not null,
  removed_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  primary key (participant, id)
);

create table federation_flows (
  process text primary key references federation_processes (id),
  node text not null,
  market text not null,
  participant text not null,
  plane text not null,
  -- The data plane's own id of it.
  flow text,
  state text check (state in ('INITIALIZED', 'PREPARING', 'PREPARED', 'STARTING', 'STARTED', 'SUSPENDED', 'COMPLETED', 'TERMINATED')),
  -- The act of ours that is said once the data plane is ready.
  pending jsonb,
  fault text,
  changed_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  foreign key (participant, plane) references federation_data_planes (participant, id)
);
create index federation_flows_plane on federation_flows (participant, plane);

create table federation_signals (
  id text primary key,
  sequence bigint generated always as identity,
  node text not null,
  market text not null,
  participant text not null,
  process text not null references federation_flows (process),
  signal text not null check (signal in ('prepare', 'start', 'started', 'suspend', 'resume', 'complete', 'terminate')),
  -- Sealed, since it may carry a key to data; gone once it is sent.
  sealed_body text,
  state text not null check (state in ('waiting', 'sent', 'dropped')),
  attempts int not null default 0,
  due_at timestamptz,
  fault text,
  created_at timestamptz not null,
  done_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  check ((state = 'waiting') = (due_at is not null))
);
create index federation_signals_of on federation_signals (process, sequence);
create index federation_signals_due on federation_signals (due_at) where state = 'waiting';
