-- How long a row is kept (its class is a rule pack’s) and in which region it was stored (docs/decisions/0010-retention.md).

alter table resources add column stored_region text not null default storage_region();
alter table resource_uploads
  add column retention_class text not null default 'message',
  add column stored_region text not null default storage_region();
alter table resource_contents add column stored_region text not null default storage_region();
alter table certificates add column stored_region text not null default storage_region();
alter table registered_rights add column stored_region text not null default storage_region();
alter table right_remarks add column stored_region text not null default storage_region();
alter table national_dispatches add column stored_region text not null default storage_region();
alter table national_simulator
  add column retention_class text not null default 'registration',
  add column stored_region text not null default storage_region();
alter table registrar_pages
  add column retention_class text not null default 'registration',
  add column stored_region text not null default storage_region();
alter table cancellation_proposals
  add column retention_class text not null default 'registration',
  add column stored_region text not null default storage_region();
alter table file_inspections add column stored_region text not null default storage_region();
