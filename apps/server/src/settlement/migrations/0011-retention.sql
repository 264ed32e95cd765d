-- How long a row is kept (its class is a rule pack’s) and in which region it was stored (docs/decisions/0010-retention.md).

alter table settlement_accounts
  add column retention_class text not null default 'accounting',
  add column stored_region text not null default storage_region();
alter table ledger_entries add column stored_region text not null default storage_region();
alter table ledger_postings
  add column retention_class text not null default 'accounting',
  add column stored_region text not null default storage_region();
alter table ledger_balances
  add column retention_class text not null default 'accounting',
  add column stored_region text not null default storage_region();
alter table ledger_snapshots
  add column retention_class text not null default 'accounting',
  add column stored_region text not null default storage_region();
alter table bank_instructions add column stored_region text not null default storage_region();
alter table bank_deposits add column stored_region text not null default storage_region();
alter table settlement_orders add column stored_region text not null default storage_region();
alter table settlement_holds
  add column retention_class text not null default 'accounting',
  add column stored_region text not null default storage_region();
alter table statements add column stored_region text not null default storage_region();
alter table statement_lines
  add column retention_class text not null default 'accounting',
  add column stored_region text not null default storage_region();
alter table statement_legs
  add column retention_class text not null default 'accounting',
  add column stored_region text not null default storage_region();
alter table statement_papers
  add column retention_class text not null default 'accounting',
  add column stored_region text not null default storage_region();
alter table settlement_invoices add column stored_region text not null default storage_region();
alter table settlement_proofs add column stored_region text not null default storage_region();
alter table settlement_payouts add column stored_region text not null default storage_region();
alter table settlement_refunds add column stored_region text not null default storage_region();
alter table reconciliations add column stored_region text not null default storage_region();
alter table reconciliation_differences add column stored_region text not null default storage_region();
