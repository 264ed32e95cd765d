-- Demands: raised at one node, told by its hub to all others.

create table node_relays (
  sequence bigint primary key,
  node text not null,
  market text not null,
  -- The hub's operator.
  participant text not null,
  node_id text not null references nodes (id),
  subject text not null,
  -- Null: it is gone.
  content jsonb,
  at timestamptz not null,
  retention_class text not null default 'message',
  stored_region text not null default storage_region()
);

-- At a node: what its hub told of the others.
create table node_demands (
  uplink text not null references node_uplinks (id),
  node_id text not null,
  subject text not null,
  node text not null,
  market text not null,
  participant text not null,
  node_name text not null,
  node_url text not null,
  sequence bigint not null,
  content jsonb not null,
  at timestamptz not null,
  retention_class text not null default 'message',
  stored_region text not null default storage_region(),
  primary key (uplink, node_id, subject)
);

-- How far the hub's demands are held.
alter table node_uplinks add column relayed bigint not null default 0;
