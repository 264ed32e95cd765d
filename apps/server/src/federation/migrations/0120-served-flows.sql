-- Control planes outside that organisations have let use the gateway as their data plane, the data flows that they steer, and what they are told.

create table federation_control_planes (
  node text not null,
  market text not null,
  participant text not null,
  -- As the organisation calls it.
  id text not null,
  -- SHA-256 of what it shows.
  token_digest text not null unique check (token_digest ~ '^[0-9a-f]{64}$'),
  -- Contracts of the organisation as buyer under which its flows may run; no other.
  contracts text[] not null,
  -- Where it hears what happens later; null: nowhere.
  endpoint text,
  -- By what we show who we are: the open part, and the sealed one.
  access jsonb,
  sealed_secret text,
  registered_at timestamptz not null,
  changed_at timestamptz not null,
  removed_at timestamptz,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  primary key (participant, id),
  check ((endpoint is null) = (access is null) and (access is null) = (sealed_secret is null))
);

create table federation_served_flows (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  control_plane text not null,
  -- The control plane's own id of the transfer.
  process text not null,
  counterparty text not null,
  contract text not null,
  dataset text not null,
  profile text not null,
  state text not null check (state in ('STARTING', 'STARTED', 'SUSPENDED', 'COMPLETED', 'TERMINATED')),
  version int not null default 1,
  -- Where a push goes, its key sealed.
  data_address jsonb,
  -- The answer to its start, sealed, as long as that may be asked for again.
  sealed_answer text,
  -- Ids of the messages that were taken: the same again changes nothing.
  messages text[] not null,
  -- Files of a push that were taken.
  taken text[] not null default '{}',
  fault text,
  -- SHA-256 of the refresh token that holds and of its access token, and of the pair before.
  refresh_digest text unique check (refresh_digest ~ '^[0-9a-f]{64}$'),
  access_digest text check (access_digest ~ '^[0-9a-f]{64}$'),
  before_digest text check (before_digest ~ '^[0-9a-f]{64}$'),
  before_access_digest text check (before_access_digest ~ '^[0-9a-f]{64}$'),
  -- Null: not renewed yet.
  renewed_at timestamptz,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  unique (participant, control_plane, process),
  foreign key (participant, control_plane) references federation_control_planes (participant, id)
);
create index federation_served_flows_of on federation_served_flows (contract) where state in ('STARTING', 'STARTED', 'SUSPENDED');
create index federation_served_flows_before on federation_served_flows (before_digest) where before_digest is not null;

create table federation_flow_notices (
  id text primary key,
  sequence bigint generated always as identity,
  node text not null,
  market text not null,
  participant text not null,
  flow text not null references federation_served_flows (id),
  notice text not null check (notice in ('started', 'completed', 'errored')),
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
create index federation_flow_notices_of on federation_flow_notices (flow, sequence);
create index federation_flow_notices_due on federation_flow_notices (due_at) where state = 'waiting';
