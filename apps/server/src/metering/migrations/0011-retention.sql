-- How long a row is kept (its class is a rule pack’s) and in which region it was stored (docs/decisions/0010-retention.md).

alter table metered_grants
  add column retention_class text not null default 'usage',
  add column stored_region text not null default storage_region();
alter table metering_sources
  add column retention_class text not null default 'usage',
  add column stored_region text not null default storage_region();
update segment_manifests set retention_class = 'usage';
alter table segment_manifests alter column retention_class set default 'usage', add column stored_region text not null default storage_region();
alter table segment_grants
  add column retention_class text not null default 'usage',
  add column stored_region text not null default storage_region();
update usage_days set retention_class = 'usage';
alter table usage_days alter column retention_class set default 'usage', add column stored_region text not null default storage_region();
update usage_corrections set retention_class = 'usage';
alter table usage_corrections alter column retention_class set default 'usage', add column stored_region text not null default storage_region();
