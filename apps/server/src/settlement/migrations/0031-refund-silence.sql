-- A refund of what the parties settled themselves has a clock for the side whose turn it is, a notice when that is over, and an end.
alter table settlement_refunds
  -- The supplier says that it paid back on this day.
  add column repaid_on date,
  -- First moment after the time of whoever is to act; none for rows from before this clock, which get their notice first.
  add column due_at timestamptz,
  add column reminded_at timestamptz,
  -- Set with the notice, where silence closes.
  add column closes_at timestamptz,
  add column by_silence boolean not null default false,
  add check (closes_at is null or reminded_at is not null);
create index settlement_refunds_open on settlement_refunds (id) where state in ('proposed', 'approved');
