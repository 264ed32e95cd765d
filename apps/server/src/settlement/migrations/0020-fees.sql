-- Settled by the parties themselves: the supplier owes the exchange its service fee; both sides agree on a refund.

-- One row a statement; what of it was reversed, paid and given back only grows. The ledger says the same (feeReceivable, feeReturnable).
create table settlement_fees (
  id text primary key,
  node text not null,
  market text not null,
  -- Who owes it.
  participant text not null,
  statement text not null unique references statements,
  order_id text not null references settlement_orders,
  fen bigint not null check (fen > 0),
  reversed_fen bigint not null default 0 check (reversed_fen between 0 and fen),
  paid_fen bigint not null default 0 check (paid_fen between 0 and fen),
  returned_fen bigint not null default 0 check (returned_fen between 0 and paid_fen),
  -- Last day to pay; late from the next day on.
  due_on date not null,
  state text not null check (state in ('owed', 'paying', 'paid', 'reversed')),
  reminded_at timestamptz,
  retention_class text not null default 'accounting',
  stored_region text not null default storage_region(),
  created_at timestamptz not null,
  finished_at timestamptz,
  check ((state in ('paid', 'reversed')) = (finished_at is not null))
);
create index settlement_fees_participant on settlement_fees (participant, id desc);
create index settlement_fees_open on settlement_fees (due_on) where state in ('owed', 'paying');
create index settlement_fees_returnable on settlement_fees (id) where paid_fen - returned_fen > fen - reversed_fen;

alter table settlement_refunds
  add column asked_by text not null default 'operator' check (asked_by in ('operator', 'buyer', 'supplier')),
  -- Why a side declined it.
  add column answer text;

alter table ledger_balances drop constraint ledger_not_overdrawn;
alter table ledger_balances add constraint ledger_not_overdrawn check (
  (template not in ('custody', 'feeReceivable') or fen >= 0) and (template not in ('available', 'held', 'due', 'feeReturnable') or fen <= 0));
