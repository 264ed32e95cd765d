-- How a use with noise ended, until the step at which that is told: when it ended would tell of the data.

create table compute_waiting_answers (
  use text primary key references compute_uses (id),
  contract text not null references compute_contracts (id),
  node text not null,
  market text not null,
  -- The recipient that asked for it, and does not see it yet.
  participant text not null,
  outcome text not null,
  due_at timestamptz not null,
  created_at timestamptz not null,
  retention_class text not null default 'usage',
  stored_region text not null default storage_region()
);
create index compute_waiting_answers_due on compute_waiting_answers (due_at);
create index compute_waiting_answers_contract on compute_waiting_answers (contract);
