-- Uses by grant and hour of the grant's zone: what the service level is measured by, and what people look at while it runs.
create table usage_hours (
  grant_id text not null,
  starts_at timestamptz not null,
  -- Calendar day in the grant's zone that the hour lies in.
  day date not null,
  node text not null,
  market text not null,
  -- The supplier.
  participant text not null,
  -- Every request that was let in, served or failed; parts of a use too.
  request_count bigint not null,
  -- Those of them that failed, or broke off, on the node's side or the supplier's.
  failure_count bigint not null,
  call_count bigint not null,
  row_count bigint not null,
  byte_count bigint not null,
  -- How many of those served began within each bound of `latencyBoundsMs`, each counted once; the last number: later than all.
  latency int[] not null,
  created_at timestamptz not null,
  retention_class text not null default 'usage',
  stored_region text not null default storage_region(),
  primary key (grant_id, starts_at)
);
create index usage_hours_day on usage_hours (grant_id, day);

-- Usage as events to a buyer's own system: where it goes, and how far it has got.
create table usage_feeds (
  id text primary key,
  node text not null,
  market text not null,
  -- The buyer.
  participant text not null,
  webhook text not null,
  -- Null: all grants of the buyer, also those to come.
  grant_id text references metered_grants,
  -- {source: last sequence that the receiver has taken}.
  position jsonb not null,
  state text not null check (state in ('active', 'removed')),
  failures int not null default 0,
  next_at timestamptz not null,
  -- A push is under way until then at the latest.
  leased_until timestamptz,
  last_answer text,
  delivered_at timestamptz,
  created_by text not null,
  created_at timestamptz not null,
  retention_class text not null default 'usage',
  stored_region text not null default storage_region()
);
create unique index usage_feeds_one on usage_feeds (webhook, coalesce(grant_id, '')) where state = 'active';
create index usage_feeds_due on usage_feeds (next_at) where state = 'active';
