-- Before an order: demands, quotations, enquiries, trials.

create table demands (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  state text not null check (state in ('draft', 'published', 'quoted', 'chosen', 'closed')),
  about jsonb not null,
  industry text not null,
  open_until timestamptz not null,
  chosen text,
  reason text,
  published_at timestamptz,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index demands_participant on demands (participant, id);
create index demands_open on demands (id) where state in ('published', 'quoted');
create index demands_due on demands (open_until) where state = 'published';

create table enquiries (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  asked text not null,
  about_kind text not null check (about_kind in ('listing', 'demand')),
  about text not null,
  title text not null,
  open boolean not null default true,
  messages int not null default 0,
  last_at timestamptz not null,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  check (participant <> asked)
);
create index enquiries_participant on enquiries (participant, id);
create index enquiries_asked on enquiries (asked, id);

create table enquiry_messages (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  enquiry text not null references enquiries (id),
  person text not null,
  body text not null,
  retention_class text not null default 'trade',
  created_at timestamptz not null
);
create index enquiry_messages_enquiry on enquiry_messages (enquiry, id);

create table quotations (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  buyer text not null,
  state text not null check (state in ('offered', 'accepted', 'declined', 'withdrawn', 'lapsed')),
  demand text references demands (id),
  enquiry text references enquiries (id),
  listing text references listings (id),
  offer text,
  plan jsonb not null,
  tax_rate text not null,
  settlement_ways text[] not null,
  note text not null,
  valid_until timestamptz not null,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (participant <> buyer),
  check ((demand is null) <> (enquiry is null))
);
create index quotations_participant on quotations (participant, id);
create index quotations_buyer on quotations (buyer, id);
create index quotations_demand on quotations (demand);
create index quotations_due on quotations (valid_until) where state = 'offered';
create unique index quotations_offer on quotations (offer);

create table trials (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  supplier text not null,
  listing text not null references listings (id),
  product text not null,
  version text not null,
  calls int not null check (calls > 0),
  until timestamptz not null,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  -- A listing is tried once.
  unique (participant, listing),
  check (participant <> supplier)
);
create index trials_supplier on trials (supplier, id);
