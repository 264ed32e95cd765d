-- Zero sum is checked by the statement that inserts postings, over all its rows at once, no longer row by row at commit: each
-- statement's postings sum to zero per entry, owner and currency, so those of every entry do. As no posting is zero, that is
-- two postings at least. An entry without any is found at commit, as before.
create or replace function ledger_zero_sum() returns trigger language plpgsql as $$
declare
  wrong bigint;
begin
  select entry into wrong from added group by entry, owner, currency having sum(fen) <> 0 limit 1;
  if found then
    raise exception 'entry % does not balance', wrong using errcode = '23514', constraint = 'ledger_zero_sum';
  end if;
  return null;
end $$;
create function ledger_has_postings() returns trigger language plpgsql as $$
begin
  if not exists (select from ledger_postings where entry = new.sequence) then
    raise exception 'entry % has no postings', new.sequence using errcode = '23514', constraint = 'ledger_zero_sum';
  end if;
  return null;
end $$;
drop trigger ledger_postings_balance on ledger_postings;
create trigger ledger_postings_balance after insert on ledger_postings referencing new table as added
  for each statement execute function ledger_zero_sum();
drop trigger ledger_entries_balance on ledger_entries;
create constraint trigger ledger_entries_balance after insert on ledger_entries deferrable initially deferred
  for each row execute function ledger_has_postings();
