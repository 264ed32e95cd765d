-- Read side of search: made from listings by events, and made anew from them at any time.

-- What is matched and ranked stands first: thousands of rows are read up to there, twenty to their end.
create sequence search_places;
create table search_documents (
  product text primary key,
  -- Order of coming to the market; newer ones are looked through first.
  place bigint not null default nextval('search_places'),
  listed_at timestamptz not null,
  -- Products by quotation come after every price.
  price_order numeric not null,
  words tsvector not null,
  -- `facet:value` of what is counted, with spaces between.
  facets text not null,
  -- The same and finer ones (city, class of industry) for filters, so that words and filters meet in one index.
  labels text[] not null,
  node text not null,
  market text not null,
  participant text not null,
  listing text not null,
  name text not null,
  summary text not null,
  kind text not null,
  industry text not null,
  region text not null,
  delivery_modes text[] not null,
  update_cycle text not null,
  price_kind text not null,
  price_text jsonb not null,
  price_lowest numeric,
  badges jsonb not null,
  certificates text[] not null,
  -- Dictionary and rules that cut the words; documents of another vocabulary are made anew.
  vocabulary text not null,
  created_at timestamptz not null
)
-- Words are read of every candidate: kept in the row and as they are, not compressed or moved out.
with (toast_tuple_target = 8160);
-- Written seldom, read always: no list of pending entries that a reader would have to walk.
create index search_documents_words on search_documents using gin (words, labels) with (fastupdate = off);
create unique index search_documents_place on search_documents (place);
create index search_documents_price on search_documents (price_order, place desc);
-- The planner meets several thousand different words.
alter table search_documents alter column words set statistics 1000;
-- In this order documents are made anew.
create index listings_listed_at on listings (listed_at, id) where state = 'listed';
