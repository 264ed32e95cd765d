-- Nodes: at a hub, who is registered and what they publish; at a node, its registration and its changes.

create table nodes (
  id text primary key,
  node text not null,
  market text not null,
  -- The hub's operator.
  participant text not null,
  key_id text not null,
  public_key jsonb not null,
  name text not null,
  kind text not null check (kind in ('hub', 'city', 'industry', 'department', 'supplier')),
  connector_type int not null check (connector_type in (0, 1)),
  operator_name text not null,
  credit_code text not null,
  url text not null,
  origin text not null,
  -- What it signed, for good: the envelope of its application, and the digest by which a second sending is known.
  application jsonb not null,
  application_digest text not null unique,
  -- As its case stands. Online, offline and alarm are worked out from the heartbeat.
  state text not null check (state in ('reviewing', 'certifying', 'assessing', 'activating', 'active', 'refused', 'revoked')),
  reason text not null default '',
  case_id text not null,
  paper text,
  -- Number of the last message that was heard.
  number bigint not null default 0,
  heartbeat_at timestamptz,
  -- Its changes: their generation, how far they are held, and how far the node says that they go.
  generation bigint not null default 0,
  held bigint not null default 0,
  announced bigint not null default 0,
  behind_since timestamptz,
  applied_at timestamptz not null,
  activated_at timestamptz,
  ended_at timestamptz,
  retention_class text not null default 'member-file',
  stored_region text not null default storage_region(),
  check (held <= announced)
);
-- A key is registered once at a time.
create unique index nodes_key on nodes (key_id) where state not in ('refused', 'revoked');

create table node_entries (
  node_id text not null references nodes (id),
  subject text not null,
  node text not null,
  market text not null,
  participant text not null,
  kind text not null check (kind in ('listing', 'demand')),
  sequence bigint not null,
  content jsonb not null,
  digest text not null,
  at timestamptz not null,
  retention_class text not null default 'message',
  stored_region text not null default storage_region(),
  primary key (node_id, subject)
);
create index node_entries_newest on node_entries (at desc, node_id, subject);

-- A node's own side.
create table node_uplinks (
  id text primary key,
  node text not null,
  market text not null,
  -- The node's operator.
  participant text not null,
  hub_url text not null,
  hub_name text not null,
  -- The hub's key, kept at the first contact: nobody else's word counts from then on.
  hub_key jsonb not null,
  key_id text not null,
  name text not null,
  kind text not null,
  registration text,
  state text not null check (state in ('reviewing', 'certifying', 'assessing', 'activating', 'active', 'refused', 'revoked')),
  reason text not null default '',
  credential jsonb,
  number bigint not null default 0,
  generation bigint not null default 1,
  held bigint not null default 0,
  beat_seconds int not null,
  applied_at timestamptz not null,
  answered_at timestamptz,
  failures int not null default 0,
  failure text not null default '',
  next_at timestamptz not null,
  retention_class text not null default 'member-file',
  stored_region text not null default storage_region()
);
-- One hub at a time.
create unique index node_uplinks_open on node_uplinks (node) where state not in ('refused', 'revoked');

create table node_changes (
  uplink text not null references node_uplinks (id),
  generation bigint not null,
  sequence bigint not null,
  node text not null,
  market text not null,
  participant text not null,
  kind text not null check (kind in ('listing', 'demand')),
  subject text not null,
  -- Null: it is gone.
  content jsonb,
  digest text,
  at timestamptz not null,
  retention_class text not null default 'message',
  stored_region text not null default storage_region(),
  primary key (uplink, generation, sequence)
);
create index node_changes_subject on node_changes (uplink, generation, subject, sequence desc);
