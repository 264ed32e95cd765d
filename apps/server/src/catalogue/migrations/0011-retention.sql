-- How long a row is kept (its class is a rule pack’s) and in which region it was stored (docs/decisions/0010-retention.md).

alter table products add column stored_region text not null default storage_region();
alter table product_versions add column stored_region text not null default storage_region();
alter table product_publications
  add column retention_class text not null default 'trade',
  add column stored_region text not null default storage_region();
