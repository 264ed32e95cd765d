-- Service levels of the data contract: what a grant was promised, and what each month came to.
alter table delivery_grants add column service_levels jsonb;

create table service_periods (
  id text primary key,
  node text not null,
  market text not null,
  -- The supplier.
  participant text not null,
  buyer text not null,
  grant_id text not null references delivery_grants,
  contract text not null,
  order_reference text,
  -- Calendar month in the contract's time zone, YYYY-MM; of its first and last day, what the grant was open for.
  period text not null check (period ~ '^\d{4}-\d{2}$'),
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  levels jsonb not null,
  findings jsonb not null,
  evidence jsonb not null,
  breached boolean not null,
  created_at timestamptz not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region(),
  unique (grant_id, period)
);
create index service_periods_supplier on service_periods (participant, id desc);
create index service_periods_buyer on service_periods (buyer, id desc);
