-- Off-exchange trades on file, strangers' complaints, imports of listings.

create table filings (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  number text not null,
  paper text not null,
  case_id text not null unique,
  counterparty text not null,
  contract_digest text not null,
  amount_fen bigint not null check (amount_fen >= 0),
  product_kind text not null,
  concluded_on date not null,
  retention_class text not null default 'trade',
  created_at timestamptz not null
);
-- Either side may file a trade, but it counts once.
create unique index filings_contract on filings (node, market, contract_digest);
create index filings_participant on filings (participant, id);

-- How a stranger finds the complaint again: the digest of a code that was shown once.
create table complaint_codes (
  code_digest text primary key,
  node text not null,
  market text not null,
  participant text not null,
  case_id text not null unique,
  retention_class text not null default 'trade',
  created_at timestamptz not null
);

create table listing_imports (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  person text not null,
  roles text[] not null,
  file_name text not null,
  format text not null check (format in ('csv', 'xlsx', 'ndjson')),
  dry_run boolean not null,
  content bytea not null,
  digest text not null,
  job text,
  state text not null check (state in ('queued', 'done', 'failed')),
  report jsonb not null default '[]',
  failure text,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  finished_at timestamptz
);
create index listing_imports_participant on listing_imports (participant, id);
