-- How long a row is kept (its class is a rule pack’s) and in which region it was stored (docs/decisions/0010-retention.md).

alter table policies
  add column retention_class text not null default 'contract',
  add column stored_region text not null default storage_region();
alter table policy_plans
  add column retention_class text not null default 'contract',
  add column stored_region text not null default storage_region();
alter table offers
  add column retention_class text not null default 'contract',
  add column stored_region text not null default storage_region();
alter table contract_templates
  add column retention_class text not null default 'contract',
  add column stored_region text not null default storage_region();
alter table contracts add column stored_region text not null default storage_region();
alter table contract_versions add column stored_region text not null default storage_region();
alter table contract_rounds add column stored_region text not null default storage_region();
alter table contract_signatures add column stored_region text not null default storage_region();
alter table contract_papers add column stored_region text not null default storage_region();
alter table contract_terminations add column stored_region text not null default storage_region();
