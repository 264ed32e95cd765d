-- Letters and proofs are kept as long as their notice, which says so when they are written.
alter table notice_proofs
  add column retention_class text not null default 'trade',
  add column stored_region text not null default storage_region();
alter table notice_letters
  add column retention_class text not null default 'trade',
  add column stored_region text not null default storage_region();
alter table letter_attempts
  add column retention_class text not null default 'trade',
  add column stored_region text not null default storage_region();
alter table webhooks
  add column retention_class text not null default 'member-file',
  add column stored_region text not null default storage_region();
