-- The mirror of the custodian bank's books. The exchange holds nobody's money: each yuan lies in a member's sub-account there.

create table settlement_accounts (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  bank_account text,
  name text not null,
  state text not null check (state in ('opening', 'open')),
  created_at timestamptz not null,
  opened_at timestamptz,
  unique (node, market, participant),
  unique (bank_account),
  check ((state = 'open') = (bank_account is not null))
);

create table ledger_entries (
  sequence bigint generated always as identity primary key,
  id text not null unique,
  node text not null,
  market text not null,
  participant text not null,
  key text not null unique,
  at timestamptz not null,
  -- Business day in the bank's calendar, from its confirmation; the node's day for entries without a bank line.
  day date not null,
  kind text not null,
  memo text not null,
  order_id text,
  dispute_id text,
  bank_reference text,
  reverses text references ledger_entries (id),
  retention_class text not null default 'accounting',
  created_at timestamptz not null
);
create index ledger_entries_day on ledger_entries (day, sequence);
create index ledger_entries_order on ledger_entries (order_id) where order_id is not null;
create index ledger_entries_reference on ledger_entries (bank_reference) where bank_reference is not null;

create table ledger_postings (
  entry bigint not null references ledger_entries (sequence),
  line int not null,
  node text not null,
  market text not null,
  -- The member named in the account, '' for accounts of nobody.
  participant text not null,
  account text not null,
  -- The group that must balance: the owner of an owned account, '' for memo, income and expense.
  owner text not null,
  fen bigint not null check (fen <> 0 and abs(fen) <= 1000000000000000),
  currency text not null default 'CNY',
  created_at timestamptz not null,
  primary key (entry, line)
);
create index ledger_postings_account on ledger_postings (account, entry);
create index ledger_postings_participant on ledger_postings (participant, entry desc);

create function ledger_refuse() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only: % on % is refused', tg_op, tg_table_name using errcode = '23514', constraint = 'ledger_append_only';
end $$;
create trigger ledger_entries_fixed before update or delete on ledger_entries for each row execute function ledger_refuse();
create trigger ledger_postings_fixed before update or delete on ledger_postings for each row execute function ledger_refuse();
create trigger ledger_entries_kept before truncate on ledger_entries execute function ledger_refuse();
create trigger ledger_postings_kept before truncate on ledger_postings execute function ledger_refuse();

-- At commit every entry has postings, and they sum to zero per currency and per owner.
create function ledger_zero_sum() returns trigger language plpgsql as $$
declare
  checked bigint;
begin
  if tg_table_name = 'ledger_entries' then checked := new.sequence; else checked := new.entry; end if;
  if (select count(*) from ledger_postings where entry = checked) < 2 then
    raise exception 'entry % has fewer than two postings', checked using errcode = '23514', constraint = 'ledger_zero_sum';
  end if;
  if exists (select 1 from ledger_postings where entry = checked group by owner, currency having sum(fen) <> 0) then
    raise exception 'entry % does not balance', checked using errcode = '23514', constraint = 'ledger_zero_sum';
  end if;
  return null;
end $$;
create constraint trigger ledger_entries_balance after insert on ledger_entries deferrable initially deferred
  for each row execute function ledger_zero_sum();
create constraint trigger ledger_postings_balance after insert on ledger_postings deferrable initially deferred
  for each row execute function ledger_zero_sum();

-- Running balances, moved in the transaction that posts; always recomputable from the postings.
create table ledger_balances (
  account text primary key,
  node text not null,
  market text not null,
  participant text not null,
  template text not null,
  fen bigint not null,
  sequence bigint not null,
  created_at timestamptz not null,
  constraint ledger_not_overdrawn check (
    (template <> 'custody' or fen >= 0) and (template not in ('available', 'held', 'due') or fen <= 0))
);
create index ledger_balances_participant on ledger_balances (participant, template);

create table ledger_snapshots (
  day date primary key,
  node text not null,
  market text not null,
  participant text not null,
  sequence bigint not null,
  balances jsonb not null,
  created_at timestamptz not null
);

