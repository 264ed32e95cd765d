-- Outputs that wait until a person of every owner has looked at them, and what those said.

alter table compute_uses
  drop constraint compute_uses_state_check,
  add constraint compute_uses_state_check check (state in ('reserved', 'running', 'held', 'released', 'failed', 'returned')),
  drop constraint compute_uses_check1,
  add constraint compute_uses_logged check (state in ('reserved', 'running', 'held') or log_entry is not null),
  drop constraint compute_uses_money,
  add constraint compute_uses_money check (
    (money_order is null) = (price_fen is null) and (money_order is null) = (money_state is null)
    and (statement is null) = (money_state is null or money_state not in ('owed', 'paid'))
    and (state in ('reserved', 'running', 'held') or money_state is null or money_state in ('owed', 'paid', 'released'))),
  drop constraint compute_uses_frozen,
  add constraint compute_uses_frozen check (state not in ('running', 'held') or money_state is null or money_state = 'frozen');

-- Gone with the answer: released it stands with the use, refused it stands nowhere.
create table compute_held_outputs (
  use text primary key references compute_uses (id),
  contract text not null references compute_contracts (id),
  node text not null,
  market text not null,
  -- The recipient that asked for it, and does not see it yet.
  participant text not null,
  output text not null,
  digest text not null,
  row_count int not null,
  until timestamptz not null,
  created_at timestamptz not null,
  retention_class text not null default 'usage',
  stored_region text not null default storage_region()
);
create index compute_held_outputs_due on compute_held_outputs (until);
create index compute_held_outputs_contract on compute_held_outputs (contract);

create table compute_output_answers (
  use text not null references compute_uses (id),
  -- The owner.
  participant text not null,
  node text not null,
  market text not null,
  person text not null,
  -- Of the output that was read.
  digest text not null,
  approved boolean not null,
  reason text not null default '',
  created_at timestamptz not null,
  retention_class text not null default 'usage',
  stored_region text not null default storage_region(),
  primary key (use, participant)
);
