-- Uses per period of the calendar, beside those in total: how many were taken in the period of the last one.

alter table compute_contracts
  -- Null without such a limit.
  add column uses_per int check (uses_per > 0),
  add column period_key text not null default '',
  add column period_taken int not null default 0,
  add constraint compute_contracts_period check (period_taken >= 0 and (uses_per is null or period_taken <= uses_per));

create or replace function compute_contracts_frozen() returns trigger language plpgsql as $$
begin
  if new.document is distinct from old.document or new.digest is distinct from old.digest or new.uses_total is distinct from old.uses_total
      or new.uses_per is distinct from old.uses_per
      or new.term_from is distinct from old.term_from or new.term_until is distinct from old.term_until or new.uses_taken < old.uses_taken
      or new.uses_returned < old.uses_returned then
    raise exception 'a computation contract never changes' using errcode = '23514', constraint = 'compute_contracts_frozen';
  end if;
  return new;
end $$;