-- What the bank is asked to do: planned with the decision, sent, acknowledged, executed or refused.
create table bank_instructions (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  kind text not null check (kind in ('freeze', 'unfreeze', 'transfer', 'payout')),
  fen bigint not null check (fen > 0),
  hold_key text,
  source text check (source in ('frozen', 'available')),
  legs jsonb not null default '[]',
  effect text not null,
  subject text not null,
  attempt int not null check (attempt between 1 and 99),
  state text not null check (state in ('planned', 'sent', 'acknowledged', 'executed', 'refused')),
  reason text,
  bank_serial text,
  bank_day date,
  sends int not null default 0,
  last_error text,
  retention_class text not null default 'accounting',
  created_at timestamptz not null,
  sent_at timestamptz,
  acknowledged_at timestamptz,
  finished_at timestamptz,
  unique (subject, effect, attempt),
  check ((state in ('executed', 'refused')) = (finished_at is not null))
);
create index bank_instructions_open on bank_instructions (created_at) where state in ('planned', 'sent', 'acknowledged');
create index bank_instructions_subject on bank_instructions (subject);
create index bank_instructions_participant on bank_instructions (participant, id desc);

create table bank_deposits (
  reference text primary key,
  node text not null,
  market text not null,
  participant text not null,
  fen bigint not null check (fen > 0),
  day date not null,
  entry text not null references ledger_entries (id),
  retention_class text not null default 'accounting',
  created_at timestamptz not null
);

-- The money side of an order, its terms frozen when the contract took effect.
create table settlement_orders (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  supplier text not null,
  contract text not null,
  title text not null,
  way text not null check (way in ('custody', 'direct', 'postpaid')),
  plan jsonb not null,
  tax_rate text not null,
  split_rule jsonb not null,
  estimate_fen bigint not null check (estimate_fen >= 0),
  state text not null check (state in ('open', 'final', 'settled', 'released')),
  retention_class text not null default 'accounting',
  created_at timestamptz not null,
  settled_at timestamptz
);
create index settlement_orders_buyer on settlement_orders (participant, id desc);
create index settlement_orders_supplier on settlement_orders (supplier, id desc);

create function settlement_terms_fixed() returns trigger language plpgsql as $$
begin
  if (new.participant, new.supplier, new.contract, new.way, new.plan, new.tax_rate, new.split_rule, new.estimate_fen)
    is distinct from (old.participant, old.supplier, old.contract, old.way, old.plan, old.tax_rate, old.split_rule, old.estimate_fen) then
    raise exception 'terms of an order are frozen' using errcode = '23514', constraint = 'settlement_terms_fixed';
  end if;
  return new;
end $$;
create trigger settlement_orders_fixed before update on settlement_orders for each row execute function settlement_terms_fixed();

create table settlement_holds (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  purpose text not null check (purpose in ('order', 'dispute', 'bill')),
  subject text not null,
  -- The order or dispute that the bank knows the hold by.
  held_for text not null,
  fen bigint not null check (fen > 0),
  state text not null check (state in ('waiting', 'placing', 'placed', 'refused', 'cancelled')),
  created_at timestamptz not null,
  placed_at timestamptz
);
create index settlement_holds_waiting on settlement_holds (participant, created_at) where state = 'waiting';
create index settlement_holds_for on settlement_holds (held_for);
create index settlement_holds_participant on settlement_holds (participant, id desc);

create table statements (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  supplier text not null,
  order_id text not null references settlement_orders,
  number text not null,
  period_key text not null,
  period_from timestamptz not null,
  period_until timestamptz not null,
  way text not null,
  state text not null check (state in ('issued', 'differing', 'agreed', 'invoiced', 'paying', 'settled')),
  rated_fen bigint not null check (rated_fen >= 0),
  total_fen bigint not null check (total_fen >= 0),
  split jsonb not null,
  net_fen bigint not null,
  tax_fen bigint not null,
  cut jsonb not null,
  final boolean not null,
  buyer_fen bigint,
  supplier_fen bigint,
  difference_reason text,
  captured boolean not null default false,
  retention_class text not null default 'accounting',
  created_at timestamptz not null,
  agreed_at timestamptz,
  settled_at timestamptz,
  unique (order_id, period_key),
  unique (node, number),
  check (net_fen + tax_fen = total_fen)
);
create index statements_buyer on statements (participant, id desc);
create index statements_supplier on statements (supplier, id desc);

create table statement_lines (
  statement text not null references statements,
  line int not null,
  node text not null,
  market text not null,
  participant text not null,
  title text not null,
  rated jsonb not null,
  fen bigint not null,
  created_at timestamptz not null,
  primary key (statement, line)
);

