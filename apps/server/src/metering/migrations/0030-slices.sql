-- What gateways of their own process may use of a grant's limits, and what their imported records have used of it.
create table quota_slices (
  id text primary key,
  node text not null,
  market text not null,
  -- The supplier.
  participant text not null,
  source text not null,
  grant_id text not null references metered_grants,
  -- The shortest period that the slice counts in, ms since the epoch, end exclusive; null: the total has no end.
  start_ms bigint not null,
  end_ms bigint,
  amount_calls bigint not null check (amount_calls >= 0),
  amount_rows bigint not null check (amount_rows >= 0),
  amount_bytes bigint not null check (amount_bytes >= 0),
  used_calls bigint not null default 0,
  used_rows bigint not null default 0,
  used_bytes bigint not null default 0,
  expires_ms bigint not null,
  -- Records that name the slice end with this one; settled once they are imported.
  final_sequence bigint,
  settled_at timestamptz,
  created_at timestamptz not null,
  retention_class text not null default 'usage',
  stored_region text not null default storage_region()
);
create index quota_slices_open on quota_slices (source, grant_id) where settled_at is null;
create index quota_slices_grant on quota_slices (grant_id) where settled_at is null;
