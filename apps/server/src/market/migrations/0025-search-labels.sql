-- Labels by number: a document's facets are one character for each, so that counting two thousand documents reads a twentieth
-- of the text. Numbers are characters from U+0100 to U+D7FF; a market with more labels leaves the last ones uncounted.
create sequence search_label_numbers minvalue 256 maxvalue 55295;
create table search_labels (
  label text primary key,
  number int not null unique default nextval('search_label_numbers'),
  node text not null,
  market text not null,
  participant text not null,
  created_at timestamptz not null,
  retention_class text not null default 'trade',
  stored_region text not null default storage_region()
);
