-- Reports, listings, use scenarios, orders.

create table reports (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  body text not null,
  case_id text not null unique,
  product text not null,
  version text not null,
  conclusion text not null check (conclusion in ('compliant', 'conditional', 'notCompliant')),
  scope text not null,
  limits text not null,
  valid_until timestamptz not null,
  digest text not null,
  paper text not null,
  number text not null,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  check (participant <> body)
);
create index reports_participant on reports (participant, id);
create index reports_body on reports (body, id);

create table listings (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  number text,
  product text not null,
  version text not null,
  state text not null check (state in ('draft', 'reviewing', 'refused', 'listed', 'suspended', 'delisted')),
  case_id text,
  paper text,
  plans jsonb not null,
  policy jsonb not null,
  explanation jsonb not null,
  delivery_modes text[] not null,
  acceptance_days int not null check (acceptance_days between 1 and 60),
  trial jsonb,
  split jsonb not null default '[]',
  basis jsonb not null,
  purposes text[] not null,
  security_statement text not null,
  source_statement text not null,
  stands_until timestamptz,
  reason text,
  retention_class text not null default 'trade',
  listed_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index listings_participant on listings (participant, id);
create index listings_product on listings (product);
-- One listing of a product stands on the market at a time.
create unique index listings_standing on listings (node, market, product) where state in ('reviewing', 'listed', 'suspended');

create table scenarios (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  statement jsonb not null,
  retention_class text not null default 'trade',
  created_at timestamptz not null
);
create index scenarios_participant on scenarios (participant, id);

create table orders (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  supplier text not null,
  number text not null,
  state text not null check (state in ('reviewing', 'refused', 'contracting', 'contracted', 'delivering', 'delivered', 'accepted', 'objected', 'settled', 'closed', 'cancelled')),
  listing text not null references listings (id),
  product text not null,
  version text not null,
  offer text not null,
  scenario text not null references scenarios (id),
  plan jsonb not null,
  plan_title text not null,
  tax_rate text not null,
  quantity bigint not null check (quantity > 0),
  estimate_fen bigint not null check (estimate_fen >= 0),
  settlement_way text not null check (settlement_way in ('custody', 'direct', 'postpaid')),
  months int not null,
  until timestamptz,
  contract text,
  split jsonb not null default '[]',
  verification jsonb not null,
  review jsonb not null,
  delivery jsonb,
  acceptance jsonb,
  accept_by timestamptz,
  acceptance_days int not null,
  papers jsonb not null default '[]',
  signed_at timestamptz,
  settled_fen bigint,
  settled_at timestamptz,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (node, market, number),
  check (participant <> supplier)
);
create index orders_participant on orders (participant, id);
create index orders_supplier on orders (supplier, id);
create index orders_contract on orders (contract);
create index orders_accept_by on orders (accept_by) where state = 'delivered';
