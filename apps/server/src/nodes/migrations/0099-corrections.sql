-- Mutual statements by calendar, and corrections of those that differ.

-- Of a statement that differs: another was made in its place, under the number `corrected_by`.
alter table node_statements drop constraint node_statements_state_check;
alter table node_statements add constraint node_statements_state_check check (state in ('sending', 'agreed', 'differing', 'corrected'));
alter table node_statements add column corrected_by text;
-- Number of the one that it stands in place of, and why.
alter table node_statements add column corrects text;
alter table node_statements add column reason text not null default '';
-- By the correction the creditor asks nothing for it, and no later statement does.
alter table node_statement_lines add column left_out boolean not null default false;

-- Months for which statements were drawn up by themselves.
create table node_statement_rounds (
  month text primary key,
  node text not null,
  market text not null,
  participant text not null,
  at timestamptz not null,
  retention_class text not null default 'accounting',
  stored_region text not null default storage_region()
);
