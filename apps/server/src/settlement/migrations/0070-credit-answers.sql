-- A credit note that its supplier keeps silent about: the time to answer, notice of lateness, and then it counts as accepted. One whose
-- refund two people of the operator refused is no longer settled. Notes from before have no time to answer yet: they begin with the notice.
alter table service_credits
  add column due_at timestamptz,
  add column reminded_at timestamptz,
  add column closes_at timestamptz,
  add column by_silence boolean not null default false;
alter table service_credits drop constraint service_credits_state_check;
alter table service_credits add constraint service_credits_state_check
  check (state in ('proposed', 'accepted', 'contested', 'settled', 'refused'));
create index service_credits_unanswered on service_credits (id) where state = 'proposed';
-- Of those that read `settled` already: where every refund was refused, nothing was given.
update service_credits c set state = 'refused', settled_at = null
  where c.state = 'settled' and cardinality(c.refunds) > 0
    and not exists (select 1 from settlement_refunds r where r.id = any(c.refunds) and r.state <> 'refused');
