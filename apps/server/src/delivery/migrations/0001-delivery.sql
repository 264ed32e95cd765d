-- How versions are delivered, and who may have them delivered.

create table delivery_endpoints (
  id text primary key,
  node text not null,
  market text not null,
  -- The supplier of the version.
  participant text not null,
  version text not null,
  product text not null,
  kind text not null check (kind in ('api', 'file', 'proxy')),
  state text not null check (state in ('building', 'ready', 'failed')),
  -- As the supplier set it; without secrets.
  draft jsonb not null,
  -- What the gateway gets; null until it is ready.
  config jsonb,
  fault jsonb,
  secret_sealed text,
  rows_built bigint,
  revision int not null,
  job text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (version, kind),
  check (state <> 'ready' or config is not null)
);

create table delivery_grants (
  id text primary key,
  node text not null,
  market text not null,
  -- The supplier.
  participant text not null,
  buyer text not null,
  buyer_region text,
  contract text,
  order_reference text,
  product text not null,
  version text not null,
  product_name text not null,
  trial boolean not null,
  state text not null check (state in ('opening', 'active', 'suspended', 'withdrawn', 'expired')),
  reason text,
  plan jsonb not null,
  policy_hash text not null,
  kinds text[] not null check (cardinality(kinds) between 1 and 3),
  default_purpose text,
  default_action text,
  valid_from timestamptz not null,
  valid_until timestamptz,
  -- Grows with every change that the gateway must see; an older state never replaces a newer one there.
  revision bigint not null,
  retention_class text not null default 'contract',
  created_at timestamptz not null,
  ended_at timestamptz,
  check (contract is not null or trial),
  check (participant <> buyer),
  check ((ended_at is null) = (state in ('opening', 'active', 'suspended')))
);
create index delivery_grants_buyer on delivery_grants (buyer, id desc);
create index delivery_grants_supplier on delivery_grants (participant, id desc);
create index delivery_grants_contract on delivery_grants (contract);
create index delivery_grants_version on delivery_grants (version) where ended_at is null;
create index delivery_grants_until on delivery_grants (valid_until) where ended_at is null;

create table delivery_keys (
  id text primary key,
  node text not null,
  market text not null,
  -- The buyer.
  participant text not null,
  grant_id text not null references delivery_grants,
  name text not null,
  prefix text not null,
  hash text not null unique check (hash ~ '^[0-9a-f]{64}$'),
  created_by text not null,
  created_at timestamptz not null,
  revoked_at timestamptz,
  -- Set once the gateway no longer knows a key whose end lay ahead.
  dropped boolean not null default false
);
create index delivery_keys_grant on delivery_keys (grant_id, id);
create index delivery_keys_ending on delivery_keys (revoked_at) where revoked_at is not null and not dropped;

-- Orders to stop: while one is open, no grant that it covers is served, also those opened later.
create table delivery_suspensions (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  target_kind text not null check (target_kind in ('grant', 'contract', 'product', 'participant')),
  target text not null,
  reason text not null check (reason <> ''),
  ordered_by text not null,
  lifted_by text,
  lifted_at timestamptz,
  retention_class text not null default 'contract',
  created_at timestamptz not null
);
create index delivery_suspensions_open on delivery_suspensions (target_kind, target) where lifted_at is null;
