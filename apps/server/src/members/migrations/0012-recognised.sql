-- A participant of another node that trades here over the Dataspace Protocol: recognised by its participant id there, without a
-- log-in and without a credit code that anybody here has seen.
alter table organisations add column dataspace_id text;
alter table organisations drop constraint organisations_credit_code_check;
alter table organisations add constraint organisations_credit_code_check
  check (credit_code ~ '^[0-9A-HJ-NP-RTUWXY]{18}$' or (credit_code = '' and dataspace_id is not null));
drop index organisations_credit_code;
create unique index organisations_credit_code on organisations (node, credit_code) where status <> 'left' and credit_code <> '';
create unique index organisations_dataspace_id on organisations (node, dataspace_id) where dataspace_id is not null;
