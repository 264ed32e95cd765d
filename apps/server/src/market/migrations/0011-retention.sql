-- How long a row is kept (its class is a rule pack’s) and in which region it was stored (docs/decisions/0010-retention.md).

alter table reports add column stored_region text not null default storage_region();
alter table listings add column stored_region text not null default storage_region();
alter table scenarios add column stored_region text not null default storage_region();
alter table orders add column stored_region text not null default storage_region();
-- Made anew from listings at will, and kept as they are.
alter table search_documents
  add column retention_class text not null default 'trade',
  add column stored_region text not null default storage_region();
alter table demands add column stored_region text not null default storage_region();
alter table enquiries add column stored_region text not null default storage_region();
alter table enquiry_messages add column stored_region text not null default storage_region();
alter table quotations add column stored_region text not null default storage_region();
alter table trials add column stored_region text not null default storage_region();
alter table filings add column stored_region text not null default storage_region();
alter table complaint_codes add column stored_region text not null default storage_region();
alter table listing_imports add column stored_region text not null default storage_region();
