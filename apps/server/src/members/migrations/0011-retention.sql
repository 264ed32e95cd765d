-- How long a row is kept (its class is a rule pack’s) and in which region it was stored (docs/decisions/0010-retention.md).

alter table organisations add column stored_region text not null default storage_region();
alter table organisation_roles
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table standing_proposals add column stored_region text not null default storage_region();
alter table people add column stored_region text not null default storage_region();
alter table seats
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table invitations
  add column retention_class text not null default 'access-log',
  add column stored_region text not null default storage_region();
alter table service_accounts
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table api_keys
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table passkeys
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table passkey_ceremonies
  add column retention_class text not null default 'retry',
  add column stored_region text not null default storage_region();
alter table rule_documents
  add column retention_class text not null default 'rulebook',
  add column stored_region text not null default storage_region();
alter table rule_versions add column stored_region text not null default storage_region();
alter table rule_acceptances add column stored_region text not null default storage_region();
alter table oidc_identities
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
alter table oidc_ceremonies
  add column retention_class text not null default 'retry',
  add column stored_region text not null default storage_region();
