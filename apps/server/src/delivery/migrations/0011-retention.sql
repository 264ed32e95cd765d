-- How long a row is kept (its class is a rule pack’s) and in which region it was stored (docs/decisions/0010-retention.md).

alter table delivery_endpoints
  add column retention_class text not null default 'contract',
  add column stored_region text not null default storage_region();
alter table delivery_grants add column stored_region text not null default storage_region();
alter table delivery_keys
  add column retention_class text not null default 'contract',
  add column stored_region text not null default storage_region();
alter table delivery_suspensions add column stored_region text not null default storage_region();
