-- A month broke its service levels: a credit note is proposed to the supplier, and what it accepts is given back of the month's fee.
create table service_credits (
  id text primary key,
  node text not null,
  market text not null,
  -- The buyer, who gets it.
  participant text not null,
  supplier text not null,
  order_id text not null references settlement_orders,
  grant_id text not null,
  -- What it stands on, in delivery; one credit each.
  assessment text not null unique,
  period text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  -- Where the price is paid once for all: the time it pays for.
  spread_from timestamptz,
  spread_until timestamptz,
  findings jsonb not null,
  requests bigint not null,
  digest text not null,
  -- Thousandths of a per cent of the period's fee, and the table by which they were found.
  credit_milli int not null check (credit_milli between 0 and 100000),
  tiers jsonb not null,
  state text not null check (state in ('proposed', 'accepted', 'contested', 'settled')),
  answer text,
  answered_by text,
  answered_at timestamptz,
  -- What an accepted one waits for.
  waits_for text check (waits_for in ('statement', 'redInvoice', 'payeeFunds')),
  fen bigint check (fen >= 0),
  refunds text[] not null default '{}',
  settled_at timestamptz,
  created_at timestamptz not null,
  retention_class text not null default 'accounting',
  stored_region text not null default storage_region(),
  check ((state = 'proposed') = (answered_at is null)),
  check (state <> 'contested' or answer <> ''),
  check ((state = 'settled') = (settled_at is not null)),
  check (state <> 'settled' or fen is not null)
);
create index service_credits_buyer on service_credits (participant, id desc);
create index service_credits_supplier on service_credits (supplier, id desc);
create index service_credits_open on service_credits (id) where state = 'accepted';