-- Who gets what of a statement; each payee sees its own only.
create table statement_legs (
  statement text not null references statements,
  line int not null,
  node text not null,
  market text not null,
  participant text not null,
  role text not null,
  fee boolean not null,
  fen bigint not null check (fen >= 0),
  created_at timestamptz not null,
  primary key (statement, line)
);
create index statement_legs_participant on statement_legs (participant, statement desc);

create table statement_papers (
  statement text not null references statements,
  paper text not null,
  node text not null,
  market text not null,
  participant text not null,
  kind text not null,
  number text not null,
  created_at timestamptz not null,
  primary key (statement, paper)
);

create table settlement_invoices (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  buyer text not null,
  statement text not null references statements,
  kind text not null check (kind in ('supply', 'fee')),
  number text not null,
  day date not null,
  gross_fen bigint not null,
  net_fen bigint not null,
  tax_fen bigint not null,
  tax_rate text not null,
  red_of text references settlement_invoices,
  retention_class text not null default 'accounting',
  created_by text not null,
  created_at timestamptz not null,
  unique (node, number),
  check (net_fen + tax_fen = gross_fen),
  check ((red_of is null) = (gross_fen >= 0))
);
create index settlement_invoices_statement on settlement_invoices (statement);

create table settlement_proofs (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  statement text not null references statements,
  fen bigint not null check (fen > 0),
  paid_on date not null,
  file_name text not null,
  media_type text not null,
  digest text not null,
  state text not null check (state in ('filed', 'confirmed', 'refused')),
  reason text,
  retention_class text not null default 'accounting',
  created_at timestamptz not null,
  answered_at timestamptz
);
create index settlement_proofs_statement on settlement_proofs (statement);

create table settlement_payouts (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  fen bigint not null check (fen > 0),
  bank_name text not null,
  account_masked text not null,
  state text not null check (state in ('requested', 'checked', 'approved', 'paid', 'refused')),
  two_people boolean not null,
  requested_by text not null,
  checked_by text,
  approved_by text,
  reason text,
  retention_class text not null default 'accounting',
  created_at timestamptz not null,
  finished_at timestamptz,
  check (checked_by is distinct from approved_by or checked_by is null)
);
create index settlement_payouts_participant on settlement_payouts (participant, id desc);
create index settlement_payouts_open on settlement_payouts (id) where state in ('requested', 'checked', 'approved');

create table settlement_refunds (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  statement text not null references statements,
  fen bigint not null check (fen > 0),
  split jsonb not null,
  reason text not null,
  state text not null check (state in ('proposed', 'approved', 'done', 'refused')),
  two_people boolean not null,
  proposed_by text not null,
  approved_by text,
  retention_class text not null default 'accounting',
  created_at timestamptz not null,
  finished_at timestamptz,
  check (proposed_by is distinct from approved_by or not two_people)
);
create index settlement_refunds_statement on settlement_refunds (statement);

create table reconciliations (
  day date primary key,
  id text not null unique,
  node text not null,
  market text not null,
  participant text not null,
  matched int not null,
  differences int not null,
  ours_fen bigint not null,
  theirs_fen bigint not null,
  runs int not null default 1,
  -- False while the bank's day is still open: the run after its end decides.
  closed boolean not null,
  retention_class text not null default 'accounting',
  created_at timestamptz not null,
  ran_at timestamptz not null
);

create table reconciliation_differences (
  id text primary key,
  node text not null,
  market text not null,
  participant text not null,
  day date not null references reconciliations (day),
  kind text not null check (kind in ('missingHere', 'missingThere', 'amountDiffers')),
  reference text not null,
  line_kind text not null,
  ours_fen bigint,
  theirs_fen bigint,
  parked_fen bigint not null,
  state text not null check (state in ('open', 'proposed', 'resolved')),
  resolution text check (resolution in ('toMember', 'offset', 'noMoney')),
  explanation text,
  proposed_by text,
  approved_by text,
  retention_class text not null default 'accounting',
  created_at timestamptz not null,
  resolved_at timestamptz,
  unique (day, participant, reference, line_kind, kind),
  check (proposed_by is distinct from approved_by or proposed_by is null)
);
create index reconciliation_differences_open on reconciliation_differences (id) where state <> 'resolved';
