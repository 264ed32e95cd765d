create table products (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  kind text not null check (kind in ('dataset', 'api', 'report', 'service', 'tool')),
  name text not null,
  summary text not null,
  description text not null,
  resources text[] not null,
  industry text not null,
  region text not null,
  keywords text[] not null,
  scenarios text[] not null,
  delivery_modes text[] not null check (cardinality(delivery_modes) > 0),
  update_cycle text not null,
  coverage_from date,
  coverage_until date,
  language text not null,
  state text not null check (state in ('draft', 'ready', 'retired')),
  revision int not null,
  latest_version text,
  published_version text,
  published_at timestamptz,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (coverage_from is null or coverage_until is null or coverage_from <= coverage_until),
  check ((published_version is null) = (published_at is null)),
  check (state <> 'retired' or published_version is null)
);
create index products_participant on products (market, participant, id);
create index products_published on products (market, id) where published_version is not null;

create table product_versions (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  product text not null references products,
  number int not null check (number > 0),
  note text not null,
  about jsonb not null,
  tables jsonb not null,
  contract text not null,
  contract_digest text not null,
  created_by text not null,
  retention_class text not null default 'trade',
  created_at timestamptz not null,
  unique (product, number)
);
alter table products add foreign key (latest_version) references product_versions deferrable initially deferred;
alter table products add foreign key (published_version) references product_versions deferrable initially deferred;

-- Which version stood on the market when; a contract signed then must still find what was shown.
create table product_publications (
  version text not null references product_versions,
  started_at timestamptz not null,
  node text not null,
  market text not null,
  participant text not null,
  product text not null references products,
  ended_at timestamptz,
  created_at timestamptz not null,
  primary key (version, started_at)
);
create unique index product_publications_one on product_publications (product) where ended_at is null;

create function product_versions_frozen() returns trigger language plpgsql as $$
begin
  raise exception 'a product version never changes' using errcode = '23514', constraint = 'product_versions_frozen';
end $$;
create trigger product_versions_frozen before update on product_versions for each row execute function product_versions_frozen();
