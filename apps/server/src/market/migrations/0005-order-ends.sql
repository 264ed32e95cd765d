-- How an order ends: with its contract, by an answer, by silence, or by two people of the operator.

alter table orders
  add column ended_at timestamptz,
  add column ended_how text check (ended_how in ('agreed', 'forced', 'expired', 'completed')),
  -- What two people of the operator decide about the money: proposed by one, approved by the other.
  add column decision jsonb,
  add column rework_by timestamptz,
  -- Both sides were told that a deadline has passed.
  add column reminded_at timestamptz,
  add check ((ended_at is null) = (ended_how is null));
create index orders_rework_by on orders (rework_by) where state = 'objected';

-- Objected to and then closed: what was frozen for them is frozen still. They wait for a decision now.
update orders set state = 'objected', ended_at = updated_at, ended_how = 'expired'
  where state = 'closed' and acceptance ->> 'kind' = 'objected';
